"""What values of a card are typed with: each type of field shows what it is given and gives back what it shows."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QComboBox, QLineEdit, QPlainTextEdit
from pytestqt.qtbot import QtBot

from forge_desktop.cards import fields as known
from forge_desktop.cards.fields import BY_KEY, FIELDS, Field
from forge_desktop.cards.records import FieldState, Value
from forge_desktop.cards.told_beside import joined
from forge_desktop.cards.validating import problem_of
from forge_desktop.ui.panes.cards.field_row import FieldRow, input_for, lines_under
from forge_desktop.ui.panes.cards.inputs import FactsInput, Input, TextInput
from forge_desktop.ui.panes.cards.inputs_numbers import AmountInput, MoneyInput, SpreadInput
from forge_desktop.ui.panes.cards.picks import ChipsInput, LanguagesInput, LicenceInput
from forge_desktop.ui.panes.cards.row_sheet import RowSheet
from forge_desktop.ui.panes.cards.rows_table import RowsInput, cell_words
from tests.ui.cards import evaluation

SAMPLES: dict[str, object] = {
    "line": "A line, with “signs” & <marks>",
    "text": "Several\n\n- lines\n- of text",
    "list": ["one", "two words", "ثلاثة"],
    "licence": "Apache-2.0 OR MIT",
    "languages": ["en", "pt-BR", "zh-Hant", "mul"],
    "url": "https://example.org/a?b=c",
    "contact": "someone@example.org",
    "date": "2026-11-26T14:05:00Z",
    "hash": "0" * 64,
    "count": 134_515_008,
    "number": 0.123456789,
    "bytes": 98_112_513,
    "money": 1,
    "spread": {"p50": 40.123456, "p95": 44},
    "facts": {"k": 8, "alpha": 0.5, "on": True, "off": False, "name": "a: b", "version": "1.0"},
}


def sample(field: Field) -> object:
    if field.type == "choice":
        return field.choices[-1]
    if field.type == "rows":
        return evaluation(3) if field.key == "evaluation" else [{"name": "one"}, {"name": "two"}]
    return SAMPLES[field.type]


def made(qtbot: QtBot, key: str) -> Input:
    found = input_for(BY_KEY[key])
    found.name(BY_KEY[key].title)
    qtbot.addWidget(found)
    found.resize(400, 80)
    found.show()
    return found


@pytest.mark.parametrize("field", FIELDS, ids=[field.key for field in FIELDS])
def test_every_field_gives_back_what_it_was_given(qtbot: QtBot, field: Field) -> None:
    found = input_for(field)
    qtbot.addWidget(found)
    said: list[None] = []
    found.changed.connect(lambda: said.append(None))
    data, unit = sample(field), field.units[0] if field.units else ""
    for _ in range(2):
        found.shows(data, unit)
        assert found.value() == (data, unit)
    found.shows(None, "")
    assert found.value()[0] is None
    found.lock(locked=True)
    assert not said


def test_amounts_are_read_in_their_unit_and_typed_in_any(qtbot: QtBot) -> None:
    found = made(qtbot, "training_time")
    assert isinstance(found, AmountInput)
    assert found.units is not None
    qtbot.keyClicks(found.line, "1.5")
    found.units.setCurrentIndex(found.units.findData("h"))
    assert found.value() == (1.5, "h")
    found.line.setText("about two")
    assert found.value() == ("about two", "h")  # for the room to refuse
    size = made(qtbot, "file_bytes")
    size.shows(1_234_567_890, "B")
    assert isinstance(size, AmountInput)
    assert (size.line.text(), size.units and size.units.value()) == ("1.235", "GB")
    assert size.value() == (1_234_567_890, "B")


def test_a_size_that_is_typed_into_an_empty_field_is_one_of_many_bytes(qtbot: QtBot) -> None:
    size = made(qtbot, "memory_vram")
    assert isinstance(size, AmountInput)
    qtbot.keyClicks(size.line, "4")
    assert size.value() == (4, "GB")
    size.shows(None, "")
    assert size.value() == (None, "")
    qtbot.keyClicks(size.line, "4")
    assert size.value() == (4, "GB")


def test_a_unit_that_is_typed_goes_before_the_list(qtbot: QtBot) -> None:
    size = made(qtbot, "file_bytes")
    assert isinstance(size, AmountInput)
    assert size.units is not None
    size.shows(15_000_000, "B")
    size.line.clear()
    qtbot.keyClicks(size.line, "1.5 GB")
    assert size.value() == (1.5, "GB")
    assert size.units.value() == "GB"
    size.line.clear()
    qtbot.keyClicks(size.line, "3 parsecs")
    assert size.value() == ("3 parsecs", "GB")  # for the room to refuse


@pytest.mark.parametrize("key", ["bits_per_weight", "file_bytes", "training_time", "error_rate"])
def test_a_comma_before_three_digits_stands_between_groups(qtbot: QtBot, key: str) -> None:
    found = made(qtbot, key)
    assert isinstance(found, AmountInput)
    found.line.setText("1_000")
    assert found.value()[0] == "1_000"
    for text, number in (
        ("1,250", 1250),
        ("1,000,000", 1_000_000),
        ("1,250.5", 1250.5),
        ("1 250", 1250),
        ("4,5", 4.5),
        ("0,125", 0.125),
        ("1.250,5", 1250.5),
    ):
        found.line.setText(text)
        assert found.value()[0] == number


def test_money_and_spreads(qtbot: QtBot) -> None:
    money = made(qtbot, "price_input")
    assert isinstance(money, MoneyInput)
    qtbot.keyClicks(money.line, "0.15")
    assert money.value() == (150_000, "USD")
    qtbot.keyClicks(money.line, " or so")
    assert money.value()[0] == "0.15 or so"
    spread = made(qtbot, "latency")
    assert isinstance(spread, SpreadInput)
    qtbot.keyClicks(spread.low, "900")
    assert spread.value() == ({"p50": 900}, "ms")
    qtbot.keyClicks(spread.high, "1,250.5")
    assert spread.value() == ({"p50": 900, "p95": 1250.5}, "ms")


def test_chips_are_made_and_taken_away_by_keyboard(qtbot: QtBot) -> None:
    found = made(qtbot, "tags")
    assert isinstance(found, ChipsInput)
    qtbot.keyClicks(found.line, "policies,contracts,")
    qtbot.keyClicks(found.line, "law")
    assert found.value()[0] == ["policies", "contracts", "law"]  # what is being typed counts
    qtbot.keyClick(found.line, Qt.Key.Key_Return)
    assert [chip.text() for chip in found._chips] == ["policies", "contracts", "law"]
    qtbot.keyClick(found.line, Qt.Key.Key_Backspace)
    assert found.line.text() == "law"  # the last one comes back to be changed
    found.line.clear()
    qtbot.keyClick(found._chips[0], Qt.Key.Key_Space)
    assert found.value()[0] == ["contracts"]
    assert found._chips[0].accessibleName() == "Tags: contracts, take away"


def test_languages_go_by_their_names(qtbot: QtBot) -> None:
    found = made(qtbot, "languages")
    assert isinstance(found, LanguagesInput)
    found.activateWindow()
    found.line.setFocus()
    qtbot.waitUntil(found.line.hasFocus)
    qtbot.keyClicks(found.line, "ital")
    assert found.line.offering()
    qtbot.keyClick(found.line.completer().popup(), Qt.Key.Key_Down)
    qtbot.keyClick(found.line.completer().popup(), Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: len(found._chips) == 1)
    assert found.value()[0] == ["it"]
    assert found._chips[0].text() == "Italian"
    qtbot.keyClicks(found.line, "german,")
    assert found.value()[0] == ["it", "de"]
    found.shows(["de-AT", "xx-unknown"], "")
    assert [chip.text() for chip in found._chips] == ["German (Austria)", "xx-unknown"]


def test_a_licence_is_found_by_a_part_of_its_name(qtbot: QtBot) -> None:
    found = made(qtbot, "licence")
    assert isinstance(found, LicenceInput)
    found.activateWindow()
    found.line.setFocus()
    qtbot.waitUntil(found.line.hasFocus)
    qtbot.keyClicks(found.line, "mozilla public license 2.0")
    popup = found.line.completer().popup()
    assert popup.isVisible()
    qtbot.keyClick(popup, Qt.Key.Key_Down)
    qtbot.keyClick(popup, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: found.line.text() == "MPL-2.0")
    assert found.value()[0] == "MPL-2.0"


def test_facts_are_lines_of_names_and_values(qtbot: QtBot) -> None:
    found = made(qtbot, "hyperparameters")
    assert isinstance(found, FactsInput)
    found.text.insertPlainText("rank: 16\nrate: 0.0002\nseeded: yes\nversion: 1.0\nnote: a: b")
    assert found.value()[0] == {"rank": 16, "rate": 0.0002, "seeded": True, "version": "1.0", "note": "a: b"}
    found.shows({"left out: of library": 0, "rate": 0.123456789012, "on": "yes"}, "")
    found.text.appendPlainText("rank: 8")
    assert found.value()[0] == {"left out: of library": 0, "rate": 0.123456789012, "on": "yes", "rank": 8}
    found.text.appendPlainText("no value")
    assert isinstance(found.value()[0], str)


@pytest.mark.parametrize(
    ("typed", "sentence"), [("k: 8\nk: 9", "names 'k' twice"), ("k:", "'k' has no value"), ("k 8", "'k 8' is none")]
)
def test_facts_that_cannot_be_are_named(qtbot: QtBot, typed: str, sentence: str) -> None:
    found = made(qtbot, "retrieval")
    assert isinstance(found, FactsInput)
    found.text.setPlainText(typed)
    assert found.value()[0] == typed
    assert sentence in problem_of(BY_KEY["retrieval"], typed, "", "student")


@pytest.mark.parametrize("key", ["intended_use", "changes"])
def test_what_qt_shows_otherwise_stays_as_it_came(qtbot: QtBot, key: str) -> None:
    found = made(qtbot, key)
    assert isinstance(found, TextInput)
    said: list[None] = []
    found.changed.connect(lambda: said.append(None))
    text = "one\u00a0word and\u2028two" if key == "changes" else "one\u00a0word\r\nand\u2028two"
    data: object = [text] if key == "changes" else text
    found.shows(data, "")
    assert not said
    assert found.value()[0] == data
    found.text.appendPlainText("more")
    assert said
    assert found.value()[0] == ([text, "more"] if key == "changes" else f"{text}\r\nmore")


def test_rows_are_added_changed_and_taken_away(qtbot: QtBot) -> None:
    found = made(qtbot, "evaluation")
    assert isinstance(found, RowsInput)
    found.add.click()
    sheet = found.findChild(RowSheet)
    assert sheet is not None
    assert sheet.heading.whole_text() == "Evaluation results: a row"
    line = sheet.fields["value"]
    assert isinstance(line, QLineEdit)
    qtbot.keyClicks(line, "much")
    sheet._on_save()
    assert sheet.banner.isVisible()  # says what is no number, and stays
    line.setText("0.91")
    sheet.fields["metric"].setText("groundedness")  # type: ignore[union-attr]
    sheet._on_save()
    assert found.value()[0] == [{"metric": "groundedness", "value": 0.91, "source": "by hand"}]
    qtbot.keyClick(found.table, Qt.Key.Key_Return)
    again = next(one for one in found.findChildren(RowSheet) if one is not sheet and one.isVisible())
    again.fields["n"].setText("220")  # type: ignore[union-attr]
    verified = again.fields["verified"]
    assert isinstance(verified, QComboBox)
    assert [verified.itemText(n) for n in range(verified.count())] == ["Not said", "no"]
    again._on_save()
    assert found.value()[0] == [{"metric": "groundedness", "value": 0.91, "source": "by hand", "n": 220}]
    qtbot.keyClick(found.table, Qt.Key.Key_Delete)
    assert found.value()[0] is None
    assert QApplication.focusWidget() in (found.add, None)


def test_a_changed_result_no_longer_claims_the_gate(qtbot: QtBot) -> None:
    found = made(qtbot, "evaluation")
    assert isinstance(found, RowsInput)
    row = {"metric": "nll", "value": 2.123456789012345, "baseline": 2.5, "difference": -0.376543210987655, "low": -0.5,
           "high": -0.2, "source": "gate 3", "verified": True}  # fmt: skip
    found.shows([row], "")
    for typed, kept in (("2.123456789012345", row), ("1.5", {"metric": "nll", "value": 1.5, "baseline": 2.5,
                                                             "source": "by hand"})):  # fmt: skip
        found.table.select_id(0)
        found.edit.click()
        sheet = found.findChildren(RowSheet)[-1]
        sheet.fields["value"].setText(typed)  # type: ignore[union-attr]
        sheet._on_save()
        assert found.value()[0] == [kept]


def test_a_row_does_not_show_what_only_a_file_of_results_says(qtbot: QtBot) -> None:
    found = made(qtbot, "evaluation")
    assert isinstance(found, RowsInput)
    row = {"dataset": "a/b", "value": 1, "config": joined("few-shot", {"verifyToken": "tok", "unknown": 7})}
    found.shows([row], "")
    assert "tok" not in str(found.table.rows.columns[0].tip(row))  # type: ignore[misc]
    for typed, kept in (("few-shot", row["config"]), ("none", joined("none", {"unknown": 7}))):
        found.table.select_id(0)
        found.edit.click()
        sheet = found.findChildren(RowSheet)[-1]
        assert sheet.fields["config"].text() == "few-shot"  # type: ignore[union-attr]
        sheet.fields["config"].setText(typed)  # type: ignore[union-attr]
        sheet._on_save()
        assert found.value()[0][0]["config"] == kept  # type: ignore[index]


def test_many_rows_are_read_as_they_are_seen(qtbot: QtBot) -> None:
    found = made(qtbot, "evaluation")
    assert isinstance(found, RowsInput)
    found.shows(evaluation(5000), "")
    assert found.table.rows.rowCount() == 5000
    assert found.table.height() < 500
    assert found._count.text() == "5,000 rows"


def test_a_field_says_what_is_wrong_before_everything_else(qtbot: QtBot) -> None:
    line = FieldRow(BY_KEY["context"], "student")
    qtbot.addWidget(line)
    measured = Value(8192, "tokens", "measured", "file", {"date": "2026-11-12"}, at=1.79e9)
    hand = Value(4096, "tokens", at=1.79e9)
    line.show_state(FieldState("context", measured, hand), "Context length is a whole number.")
    assert line.said()[0] == "Context length is a whole number."
    assert line.said()[1] == "Filled in: 8,192 tokens · Read from the file · 12 Nov 2026"
    assert list(line.buttons()) == ["measured"]
    line.show_state(FieldState("context", measured, hand), locked=True)
    assert not line.buttons()
    line.show_state(None)
    assert list(line.buttons()) == ["not applicable"]


def test_texts_are_as_tall_as_they_are_long(qtbot: QtBot) -> None:
    found = made(qtbot, "intended_use")
    text = found.parts()[0]
    assert isinstance(text, QPlainTextEdit)
    low = text.height()
    found.shows("\n".join(str(n) for n in range(10)), "")
    qtbot.waitUntil(lambda: text.height() > low)
    assert not text.verticalScrollBar().maximum()


def test_all_types_of_fields_are_tried() -> None:
    tried = set(SAMPLES) | {"choice", "rows"}
    assert tried >= {field.type for field in known.FIELDS}


def test_what_was_measured_beside_a_word_by_hand_says_that_it_is_stale() -> None:
    measured = Value(9, "tokens", "measured", "ledger", stale="The price was another one.")
    state = FieldState("context", measured, Value(10, "tokens"))
    said = lines_under(BY_KEY["context"], "teacher", state, "", locked=False)
    assert [(one.text, one.act) for one in said[1:]] == [("Measured, and stale: The price was another one.", "fill")]
    unknown = FieldState("context", not_applicable="Not known: Nobody says.")
    assert lines_under(BY_KEY["context"], "teacher", unknown, "", locked=True)[0].text == "Not known: Nobody says."


@pytest.mark.parametrize(
    ("difference", "low", "high", "said"),
    [
        (0, -0.05, 0.2, "+0.00 (-0.05 to +0.20)"),
        (0.06, 0.01, 0.1, "+0.06 (+0.01 to +0.10)"),
        (0.004, None, None, "+0.004"),
        (0.00004, None, None, "+4e-05"),
        (-812.5, None, None, "-812.50"),
    ],
)
def test_differences_have_as_many_places_each(difference: float, low: float | None, high: float, said: str) -> None:
    assert cell_words("difference", {"difference": difference, "low": low, "high": high}) == said

"""The widgets that the Distill pane brought: charts, the view of changes, the table that is read elsewhere."""

from __future__ import annotations

import dataclasses
import datetime
from dataclasses import dataclass

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QToolTip, QWidget
from pytestqt.qtbot import QtBot

from forge_desktop.distill.records import Budget, Endpoint
from forge_desktop.distill.records_runs import Quote, RunSummary, RunWish, TeacherQuote
from forge_desktop.ui import theme
from forge_desktop.ui.panes.distill.figures import Figures
from forge_desktop.ui.panes.distill.meter import BudgetsCard, _axis
from forge_desktop.ui.panes.distill.outcomes import outcome_words, stop_action, unfinished_words
from forge_desktop.ui.panes.distill.overview import Overview, month_series
from forge_desktop.ui.panes.distill.quote_view import _teachers, evidence_words, verdict_words
from forge_desktop.ui.panes.distill.wish_form import WishForm
from forge_desktop.ui.widgets.basics import Notice, Toast
from forge_desktop.ui.widgets.charts import BarChart, LineChart, Series, label_places, nice_grid
from forge_desktop.ui.widgets.diff_view import DiffView, pieces
from forge_desktop.ui.widgets.paged_table import PagedTable
from forge_desktop.ui.widgets.windowed_model import PAGE
from forge_desktop.ui.widgets.windowed_table import Column


@pytest.mark.parametrize("value", [0.0, 0.0003, 1.0, 9.99, 10.0, 20.0, 437.0, 12_400_000.0])
def test_a_grid_reaches_beyond_the_value_in_few_round_steps(value: float) -> None:
    step, lines = nice_grid(value)
    assert step * lines >= value
    assert 1 <= lines <= 5


@pytest.mark.parametrize(
    ("count", "today", "room"), [(30, 25, 6.0), (30, 0, 3.0), (2, 0, 9.0), (31, 30, 4.0), (1, 0, 0.5)]
)
def test_labels_have_room_and_the_ends_are_named(count: int, today: int, room: float) -> None:
    places = label_places(count, today, room)
    assert places == sorted(set(places))
    assert {0, count - 1} <= set(places)
    assert len(places) <= room + 2


def test_the_axis_says_amounts_as_short_as_it_can() -> None:
    assert [_axis(value, 25_000) for value in (100_000, 75_000, 50_000, 0)] == ["$0.100", "$0.075", "$0.050", "$0.000"]
    lines = [(5_000_000, 5_000_000), (2_500_000, 500_000), (250, 50), (10_000, 10_000)]
    assert [_axis(value, step) for value, step in lines] == ["$5", "$2.50", "$0.00025", "$0.01"]


def test_the_month_is_added_up_and_goes_on_as_the_last_week_did() -> None:
    days = [("2026-11-20", 700_000, 0, 0), ("2026-11-24", 500_000, 100_000, 100_000), ("2026-10-31", 9_000_000, 0, 0)]
    series = month_series(days, 5_000_000, datetime.date(2026, 11, 26))
    assert len(series.points) == 26
    assert series.points[-1] == ("26 Nov", 1_400_000.0)
    assert [name for name, _ in series.forecast] == ["27 Nov", "28 Nov", "29 Nov", "30 Nov"]
    assert series.forecast[-1][1] == pytest.approx(1_400_000 + 4 * 1_400_000 / 7)
    assert series.limit_words == "Cap $5.00"
    assert not month_series([], None, datetime.date(2026, 11, 26)).forecast


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_charts_paint_in_both_themes_and_directions_and_say_what_they_show(
    qtbot: QtBot, qapp: QApplication, mode: str
) -> None:
    line, bars = LineChart("Spend", lambda value: f"${value / 1e6:g}", axis=_axis), BarChart("Lengths")
    for chart in (line, bars):
        qtbot.addWidget(chart)
        chart.resize(420, 150)
    line.show_series(Series([("1 Nov", 0), ("2 Nov", 2_000_000)], [("3 Nov", 3_000_000)], 5_000_000, "Cap $5.00"))
    bars.show_bars([("short", 3), ("long", 12)])
    assert line.accessibleDescription() == "$2 until 2 Nov, $3 foreseen until 3 Nov, Cap $5.00"
    assert bars.accessibleDescription() == "short: 3, long: 12"
    try:
        theme.apply(qapp, mode)
        for direction in (Qt.LayoutDirection.LeftToRight, Qt.LayoutDirection.RightToLeft):
            for chart in (line, bars):
                chart.setLayoutDirection(direction)
                picture = chart.grab().toImage()
                shades = {picture.pixelColor(x, y).name() for x in range(0, 420, 2) for y in range(0, 150, 2)}
                assert theme.current().chart1.lower() in shades
    finally:
        theme.apply(qapp, "light")


def test_changes_are_word_by_word_and_make_up_both_texts(qtbot: QtBot, qapp: QApplication) -> None:
    old, new = "A member can hold up to three tools.", "A member may hold at most five tools [1]."
    parts = pieces(old, new)
    assert "".join(text for what, text in parts if what != "in") == old
    assert "".join(text for what, text in parts if what != "out") == new
    view = DiffView("Changes")
    qtbot.addWidget(view)
    view.show_texts(old, new)
    assert "words taken out" in view.accessibleDescription()
    assert view.toPlainText() == "".join(text for _, text in parts)
    assert "<b>" not in view.toHtml()
    view.show_texts("", "<b>no markup</b>")
    assert view.toPlainText() == "<b>no markup</b>"


def test_long_texts_are_compared_line_by_line_without_delay() -> None:
    old = "\n".join(f"line {n} of the old text, which goes on for a while" for n in range(2_000))
    new = old.replace("line 1000 of", "line one thousand of")
    changed = [(what, text) for what, text in pieces(old, new) if what != "same"]
    assert [what for what, _ in changed] == ["out", "in"]


@dataclass(frozen=True)
class Row:
    id: int
    name: str


def rows(page: int, count: int) -> list[Row]:
    return [Row(n + 1, f"row {n}") for n in range(page * PAGE, min(count, (page + 1) * PAGE))]


@pytest.fixture
def table(qtbot: QtBot, qapp: QApplication) -> PagedTable:
    made = PagedTable((Column("Name", lambda row: row.name, "name", stretch=True),), lambda row: row.id, "Rows")
    qtbot.addWidget(made)
    made.resize(400, 300)
    made.show()
    qtbot.waitExposed(made)
    return made


def test_a_page_that_is_not_there_is_asked_for_once_it_is_in_sight(qtbot: QtBot, table: PagedTable) -> None:
    count = 100_000
    table.show_rows(count, {0: rows(0, count)})
    assert table.rows.index(0, 0).data() == "row 0"
    with qtbot.waitSignal(table.rows.missed):
        table.scrollToBottom()
        table.grab()
    assert table.pages_in_sight() == [(count - 1) // PAGE]
    assert table.rows.index(count - 1, 0).data() == ""
    table.rows.put((count - 1) // PAGE, rows((count - 1) // PAGE, count))
    assert table.rows.index(count - 1, 0).data() == f"row {count - 1}"


def test_the_selection_stays_with_its_rows(table: PagedTable) -> None:
    table.show_rows(5, {0: rows(0, 5)})
    table.select_id(3)
    table.show_rows(4, {0: rows(0, 5)[1:]})  # the first one went
    assert table.selected_ids() == [3]
    table.show_rows(2, {0: [Row(1, "row 0"), Row(2, "row 1")]})  # the selected one went
    assert table.selected_ids() == []


def test_very_many_rows_can_be_selected(table: PagedTable) -> None:
    table.show_rows(100_000, {0: rows(0, 100_000)})
    table.selectAll()
    assert table.selected_ranges() == [(0, 99_999)]
    assert table.selected_count() == 100_000
    assert len(table.selected_ids()) == PAGE  # those that are there


def test_a_third_click_takes_the_order_back(qtbot: QtBot, table: PagedTable) -> None:
    asked: list[tuple[str, bool]] = []
    table.sort_requested.connect(lambda key, descending: asked.append((key, descending)))
    header = table.horizontalHeader()
    for _ in range(3):
        QTest.mouseClick(header.viewport(), Qt.MouseButton.LeftButton, pos=header.viewport().rect().center())
    assert asked == [("name", False), ("name", True), ("", False)]


def _quote(low: int, likely: int, worst: int) -> Quote:
    return Quote(40, 5, 60, 0, 0, low, likely, worst, (), 1_000, 50_000, (), None, (), ())


def test_what_the_cap_means_for_a_quote_is_said() -> None:
    quote = _quote(1_000_000, 2_000_000, 6_000_000)
    assert verdict_words(quote, 0)[0].startswith("Type a cap")
    assert verdict_words(quote, 6_000_000) == ("Even the worst case stays under the cap of $6.00.", "ok")
    assert verdict_words(quote, 3_000_000)[1] == "warn"
    assert "about 20 of 40 tasks" in verdict_words(quote, 1_000_000)[0]
    assert verdict_words(quote, 10_000) == ("The cap of $0.01 is less than one task likely costs.", "warn")
    assert verdict_words(dataclasses.replace(quote, blocked="It is offline."), 6_000_000) == ("It is offline.", "bad")
    assert evidence_words(quote).endswith("98% less to pay for.")


def _run(stopped_by: str, **fields: object) -> RunSummary:
    counts = "tasks kept rejected failed review train_pairs repair_pairs settled reserved unknown billed_attempts"
    values: dict[str, object] = dict.fromkeys([*counts.split(), "reused_answers"], 0)
    values |= {"uid": "r", "wish": RunWish(cap=5_000_000), "started": 0.0, "ended": 1.0, "stopped_by": stopped_by}
    return RunSummary(**{**values, **fields})  # type: ignore[arg-type]


def test_the_end_of_a_run_says_why_what_it_cost_and_what_was_quoted() -> None:
    problem = "The headroom is $0.40, and the next call may cost up to $0.52."
    quoted = {"likely": 5_000_000, "worst": 9_000_000}
    words = outcome_words(_run("cap", kept=12, settled=4_600_000, problem=problem, quoted=quoted))
    assert words.title == "The run stopped at its cap"
    assert problem in words.text
    assert "12 kept" in words.text
    assert "$4.60 spent (quoted $5.00 likely, $9.00 at worst)" in words.text
    assert words.action == "Go on with a new cap…"
    assert outcome_words(_run("cap"), "day").action == "Raise the cap…"
    assert unfinished_words(_run("done"), 3) is None
    assert unfinished_words(_run("cancelled"), 0) is None
    assert outcome_words(_run("done", review=3)).action == "Review"
    assert stop_action("teachers", 0) == "teachers"
    assert outcome_words(_run("done", unknown=20_000)).text.count("unknown") == 1


def test_teachers_with_long_names_and_without_batches_leave_the_form_as_it_is(qtbot: QtBot) -> None:
    wide, narrow = (WishForm([Endpoint("1", name, "https://a", "m")], 3) for name in ("W" * 80, "Shed"))
    for form in (wide, narrow):
        qtbot.addWidget(form)
    assert wide.minimumSizeHint().width() <= max(narrow.minimumSizeHint().width(), theme.px(340))
    assert wide.boxes[0].accessibleName().startswith("W" * 80)
    narrow.batch.setChecked(True)
    narrow.show_batch(False)
    assert not narrow.wish().batch
    assert not narrow.batch.isEnabled()
    narrow.show_batch(True)
    assert narrow.batch.isEnabled()


def test_a_teacher_that_cannot_be_asked_has_no_amounts(qtbot: QtBot) -> None:
    teachers = [
        TeacherQuote("1", "Shed", "m", 0, 0, 0, None, None, problem="The price of Shed (m) is not known."),
        TeacherQuote("2", "Barn", "m", 0, 0, 0, 3.0, None),
    ]
    made = _teachers(teachers)
    qtbot.addWidget(made)
    words = [found.text() for found in made.findChildren(QLabel)]
    assert words.count("$0.00") == 3
    assert words.count("—") == 6


def test_a_budget_without_a_cap_says_its_parts_to_the_keyboard_too(qtbot: QtBot, qapp: QApplication) -> None:
    theme.apply(qapp, "light")
    card = BudgetsCard()
    qtbot.addWidget(card)
    day = Budget("day", "2026-11-26", None, 60_000, 9_700, 2_800)
    card.show_overview(Overview(budgets=(day, Budget("month", "2026-11", 2_000_000, 60_000, 0, 0))))
    card.resize(540, 170)
    card.show()
    card.activateWindow()
    qtbot.waitUntil(card.isActiveWindow)
    today = card.words["day"]
    assert today.whole_text() == today.text() == "$0.0725 · $0.0097 reserved · $0.0028 unknown · no cap"
    assert today.accessibleDescription() == "$0.06 settled, $0.0097 reserved, $0.0028 unknown, no cap"
    assert card.words["month"].whole_text() == "$0.06 of $2.00"
    today.setFocus(Qt.FocusReason.TabFocusReason)
    assert today.hasFocus()
    qtbot.waitUntil(lambda: QToolTip.text() == today.accessibleDescription())
    QToolTip.hideText()


def test_the_words_under_a_figure_are_short_where_there_is_no_room(qtbot: QtBot, qapp: QApplication) -> None:
    theme.apply(qapp, "light")
    figures = Figures()
    qtbot.addWidget(figures)
    figures.show_overview(Overview(thresholds=(0.65, 0.93)))
    for width, words in ((748, "65% / 93% alike"), (1228, "65% words, 93% meaning")):
        figures.resize(width, 110)
        figures.show()
        shown = figures.dropped.words
        qtbot.waitUntil(lambda shown=shown, words=words: shown.text() == words)  # type: ignore[misc]
    assert figures.dropped.accessibleName() == "Duplicates dropped: 0 65% words, 93% meaning"


def test_a_long_message_is_wrapped_and_not_cut(qtbot: QtBot, qapp: QApplication) -> None:
    theme.apply(qapp, "light")
    window = QWidget()
    qtbot.addWidget(window)
    window.resize(500, 300)
    window.show()
    toast = Toast(window)
    toast.show_notice(Notice("Kept as a pair."))
    low = toast.height()
    toast.show_notice(Notice("Kept as a pair. The rules remark: " + "No passage has the number [9]. " * 4))
    assert toast.height() > low
    assert toast.width() <= 500
    toast.hide()

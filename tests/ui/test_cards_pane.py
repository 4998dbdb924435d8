"""The Cards pane as a person uses it: the list, typing into form and source, undo, publishing, the keyboard alone."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication, QTextCursor
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from forge_desktop.cards.fields import BY_KEY
from forge_desktop.cards.records import FieldState, Value
from forge_desktop.forge import Forge
from forge_desktop.ui.panes.cards.field_row import lines_under
from forge_desktop.ui.panes.cards.pane import CardsPane
from forge_desktop.ui.shell import Shell
from tests.ui.cards import fill_in, measure, open_card, row, settle, type_into
from tests.ui.test_students_sections import cut, nameless


@pytest.fixture
def uid(forge: Forge) -> str:
    """The starter's card, filled in."""
    return fill_in(forge, rows=12)


@pytest.fixture
def pane(uid: str, window: Shell, qtbot: QtBot) -> CardsPane:
    """The pane in the window, its list read."""
    made = window.visit("cards")
    assert isinstance(made, CardsPane)
    qtbot.waitUntil(lambda: bool(made.listed.entries()))
    return made


@pytest.fixture
def opened(pane: CardsPane, uid: str, qtbot: QtBot) -> CardsPane:
    """The pane with the card open."""
    open_card(qtbot, pane, uid)
    return pane


def source(pane: CardsPane) -> str:
    return pane.editor.source.text.toPlainText()


def preview(pane: CardsPane) -> str:
    """All of it, as it stands there without being scrolled."""
    return pane.editor.preview.view.toPlainText()


def test_the_list_groups_filters_and_opens_by_keyboard(qtbot: QtBot, forge: Forge, pane: CardsPane, uid: str) -> None:
    forge.cards.new("teacher", "A teacher from elsewhere")
    qtbot.waitUntil(lambda: len(pane.listed.entries()) == 2)
    titles = [pane.listed.list.rows.index(n).data() for n in range(pane.listed.list.rows.rowCount())]
    assert titles[0] == "Bases"
    assert titles[2:] == ["About nothing that is here", "A teacher from elsewhere"]
    pane.listed.filter.setText("elsewhere draft")
    assert pane.listed.count.text() == "1 of 2 cards"
    pane.listed.filter.setText("no such card")
    assert pane.listed.nothing.isVisible()
    pane.listed.filter.clear()
    pane.listed.list.choose(uid)
    qtbot.keyClick(pane.listed.list, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: pane.card_uid() == uid)
    pane.editor.back.click()
    assert pane.listed.isVisible()
    assert pane.listed.list.chosen() == [uid]


def test_what_is_typed_is_kept_and_shown_everywhere(qtbot: QtBot, forge: Forge, opened: CardsPane, uid: str) -> None:
    opened.editor.show_mode("both")
    type_into(qtbot, opened, "contact", "someone@example.org")
    assert forge.cards.get(uid).fields["contact"].shown.data == "someone@example.org"
    assert "draft saved" in opened.heads.about.whole_text()
    type_into(qtbot, opened, "intended_use", "Only for trying things out.")
    assert "Only for trying things out." in source(opened)
    assert "Only for trying things out." in preview(opened)
    assert "---" not in preview(opened)


def test_what_cannot_stand_there_is_named_under_the_field(
    qtbot: QtBot, forge: Forge, opened: CardsPane, uid: str
) -> None:
    type_into(qtbot, opened, "contact", "not-an-address")
    contact = row(opened, "contact")
    assert contact.said()[0].startswith("Contact is neither")
    assert contact.input.parts()[0].property("cls") == "bad"
    assert forge.cards.get(uid).fields["contact"].shown.data == "owner@example.org"
    assert "Contact is not kept yet" in opened.heads.about.whole_text()
    assert "Contact" in opened.unfinished()
    item = next(item for item in opened.editor.sections._items if item.key == "licence")
    assert item.state == "ok"
    opened.show_list()
    open_card(qtbot, opened, uid)
    assert row(opened, "contact").input.value()[0] == "not-an-address"  # nothing typed is lost
    type_into(qtbot, opened, "contact", "a@example.org")
    assert not opened.unfinished()
    assert not row(opened, "contact").said()


def test_the_source_leads_form_and_preview(qtbot: QtBot, forge: Forge, opened: CardsPane, uid: str) -> None:
    opened.editor.show_mode("both")
    text = opened.editor.source.text
    text.setPlainText(source(opened).replace("Weak on tables", "Strong on tables"))
    settle(qtbot, opened)
    assert str(forge.cards.get(uid).fields["limitations"].shown.data).startswith("Strong on tables")
    assert str(row(opened, "limitations").input.value()[0]).startswith("Strong on tables")
    assert "Strong on tables" in preview(opened)
    assert not opened.editor.source._foot.isVisible()


def test_a_broken_text_stays_and_says_where(qtbot: QtBot, forge: Forge, opened: CardsPane, uid: str) -> None:
    opened.editor.show_mode("both")
    before = source(opened)
    broken = before.replace("---\n", "---\nlicense: [apache-2.0\n", 1)
    opened.editor.source.text.setPlainText(broken)
    settle(qtbot, opened)
    assert source(opened) == broken
    assert opened.editor.source._foot.isVisible()
    said = opened.editor.source.words.text()
    assert "ine " in said
    assert opened.editor.source._problem is not None
    assert opened.editor.source._problem.line >= 2
    assert row(opened, "name").input.value()[0] == "forge-v12"  # the form goes on with the last good state
    opened.editor.source._go.click()
    assert opened.editor.source.text.textCursor().blockNumber() == opened.editor.source._problem.line - 1
    opened.show_list()
    open_card(qtbot, opened, uid)
    assert source(opened) == broken
    assert opened.editor.source._problem is not None
    opened.editor.source.text.setPlainText(before)
    settle(qtbot, opened)
    assert not opened.editor.source._foot.isVisible()
    assert forge.cards.get(uid).broken is None


def test_undo_goes_over_the_card_and_a_restart(
    qtbot: QtBot, forge: Forge, opened: CardsPane, uid: str, open_window: Callable[[], Shell]
) -> None:
    type_into(qtbot, opened, "summary", "First.")
    before = row(opened, "fairness").input.value()[0]
    type_into(qtbot, opened, "fairness", "Second.")
    users = row(opened, "fairness").input.parts()[0]
    qtbot.keyClick(users, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    settle(qtbot, opened)
    assert row(opened, "fairness").input.value()[0] == before
    qtbot.keyClick(users, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    settle(qtbot, opened)
    assert row(opened, "summary").input.value()[0] == "A small student tuned on the owner's documents."
    shift = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
    qtbot.keyClick(row(opened, "summary").input.parts()[0], Qt.Key.Key_Z, shift)
    settle(qtbot, opened)
    assert row(opened, "summary").input.value()[0] == "First."
    opened.window().close()
    again = open_window().visit("cards")
    assert isinstance(again, CardsPane)
    open_card(qtbot, again, uid)
    assert again.editor.undo.isEnabled()
    shell = again.window()
    assert isinstance(shell, Shell)
    shell.undo_last()  # as the menu bar does
    settle(qtbot, again)
    assert row(again, "summary").input.value()[0] == "A small student tuned on the owner's documents."
    assert again.editor.redo.isEnabled()


def test_measured_values_say_where_they_are_from(qtbot: QtBot, opened: CardsPane) -> None:
    said = " ".join(row(opened, "generation_speed").said())
    for part in ("Measured", "n 20", "8 cores, 16 GB"):
        assert part in said
    assert "engine b4242-cpu" not in said
    assert row(opened, "generation_speed").input.value() == ({"p50": 40.2, "p95": 44.1}, "tokens/s")


def test_a_hand_edit_stands_beside_the_measured_value(qtbot: QtBot, forge: Forge, opened: CardsPane, uid: str) -> None:
    type_into(qtbot, opened, "context", "4096")
    said = row(opened, "context").said()
    assert said[0].startswith("Measured: 8,192 tokens")
    state = forge.cards.get(uid).fields["context"]
    assert state.hand.data == 4096
    assert state.measured.data == 8192
    row(opened, "context").buttons()["measured"].click()
    settle(qtbot, opened)
    assert row(opened, "context").input.value() == (8192, "tokens")
    assert forge.cards.get(uid).fields["context"].hand is None


def test_units_are_turned_and_contradictions_refused(qtbot: QtBot, forge: Forge, opened: CardsPane, uid: str) -> None:
    size = row(opened, "file_bytes").input
    assert size.parts()[0].text() == "98.11"
    assert size.value() == (98_112_512, "B")  # showing it rounds nothing
    type_into(qtbot, opened, "file_bytes", "12 kg")
    assert "says kg in its text" in row(opened, "file_bytes").said()[0]
    type_into(qtbot, opened, "file_bytes", "12")
    assert forge.cards.get(uid).fields["file_bytes"].shown.data == 12_000_000
    assert size.parts()[0].text() == "12"
    type_into(qtbot, opened, "file_bytes", "1.5 GB")
    assert forge.cards.get(uid).fields["file_bytes"].shown.data == 1_500_000_000
    type_into(qtbot, opened, "first_token", "900")
    assert "p95" in row(opened, "first_token").said()[0]


def test_what_is_stale_says_so(qtbot: QtBot, forge: Forge, pane: CardsPane, uid: str) -> None:
    measure(forge, uid, {"memory_ram": (1, "B")}, rests_on={"machine": "a computer that is gone"})
    open_card(qtbot, pane, uid)
    assert row(pane, "memory_ram").said()[0].startswith("Stale: ")
    item = next(item for item in pane.editor.sections._items if item.key == "memory_ram")
    assert item.state == "stale"
    pane.show_list()
    qtbot.waitUntil(lambda: pane.listed.entries()[0].stale == 1)
    assert "1 stale" in pane.heads.subtitle.whole_text()


def test_what_was_taken_over_waits_to_be_checked(qtbot: QtBot, forge: Forge, pane: CardsPane, uid: str) -> None:
    store = forge.cards._store
    with store.db.write() as connection:
        store.mark(connection, uid, "summary", why="", taken_over=True)
    open_card(qtbot, pane, uid)
    summary = row(pane, "summary")
    assert summary.said()[0] == "Taken over, please check"
    button = summary.buttons()["reviewed"]
    button.setFocus()
    qtbot.keyClick(button, Qt.Key.Key_Space)
    settle(qtbot, pane)
    assert "reviewed" not in summary.buttons()
    assert not forge.cards.get(uid).fields["summary"].taken_over
    assert summary.input.parts()[0].hasFocus()  # the keyboard does not fall out of the form


def test_not_applicable_needs_a_reason_and_can_be_taken_back(
    qtbot: QtBot, forge: Forge, opened: CardsPane, uid: str
) -> None:
    provider = row(opened, "provider")
    provider.buttons()["not applicable"].click()
    sheet = opened.window().findChild(QWidget, "why")
    assert sheet is not None
    qtbot.keyClicks(sheet.why, "Nobody distributes it")
    sheet.keep.click()
    settle(qtbot, opened)
    assert forge.cards.get(uid).fields["provider"].not_applicable == "Nobody distributes it"
    assert provider.said()[0] == "Not applicable: Nobody distributes it"
    assert not provider.input.isVisible()
    opened.editor.go_to("provider")
    assert opened.window().focusWidget() is provider.buttons()["applies"]
    provider.buttons()["applies"].click()
    settle(qtbot, opened)
    assert "not applicable" in provider.buttons()


def test_publishing_locks_and_reopening_unlocks(qtbot: QtBot, forge: Forge, pane: CardsPane, uid: str) -> None:
    from tests.cards.completing import complete

    complete(forge, uid)
    measure(forge, uid, {})
    forge.cards.history.publish(uid)
    open_card(qtbot, pane, uid)
    assert pane.editor.reopen.isVisible()
    assert not pane.editor.publish.isVisible()
    assert row(pane, "summary").input.parts()[0].isReadOnly()
    assert pane.editor.source.text.isReadOnly()
    assert not pane.heads.fill.isEnabled()
    chips = row(pane, "tags").input
    qtbot.waitUntil(lambda: chips.chain()[0].width() < chips.width() // 2)  # none is stretched for the hidden line
    assert "published, locked" in pane.heads.about.whole_text()
    pane.editor.reopen.click()
    settle(qtbot, pane)
    assert pane.editor.publish.isVisible()
    assert not row(pane, "summary").input.parts()[0].isReadOnly()


def test_the_checklist_leads_to_a_field(qtbot: QtBot, opened: CardsPane) -> None:
    sections = opened.editor.sections
    assert sections.percent.text().endswith("% complete")
    sections.buttons["use"].click()
    assert [item.key for item in sections._items if item.key == "safety"]
    place = sections.checklist.rows.row_of("safety")
    sections.checklist.setCurrentIndex(sections.checklist.rows.index(place))
    qtbot.keyClick(sections.checklist, Qt.Key.Key_Return)
    assert row(opened, "safety").input.isAncestorOf(QApplication.focusWidget())
    sections.finder.setFocus()
    qtbot.keyClicks(sections.finder, "cont")
    assert sections.finder.offering()
    sections.finder.completer().popup().hide()
    sections.take("Contact")
    assert row(opened, "contact").input.isAncestorOf(QApplication.focusWidget())


def test_a_section_in_which_nothing_is_required_and_nothing_stands_is_not_done(
    qtbot: QtBot, forge: Forge, opened: CardsPane
) -> None:
    open_card(qtbot, opened, forge.cards.new("student", "Bare").uid)
    states = opened.editor.sections.states
    assert (states["training"], states["use"]) == ("nothing", "missing")
    type_into(qtbot, opened, "learning", "Fine-tuned")
    assert states["training"] == "ok"


def test_the_form_builds_its_sections_as_the_keyboard_comes_to_them(
    qtbot: QtBot, window: Shell, opened: CardsPane
) -> None:
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    form = opened.editor.form
    assert not form.sections["provenance"].built
    opened.editor.go_to("name")
    seen = set()
    for _ in range(220):
        focus = QApplication.focusWidget()
        found = next((made.field.key for made in form.rows() if made.isAncestorOf(focus)), "")
        seen.add(found)
        if found == "standards":
            break
        qtbot.keyClick(focus, Qt.Key.Key_Tab)
        QApplication.processEvents()
    assert {"name", "intended_use", "evaluation", "memory_ram", "file_sha256", "standards"} <= seen
    assert all(section.built for section in form.sections.values())


def test_tab_leaves_the_form_and_brings_what_it_comes_to_into_sight(
    qtbot: QtBot, window: Shell, opened: CardsPane
) -> None:
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    form = opened.editor.form
    opened.editor.go_to("standards")
    settle(qtbot, opened)
    seen = []
    for _ in range(40):
        focus = QApplication.focusWidget()
        seen.append(focus)
        qtbot.keyClick(focus, Qt.Key.Key_Tab)
        if not opened.editor.isAncestorOf(QApplication.focusWidget()):
            break
    assert not form.isAncestorOf(seen[-1])
    assert not opened.editor.isAncestorOf(QApplication.focusWidget())
    settle(qtbot, opened)  # what is above a field has its height by now, so that it stays where it is
    form._miss()
    lead = row(opened, "contact").input.lead()
    lead.setFocus(Qt.FocusReason.TabFocusReason)
    qtbot.waitUntil(lambda: not lead.visibleRegion().isEmpty())


def test_check_and_copy(qtbot: QtBot, opened: CardsPane) -> None:
    opened.heads.check.click()
    qtbot.waitUntil(opened.banner.isVisible)
    assert "missing" in opened.banner.accessibleName()
    assert opened.banner.action() == "Go to it"
    opened.banner.acted.emit()
    assert not opened.banner.isVisible()
    opened.heads.copy.click()
    qtbot.waitUntil(lambda: "# " in QGuiApplication.clipboard().text())


@pytest.mark.parametrize("size", [(1360, 860), (900, 640)])
def test_the_editor_can_be_used_and_read(qtbot: QtBot, window: Shell, opened: CardsPane, size: tuple[int, int]) -> None:
    window.resize(*size)
    QApplication.processEvents()
    opened.editor.form._build_down_to(opened.editor.form.sections["provenance"])
    for mode in ("form", "source", "both"):
        opened.editor.show_mode(mode)
        qtbot.waitUntil(lambda: not cut(window))  # heights for widths come in turns
        assert not nameless(window)


def test_what_is_typed_last_is_kept_when_the_window_closes(
    qtbot: QtBot, forge: Forge, window: Shell, opened: CardsPane, uid: str
) -> None:
    opened.editor.show_mode("both")
    line = row(opened, "summary").input.parts()[0]
    line.selectAll()  # type: ignore[attr-defined]
    qtbot.keyClicks(line, "Typed last.")
    window.close()
    assert forge.cards.get(uid).fields["summary"].shown.data == "Typed last."


def test_what_is_typed_last_is_kept_when_the_card_is_left(
    qtbot: QtBot, forge: Forge, opened: CardsPane, uid: str
) -> None:
    opened.editor.show_mode("both")
    text = opened.editor.source.text
    text.setPlainText(source(opened).replace("Weak on tables", "Good at tables"))
    line = row(opened, "summary").input.parts()[0]
    line.selectAll()  # type: ignore[attr-defined]
    qtbot.keyClicks(line, "Typed last.")
    opened.editor.back.click()
    assert opened.card() is None
    qtbot.waitUntil(lambda: not opened.errands._running)
    fields = forge.cards.get(uid).fields
    assert fields["summary"].shown.data == "Typed last."
    assert str(fields["limitations"].shown.data).startswith("Good at tables")
    assert opened.card() is None  # nothing of it comes back by itself


def test_the_arrow_keys_go_past_the_headings(qtbot: QtBot, forge: Forge, pane: CardsPane, uid: str) -> None:
    other = forge.cards.new("teacher", "Another one").uid
    qtbot.waitUntil(lambda: len(pane.listed.entries()) == 2)
    pane.listed.list.choose(uid)
    qtbot.keyClick(pane.listed.list, Qt.Key.Key_Down)
    assert pane.listed.list.chosen() == [other]
    qtbot.keyClick(pane.listed.list, Qt.Key.Key_Up)
    qtbot.keyClick(pane.listed.list, Qt.Key.Key_Up)
    assert pane.listed.list.chosen() == [uid]


def test_the_cursor_of_the_source_stays_while_the_form_is_typed_in(qtbot: QtBot, opened: CardsPane) -> None:
    opened.editor.show_mode("both")
    text = opened.editor.source.text
    cursor = QTextCursor(text.document().findBlockByNumber(3))
    text.setTextCursor(cursor)
    line = cursor.block().text()
    type_into(qtbot, opened, "safety", "Something of another length than before.")
    assert text.textCursor().block().text() == line


def test_how_a_benchmark_was_run_is_told_in_full_once_and_in_tips() -> None:
    command = "forge-desktop measure v3 --prompts 20 --prompt-tokens 64 --answer-tokens 64 --context 2048 --seed 7"
    detail = {"n": 20, "machine": "8 cores, 16 GB", "device": "CPU", "build": "b4242-cpu", "command": command}
    value = Value({"p50": 40.2}, "tokens/s", "measured", "measurement", detail, {}, 1.8e9)
    (speed,) = lines_under(
        BY_KEY["generation_speed"], "student", FieldState("generation_speed", value), "", locked=False
    )
    assert "forge-desktop" not in speed.text
    assert command in speed.tip
    needs = FieldState("hardware", dataclasses.replace(value, data="Needs 1 GB."))
    (hardware,) = lines_under(BY_KEY["hardware"], "student", needs, "", locked=False)
    assert command in hardware.text
    assert not hardware.tip

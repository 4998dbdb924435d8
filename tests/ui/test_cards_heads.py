"""What is said above an open card, whatever is shown below: broken, gone, locked, stale; and Ctrl+F in every view."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QLabel, QPlainTextEdit
from pytestqt.qtbot import QtBot

from forge_desktop.forge import Forge
from forge_desktop.ui.panes.cards.field_finder import FieldLine
from forge_desktop.ui.panes.cards.pane import CardsPane
from forge_desktop.ui.shell import Shell
from tests.cards.completing import complete
from tests.ui.cards import fill_in, open_card, open_in, row, settle, type_into
from tests.ui.test_students_sections import cut, nameless

BROKEN = "---\nlicense: [apache-2.0\n---\n# A card\n"


@pytest.fixture
def uid(forge: Forge) -> str:
    return fill_in(forge)


@pytest.fixture
def opened(uid: str, window: Shell, qtbot: QtBot) -> CardsPane:
    return open_in(qtbot, window, uid, active=True)


def seen(pane: CardsPane) -> str:
    return "\n".join(line.text() for line in pane.editor.notes.findChildren(QLabel) if line.isVisible())


@pytest.mark.parametrize(("mode", "width"), [("form", 1360), ("source", 1360), ("both", 880), ("form", 880)])
def test_the_key_that_finds_a_field_leads_to_it_in_every_view(
    qtbot: QtBot, window: Shell, opened: CardsPane, mode: str, width: int
) -> None:
    window.resize(width, 560)
    opened.editor.show_mode(mode)
    opened.editor.previewing.setChecked(True)
    opened.editor._on_previewing(width == 880)
    settle(qtbot, opened)
    window.focus_search(everywhere=False)
    line = QApplication.focusWidget()
    assert line is opened.search()
    assert line.isVisible()
    assert not line.visibleRegion().isEmpty()
    assert (mode == "form" and width == 1360) or line.width() > 250
    assert not cut(window)
    assert not nameless(window)
    qtbot.keyClicks(line, "contac")
    offers = line.completer().popup()  # type: ignore[union-attr]
    qtbot.waitUntil(offers.isVisible)
    qtbot.keyClick(offers, Qt.Key.Key_Down)
    qtbot.keyClick(offers, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: row(opened, "contact").input.isAncestorOf(QApplication.focusWidget()))
    assert row(opened, "contact").isVisible()
    assert not opened.editor.finder.isVisible()


@pytest.mark.parametrize("mode", ["form", "source"])
def test_return_takes_the_field_that_fits_best(qtbot: QtBot, window: Shell, opened: CardsPane, mode: str) -> None:
    opened.editor.show_mode(mode)
    window.focus_search(everywhere=False)
    line = opened.search()
    assert line is not None
    qtbot.keyClicks(line, "conta")
    popup = line.completer().popup()
    qtbot.waitUntil(popup.isVisible)
    qtbot.keyClick(popup, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: row(opened, "contact").input.isAncestorOf(QApplication.focusWidget()))
    assert not popup.isVisible()


def test_escape_leaves_the_field_finder(qtbot: QtBot, window: Shell, opened: CardsPane) -> None:
    opened.editor.show_mode("source")
    window.focus_search(everywhere=False)
    assert opened.editor.finder.isVisible()
    qtbot.keyClick(opened.editor.finder.line, Qt.Key.Key_Escape)
    assert not opened.editor.finder.isVisible()
    assert QApplication.focusWidget() is opened.editor.source.text


@pytest.mark.parametrize("mode", ["form", "both"])
def test_another_view_takes_the_field_finder_away(qtbot: QtBot, window: Shell, opened: CardsPane, mode: str) -> None:
    editor = opened.editor
    editor.show_mode("source")
    window.focus_search(everywhere=False)
    qtbot.keyClick(
        editor.finder.line, Qt.Key.Key_1 if mode == "form" else Qt.Key.Key_3, Qt.KeyboardModifier.AltModifier
    )
    assert editor.modes.key() == mode
    assert not editor.finder.isVisible()


def test_the_field_finder_moves_with_what_it_stands_on(qtbot: QtBot, window: Shell, opened: CardsPane) -> None:
    editor = opened.editor
    window.resize(900, 600)
    editor.show_mode("source")
    window.focus_search(everywhere=False)

    def in_place() -> bool:
        finder, split = editor.finder.geometry(), editor.split.geometry()
        return abs(finder.center().x() - split.center().x()) <= 1 and finder.top() == split.top() + 8

    assert in_place()
    window.resize(1300, 800)
    qtbot.waitUntil(in_place)
    assert editor.finder.isVisible()
    before = editor.finder.y()
    editor.notes.setMinimumHeight(80)
    editor.notes.show()
    qtbot.waitUntil(lambda: editor.finder.y() > before and in_place())


@pytest.mark.parametrize("mode", ["form", "source"])
def test_a_word_that_fits_no_field_is_answered(qtbot: QtBot, window: Shell, opened: CardsPane, mode: str) -> None:
    opened.editor.show_mode(mode)
    window.focus_search(everywhere=False)
    line = opened.search()
    assert isinstance(line, FieldLine)
    qtbot.keyClicks(line, "zebra")
    assert not line.said.isVisible()
    qtbot.keyClick(line, Qt.Key.Key_Return)
    assert line.said.isVisible()
    assert line.said.text() == "No field has a name with that."
    qtbot.waitUntil(lambda: not line.said.visibleRegion().isEmpty())
    assert not cut(window)
    qtbot.keyClick(line, Qt.Key.Key_Backspace)
    assert not line.said.isVisible()


def test_a_source_that_cannot_be_read_is_named_in_the_form(
    qtbot: QtBot, opened: CardsPane, uid: str, tmp_path: Path
) -> None:
    path = tmp_path / "README.md"
    path.write_text(BROKEN)
    opened.show_list()
    opened.actions_of.bring_in_paths([path])
    qtbot.waitUntil(lambda: opened.card() is not None and opened.card().broken is not None, timeout=20_000)  # type: ignore[union-attr]
    settle(qtbot, opened)
    assert opened.editor.modes.key() == "form"
    qtbot.waitUntil(opened.banner.isVisible)
    assert opened.banner.action() == "Mend it"
    opened.banner.acted.emit()
    assert opened.editor.source.text.hasFocus()
    opened.show_list()
    opened.actions_of.bring_in_paths([path])
    qtbot.waitUntil(opened.banner.isVisible, timeout=20_000)
    open_card(qtbot, opened, uid)
    opened.editor.show_mode("form")
    opened.actions_of.bring_in_paths([path])  # and over a card that somebody has open
    qtbot.waitUntil(opened.banner.isVisible, timeout=20_000)
    opened.banner.acted.emit()
    qtbot.waitUntil(lambda: opened.card() is not None and opened.card().broken is not None)  # type: ignore[union-attr]
    settle(qtbot, opened)
    assert opened.editor.source.text.hasFocus()
    opened.editor.show_mode("form")
    assert opened.editor.state.text() == "Source broken"
    assert "ine 2" in seen(opened) or "ine 3" in seen(opened)
    button = next(b for b in opened.editor.notes.buttons() if b.isVisible())
    button.click()
    text = opened.editor.source.text
    assert text.isVisible()
    assert text.hasFocus()
    assert text.textCursor().blockNumber() == opened.editor.source._problem.line - 1  # type: ignore[union-attr]
    assert "cannot be taken in" not in seen(opened)  # it stands under the source
    opened.editor.show_mode("form")
    opened.heads.check.click()
    qtbot.waitUntil(lambda: "required fields are missing" in opened.banner.accessibleName())
    said = opened.banner.accessibleName()
    assert said.startswith("The source cannot be taken in")
    assert said.index("ine ") < said.index("Missing:")
    opened.banner.acted.emit()
    assert text.hasFocus()
    text.setPlainText(BROKEN.replace("[", ""))
    settle(qtbot, opened)
    opened.editor.show_mode("form")
    assert opened.editor.state.text() == "Draft"
    assert "cannot be taken in" not in seen(opened)


@pytest.mark.parametrize("width", [1360, 880])
def test_a_long_name_leaves_room_for_how_the_card_stands(
    qtbot: QtBot, forge: Forge, window: Shell, opened: CardsPane, width: int
) -> None:
    made = forge.cards.new("student", "A very long name of a student that nobody will ever read to its end, " * 2)
    window.resize(width, 560)
    open_card(qtbot, opened, made.uid)
    assert "about no version" in seen(opened)
    type_into(qtbot, opened, "contact", "bad")
    about = opened.heads.about
    assert about.text().endswith("Contact is not kept yet")
    assert about.text().startswith("A very")
    assert "about no version" not in about.whole_text()
    assert not cut(window)


def test_a_published_card_looks_locked_and_says_so_to_who_types(
    qtbot: QtBot, forge: Forge, opened: CardsPane, uid: str
) -> None:
    complete(forge, uid)
    forge.cards.history.publish(uid, who="somebody", note="")
    settle(qtbot, opened)
    open_card(qtbot, opened, uid)
    said: list[str] = []
    opened.notice.connect(lambda notice: said.append(notice.text))
    for part in (row(opened, "summary").input.parts()[0], row(opened, "limitations").input.parts()[0]):
        assert part.property("locked") == "1"
        part.setFocus()
        qtbot.keyClicks(part, "words")
    opened.editor.show_mode("source")
    qtbot.keyClick(opened.editor.source.text, Qt.Key.Key_A)
    assert len(said) == 1  # once, until something else is done
    assert "Reopen" in said[0]
    opened.editor.show_mode("form")
    view = opened.desk.view
    assert view is not None
    found = dataclasses.replace(view.report, stale=(("file_bytes", "The file is another one."),))
    opened.desk.view = dataclasses.replace(view, report=found)
    opened.desk.shown.emit(opened.desk.view)
    assert opened.editor.state.text() == "Published, stale"
    assert "File size" in seen(opened)
    next(b for b in opened.editor.notes.buttons() if b.isVisible()).click()
    settle(qtbot, opened)
    part = row(opened, "limitations").input.parts()[0]
    assert isinstance(part, QPlainTextEdit)
    assert part.property("locked") == ""
    assert opened.editor.state.text() == "Draft"

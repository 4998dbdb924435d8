"""What was typed a moment ago, or cannot stand in a card, outlives everything that a person does next."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import pytest
from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QGuiApplication, QTextCursor
from PySide6.QtWidgets import QAbstractButton, QPlainTextEdit
from pytestqt.qtbot import QtBot

from forge_desktop.base.jobs import JobContext
from forge_desktop.forge import Forge
from forge_desktop.ui.panes.cards.pane import CardsPane
from forge_desktop.ui.panes.cards.remove_sheet import RemoveSheet
from forge_desktop.ui.shell import Shell
from tests.cards.completing import complete
from tests.ui.cards import fill_in, open_card, open_in, row, settle, type_into

ALT, CONTROL = Qt.KeyboardModifier.AltModifier, Qt.KeyboardModifier.ControlModifier


@pytest.fixture
def uid(forge: Forge) -> str:
    return fill_in(forge)


@pytest.fixture
def opened(uid: str, window: Shell, qtbot: QtBot) -> CardsPane:
    return open_in(qtbot, window, uid, active=True)


@pytest.fixture
def busy(forge: Forge) -> Iterator[Callable[[], threading.Event]]:
    """Holds up everything that the window asks for, until the event that it returns is set."""
    held: list[threading.Event] = []

    def hold(context: JobContext, free: threading.Event) -> None:
        free.wait(20)

    def make() -> threading.Event:
        held.append(threading.Event())
        forge.jobs.start("glance", "held up", lambda context, free=held[-1]: hold(context, free))
        return held[-1]

    yield make
    for event in held:
        event.set()


def type_source(qtbot: QtBot, pane: CardsPane, words: str) -> None:
    """Type at the end of the source."""
    text = pane.editor.source.text
    text.moveCursor(QTextCursor.MoveOperation.End)
    text.setFocus()
    qtbot.keyClicks(text, words)


def text_of(forge: Forge, uid: str) -> str:
    return forge.cards.markdown(uid)


def test_the_source_is_taken_in_however_it_is_left(qtbot: QtBot, forge: Forge, opened: CardsPane, uid: str) -> None:
    other = forge.cards.new("teacher", "Another one")
    settle(qtbot, opened)
    editor = opened.editor
    segment = next(b for b in editor.modes.findChildren(QAbstractButton) if b.text() == "Form")
    ways: dict[str, Callable[[], object]] = {
        "key": lambda: qtbot.keyClick(editor.source.text, Qt.Key.Key_1, ALT),
        "mouse": lambda: qtbot.mouseClick(segment, Qt.MouseButton.LeftButton),
        "check": opened.heads.check.click,
        "list": opened.show_list,
        "another card": lambda: opened.open_card(other.uid),
        "another pane": lambda: opened.window().visit("students"),
    }
    for number, (way, leave) in enumerate(ways.items()):
        opened.window().visit("cards")
        open_card(qtbot, opened, uid)
        editor.show_mode("both" if number % 2 else "source")
        type_source(qtbot, opened, f" by {way}.")
        leave()
        settle(qtbot, opened)
        assert f" by {way}." in text_of(forge, uid), way
        assert not opened.unfinished()
    opened.window().visit("cards")
    open_card(qtbot, opened, uid)
    editor.show_mode("source")
    assert "by another pane." in editor.source.text.toPlainText()
    opened.banner.clear()


def test_what_is_on_its_way_is_kept_when_the_window_closes(
    qtbot: QtBot, forge: Forge, opened: CardsPane, uid: str, busy: Callable[[], threading.Event]
) -> None:
    opened.editor.show_mode("both")
    free = busy()
    summary = row(opened, "summary").input.parts()[0]
    summary.selectAll()  # type: ignore[attr-defined]
    qtbot.keyClicks(summary, "Still being written.")
    opened.desk.flush()
    type_source(qtbot, opened, "Also in the source.")
    opened.editor.show_mode("form")
    opened.window().close()
    assert forge.cards.get(uid).fields["summary"].shown.data == "Still being written."
    assert "Also in the source." in text_of(forge, uid)
    free.set()
    settle(qtbot, opened)
    assert forge.cards.get(uid).fields["summary"].shown.data == "Still being written."
    assert text_of(forge, uid).count("Also in the source.") == 1


@pytest.mark.parametrize("where", ["intended_use", "source"])
def test_typing_without_a_pause_is_kept_meanwhile(
    qtbot: QtBot, forge: Forge, opened: CardsPane, uid: str, where: str
) -> None:
    opened.editor.show_mode("both")
    part = opened.editor.source.text if where == "source" else row(opened, where).input.parts()[0]
    assert isinstance(part, QPlainTextEdit)
    part.moveCursor(QTextCursor.MoveOperation.End)
    typed: list[str] = []

    def type_one() -> None:
        typed.append("q")
        qtbot.keyClick(part, "q")

    keys = QTimer()
    keys.timeout.connect(type_one)
    keys.start(60)
    try:
        qtbot.waitUntil(lambda: "qqqqq" in text_of(forge, uid), timeout=8000)
        assert keys.isActive()
    finally:
        keys.stop()
    settle(qtbot, opened)
    assert part.toPlainText().rstrip().endswith("".join(typed))  # no letter of it was moved
    assert "".join(typed) in text_of(forge, uid)


def test_another_kind_of_card_opens_while_a_section_is_aimed_at(qtbot: QtBot, forge: Forge, opened: CardsPane) -> None:
    other = forge.cards.new("teacher", "A teacher from elsewhere")
    for uid in (other.uid, opened.card_uid()):
        opened.editor.sections.buttons["provenance"].click()
        opened.editor.go_to("contact")
        opened.show_list()
        open_card(qtbot, opened, uid)
        assert opened.editor.form._aim is None


def test_undo_takes_first_what_is_not_kept(qtbot: QtBot, forge: Forge, opened: CardsPane, uid: str) -> None:
    type_into(qtbot, opened, "summary", "A good summary.")
    type_into(qtbot, opened, "contact", "bad")
    line = row(opened, "contact").input.parts()[0]
    qtbot.keyClick(line, Qt.Key.Key_Z, CONTROL)
    settle(qtbot, opened)
    assert line.text() == "owner@example.org"  # type: ignore[attr-defined]
    assert not row(opened, "contact").said()
    assert not opened.unfinished()
    assert forge.cards.get(uid).fields["summary"].shown.data == "A good summary."
    assert opened.editor.redo.isEnabled()
    opened.editor.redo.click()
    settle(qtbot, opened)
    assert line.text() == "bad"  # type: ignore[attr-defined]
    assert "Contact" in opened.unfinished()
    opened.editor.undo.click()  # the field that was typed last, wherever the keyboard is
    settle(qtbot, opened)
    assert line.text() == "owner@example.org"  # type: ignore[attr-defined]
    opened.editor.undo.click()
    settle(qtbot, opened)
    assert forge.cards.get(uid).fields["summary"].shown.data != "A good summary."


def test_undo_takes_back_every_refused_text_and_redo_brings_each_again(
    qtbot: QtBot, forge: Forge, opened: CardsPane, uid: str
) -> None:
    def does(step: str) -> None:
        getattr(opened.editor, step).click()
        settle(qtbot, opened)

    other = forge.cards.new("student", "Another one")
    before = forge.cards.get(uid).fields["summary"].shown.data
    type_into(qtbot, opened, "contact", "bad")
    type_into(qtbot, opened, "released", "yesterday")
    type_into(qtbot, opened, "summary", "one")
    open_card(qtbot, opened, other.uid)
    open_card(qtbot, opened, uid)
    for left in ({"contact": "bad"}, {}):
        does("undo")
        assert {key: one.data for key, one in opened.desk.kept_back.of(uid).items()} == left
        assert forge.cards.get(uid).fields["summary"].shown.data == "one"
    does("undo")
    assert forge.cards.get(uid).fields["summary"].shown.data == before
    while opened.editor.undo.isEnabled():
        does("undo")
    opened.desk.step("undo")  # as by a key: there is nothing, and so nothing more to make again
    settle(qtbot, opened)
    while opened.editor.redo.isEnabled():
        does("redo")
    assert forge.cards.get(uid).fields["summary"].shown.data == "one"
    assert set(opened.desk.kept_back.of(uid)) == {"contact", "released"}


def test_undo_waits_for_what_was_typed_a_moment_ago(qtbot: QtBot, opened: CardsPane) -> None:
    type_into(qtbot, opened, "summary", "A good summary.")
    opened.editor.go_to("contact")
    line = row(opened, "contact").input.parts()[0]
    line.selectAll()  # type: ignore[attr-defined]
    qtbot.keyClicks(line, "bad")
    qtbot.keyClick(line, Qt.Key.Key_Z, CONTROL)
    settle(qtbot, opened)
    assert line.text() == "owner@example.org"  # type: ignore[attr-defined]
    assert row(opened, "summary").input.value()[0] == "A good summary."


def test_a_refused_text_stands_in_its_field_after_a_card_of_another_kind(
    qtbot: QtBot, forge: Forge, opened: CardsPane, uid: str
) -> None:
    other = forge.cards.new("teacher", "A teacher from elsewhere")
    type_into(qtbot, opened, "contact", "bad")
    open_card(qtbot, opened, other.uid)
    assert not any(made.field.key == "contact" and made.dirty for made in opened.editor.form.rows())
    open_card(qtbot, opened, uid)
    contact = row(opened, "contact")  # built only now
    assert contact.input.value()[0] == "bad"
    assert contact.said()[0].startswith("Contact is neither")
    type_into(qtbot, opened, "contact", "")


def test_a_source_typed_into_a_card_that_was_published_elsewhere_waits_for_its_next_draft(
    qtbot: QtBot, forge: Forge, opened: CardsPane, uid: str
) -> None:
    complete(forge, uid)
    settle(qtbot, opened)
    opened.editor.show_mode("source")
    type_source(qtbot, opened, "Typed too late.")
    forge.cards.history.publish(uid, who="somebody", note="")
    settle(qtbot, opened)
    qtbot.waitUntil(lambda: opened.banner.isVisible() and opened.editor.source._foot.isVisible())
    assert "Typed too late." not in text_of(forge, uid)
    assert opened.editor.source.text.toPlainText().endswith("Typed too late.")
    assert "the source" in opened.unfinished()
    opened.show_list()
    open_card(qtbot, opened, uid)
    assert opened.editor.source.text.toPlainText().endswith("Typed too late.")
    opened.banner.clear()
    opened.editor.reopen.click()
    settle(qtbot, opened)
    assert "Typed too late." in text_of(forge, uid)
    assert not opened.unfinished()


def test_what_was_typed_into_a_card_that_is_gone_goes_into_no_other(
    qtbot: QtBot, forge: Forge, opened: CardsPane, uid: str
) -> None:
    made = forge.cards.new("student", "About nothing")
    open_card(qtbot, opened, made.uid)
    before = forge.cards.get(uid).fields["summary"].shown.data
    opened.editor.go_to("summary")
    qtbot.keyClicks(row(opened, "summary").input.parts()[0], "Of the card that goes.")
    opened.desk._pause.stop()
    opened.desk._on_missing(_error(forge, made.uid))
    open_card(qtbot, opened, uid)
    type_into(qtbot, opened, "contact", "a@example.org")
    assert forge.cards.get(uid).fields["summary"].shown.data == before
    assert not opened.unfinished()


def test_what_was_refused_goes_with_a_card_that_is_removed_elsewhere_and_can_be_copied(
    qtbot: QtBot, forge: Forge, opened: CardsPane
) -> None:
    made = forge.cards.new("student", "About nothing")
    open_card(qtbot, opened, made.uid)
    type_into(qtbot, opened, "contact", "bad")
    assert opened.unfinished() == "What was typed into the card of About nothing cannot be kept yet: Contact."
    opened.editor.show_mode("source")
    type_source(qtbot, opened, "Typed too late.")
    forge.cards.remove(made.uid)
    qtbot.waitUntil(lambda: opened.banner.isVisible() and opened.banner.action() == "Copy it")
    qtbot.waitUntil(lambda: not opened.unfinished())
    opened.banner.acted.emit()
    copied = QGuiApplication.clipboard().text()
    assert copied.startswith("Contact: bad\n\n")
    assert "Typed too late." in copied
    assert not opened.banner.isVisible()


def test_what_was_refused_goes_with_a_card_that_a_person_removes(qtbot: QtBot, forge: Forge, opened: CardsPane) -> None:
    made = forge.cards.new("student", "About nothing")
    open_card(qtbot, opened, made.uid)
    type_into(qtbot, opened, "contact", "bad")
    opened.actions_of.remove(opened.card())  # type: ignore[arg-type]
    qtbot.waitUntil(lambda: bool(opened.window().findChildren(RemoveSheet)))
    (found,) = opened.window().findChildren(RemoveSheet)
    found.agreed.emit()
    found.close()
    qtbot.waitUntil(lambda: opened._stack.currentIndex() == 0 and opened.card() is None)
    settle(qtbot, opened)
    assert not opened.unfinished()
    assert not opened.banner.isVisible()


def _error(forge: Forge, uid: str) -> Exception:
    forge.cards.remove(uid)
    with pytest.raises(Exception) as caught:  # noqa: PT011 - whichever the room raises
        forge.cards.get(uid)
    return caught.value

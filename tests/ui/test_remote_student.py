"""A remote student in the window: chosen after a question, marked where it answers; meter, offline switch."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QWidget
from pytestqt.qtbot import QtBot

from forge_desktop.chat import ChatMessage
from forge_desktop.forge import Forge
from forge_desktop.ui.panes.chat import ChatPane
from forge_desktop.ui.panes.chat.answer_bubble import AnswerBubble
from forge_desktop.ui.panes.chat.header import ChatHeader
from forge_desktop.ui.panes.students import StudentsPane
from forge_desktop.ui.shell import Shell
from forge_desktop.ui.spending import spend_of
from forge_desktop.ui.status_line import StatusLine
from forge_desktop.ui.widgets.basics import Banner, Button, IconButton, Notice, Pill
from tests.providers.teacher import Teacher

ANSWER = "Hand tools are lent for 14 days."


@pytest.fixture
def teacher() -> Iterator[Teacher]:
    with Teacher(ANSWER) as made:
        yield made


@pytest.fixture
def shed(forge: Forge, teacher: Teacher, tmp_path: Path) -> str:
    """One document, and an endpoint that can be the student."""
    (tmp_path / "lending.md").write_text(f"# Lending\n\n{ANSWER} Power tools are lent for 7 days.\n")
    forge.jobs.wait(forge.corpus.index([tmp_path / "lending.md"]), 60)
    return add(forge, "Shed", teacher.url)


def add(forge: Forge, name: str, url: str, **values: Any) -> str:
    desk = forge.students.desk
    assert desk is not None
    price = {"price_input": "0.15", "price_output": "0.60"}
    return desk.save(desk.blank(name=name, url=url, model="big", roles=("student",), **{**price, **values})).form.uid


def button(inside: QWidget, name: str) -> Button | IconButton:
    found = [*inside.findChildren(Button), *inside.findChildren(IconButton)]
    return next(one for one in found if one.accessibleName() == name and not one.isHidden())


def press(qtbot: QtBot, inside: QWidget, name: str) -> None:
    qtbot.mouseClick(button(inside, name), Qt.MouseButton.LeftButton)


def ask(forge: Forge, conversation: int, text: str) -> ChatMessage:
    result = forge.jobs.wait(forge.chat.ask(conversation, text), 60)
    assert isinstance(result, int)
    return forge.chat.message(result)


def opened(qtbot: QtBot, window: Shell, conversation: int, answer: ChatMessage) -> tuple[ChatPane, AnswerBubble]:
    pane = window.visit("chat")
    assert isinstance(pane, ChatPane)
    pane._open(conversation)
    qtbot.waitUntil(lambda: isinstance(pane.transcript.bubble(answer.id), AnswerBubble))
    bubble = pane.transcript.bubble(answer.id)
    assert isinstance(bubble, AnswerBubble)
    return pane, bubble


def said(inside: QWidget) -> str:
    return "\n".join(found.text() for found in inside.findChildren(QLabel) if not found.isHidden())


def test_it_is_chosen_in_students_and_marked_in_the_chat(qtbot: QtBot, window: Shell, forge: Forge, shed: str) -> None:
    far = add(forge, "Far", "https://far.example/v1")
    pane = window.visit("students")
    assert isinstance(pane, StudentsPane)
    pane.show_section("bases")
    qtbot.waitUntil(lambda: len(pane.bases.remotes.rows()) == 2)
    press(qtbot, pane, "Let Far answer")
    assert forge.students.remotes.active() is None  # asked about first
    banner = next(found for found in pane.findChildren(Banner) if not found.isHidden())
    assert "goes to far.example with the conversation before it and the passages" in said(banner)
    press(qtbot, banner, "Agree and use it")
    qtbot.waitUntil(
        lambda: (forge.students.remotes.active() or object()) != object() and forge.engine.state().remote != ""
    )
    assert forge.students.remotes.active().uid == far  # type: ignore[union-attr]
    press(qtbot, pane, "Let Shed answer")  # a server on this computer is not asked about
    qtbot.waitUntil(lambda: forge.engine.state().remote == "127.0.0.1")
    chat = window.visit("chat")
    pill = chat.findChild(ChatHeader).findChild(Pill)
    qtbot.waitUntil(lambda: pill.text() == "Remote: Shed")
    qtbot.waitUntil(lambda: "remote: 127.0.0.1" in said(window.findChild(StatusLine)))
    window.visit("students")
    press(qtbot, pane, "Use this student")
    qtbot.waitUntil(lambda: forge.engine.state().remote == "" and pill.text() == "On this computer")
    qtbot.waitUntil(lambda: not forge.jobs.running("load"), timeout=60_000)


def test_the_bubble_says_who_answered_for_how_much_and_what_to_do_when_nobody_could(
    qtbot: QtBot, window: Shell, forge: Forge, shed: str
) -> None:
    forge.students.remotes.choose(shed)
    conversation = forge.chat.create()
    answer = ask(forge, conversation, "How long are hand tools lent?")
    _, bubble = opened(qtbot, window, conversation, answer)
    assert "Shed · remote: 127.0.0.1" in said(bubble)
    assert "$0.0000" in said(bubble)
    forge.settings.change(offline=True)
    answer = ask(forge, conversation, "And power tools?")
    pane, bubble = opened(qtbot, window, conversation, answer)
    assert "Switch Offline off to ask again" in said(bubble)
    press(qtbot, bubble, "Open Settings")
    assert window.current_pane() == "settings"
    window.visit("chat")
    press(qtbot, pane.transcript.bubble(answer.id), "Open Students")  # type: ignore[arg-type]
    assert window.current_pane() == "students"


def test_the_offline_switch_is_pressed_in_the_status_bar(
    qtbot: QtBot, window: Shell, forge: Forge, teacher: Teacher
) -> None:
    status = window.findChild(StatusLine)
    switch = button(status, "Offline switch: off")
    assert switch.text() == "No endpoint"
    add(forge, "Shed", teacher.url)
    qtbot.waitUntil(lambda: switch.text() == "Online")
    qtbot.mouseClick(switch, Qt.MouseButton.LeftButton)
    assert forge.settings.values.offline
    qtbot.waitUntil(lambda: switch.text() == "Offline" and switch.isChecked())
    assert switch.focusPolicy() & Qt.FocusPolicy.TabFocus
    switch.setFocus()
    qtbot.keyClick(switch, Qt.Key.Key_Space)
    assert not forge.settings.values.offline
    qtbot.waitUntil(lambda: switch.text() == "Online" and not switch.isChecked())


def test_the_meter_is_hidden_until_something_was_spent_or_capped(
    qtbot: QtBot, window: Shell, forge: Forge, shed: str
) -> None:
    status = window.findChild(StatusLine)
    meters = [found for found in status.findChildren(IconButton) if found.accessibleName().startswith("Spent")]
    assert [meter.isHidden() for meter in meters] == [True]
    forge.students.remotes.choose(shed)
    ask(forge, forge.chat.create(), "How long are hand tools lent?")
    qtbot.waitUntil(lambda: "this month" in meters[0].text())
    forge.providers.ledger.set_cap("month", 20_000_000)
    qtbot.waitUntil(lambda: meters[0].text().endswith("of $20.00"))
    assert "This month" in meters[0].toolTip()
    qtbot.mouseClick(meters[0], Qt.MouseButton.LeftButton)
    assert window.current_pane() == "distill"


def test_the_run_goes_before_the_month_and_the_month_before_the_strictest(forge: Forge) -> None:
    ledger = forge.providers.ledger
    assert spend_of(ledger.budgets()) is None
    ledger.set_cap("day", 3_000_000)
    shown = spend_of(ledger.budgets())
    assert shown is not None
    assert shown.words == "$0.00 of $3.00"
    ledger.set_cap("month", 20_000_000)
    assert (spend_of(ledger.budgets()) or shown).words == "$0.00 of $20.00"
    ledger.open_run("a run", 1_000_000)
    shown = spend_of(ledger.budgets("a run"))
    assert shown is not None
    assert (shown.words, shown.share) == ("$0.00 of $1.00", 0.0)


def test_an_answer_is_corrected_by_a_teacher_or_by_hand_and_that_is_taken_back(
    qtbot: QtBot, window: Shell, forge: Forge, shed: str
) -> None:
    forge.students.remotes.choose(shed)
    conversation = forge.chat.create()
    answer = ask(forge, conversation, "How long are hand tools lent?")
    pane, bubble = opened(qtbot, window, conversation, answer)
    notices: list[Notice] = []
    pane.notice.connect(notices.append)
    press(qtbot, bubble, "Correct this answer")
    sheet = pane.correcting.sheet
    assert sheet is not None
    assert not sheet.keep.isEnabled()  # nothing was changed yet
    qtbot.mouseClick(sheet.teacher, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: bool(notices))
    assert notices[0].text == "Waits for a teacher in Distill"
    assert forge.distill.tasks.counts() == {"queued": 1}
    assert notices[0].undo is not None
    notices[0].undo()
    qtbot.waitUntil(lambda: forge.distill.tasks.count() == 0)
    press(qtbot, bubble, "Correct this answer")
    sheet = pane.correcting.sheet
    assert sheet is not None
    sheet.field.setPlainText("Hand tools are lent for 14 days, power tools for 7 [1].")
    qtbot.mouseClick(sheet.keep, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: len(notices) == 2)
    assert notices[1].text == "Kept as a pair in Distill"
    (pair,) = forge.distill.pairs.iterate()
    assert pair.final == "Hand tools are lent for 14 days, power tools for 7 [1]."
    assert pair.draft == ANSWER
    assert notices[1].undo is not None
    notices[1].undo()
    qtbot.waitUntil(lambda: list(forge.distill.pairs.iterate()) == [])
    qtbot.waitUntil(lambda: pane.correcting.sheet is None)
    press(qtbot, bubble, "Correct this answer")
    sheet = pane.correcting.sheet
    assert sheet is not None
    sheet.field.setPlainText("x" * 16_001)
    assert "at most 16,000" in sheet.problem.text()
    assert not sheet.keep.isEnabled()
    sheet.field.setPlainText("Hand tools are lent for 14 days [9].")
    assert not sheet.problem.isVisible()
    qtbot.mouseClick(sheet.keep, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: len(notices) == 3)
    assert notices[2].text.startswith("Kept as a pair. The rules remark: No passage has the number [9].")
    qtbot.waitUntil(lambda: pane.correcting.sheet is None)

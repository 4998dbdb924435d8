"""A person's decisions in the Distill pane: only on the pair that is seen, and never over what is being typed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from forge_desktop.forge import Forge
from forge_desktop.ui import theme
from forge_desktop.ui.bridge import Bridge
from forge_desktop.ui.panes.distill import DistillPane
from forge_desktop.ui.panes.distill.page import QueuePage
from tests.providers.teacher import Teacher
from tests.ui import lessons

SOON = 10_000


@pytest.fixture
def page(qtbot: QtBot, qapp: QApplication, forge: Forge, sample_dir: Path, tmp_path: Path) -> Iterator[QueuePage]:
    """The queue with three pairs that wait for a person, the first of them open."""
    theme.apply(qapp, "light")
    with Teacher(answer=lessons.answer) as teacher:
        lessons.make_lessons(forge, teacher, sample_dir, tmp_path)
    bridge = Bridge(forge.events)
    pane = DistillPane(forge, bridge)
    qtbot.addWidget(pane)
    pane.resize(1276, 760)
    pane.show()
    pane.activateWindow()
    qtbot.waitUntil(pane.isActiveWindow)
    pane.review()
    qtbot.waitUntil(lambda: pane.page.item.isVisible() and pane.page.bar.accept.isEnabled(), timeout=SOON)
    yield pane.page
    bridge.close()


def shown(page: QueuePage) -> int:
    assert page.item.view is not None
    return page.item.view.task.id


def begin_to_edit(qtbot: QtBot, page: QueuePage) -> None:
    page.queue.table.setFocus()
    QTest.keyClick(page.queue.table, Qt.Key.Key_E)
    qtbot.waitUntil(page.item.answer.field.isVisible)
    QTest.keyClicks(page.item.answer.field, "Mine. ")


def test_keys_decide_nothing_once_the_task_is_closed(qtbot: QtBot, page: QueuePage, forge: Forge) -> None:
    page.close_task()
    page.queue.table.setFocus()
    with qtbot.assertNotEmitted(page.bar.decided, wait=300):
        for key in (Qt.Key.Key_R, Qt.Key.Key_A, Qt.Key.Key_E):
            QTest.keyClick(page.queue.table, key)
    assert len(forge.distill.review.waiting()) == 3


def test_a_task_that_was_closed_can_be_opened_and_decided_on_again(qtbot: QtBot, page: QueuePage, forge: Forge) -> None:
    task = shown(page)
    page.close_task()
    page.show_task(task)
    qtbot.waitUntil(page.bar.accept.isEnabled, timeout=SOON)
    page.bar.accept_now()
    qtbot.waitUntil(lambda: forge.distill.tasks.get(task).state == "kept", timeout=SOON)


def test_an_edit_that_is_open_is_not_decided_over(qtbot: QtBot, page: QueuePage, forge: Forge) -> None:
    task, field = shown(page), page.item.answer.field
    begin_to_edit(qtbot, page)
    assert not page.bar.accept.isEnabled()
    assert not page.bar.reject.isEnabled()
    page.queue.table.setFocus()
    with qtbot.assertNotEmitted(page.bar.decided, wait=300):
        QTest.keyClick(page.queue.table, Qt.Key.Key_A)
        assert QApplication.focusWidget() is field
    assert field.toPlainText().startswith("Mine. ")
    QTest.keyClick(field, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: forge.distill.tasks.get(task).state == "kept", timeout=SOON)
    pair = forge.distill.pairs.of_task(task)
    assert pair is not None
    assert pair.final.startswith("Mine. ")


def test_an_edit_waits_while_another_task_is_looked_at(qtbot: QtBot, page: QueuePage, forge: Forge) -> None:
    task = shown(page)
    begin_to_edit(qtbot, page)
    page.queue.table.setFocus()
    QTest.keyClick(page.queue.table, Qt.Key.Key_Down)
    qtbot.waitUntil(lambda: shown(page) != task, timeout=SOON)
    assert not page.item.answer.editing
    page.queue.choose(task)
    page.show_task(task)
    qtbot.waitUntil(lambda: shown(page) == task and page.item.answer.editing, timeout=SOON)
    assert page.item.answer.field.toPlainText().startswith("Mine. ")
    page.close_task()
    assert page.item.unsaved == 1


def test_escape_leaves_the_edit_and_what_was_typed_can_be_had_back(qtbot: QtBot, page: QueuePage) -> None:
    answer = page.item.answer
    begin_to_edit(qtbot, page)
    with qtbot.waitSignal(page.bar.notice) as said:
        QTest.keyClick(answer.field, Qt.Key.Key_Escape)
    assert not answer.editing
    assert page.item.isVisible()
    said.args[0].undo()
    assert answer.editing
    assert answer.field.toPlainText().startswith("Mine. ")


def test_what_the_rules_have_against_an_edit_is_said(qtbot: QtBot, page: QueuePage) -> None:
    begin_to_edit(qtbot, page)
    page.item.answer.field.setPlainText("A member may hold many tools [9].")
    with qtbot.waitSignal(page.bar.notice, timeout=SOON) as said:
        QTest.keyClick(page.item.answer.field, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    assert said.args[0].text.startswith("Kept the pair as edited. No passage has the number")
    page.item.answer.leave_editing()


def test_an_empty_answer_is_said_under_its_field(qtbot: QtBot, page: QueuePage, forge: Forge) -> None:
    begin_to_edit(qtbot, page)
    answer = page.item.answer
    answer.field.clear()
    QTest.keyClick(answer.field, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    assert answer.editing
    assert answer.problem.isVisible()
    assert answer.problem.text() == "The answer is empty. Reject the pair instead."
    answer.field.setPlainText("word " * 4_000)
    QTest.keyClick(answer.field, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(answer.problem.isVisible, timeout=SOON)
    assert "16,000" in answer.problem.text()
    assert answer.editing
    assert len(forge.distill.review.waiting()) == 3

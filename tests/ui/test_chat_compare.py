"""From an answer in the chat to two versions side by side: its question, its collections, both versions chosen."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractButton
from pytestqt.qtbot import QtBot

from forge_desktop.forge import Forge
from forge_desktop.ui.panes.cards import CardsPane
from forge_desktop.ui.panes.chat import ChatPane
from forge_desktop.ui.panes.chat.answer_bubble import AnswerBubble
from forge_desktop.ui.panes.chat.bubbles import Bubble
from forge_desktop.ui.panes.students.compare_dialog import CompareDialog
from forge_desktop.ui.shell import Shell
from tests.ui.test_version_words import answer as answered
from tests.ui.versions import Versions

SOON = 20_000
QUESTION = "What does a membership cost?\nAnd from when does it run?"


@pytest.fixture
def made(forge: Forge, tmp_path: Path) -> Versions:
    """The tiny base answers, and one text is in a collection of its own."""
    made = Versions(forge, tmp_path)
    made.registry.promote("v2")
    text = tmp_path / "fees.md"
    text.write_text("# Membership\n\nA membership costs 36 crowns a year and runs from the day you join.\n")
    forge.corpus.collections.create("Fees & <b>rules</b>")
    forge.jobs.wait(forge.corpus.index([text], collection="Fees & <b>rules</b>"), 60)
    return made


def answer(qtbot: QtBot, forge: Forge, window: Shell) -> AnswerBubble:
    """The bubble of an answer that was asked for in that collection."""
    uid = forge.corpus.collections.get("Fees & <b>rules</b>").uid
    pane = window.visit("chat")
    assert isinstance(pane, ChatPane)
    pane.talk.ask(QUESTION, "documents_first", (uid,))
    qtbot.waitUntil(lambda: (m := pane.talk.last("assistant")) is not None and m.state != "writing", timeout=60_000)
    qtbot.waitUntil(lambda: not pane.talk.writing, timeout=SOON)
    return newest(pane)


def newest(pane: ChatPane) -> AnswerBubble:
    message = pane.talk.last("assistant")
    bubble: Bubble | None = pane.transcript.bubble(message.id) if message else None
    assert isinstance(bubble, AnswerBubble)
    return bubble


def button(bubble: AnswerBubble) -> QAbstractButton:
    return next(b for b in bubble.findChildren(QAbstractButton) if b.accessibleName() == "Compare versions…")


def dialog(qtbot: QtBot, window: Shell) -> CompareDialog:
    qtbot.waitUntil(lambda: window.findChild(CompareDialog) is not None, timeout=SOON)
    found: CompareDialog = window.findChild(CompareDialog)
    qtbot.waitExposed(found)
    return found


def test_an_answer_leads_to_its_question_put_to_two_versions(
    qtbot: QtBot, window: Shell, forge: Forge, made: Versions
) -> None:
    bubble = answer(qtbot, forge, window)
    made.add("handbook")
    half = made.registry.derive(made.add("second", seed=2).uid, scale=0.5)
    made.registry.retire(half.uid)
    qtbot.waitUntil(lambda: button(bubble).isEnabled(), timeout=SOON)
    qtbot.mouseClick(button(bubble), Qt.MouseButton.LeftButton)
    asked = dialog(qtbot, window)
    assert window.current_pane() == "students"
    assert [field.currentText().split(" · ")[:2] for field in asked.which] == [
        ["v2", "Tiny-Chat F32"],
        ["v4", "second"],
    ]
    assert asked.question.text() == QUESTION.replace("\n", " ")
    assert "Fees & <b>rules</b>" in asked.about.whole_text()
    with qtbot.waitSignal(window._bridge.job_changed, timeout=60_000, check_params_cb=_compared) as done:
        qtbot.mouseClick(asked.ask, Qt.MouseButton.LeftButton)
    compared = done.args[0].result
    assert compared.question == QUESTION, "its lines are kept"
    assert [text for _, _, text in compared.passages]
    assert [one.label for one in compared.answers] == ["v2", "v4"]
    asked.reject()
    qtbot.waitUntil(lambda: window.findChild(CompareDialog) is None, timeout=SOON)

    forge.corpus.collections.delete(forge.corpus.collections.get("Fees & <b>rules</b>").uid)
    window.visit("chat")
    qtbot.mouseClick(button(bubble), Qt.MouseButton.LeftButton)
    asked = dialog(qtbot, window)
    assert asked.about.whole_text() == "A collection that it was asked in is gone. All documents are searched."
    asked.reject()


def test_one_version_has_nothing_to_be_compared_with(qtbot: QtBot) -> None:
    bubble = AnswerBubble(answered("Library", "v1"))
    qtbot.addWidget(bubble)
    bubble.show_versions(1)
    assert not button(bubble).isEnabled()
    assert "there is one version" in button(bubble).toolTip()
    bubble.show_versions(2)
    assert button(bubble).isEnabled()
    assert button(bubble).toolTip() == "Compare versions…"


def _compared(event: object) -> bool:
    return getattr(event, "kind", "") == "compare" and getattr(event, "state", "") in ("done", "failed")


def test_an_answer_leads_to_the_card_of_who_gave_it(qtbot: QtBot, window: Shell, forge: Forge, made: Versions) -> None:
    bubble = answer(qtbot, forge, window)
    named = "Model card of who answered"
    way = next(b for b in bubble.findChildren(QAbstractButton) if b.accessibleName() == named)
    qtbot.mouseClick(way, Qt.MouseButton.LeftButton)
    pane = window.visit("cards")
    assert isinstance(pane, CardsPane)
    uid = made.registry.version("v2").uid
    qtbot.waitUntil(lambda: (card := pane.card()) is not None and card.subject == uid, timeout=SOON)

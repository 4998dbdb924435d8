"""The main walk through the real window: add the sample, ask, watch the answer come, open a citation at its place."""

from __future__ import annotations

import shutil
from pathlib import Path

from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from forge_desktop.chat.records import ChatMessage
from forge_desktop.forge import Forge
from forge_desktop.ui.panes.chat import ChatPane
from forge_desktop.ui.panes.chat.answer_bubble import AnswerBubble
from forge_desktop.ui.panes.corpus import CorpusPane
from forge_desktop.ui.shell import Shell
from forge_desktop.ui.status_line import StatusLine

ANSWER = 120_000
# A small student words each answer its own way; the walk goes on with the first one that rests on a passage.
QUESTIONS = (
    "How many tools may a member hold at the same time?",
    "What does a late hand tool cost for each day?",
    "How long does an induction last?",
    "When was the tool library founded?",
)


def index(qtbot: QtBot, window: Shell, folder: Path) -> None:
    pane = window.visit("corpus")
    assert isinstance(pane, CorpusPane)
    pane.add_paths([folder])
    qtbot.waitUntil(lambda: pane._survey._start.isVisible(), timeout=30_000)
    qtbot.keyClick(pane._survey._start, Qt.Key.Key_Space)
    files = len(list(folder.iterdir()))
    qtbot.waitUntil(lambda: pane._listing.documents.rows.rowCount() == files, timeout=60_000)


def ask(qtbot: QtBot, window: Shell, pane: ChatPane, question: str) -> tuple[ChatMessage, list[str]]:
    """Type a question, send it by key; return the answer and the pieces in which it came."""
    pieces: list[str] = []
    pane.talk.streamed.connect(lambda _id, text: pieces.append(text))
    pane.composer.field.setFocus()
    QTest.keyClicks(pane.composer.field, question)
    QTest.keyClick(pane.composer.field, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: pane.talk.writing, timeout=ANSWER)
    qtbot.waitUntil(lambda: not pane.talk.writing, timeout=ANSWER)
    answer = pane.talk.last("assistant")
    assert answer is not None
    return answer, pieces


def click_chip(qtbot: QtBot, pane: ChatPane, answer: ChatMessage, number: int) -> None:
    """Click the citation where it is painted."""
    bubble = pane.transcript.bubble(answer.id)
    assert isinstance(bubble, AnswerBubble)
    view = bubble.view
    cursor = view.document().find(f" {number} ")
    assert not cursor.isNull()
    cursor.setPosition(cursor.selectionStart() + 1)
    place = view.cursorRect(cursor).center() + QPoint(2, 0)
    assert view.anchorAt(place) == f"cite:{number}"
    qtbot.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=place)


def test_from_a_folder_to_the_place_an_answer_rests_on(
    qtbot: QtBot, window: Shell, forge: Forge, sample_dir: Path, tmp_path: Path
) -> None:
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    folder = Path(shutil.copytree(sample_dir, tmp_path / "papers"))
    index(qtbot, window, folder)

    QTest.keySequence(window, QKeySequence("Ctrl+2"))
    pane = window.visit("chat")
    assert isinstance(pane, ChatPane)
    cited = []
    for question in QUESTIONS:
        QTest.keySequence(window, QKeySequence("Ctrl+N"))
        answer, pieces = ask(qtbot, window, pane, question)
        cited = [source for source in answer.sources if source.cited]
        if cited and answer.state == "complete":
            break
    assert cited, "no answer rested on a passage"
    assert len(pieces) > 1, "the answer came in one piece"
    assert window.findChild(StatusLine).state_text() == "Ready"

    click_chip(qtbot, pane, answer, cited[0].n)
    viewer = pane.side.viewer
    qtbot.waitUntil(lambda: bool(viewer.marked_text()), timeout=20_000)
    assert viewer.isVisible()
    assert viewer.marked_text() == cited[0].quote
    document = forge.corpus.shelf.find_document(cited[0].document_sha256, cited[0].path)
    assert document is not None
    assert forge.corpus.shelf.stored_text(document.id)[cited[0].start : cited[0].end] == cited[0].quote
    assert Path(cited[0].path).parent == folder
    QApplication.processEvents()
    assert not viewer.grab().isNull()

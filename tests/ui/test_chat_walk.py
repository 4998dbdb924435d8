"""The whole walk through the window: add a folder, ask, watch the answer come, open its source at the place."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QPoint, Qt
from pytestqt.qtbot import QtBot

from forge_desktop.forge import Forge
from forge_desktop.ui.panes.chat import ChatPane
from forge_desktop.ui.panes.chat.answer_bubble import AnswerBubble
from forge_desktop.ui.panes.corpus import CorpusPane
from forge_desktop.ui.shell import Shell

RULE = "The late fee for hand tools is 0.50 crowns for each day."
PAGE = (
    "# Price list\n\n## Membership\n\nA standard membership costs 36 crowns a year.\n\n## Late fees\n\n" + RULE + "\n"
)


def test_from_a_folder_to_the_marked_passage(qtbot: QtBot, window: Shell, forge: Forge, tmp_path: Path) -> None:
    papers = tmp_path / "papers"
    papers.mkdir()
    (papers / "fees.md").write_text(PAGE)
    (papers / "hours.txt").write_text("The library is open on Tuesday evenings from 17 to 20.\n")

    corpus = window.visit("corpus")
    assert isinstance(corpus, CorpusPane)
    corpus.add_paths([papers])
    qtbot.waitUntil(lambda: corpus._survey._start.isVisible(), timeout=20_000)
    qtbot.mouseClick(corpus._survey._start, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: forge.corpus.shelf.stats().documents == 2, timeout=60_000)

    chat = window.visit("chat")
    assert isinstance(chat, ChatPane)
    window.activateWindow()  # the offscreen platform forgets it when the clicked button hides
    qtbot.waitUntil(lambda: chat.composer.field.hasFocus())
    streamed: list[str] = []
    chat.talk.streamed.connect(lambda _id, text: streamed.append(text))
    qtbot.keyClicks(chat.composer.field, "What is the late fee for hand tools?")
    qtbot.keyClick(chat.composer.field, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: bool(streamed), timeout=120_000)
    qtbot.waitUntil(lambda: not chat.talk.writing, timeout=120_000)

    answer = chat.talk.last("assistant")
    assert answer is not None
    assert answer.state == "complete"
    cited = next(source for source in answer.sources if source.cited)
    bubble = chat.transcript.bubble(answer.id)
    assert isinstance(bubble, AnswerBubble)
    chip = bubble.view.document().find(f" {cited.n} ")
    chip.setPosition(chip.selectionStart() + 1)
    place = bubble.view.cursorRect(chip).center() + QPoint(2, 0)
    qtbot.mouseClick(bubble.view.viewport(), Qt.MouseButton.LeftButton, pos=place)

    viewer = chat.side.viewer
    qtbot.waitUntil(lambda: bool(viewer.marked_text()), timeout=20_000)
    assert viewer.marked_text() == cited.quote
    assert RULE in viewer.marked_text()
    assert viewer.isVisible()
    window.grab()

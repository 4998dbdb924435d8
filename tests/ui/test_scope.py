"""The composer's chip for where to look, in the real chat pane with the starter student; its answers are kept short."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractButton, QApplication
from pytestqt.qtbot import QtBot

from forge_desktop.chat.records import ChatMessage
from forge_desktop.forge import Forge
from forge_desktop.ui import theme
from forge_desktop.ui.bridge import Bridge
from forge_desktop.ui.panes.chat import ChatPane
from forge_desktop.ui.panes.chat.answer_bubble import AnswerBubble
from forge_desktop.ui.widgets.scope_chip import ScopeChip

QUESTION = "How long are rowing boats lent?"


@pytest.fixture
def pane(qtbot: QtBot, qapp: QApplication, forge: Forge, tmp_path: Path) -> Iterator[ChatPane]:
    """The pane over one collection."""
    forge.settings.change(answer_tokens=24)
    papers = tmp_path / "papers"
    papers.mkdir()
    (papers / "boats.txt").write_text("The rowing boats are lent for two hours.\n")
    forge.jobs.wait(forge.corpus.index([papers]), 60)
    theme.apply(qapp, "light")
    bridge = Bridge(forge.events)
    made = ChatPane(forge, bridge)
    qtbot.addWidget(made)
    made.resize(1276, 800)
    made.show()
    qtbot.waitExposed(made)
    made.shown()
    qtbot.waitUntil(lambda: made._documents > 0)
    yield made
    qtbot.waitUntil(lambda: not forge.jobs.running(), timeout=60_000)
    bridge.close()


@pytest.fixture
def chip(qtbot: QtBot, pane: ChatPane, forge: Forge, tmp_path: Path) -> ScopeChip:
    """The chip, with "Tools & more" and "Minutes" beside "Documents"."""
    for name, text in (("Tools & more", "Hand tools are lent for 14 days.\n"), ("Minutes", "The board met in May.\n")):
        folder = tmp_path / name
        folder.mkdir()
        (folder / f"{name}.txt").write_text(text)
        forge.corpus.collections.create(name)
        forge.jobs.wait(forge.corpus.index([folder], name), 60)
    qtbot.waitUntil(lambda: len(pane.composer.scope._names) == 3, timeout=10_000)
    return pane.composer.scope


def _ask(qtbot: QtBot, pane: ChatPane, question: str) -> ChatMessage:
    pane.composer.set_text(question)
    qtbot.keyClick(pane.composer.field, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    return _ended(qtbot, pane)


def _ended(qtbot: QtBot, pane: ChatPane) -> ChatMessage:
    qtbot.waitUntil(lambda: pane.talk.writing, timeout=30_000)
    qtbot.waitUntil(lambda: not pane.talk.writing, timeout=30_000)
    answer = pane.talk.last("assistant")
    assert answer is not None
    return answer


def _tick(qtbot: QtBot, chip: ScopeChip, row: int, *, with_mouse: bool = False) -> None:
    """Open the menu and tick its entry `row` (0 is "All documents"); the menu stays open until Escape."""
    menu = chip.menu()
    menu.popup(chip.mapToGlobal(chip.rect().bottomLeft()))
    actions = [action for action in menu.actions() if not action.isSeparator()]
    if with_mouse:
        qtbot.mouseClick(menu, Qt.MouseButton.LeftButton, pos=menu.actionGeometry(actions[row]).center())
    else:
        for _ in range(row + 1):
            qtbot.keyClick(menu, Qt.Key.Key_Down)
        qtbot.keyClick(menu, Qt.Key.Key_Space)
    assert menu.isVisible()
    qtbot.keyClick(menu, Qt.Key.Key_Escape)
    assert not menu.isVisible()


def test_with_one_collection_there_is_nothing_to_choose(pane: ChatPane) -> None:
    assert pane.composer.scope.isHidden()
    assert pane.composer.scope.chosen() == ()


def test_collections_are_ticked_by_mouse_and_keyboard(qtbot: QtBot, chip: ScopeChip, forge: Forge) -> None:
    documents, minutes, tools = forge.corpus.collections.names()
    assert chip.isVisible()
    assert (chip.text(), chip.accessibleName()) == ("All documents", "Where to look: All documents")
    _tick(qtbot, chip, 3)
    assert chip.chosen() == (tools,)
    assert chip.text() == "Tools && more"
    _tick(qtbot, chip, 1, with_mouse=True)
    assert chip.chosen() == (documents, tools)
    assert chip.text() == "Documents +1"
    assert chip.accessibleName() == "Where to look: Documents, Tools & more"
    _tick(qtbot, chip, 3, with_mouse=True)
    assert chip.chosen() == (documents,)
    _tick(qtbot, chip, 0)
    assert chip.chosen() == ()
    assert minutes not in chip.chosen()


def test_the_choice_is_asked_with_and_remembered(qtbot: QtBot, pane: ChatPane, chip: ScopeChip, forge: Forge) -> None:
    tools = forge.corpus.collections.uids(["Tools & more"])
    chip.choose(tools)
    answer = _ask(qtbot, pane, QUESTION)
    assert answer.collections == tools
    assert {Path(source.path).name for source in answer.sources} == {"Tools & more.txt"}
    first = pane.talk.conversation_id
    pane.new_conversation()
    assert chip.chosen() == ()
    pane._open(first)
    qtbot.waitUntil(lambda: chip.chosen() == tools, timeout=10_000)
    forge.corpus.collections.change(tools[0], name="Tools")
    qtbot.waitUntil(lambda: chip.text() == "Tools", timeout=10_000)
    forge.corpus.collections.delete(tools[0])
    qtbot.waitUntil(lambda: chip.chosen() == (), timeout=10_000)
    assert chip.text() == "All documents"


def test_nothing_found_in_a_part_offers_to_search_everywhere(
    qtbot: QtBot, pane: ChatPane, chip: ScopeChip, forge: Forge
) -> None:
    minutes = forge.corpus.collections.uids(["Minutes"])
    chip.choose(minutes)
    pane.composer.set_grounding("documents_only")
    missed = _ask(qtbot, pane, QUESTION)
    bubble = pane.transcript.bubble(missed.id)
    assert isinstance(bubble, AnswerBubble)
    assert "not in “Minutes”" in bubble.view.document().toPlainText()
    (everywhere,) = [
        found for found in bubble.findChildren(QAbstractButton) if found.accessibleName() == "Search everywhere"
    ]
    qtbot.mouseClick(everywhere, Qt.MouseButton.LeftButton)
    found = _ended(qtbot, pane)
    assert found.collections == ()
    assert {Path(source.path).name for source in found.sources} == {"boats.txt"}
    assert (found.sibling, found.siblings) == (2, 2)
    assert chip.chosen() == minutes


def test_an_edited_question_keeps_where_it_was_asked(qtbot: QtBot, pane: ChatPane, chip: ScopeChip) -> None:
    _ask(qtbot, pane, QUESTION)
    pane._on_edit_last()
    assert not chip.isEnabled()
    pane._on_edit_cancelled()
    assert chip.isEnabled()


def test_a_narrow_composer_shows_the_icon(qtbot: QtBot, pane: ChatPane, chip: ScopeChip) -> None:
    pane.composer.setFixedWidth(theme.px(320))
    qtbot.waitUntil(lambda: chip.text() == "")
    assert chip.accessibleName() == "Where to look: All documents"

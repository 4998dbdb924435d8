"""The Markdown source of a card: looking at it changes nothing, and an edit changes no more than what was typed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtGui import QTextCursor
from pytestqt.qtbot import QtBot

from forge_desktop.forge import Forge
from forge_desktop.ui.panes.cards.pane import CardsPane
from forge_desktop.ui.raw_text import carried, shown
from forge_desktop.ui.shell import Shell
from tests.ui.cards import fill_in, open_card, row, settle, type_into

ODD = (
    "\ufeff---\r\nlicense: apache-2.0\r\n---\r\n# A\u00a0name\r\n\r\n"
    "One\u2028two\u2029three\rfour \ufdd0 five\r\n\r\n## Of their own\r\n\r\nKept\u00a0as is.\r\n"
)


@pytest.fixture
def opened(forge: Forge, window: Shell, qtbot: QtBot, tmp_path: Path) -> Callable[[str], CardsPane]:
    """Brings a text in and opens it."""

    def open_text(text: str) -> CardsPane:
        path = tmp_path / "README.md"
        path.write_bytes(text.encode())
        pane = window.visit("cards")
        assert isinstance(pane, CardsPane)
        job = forge.cards.bring_in(path, kind="student")
        open_card(qtbot, pane, forge.jobs.wait(job, timeout=20).uid)
        return pane

    return open_text


def test_looking_at_the_source_writes_nothing(qtbot: QtBot, forge: Forge, opened: Callable[[str], CardsPane]) -> None:
    pane = opened(ODD)
    before, changed = forge.cards.markdown(pane.card_uid()), forge.cards.get(pane.card_uid()).changed
    pane.editor.show_mode("source")
    assert not pane.editor.source.awaits()
    pane.editor.source.flush()
    settle(qtbot, pane)
    assert forge.cards.markdown(pane.card_uid()) == before
    assert forge.cards.get(pane.card_uid()).changed == changed
    assert "draft saved" not in pane.heads.about.whole_text()


def test_an_edit_leaves_the_rest_byte_for_byte(qtbot: QtBot, forge: Forge, opened: Callable[[str], CardsPane]) -> None:
    pane = opened(ODD)
    before = forge.cards.markdown(pane.card_uid())
    pane.editor.show_mode("source")
    text = pane.editor.source.text
    text.moveCursor(QTextCursor.MoveOperation.End)
    text.insertPlainText("More.\nAnd more.")
    settle(qtbot, pane)
    assert forge.cards.markdown(pane.card_uid()) == f"{before}More.\r\nAnd more."
    for _ in range(20):
        if not forge.cards.get(pane.card_uid()).can_undo or forge.cards.markdown(pane.card_uid()) == before:
            break
        pane.editor.step("undo")
        settle(qtbot, pane)
    assert forge.cards.markdown(pane.card_uid()) == before


def test_the_source_of_a_published_card_writes_nothing(qtbot: QtBot, forge: Forge, window: Shell) -> None:
    uid = fill_in(forge)
    forge.cards.set_text(uid, forge.cards.markdown(uid).replace("\n", "\r\n"))
    pane = window.visit("cards")
    assert isinstance(pane, CardsPane)
    open_card(qtbot, pane, uid)
    pane.editor.source.lock(locked=True)
    pane.editor.show_mode("source")
    pane.editor.source.text.setPlainText("Something else")
    assert not pane.editor.source.awaits()
    assert pane.editor.source.take() is None


@pytest.mark.parametrize(
    ("raw", "edited", "made"),
    [
        ("a\r\nb\nc\r\n", "a\nb\nc\n", "a\r\nb\nc\r\n"),
        ("a\r\nb\nc\r\n", "a\nB\nc\n", "a\r\nB\nc\r\n"),
        ("a\r\nb\r\n", "a\nx\nb\n", "a\r\nx\r\nb\r\n"),
        ("a\r\nb\r\n", "ab\n", "ab\r\n"),
        ("a\r\nb", "a\nb\nc", "a\r\nb\r\nc"),
        ("a\r\nb\r\n", "", ""),
        ("", "a\nb", "a\nb"),
        ("a\rb\u2029c", "a\nb\nC", "a\rb\u2029C"),
    ],
)
def test_an_edit_is_carried_back_line_by_line(raw: str, edited: str, made: str) -> None:
    assert carried(raw, edited) == made
    assert shown(made) == edited


def test_a_change_in_the_form_outlives_a_source_that_was_broken_meanwhile(
    qtbot: QtBot, forge: Forge, window: Shell
) -> None:
    uid = fill_in(forge)
    pane = window.visit("cards")
    assert isinstance(pane, CardsPane)
    open_card(qtbot, pane, uid)
    pane.editor.show_mode("both")
    type_into(qtbot, pane, "summary", "Before the break.")
    text = pane.editor.source.text
    good = text.toPlainText()
    text.setPlainText(good.replace("---\n", "---\nlicense: [apache-2.0\n", 1))
    settle(qtbot, pane)
    type_into(qtbot, pane, "summary", "Typed while it was broken.")
    text.setPlainText(good.replace("Weak on tables", "Strong on tables"))
    settle(qtbot, pane)
    fields = forge.cards.get(uid).fields
    assert fields["summary"].shown.data == "Typed while it was broken."
    assert str(fields["limitations"].shown.data).startswith("Strong on tables")
    assert row(pane, "summary").input.value()[0] == "Typed while it was broken."

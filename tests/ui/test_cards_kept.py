"""Nothing that was typed into a card goes without a word: refused, not yet written, published elsewhere, removed."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QDialog
from pytestqt.qtbot import QtBot

from forge_desktop.base.errors import ForgeError
from forge_desktop.forge import Forge
from forge_desktop.ui.panes.cards.pane import CardsPane
from forge_desktop.ui.panes.cards.remove_sheet import RemoveSheet
from forge_desktop.ui.panes.cards.sheets_fill import FillSheet
from forge_desktop.ui.panes.cards.sheets_publish import PublishSheet
from forge_desktop.ui.shell import Shell
from tests.cards.completing import complete
from tests.ui.cards import MEASURED, fill_in, measure, open_card, open_in, row, settle, type_into


@pytest.fixture
def uid(forge: Forge) -> str:
    return fill_in(forge)


@pytest.fixture
def opened(uid: str, window: Shell, qtbot: QtBot) -> CardsPane:
    return open_in(qtbot, window, uid)


def sheets(pane: CardsPane, kind: type[QDialog]) -> list[QDialog]:
    return [found for found in pane.window().findChildren(kind) if found.isVisible()]


def test_check_and_publish_name_what_is_refused(qtbot: QtBot, forge: Forge, opened: CardsPane, uid: str) -> None:
    complete(forge, uid)
    settle(qtbot, opened)
    type_into(qtbot, opened, "contact", "not-an-address")
    opened.editor.publish.click()
    qtbot.waitUntil(opened.banner.isVisible)
    assert "not published: Contact" in opened.banner.accessibleName()
    assert not sheets(opened, PublishSheet)
    opened.banner.clear()
    opened.heads.check.click()
    qtbot.waitUntil(opened.banner.isVisible)
    assert "Contact is neither" in opened.banner.accessibleName()
    opened.banner.acted.emit()
    assert row(opened, "contact").input.isAncestorOf(QApplication.focusWidget())
    type_into(qtbot, opened, "contact", "a@example.org")
    opened.editor.publish.click()
    qtbot.waitUntil(lambda: bool(sheets(opened, PublishSheet)))


def test_closing_asks_also_for_what_was_typed_a_moment_ago(qtbot: QtBot, opened: CardsPane) -> None:
    opened.editor.go_to("contact")
    line = row(opened, "contact").input.parts()[0]
    line.selectAll()  # type: ignore[attr-defined]
    qtbot.keyClicks(line, "nobody")
    assert opened.desk.busy()
    assert "Contact" in opened.unfinished()
    line.selectAll()  # type: ignore[attr-defined]
    qtbot.keyClicks(line, "a@example.org")
    assert not opened.unfinished()
    settle(qtbot, opened)


def test_words_typed_into_a_card_that_was_published_elsewhere_stay_and_are_named(
    qtbot: QtBot, forge: Forge, opened: CardsPane, uid: str
) -> None:
    complete(forge, uid)
    settle(qtbot, opened)
    opened.editor.go_to("summary")
    line = row(opened, "summary").input.parts()[0]
    line.selectAll()  # type: ignore[attr-defined]
    qtbot.keyClicks(line, "Typed too late.")
    forge.cards.history.publish(uid, who="somebody", note="")
    settle(qtbot, opened)
    qtbot.waitUntil(opened.banner.isVisible)
    assert "is published" in opened.banner.accessibleName()
    assert row(opened, "summary").input.value()[0] == "Typed too late."
    assert "is published" in row(opened, "summary").said()[0]
    assert "draft saved" not in opened.heads.about.whole_text()
    assert "Summary" in opened.unfinished()


def test_a_stale_value_is_filled_in_from_where_it_stands(
    qtbot: QtBot, forge: Forge, opened: CardsPane, uid: str
) -> None:
    measure(forge, uid, {"file_bytes": MEASURED["file_bytes"]}, rests_on={"file": "0" * 64}, source="file")
    open_card(qtbot, opened, uid)
    size = row(opened, "file_bytes")
    assert any(words.startswith("Stale") for words in size.said())
    assert size.buttons()["fill"].accessibleName() == "File size: Fill in again"
    size.buttons()["fill"].click()
    qtbot.waitUntil(lambda: bool(sheets(opened, FillSheet)))
    qtbot.waitUntil(lambda: not any(words.startswith("Stale") for words in size.said()), timeout=20_000)


def test_a_banner_goes_with_what_it_says(qtbot: QtBot, forge: Forge, opened: CardsPane, uid: str) -> None:
    made = forge.cards.new("student", "About nothing")
    open_card(qtbot, opened, made.uid)
    while opened.editor.undo.isEnabled():
        opened.editor.undo.click()
        settle(qtbot, opened)

    def fails() -> None:
        opened.desk.step("undo")
        qtbot.waitUntil(lambda: opened.banner.isVisible() and "can be taken back" in opened.banner.accessibleName())

    fails()
    type_into(qtbot, opened, "contact", "bad")  # nothing is done with it
    assert opened.banner.isVisible()
    type_into(qtbot, opened, "contact", "a@example.org")
    assert not opened.banner.isVisible()
    opened.editor.undo.click()
    settle(qtbot, opened)
    fails()
    opened.show_list()
    assert not opened.banner.isVisible()
    complete(forge, uid)
    open_card(qtbot, opened, uid)
    forge.cards.history.publish(uid, who="somebody", note="")
    opened.desk.type_field("summary", "Typed too late.", "")
    opened.desk.flush()
    qtbot.waitUntil(lambda: opened.banner.isVisible() and "is published" in opened.banner.accessibleName())
    settle(qtbot, opened)
    opened.editor.reopen.click()
    settle(qtbot, opened)
    assert not opened.banner.isVisible()
    assert forge.cards.get(uid).fields["summary"].shown.data == "Typed too late."  # type: ignore[union-attr]


def test_a_card_is_removed_only_after_a_question(qtbot: QtBot, forge: Forge, opened: CardsPane) -> None:
    made = forge.cards.new("teacher", "A teacher from elsewhere")
    open_card(qtbot, opened, made.uid)
    for agrees in (False, True):
        opened.actions_of.remove(made)
        qtbot.waitUntil(lambda: bool(sheets(opened, RemoveSheet)))
        asked = sheets(opened, RemoveSheet)[-1]
        assert isinstance(asked, RemoveSheet)
        if not agrees:
            asked.reject()
            assert forge.cards.get(made.uid).name == made.name
            qtbot.waitUntil(lambda: not sheets(opened, RemoveSheet))
        else:
            asked.remove.click()
    qtbot.waitUntil(lambda: opened.card() is None)
    with pytest.raises(ForgeError):
        forge.cards.get(made.uid)


def test_files_that_come_in_together_are_told_of_together(
    qtbot: QtBot, forge: Forge, opened: CardsPane, uid: str, tmp_path: Path
) -> None:
    paths = []
    for number in range(3):
        paths.append(tmp_path / f"good-{number}.md")
        paths[-1].write_text(f"---\nlicense: mit\n---\n# card {number}\n")
    for number in range(2):
        paths.append(tmp_path / f"bad-{number}.json")
        paths[-1].write_text("[]")
    opened.actions_of.bring_in_paths(paths)
    qtbot.waitUntil(opened.banner.isVisible, timeout=20_000)
    said = opened.banner.accessibleName()
    assert "3 cards are imported, 2 files could not be imported." in said
    assert "bad-0.json" in said
    assert "bad-1.json" in said
    assert opened.card_uid() == uid, "the card that is being typed stays"
    opened.actions_of.bring_in_paths(paths[:1])
    qtbot.waitUntil(lambda: "card 0 (2) is imported" in opened.banner.accessibleName(), timeout=20_000)
    assert opened.card_uid() == uid


def test_the_keys_of_the_editor_work_from_the_head_too(qtbot: QtBot, window: Shell, opened: CardsPane) -> None:
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    opened.heads.copy.setFocus(Qt.FocusReason.TabFocusReason)
    qtbot.keyClick(opened.heads.copy, Qt.Key.Key_2, Qt.KeyboardModifier.AltModifier)
    assert opened.editor.modes.key() == "source"
    opened.heads.copy.setFocus(Qt.FocusReason.TabFocusReason)
    qtbot.keyClick(opened.heads.copy, Qt.Key.Key_Left, Qt.KeyboardModifier.AltModifier)
    assert opened.card() is None

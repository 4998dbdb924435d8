"""The sheets of the Cards pane as a person meets them: fill, privacy, history, publish, export, import, new card."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pypdfium2 as pdfium
import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent
from PySide6.QtWidgets import QAbstractButton, QDialog, QLabel, QStyle, QStyleOptionComboBox, QWidget
from pytestqt.qtbot import QtBot

from forge_desktop.base.events import Event, JobChanged
from forge_desktop.base.jobs import JobContext
from forge_desktop.cards.records import Card, CardVersion, Change, Filled
from forge_desktop.forge import Forge
from forge_desktop.ui.panes.cards.pane import CardsPane
from forge_desktop.ui.panes.cards.sheets_export import ExportSheet
from forge_desktop.ui.panes.cards.sheets_fill import FillSheet
from forge_desktop.ui.panes.cards.sheets_history import HistorySheet
from forge_desktop.ui.panes.cards.sheets_import import ImportSheet
from forge_desktop.ui.panes.cards.sheets_new import NewCardSheet
from forge_desktop.ui.panes.cards.sheets_privacy import PrivacySheet
from forge_desktop.ui.panes.cards.sheets_publish import PublishSheet
from forge_desktop.ui.shell import Shell
from forge_desktop.ui.widgets.basics import Pill, Toast
from forge_desktop.ui.widgets.diff_view import DiffView
from tests.cards.completing import complete
from tests.ui.cards import fill_in
from tests.ui.test_students_sections import cut, nameless

SOON = 20_000
SECRET = "/home/ada/Accounts/salaries-2026.ods"


@pytest.fixture
def uid(forge: Forge) -> str:
    return fill_in(forge)


@pytest.fixture
def pane(uid: str, window: Shell) -> CardsPane:
    made = window.visit("cards")
    assert isinstance(made, CardsPane)
    return made


@pytest.fixture
def card(forge: Forge, pane: CardsPane, uid: str) -> Callable[[], Card]:
    return lambda: forge.cards.get(uid)


def press(qtbot: QtBot, place: QWidget, words: str) -> None:
    def found() -> QAbstractButton | None:
        buttons = place.findChildren(QAbstractButton)
        return next((b for b in buttons if words in (b.text(), b.accessibleName()) and b.isVisible()), None)

    qtbot.waitUntil(lambda: (button := found()) is not None and button.isEnabled(), timeout=SOON)
    button = found()
    assert button is not None
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def said(place: QWidget) -> str:
    return "\n".join(found.text() for found in place.findChildren(QLabel) if not found.isHidden())


def sheet(qtbot: QtBot, pane: QWidget, kind: type[QDialog]) -> Any:
    def open_now() -> list[QDialog]:
        return [found for found in pane.window().findChildren(kind) if found.isVisible()]

    qtbot.waitUntil(lambda: bool(open_now()), timeout=SOON)
    qtbot.waitExposed(open_now()[-1])
    return open_now()[-1]


def fine(qtbot: QtBot, place: QWidget) -> None:
    assert not nameless(place)
    qtbot.waitUntil(lambda: not cut(place), timeout=SOON)


def test_one_click_fills_and_says_what_changed_and_what_not(
    qtbot: QtBot, forge: Forge, pane: CardsPane, card: Callable[[], Card]
) -> None:
    pane.actions_of.fill(card())
    found = sheet(qtbot, pane, FillSheet)
    qtbot.waitUntil(lambda: "changed, in" in said(found), timeout=SOON)
    assert found.measure.isVisible()
    assert not found.progress.isVisible()
    fine(qtbot, found)
    assert card().fields["contact"].shown.data == "owner@example.org", "what a person wrote stays"
    press(qtbot, found, "Close")
    qtbot.waitUntil(lambda: not pane.actions_of.progress.isVisible())


def test_a_fill_says_each_reason_once_and_of_an_orphan_only_that_it_is_one(
    qtbot: QtBot, pane: CardsPane, card: Callable[[], Card]
) -> None:
    found = FillSheet(card(), pane)
    rows = [[{"dataset": "poems", "value": value}, {"value": 1}] for value in (0.4, 0.5)]
    change = Change("evaluation", *rows, what="Evaluation results: 1 of 2 rows changed (value)")
    skipped = (("hyperparameters", "It was not trained here."), ("training_time", "It was not trained here."))
    found.show_filled(Filled("", (change,), skipped, 0.1), measured=True)
    assert "Evaluation results: 1 of 2 rows changed (value)" in said(found)
    assert "It was 2 rows" not in said(found)
    assert "Hyperparameters, Training time\nIt was not trained here." in said(found)
    found.show_filled(Filled("", (), (("subject", "It is not on this computer."),), 0.1), measured=False)
    assert "It is not on this computer." in said(found)
    assert "subject" not in said(found)
    assert "was in the card already" not in said(found)
    stale = (
        ("evaluation", "The suite changed. Run the gate again."),
        ("context", "The suite changed. Run the gate again."),
    )
    found.show_filled(Filled("", (), (), 0.1, stale), measured=False)
    assert "Evaluation results, Context length\nThe suite changed. Run the gate again." in said(found)
    assert "still so" not in said(found)
    found.close()


@pytest.mark.full
def test_measuring_is_offered_and_fills_the_speeds(
    qtbot: QtBot, forge: Forge, pane: CardsPane, card: Callable[[], Card]
) -> None:
    pane.actions_of.fill(card())
    found = sheet(qtbot, pane, FillSheet)
    press(qtbot, found, "Measure and fill in")
    qtbot.waitUntil(found.progress.isVisible, timeout=SOON)
    qtbot.waitUntil(lambda: "Writing an answer" in said(found), timeout=600_000)
    measured = card().fields["generation_speed"].measured
    assert measured is not None
    assert measured.source == "measurement"
    assert not found.measure.isVisible()


def test_a_fill_of_a_locked_card_says_why_not(
    qtbot: QtBot, forge: Forge, pane: CardsPane, card: Callable[[], Card], uid: str
) -> None:
    complete(forge, uid)
    forge.cards.history.publish(uid)
    pane.actions_of.fill(card())
    found = sheet(qtbot, pane, FillSheet)
    qtbot.waitUntil(found.banner.isVisible, timeout=SOON)
    assert "published" in said(found.banner)


def test_what_is_private_is_hidden_until_it_is_revealed_one_by_one(
    qtbot: QtBot, forge: Forge, pane: CardsPane, card: Callable[[], Card], uid: str
) -> None:
    forge.cards.set(uid, "limitations", f"Never saw {SECRET}. Ask ada@example.com.")
    pane.actions_of.privacy(card())
    found = sheet(qtbot, pane, PrivacySheet)
    qtbot.waitUntil(lambda: SECRET in said(found).replace("\u200b", ""), timeout=SOON)
    assert "Known limitations" in said(found)
    assert {pill.text() for pill in found.findChildren(Pill)} == {"Hidden"}
    fine(qtbot, found)
    assert SECRET not in forge.cards.markdown(uid, revealed=False)
    path = next(leak for leak in forge.cards.privacy.scan(card()) if leak.kind == "path")
    press(qtbot, found, f"Reveal in exports: {path.hidden}, Known limitations")
    qtbot.waitUntil(
        lambda: "Shown" in {pill.text() for pill in found.findChildren(Pill) if pill.isVisible()}, timeout=SOON
    )
    assert SECRET in forge.cards.markdown(uid, revealed=False)
    press(qtbot, found, f"Hide in exports: {path.hidden}, Known limitations")
    qtbot.waitUntil(lambda: SECRET not in forge.cards.markdown(uid, revealed=False), timeout=SOON)
    press(qtbot, found, "Look again")
    qtbot.waitUntil(found.scan.isEnabled, timeout=SOON)


def test_the_check_list_leads_to_what_is_missing(qtbot: QtBot, forge: Forge, pane: CardsPane) -> None:
    made = forge.cards.new("teacher", "a teacher from afar")
    pane.actions_of.publish(made)
    found = sheet(qtbot, pane, PublishSheet)
    assert not found.publish.isEnabled()
    assert "It is required and empty." in said(found)
    assert "A published card is a numbered version" in said(found)
    fine(qtbot, found)
    with qtbot.waitSignal(pane.actions_of.field_wanted, timeout=SOON) as asked:
        press(qtbot, found, "Go to Intended use")
    assert asked.args == [made.uid, "intended_use"]
    qtbot.waitUntil(lambda: pane.card_uid() == made.uid, timeout=SOON)


def test_publishing_locks_and_history_shows_compares_and_restores(
    qtbot: QtBot, forge: Forge, pane: CardsPane, card: Callable[[], Card], uid: str
) -> None:
    complete(forge, uid)
    pane.actions_of.publish(card())
    found = sheet(qtbot, pane, PublishSheet)
    assert found.publish.isEnabled()
    found.note.setText("The first one")
    press(qtbot, found, "Publish and lock")
    qtbot.waitUntil(lambda: card().state == "published", timeout=SOON)
    qtbot.waitUntil(lambda: not pane.actions_of.shows(found), timeout=SOON)
    pane.actions_of.publish(card())
    found = sheet(qtbot, pane, PublishSheet)
    assert "published and locked" in said(found)
    press(qtbot, found, "Begin a new draft")
    qtbot.waitUntil(lambda: card().state == "draft", timeout=SOON)
    qtbot.waitUntil(lambda: not pane.actions_of.shows(found), timeout=SOON)
    forge.cards.set(uid, "intended_use", "Answers questions over the owner's own policies, without citations.")
    pane.actions_of.history(card())
    found = sheet(qtbot, pane, HistorySheet)
    qtbot.waitUntil(lambda: bool(found.findChildren(DiffView)), timeout=SOON)
    assert "The first one" in found.list.item(0).text()
    assert "published" in found.list.item(0).text()
    assert "without citations" in found.findChild(DiffView).toPlainText()
    fine(qtbot, found)
    assert found.restore.text() == f"Restore version {forge.cards.history.versions(uid)[0].number}"
    press(qtbot, found, found.restore.text())
    qtbot.waitUntil(lambda: "Not for legal" in str(card().fields["intended_use"].shown.data), timeout=SOON)
    qtbot.waitUntil(lambda: not pane.actions_of.shows(found), timeout=SOON)


def test_every_form_is_exported_hidden_and_never_over_what_is_there(
    qtbot: QtBot, forge: Forge, pane: CardsPane, card: Callable[[], Card], uid: str, tmp_path: Path
) -> None:
    forge.cards.set(uid, "limitations", f"Never saw {SECRET}.")
    target = tmp_path / "out" / "card"
    pane.actions_of.export(card())
    found = sheet(qtbot, pane, ExportSheet)
    qtbot.waitUntil(lambda: "Will be hidden: 1 path" in said(found), timeout=SOON)
    fine(qtbot, found)
    found.target.setText(str(target))
    for box in found.forms.values():
        box.setChecked(True)
    press(qtbot, found, "Export")
    qtbot.waitUntil(found.open_folder.isVisible, timeout=SOON)
    names = {file.name for file in target.iterdir()}
    assert {"README.md", "card.html", "card.pdf", "card.json", "card.cdx.json", "card.spdx.json"} <= names
    assert "1 private finding hidden" in said(found)
    fine(qtbot, found)
    text = "".join(page.get_textpage().get_text_range() for page in pdfium.PdfDocument(target / "card.pdf"))
    assert "forge-v12" in text
    for file in target.rglob("*"):
        if file.is_file() and file.suffix != ".pdf":
            assert SECRET not in file.read_text()
    assert "salaries" not in text
    assert json.loads((target / "card.cdx.json").read_text())["specVersion"] == "1.7"
    press(qtbot, found, "Close")

    before = (target / "README.md").read_bytes(), (target / "card.pdf").stat().st_mtime_ns
    forge.cards.set(uid, "summary", "Something else.")
    pane.actions_of.export(card())
    found = sheet(qtbot, pane, ExportSheet)
    found.target.setText(str(target))
    found.forms["pdf"].setChecked(True)
    press(qtbot, found, "Export")
    qtbot.waitUntil(found.banner.isVisible, timeout=SOON)
    assert "there already" in said(found.banner)
    assert ((target / "README.md").read_bytes(), (target / "card.pdf").stat().st_mtime_ns) == before
    found.replace.setChecked(True)
    press(qtbot, found, "Export")
    qtbot.waitUntil(found.open_folder.isVisible, timeout=SOON)
    assert "Something else." in (target / "README.md").read_text()
    assert (target / "card.pdf").stat().st_mtime_ns > before[1]


def test_an_export_that_is_cancelled_leaves_nothing_and_says_so(
    qtbot: QtBot, forge: Forge, pane: CardsPane, card: Callable[[], Card], tmp_path: Path
) -> None:
    def at_the_pdf(event: Event) -> None:
        if isinstance(event, JobChanged) and event.kind == "card export" and event.note == "PDF":
            forge.jobs.cancel(event.job_id)

    stop = forge.events.subscribe(at_the_pdf)
    target = tmp_path / "cancelled" / "card"
    pane.actions_of.export(card())
    found = sheet(qtbot, pane, ExportSheet)
    found.target.setText(str(target))
    found.forms["pdf"].setChecked(True)
    press(qtbot, found, "Export")
    qtbot.waitUntil(found.banner.isVisible, timeout=SOON)
    stop()
    assert "cancelled" in said(found.banner)
    assert not target.parent.exists()
    press(qtbot, found, "Export")
    qtbot.waitUntil(found.open_folder.isVisible, timeout=SOON)
    assert {"README.md", "card.pdf"} <= {file.name for file in target.iterdir()}


def test_privacy_stands_over_the_export_and_is_heeded_at_once(
    qtbot: QtBot, forge: Forge, pane: CardsPane, card: Callable[[], Card], uid: str
) -> None:
    forge.cards.set(uid, "limitations", f"Never saw {SECRET}.")
    pane.actions_of.export(card())
    found = sheet(qtbot, pane, ExportSheet)
    qtbot.waitUntil(lambda: "Will be hidden: 1 path" in said(found), timeout=SOON)
    press(qtbot, found, "Look at what is private")
    over = sheet(qtbot, pane, PrivacySheet)
    qtbot.waitUntil(lambda: any(b.text() == "Reveal" for b in over.findChildren(QAbstractButton)), timeout=SOON)
    press(qtbot, over, "Reveal")
    qtbot.waitUntil(lambda: any(b.text() == "Hide" for b in over.findChildren(QAbstractButton)), timeout=SOON)
    press(qtbot, over, "Close")
    qtbot.waitUntil(lambda: "1 finding will be shown" in said(found), timeout=SOON)


def test_a_card_is_dropped_on_the_pane(qtbot: QtBot, forge: Forge, pane: CardsPane, tmp_path: Path) -> None:
    file = tmp_path / "README.md"
    file.write_text("---\nlicense: mit\ntags: [one]\nown_key: kept\n---\n# acme-3b\n\n## Uses\n\nFor tests.\n")
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(file))])
    drop = QDropEvent(
        QPointF(QPoint(50, 50)),
        Qt.DropAction.CopyAction,
        mime,
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )
    pane.dropEvent(drop)
    qtbot.waitUntil(lambda: (now := pane.card()) is not None and bool(now.orphan), timeout=SOON)
    shown = pane.card()
    assert shown is not None
    assert "own_key: kept" in shown.document
    assert shown.fields["licence"].shown.data == "MIT"


def test_a_broken_file_keeps_its_text_and_says_where(
    qtbot: QtBot, forge: Forge, pane: CardsPane, tmp_path: Path
) -> None:
    file = tmp_path / "README.md"
    file.write_text("---\nlicense: mit\ntags: [one\nname: x\n---\n# broken\n")
    pane.actions_of.bring_in()
    found = sheet(qtbot, pane, ImportSheet)
    fine(qtbot, found)
    found._take(file)
    qtbot.waitUntil(pane.banner.isVisible, timeout=SOON)
    words = said(pane.banner)
    assert "cannot be read as a card yet" in words
    assert "ine " in words
    assert "column" in words
    assert "Its text is kept" in words
    qtbot.waitUntil(lambda: (now := pane.card()) is not None and now.broken is not None, timeout=SOON)
    shown = pane.card()
    assert shown is not None
    assert shown.broken == file.read_text()


def test_what_an_import_could_not_take_is_said(qtbot: QtBot, pane: CardsPane, tmp_path: Path) -> None:
    file = tmp_path / "README.md"
    file.write_text("---\nlicense: Apache 2.0\n---\n# Theirs\n")
    pane.actions_of.bring_in_paths([file])
    qtbot.waitUntil(pane.banner.isVisible, timeout=SOON)
    assert "Licence 'Apache 2.0'" in said(pane.banner)
    assert "stays in the text" in said(pane.banner)


def test_a_new_card_is_about_nothing_that_is_here(qtbot: QtBot, forge: Forge, pane: CardsPane) -> None:
    pane.actions_of.new_card()
    found = sheet(qtbot, pane, NewCardSheet)
    fine(qtbot, found)
    assert not found.make.isEnabled()
    found.kind.show_value("teacher")
    qtbot.keyClicks(found.name, "a teacher from afar")
    qtbot.keyClick(found, Qt.Key.Key_Escape)
    assert found.isVisible(), "what was typed is not thrown away unasked"
    press(qtbot, found, "Make the card")
    qtbot.waitUntil(lambda: (now := pane.card()) is not None and now.name == "a teacher from afar", timeout=SOON)
    shown = pane.card()
    assert shown is not None
    assert shown.kind == "teacher"
    assert shown.orphan


def test_a_new_card_is_explained_in_full_however_many_lines_that_takes(qtbot: QtBot, pane: CardsPane) -> None:
    pane.actions_of.new_card()
    found = sheet(qtbot, pane, NewCardSheet)
    about = next(words for words in found.findChildren(QLabel) if words.text().startswith("Versions and endpoints"))
    about.setText(f"{about.text()} {about.text()}")  # as many lines as larger letters make of it
    fine(qtbot, found)
    found.reject()


def test_the_history_names_whole_versions_and_says_what_of_the_rows_changed(
    qtbot: QtBot, window: Shell, card: Callable[[], Card]
) -> None:
    found = HistorySheet(card(), [CardVersion("c", 1, "0" * 64, True, "ada", "", time.time() - 300)], window)
    qtbot.addWidget(found)
    found.show()
    found.show_first()
    rows = [{"value": 1}, {"value": 2}]
    what = "Evaluation results: 1 of 2 rows changed (value)"
    found.show_changes([Change("evaluation", rows, [{"value": 1}, {"value": 3}], what=what)])
    assert "1 of 2 rows changed (value)" in said(found).split("\n")
    shown = QStyleOptionComboBox()
    found.older.initStyleOption(shown)
    part = QStyle.SubControl.SC_ComboBoxEditField
    room = found.older.style().subControlRect(QStyle.ComplexControl.CC_ComboBox, shown, part, found.older)
    assert found.older.fontMetrics().horizontalAdvance(found.older.currentText()) <= room.width() - 4
    found.reject()


def test_only_one_sheet_is_open(qtbot: QtBot, pane: CardsPane, card: Callable[[], Card]) -> None:
    pane.actions_of.export(card())
    found = sheet(qtbot, pane, ExportSheet)
    pane.actions_of.new_card()
    assert pane.window().findChild(NewCardSheet) is None or not pane.window().findChild(NewCardSheet).isVisible()
    assert found.isVisible()
    assert not pane.window().findChild(Toast).isVisible()


def test_a_job_that_says_nothing_more_is_seen_and_cancelled(
    qtbot: QtBot, forge: Forge, pane: CardsPane, card: Callable[[], Card]
) -> None:
    ended: list[object] = []

    def waits(ctx: JobContext) -> None:
        while True:
            ctx.wait(60)

    actions = pane.actions_of
    actions.start(lambda: forge.jobs.start("cards", "card import", waits), "Importing", ended.append, ended.append)
    qtbot.waitUntil(actions.progress.isVisible, timeout=SOON)
    press(qtbot, actions.progress, "Cancel")
    qtbot.waitUntil(lambda: ended == [None], timeout=SOON)
    assert not actions.progress.isVisible()


def test_a_long_note_leaves_every_version_in_sight(qtbot: QtBot, window: Shell, card: Callable[[], Card]) -> None:
    versions = [CardVersion("c", n, "0" * 64, n == 2, "ada", "a word and " * 30 * (3 - n), 1.79e9) for n in (1, 2)]
    found = HistorySheet(card(), versions, window)
    qtbot.addWidget(found)
    found.show()
    found.show_first()
    assert not found.list.horizontalScrollBar().isVisible()
    last = found.list.visualItemRect(found.list.item(1))
    assert last.bottom() < found.list.viewport().height()
    assert versions[1].note in found._note.text().replace("\u200b", "")
    fine(qtbot, found)
    found.reject()


def test_a_sheet_says_what_was_refused(qtbot: QtBot, window: Shell, card: Callable[[], Card]) -> None:
    found = ExportSheet(card(), Path("relative/dir"), window)
    qtbot.addWidget(found)
    found.show()
    found.start.click()
    assert "Which folder is meant" in said(found.banner)
    assert "forge-desktop" not in said(found.banner)
    found.reject()

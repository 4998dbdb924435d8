"""The library in the Students pane: searching the hub, downloading, looking through folders, dropping files."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDesktopServices, QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QDialog, QLabel, QLineEdit, QWidget
from pytestqt.qtbot import QtBot

from forge_desktop.forge import Forge
from forge_desktop.ui.panes.students import StudentsPane
from forge_desktop.ui.panes.students.library import LibraryPanel
from forge_desktop.ui.panes.students.library_scan import ScanDialog
from forge_desktop.ui.panes.students.library_sheet import LibrarySheet
from forge_desktop.ui.shell import Shell
from forge_desktop.ui.widgets.basics import Banner, Button, Toast
from forge_desktop.ui.widgets.words import size_words
from tests.data import tiny_gguf
from tests.providers.hub_server import Fault, HubServer

SOON = 20_000
NAME = "owner/Tiny-GGUF"
USUAL, LARGE = "Tiny.Q4_K_M.gguf", "Tiny.Q8_0.gguf"


@pytest.fixture(scope="module")
def body(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A tiny student's file."""
    return tiny_gguf.write(tmp_path_factory.mktemp("hub") / "tiny.gguf", layers=3).read_bytes()


@pytest.fixture
def hub(forge: Forge, body: bytes) -> Iterator[HubServer]:
    """A hub with two repositories, one of them gated."""
    with HubServer(token="hf_abcdefghijklmnop") as made:
        made.add(NAME, {LARGE: body + b"\0", USUAL: body, "mmproj-F16.gguf": b"x"})
        made.add("owner/Closed-GGUF", {USUAL: body}, gated="manual", downloads=1)
        forge.settings.change(hub_address=made.url)
        yield made


@pytest.fixture
def pane(window: Shell) -> StudentsPane:
    """The pane in its window."""
    made = window.visit("students")
    assert isinstance(made, StudentsPane)
    return made


@pytest.fixture
def library(pane: StudentsPane) -> LibraryPanel:
    """Its library."""
    pane.show_section("bases")
    return pane.bases.library


@pytest.fixture
def sheet(hub: HubServer, library: LibraryPanel, qtbot: QtBot) -> LibrarySheet:
    """The sheet, with what a search found."""
    made = library.get_base()
    assert hub.seen == []  # nothing is asked before somebody asks
    qtbot.keyClicks(made.field, "gguf")
    qtbot.keyClick(made.field, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: made.models.rows.rowCount() == 2, timeout=SOON)
    return made


def shown(widget: QWidget) -> str:
    """Every visible word."""
    return "\n".join(found.text() for found in widget.findChildren(QLabel) if found.isVisible())


def press(qtbot: QtBot, widget: QWidget, words: str) -> None:
    """Press the visible button of these words."""
    found = next(each for each in widget.findChildren(Button) if each.text() == words and each.isVisible())
    qtbot.mouseClick(found, Qt.MouseButton.LeftButton)


def choose(qtbot: QtBot, sheet: LibrarySheet, row: int, name: str) -> None:
    """Choose a repository and wait for its files."""
    sheet.models.select_id(row)
    qtbot.waitUntil(lambda: name in shown(sheet.repository), timeout=SOON)


def cells(sheet: LibrarySheet) -> list[list[str]]:
    """The words of the table of files."""
    model = sheet.repository.files.rows
    return [
        [str(model.index(row, column).data()) for column in range(model.columnCount())]
        for row in range(model.rowCount())
    ]


def test_a_base_is_searched_for_looked_at_and_downloaded(
    qtbot: QtBot, pane: StudentsPane, sheet: LibrarySheet, hub: HubServer, body: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "2 repositories" in sheet.count.text()
    choose(qtbot, sheet, 0, "Tiny-GGUF")
    words = shown(sheet)
    assert "llama · 135 M · 2,048 tokens" in words
    rows = cells(sheet)
    assert [row[0] for row in rows] == [USUAL, LARGE, "mmproj-F16.gguf"]
    assert [row[3] for row in rows] == ["Fits", "Fits", "Not usable"]
    assert [row[4] for row in rows] == ["—", "—", "It reads pictures for another model and cannot chat."]
    assert not sheet.repository.files.isColumnHidden(1)  # the reasons leave room for the quantisation
    assert sheet.repository.chosen().file.name == USUAL  # the usual one, not the largest
    assert "It needs about" in sheet.repository.sentence.text()
    assert "trained for 512 tokens" in sheet.repository.sentence.text()
    opened: list[str] = []
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda url: opened.append(url.toString()))
    assert sheet.repository.licence.text() == "Licence: apache-2.0"
    press(qtbot, sheet, "Licence: apache-2.0")
    press(qtbot, sheet, "Its page")
    assert opened == [f"{hub.url}/{NAME}"] * 2
    sheet.repository.files.select_id(2)
    assert not sheet.repository.download.isEnabled()
    assert "pictures" in sheet.repository.sentence.text()
    sheet.repository.files.select_id(0)
    press(qtbot, sheet, "Download")
    qtbot.waitUntil(lambda: len(pane.forge.students.list()) == 2, timeout=SOON)
    qtbot.waitUntil(lambda: cells(sheet)[0][4] == "Here", timeout=SOON)
    sheet.repository.files.select_id(0)
    assert not sheet.repository.download.isEnabled()
    assert "already" in sheet.repository.sentence.text()
    assert (pane.forge.data_dir / "models" / USUAL).read_bytes() == body


def test_a_download_is_paused_closed_over_and_gone_on_with(
    qtbot: QtBot, pane: StudentsPane, library: LibraryPanel, hub: HubServer, body: bytes
) -> None:
    assert library.isHidden()
    have = len(body) // 2
    part = pane.forge.data_dir / "models" / ".partial" / f"{hashlib.sha256(body).hexdigest()}.part"
    hub.next("cdn", Fault(), Fault(hang=have))
    library.downloading.start(NAME, USUAL)
    qtbot.waitUntil(lambda: part.exists() and part.stat().st_size == have, timeout=SOON)
    qtbot.waitUntil(lambda: f"Downloading {USUAL}" in shown(library), timeout=SOON)
    qtbot.waitUntil(lambda: f"{size_words(have)} of {size_words(len(body))}" in shown(library), timeout=SOON)
    press(qtbot, library, "Pause")
    qtbot.waitUntil(lambda: "Paused" in shown(library), timeout=SOON)
    press(qtbot, library, "Cancel")
    qtbot.waitUntil(lambda: "Unfinished" in shown(library), timeout=SOON)
    assert f"{size_words(have)} of {size_words(len(body))} are here" in shown(library)
    press(qtbot, library, "Go on")
    qtbot.waitUntil(lambda: len(pane.forge.students.list()) == 2, timeout=SOON)
    qtbot.waitUntil(library.isHidden, timeout=SOON)
    assert hub.seen[-1].headers["range"] == f"bytes={have}-"


def test_an_unfinished_download_of_an_earlier_run_is_offered(
    qtbot: QtBot, forge: Forge, hub: HubServer, open_window: Callable[[], Shell]
) -> None:
    hub.next("cdn", Fault(), Fault(hang=1000))
    job = forge.students.library.download(NAME, USUAL)
    assert hub.wait_for(lambda: [one.done for one in forge.students.library.unfinished()] == [1000])
    forge.jobs.cancel(job)
    qtbot.waitUntil(lambda: job not in forge.jobs.running(), timeout=SOON)
    window = open_window()
    toast = window.findChild(Toast)
    qtbot.waitUntil(lambda: toast.isVisible() and "is unfinished" in toast.accessibleName(), timeout=SOON)
    toast.undo()  # its button says "Show"
    pane = window.visit("students")
    assert isinstance(pane, StudentsPane)
    assert pane.section() == "bases"
    library = pane.bases.library
    qtbot.waitUntil(lambda: "Unfinished" in shown(library), timeout=SOON)
    press(qtbot, library, "Remove")
    qtbot.waitUntil(library.isHidden, timeout=SOON)
    assert forge.students.library.unfinished() == ()


def test_what_goes_wrong_is_said_where_it_was_asked(
    qtbot: QtBot, sheet: LibrarySheet, library: LibraryPanel, hub: HubServer
) -> None:
    choose(qtbot, sheet, 0, "Tiny-GGUF")
    hub.next("api", Fault(status=503))
    sheet.look_for("x")
    qtbot.waitUntil(lambda: "trouble of its own" in shown(sheet.banner), timeout=SOON)
    hub.next("cdn", Fault(), Fault(wrong=True))
    library.downloading.start(NAME, USUAL)
    qtbot.waitUntil(lambda: "checksum" in shown(sheet.banner), timeout=SOON)
    assert "checksum" in library.banner.accessibleName()
    hub.next("api", Fault(status=200, body=b'[{"id": 5}, {"id": "owner/Good-GGUF", "lastModified": "yesterday"}]'))
    sheet.look_for("odd")
    qtbot.waitUntil(lambda: "1 entry without a name left out" in sheet.count.text(), timeout=SOON)
    assert sheet.count.text().startswith("1 repository,")
    sheet.look_for("nothing of the kind")
    qtbot.waitUntil(lambda: "Nothing was found" in sheet.count.text(), timeout=SOON)


def test_a_gated_repository_asks_for_a_token(qtbot: QtBot, sheet: LibrarySheet, hub: HubServer, forge: Forge) -> None:
    choose(qtbot, sheet, 0, "Tiny-GGUF")
    assert not sheet.repository.token.isVisible()
    choose(qtbot, sheet, 1, "Closed-GGUF")
    assert sheet.repository.token.isVisible()
    assert sheet.repository.token.echoMode() == QLineEdit.EchoMode.Password
    press(qtbot, sheet, "Download")
    qtbot.waitUntil(lambda: "is gated" in shown(sheet.banner), timeout=SOON)
    qtbot.keyClicks(sheet.repository.token, hub.token)
    press(qtbot, sheet, "Keep it")
    assert sheet.repository.token.text() == ""
    qtbot.waitUntil(lambda: "token is kept" in shown(sheet.banner), timeout=SOON)
    qtbot.waitUntil(lambda: hub.seen[-1].kind == "cdn", timeout=SOON)  # its files can be looked at now
    press(qtbot, sheet, "Download")
    qtbot.waitUntil(lambda: len(forge.students.list()) == 2, timeout=SOON)


def test_offline_nothing_is_asked_and_that_is_said(
    qtbot: QtBot, hub: HubServer, library: LibraryPanel, forge: Forge
) -> None:
    forge.settings.change(offline=True)
    sheet = library.get_base()
    assert "Forge is offline" in shown(sheet)
    assert not sheet.field.isEnabled()
    sheet.look_for("tiny")
    assert hub.seen == []
    forge.settings.change(offline=False)
    qtbot.waitUntil(sheet.field.isEnabled, timeout=SOON)
    assert not sheet.findChild(Banner).isVisible()
    sheet.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two usable files, one of them below, and one that is none."""
    made = tmp_path / "folder"
    (made / "deep").mkdir(parents=True)
    tiny_gguf.write(made / "One.F32.gguf", layers=1)
    tiny_gguf.write(made / "deep" / "Two.F32.gguf", layers=2)
    (made / "bad.gguf").write_text("not one")
    return made


def scanned(qtbot: QtBot, dialog: ScanDialog, count: int) -> None:
    """Wait until a scan has found so many."""
    qtbot.waitUntil(
        lambda: dialog.table.rows.rowCount() == count and "Looking" not in dialog.words.text(), timeout=SOON
    )


def test_a_folder_is_looked_through_ticked_and_imported(
    qtbot: QtBot, pane: StudentsPane, library: LibraryPanel, folder: Path
) -> None:
    dialog = library.look_through([folder])
    scanned(qtbot, dialog, 3)
    rows = dialog.table.rows
    assert [rows.index(row, 0).data() for row in range(3)] == ["Yes", "—", "Yes"]
    assert [rows.index(row, rows.columnCount() - 1).data() for row in range(3)] == ["New", "Not usable", "New"]
    assert dialog.bring.text() == "Import 2"
    dialog.table.select_id(1)
    assert "not a GGUF file" in dialog.words.text()
    qtbot.mouseClick(
        dialog.table.viewport(), Qt.MouseButton.LeftButton, pos=dialog.table.visualRect(rows.index(0, 0)).center()
    )
    assert dialog.bring.text() == "Import 1"
    dialog.table.setFocus()
    qtbot.keyClick(dialog.table, Qt.Key.Key_Space)
    assert dialog.bring.text() == "Import 2"
    qtbot.keyClick(dialog.table, Qt.Key.Key_Space)
    press(qtbot, dialog, "Import 1")
    qtbot.waitUntil(lambda: [one.name for one in pane.forge.students.list()][1:] == ["Two F32"], timeout=SOON)
    again = library.look_through([folder])
    scanned(qtbot, again, 3)
    assert [again.table.rows.index(row, 0).data() for row in range(3)] == ["Yes", "—", "—"]
    again.look_through([folder / "nowhere"])
    qtbot.waitUntil(lambda: "is no folder" in shown(again.banner), timeout=SOON)
    again.close()


def drop(pane: StudentsPane, *paths: Path) -> bool:
    """Drag these over the pane and let go; whether it took them."""
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    args = (Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier)
    enter = QDragEnterEvent(QPoint(20, 200), *args)
    enter.ignore()
    pane.dragEnterEvent(enter)
    if not enter.isAccepted():
        return False
    pane.dropEvent(QDropEvent(QPointF(20, 200), *args))
    return True


def test_files_and_folders_are_dropped_on_the_pane(
    qtbot: QtBot, window: Shell, pane: StudentsPane, folder: Path, tmp_path: Path
) -> None:
    (tmp_path / "words.txt").write_text("words")
    assert not drop(pane, tmp_path / "words.txt")
    assert drop(pane, folder / "One.F32.gguf", folder / "deep")
    qtbot.waitUntil(lambda: len(pane.forge.students.list()) == 2, timeout=SOON)
    dialog = next(found for found in window.findChildren(QDialog) if isinstance(found, ScanDialog))
    scanned(qtbot, dialog, 1)
    dialog.close()


def test_names_from_the_hub_are_never_taken_for_markup(
    qtbot: QtBot, hub: HubServer, library: LibraryPanel, body: bytes
) -> None:
    evil = '<img src="pixel.png">-Q4_K_M.gguf'
    hub.add("owner/Evil-GGUF", {evil: body}, cardData={"license": "<b>own</b>"})
    sheet = library.get_base()
    sheet.look_for("evil")
    qtbot.waitUntil(lambda: sheet.models.rows.rowCount() == 1, timeout=SOON)
    choose(qtbot, sheet, 0, "Evil-GGUF")
    cell = sheet.repository.files.rows.index(0, 0)
    assert cell.data() == evil
    assert cell.data(Qt.ItemDataRole.ToolTipRole).startswith("<qt>&lt;img")
    assert sheet.repository.licence.text() == "Licence: <b>own</b>"


def test_everything_in_the_sheets_has_a_name(qtbot: QtBot, sheet: LibrarySheet, library: LibraryPanel) -> None:
    choose(qtbot, sheet, 1, "Closed-GGUF")
    for window in (sheet, library.look_through()):
        for part in window.findChildren(QWidget):
            if part.isVisible() and part.focusPolicy() & Qt.FocusPolicy.TabFocus:
                assert part.accessibleName() or getattr(part, "text", str)(), part

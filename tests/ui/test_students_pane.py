"""Students: the starter is there without a question; import, use, load, eject, remove, each error in place."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QApplication, QLabel, QListView, QPlainTextEdit
from pytestqt.qtbot import QtBot

from forge_desktop.forge import Forge
from forge_desktop.ui.panes.students import StudentsPane
from forge_desktop.ui.panes.students.rows import parameters_in_words
from forge_desktop.ui.shell import Shell
from forge_desktop.ui.widgets.basics import Banner, Button, IconButton, Toast


@pytest.fixture
def pane(window: Shell) -> StudentsPane:
    made = window.visit("students")
    assert isinstance(made, StudentsPane)
    made.show_section("bases")
    return made


@pytest.fixture
def copy(starter: Path, tmp_path: Path) -> Path:
    """Another file with the same content but for one byte at its end, so another student."""
    made = tmp_path / "My own student Q4_1.gguf"
    shutil.copyfile(starter, made)
    with open(made, "r+b") as file:
        file.seek(-1, 2)
        last = file.read(1)[0]
        file.seek(-1, 2)
        file.write(bytes([last ^ 1]))
    return made


def shown(pane: StudentsPane) -> str:
    """Every visible word of the pane."""
    return "\n".join(found.text() for found in pane.findChildren(QLabel) if found.isVisible())


def button(pane: StudentsPane, words: str) -> Button:
    return next(found for found in pane.findChildren(Button) if found.text() == words)


def banner(pane: StudentsPane) -> Banner:
    return pane.bases.banner


def rows(pane: StudentsPane) -> list[str]:
    model = pane.bases.findChild(QListView).model()
    return [model.index(row, 0).data(Qt.ItemDataRole.AccessibleTextRole) for row in range(model.rowCount())]


def import_and_wait(qtbot: QtBot, pane: StudentsPane, path: Path) -> None:
    before = len(pane.forge.students.list())
    pane.import_files([path])
    qtbot.waitUntil(lambda: len(rows(pane)) == before + 1, timeout=60_000)


def test_a_fresh_directory_has_the_starter_active(pane: StudentsPane) -> None:
    assert len(rows(pane)) == 1
    assert rows(pane)[0].endswith("Active")
    words = shown(pane)
    for fact in ("llama", "135 M (134,515,008)", "Q4_1", "8,192 tokens", "98,362,432 bytes"):
        assert fact in words
    assert not button(pane, "Remove").isVisible(), "the starter stays"
    assert not button(pane, "Use this student").isVisible()


def test_the_chat_template_is_folded_away(qtbot: QtBot, pane: StudentsPane) -> None:
    template = next(found for found in pane.findChildren(QPlainTextEdit) if found.accessibleName() == "Chat template")
    assert not template.isVisible()
    toggle = button(pane, "Show chat template")
    qtbot.mouseClick(toggle, Qt.MouseButton.LeftButton)
    assert template.isVisible()
    assert "im_start" in template.toPlainText()
    qtbot.mouseClick(toggle, Qt.MouseButton.LeftButton)
    assert not template.isVisible()


def test_import_use_and_remove_with_undo(qtbot: QtBot, window: Shell, pane: StudentsPane, copy: Path) -> None:
    import_and_wait(qtbot, pane, copy)
    model = pane.bases.findChild(QListView).model()
    row = next(i for i, words in enumerate(rows(pane)) if "own student" in words)
    pane.bases.findChild(QListView).setCurrentIndex(model.index(row, 0))
    assert str(copy) in [found.toolTip() or found.text() for found in pane.findChildren(QLabel)]
    qtbot.mouseClick(button(pane, "Use this student"), Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: any("own student" in words and words.endswith("Active") for words in rows(pane)))
    qtbot.waitUntil(lambda: not pane.forge.jobs.running(), timeout=60_000)
    qtbot.mouseClick(button(pane, "Remove"), Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: len(rows(pane)) == 1)
    assert copy.exists(), "the file is never deleted"
    toast = window.findChild(Toast)
    assert "its file was left alone" in toast.accessibleName()
    toast.undo()
    qtbot.waitUntil(lambda: len(rows(pane)) == 2, timeout=60_000)


def test_load_and_eject(qtbot: QtBot, pane: StudentsPane, forge: Forge) -> None:
    qtbot.mouseClick(button(pane, "Load now"), Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: "Loaded and ready." in shown(pane), timeout=60_000)
    assert "CPU" in shown(pane) or "layers" in shown(pane)
    eject = button(pane, "Eject")
    assert eject.isVisible()
    qtbot.mouseClick(eject, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: "Not loaded" in shown(pane), timeout=30_000)
    assert button(pane, "Load now").isVisible()


@pytest.mark.parametrize(
    ("name", "content"),
    [("no-model.gguf", b"MZ this is something else"), ("truncated.gguf", None), ("empty.gguf", b"")],
)
def test_a_bad_file_is_one_sentence_in_the_pane(
    qtbot: QtBot, pane: StudentsPane, tmp_path: Path, starter: Path, name: str, content: bytes | None
) -> None:
    bad = tmp_path / name
    bad.write_bytes(starter.read_bytes()[:5000] if content is None else content)
    pane.import_files([bad])
    qtbot.waitUntil(banner(pane).isVisible, timeout=30_000)
    assert name in banner(pane).accessibleName()
    assert "Traceback" not in banner(pane).accessibleName()
    assert len(rows(pane)) == 1


def test_a_file_dropped_on_the_pane_is_imported(qtbot: QtBot, pane: StudentsPane, copy: Path) -> None:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(copy))])
    buttons, keys = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    enter = QDragEnterEvent(QPoint(50, 200), Qt.DropAction.CopyAction, data, buttons, keys)
    QApplication.sendEvent(pane, enter)
    assert enter.isAccepted()
    QApplication.sendEvent(pane, QDropEvent(QPointF(50, 200), Qt.DropAction.CopyAction, data, buttons, keys))
    qtbot.waitUntil(lambda: len(rows(pane)) == 2, timeout=60_000)


def test_other_files_are_not_taken(pane: StudentsPane, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("x")
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(tmp_path / "notes.txt"))])
    buttons, keys = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    enter = QDragEnterEvent(QPoint(50, 200), Qt.DropAction.CopyAction, data, buttons, keys)
    enter.ignore()
    QApplication.sendEvent(pane, enter)
    assert not enter.isAccepted()


def test_a_file_that_went_away_is_said_where_it_is_used(qtbot: QtBot, pane: StudentsPane, copy: Path) -> None:
    import_and_wait(qtbot, pane, copy)
    copy.unlink()
    pane.shown()
    row = next(i for i, words in enumerate(rows(pane)) if "own student" in words)
    assert rows(pane)[row].endswith("Problem")
    view = pane.bases.findChild(QListView)
    view.setCurrentIndex(view.model().index(row, 0))
    qtbot.mouseClick(button(pane, "Use this student"), Qt.MouseButton.LeftButton)
    qtbot.waitUntil(banner(pane).isVisible, timeout=30_000)
    assert copy.name in banner(pane).accessibleName()


def test_hash_and_path_can_be_copied(pane: StudentsPane, forge: Forge, starter: Path) -> None:
    by_name: Callable[[str], IconButton] = lambda name: next(  # noqa: E731
        found for found in pane.findChildren(IconButton) if found.accessibleName() == name
    )
    by_name("Copy the SHA-256").click()
    assert QApplication.clipboard().text() == forge.students.list()[0].sha256
    by_name("Copy the path").click()
    assert Path(QApplication.clipboard().text()) == starter


def test_parameters_are_said_as_students_are_known() -> None:
    assert [parameters_in_words(count) for count in (134_515_008, 7_241_748_480, 70_000_000_000, 999_600, 12)] == [
        "135 M",
        "7.2 B",
        "70 B",
        "1 M",
        "12",
    ]

"""Settings: generated from the declarations, checked under the field, in force at once, back with undo."""

from __future__ import annotations

import dataclasses
import errno
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from forge_desktop.base.settings import Settings
from forge_desktop.forge import Forge
from forge_desktop.ui.panes.settings import SettingsPane
from forge_desktop.ui.panes.settings.fields import ChoiceField, FileField, NumberField, SettingRow
from forge_desktop.ui.shell import Shell
from forge_desktop.ui.widgets.basics import Button, IconButton
from tests.data import tiny_bert


@pytest.fixture
def pane(window: Shell) -> SettingsPane:
    made = window.visit("settings")
    assert isinstance(made, SettingsPane)
    return made


def number(pane: SettingsPane, key: str) -> tuple[SettingRow, NumberField]:
    found = pane.rows()[key]
    assert isinstance(found.editor, NumberField)
    return found, found.editor


def write(field: NumberField, text: str) -> None:
    field.setFocus()
    field.selectAll()
    QTest.keyClicks(field, text)
    QTest.keyClick(field, Qt.Key.Key_Return)


def stored(forge: Forge) -> dict[str, object]:
    return json.loads((forge.data_dir / "settings.json").read_text())


def test_every_declared_setting_has_a_row(pane: SettingsPane) -> None:
    assert list(pane.rows()) == [field.name for field in dataclasses.fields(Settings)]
    for key, line in pane.rows().items():
        assert line.editor.accessibleName(), key
        assert line.editor.accessibleDescription(), key
        assert line.editor.value() == getattr(Settings(), key)


def test_a_change_is_stored_and_in_force_at_once(qtbot: QtBot, pane: SettingsPane, forge: Forge) -> None:
    line, field = number(pane, "passages")
    write(field, "12")
    assert forge.settings.values.passages == 12
    assert stored(forge)["passages"] == 12
    assert line.error() == ""


def test_a_value_out_of_bounds_is_said_under_the_field_and_not_stored(pane: SettingsPane, forge: Forge) -> None:
    line, field = number(pane, "passages")
    write(field, "400")
    assert forge.settings.values.passages == Settings().passages  # not 40, which nobody meant
    assert "from 1 to 40" in line.error()
    assert field.accessibleDescription() == line.error()
    assert field.property("cls") == "bad"
    write(field, "twelve")
    assert "cannot be 'twelve'" in line.error()
    write(field, "9")
    assert line.error() == ""
    assert forge.settings.values.passages == 9


def test_a_number_is_in_force_when_it_is_typed_to_its_end(pane: SettingsPane, forge: Forge) -> None:
    _, field = number(pane, "passages")
    field.setFocus()
    field.selectAll()
    QTest.keyClicks(field, "1")
    forge.settings.change(seed=5)  # what changes elsewhere leaves a half-typed number alone
    QApplication.processEvents()
    QTest.keyClicks(field, "2")
    assert forge.settings.values.passages == Settings().passages
    number(pane, "seed")[1].setFocus()
    assert forge.settings.values.passages == 12
    field.setFocus()
    field.selectAll()
    QTest.keyClicks(field, "30")
    field.hide()
    assert forge.settings.values.passages == 30


def test_every_setting_fits_a_small_window(qtbot: QtBot, window: Shell, pane: SettingsPane) -> None:
    window.resize(880, 560)
    area = pane._area
    qtbot.waitUntil(lambda: area.viewport().width() <= 584)
    content = area.widget()
    assert content is not None
    assert content.minimumSizeHint().width() <= area.viewport().width()
    assert area.horizontalScrollBar().maximum() == 0


def test_numbers_may_be_written_as_people_do(pane: SettingsPane, forge: Forge) -> None:
    write(number(pane, "context_tokens")[1], "16,384")
    assert forge.settings.values.context_tokens == 16_384
    write(number(pane, "temperature")[1], "0,7")
    assert forge.settings.values.temperature == 0.7


def test_arrow_keys_step_a_number(pane: SettingsPane, forge: Forge) -> None:
    _, field = number(pane, "passages")
    QTest.keyClick(field, Qt.Key.Key_Up)
    assert forge.settings.values.passages == Settings().passages + 1
    _, field = number(pane, "temperature")
    QTest.keyClick(field, Qt.Key.Key_Up)
    assert forge.settings.values.temperature == 0.05


def test_a_choice_is_in_force_at_once(pane: SettingsPane, forge: Forge) -> None:
    field = pane.rows()["send_with"].editor
    assert isinstance(field, ChoiceField)
    QTest.keyClick(field, Qt.Key.Key_Down)
    assert field.currentText() == "Enter"
    field.activated.emit(field.currentIndex())
    assert forge.settings.values.send_with == "enter"


def test_a_setting_goes_back_to_its_default(qtbot: QtBot, pane: SettingsPane, forge: Forge) -> None:
    line, field = number(pane, "passages")
    reset = line.findChild(IconButton)
    assert not reset.isVisible()
    write(field, "12")
    qtbot.waitUntil(reset.isVisible)
    qtbot.mouseClick(reset, Qt.MouseButton.LeftButton)
    assert forge.settings.values.passages == Settings().passages
    assert field.text() == str(Settings().passages)
    qtbot.waitUntil(lambda: not reset.isVisible())


def test_reset_all_can_be_undone(qtbot: QtBot, window: Shell, pane: SettingsPane, forge: Forge) -> None:
    forge.settings.change(passages=12, temperature=0.5)
    button = next(found for found in pane.findChildren(Button) if found.text() == "Reset all")
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    assert forge.settings.values == Settings()
    window.undo_last()
    assert forge.settings.values.passages == 12
    assert forge.settings.values.temperature == 0.5


def test_a_change_from_elsewhere_is_shown(qtbot: QtBot, pane: SettingsPane, forge: Forge) -> None:
    forge.settings.change(passages=7)
    qtbot.waitUntil(lambda: pane.rows()["passages"].editor.value() == 7)


def test_settings_survive_a_restart(qtbot: QtBot, open_window: Callable[[], Shell], forge: Forge) -> None:
    first = open_window()
    pane = first.visit("settings")
    assert isinstance(pane, SettingsPane)
    _, field = number(pane, "seed")
    field.selectAll()
    QTest.keyClicks(field, "77")
    first.close()
    again = type(forge.settings)(forge.data_dir / "settings.json", forge.events)
    assert again.values.seed == 77


def test_a_full_disk_is_said_and_nothing_changes(
    pane: SettingsPane, forge: Forge, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("forge_desktop.base.settings.write_atomically", full)  # the edge: the file system
    line, field = number(pane, "passages")
    write(field, "12")
    assert "No space left" in line.error()
    assert forge.settings.values.passages == Settings().passages


def test_the_data_folder_is_shown_and_copied(qtbot: QtBot, pane: SettingsPane, forge: Forge) -> None:
    copy = next(found for found in pane.findChildren(IconButton) if found.accessibleName() == "Copy the path")
    copy.click()
    assert QApplication.clipboard().text() == str(forge.data_dir)


def test_a_file_that_cannot_embed_is_said_and_not_put_in_force(
    pane: SettingsPane, forge: Forge, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = pane.rows()["embedding_model"]
    assert isinstance(line.editor, FileField)
    gone = str(tmp_path / "gone.gguf")
    monkeypatch.setattr("forge_desktop.ui.widgets.fields.QFileDialog.getOpenFileName", lambda *_: (gone, ""))
    line.editor.browse.trigger()
    assert "cannot be read" in line.error()
    line.editor.setText(__file__)
    line.editor.editingFinished.emit()
    assert "is not a GGUF file" in line.error()
    assert forge.settings.values.embedding_model == ""
    assert forge.embedding.note == ""
    line.editor.setText("")
    line.editor.editingFinished.emit()
    assert line.error() == ""


def test_a_file_that_can_embed_is_typed_or_chosen(
    qtbot: QtBot, pane: SettingsPane, forge: Forge, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = pane.rows()["embedding_model"]
    assert isinstance(line.editor, FileField)
    fits = str(tiny_bert.write(tmp_path / "fits.gguf", pooling=1))
    monkeypatch.setattr("forge_desktop.ui.widgets.fields.QFileDialog.getOpenFileName", lambda *_: (fits, ""))
    line.editor.browse.trigger()
    assert line.error() == ""
    assert stored(forge)["embedding_model"] == fits
    qtbot.waitUntil(lambda: forge.embedding.model is not None and not forge.jobs.running())
    line.editor.setText("")
    line.editor.editingFinished.emit()
    assert stored(forge)["embedding_model"] == ""
    qtbot.waitUntil(lambda: not forge.jobs.running())

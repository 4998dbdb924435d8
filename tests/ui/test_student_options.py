"""How a student answers, in its details: options of its own, and a chat template that is tried out before use."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractButton
from pytestqt.qtbot import QtBot

from forge_desktop.forge import Forge
from forge_desktop.ui.panes.students.options import StudentOptions
from forge_desktop.ui.panes.students.pane import StudentsPane
from forge_desktop.ui.shell import Shell
from forge_desktop.ui.widgets.fields import NumberField, TextField
from tests.data import tiny_gguf

TURNED = "{% for m in messages %}<|im_start|>{{ m.role }}: {{ m.content }}<|im_end|>\n{% endfor %}A:"


@pytest.fixture
def card(qtbot: QtBot, window: Shell) -> StudentOptions:
    pane = window.visit("students")
    assert isinstance(pane, StudentsPane)
    pane.show_section("bases")
    made = pane.bases._options
    click(qtbot, made._toggle)
    qtbot.waitUntil(lambda: made.form.presets.field.count() >= 4)
    return made


def click(qtbot: QtBot, button: QAbstractButton) -> None:
    assert button.isEnabled()
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def test_options_of_a_student_hold_for_every_conversation(qtbot: QtBot, card: StudentOptions, forge: Forge) -> None:
    temperature, own = card.form.rows["temperature"].editor, card.form.rows["system_prompt"].editor
    assert isinstance(temperature, NumberField)
    assert isinstance(own, TextField)
    temperature.selectAll()
    qtbot.keyClicks(temperature, "0.8")
    own.setFocus()
    qtbot.keyClicks(own, "Be brief.")
    temperature.setFocus()
    conversation = forge.chat.create()
    qtbot.waitUntil(lambda: forge.chat.options.resolved(conversation).options.system_prompt == "Be brief.")
    found = forge.chat.options.resolved(conversation)
    assert (found.options.temperature, found.origins["temperature"]) == (0.8, "student")
    qtbot.waitUntil(lambda: "own instructions" in card._summary.text())
    click(qtbot, card.reset)
    qtbot.waitUntil(lambda: temperature.value() == 0)
    assert not card.reset.isEnabled()


def test_what_a_file_recommends_is_shown_as_its_own(
    qtbot: QtBot, window: Shell, card: StudentOptions, forge: Forge, tmp_path: Path
) -> None:
    file = tiny_gguf.write(tmp_path / "tiny.gguf", values={"general.sampling.top_k": 20})
    student_id = forge.jobs.wait(forge.students.import_gguf(file))
    pane = window.visit("students")
    assert isinstance(pane, StudentsPane)
    qtbot.waitUntil(lambda: pane.bases._model.rowCount() == 2)
    pane.bases._list.setCurrentIndex(pane.bases._model.index(pane.bases._model.row_of(student_id)))
    qtbot.waitUntil(lambda: card.form.rows["top_k"].editor.value() == 20)
    assert card.form.rows["top_k"].origin() == "from its file"
    assert not card.template.preview.isEnabled()  # it is not the one in use
    assert "in use" in card.template._why.text()


def test_a_template_is_previewed_then_used_then_given_up(qtbot: QtBot, card: StudentOptions, forge: Forge) -> None:
    editor, sha256 = card.template, card._student.sha256 if card._student else ""
    click(qtbot, editor._toggle)
    assert not editor.save.isEnabled()
    editor.source.setPlainText(TURNED)
    assert not editor.save.isEnabled()  # nothing is saved that was not tried out
    click(qtbot, editor.preview)
    qtbot.waitUntil(editor.shown.isVisible, timeout=60_000)
    assert "<|im_start|>user: And a power tool?<|im_end|>" in editor.shown.toPlainText()
    marked = {mark.cursor.selectedText() for mark in editor.shown.extraSelections()}
    assert marked == {"<|im_start|>", "<|im_end|>"}
    click(qtbot, editor.save)
    qtbot.waitUntil(editor.own.isEnabled)
    assert forge.chat.options.of_student(sha256, "").options.template == TURNED
    assert "chat template of its own" in card._summary.text()

    editor.source.setPlainText("{% for m in messages %}{{ m.content }}")
    assert not editor.save.isEnabled()
    click(qtbot, editor.preview)
    qtbot.waitUntil(editor.banner.isVisible, timeout=60_000)
    assert "chat template cannot be used" in editor.banner.accessibleName()
    assert not editor.save.isEnabled()
    assert forge.chat.options.of_student(sha256, "").options.template == TURNED
    card.grab()
    click(qtbot, editor.own)
    qtbot.waitUntil(lambda: forge.chat.options.of_student(sha256, "").options.template == "")
    qtbot.waitUntil(lambda: not editor.own.isEnabled())
    assert editor.source.toPlainText() == (card._student.template if card._student else "")

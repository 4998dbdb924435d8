"""Settings › Endpoints in the window: added by the sheet, tested, changed, removed; a key is never shown again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QLineEdit, QWidget
from pytestqt.qtbot import QtBot

from forge_desktop.forge import Forge
from forge_desktop.providers.vendors import WIRE_NAMES
from forge_desktop.students.desk import EndpointView
from forge_desktop.ui.panes.settings import SettingsPane
from forge_desktop.ui.panes.settings.endpoint_row import EndpointRow
from forge_desktop.ui.panes.settings.endpoint_sheet import EndpointSheet
from forge_desktop.ui.panes.settings.endpoints import EndpointsPanel
from forge_desktop.ui.shell import Shell
from forge_desktop.ui.widgets.basics import Button, IconButton
from tests.providers.teacher import Teacher, storm

KEY = "sk-canary-0123456789-abcdef"


@pytest.fixture
def teacher() -> Iterator[Teacher]:
    with Teacher("Hand tools are lent for 14 days.") as made:
        yield made


@pytest.fixture
def panel(qtbot: QtBot, window: Shell) -> EndpointsPanel:
    made = window.visit("settings")
    assert isinstance(made, SettingsPane)
    return made.endpoints


def add(forge: Forge, url: str, **values: Any) -> EndpointView:
    desk = forge.students.desk
    assert desk is not None
    wanted = {"name": "Shed", "model": "big", "price_input": "0.15", "price_output": "0.60", **values}
    return desk.save(desk.blank(url=url, **wanted))


def row(qtbot: QtBot, panel: EndpointsPanel, name: str = "Shed") -> EndpointRow:
    qtbot.waitUntil(lambda: any(line.view.form.name == name for line in panel.rows().values()))
    return next(line for line in panel.rows().values() if line.view.form.name == name)


def press(qtbot: QtBot, inside: QWidget, name: str) -> None:
    buttons = [*inside.findChildren(Button), *inside.findChildren(IconButton)]
    button = next(found for found in buttons if found.accessibleName() == name and not found.isHidden())
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def words(inside: QWidget) -> str:
    return "\n".join(found.text() for found in inside.findChildren(QLabel))


def fill(sheet: EndpointSheet, **values: object) -> None:
    for name, value in values.items():
        sheet.fields[name].show_value(value)


def test_an_endpoint_is_added_tested_changed_and_removed(
    qtbot: QtBot, panel: EndpointsPanel, forge: Forge, teacher: Teacher
) -> None:
    teacher.key = KEY
    sheet = panel.open_sheet()
    fill(sheet, name="Shed", url=teacher.url, roles=("student", "answer"), price_input="0.15", price_output="0.60")
    sheet.key.setText(KEY)
    press(qtbot, sheet, "List models")
    models = sheet.fields["model"].editor
    qtbot.waitUntil(lambda: models.count() > 0)
    models.setCurrentIndex(0)
    with qtbot.waitSignal(sheet.saved):
        press(qtbot, sheet, "Add")
    line = row(qtbot, panel)
    assert "127.0.0.1 · Key kept until Forge Desktop is closed" in words(line)
    press(qtbot, line, "Test Shed")
    qtbot.waitUntil(lambda: "Answered" in row(qtbot, panel).result())
    line = row(qtbot, panel)
    assert "“Hand tools are lent for 14 days.”" in line.result()
    press(qtbot, line, "Edit Shed")
    sheet = panel.sheet
    assert sheet is not None
    assert sheet.key.text() == ""
    assert sheet.key.echoMode() == QLineEdit.EchoMode.Password
    fill(sheet, name="Barn", price_output="0.80")
    with qtbot.waitSignal(sheet.saved):
        press(qtbot, sheet, "Save")
    line = row(qtbot, panel, "Barn")
    assert "$0.15 in, $0.80 out (typed in, since" in words(line)
    assert KEY not in words(panel)
    press(qtbot, line, "Remove Barn")
    assert [view.form.name for view in forge.students.desk.views()] == ["Barn"]  # type: ignore[union-attr]
    press(qtbot, panel, "Remove")
    qtbot.waitUntil(lambda: not panel.rows())
    assert forge.providers.endpoints.list() == []


_FAULTS: list[tuple[str, dict[str, Any], str]] = [
    ("name", {"name": ""}, "needs a name"),
    ("model", {"model": ""}, "needs a model"),
    ("url", {"url": "http://api.example.com/v1"}, "Use https"),
    ("host", {"url": "http://192.168.1.5:8000/v1"}, "must be typed once more"),
    ("price_input", {"price_input": "1,500"}, "is no amount of dollars"),
    ("price_output", {"price_output": ""}, "This price is missing"),
    ("price_since", {"price_since": "soon"}, "YYYY-MM-DD"),
    ("price_since", {"price_since": "2130-01-01"}, "2130-01-01 is still to come, and until then"),
    ("context", {"context": "many"}, "context length cannot be"),
    ("roles", {"roles": ()}, "It needs a role. Tick what it is for"),
    ("terms_url", {"terms_url": "terms"}, "https://"),
]


def test_a_fault_stands_under_its_field_and_nothing_is_kept(qtbot: QtBot, panel: EndpointsPanel, forge: Forge) -> None:
    sheet = panel.open_sheet()
    sound = {"name": "Shed", "url": "https://api.example.com/v1", "model": "m", "price_input": "1", "price_output": "2"}
    sound |= {"context": "", "terms_url": "", "price_since": ""}
    for field, values, said in _FAULTS:
        sheet.fields["roles"].show_value(("answer",))
        for name, value in {**sound, **values}.items():
            editor = sheet.fields[name].editor
            editor.setText(value) if isinstance(editor, QLineEdit) else sheet.fields[name].show_value(value)
        sheet.save()
        shown = sheet.fields[field]
        qtbot.waitUntil(lambda shown=shown: bool(shown.error()))
        assert said in shown.error(), field
        assert not shown.isHidden()
        assert forge.providers.endpoints.list() == [], field
        shown.edited.emit()
        shown.show_error("")
    sheet.reject()


def test_an_endpoint_that_speaks_gemini_is_added_and_changed(qtbot: QtBot, panel: EndpointsPanel, forge: Forge) -> None:
    sheet = panel.open_sheet()
    fill(sheet, name="Shed", model="m", price_input="1", price_output="2")
    qtbot.keyClicks(sheet.fields["url"].editor, "https://generativelanguage.googleapis.com/v1beta")
    assert sheet.fields["wire"].editor.currentText() == "Gemini"
    with qtbot.waitSignal(sheet.saved):
        press(qtbot, sheet, "Add")
    press(qtbot, row(qtbot, panel), "Edit Shed")
    sheet = panel.sheet
    assert sheet is not None
    assert sheet.form().wire == "gemini"
    fill(sheet, price_input="5", price_output="6", price_since="2130-01-01")
    with qtbot.waitSignal(sheet.saved):
        press(qtbot, sheet, "Save")
    qtbot.waitUntil(lambda: "; from 2130-01-01: $5.00 in, $6.00 out" in words(panel))
    assert forge.providers.endpoints.get("Shed").wire == "gemini"


def test_the_host_typed_once_more_goes_with_its_address(qtbot: QtBot, panel: EndpointsPanel) -> None:
    sheet = panel.open_sheet()
    url, host = sheet.fields["url"], sheet.fields["host"]
    fill(sheet, name="Shed", model="m", price_input="1", price_output="2")
    qtbot.keyClicks(url.editor, "http://192.168.1.5:8000/v1")
    sheet.save()
    qtbot.waitUntil(lambda: bool(host.error()))
    assert not host.isHidden()
    fill(sheet, host="192.168.1.5")
    url.editor.selectAll()
    qtbot.keyClicks(url.editor, "https://api.example.com/v1")
    assert host.isHidden()
    assert (host.value(), host.error()) == ("", "")
    url.editor.selectAll()
    qtbot.keyClicks(url.editor, "http://10.0.0.2/v1")
    assert not host.isHidden()
    sheet.reject()


def test_escape_asks_before_what_was_typed_is_lost(qtbot: QtBot, panel: EndpointsPanel) -> None:
    sheet = panel.open_sheet()
    qtbot.keyClick(sheet, Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: panel.sheet is None)
    sheet = panel.open_sheet()
    name = sheet.fields["name"].editor
    qtbot.keyClicks(name, "Shed")
    qtbot.keyClick(name, Qt.Key.Key_Escape)
    assert not sheet.isHidden()
    assert sheet.banner.action() == "Discard it"
    qtbot.keyClick(name, Qt.Key.Key_Escape)  # back to what was typed
    assert sheet.banner.isHidden()
    qtbot.keyClick(name, Qt.Key.Key_Escape)
    press(qtbot, sheet, "Discard it")
    qtbot.waitUntil(lambda: panel.sheet is None)


def test_a_host_of_letters_that_look_like_others_is_spelled_out(
    qtbot: QtBot, panel: EndpointsPanel, forge: Forge
) -> None:
    add(forge, "https://api.еxample.com/v1")  # a Cyrillic letter
    line = row(qtbot, panel)
    assert "api.еxample.com (api.xn--xample-2of.com)" in words(line)
    press(qtbot, line, "Edit Shed")
    assert panel.sheet is not None
    assert "Its host is api.xn--xample-2of.com" in words(panel.sheet)
    url = panel.sheet.fields["url"].editor
    url.selectAll()
    qtbot.keyClicks(url, "https://api.example.com/v1")
    assert "Its host is" not in words(panel.sheet)
    panel.sheet.reject()


def test_every_wire_format_is_offered(panel: EndpointsPanel) -> None:
    sheet = panel.open_sheet()
    editor = sheet.fields["wire"].editor
    assert {editor.itemData(place) for place in range(editor.count())} == set(WIRE_NAMES)
    sheet.reject()


def test_a_vendor_brings_its_address_and_the_table_its_price(qtbot: QtBot, panel: EndpointsPanel) -> None:
    sheet = panel.open_sheet()
    sheet.preset.setCurrentIndex(sheet.preset.findData("Anthropic"))
    sheet.preset.activated.emit(sheet.preset.currentIndex())
    assert sheet.form().url == "https://api.anthropic.com/v1"
    assert sheet.form().wire == "anthropic"
    sheet.preset.setCurrentIndex(sheet.preset.findData("OpenAI"))
    sheet.preset.activated.emit(sheet.preset.currentIndex())
    sheet.fields["model"].editor.setEditText("gpt-4o-mini")
    qtbot.waitUntil(lambda: "price table" in words(sheet) and "$0.15 in" in words(sheet))
    sheet.reject()


def test_a_test_that_fails_says_why(qtbot: QtBot, panel: EndpointsPanel, forge: Forge, teacher: Teacher) -> None:
    add(forge, teacher.url)
    line = row(qtbot, panel)
    teacher.next(storm(401))
    press(qtbot, line, "Test Shed")
    qtbot.waitUntil(lambda: "refused the key" in row(qtbot, panel).result())


def test_an_embedder_is_asked_about_before_passages_go(
    qtbot: QtBot, panel: EndpointsPanel, forge: Forge, teacher: Teacher, tmp_path: Any
) -> None:
    (tmp_path / "a.txt").write_text("Hand tools are lent for 14 days.")
    forge.jobs.wait(forge.corpus.index([tmp_path / "a.txt"]), 60)
    add(forge, teacher.url, roles=("embedder",), price_output="0")
    line = row(qtbot, panel)
    press(qtbot, line, "Find passages with it…")
    qtbot.waitUntil(lambda: "Send 1 passage (32 B)" in words(panel))
    assert "It costs about $0.000002, at most $0.000005" in words(panel)
    assert "No document is in a collection that is never sent" in words(panel)
    assert teacher.connections == 0
    press(qtbot, panel, "Embed them")
    qtbot.waitUntil(lambda: forge.embedding.remote is not None and not forge.jobs.running("embed"))
    qtbot.waitUntil(
        lambda: "Finds passages" in [pill.accessibleName() for pill in row(qtbot, panel).findChildren(QWidget)]
    )
    qtbot.waitUntil(lambda: forge.embedding.note == "")
    pane = panel.window().findChild(SettingsPane)
    qtbot.waitUntil(lambda: pane.rows()["embedding_model"].editor.value() == "Endpoint Shed")
    press(qtbot, row(qtbot, panel), "Go by the built-in vectors again")
    qtbot.waitUntil(lambda: forge.embedding.remote is None and forge.settings.values.embedding_model == "")
    qtbot.waitUntil(lambda: "Find passages with it…" in [b.text() for b in row(qtbot, panel).findChildren(Button)])

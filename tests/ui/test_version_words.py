"""Where the version in use is named: in the status line, over the chat, and with each answer."""

from __future__ import annotations

from pytestqt.qtbot import QtBot

from forge_desktop.base.events import EngineChanged
from forge_desktop.ui.panes.chat.figures import figure_rows
from forge_desktop.ui.panes.chat.header import ChatHeader
from forge_desktop.ui.status_line import StatusLine


def test_the_status_line_and_the_header_name_the_version(qtbot: QtBot) -> None:
    line, header = StatusLine(), ChatHeader()
    qtbot.addWidget(line)
    qtbot.addWidget(header)
    line.show_engine(EngineChanged("ready", "Library", label="v3"))
    assert line._student.text() == "Library · v3"
    line.show_engine(EngineChanged("ready", "Far away", remote="far.example"))
    assert line._student.text() == "Far away"
    header.show_student("Library", "", "v3")
    assert header._offline.toolTip().startswith("Library · v3 answers. Nothing you ask")
    header.show_student("Far away", "far.example")
    assert "v3" not in header._offline.toolTip()


def test_the_figures_of_an_answer_name_its_version_and_adapter() -> None:
    made = {"version": "v3", "adapter_sha256": "ab" * 32, "scale": 0.75}
    assert dict(figure_rows(made))["Version"] == "v3, adapter abababababab at the scale 0.75"
    assert dict(figure_rows({**made, "adapter_sha256": None}))["Version"] == "v3, without an adapter"
    assert "Version" not in dict(figure_rows({"version": None}))

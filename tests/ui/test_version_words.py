"""Where the version in use is named: in the status line, over the chat, and with each answer."""

from __future__ import annotations

import pytest
from pytestqt.qtbot import QtBot

from forge_desktop.base.events import EngineChanged
from forge_desktop.chat.records import ChatMessage
from forge_desktop.ui import theme
from forge_desktop.ui.panes.chat.answer_bubble import AnswerBubble
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


@pytest.mark.parametrize(
    "name", ["Handbook <img src=x> & <b>rules</b> " * 8, "\u202eמדריך הספרייה " * 20, "手册" * 130, "R&D notes"]
)
def test_a_name_as_long_as_it_may_be_leaves_room_for_the_version(qtbot: QtBot, name: str) -> None:
    line, header, bubble = StatusLine(), ChatHeader(), AnswerBubble(answer(name, "v12"))
    for widget in (line, header, bubble):
        qtbot.addWidget(widget)
    line.show_engine(EngineChanged("ready", name, device="CPU, 2 threads", tokens_per_second=41.8, label="v12"))
    assert line.minimumSizeHint().width() <= theme.px(800)
    assert line._student.text().endswith("· v12")
    header.show_student(name, "", "v12")
    for tip in (line._student.toolTip(), header._offline.toolTip()):
        assert "<img" not in tip
        assert "\u202e" not in tip
    assert "&lt;" not in header._offline.accessibleDescription()
    bubble.resize(theme.px(440), theme.px(200))
    bubble.show()
    qtbot.waitExposed(bubble)
    assert bubble._model.text().endswith("· v12")
    assert "R&&D" in line._student.text() or "R&D" not in name, "no letter is taken for a key"


def answer(student: str, version: str) -> ChatMessage:
    return ChatMessage(
        id=2,
        conversation_id=1,
        parent_id=1,
        role="assistant",
        text="36 crowns a year.",
        state="complete",
        problem="",
        created=0.0,
        sibling=1,
        siblings=1,
        sources=(),
        sentences=(),
        grounding="free",
        provenance={"student": student, "version": version},
    )


def test_the_figures_of_an_answer_name_its_version_and_adapter() -> None:
    made = {"version": "v3", "adapter_sha256": "ab" * 32, "scale": 0.75}
    assert dict(figure_rows(made))["Version"] == "v3, adapter abababababab at the scale 0.75"
    assert dict(figure_rows({**made, "adapter_sha256": None}))["Version"] == "v3, without an adapter"
    assert "Version" not in dict(figure_rows({"version": None}))

"""The options of answers in the window: changed, kept, taken back; thoughts, figures and the context meter."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QLabel, QLineEdit, QPlainTextEdit, QWidget
from pytestqt.qtbot import QtBot

from forge_desktop.base.events import AnswerDelta
from forge_desktop.chat.records import ChatMessage
from forge_desktop.forge import Forge
from forge_desktop.ui import theme
from forge_desktop.ui.bridge import Bridge
from forge_desktop.ui.panes.chat import ChatPane
from forge_desktop.ui.panes.chat.answer_bubble import AnswerBubble
from forge_desktop.ui.panes.chat.bubbles import QuestionBubble
from forge_desktop.ui.panes.chat.exporting import conversation_markdown
from forge_desktop.ui.panes.chat.options_panel import OptionsPanel
from forge_desktop.ui.widgets.fields import NumberField

pytestmark = pytest.mark.shared_child  # one student answers for all tests of this file

QUESTION = "How long may I keep a hand tool?"
ANSWER = 120_000  # ms that an answer may take on a machine that does other things too
THINKS = (
    "{% for message in messages %}<|im_start|>{{ message.role }}\n{{ message.content }}<|im_end|>\n{% endfor %}"
    "<|im_start|>assistant\n<think>\n"
)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory, sample_dir: Path) -> Iterator[Forge]:
    home = tmp_path_factory.mktemp("options")
    papers, data = home / "papers", home / "data"
    papers.mkdir()
    data.mkdir(mode=0o700)
    shutil.copy(sample_dir / "lending-policy.md", papers)
    forge = Forge(data, holder="a test")
    forge.settings.change(answer_tokens=24, passages=1, neighbours=0)
    forge.jobs.wait(forge.corpus.index([papers]), 60)
    yield forge
    forge.close()


@pytest.fixture
def pane(qtbot: QtBot, qapp: object, shop: Forge) -> Iterator[ChatPane]:
    theme.apply(qapp, "light")  # type: ignore[arg-type]
    bridge = Bridge(shop.events)
    made = ChatPane(shop, bridge)
    qtbot.addWidget(made)
    made.resize(1276, 800)
    made.show()
    qtbot.waitExposed(made)
    made.shown()
    qtbot.waitUntil(lambda: made._documents > 0)
    yield made
    made.talk.stop()
    qtbot.waitUntil(lambda: not shop.jobs.running(), timeout=ANSWER)
    bridge.close()


def ask(qtbot: QtBot, pane: ChatPane, question: str = QUESTION) -> ChatMessage:
    pane.composer.set_text(question)
    qtbot.keyClick(pane.composer.field, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: pane.talk.writing, timeout=ANSWER)
    qtbot.waitUntil(lambda: not pane.talk.writing, timeout=ANSWER)
    answer = pane.talk.last("assistant")
    assert answer is not None
    return answer


def bubble(pane: ChatPane, message: ChatMessage) -> AnswerBubble:
    made = pane.transcript.bubble(message.id)
    assert isinstance(made, AnswerBubble)
    return made


def press(qtbot: QtBot, parent: QWidget, name: str) -> None:
    (found,) = (b for b in parent.findChildren(QAbstractButton) if b.accessibleName() == name and b.isVisible())
    qtbot.mouseClick(found, Qt.MouseButton.LeftButton)


def opened(qtbot: QtBot, pane: ChatPane) -> OptionsPanel:
    qtbot.keyClick(pane, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier)
    qtbot.waitUntil(pane.side.options.isVisible)
    qtbot.waitUntil(lambda: pane.side.options.form.presets.field.count() >= 4)
    return pane.side.options


def write(panel: OptionsPanel, key: str, text: str) -> None:
    field = panel.form.rows[key].editor
    assert isinstance(field, NumberField)
    field.setFocus()
    field.selectAll()
    QTest.keyClicks(field, text)


def test_options_of_a_conversation_that_begins_with_them(qtbot: QtBot, pane: ChatPane, shop: Forge) -> None:
    panel = opened(qtbot, pane)
    assert panel.form.rows["temperature"].origin() == "from Settings"
    assert not panel.reset.isEnabled()
    panel.form.presets.field.setCurrentIndex(1)
    panel.form.presets.field.changed.emit()  # as a choice in the list does
    qtbot.waitUntil(lambda: panel.form.rows["temperature"].editor.value() == 0.7)
    write(panel, "seed", "42")
    answer = ask(qtbot, pane)  # at once: what was typed last counts
    sampling = answer.provenance["sampling"]
    assert isinstance(sampling, dict)
    assert (sampling["temperature"], sampling["seed"]) == (0.7, 42)
    assert panel.isVisible()  # it stays open, to try and try again
    here = pane.talk.conversation_id
    assert here is not None
    assert shop.chat.options.resolved(here).own == {"preset", "seed"}
    qtbot.waitUntil(lambda: panel.form.rows["seed"].origin() == "this conversation's")
    assert "of this conversation" in pane.header.options.accessibleName()

    panel.form.rows["system_prompt"].editor.setFocus()  # passing through a field changes nothing
    panel.form.rows["stop"].editor.setFocus()
    panel.form.flush()
    press(qtbot, panel.form.rows["seed"], "Reset Seed")
    qtbot.waitUntil(lambda: panel.form.rows["seed"].editor.value() == 1)
    assert shop.chat.options.resolved(here).own == {"preset"}
    press(qtbot, panel, "Reset to the student's")
    qtbot.waitUntil(lambda: not panel.reset.isEnabled())
    assert shop.chat.options.resolved(here).own == frozenset()
    qtbot.keyClick(panel, Qt.Key.Key_Escape)
    assert not panel.isVisible()
    assert not pane.header.options.isChecked()


def test_a_bad_value_is_refused_under_its_field_and_nothing_changes(qtbot: QtBot, pane: ChatPane) -> None:
    panel = opened(qtbot, pane)
    line = panel.form.rows["temperature"]
    write(panel, "temperature", "9")
    assert "from 0.0 to 2.0" in line.error()
    assert line.editor.accessibleDescription() == line.error()
    panel.form.flush()
    assert panel.pending == {}
    write(panel, "temperature", "15")  # it begins as one that could be
    panel.form.flush()
    panel.refresh()
    write(panel, "top_k", "30")
    QTest.keyClick(panel.form.rows["top_k"].editor, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: panel.form.rows["top_k"].origin() == "this conversation's")
    assert panel.pending == {"top_k": 30}
    assert line.editor.value() == 15
    assert "from 0.0 to 2.0" in line.error()
    panel.pending = {}
    write(panel, "temperature", "1.5")
    QTest.keyClick(line.editor, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: panel.pending == {"temperature": 1.5})
    assert line.error() == ""
    press(qtbot, panel.form.rows["seed"], "Draw another seed")
    qtbot.waitUntil(lambda: "seed" in panel.pending)
    assert panel.pending["seed"] != 1


def test_a_preset_of_a_persons_own(qtbot: QtBot, pane: ChatPane, shop: Forge) -> None:
    panel = opened(qtbot, pane)
    picker = panel.form.presets
    write(panel, "temperature", "0.33")
    QTest.keyClick(panel.form.rows["temperature"].editor, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: picker.field.currentText().endswith("(changed)"))
    picker._menu.actions()[0].trigger()
    QTest.keyClicks(picker.name, "Quiet")
    qtbot.keyClick(picker.name, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: picker.field.currentText() == "Quiet")
    assert shop.chat.options.preset("quiet").values["temperature"] == 0.33
    picker._menu.actions()[1].trigger()
    picker.name.setText("Calm")
    qtbot.keyClick(picker.name, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: picker.field.currentText() == "Calm")
    picker._menu.actions()[2].trigger()
    qtbot.waitUntil(lambda: picker.field.count() == 4)
    assert panel.form.rows["temperature"].editor.value() == 0.33
    picker._menu.actions()[0].trigger()
    qtbot.keyClick(picker.name, Qt.Key.Key_Escape)  # gives up the name, not the panel
    assert panel.isVisible()
    assert not picker.name.isVisible()


def test_a_thought_is_folded_and_opens(qtbot: QtBot, pane: ChatPane, shop: Forge) -> None:
    sha256 = shop.engine.state().model_sha256 or ""
    shop.chat.options.change_student(sha256, {"template": THINKS, "think_tokens": 8})
    live: list[str] = []

    def heard(_id: int, _text: str) -> None:
        last = pane.talk.last("assistant")
        shown = pane.transcript.bubble(last.id) if last else None
        if isinstance(shown, AnswerBubble) and shown.thought is not None:
            live.append(shown.thought.heading())

    pane.talk.thought.connect(heard)
    try:
        answer = ask(qtbot, pane)
    finally:
        shop.chat.options.change_student(sha256, {"template": None, "think_tokens": None})
    shown = bubble(pane, answer)
    assert live
    assert live[0].startswith("Thinking")
    assert shown.thought is not None
    assert shown.thought.isVisible()
    assert shown.thought.heading().startswith("Thought")
    assert not shown.thought.opened
    press(qtbot, shown.thought, f"{shown.thought.heading()}: show")
    assert shown.thought._view.isVisible()
    assert shown.thought._view.toPlainText() == answer.thinking.strip()
    exported = conversation_markdown("A talk", pane.talk.messages)
    assert f"<summary>{shown.thought.heading()}</summary>" in exported
    assert answer.thinking.strip() in exported


def test_a_thought_comes_while_it_is_thought(qtbot: QtBot, pane: ChatPane, shop: Forge) -> None:
    ask(qtbot, pane)
    messages = pane.talk.messages
    writing = ChatMessage(**{**vars(messages[-1]), "state": "writing", "text": "", "provenance": {}})
    pane.talk.messages = [*messages[:-1], writing]
    pane._show_talk(another=False)
    for piece in ("Let me ", "see. "):
        shop.events.publish(AnswerDelta(writing.conversation_id, writing.id, piece, thinking=True))
    shown = bubble(pane, writing)
    qtbot.waitUntil(lambda: shown.thought is not None and shown.thought.text() == "Let me see.")
    assert shown.thought is not None
    assert shown.thought.isVisible()
    assert not shown.view.written
    shop.events.publish(AnswerDelta(writing.conversation_id, writing.id, "For 14 days."))
    qtbot.waitUntil(lambda: shown.view.written == "For 14 days.")
    assert shown.thought.heading().startswith("Thought")


def test_figures_of_an_answer(qtbot: QtBot, pane: ChatPane) -> None:
    answer = ask(qtbot, pane)
    shown = bubble(pane, answer)
    press(qtbot, shown, "Figures of this answer")
    said = {label.text() for label in shown.findChildren(QLabel) if label.isVisible()}
    assert {"Prompt", "Answer", "Runs on", "Seed", "Choice of words"} <= said
    assert any(text.startswith(f"{answer.provenance['prompt_tokens']:,} tokens") for text in said)
    assert any("tok/s" in text and "first word" in text for text in said)


def test_the_context_meter_says_what_fills_it_and_warns_before(qtbot: QtBot, pane: ChatPane, shop: Forge) -> None:
    assert not pane.header.meter.isVisible()
    answer = ask(qtbot, pane)
    meter = pane.header.meter
    qtbot.waitUntil(meter.isVisible)
    filling = meter.filling()
    assert filling is not None
    assert filling.used == sum(int(str(answer.provenance[f"{name}_tokens"])) for name in ("prompt", "answer"))
    assert not filling.warning
    pane.composer.set_text("word " * 3_000)
    filling = meter.filling()
    assert filling is not None
    assert "left out" in filling.warning
    assert "left out" in meter.accessibleName()
    qtbot.keyClick(meter, Qt.Key.Key_Space)
    popup = pane._context._popup
    qtbot.waitUntil(popup.isVisible)
    said = {label.text() for label in popup.findChildren(QLabel) if label.isVisible()}
    assert {"Instructions", "Documents", "Question", "Answer", "Room for the answer"} <= said
    assert filling.warning in said
    popup.grab()
    press(qtbot, popup, "What the model saw")
    qtbot.waitUntil(pane.side.seen.isVisible)
    pane.composer.set_text("")


def test_what_was_left_out_and_what_was_summed_up_stands_where_it_happened(qtbot: QtBot, pane: ChatPane) -> None:
    answer = ask(qtbot, pane)
    question = pane.talk.last("user")
    assert question is not None
    notice = "The first 2 questions and their answers were left out."
    changed = {
        question.id: {"summary": "We spoke of hand tools."},
        answer.id: {"provenance": {**answer.provenance, "noticed": [notice]}},
    }
    pane.talk.messages = [ChatMessage(**{**vars(m), **changed.get(m.id, {})}) for m in pane.talk.messages]
    pane._show_talk(another=False)
    asked = pane.transcript.bubble(question.id)
    assert isinstance(asked, QuestionBubble)
    press(qtbot, asked, "Earlier turns were summarised: show")
    assert asked.summary is not None
    assert asked.summary.opened
    assert asked.summary._view.toPlainText() == "We spoke of hand tools."
    assert any(label.text() == notice and label.isVisible() for label in bubble(pane, answer).findChildren(QLabel))
    assert "We spoke of hand tools." in conversation_markdown("A talk", pane.talk.messages)


def test_every_control_of_the_options_has_a_name_and_is_reached_by_tab(qtbot: QtBot, pane: ChatPane) -> None:
    panel = opened(qtbot, pane)
    press(qtbot, panel, "Show advanced options")
    fields = panel.findChildren(QAbstractButton) + panel.findChildren(QLineEdit) + panel.findChildren(QPlainTextEdit)
    nameless = [field for field in fields if field.isVisible() and not field.accessibleName()]
    assert not nameless
    assert all(line.editor.accessibleDescription() for line in panel.form.rows.values())
    reached: set[QWidget] = set()
    widget: QWidget = panel.form.presets.field
    for _ in range(200):
        reached.add(widget)
        widget = widget.nextInFocusChain()
    for line in panel.form.rows.values():
        assert line.editor in reached
        assert line.editor.focusPolicy() & Qt.FocusPolicy.TabFocus
    places = [panel.form.rows[key].mapTo(panel.form, QPoint(0, 0)).y() for key in panel.form.rows]
    assert places == sorted(places)  # they are reached in the order in which they stand

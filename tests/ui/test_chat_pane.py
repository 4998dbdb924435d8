"""The Chat pane, driven as a person would, on real rooms with the starter student and a small corpus."""

from __future__ import annotations

import os
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt, QTimer
from PySide6.QtGui import QGuiApplication, QMouseEvent, QTextCursor
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication, QLabel, QWidget
from pytestqt.qtbot import QtBot

from forge_desktop.base.events import AnswerDelta
from forge_desktop.chat.records import ChatMessage
from forge_desktop.forge import Forge
from forge_desktop.ui import theme
from forge_desktop.ui.bridge import Bridge
from forge_desktop.ui.panes.chat import ChatPane
from forge_desktop.ui.panes.chat.answer_bubble import AnswerBubble
from forge_desktop.ui.panes.chat.beginnings import _as_question
from forge_desktop.ui.panes.chat.bubbles import QuestionBubble
from forge_desktop.ui.panes.chat.exporting import Exporter, file_stem
from forge_desktop.ui.panes.chat.transcript import Transcript
from forge_desktop.ui.panes.chat.words import short_ranks
from forge_desktop.ui.widgets.basics import Banner, Notice
from forge_desktop.ui.widgets.markdown_view import MarkdownView

pytestmark = pytest.mark.shared_child  # one student answers for all tests of this file

FEES = """# Price list

## Membership

A standard membership costs 36 crowns a year and runs from the day you join.

## Late fees

The late fee for hand tools is 0.50 crowns for each day.

## Deposits

The deposit for a scaffolding tower is 100 crowns.
"""
HOURS = (
    "Opening hours\n\nThe library is open on Tuesday evenings from 17 to 20 and on Saturday mornings from 9 to 13.\n"
)
QUESTION = "What is the late fee for hand tools?"
LONG = "Tell me everything about tools, one by one, in as many words as you can."
ANSWER = 120_000  # ms that an answer may take on a machine that does other things too


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory, sample_dir: Path) -> Iterator[Forge]:
    """Rooms with a small corpus, shared by this file; `shop.papers` is its folder."""
    home = tmp_path_factory.mktemp("chat")
    papers = home / "papers"
    papers.mkdir()
    (papers / "fees.md").write_text(FEES)
    (papers / "hours.txt").write_text(HOURS)
    shutil.copy(sample_dir / "safety-rules.pdf", papers)
    data = home / "data"
    data.mkdir(mode=0o700)
    forge = Forge(data, holder="a test")
    forge.jobs.wait(forge.corpus.index([papers]), 60)
    yield forge
    forge.close()


@pytest.fixture
def pane(qtbot: QtBot, qapp: QApplication, shop: Forge) -> Iterator[ChatPane]:
    theme.apply(qapp, "light")
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


def ask(qtbot: QtBot, pane: ChatPane, question: str) -> ChatMessage:
    """Type, send with the keyboard, and wait for the end of the answer."""
    pane.composer.field.setFocus()
    pane.composer.set_text(question)
    qtbot.keyClick(pane.composer.field, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    return ended(qtbot, pane)


def ended(qtbot: QtBot, pane: ChatPane) -> ChatMessage:
    qtbot.waitUntil(lambda: pane.talk.writing, timeout=ANSWER)
    qtbot.waitUntil(lambda: not pane.talk.writing, timeout=ANSWER)
    answer = pane.talk.last("assistant")
    assert answer is not None
    return answer


def writing_text(pane: ChatPane) -> str:
    last = pane.talk.last("assistant")
    bubble = pane.transcript.bubble(last.id) if last else None
    return bubble.view.written if isinstance(bubble, AnswerBubble) and last and last.state == "writing" else ""


def answer_bubble(pane: ChatPane, message: ChatMessage) -> AnswerBubble:
    bubble = pane.transcript.bubble(message.id)
    assert isinstance(bubble, AnswerBubble)
    return bubble


def button(parent: QWidget, name: str) -> QAbstractButton:
    found = [b for b in parent.findChildren(QAbstractButton) if b.accessibleName() == name and b.isVisible()]
    assert len(found) == 1, (name, [b.accessibleName() for b in parent.findChildren(QAbstractButton)])
    return found[0]


def press(qtbot: QtBot, parent: QWidget, name: str) -> None:
    qtbot.mouseClick(button(parent, name), Qt.MouseButton.LeftButton)


def click_chip(qtbot: QtBot, view: MarkdownView, number: int) -> None:
    """Click the citation chip, where it is painted."""
    cursor = view.document().find(f" {number} ")  # Qt finds a hard space as a plain one
    assert not cursor.isNull()
    cursor.setPosition(cursor.selectionStart() + 1)
    place = view.cursorRect(cursor).center() + QPoint(2, 0)
    assert view.anchorAt(place) == f"cite:{number}"
    qtbot.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=place)


def titles(pane: ChatPane) -> list[str]:
    model = pane.conversations.model
    return [str(model.data(model.index(row))) for row in range(model.rowCount())]


# ---------------------------------------------------------------- the main walk


def test_ask_read_and_open_the_source(qtbot: QtBot, pane: ChatPane) -> None:
    streamed: list[str] = []
    pane.talk.streamed.connect(lambda _id, text: streamed.append(text))
    answer = ask(qtbot, pane, QUESTION)
    assert answer.state == "complete"
    assert "".join(streamed).strip().startswith(answer.text[:20])  # it came in pieces, not at the end
    assert len(streamed) > 3
    bubble = answer_bubble(pane, answer)
    assert "0.50 crowns" in bubble.view.document().toPlainText()
    cited = [source for source in answer.sources if source.cited]
    assert cited
    assert pane.side.sources.numbers()[0] == cited[0].n
    shown = {text.text() for text in pane.side.sources.findChildren(QLabel)}
    assert {short_ranks(source) for source in answer.sources} <= shown  # ranks beside the score, not only its tooltip
    assert pane.header.title() == QUESTION
    assert pane.composer.text() == ""

    click_chip(qtbot, bubble.view, cited[0].n)
    viewer = pane.side.viewer
    qtbot.waitUntil(lambda: bool(viewer.marked_text()), timeout=20_000)
    assert viewer.isVisible()
    assert viewer.marked_text() == cited[0].quote
    assert "late fee for hand tools is 0.50 crowns" in viewer.marked_text()
    assert viewer.badge.isHidden()
    assert pane.side.viewer._name.whole_text() == "fees.md"
    viewer.grab()

    qtbot.keyClick(viewer, Qt.Key.Key_Escape)
    assert pane.side.sources.isVisible()


def test_what_the_model_saw(qtbot: QtBot, pane: ChatPane) -> None:
    answer = ask(qtbot, pane, QUESTION)
    press(qtbot, answer_bubble(pane, answer), "What the model saw")
    qtbot.waitUntil(pane.side.seen.isVisible, timeout=5000)
    assert QUESTION in pane.side.seen.prompt()
    assert "<|im_start|>" in pane.side.seen.prompt()
    press(qtbot, pane.side.seen, "Copy prompt")
    assert QGuiApplication.clipboard().text() == pane.side.seen.prompt()


def test_stop_keeps_what_was_written(qtbot: QtBot, pane: ChatPane) -> None:
    pane.composer.set_grounding("free")
    pane.composer.set_text(LONG)
    press(qtbot, pane.composer, "Send message")
    qtbot.waitUntil(lambda: len(writing_text(pane)) > 20, timeout=ANSWER)
    press(qtbot, pane.composer, "Stop the answer")
    qtbot.waitUntil(lambda: not pane.talk.writing, timeout=ANSWER)
    answer = pane.talk.last("assistant")
    assert answer is not None
    assert answer.state == "stopped"
    assert len(answer.text) > 10
    bubble = answer_bubble(pane, answer)
    assert "Stopped" in " ".join(label.text() for label in bubble.findChildren(QLabel) if label.isVisible())
    assert button(pane.composer, "Send message").isVisible()


def test_a_killed_student_leaves_its_words_and_a_retry(
    qtbot: QtBot, pane: ChatPane, shop: Forge, expect_log: Callable[[str], None]
) -> None:
    expect_log(r"engine|student|child")
    pane.composer.set_grounding("free")
    pane.composer.set_text(LONG)
    press(qtbot, pane.composer, "Send message")
    qtbot.waitUntil(lambda: len(writing_text(pane)) > 20, timeout=ANSWER)
    assert shop.engine.pid is not None
    os.kill(shop.engine.pid, signal.SIGKILL if hasattr(signal, "SIGKILL") else signal.SIGTERM)
    qtbot.waitUntil(lambda: not pane.talk.writing, timeout=ANSWER)
    died = pane.talk.last("assistant")
    assert died is not None
    assert died.state == "died"
    assert len(died.text) > 10
    bubble = answer_bubble(pane, died)
    shown = " ".join(label.text() for label in bubble.findChildren(QLabel) if label.isVisible())
    assert "The student stopped unexpectedly" in shown
    assert died.problem in shown
    pane.grab()
    press(qtbot, bubble, "Retry")
    qtbot.waitUntil(lambda: len(writing_text(pane)) > 20, timeout=ANSWER)  # the next one answers
    press(qtbot, pane.composer, "Stop the answer")
    qtbot.waitUntil(lambda: not pane.talk.writing, timeout=ANSWER)
    again = pane.talk.last("assistant")
    assert again is not None
    assert (again.sibling, again.siblings) == (2, 2)


def test_an_answer_that_failed_says_why_once(qtbot: QtBot, pane: ChatPane) -> None:
    pane.composer.set_text("word " * 30_000)
    qtbot.keyClick(pane.composer.field, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: pane.talk.writing, timeout=10_000)
    answer = ended(qtbot, pane)
    assert answer.state == "failed"
    assert "too long" in answer.problem
    assert pane.banner.isHidden()
    shown = [banner for banner in answer_bubble(pane, answer).findChildren(Banner) if banner.isVisible()]
    assert [answer.problem in banner.accessibleName() for banner in shown] == [True]


@pytest.mark.parametrize("width", [480, 620])
def test_a_long_error_is_shown_whole(qtbot: QtBot, qapp: QApplication, width: int) -> None:
    problem = "The student /a/long/path/of/folders/that-cannot/be-broken/SmolLM2-Instruct.gguf was stopped. " * 3
    message = ChatMessage(
        id=1,
        conversation_id=1,
        parent_id=None,
        role="assistant",
        text="The documents say",
        state="died",
        problem=problem,
        created=0.0,
        sibling=1,
        siblings=1,
        sources=(),
        sentences=(),
        grounding="documents",
        provenance={"student": "Tiny"},
    )
    transcript = Transcript()
    qtbot.addWidget(transcript)
    transcript.resize(width, 700)
    transcript.show()
    transcript.set_messages([message], another=True)
    (banner,) = transcript.findChildren(Banner)
    for said in (text for text in banner.findChildren(QLabel) if text.wordWrap()):
        qtbot.waitUntil(lambda said=said: said.height() >= said.heightForWidth(said.width()))


def test_escape_stops(qtbot: QtBot, pane: ChatPane) -> None:
    pane.composer.set_grounding("free")
    pane.composer.set_text(LONG)
    press(qtbot, pane.composer, "Send message")
    qtbot.waitUntil(lambda: bool(writing_text(pane)), timeout=ANSWER)
    pane.activateWindow()
    qtbot.waitUntil(pane.isActiveWindow)
    qtbot.keyClick(pane.composer.field, Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: not pane.talk.writing, timeout=ANSWER)
    last = pane.talk.last("assistant")
    assert last is not None
    assert last.state == "stopped"


def test_regenerate_and_go_between_the_versions(qtbot: QtBot, pane: ChatPane) -> None:
    first = ask(qtbot, pane, "When is the library open?")
    press(qtbot, answer_bubble(pane, first), "Regenerate answer")
    second = ended(qtbot, pane)
    assert second.id != first.id
    assert (second.sibling, second.siblings) == (2, 2)
    press(qtbot, answer_bubble(pane, second), "Previous version")
    qtbot.waitUntil(lambda: pane.transcript.bubble(first.id) is not None)
    assert pane.transcript.bubble(second.id) is None
    shown = answer_bubble(pane, first)
    assert "1/2" in [label.text() for label in shown.findChildren(QLabel)]
    assert not button(shown, "Previous version").isEnabled()


def test_editing_a_question_makes_a_branch(qtbot: QtBot, pane: ChatPane) -> None:
    ask(qtbot, pane, "When is the library open?")
    question = pane.talk.last("user")
    assert question is not None
    pane.composer.field.setFocus()
    qtbot.keyClick(pane.composer.field, Qt.Key.Key_Up)  # in the empty composer
    assert pane.composer.editing
    assert pane.composer.text() == question.text
    assert button(pane.composer, "Cancel editing").isVisible()
    pane.composer.set_text("When is the library open on Saturday?")
    press(qtbot, pane.composer, "Send the edited message")
    ended(qtbot, pane)
    edited = pane.talk.last("user")
    assert edited is not None
    assert (edited.text, edited.sibling, edited.siblings) == ("When is the library open on Saturday?", 2, 2)
    bubble = pane.transcript.bubble(edited.id)
    assert isinstance(bubble, QuestionBubble)
    press(qtbot, bubble, "Previous version")
    qtbot.waitUntil(lambda: pane.transcript.bubble(question.id) is not None)
    assert not pane.composer.editing


def test_an_edit_can_be_given_up_and_the_draft_comes_back(qtbot: QtBot, pane: ChatPane) -> None:
    ask(qtbot, pane, QUESTION)
    question = pane.talk.last("user")
    assert question is not None
    pane.composer.set_text("half a thou")
    bubble = pane.transcript.bubble(question.id)
    assert bubble is not None
    press(qtbot, bubble, "Edit question")
    assert pane.composer.text() == QUESTION
    press(qtbot, pane.composer, "Cancel editing")
    assert pane.composer.text() == "half a thou"


# ---------------------------------------------------------------- conversations


@pytest.fixture
def three(shop: Forge) -> Iterator[list[int]]:
    """Three conversations with a question each, without an answer: made through the room, as another session would."""
    made = []
    for title in ("Retention of invoices", "Purge workflow", "Travel policy"):
        made.append(shop.chat.create(title))
    yield made
    shop.chat.delete(made)


def test_conversations_are_searched(qtbot: QtBot, pane: ChatPane, three: list[int]) -> None:
    qtbot.waitUntil(lambda: "Travel policy" in titles(pane))
    QTest.keyClicks(pane.conversations.field, "purge")
    qtbot.waitUntil(lambda: titles(pane) == ["Purge workflow"], timeout=5000)
    pane.conversations.field.setText("no such words anywhere")
    qtbot.waitUntil(lambda: titles(pane) == [])
    assert pane.conversations._nothing.text() == "No conversation has these words."
    pane.conversations.field.clear()
    qtbot.waitUntil(lambda: "Travel policy" in titles(pane))


def test_rename_in_place(qtbot: QtBot, pane: ChatPane, three: list[int]) -> None:
    qtbot.waitUntil(lambda: "Purge workflow" in titles(pane))
    view = pane.conversations.view
    view.setCurrentIndex(pane.conversations.model.row_of(three[1]))
    qtbot.waitUntil(lambda: pane.talk.conversation_id == three[1])
    pane.conversations.begin_rename()
    editor = QApplication.focusWidget() or view.viewport().findChild(QWidget)
    assert editor is not None
    qtbot.keyClick(editor, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    QTest.keyClicks(editor, "Two approvals")
    qtbot.keyClick(editor, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: "Two approvals" in titles(pane))
    assert "Purge workflow" not in titles(pane)
    qtbot.waitUntil(lambda: pane.header.title() == "Two approvals")


def test_delete_and_undo(qtbot: QtBot, pane: ChatPane, three: list[int]) -> None:
    qtbot.waitUntil(lambda: "Travel policy" in titles(pane))
    before = titles(pane)
    view, model = pane.conversations.view, pane.conversations.model
    view.setCurrentIndex(model.row_of(three[2]))
    qtbot.waitUntil(lambda: pane.talk.conversation_id == three[2])
    with qtbot.waitSignal(pane.notice, timeout=5000) as told:
        qtbot.keyClick(view, Qt.Key.Key_Delete)
    notice = told.args[0]
    assert isinstance(notice, Notice)
    assert notice.text == "1 conversation deleted"
    qtbot.waitUntil(lambda: "Travel policy" not in titles(pane))
    assert pane.talk.conversation_id is None
    assert notice.undo is not None
    notice.undo()
    qtbot.waitUntil(lambda: titles(pane) == before)
    qtbot.waitUntil(lambda: pane.talk.conversation_id == three[2])


def test_a_draft_stays_with_its_conversation_and_survives_a_restart(
    qtbot: QtBot, pane: ChatPane, shop: Forge, three: list[int]
) -> None:
    qtbot.waitUntil(lambda: "Travel policy" in titles(pane))
    pane._open(three[0])
    pane.composer.set_text("first draft")
    pane._open(three[1])
    assert pane.composer.text() == ""
    pane.composer.set_text("second draft")
    pane._open(three[0])
    assert pane.composer.text() == "first draft"
    path = shop.data_dir / "drafts.json"
    qtbot.waitUntil(lambda: path.exists() and "second draft" in path.read_text(), timeout=5000)
    bridge = Bridge(shop.events)
    again = ChatPane(shop, bridge)
    qtbot.addWidget(again)
    again._open(three[1])
    assert again.composer.text() == "second draft"
    bridge.close()


def test_export(qtbot: QtBot, pane: ChatPane, tmp_path: Path) -> None:
    answer = ask(qtbot, pane, QUESTION)
    target = tmp_path / "talk.md"
    exporter = pane.findChild(Exporter)
    assert exporter is not None
    with qtbot.waitSignal(pane.notice, timeout=5000):
        exporter.save(answer.conversation_id, "", target)
    text = target.read_text("utf-8")
    assert text.startswith(f"# {QUESTION}\n\n> {QUESTION}\n\n")
    assert "[1]" in text
    assert "fees.md, Line" in text
    exporter.save(answer.conversation_id, "", tmp_path / "no" / "folder.md")
    qtbot.waitUntil(pane.banner.isVisible, timeout=5000)
    assert file_stem('a/b: "c"?') == "a b c"


# ---------------------------------------------------------------- keys, composer, empty states


def test_enter_sends_or_starts_a_line_as_the_setting_says(qtbot: QtBot, pane: ChatPane, shop: Forge) -> None:
    field = pane.composer.field
    sent: list[str] = []
    pane.composer.submitted.disconnect(pane._on_submitted)
    pane.composer.submitted.connect(sent.append)
    pane.composer.set_text("a")
    qtbot.keyClick(field, Qt.Key.Key_Return)
    qtbot.keyClick(field, Qt.Key.Key_Return, Qt.KeyboardModifier.ShiftModifier)
    assert (field.toPlainText(), sent) == ("a\n\n", [])
    shop.settings.change(send_with="enter")
    qtbot.waitUntil(lambda: "Enter" in pane.composer.send.toolTip() and "Ctrl" not in pane.composer.send.toolTip())
    qtbot.keyClick(field, Qt.Key.Key_Return, Qt.KeyboardModifier.ShiftModifier)
    qtbot.keyClick(field, Qt.Key.Key_Return)
    assert sent == ["a"]
    shop.settings.change(send_with="ctrl_enter")


def test_a_pasted_html_is_only_its_text(pane: ChatPane) -> None:
    from PySide6.QtCore import QMimeData

    data = QMimeData()
    data.setHtml("<b>bold</b>")
    data.setText("bold")
    pane.composer.field.insertFromMimeData(data)
    assert pane.composer.text() == "bold"


def test_the_empty_question_is_not_sent(pane: ChatPane) -> None:
    pane.composer.set_text("   \n ")
    assert not pane.composer.send.isEnabled()


def test_nothing_indexed_leads_to_the_corpus(qtbot: QtBot, qapp: QApplication, data_dir: Path) -> None:
    forge = Forge(data_dir, holder="a test")
    bridge = Bridge(forge.events)
    pane = ChatPane(forge, bridge)
    qtbot.addWidget(pane)
    pane.resize(1276, 800)
    pane.show()
    pane.shown()
    qtbot.waitUntil(lambda: not forge.jobs.running())
    with qtbot.waitSignal(pane.wants_pane) as wanted:
        press(qtbot, pane.beginning, "Add documents")
    assert wanted.args == ["corpus"]
    bridge.close()
    forge.close()


def test_examples_come_from_the_documents(qtbot: QtBot, pane: ChatPane) -> None:
    pane.new_conversation()

    def names() -> list[str]:
        return [b.accessibleName() for b in pane.beginning.findChildren(QAbstractButton) if b.isVisible()]

    qtbot.waitUntil(lambda: len(names()) == 3)
    assert "What do the documents say about “Late fees”?" in names()


def test_a_heading_that_asks_is_asked_as_it_is() -> None:
    assert _as_question("Do I have to live in Marrowby?") == "Do I have to live in Marrowby?"


def test_shortcuts(qtbot: QtBot, pane: ChatPane) -> None:
    answer = ask(qtbot, pane, QUESTION)
    pane.activateWindow()
    qtbot.waitUntil(pane.isActiveWindow)
    pane.transcript.setFocus()
    qtbot.keyClick(pane, Qt.Key.Key_L, Qt.KeyboardModifier.ControlModifier)
    assert pane.composer.field.hasFocus()
    control_shift = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
    qtbot.keyClick(pane, Qt.Key.Key_C, control_shift)
    assert QGuiApplication.clipboard().text() == answer.text
    qtbot.keyClick(pane, Qt.Key.Key_1, Qt.KeyboardModifier.AltModifier)
    qtbot.waitUntil(lambda: bool(pane.side.viewer.marked_text()), timeout=20_000)
    qtbot.keyClick(pane, Qt.Key.Key_Escape)
    assert not pane.side.is_wide()
    assert set(pane.commands()) == {"new_conversation", "export"}
    pane.commands()["new_conversation"]()
    assert pane.talk.conversation_id is None
    assert pane.search() is pane.conversations.field


# ---------------------------------------------------------------- long conversations


def long_talk(count: int) -> list[ChatMessage]:
    body = "Kept for **seven years**.\n\n| A | B |\n|---|---|\n| 1 | 2 |\n\n```python\nx = 1\n```\n"
    return [
        ChatMessage(
            id=1000 + i,
            conversation_id=1,
            parent_id=999 + i,
            role="assistant" if i % 2 else "user",
            text=body if i % 2 else f"Question {i}?",
            state="complete",
            problem="",
            created=time.time(),
            sibling=1,
            siblings=1,
            sources=(),
            sentences=(),
            grounding="free",
            provenance={"student": "S"},
        )
        for i in range(count)
    ]


def test_a_long_conversation_is_windowed_and_keeps_its_place(qtbot: QtBot, pane: ChatPane) -> None:
    transcript = pane.transcript
    pane._middle_stack.setCurrentWidget(transcript)
    messages = long_talk(400)
    transcript.set_messages(messages, another=True)
    qtbot.waitUntil(lambda: len(transcript.bubbles()) == 40, timeout=20_000)
    bar = transcript.verticalScrollBar()
    assert bar.value() == bar.maximum()
    assert transcript.bubbles()[-1].message.id == messages[-1].id

    bar.setValue(300)
    read = next(b for b in transcript.bubbles() if b.geometry().bottom() >= 300)
    offset = read.y() - bar.value()
    low = transcript.bubbles()[0].message.id
    qtbot.waitUntil(lambda: transcript.bubbles()[0].message.id == low - 20, timeout=20_000)
    assert abs((read.y() - bar.value()) - offset) <= 2
    assert not transcript.follows
    for _ in range(40):  # up to the first message: what is far away goes
        bar.setValue(0)
        first = transcript.bubbles()[0].message.id
        if first == messages[0].id:
            break
        qtbot.waitUntil(lambda first=first: transcript.bubbles()[0].message.id < first, timeout=20_000)
    assert len(transcript.bubbles()) <= 120
    assert transcript.bubble(messages[-1].id) is None
    assert transcript._latest.isVisible()
    press(qtbot, transcript, "Go to the latest message")
    qtbot.waitUntil(lambda: transcript.bubble(messages[-1].id) is not None)
    assert transcript.follows


def test_scrolling_up_ends_following(qtbot: QtBot, pane: ChatPane) -> None:
    transcript = pane.transcript
    pane._middle_stack.setCurrentWidget(transcript)
    messages = long_talk(10)
    writing = ChatMessage(**{**vars(messages[-1]), "state": "writing", "text": "", "provenance": {}})
    transcript.set_messages([*messages[:-1], writing], another=True)
    qtbot.waitUntil(lambda: len(transcript.bubbles()) == 10, timeout=20_000)
    bar = transcript.verticalScrollBar()
    transcript.append(writing.id, "line\n\n" * 30)
    qtbot.waitUntil(lambda: bar.value() == bar.maximum() and bar.maximum() > 1000)
    bar.setValue(bar.maximum() - 300)
    here = bar.value()
    transcript.append(writing.id, "line\n\n" * 30)
    qtbot.waitUntil(lambda: bar.maximum() > here + 600)
    assert bar.value() == here
    assert transcript._latest.isVisible()


def heartbeat(limit: list[float]) -> QTimer:
    """Notes in `limit[0]` the most CPU the window's thread spent between two beats, in ms."""
    last = [time.thread_time()]

    def beat() -> None:
        now = time.thread_time()
        limit[0] = max(limit[0], (now - last[0]) * 1000)
        last[0] = now

    timer = QTimer(interval=5)
    timer.timeout.connect(beat)
    timer.start()
    return timer


def test_the_window_stays_responsive_while_an_answer_streams(qtbot: QtBot, pane: ChatPane, shop: Forge) -> None:
    worst = [0.0]
    timer = heartbeat(worst)
    ask(qtbot, pane, QUESTION)  # a real one, from the first key to the sources
    timer.stop()
    assert worst[0] < 100, f"{worst[0]:.0f} ms"


def test_the_window_stays_responsive_with_a_fast_student_and_a_long_answer(
    qtbot: QtBot, pane: ChatPane, shop: Forge
) -> None:
    """1,500 tokens at about 500 a second, tables and code among them, after 200 messages."""
    messages = long_talk(200)
    writing = ChatMessage(**{**vars(messages[-1]), "state": "writing", "text": "", "provenance": {}})
    pane.talk.conversation_id = writing.conversation_id
    pane._middle_stack.setCurrentWidget(pane.transcript)
    text = (messages[1].text + "\n- item one\n- item two\n\nA paragraph of some more words than that.\n\n") * 45
    worst = [0.0]
    timer = heartbeat(worst)
    pane.transcript.set_messages([*messages[:-1], writing], another=True)
    pieces = iter([text[i : i + 4] for i in range(0, len(text), 4)])
    sent = []

    def send() -> None:
        if (piece := next(pieces, None)) is not None:
            shop.events.publish(AnswerDelta(writing.conversation_id, writing.id, piece))
            sent.append(piece)

    feeder = QTimer(interval=2)
    feeder.timeout.connect(send)
    feeder.start()
    qtbot.waitUntil(lambda: len("".join(sent)) == len(text), timeout=60_000)
    feeder.stop()
    bubble = pane.transcript.bubble(writing.id)
    assert bubble is not None
    qtbot.waitUntil(lambda: bubble.view.written == text)
    timer.stop()
    pane.talk.conversation_id = None
    assert worst[0] < 100, f"{worst[0]:.0f} ms"


# ---------------------------------------------------------------- selection


def mouse(view: MarkdownView, kind: QEvent.Type, at: QPoint) -> None:
    held = Qt.MouseButton.NoButton if kind == QEvent.Type.MouseMove else Qt.MouseButton.LeftButton
    down = Qt.MouseButton.NoButton if kind == QEvent.Type.MouseButtonRelease else Qt.MouseButton.LeftButton
    place = QPointF(at)
    glob = QPointF(view.viewport().mapToGlobal(at))
    event = QMouseEvent(kind, place, glob, held, down, Qt.KeyboardModifier.NoModifier)
    QApplication.sendEvent(view.viewport(), event)


def test_a_selection_goes_across_messages(qtbot: QtBot, pane: ChatPane) -> None:
    transcript = pane.transcript
    pane._middle_stack.setCurrentWidget(transcript)
    messages = long_talk(6)
    transcript.set_messages(messages, another=True)
    qtbot.waitUntil(lambda: len(transcript.bubbles()) == 6, timeout=20_000)
    views = [bubble.view for bubble in transcript.bubbles()]
    mouse(views[2], QEvent.Type.MouseButtonPress, QPoint(1, 8))
    there = views[2].viewport().mapFromGlobal(views[4].viewport().mapToGlobal(QPoint(views[4].width() - 2, 8)))
    mouse(views[2], QEvent.Type.MouseMove, there)
    mouse(views[2], QEvent.Type.MouseButtonRelease, there)
    chosen = transcript.selected_text()
    assert chosen.startswith("Question 2?\n\nKept for seven years.")
    assert chosen.endswith("Question 4?")
    qtbot.keyClick(views[2], Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert QGuiApplication.clipboard().text() == chosen
    mouse(views[0], QEvent.Type.MouseButtonPress, QPoint(1, 8))
    assert transcript.selected_text() == ""
    cursor = views[0].textCursor()
    cursor.select(QTextCursor.SelectionType.Document)
    views[0].setTextCursor(cursor)
    assert transcript.selected_text() == "Question 0?"


# ---------------------------------------------------------------- access


def walk(widget: QWidget, wanted: Callable[[QWidget], bool]) -> list[QWidget]:
    return [w for w in widget.findChildren(QWidget) if w.isVisible() and wanted(w)]


def test_every_control_is_named_reachable_and_large_enough(qtbot: QtBot, pane: ChatPane) -> None:
    ask(qtbot, pane, QUESTION)
    controls = walk(pane, lambda w: isinstance(w, QAbstractButton) or bool(w.focusPolicy() & Qt.FocusPolicy.TabFocus))
    own = [w for w in controls if type(w.parent()).__name__ != "QLineEdit"]
    assert len(own) > 15
    assert [type(w).__name__ for w in own if not w.accessibleName()] == []
    small = [(w.accessibleName(), w.width(), w.height()) for w in own if isinstance(w, QAbstractButton)]
    assert [s for s in small if min(s[1:]) < 24] == []


@pytest.mark.parametrize("width", [796, 1000, 1276])
@pytest.mark.parametrize("opened", [False, True])
def test_no_text_is_clipped(qtbot: QtBot, pane: ChatPane, width: int, opened: bool) -> None:
    pane.resize(width, 700)
    answer = ask(qtbot, pane, QUESTION) if opened else None
    if answer:
        pane.transcript.cited.emit(answer.id, answer.sources[0].n)
        qtbot.waitUntil(lambda: bool(pane.side.viewer.marked_text()), timeout=20_000)
    QApplication.processEvents()
    assert pane.width() == width
    assert pane.transcript._flow.width() <= pane.transcript.viewport().width()

    def cut(widget: QWidget) -> bool:
        if isinstance(widget, QLabel):
            return (
                bool(widget.text()) and not widget.wordWrap() and widget.minimumSizeHint().width() > widget.width() + 1
            )
        return isinstance(widget, QAbstractButton) and widget.sizeHint().width() > widget.width() + 1

    clipped = [getattr(w, "text", str)() for w in walk(pane, cut) if type(w.parent()).__name__ != "QLineEdit"]
    assert clipped == []


def test_right_to_left(qtbot: QtBot, pane: ChatPane) -> None:
    pane.setLayoutDirection(Qt.LayoutDirection.RightToLeft)
    ask(qtbot, pane, QUESTION)
    assert pane.conversations.mapTo(pane, QPoint(0, 0)).x() > pane.width() // 2
    assert pane.side.mapTo(pane, QPoint(0, 0)).x() < pane.width() // 2
    pane.grab()
    pane.setLayoutDirection(Qt.LayoutDirection.LeftToRight)


def test_stop_right_after_sending(qtbot: QtBot, pane: ChatPane) -> None:
    pane.composer.set_text(LONG)
    press(qtbot, pane.composer, "Send message")
    press(qtbot, pane.composer, "Stop the answer")  # before the question is even stored
    qtbot.waitUntil(lambda: not pane.talk.writing, timeout=ANSWER)
    last, question = pane.talk.last("assistant"), pane.talk.last("user")
    assert last is not None
    assert question is not None
    assert (last.state, question.text) == ("stopped", LONG)

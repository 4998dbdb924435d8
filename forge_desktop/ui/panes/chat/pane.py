"""The Chat pane: conversations at the side, messages and composer in the middle, sources and viewer at the end."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, cast

from PySide6.QtCore import QPoint, Qt, QTimer, QUrl, Slot
from PySide6.QtGui import QAction, QGuiApplication, QKeySequence, QResizeEvent
from PySide6.QtWidgets import QLineEdit, QStackedWidget, QWidget

from forge_desktop.base.errors import ForgeError
from forge_desktop.base.events import DataChanged
from forge_desktop.chat.records import ChatMessage, Grounding
from forge_desktop.corpus.records import CorpusStats
from forge_desktop.ui import theme, tokens
from forge_desktop.ui.bridge import Bridge
from forge_desktop.ui.errands import Errands
from forge_desktop.ui.panes import Pane
from forge_desktop.ui.panes.chat.answer_bubble import AnswerBubble
from forge_desktop.ui.panes.chat.beginnings import Beginning, example_questions
from forge_desktop.ui.panes.chat.comparing import VersionCount, to_compare
from forge_desktop.ui.panes.chat.context import ContextWatch
from forge_desktop.ui.panes.chat.conversations import ConversationList
from forge_desktop.ui.panes.chat.correcting import Correcting
from forge_desktop.ui.panes.chat.drafts import Drafts
from forge_desktop.ui.panes.chat.exporting import Exporter
from forge_desktop.ui.panes.chat.header import ChatHeader
from forge_desktop.ui.panes.chat.room import Room
from forge_desktop.ui.panes.chat.shelf import Shelf
from forge_desktop.ui.panes.chat.side import Side
from forge_desktop.ui.panes.chat.talk import Talk
from forge_desktop.ui.panes.chat.transcript import Transcript
from forge_desktop.ui.panes.chat.words import GROUNDINGS
from forge_desktop.ui.status_line import EngineNews
from forge_desktop.ui.widgets.basics import Banner, Notice, announce, column, row
from forge_desktop.ui.widgets.composer import Composer
from forge_desktop.ui.widgets.inset import Inset
from forge_desktop.ui.widgets.markdown_view import ask_before_opening

if TYPE_CHECKING:
    from forge_desktop.forge import Forge

_DRAFT_PAUSE = 1000  # ms after the last key
_COLUMN = 760


class ChatPane(Pane):
    """Asks and shows. What is asked and kept is the chat room's; what is open is `Talk`'s."""

    key = "chat"
    title = "Chat"
    icon = "messages-square"

    def __init__(self, forge: Forge, bridge: Bridge, parent: QWidget | None = None) -> None:
        super().__init__(forge, bridge, parent)
        self._errands = Errands(forge.jobs, bridge, self)
        self.talk = Talk(forge.chat, forge.jobs, bridge, self._errands, self)
        self._drafts = Drafts(forge.data_dir / "drafts.json")
        self._editing: int | None = None
        self._examples: list[str] = []
        self._documents = self._passages = 0
        self._first_visit, self._collections_known = True, False
        self._build()
        self.shelf = Shelf(forge.chat, self.conversations, self.talk, self._errands, self)
        self._exporter = Exporter(self, forge.chat, self._errands)
        self.correcting = Correcting(forge.distill, self._errands, self)
        self._versions = VersionCount(forge.students, self._errands, self)
        self._context = ContextWatch(forge.chat, forge.settings, self._errands, self.header.meter)
        self._connect()
        self._shortcuts()
        bridge.data_changed.connect(self._on_data)
        bridge.engine_changed.connect(self._on_engine)
        self._follow_settings()
        self._on_engine(forge.engine.state())
        self._show_talk(another=True)

    # ---------------------------------------------------------------- the pane's face
    def shown(self) -> None:
        self.shelf.read()
        self._read_corpus()
        self._versions.read()
        if self._first_visit:
            self._first_visit = False
            self._errands.run(_warm_up)
        self.composer.field.setFocus(Qt.FocusReason.OtherFocusReason)

    def commands(self) -> dict[str, Callable[[], None]]:
        return {"new_conversation": self.new_conversation, "export": self._on_export}

    def search(self) -> QLineEdit | None:
        return self.conversations.field

    def foot(self) -> int:
        return self.height() - self.composer.mapTo(self, QPoint(0, 0)).y()

    @Slot()
    def new_conversation(self) -> None:
        """An empty conversation; it is stored with its first question."""
        self._open(None)
        self.composer.field.setFocus(Qt.FocusReason.OtherFocusReason)

    # ---------------------------------------------------------------- building
    def _build(self) -> None:
        self.conversations = ConversationList()
        self.header = ChatHeader()
        self.banner = Banner()
        self.banner.acted.connect(self._on_mend)
        self.transcript = Transcript()
        self.beginning = Beginning()
        self.composer = Composer(GROUNDINGS)
        self.composer.setMaximumWidth(theme.px(_COLUMN))
        self.side = Side(self.forge.corpus, self.forge.chat, self._errands)
        self._middle_stack = QStackedWidget()
        self._middle_stack.setMinimumWidth(theme.px(280))
        self._middle_stack.addWidget(self.beginning)
        self._middle_stack.addWidget(self.transcript)
        banner = Inset(self.banner, (tokens.XL, 8, tokens.XL, 0))
        foot = row(self.composer, margins=(tokens.XL, 4, tokens.XL, tokens.LG))
        middle = QWidget()
        middle.setProperty("cls", "surface")
        line = column(self.header, banner, self._middle_stack, foot, gap=0)
        line.setStretch(2, 1)
        middle.setLayout(line)
        self._room = Room(self, self.conversations, middle, self.side, self.header)
        whole = row(self.conversations, self._room.splitter, gap=0)
        whole.setStretch(1, 1)
        self.setLayout(whole)
        self._draft_pause = QTimer(self, singleShot=True, interval=_DRAFT_PAUSE)

    def _connect(self) -> None:
        talk, composer, transcript = self.talk, self.composer, self.transcript
        talk.changed.connect(self._on_talk)
        talk.streamed.connect(transcript.append)
        talk.thought.connect(transcript.think)
        talk.progressed.connect(self._on_progress)
        talk.writing_changed.connect(self._on_writing)
        talk.failed.connect(self._on_failed)
        composer.submitted.connect(self._on_submitted)
        composer.stop_pressed.connect(talk.stop)
        composer.edit_last.connect(self._on_edit_last)
        composer.edit_cancelled.connect(self._on_edit_cancelled)
        composer.text_changed.connect(self._on_text)
        transcript.regenerate.connect(talk.regenerate)
        transcript.edit.connect(self._on_edit)
        transcript.sibling.connect(talk.show_sibling)
        transcript.seen.connect(self._on_seen)
        transcript.cited.connect(self._on_cited)
        transcript.everywhere.connect(talk.search_everywhere)
        transcript.correct.connect(self._on_correct)
        transcript.compare.connect(self._on_compare)
        transcript.card.connect(self._on_card)
        transcript.mend.connect(self.wants_pane)
        transcript.outside.connect(self._on_outside)
        transcript.copied.connect(self._on_copied)
        self.conversations.opened.connect(self._open)
        self.conversations.new_pressed.connect(self.new_conversation)
        self.conversations.export_pressed.connect(self._exporter.export)
        self.shelf.open_wanted.connect(self._open)
        self.shelf.changed.connect(self._on_list)
        self.shelf.noticed.connect(self.notice)
        self.shelf.failed.connect(self._on_failed)
        self.header.export_pressed.connect(self._on_export)
        self.header.rename_pressed.connect(self.conversations.begin_rename)
        self.header.options_toggled.connect(self._on_options)
        self.side.copied.connect(self._on_copied)
        self.side.mode_changed.connect(self._on_side)
        self.side.options.noticed.connect(self.notice)
        self.side.options.shown.connect(self.header.show_preset)
        self._versions.counted.connect(transcript.show_versions)
        self._context.seen_wanted.connect(self._on_seen)
        self.beginning.asked.connect(self._on_submitted)
        self.beginning.wants_documents.connect(self._on_wants_documents)
        self._exporter.exported.connect(self.notice)
        self.correcting.noticed.connect(self.notice)
        self._exporter.failed.connect(self._on_failed)
        self._draft_pause.timeout.connect(self._save_drafts)

    def _shortcuts(self) -> None:
        """Actions, not bare shortcuts: the list of keys in the Help menu finds them by their words."""
        keys: list[tuple[str, str, Callable[[], object]]] = [
            ("Write a question", "Ctrl+L", self._focus_composer),
            ("Regenerate the last answer", "Ctrl+R", self._on_regenerate_last),
            ("Copy the last answer", "Ctrl+Shift+C", self._on_copy_last),
            ("Rename the conversation", "F2", self.conversations.begin_rename),
            ("Answer options", "Ctrl+Shift+A", self.header.options.toggle),
            ("Stop the answer, or close what is open", "Esc", self._on_escape),
        ]
        keys += [(f"Open source {n}", f"Alt+{n}", functools.partial(self.side.open_source, n)) for n in range(1, 10)]
        for words, key, run in keys:
            action = QAction(words, self)
            action.setShortcut(QKeySequence(key))
            action.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            action.triggered.connect(lambda _checked=False, run=run: run())
            self.addAction(action)

    # ---------------------------------------------------------------- showing
    def _open(self, conversation_id: int | None) -> None:
        if conversation_id is not None and conversation_id == self.talk.conversation_id:
            return
        if self.composer.editing:
            self._on_edit_cancelled()
        self.banner.clear()
        self.side.show_sources_only()
        self.talk.open(conversation_id)
        self.conversations.choose(conversation_id)
        self.composer.set_text(self._drafts.get(conversation_id))

    @Slot(bool)
    def _on_talk(self, another: bool) -> None:
        self._show_talk(another=another)

    def _show_talk(self, *, another: bool) -> None:
        talk = self.talk
        self.header.show_title(self.shelf.title())
        self.header.export.setEnabled(bool(talk.messages))
        options = self.side.options
        if another or talk.conversation_id is None:
            options.show_conversation(talk.conversation_id)
        elif talk.conversation_id != options.conversation_id:
            options.became(talk.conversation_id)
        if another:
            self.composer.set_grounding(self._grounding_now())
            self.composer.scope.choose(self._scope_now())
        if not talk.messages:
            self._show_beginning()
        else:
            self._middle_stack.setCurrentWidget(self.transcript)
        self.transcript.set_messages(talk.messages, another=another)
        for message in talk.messages:
            bubble = self.transcript.bubble(message.id)
            if message.state == "writing" and isinstance(bubble, AnswerBubble):
                bubble.catch_up(talk.written(message), talk.thinking(message))
        self._show_answer(talk.last("assistant"))

    def _show_answer(self, answer: ChatMessage | None) -> None:
        """Sources and context of an answer, usually the last one."""
        question = self.talk.question_of(answer) if answer else ""
        self.side.show_answer(answer, question, self._passages)
        self._context.show_answer(self.talk.last("assistant"))

    def _show_beginning(self) -> None:
        self._middle_stack.setCurrentWidget(self.beginning)
        if self._documents:
            self.beginning.show_first(self._documents, self._passages, self._examples)
        else:
            self.beginning.show_none()

    def _grounding_now(self) -> Grounding:
        last = self.talk.last("user")
        return last.grounding if last else cast(Grounding, self.forge.settings.values.grounding)

    def _scope_now(self) -> tuple[str, ...]:
        last = self.talk.last("user")
        return last.collections if last else ()

    # ---------------------------------------------------------------- reading
    @Slot()
    def _on_list(self) -> None:
        if title := self.shelf.title():
            self.header.show_title(title)

    def _read_corpus(self) -> None:
        corpus, students = self.forge.corpus, self.forge.students

        def read() -> tuple[CorpusStats, list[str], bool, dict[str, str]]:
            stats = corpus.shelf.stats()
            examples = example_questions(corpus) if stats.documents else []
            has_student = students.active() is not None or students.remotes.active() is not None
            return stats, examples, has_student, corpus.collections.names()

        self._errands.run(read, self._show_corpus, key="corpus")

    def _show_corpus(self, found: tuple[CorpusStats, list[str], bool, dict[str, str]]) -> None:
        stats, self._examples, has_student, collections = found
        self._documents, self._passages = stats.documents, stats.passages
        self._show_collections(collections)
        self.composer.set_reason("" if self._documents or has_student else "Add documents or a student first.")
        if not self.talk.messages:
            self._show_beginning()

    def _show_collections(self, names: dict[str, str]) -> None:
        """The first reading comes after the conversation, so what that one asked in is chosen here again."""
        first = not self._collections_known
        self._collections_known = True
        self.composer.scope.show_collections(names)
        if first:
            self.composer.scope.choose(self._scope_now())

    @Slot(object)
    def _on_data(self, event: DataChanged) -> None:
        if event.what & {"conversations", "messages"}:
            self.shelf.read()
        if event.what & {"documents", "students", "collections"}:
            self._read_corpus()
        if event.what & {"versions", "students"}:
            self._versions.read()
        if event.what & {"options", "settings", "students"}:
            self.side.options.refresh()
        if "settings" in event.what:
            self._follow_settings()

    @Slot(object)
    def _on_engine(self, news: EngineNews) -> None:
        self.header.show_student(news.model or "", news.remote, news.label)

    def _follow_settings(self) -> None:
        self.composer.set_send_with(self.forge.settings.values.send_with)
        if not self.talk.messages:
            self.composer.set_grounding(self._grounding_now())

    # ---------------------------------------------------------------- asking
    @Slot(str)
    def _on_submitted(self, text: str) -> None:
        if self.talk.writing:
            return
        self.banner.clear()
        self._drafts.keep(self.talk.conversation_id, "")
        self._draft_pause.start()
        editing, self._editing = self._editing, None
        self.composer.end_edit()
        self.composer.set_text("")
        self.side.show_sources_only()
        self.transcript.go_to_end()
        self.side.options.form.flush()  # what was typed last holds for this question
        if editing is not None:
            self.talk.edit(editing, text)
        else:
            grounding = cast(Grounding, self.composer.chosen_grounding())
            self.talk.ask(text, grounding, self.composer.scope.chosen(), self.side.options.pending)

    @Slot(object, str)
    def _on_failed(self, error: ForgeError, question: str = "") -> None:
        self.banner.show_error(error, mend=True)
        if question and not self.composer.text():
            self.composer.set_text(question)

    @Slot()
    def _on_mend(self) -> None:
        self.banner.clear()
        if self.banner.place == "load":
            engine = self.forge.engine
            self.forge.jobs.start("engine", "warm", lambda context: engine.warm(context.check))
        else:
            self.wants_pane.emit(self.banner.place)

    @Slot()
    def _on_writing(self) -> None:
        was = not self.composer.stop.isHidden()
        self.composer.set_writing(self.talk.writing)
        if was and not self.talk.writing and (last := self.talk.last("assistant")) and last.state != "writing":
            announce(self.transcript, "The answer is complete" if last.state == "complete" else "The answer ended")

    @Slot(str)
    def _on_progress(self, note: str) -> None:
        last = self.talk.last("assistant")
        bubble = self.transcript.bubble(last.id) if last else None
        if last and last.state == "writing" and isinstance(bubble, AnswerBubble):
            bubble.show_progress(note)

    @Slot(int)
    def _on_edit(self, message_id: int) -> None:
        message = self.talk.message(message_id)
        if message is None or self.talk.writing:
            return
        self._editing = message_id
        self.composer.begin_edit(message.text)

    @Slot()
    def _on_edit_last(self) -> None:
        if last := self.talk.last("user"):
            self._on_edit(last.id)

    @Slot()
    def _on_edit_cancelled(self) -> None:
        self._editing = None
        self.composer.end_edit()
        self.composer.set_text(self._drafts.get(self.talk.conversation_id))

    @Slot()
    def _on_regenerate_last(self) -> None:
        last = self.talk.last("assistant")
        if last and not self.talk.writing:
            self.talk.regenerate(last.id)

    @Slot()
    def _on_text(self) -> None:
        if not self.composer.editing:
            self._drafts.keep(self.talk.conversation_id, self.composer.text())
            self._draft_pause.start()
        self._context.show_draft(self.composer.text())

    @Slot()
    def _save_drafts(self) -> None:
        texts = self._drafts.copy()
        self._errands.run(lambda: self._drafts.save(texts), key="drafts")

    # ---------------------------------------------------------------- conversations
    @Slot()
    def _on_export(self) -> None:
        if self.talk.messages and self.talk.conversation_id is not None:
            self._exporter.export(self.talk.conversation_id, self.shelf.title())

    # ---------------------------------------------------------------- sources
    @Slot(int, int)
    def _on_cited(self, message_id: int, number: int) -> None:
        if answer := self.talk.message(message_id):
            self._show_answer(answer)
            self.side.open_source(number)

    @Slot(int)
    def _on_correct(self, message_id: int) -> None:
        if (answer := self.talk.message(message_id)) is not None:
            self.correcting.open(answer, self.talk.question_of(answer))

    @Slot(int)
    def _on_compare(self, message_id: int) -> None:
        if (answer := self.talk.message(message_id)) is not None:
            self.hands_over.emit("students:compare", to_compare(answer, self.talk.question_of(answer)))

    @Slot(int)
    def _on_card(self, message_id: int) -> None:
        answer = self.talk.message(message_id)
        if answer is not None and (uid := answer.provenance.get("version_uid")):
            self.wants_pane.emit(f"cards:card:{uid}")

    @Slot(int)
    def _on_seen(self, message_id: int) -> None:
        self.side.show_seen(message_id, self._on_failed)

    @Slot(bool)
    def _on_options(self, shown: bool) -> None:
        if shown and not self.side.shows_options():
            self.side.show_options()
        elif not shown and self.side.shows_options():
            self.side.close_panel()

    @Slot()
    def _on_side(self) -> None:
        self.header.options.setChecked(self.side.shows_options())

    # ---------------------------------------------------------------- small things
    @Slot(QUrl)
    def _on_outside(self, url: QUrl) -> None:
        if ask_before_opening(url, self) is None:
            self.banner.show_message("This link was not opened", "Only web addresses can be opened.", kind="warn")

    @Slot(str)
    def _on_copied(self, words: str) -> None:
        self.notice.emit(Notice(words, icon="copy"))

    @Slot()
    def _on_copy_last(self) -> None:
        if last := self.talk.last("assistant"):
            QGuiApplication.clipboard().setText(last.text)
            self._on_copied("Answer copied")

    @Slot()
    def _on_wants_documents(self) -> None:
        self.wants_pane.emit("corpus")

    @Slot()
    def _focus_composer(self) -> None:
        self.composer.field.setFocus(Qt.FocusReason.ShortcutFocusReason)

    @Slot()
    def _on_escape(self) -> None:
        if self.side.is_wide() and self.side.holds_focus():
            self.side.close_panel()
            self._focus_composer()
        elif self.talk.writing:
            self.talk.stop()
        elif self.composer.editing:
            self._on_edit_cancelled()
        elif self.side.is_wide():
            self.side.close_panel()
        elif self.conversations.field.text():
            self.conversations.field.clear()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._room.fit()


def _warm_up() -> None:
    """Import what the first message needs, away from the window's thread."""
    from forge_desktop.ui.widgets.code_colours import coloured
    from forge_desktop.ui.widgets.markdown_source import final_length, parse

    parse("a *b* `c`")
    final_length("a\n\nb\n")
    list(coloured("a = 1", "python"))

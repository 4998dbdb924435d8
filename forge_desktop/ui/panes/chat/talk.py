"""The conversation that is open: reads it, asks in it, gathers what streams in, and tells the pane by signals."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot

from forge_desktop.base.errors import ForgeError
from forge_desktop.base.events import AnswerDelta, DataChanged, JobChanged
from forge_desktop.base.jobs import Jobs
from forge_desktop.chat.records import ChatMessage, Grounding
from forge_desktop.ui.bridge import Bridge
from forge_desktop.ui.errands import Errands

if TYPE_CHECKING:
    from forge_desktop.chat import Chat

_KEY = "messages"


class Talk(QObject):
    """One conversation at a time, or none yet.

    `changed` comes with True when another conversation was opened; `streamed` and `thought` with the id and new text
    (of the answer, or of what is thought before it) of a message of this conversation; `failed` with what went wrong
    and the question that was not asked, so that it can be kept.
    """

    changed = Signal(bool)
    streamed = Signal(int, str)
    thought = Signal(int, str)
    progressed = Signal(str)
    writing_changed = Signal()
    failed = Signal(object, str)

    def __init__(self, chat: Chat, jobs: Jobs, bridge: Bridge, errands: Errands, parent: QObject) -> None:
        super().__init__(parent)
        self._chat, self._jobs, self._errands = chat, jobs, errands
        self.conversation_id: int | None = None
        self.messages: list[ChatMessage] = []
        self._live: dict[int, str] = {}  # everything streamed of messages that are still being written
        self._thoughts: dict[int, str] = {}  # and everything that was thought
        self._answering: dict[int, int] = {}  # job to conversation
        self._ended: set[int] = set()  # of those, jobs that are over but whose answer was not read yet
        self._untold: ForgeError | None = None  # why a job ended, until the answer was read that may say it
        self._asking = 0
        self._stop_at_once = False
        self._opening = False
        bridge.data_changed.connect(self._on_data)
        bridge.answer_delta.connect(self._on_delta)
        bridge.job_changed.connect(self._on_job)

    # ---------------------------------------------------------------- reading
    def open(self, conversation_id: int | None) -> None:
        """Show another conversation; None is one that begins with the next question."""
        self.conversation_id = conversation_id
        self._errands.outdate(_KEY)
        self.messages, self._opening = [], False
        if conversation_id is None:
            self.changed.emit(True)
        else:
            self._read(another=True)

    @property
    def writing(self) -> bool:
        """Whether an answer of this conversation is on its way."""
        here = self.conversation_id
        return (
            bool(self._asking)
            or (here is not None and here in self._answering.values())
            or any(message.state == "writing" for message in self.messages)
        )

    def written(self, message: ChatMessage) -> str:
        """The text of a message as far as it is known here."""
        return self._live.get(message.id, message.text) if message.state == "writing" else message.text

    def thinking(self, message: ChatMessage) -> str:
        """What the student thought before it answers, as far as it is known here."""
        return self._thoughts.get(message.id, message.thinking) if message.state == "writing" else message.thinking

    def message(self, message_id: int | None) -> ChatMessage | None:
        """A message on the shown branch."""
        return next((message for message in self.messages if message.id == message_id), None)

    def last(self, role: str) -> ChatMessage | None:
        """The last question ("user") or answer ("assistant")."""
        return next((message for message in reversed(self.messages) if message.role == role), None)

    def question_of(self, answer: ChatMessage) -> str:
        """The question an answer belongs to."""
        asked = self.message(answer.parent_id)
        return asked.text if asked else ""

    # ---------------------------------------------------------------- asking
    def ask(
        self,
        text: str,
        grounding: Grounding,
        collections: tuple[str, ...] = (),
        options: Mapping[str, object] | None = None,
    ) -> None:
        """Ask here, in these collections (none: all documents); a conversation that does not exist yet is made.

        `options` are those that the new conversation begins with.
        """
        here = self.conversation_id

        def asked() -> tuple[int, int]:
            if here is None and options:
                self._chat.options.resolved(None, options)  # refused before a conversation is made for nothing
            there = self._chat.create() if here is None else here
            if here is None and options:
                self._chat.options.change(there, options)
            return there, self._chat.ask(there, text, grounding, collections)

        self._begin(asked, text)

    def regenerate(self, message_id: int) -> None:
        """Another answer beside this one."""
        self._again(lambda: self._chat.regenerate(message_id), "")

    def search_everywhere(self, message_id: int) -> None:
        """Another answer beside this one, from all documents."""
        self._again(lambda: self._chat.regenerate(message_id, ()), "")

    def edit(self, message_id: int, text: str) -> None:
        """Another version of a question, with its own answer."""
        self._again(lambda: self._chat.edit(message_id, text), text)

    def show_sibling(self, message_id: int, step: int) -> None:
        """Go to another branch at this message."""
        self._errands.run(
            lambda: self._chat.show_sibling(message_id, step),
            lambda _none: self._read(another=False),
            lambda error: self.failed.emit(error, ""),
        )

    def stop(self) -> None:
        """End the answer that is being written here; what there is of it stays."""
        self._stop_at_once = bool(self._asking)  # the job has no number yet
        for job_id, conversation_id in list(self._answering.items()):
            if conversation_id == self.conversation_id:
                self._jobs.cancel(job_id)

    def _again(self, work: Callable[[], int], text: str) -> None:
        here = self.conversation_id
        if here is not None:
            self._begin(lambda: (here, work()), text)

    def _begin(self, work: Callable[[], tuple[int, int]], text: str) -> None:
        asked_from = self.conversation_id
        self._asking += 1
        self._stop_at_once = False
        self.writing_changed.emit()

        def begun(answer: tuple[int, int]) -> None:
            self._asking -= 1
            conversation_id, job_id = answer
            self._answering[job_id] = conversation_id
            if self._stop_at_once:
                self._jobs.cancel(job_id)
            if job_id not in self._jobs.running("answer"):
                self._ended.add(job_id)
            self._stop_at_once = False
            if asked_from is None and self.conversation_id is None:
                self.conversation_id = conversation_id
            if self.conversation_id == conversation_id:
                self._read(another=False)
            else:
                self._forget_ended()
            self.writing_changed.emit()

        def refused(error: ForgeError) -> None:
            self._asking -= 1
            self.failed.emit(error, text)
            self.writing_changed.emit()

        self._errands.run(work, begun, refused, lane="asking")

    # ---------------------------------------------------------------- events
    def _read(self, *, another: bool) -> None:
        """Read the messages anew. A re-read takes over from a first read on its way, `another` included."""
        here = self.conversation_id
        if here is None:
            return
        self._opening = another or self._opening

        def arrived(messages: list[ChatMessage]) -> None:
            another, self._opening = self._opening, False
            self.messages = messages
            self._forget_ended()
            for message in messages:
                if message.state != "writing":
                    self._live.pop(message.id, None)
                    self._thoughts.pop(message.id, None)
            self.changed.emit(another)
            self.writing_changed.emit()
            error, self._untold = self._untold, None
            answer = self.last("assistant")
            if error is not None and not (answer and answer.state in ("failed", "died") and answer.problem):
                self.failed.emit(error, "")

        def gone(error: ForgeError) -> None:
            self._opening = False
            self._forget_ended()
            self.failed.emit(error, "")

        self._errands.run(lambda: self._chat.messages(here), arrived, gone, key=_KEY)

    @Slot(object)
    def _on_data(self, event: DataChanged) -> None:
        if "messages" in event.what:
            self._read(another=False)

    @Slot(object)
    def _on_delta(self, event: AnswerDelta) -> None:
        kept = self._thoughts if event.thinking else self._live
        kept[event.message_id] = kept.get(event.message_id, "") + event.text
        if event.conversation_id == self.conversation_id:
            (self.thought if event.thinking else self.streamed).emit(event.message_id, event.text)

    @Slot(object)
    def _on_job(self, event: JobChanged) -> None:
        if event.kind != "answer":
            return
        if event.state == "running":
            if self._answering.get(event.job_id) == self.conversation_id and event.note:
                self.progressed.emit(event.note)
            return
        if event.state in ("done", "failed", "cancelled"):
            there = self._answering.get(event.job_id)
            self._ended.add(event.job_id)
            if there is None or there != self.conversation_id:
                self._forget_ended()
                return
            if isinstance(event.error, ForgeError):
                self._untold = event.error
            self._read(another=False)

    def _forget_ended(self) -> None:
        for job_id in self._ended:
            self._answering.pop(job_id, None)
        self._ended.clear()

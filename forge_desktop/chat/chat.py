"""The chat's face: conversations, questions, branches; answers are written by jobs on the lane "chat"."""

from __future__ import annotations

import contextlib
import dataclasses
import threading
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence

from forge_desktop.base.errors import ForgeError
from forge_desktop.base.events import Event, Events, JobChanged
from forge_desktop.base.jobs import Jobs
from forge_desktop.base.settings import SettingsFile
from forge_desktop.chat.answering import AnswerWriter
from forge_desktop.chat.in_use import InUse
from forge_desktop.chat.option_book import OptionBook
from forge_desktop.chat.records import ChatMessage, Conversation, Grounding, MessageState, SeenPrompt
from forge_desktop.chat.rows import Asked, storable
from forge_desktop.chat.store import ChatStore
from forge_desktop.corpus import Corpus
from forge_desktop.engine import Engine
from forge_desktop.storage import Database

_LANE, _KIND = "chat", "answer"
_TITLE = 48  # characters of a title made from a question
_LONGEST_TITLE = 200
_UNSTORED = "The end of this answer could not be stored."
_LONGEST_QUESTION = 2_000_000  # characters; far above any student's context, and still quick to store and count


class Chat:
    """Conversations over the documents. A question is committed before anything else happens with it.

    `ask`, `regenerate` and `edit` give the id of the job that writes the answer, whose result is the answer's message
    id; jobs.cancel stops it and keeps what was written. Questions asked meanwhile wait their turn.
    """

    def __init__(
        self, db: Database, jobs: Jobs, events: Events, settings: SettingsFile, corpus: Corpus, engine: Engine
    ) -> None:
        self._store, self._engine = ChatStore(db), engine
        self.options = OptionBook(db, events, settings, engine)
        self._jobs, self._events, self._settings, self._corpus = jobs, events, settings, corpus
        self._writer = AnswerWriter(self._store, events, settings, corpus, engine, self.options)
        self._answers: dict[int, int] = {}  # job id -> message id, while the job is queued or running
        self._lock = threading.RLock()
        self._read_only = db.read_only
        if not db.read_only:
            events.subscribe(self._on_event)
            with contextlib.suppress(ForgeError):  # a full disk: both are done at the next start
                self._store.purge()
                self.recover()

    def use(self, template: str, retrieval: Mapping[str, object], *, version: str = "", label: str = "") -> None:
        """What the version that answers from now on brings: its template ("": the file's own) and settings of a search.

        `version` and `label` are kept with its answers.
        """
        self.options.use(InUse(template, dict(retrieval), version, label))

    # ---- conversations ----

    def conversations(self, text: str = "") -> list[Conversation]:
        """Newest first. With `text`: those whose title or one of whose messages holds all its words, any string."""
        return self._store.conversations(text)

    def create(self, title: str = "") -> int:
        """A new conversation; without a title it takes one from its first question."""
        conversation_id = self._store.create(_as_title(title))
        self._events.changed("conversations")
        return conversation_id

    def rename(self, conversation_id: int, title: str) -> None:
        """Give it another title. Raises ForgeError when that is blank."""
        self._store.open_conversation(conversation_id)
        if not (title := _as_title(title)):
            raise ForgeError("A conversation needs a title.", hint="Type at least one character.")
        self._store.rename(conversation_id, title)
        self._events.changed("conversations")

    def delete(self, conversation_ids: Sequence[int]) -> int:
        """Delete conversations, stopping answers being written in them; gives the token for `restore`.

        They can be restored until Forge Desktop is started anew; then they are gone for good.
        """
        with self._lock:
            answers = list(self._answers.items())
        for job_id, message_id in answers:
            if self._store.message(message_id).conversation_id in conversation_ids:
                self._jobs.cancel(job_id)
        token = self._store.delete(conversation_ids)
        self._engine.forget(self._store.uids(conversation_ids))
        self._events.changed("conversations")
        return token

    def restore(self, token: int) -> None:
        """Undo a deletion."""
        self._store.restore(token)
        self._events.changed("conversations")

    # ---- messages ----

    def messages(self, conversation_id: int) -> list[ChatMessage]:
        """The shown branch from its first message on."""
        return [self._as_it_is(message) for message in self._store.branch(conversation_id)]

    def message(self, message_id: int) -> ChatMessage:
        """One message. Raises ForgeError when it is gone."""
        return self._as_it_is(self._store.message(message_id))

    def show_sibling(self, message_id: int, step: int) -> None:
        """Show the alternative that lies `step` places on (negative: back); stays at the first or last one."""
        siblings = self._store.siblings(message_id)
        if message_id not in siblings:
            raise ForgeError("This message is no longer there.", hint="Open the conversation again.")
        place = min(max(0, siblings.index(message_id) + step), len(siblings) - 1)
        self._store.show(siblings[place])
        self._events.changed("messages")

    def seen_prompt(self, message_id: int) -> SeenPrompt | None:
        """What the model saw for this answer; None when no model was asked."""
        return self._store.seen(message_id)

    # ---- questions ----

    def ask(
        self,
        conversation_id: int,
        text: str,
        grounding: Grounding | None = None,
        collections: Sequence[str] | None = None,
    ) -> int:
        """Ask at the end of the shown branch; gives the job's id. Raises ForgeError for an empty question.

        Without `grounding` it is that of the conversation's newest question, at first that of the settings; without
        `collections` (names or uids, none of them: all documents) likewise, at first all documents.
        """
        question = _as_question(text)
        self._store.open_conversation(conversation_id)
        where = None if collections is None else self._corpus.collections.uids(collections)
        before = self._store.last_asked(conversation_id) or Asked(self._default_grounding())
        branch = self._store.branch(conversation_id)
        asked = Asked(grounding or before.grounding, before.collections if where is None else where)
        return self._ask(conversation_id, branch[-1].id if branch else None, question, asked)

    def regenerate(self, message_id: int, collections: Sequence[str] | None = None) -> int:
        """Write another answer beside this one (or the first one to this question); gives the job's id.

        It is looked for where the question was asked, or in these `collections`.
        """
        message = self._store.message(message_id)
        self._store.open_conversation(message.conversation_id)
        question_id = message.id if message.role == "user" else message.parent_id
        assert question_id is not None  # an answer always follows a question
        where = None if collections is None else self._corpus.collections.uids(collections)
        return self._start(lambda: self._store.add_answer(question_id, where))

    def edit(self, message_id: int, text: str) -> int:
        """Ask a changed question beside this one; the old one and all that followed it stay. Gives the job's id."""
        message = self._store.message(message_id)
        if message.role != "user":
            raise ForgeError("Only a question can be edited.", hint="Regenerate the answer instead.")
        self._store.open_conversation(message.conversation_id)
        asked = Asked(message.grounding, message.collections)
        return self._ask(message.conversation_id, message.parent_id, _as_question(text), asked)

    def recover(self) -> None:
        """Mark answers that a crash left half written as died, with the text that was stored. Called at the start."""
        self._close_left_behind("Forge Desktop ended while this answer was being written; this much was kept.")

    # ---- leaving ----

    def export_conversations(self) -> Iterator[dict[str, object]]:
        """Every conversation as plain values, named by uid."""
        return self._store.export_conversations()

    def export_messages(self) -> Iterator[dict[str, object]]:
        """Every message of every branch as plain values, named by uid, with its parent's and conversation's."""
        return self._store.export_messages()

    # ---- inside ----

    def _as_it_is(self, message: ChatMessage) -> ChatMessage:
        """An answer whose job ended but whose end the disk refused to store is not being written any more."""
        if message.state != "writing" or self._read_only:
            return message
        with self._lock:
            if message.id in self._answers.values():
                return message
        return dataclasses.replace(message, state="died", problem=_UNSTORED)

    def _ask(self, conversation_id: int, parent_id: int | None, question: str, asked: Asked) -> int:
        title = _cut_at_word(question, _TITLE)
        return self._start(lambda: self._store.add_question(conversation_id, parent_id, question, asked, title))

    def _default_grounding(self) -> Grounding:
        known: dict[str, Grounding] = {"documents_only": "documents_only", "free": "free"}
        return known.get(self._settings.values.grounding, "documents_first")

    def _start(self, add: Callable[[], int]) -> int:
        """Commit what `add` adds and start the job that writes the answer whose id it gives."""
        with self._lock:  # until the job's id is written down, nobody may take the answer for one left behind
            self._close_left_behind(_UNSTORED)
            message_id = add()
            try:
                job_id = self._jobs.start(_LANE, _KIND, lambda ctx: self._writer.write(message_id, ctx))
            except ForgeError as error:
                self._writer.close(message_id, "failed", error.message)
                raise
            self._answers[job_id] = message_id
        self._events.changed("messages", "conversations")
        return job_id

    def _close_left_behind(self, problem: str) -> None:
        """End answers that are marked as being written while no job writes them."""
        with self._lock:
            for message_id in self._store.unfinished():
                if message_id not in self._answers.values():
                    self._writer.close(message_id, "died", problem)

    def _on_event(self, event: Event) -> None:
        """A job that ended without its writer's doing (cancelled in the queue, a bug) leaves no half-open answer."""
        if not isinstance(event, JobChanged) or event.kind != _KIND:
            return
        ends: dict[str, tuple[MessageState, str]] = {
            "done": ("died", ""),
            "cancelled": ("stopped", ""),
            "failed": ("failed", "Something went wrong inside Forge Desktop while this was being answered."),
        }
        if event.state in ends:
            with self._lock:
                message_id = self._answers.pop(event.job_id, None)
            if message_id is not None:
                with contextlib.suppress(ForgeError):  # the disk refuses: the next question or start tries again
                    self._writer.close(message_id, *ends[event.state])


def _as_question(text: str) -> str:
    question = storable(text).strip()
    if not any(unicodedata.category(character)[0] not in "ZC" for character in question):
        raise ForgeError("The question is empty.", hint="Type a question, then send it.")
    if len(question) > _LONGEST_QUESTION:
        raise ForgeError(
            f"The question has {len(question):,} characters; at most {_LONGEST_QUESTION:,} can be asked.",
            hint="Save the text as a file, index it, and ask about it.",
        )
    return question


def _as_title(text: str) -> str:
    return _cut_at_word(storable(text), _LONGEST_TITLE)


def _cut_at_word(text: str, longest: int) -> str:
    """One line of at most `longest` characters, cut at a word's end where there is one, never inside a character."""
    line = " ".join(text.split())
    if len(line) <= longest:
        return line
    cut = longest - 1
    while cut > longest // 2 and (unicodedata.category(line[cut])[0] == "M" or "\u200d" in line[cut - 1 : cut + 1]):
        cut -= 1
    word_end = line.rfind(" ", longest // 2, cut + 1)
    return line[: word_end if word_end > 0 else cut].rstrip(" ,;:.-–—(") + "…"

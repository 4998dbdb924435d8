"""Writes one answer, from the stored question to the stored answer: search, prompt, stream, attribute, store."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Sequence

from forge_desktop.base.errors import Cancelled, ForgeError
from forge_desktop.base.events import AnswerDelta, Events
from forge_desktop.base.jobs import JobContext
from forge_desktop.base.settings import Settings, SettingsFile
from forge_desktop.chat import evidence, extract
from forge_desktop.chat.attribution import Attribution, attribute
from forge_desktop.chat.circles import circle_begins
from forge_desktop.chat.evidence import Evidence
from forge_desktop.chat.prompt import Prompt, PromptBuilder, QuestionTooLong
from forge_desktop.chat.records import MessageState, Sentence, Source
from forge_desktop.chat.rows import Ending, Task
from forge_desktop.chat.spans import Widener, number_sources
from forge_desktop.chat.store import ChatStore
from forge_desktop.corpus import Corpus, SearchFilter
from forge_desktop.engine import Engine, Generation, Sampling

_WHEN_WEAK = 2  # passages read although they do not seem to answer; reading many of them only makes people wait
_SAVE_EVERY = 0.2  # seconds; what is on the screen is on the disk a quarter of a second later
_SAVE_AGAIN = 2.0  # seconds until the next try after the disk refused
_LOOK_EVERY = 0.5  # seconds between two looks whether the student repeats itself
_VARIED = 0.7  # temperature of a further answer where the setting is 0, which would only give the first one again

NOT_FOUND = "This is not in your documents."
NEAREST = "The passages that come nearest are listed as sources."
OWN_KNOWLEDGE = "Your documents do not seem to answer this; what follows is the student's own knowledge."
UNSUPPORTED = "Nothing in your documents supports this answer."
REPEATED = "The student began to repeat itself and was stopped there."
NO_DOCUMENTS = "There are no documents yet. Add a folder to the corpus, then ask again."


class Draft:
    """The text of an answer while it arrives: announced at once, stored at least every 250 ms."""

    def __init__(self, store: ChatStore, events: Events, task: Task, notice: str) -> None:
        self._store, self._events, self._task = store, events, task
        self._saved, self._next_save, self._next_look = "", 0.0, 0.0
        self.text = ""
        self.circle: int | None = None  # where the student's own text began to repeat itself, once that was noticed
        if notice:
            self.add(f"{notice}\n\n")
        self._own = len(self.text)  # the student's own text begins here

    def add(self, text: str) -> None:
        """A piece the student just wrote."""
        self.text += text
        self._events.publish(AnswerDelta(self._task.conversation_id, self._task.message_id, text))
        self.keep()

    def keep(self) -> None:
        """Store what is new when it is time. A disk that is full now may have room later: the end tries again."""
        now = time.monotonic()
        if self.text == self._saved or now < self._next_save:
            return
        try:
            self._store.save_text(self._task.message_id, self.text)
            self._saved, self._next_save = self.text, now + _SAVE_EVERY
        except ForgeError:
            self._next_save = now + _SAVE_AGAIN

    def runs_in_circles(self) -> bool:
        """Whether the answer has begun to repeat itself; looks twice a second."""
        now = time.monotonic()
        if now < self._next_look:
            return False
        self._next_look = now + _LOOK_EVERY
        self.circle = circle_begins(self.text[self._own :])
        return self.circle is not None


class AnswerWriter:
    """Writes answers; one at a time, on the thread of the chat's lane."""

    def __init__(
        self, store: ChatStore, events: Events, settings: SettingsFile, corpus: Corpus, engine: Engine
    ) -> None:
        self._store, self._events, self._settings = store, events, settings
        self._corpus, self._engine = corpus, engine

    def write(self, message_id: int, ctx: JobContext) -> int:
        """Write this answer. Whatever happens, the message says how it ended; a ForgeError is raised again after."""
        task = self._store.task(message_id)
        try:
            self._write(task, ctx)
        except Cancelled:
            self.close(message_id, "stopped", "")
            raise
        except ForgeError as error:
            self.close(message_id, "failed", " ".join(filter(None, (error.message, error.hint))))
            raise
        ctx.check()  # stopped by the user: the job ends as cancelled, the message keeps its text
        return message_id

    def close(self, message_id: int, state: MessageState, problem: str) -> None:
        """End an answer that nobody writes any more, with the text that was stored of it."""
        message = self._store.message(message_id)
        if message.state != "writing":
            return
        notice, _, raw = message.text.rpartition(f"{OWN_KNOWLEDGE}\n\n")
        found = attribute(raw.strip(), self._store.sources(message_id), self._store.question(message_id))
        if notice or message.text.startswith(OWN_KNOWLEDGE):
            found = _with_notice(found, OWN_KNOWLEDGE)
        facts = {**message.provenance, "grounded": found.grounded}
        ending = Ending(state, found.text, raw, problem, found.sentences, facts)
        self._store.finish(message_id, ending, found.sources)
        self._events.changed("messages", "conversations")

    def _write(self, task: Task, ctx: JobContext) -> None:
        settings = self._settings.values
        query = evidence.retrieval_query(task.question, task.asked_before)
        collections = self._collections(task)
        where = SearchFilter(collections=tuple(collections)) if collections else None
        hits = self._corpus.search(query, settings.passages, where=where, operators=False)
        judged = evidence.judge(query, hits)
        ctx.check()
        facts: dict[str, object] = {
            "grounding": task.grounding,
            "retrieval_query": query,
            "evidence": judged.as_values(),
            "collections": list(collections.values()),
            **self._corpus.versions(),
        }
        wanted = evidence.worth_offering(hits) if task.grounding != "free" or judged.strong else []
        if task.grounding == "documents_first" and not judged.strong:
            wanted = wanted[:_WHEN_WEAK]
        offered = number_sources(wanted, task.known, self._corpus.shelf.stored_text)
        self._store.save_prompt(task.message_id, offered)
        self._events.changed("messages")
        if task.grounding == "documents_only" and not judged.strong:
            self._say_not_found(task, offered, facts)
            return
        if reason := self._no_student():
            self._quote(task, offered, facts, reason)
            return
        sampling = _sampling(settings, task)
        try:
            builder = PromptBuilder(self._engine, settings, task, sampling, ctx.check)
            prompt = builder.build(offered, Widener(self._corpus, settings.neighbours) if settings.neighbours else None)
            prompt = prompt.searched_in(tuple(collections.values()))
        except QuestionTooLong:
            raise
        except ForgeError as error:  # the student cannot be loaded, or its template cannot be used
            self._quote(task, offered, facts, error.message)
            return
        self._generate(task, prompt, judged, facts, ctx)

    def _collections(self, task: Task) -> dict[str, str]:
        """Uid and name of the collections to look in; empty for all documents. Raises ForgeError when all are gone."""
        known = self._corpus.collections.names() if task.collections else {}
        left = {uid: known[uid] for uid in task.collections if uid in known}
        if task.collections and not left:
            raise ForgeError(
                "The collections this was asked in are not there any more.",
                hint="Choose others, or all documents, and ask again.",
            )
        return left

    def _no_student(self) -> str:
        """Why nobody can answer, in a sentence, or ""."""
        state = self._engine.state()
        if state.model is None:
            return "There is no student."
        return (state.note or "The student was stopped.") if state.status == "stopped" else ""

    def _generate(
        self, task: Task, prompt: Prompt, judged: Evidence, facts: dict[str, object], ctx: JobContext
    ) -> None:
        self._store.save_prompt(
            task.message_id,
            prompt.offered,
            turn=prompt.turn,
            seen=prompt.seen,
            history_from=prompt.history_from,
        )
        notice = OWN_KNOWLEDGE if task.grounding == "documents_first" and not judged.strong else ""
        draft = Draft(self._store, self._events, task, notice)

        def check() -> None:
            draft.keep()
            ctx.check()
            if draft.runs_in_circles():
                raise Cancelled

        done = self._engine.generate(prompt.messages, prompt.sampling, draft.add, check)
        facts |= _facts(done, prompt)
        problem = done.problem
        # What was noticed holds: the words that came until the student stopped may already break the circle again.
        begins = draft.circle if draft.circle is not None else circle_begins(f"{done.text}\n")
        if not ctx.cancelled and done.stop != "died" and begins is not None:
            done = dataclasses.replace(done, text=done.text[:begins].rstrip(), stop="stop")
            facts["stop"], problem = "repeated", REPEATED
        if not done.text.strip() and done.stop not in ("cancelled", "died"):
            self._quote(task, prompt.offered, facts, "The student gave no answer.")
            return
        self._store_answer(task, prompt, done, facts, notice, problem)

    def _store_answer(
        self, task: Task, prompt: Prompt, done: Generation, facts: dict[str, object], notice: str, problem: str
    ) -> None:
        found = attribute(done.text.strip(), prompt.offered, task.question)
        facts["grounded"] = found.grounded
        if notice and not found.grounded["supported"]:
            found = _with_notice(found, notice)
        elif found.grounded["sentences"] and not found.grounded["supported"] and task.grounding != "free":
            found = _with_notice(found, UNSUPPORTED)
            if done.stop not in ("cancelled", "died"):
                found = extract.beside(found, task.question)
        states: dict[str, MessageState] = {"cancelled": "stopped", "died": "died"}
        self._end(
            task,
            states.get(done.stop, "complete"),
            found.text,
            found.sentences,
            facts,
            raw=done.text,
            problem=problem,
            sources=[s for s in found.sources if s.cited or s.bm25_rank or s.vector_rank],
        )

    def _say_not_found(self, task: Task, offered: Sequence[Source], facts: dict[str, object]) -> None:
        text = not_found(facts["collections"])
        if offered:
            text = f"{text} {NEAREST}"
        if not self._corpus.shelf.stats().passages:
            text = NO_DOCUMENTS
        self._end(task, "complete", text, _remark(text), {**facts, **_NOBODY, "not_found": True}, sources=offered)

    def _quote(self, task: Task, offered: Sequence[Source], facts: dict[str, object], reason: str) -> None:
        quoted = extract.quotation(task.question, offered, reason)
        facts = {**_NOBODY, **facts, "grounded": quoted.grounded}
        self._end(task, "complete", quoted.text, quoted.sentences, facts, problem=reason, sources=quoted.sources)

    def _end(
        self,
        task: Task,
        state: MessageState,
        text: str,
        sentences: Sequence[Sentence],
        facts: dict[str, object],
        *,
        raw: str = "",
        problem: str = "",
        sources: Sequence[Source] | None = None,
    ) -> None:
        self._store.finish(task.message_id, Ending(state, text, raw, problem, sentences, facts), sources)
        self._events.changed("messages", "conversations")


def not_found(collections: object) -> str:
    """That an answer is not there, naming the collections that were searched (names; none: all documents)."""
    if not isinstance(collections, list) or not collections:
        return NOT_FOUND
    names = [f"“{name}”" for name in collections]
    joined = names[0] if len(names) == 1 else f"{', '.join(names[:-1])} or {names[-1]}"
    return f"This is not in {joined}."


# What the record of an answer says about the student when none gave it.
_NOBODY: dict[str, object] = {
    "model": None,
    "student": None,
    "model_sha256": None,
    "device": None,
    "prompt_tokens": None,
    "answer_tokens": None,
    "ttft_ms": None,
    "tokens_per_second": None,
}


def _sampling(settings: Settings, task: Task) -> Sampling:
    """The settings' sampling; each further answer to the same question draws anew, so that it can differ."""
    again = task.alternatives > 1
    return Sampling(
        temperature=_VARIED if again and settings.temperature == 0 else settings.temperature,
        top_k=settings.top_k,
        top_p=settings.top_p,
        min_p=settings.min_p,
        seed=settings.seed + task.alternatives - 1,
        max_tokens=settings.answer_tokens,
    )


def _facts(done: Generation, prompt: Prompt) -> dict[str, object]:
    """What is kept about how an answer came about."""
    return {
        "model": done.model or None,
        "student": done.model or None,
        "model_sha256": done.model_sha256 or None,
        "sampling": dataclasses.asdict(prompt.sampling),
        "seed": done.seed,
        "prompt_sha256": done.prompt_sha256 or prompt.sha256,
        "device": done.device or None,
        "prompt_tokens": done.prompt_tokens,
        "reused_tokens": done.reused_tokens,
        "answer_tokens": done.answer_tokens,
        "ttft_ms": round(done.ttft_ms, 1),
        "tokens_per_second": round(done.tokens_per_second, 2),
        "stop": done.stop,
        "context": prompt.seen.context,
        "passages_offered": [source.n for source in prompt.offered],
        "cut": list(prompt.seen.cut),
    }


def _remark(text: str) -> tuple[Sentence, ...]:
    return (Sentence(0, len(text), (), False),)


def _with_notice(found: Attribution, notice: str) -> Attribution:
    """The answer with our own sentence before it."""
    shift = len(notice) + 2
    moved = (dataclasses.replace(s, start=s.start + shift, end=s.end + shift) for s in found.sentences)
    return Attribution(f"{notice}\n\n{found.text}", (*_remark(notice), *moved), found.sources)

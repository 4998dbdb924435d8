"""Writes one answer, from the stored question to the stored answer: search, prompt, stream, attribute, store."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence

from forge_desktop.base.errors import Cancelled, ForgeError
from forge_desktop.base.events import Events
from forge_desktop.base.jobs import JobContext
from forge_desktop.base.settings import SettingsFile
from forge_desktop.chat import evidence, extract
from forge_desktop.chat.attribution import Attribution, attribute
from forge_desktop.chat.circles import circle_begins
from forge_desktop.chat.draft import Draft
from forge_desktop.chat.evidence import Evidence
from forge_desktop.chat.facts import NOBODY, facts_of
from forge_desktop.chat.in_use import InUse
from forge_desktop.chat.leaving import Leaving, sendable
from forge_desktop.chat.option_book import OptionBook
from forge_desktop.chat.options import ChatOptions, Resolved
from forge_desktop.chat.prompt import Prompt, PromptBuilder, QuestionTooLong
from forge_desktop.chat.records import MessageState, Sentence, Source
from forge_desktop.chat.rows import Ending, Task
from forge_desktop.chat.spans import Widener, number_sources
from forge_desktop.chat.store import ChatStore
from forge_desktop.chat.summary import Summariser
from forge_desktop.corpus import Corpus, SearchFilter
from forge_desktop.corpus.records import Hit
from forge_desktop.engine import Engine, Generation, Sampling

_WHEN_WEAK = 2  # passages read although they do not seem to answer; reading many of them only makes people wait
_VARIED = 0.7  # temperature of a further answer where the setting is 0, which would only give the first one again

NOT_FOUND = "This is not in your documents."
NEAREST = "The passages that come nearest are listed as sources."
OWN_KNOWLEDGE = "Your documents do not seem to answer this; what follows is the student's own knowledge."
UNSUPPORTED = "Nothing in your documents supports this answer."
_NO_STUDENT = "There is no student."
_CIRCLED = "The student's thought went in circles and was stopped; it gave no answer."
REPEATED = "The student began to repeat itself and was stopped there."
NO_DOCUMENTS = "There are no documents yet. Add a folder to the corpus, then ask again."


class AnswerWriter:
    """Writes answers; one at a time, on the thread of the chat's lane."""

    def __init__(
        self,
        store: ChatStore,
        events: Events,
        settings: SettingsFile,
        corpus: Corpus,
        engine: Engine,
        options: OptionBook,
    ) -> None:
        self._store, self._events, self._settings, self._options = store, events, settings, options
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
        in_use, settings = self._options.in_use, self._settings
        query = evidence.retrieval_query(task.question, task.asked_before)
        collections = self._collections(task)
        where = SearchFilter(collections=tuple(collections)) if collections else None
        hits = self._corpus.search(query, in_use.setting("passages", settings), where=where, operators=False)
        leaving = sendable(self._corpus, self._engine.state(), hits, task)
        judged = evidence.judge(query, leaving.hits)
        withheld = len(leaving.hits) < len(hits) and not judged.strong and evidence.judge(query, hits).strong
        ctx.check()
        facts: dict[str, object] = {
            "grounding": task.grounding,
            "retrieval_query": query,
            "evidence": judged.as_values(),
            "collections": list(collections.values()),
            **self._corpus.versions(),
            **({"kept_back": list(leaving.documents)} if leaving.documents else {}),
        }
        if withheld and task.grounding != "free":
            self._quote_withheld(task, hits, facts, leaving)
            return
        task, hits = leaving.task, list(leaving.hits)
        wanted = evidence.worth_offering(hits) if task.grounding != "free" or judged.strong else []
        if task.grounding == "documents_first" and not judged.strong:
            wanted = wanted[:_WHEN_WEAK]
        offered = number_sources(wanted, task.known, self._corpus.shelf.stored_text)
        self._store.save_prompt(task.message_id, offered)
        self._events.changed("messages")
        if task.grounding == "documents_only" and not judged.strong:
            self._say_not_found(task, offered, facts)
            return
        if self._engine.state().model is None:
            self._quote(task, offered, facts, _NO_STUDENT)
            return
        chosen = self._options.resolved(task.conversation_id)
        facts["preset"] = chosen.preset if not chosen.changed else None
        try:
            builder = PromptBuilder(
                self._engine,
                chosen.options,
                task,
                self._sampling(chosen, task),
                ctx.check,
                self._summariser(chosen, ctx),
            )
            reach = in_use.setting("neighbours", settings)
            prompt = builder.build(offered, Widener(self._corpus, reach) if reach else None)
            prompt = leaving.noted(prompt.searched_in(tuple(collections.values())))
        except QuestionTooLong:
            raise
        except ForgeError as error:  # the student was stopped, cannot be loaded, or its template cannot be used
            self._quote(task, offered, {**facts, "error": _told(error)}, error.message)
            return
        self._generate(task, prompt, judged, facts, ctx, chosen.options, in_use)

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

    def _summariser(self, chosen: Resolved, ctx: JobContext) -> Summariser | None:
        if self._settings.values.long_conversations != "summarise":
            return None
        return Summariser(
            self._engine,
            chosen.options.template,
            check=ctx.check,
            progress=lambda note: ctx.progress(0, None, note),
        )

    def _generate(
        self,
        task: Task,
        prompt: Prompt,
        judged: Evidence,
        facts: dict[str, object],
        ctx: JobContext,
        options: ChatOptions,
        in_use: InUse,
    ) -> None:
        self._store.save_prompt(
            task.message_id,
            prompt.offered,
            turn=prompt.turn,
            seen=prompt.seen,
            history_from=prompt.history_from,
            summary=prompt.summary,
            summary_until=prompt.summary_until,
        )
        notice = OWN_KNOWLEDGE if task.grounding == "documents_first" and not judged.strong else ""
        draft = Draft(self._store, self._events, task, notice)

        def check() -> None:
            draft.keep()
            ctx.check()
            if draft.runs_in_circles():
                raise Cancelled

        try:
            done = self._asked(task, prompt, draft, check, options.template)
        except ForgeError as error:
            if not self._engine.state().remote:
                raise
            # offline, a cap, an endpoint that gives no answer: the documents speak, and the bubble says why
            self._quote(task, prompt.offered, {**facts, "error": _told(error)}, error.message)
            return
        facts |= {**facts_of(done, prompt, in_use), "thought_ms": round(draft.thought_ms, 1)}
        problem = done.problem
        # What was noticed holds: the words that came until the student stopped may already break the circle again.
        begins = draft.circle if draft.circle is not None else circle_begins(f"{done.text}\n")
        if not ctx.cancelled and done.stop != "died" and begins is not None:
            done = dataclasses.replace(done, text=done.text[:begins].rstrip(), stop="stop", tokens=())
            facts["stop"], problem = "repeated", REPEATED
        circling = draft.thought_circles and not ctx.cancelled
        if not done.text.strip() and (circling or done.stop not in ("cancelled", "died")):
            reason = _CIRCLED if circling else problem or "The student gave no answer."
            if problem and not done.thinking:
                facts["error"] = _told(ForgeError(problem, hint="Ask again, or choose another student."))
            self._quote(task, prompt.offered, facts, reason, thinking=done.thinking)
            return
        if done.stop == "length":
            problem = problem or _cut_at(done, prompt, options)
        self._store_answer(task, prompt, done, facts, notice, problem)

    def _asked(self, task: Task, prompt: Prompt, draft: Draft, check: Callable[[], None], template: str) -> Generation:
        done = self._engine.generate(
            prompt.messages,
            prompt.sampling,
            draft.add,
            check,
            on_thinking=draft.think,
            template=template,
            conversation=task.conversation,
        )
        draft.end()
        return done

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
            thinking=done.thinking,
            tokens=done.tokens,
            sources=[s for s in found.sources if s.cited or s.bm25_rank or s.vector_rank],
        )

    def _sampling(self, chosen: Resolved, task: Task) -> Sampling:
        """The sampling in force; each further answer to the same question draws anew, so that it can differ."""
        sampling = chosen.options.sampling()
        again = task.alternatives > 1
        return dataclasses.replace(
            sampling,
            temperature=_VARIED if again and sampling.temperature == 0 else sampling.temperature,
            seed=sampling.seed + task.alternatives - 1,
            lookup=self._settings.values.lookup,
        )

    def _say_not_found(self, task: Task, offered: Sequence[Source], facts: dict[str, object]) -> None:
        text = not_found(facts["collections"])
        if offered:
            text = f"{text} {NEAREST}"
        if not self._corpus.shelf.stats().passages:
            text = NO_DOCUMENTS
        self._end(task, "complete", text, _remark(text), {**facts, **NOBODY, "not_found": True}, sources=offered)

    def _quote_withheld(self, task: Task, hits: Sequence[Hit], facts: dict[str, object], leaving: Leaving) -> None:
        """What answers the question may not be sent: the documents say it themselves, here."""
        offered = number_sources(evidence.worth_offering(hits), task.known, self._corpus.shelf.stored_text)
        self._store.save_prompt(task.message_id, offered)
        reason = f"What answers this stands in documents that are never sent, so {leaving.student} was not asked."
        self._quote(task, offered, facts, reason)

    def _quote(
        self, task: Task, offered: Sequence[Source], facts: dict[str, object], reason: str, *, thinking: str = ""
    ) -> None:
        quoted = extract.quotation(task.question, offered, reason)
        facts = {**NOBODY, **facts, "grounded": quoted.grounded}
        self._end(
            task,
            "complete",
            quoted.text,
            quoted.sentences,
            facts,
            problem=reason,
            sources=quoted.sources,
            thinking=thinking,
        )

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
        thinking: str = "",
        tokens: Sequence[int] = (),
    ) -> None:
        ending = Ending(state, text, raw, problem, sentences, facts, thinking, tokens)
        self._store.finish(task.message_id, ending, sources)
        self._events.changed("messages", "conversations")


def _cut_at(done: Generation, prompt: Prompt, options: ChatOptions) -> str:
    """That the answer stops where it may not go on, and why there."""
    no_room = prompt.sampling.max_tokens < options.max_tokens
    why = "the student can hold no more" if no_room else "Longest answer"
    return f"The answer was cut at {done.answer_tokens:,} tokens ({why})."


def _told(error: ForgeError) -> dict[str, str]:
    """An error that left a question to the documents alone, as it is kept with the answer."""
    return {"message": error.message, "hint": error.hint, "code": error.code, "action": error.action}


def not_found(collections: object) -> str:
    """That an answer is not there, naming the collections that were searched (names; none: all documents)."""
    if not isinstance(collections, list) or not collections:
        return NOT_FOUND
    names = [f"“{name}”" for name in collections]
    joined = names[0] if len(names) == 1 else f"{', '.join(names[:-1])} or {names[-1]}"
    return f"This is not in {joined}."


def _remark(text: str) -> tuple[Sentence, ...]:
    return (Sentence(0, len(text), (), False),)


def _with_notice(found: Attribution, notice: str) -> Attribution:
    """The answer with our own sentence before it."""
    shift = len(notice) + 2
    moved = (dataclasses.replace(s, start=s.start + shift, end=s.end + shift) for s in found.sentences)
    return Attribution(f"{notice}\n\n{found.text}", (*_remark(notice), *moved), found.sources)

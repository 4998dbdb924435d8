"""Versions side by side: the same question, the same passages, each one's answer."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Sequence

from forge_desktop.base.errors import Cancelled, ForgeError
from forge_desktop.base.jobs import JobContext
from forge_desktop.chat.answering import REPEATED
from forge_desktop.chat.circles import circle_begins
from forge_desktop.chat.first_question import sources_for
from forge_desktop.chat.lesson_prompt import lesson_prompt
from forge_desktop.chat.marks import label_of, mark_in
from forge_desktop.chat.question_layout import QUESTION
from forge_desktop.chat.records import Source
from forge_desktop.engine import Engine, PromptMessage, Sampling, StudentSpec
from forge_desktop.students.effect import worded
from forge_desktop.students.records_versions import ComparedAnswer, Comparison, Version
from forge_desktop.students.rooms import Rooms

_MOST = 8  # versions in one comparison
_TOKENS = 256
_LOOK_EVERY = 0.5  # seconds between two looks whether an answer repeats itself


def refuse(question: str, versions: Sequence[Version]) -> None:
    """Raise ForgeError where there is nothing to ask, or nothing to set side by side."""
    if not question.strip():
        raise ForgeError("The question is empty.", hint="Ask something that the versions can answer.")
    if not 2 <= len(versions) <= _MOST:
        said = "One version alone" if len(versions) == 1 else f"{len(versions)} versions"
        raise ForgeError(f"{said} cannot be compared.", hint=f"Name 2 to {_MOST}.")
    seen: set[str] = set()
    for version in versions:
        if version.uid in seen:
            raise ForgeError(f"{version.label} is named twice.", hint="Name different versions.")
        seen.add(version.uid)


class Comparing:
    """Asks versions in a child beside the chat's, one after the other: those of one base are only a swap apart."""

    def __init__(self, rooms: Rooms, spec_of: Callable[[Version], StudentSpec]) -> None:
        self._rooms, self._spec_of = rooms, spec_of

    def run(
        self, ctx: JobContext, question: str, versions: Sequence[Version], collections: Sequence[str]
    ) -> Comparison:
        """The answers in the order of the versions; one that could not answer says why. Raises ForgeError."""
        refuse(question, versions)
        in_use = self._rooms.chat.options.in_use
        ctx.progress(0, len(versions), "Searching")
        offered, strong = sources_for(
            self._rooms.corpus, question, in_use.setting("passages", self._rooms.settings), collections=collections
        )
        engine = self._rooms.engine.beside()
        asking = _Asking(engine, self._spec_of, question, ctx.check)
        order = sorted(versions, key=lambda v: (v.base_sha256, v.template, v.adapter_sha256))
        try:
            shown = asking.fitting(order, offered)
            for number, version in enumerate(reversed(order)):  # the base that was loaded last answers first
                ctx.progress(number, len(order), version.label)
                asking.answer(version, shown)
        finally:
            engine.close()
        ctx.progress(len(versions), len(versions))
        return Comparison(
            question,
            tuple((source.n, source.path, source.quote) for source in shown),
            tuple(asking.made[version.uid] for version in versions),
            {"strong": strong, "left_out": len(offered) - len(shown), "max_tokens": _TOKENS},
        )


class _Asking:
    """One question put to several versions; `made` holds what each said."""

    def __init__(
        self, engine: Engine, spec_of: Callable[[Version], StudentSpec], question: str, check: Callable[[], None]
    ) -> None:
        self._engine, self._spec_of, self._question, self._check = engine, spec_of, question, check
        self._sampling = Sampling(max_tokens=_TOKENS, lookup=False)
        self.made: dict[str, ComparedAnswer] = {}

    def fitting(self, versions: Sequence[Version], offered: Sequence[Source]) -> Sequence[Source]:
        """The passages that every version has room for beside its answer; the lowest ranked are left out first."""
        seen: set[tuple[str, str]] = set()
        for version in versions:
            if (version.base_sha256, version.template) in seen:
                continue
            seen.add((version.base_sha256, version.template))
            try:
                self._engine.use(self._spec_of(version))
                while offered and not self._fits(version, offered):
                    offered = offered[:-1]
            except ForgeError as error:
                self.made[version.uid] = _unable(version, error.message)
        return offered

    def answer(self, version: Version, shown: Sequence[Source]) -> None:
        """Let it answer from these passages."""
        if version.uid in self.made:
            return
        started = time.monotonic()
        messages = self._messages(shown)
        draft = _Draft(self._check)
        sampling = dataclasses.replace(self._sampling, stop=stops_of(messages))
        try:
            self._engine.use(self._spec_of(version))
            done = self._engine.generate(messages, sampling, draft.add, draft.check, template=version.template)
        except ForgeError as error:
            said = error if version.is_base else worded(error, version.label)
            self.made[version.uid] = _unable(version, said.message)
            return
        self._check()
        spent = (time.monotonic() - started) * 1000
        begins = draft.circle if draft.circle is not None else circle_begins(f"{done.text}\n")
        text, problem = done.text.strip(), done.problem
        if begins is not None and done.stop != "died":
            text, problem = done.text[:begins].strip(), REPEATED
        if not text and not problem:
            problem = f"{version.label} gave no answer."
        self.made[version.uid] = ComparedAnswer(
            version.uid, version.label, text, done.answer_tokens, round(spent, 1), problem
        )

    def _fits(self, version: Version, shown: Sequence[Source]) -> bool:
        rendered = self._engine.render(
            self._messages(shown), sampling=self._sampling, check=self._check, template=version.template
        )
        return rendered.tokens + min(_TOKENS, rendered.context // 2) <= rendered.context

    def _messages(self, shown: Sequence[Source]) -> tuple[PromptMessage, ...]:
        return lesson_prompt(
            self._question,
            [(source.n, source.quote) for source in shown],
            labels={source.n: label_of(source) for source in shown},
        )


class _Draft:
    """An answer while it comes: stopped, as in the chat, where it begins to repeat itself."""

    def __init__(self, check: Callable[[], None]) -> None:
        self._check, self._text, self._next = check, "", 0.0
        self.circle: int | None = None

    def add(self, text: str) -> None:
        """A piece of it."""
        self._text += text

    def check(self) -> None:
        """Raises Cancelled to stop it."""
        self._check()
        if (now := time.monotonic()) < self._next:
            return
        self._next = now + _LOOK_EVERY
        self.circle = circle_begins(self._text)
        if self.circle is not None:
            raise Cancelled


def stops_of(messages: Sequence[PromptMessage]) -> tuple[str, ...]:
    """Where an answer ends, as in the chat: before a mark of its own prompt, or a question of its own."""
    marks = {mark_in(part.text) for message in messages for part in message.parts if part.trusted}
    return (*(f"[{mark}" for mark in sorted(marks) if mark), f"\n{QUESTION}")


def _unable(version: Version, why: str) -> ComparedAnswer:
    return ComparedAnswer(version.uid, version.label, "", 0, 0.0, why)

"""Versions side by side: the same question, the same passages, each one's answer."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from forge_desktop.base.errors import ForgeError
from forge_desktop.base.jobs import JobContext
from forge_desktop.chat.first_question import sources_for
from forge_desktop.chat.lesson_prompt import lesson_prompt
from forge_desktop.chat.marks import label_of
from forge_desktop.chat.records import Source
from forge_desktop.engine import Engine, PromptMessage, Sampling, StudentSpec
from forge_desktop.students.records_versions import ComparedAnswer, Comparison, Version
from forge_desktop.students.rooms import Rooms

_MOST = 8  # versions in one comparison
_TOKENS = 256


class Comparing:
    """Asks versions in a child beside the chat's, one after the other: those of one base are only a swap apart."""

    def __init__(self, rooms: Rooms, spec_of: Callable[[Version], StudentSpec]) -> None:
        self._rooms, self._spec_of = rooms, spec_of

    def run(
        self, ctx: JobContext, question: str, versions: Sequence[Version], collections: Sequence[str]
    ) -> Comparison:
        """The answers in the order of the versions; one that could not answer says why. Raises ForgeError."""
        if not 1 <= len(versions) <= _MOST:
            raise ForgeError(f"{len(versions)} versions cannot be compared.", hint=f"Name 2 to {_MOST}.")
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
        try:
            self._engine.use(self._spec_of(version))
            done = self._engine.generate(
                self._messages(shown), self._sampling, lambda _: None, self._check, template=version.template
            )
        except ForgeError as error:
            self.made[version.uid] = _unable(version, error.message)
            return
        self._check()
        spent = (time.monotonic() - started) * 1000
        text = done.text.strip()
        self.made[version.uid] = ComparedAnswer(
            version.uid, version.label, text, done.answer_tokens, round(spent, 1), done.problem
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


def _unable(version: Version, why: str) -> ComparedAnswer:
    return ComparedAnswer(version.uid, version.label, "", 0, 0.0, why)

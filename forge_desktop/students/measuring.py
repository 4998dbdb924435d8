"""Asks one arm of a gate: how likely it finds each reference, and what it answers, many at once."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

from forge_desktop.base.errors import ForgeError
from forge_desktop.chat.marks import mark_in
from forge_desktop.engine import Continuation, Engine, Generation, Sampling, Scored, StudentSpec
from forge_desktop.engine.records import PromptMessage
from forge_desktop.students import gate_metrics
from forge_desktop.students.gate_items import GateItem, prompt
from forge_desktop.students.records_gate import GateWish
from forge_desktop.students.store_gates import Measured

NOT_FINITE = "not_finite"
_NO_NUMBERS = "MODEL_CORRUPT"  # how an engine says that what it computed are no numbers
_STOPS = ("\nQuestion:",)  # as in the chat: small students go on with a question of their own
_UNTOLD = "The student's process ended before this was measured."


class Measurer:
    """Runs arms on an engine of its own, greedily, always from a fresh context, every arm under the same conditions.

    `conditions` are what the engine said decides its numbers, by what was done ("score", "answer").
    """

    def __init__(self, engine: Engine, wish: GateWish, check: Callable[[], None]) -> None:
        self._engine, self._wish, self._check = engine, wish, check
        self.conditions: dict[str, Mapping[str, object]] = {}
        self.sampling = Sampling(
            temperature=0.0,
            seed=wish.seed,
            max_tokens=wish.max_tokens,
            stop=_STOPS,
            think_tokens=0,
            lookup=False,
        )

    def measure(
        self, spec: StudentSpec, items: Sequence[GateItem], *, template: str = "", answers: bool = True
    ) -> list[Measured]:
        """The items as this arm scores and answers them; without `answers` the likelihoods alone. `template` takes the
        place of the one in the base's file.

        An adapter with which the numbers are none is told as such, item by item, and not asked for answers.

        Raises ForgeError when the student's process ended in between, and what `check` raises.
        """
        self._engine.use(spec, asked=False)
        try:
            return self._answers(items, template) if answers else self._scores(items, template)
        except ForgeError as error:
            if spec.adapter is None or error.code != _NO_NUMBERS:
                raise
            return [Measured(item.n, item.uid, "", {"nll": None, NOT_FINITE: 1.0}) for item in items]

    def _scores(self, items: Sequence[GateItem], template: str) -> list[Measured]:
        asked = [Continuation(prompt(item), item.answer) for item in items]
        scored = self._engine.score(asked, self._check, width=self._wish.width, template=template)
        self.conditions["score"] = scored.conditions
        pairs = zip(items, scored.items, strict=True)
        return [Measured(item.n, item.uid, "", _likelihood(one), one.problem) for item, one in pairs]

    def _answers(self, items: Sequence[GateItem], template: str) -> list[Measured]:
        prompts = [prompt(item) for item in items]
        batch = self._engine.generate_many(
            prompts,
            self.sampling,
            width=self._wish.width,
            check=self._check,
            template=template,
            references=[item.answer for item in items],
        )
        self._check()
        if batch.problem or any(answer.stop in ("died", "cancelled") for answer in batch.answers):
            raise ForgeError(batch.problem or _UNTOLD, hint="What was measured is kept: let the gate go on.")
        self.conditions["score"] = self.conditions["answer"] = batch.conditions
        rows = zip(items, prompts, batch.scored, batch.answers, strict=True)
        return [_measured(item, messages, one, answer) for item, messages, one, answer in rows]


def _measured(item: GateItem, messages: Sequence[PromptMessage], scored: Scored, answer: Generation) -> Measured:
    text = _cut(answer.text, messages).strip()
    seconds = answer.answer_tokens / answer.tokens_per_second if answer.tokens_per_second > 0 else 0.0
    scores = {
        **_likelihood(scored),
        **gate_metrics.of_answer(item, text),
        "milliseconds": round(answer.ttft_ms + 1000 * seconds, 3),
        "answer_tokens": float(answer.answer_tokens),
        "tokens_per_second": round(answer.tokens_per_second, 3),
        "cut": float(answer.stop == "length"),
    }
    refused = (answer.problem or "It could not be asked.") if answer.stop == "refused" else ""
    return Measured(item.n, item.uid, text, scores, scored.problem or refused)


def _likelihood(scored: Scored) -> dict[str, float | None]:
    """The reference's NLL; a number that is none is noted beside it, since a table holds no such number."""
    found = gate_metrics.nll(scored.log_likelihoods)
    finite = found is None or math.isfinite(found)
    return {
        "nll": found if finite else None,
        "reference_tokens": float(len(scored.tokens)),
        NOT_FINITE: float(not finite),
    }


def _cut(text: str, messages: Sequence[PromptMessage]) -> str:
    """The answer as the chat would show it: a student that goes on with the marks of its prompt is stopped there."""
    marks = {mark_in(part.text) for message in messages for part in message.parts if part.trusted}
    ends = [at for mark in marks if mark and (at := text.find(f"[{mark}")) >= 0]
    return text[: min(ends)] if ends else text

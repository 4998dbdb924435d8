"""Requests about many prompts, from the parent's side: their frames collected into records."""

from __future__ import annotations

import base64
import dataclasses
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from forge_desktop.base.child import Frame
from forge_desktop.base.errors import Cancelled
from forge_desktop.engine.answer import UNFINISHED
from forge_desktop.engine.errors import trouble
from forge_desktop.engine.keeper import Keeper, nothing
from forge_desktop.engine.records import AdapterSpec, Generation, Own, PromptMessage, Sampling
from forge_desktop.engine.records_many import Batch, Continuation, Lesson, Scored, Scores, TokenisedLesson
from forge_desktop.engine.running import Lost, RunningChild, adapter_order, plain
from forge_desktop.engine.talk import Talk

Vectors = npt.NDArray[np.float32]

NOT_BEGUN = "It was not begun."


def score_request(items: Sequence[Continuation], *, width: int, background: bool, template: str = "") -> Frame:
    """What the child is asked."""
    return {
        "op": "score",
        "items": [{"messages": plain(item.messages), "text": item.text} for item in items],
        "width": width,
        "background": background,
        "template": template,
    }


def batch_request(
    prompts: Sequence[Sequence[PromptMessage]],
    sampling: Sampling,
    *,
    width: int,
    background: bool,
    template: str = "",
    references: Sequence[str] = (),
) -> Frame:
    """What the child is asked."""
    items: list[Frame] = [{"messages": plain(messages)} for messages in prompts]
    if references:
        items = [{**item, "reference": text} for item, text in zip(items, references, strict=True)]
        sampling = dataclasses.replace(sampling, think_tokens=0)  # a reference stands where the thought is over
    return {
        "op": "batch",
        "items": items,
        "sampling": dataclasses.asdict(sampling),
        "width": width,
        "background": background,
        "template": template,
    }


class _Many:
    """Collects the frames of one request about `count` items by one student."""

    def __init__(self, count: int, tell: Callable[[RunningChild, int], None]) -> None:
        self._count, self._tell = count, tell
        self._done = 0
        self.name = self.sha256 = self.device = self.label = self.adapter_sha256 = ""
        self.scale = 1.0

    def by(self, child: RunningChild) -> None:
        """Note which student it is and where it runs."""
        assert child.spec is not None
        self.name, self.sha256 = child.spec.name, child.spec.sha256
        self.device = child.facts["device"]

    def beginning(self, request: Frame, adapter: AdapterSpec | Own | None) -> Callable[[RunningChild], None]:
        """What is done when a child is at hand: the request names the adapter that it is computed with to its end."""

        def begin(child: RunningChild) -> None:
            self.by(child)
            assert child.spec is not None
            worn = child.adapter if adapter is Own.OWN else adapter
            self.label = child.spec.label if adapter is Own.OWN else ""
            self.adapter_sha256, self.scale = (worn.sha256, worn.scale) if worn is not None else ("", 1.0)
            request["adapter"] = adapter_order(worn)

        return begin

    def take(self, child: RunningChild, frame: Frame) -> None:
        """One frame of the child."""
        if frame["ev"] == "item":
            self._done += 1
            self._put(frame["index"], frame)
            self._tell(child, self._done)

    def _put(self, index: int, frame: Frame) -> None:
        raise NotImplementedError


def _scored(frame: Frame) -> Scored:
    if frame.get("problem"):
        return Scored(problem=frame["problem"])
    return Scored(
        tokens=tuple(frame["texts"]),
        log_likelihoods=tuple(frame["logarithms"]),
        greedy=tuple(frame["greedy"]),
        ids=tuple(frame["ids"]),
        prompt_tokens=frame["prompt_tokens"],
    )


class Scoring(_Many):
    """Scored continuations as they come."""

    def __init__(self, count: int, tell: Callable[[RunningChild, int], None]) -> None:
        super().__init__(count, tell)
        self._items = [Scored(problem=NOT_BEGUN)] * count

    def result(self, done: Frame) -> Scores:
        """The record, at the end."""
        return Scores(tuple(self._items), self.name, self.sha256, done["conditions"], self.adapter_sha256, self.scale)

    def _put(self, index: int, frame: Frame) -> None:
        self._items[index] = _scored(frame)


class Answering(_Many):
    """Answers as they are finished; `on_done` is told each. So many `references` are scored before."""

    def __init__(
        self,
        count: int,
        tell: Callable[[RunningChild, int], None],
        sampling: Sampling,
        on_done: Callable[[int, Generation], None],
        references: int = 0,
    ) -> None:
        super().__init__(count, tell)
        self._scored = [Scored(problem=NOT_BEGUN)] * references
        self._sampling, self._on_done = sampling, on_done
        self._started = time.monotonic()
        self._answers: list[Generation | None] = [None] * count

    def result(self, stop: str, *, done: Frame | None = None, problem: str = "") -> Batch:
        """The record; `stop` is what became of those that are missing."""
        rest = self._answer({"stop": stop, "problem": problem if stop == "died" else ""})
        return Batch(
            tuple(answer or rest for answer in self._answers),
            self.name,
            self.sha256,
            done["conditions"] if done else {},
            time.monotonic() - self._started,
            problem,
            self.adapter_sha256,
            self.scale,
            tuple(self._scored),
        )

    def take(self, child: RunningChild, frame: Frame) -> None:
        """One frame of the child."""
        if frame["ev"] == "scored":
            self._scored[frame["index"]] = _scored(frame)
        super().take(child, frame)

    def _put(self, index: int, frame: Frame) -> None:
        answer = self._answers[index] = self._answer(frame)
        self._on_done(index, answer)

    def _answer(self, frame: dict[str, Any]) -> Generation:
        return Generation(
            text=frame.get("text", ""),
            stop=frame["stop"],
            prompt_tokens=frame.get("prompt_tokens", 0),
            reused_tokens=frame.get("reused", 0),
            answer_tokens=frame.get("tokens", 0),
            ttft_ms=frame.get("ttft_ms", 0.0),
            tokens_per_second=frame.get("tokens_per_second", 0.0),
            model=self.name,
            model_sha256=self.sha256,
            device=self.device,
            prompt_sha256="",
            seed=self._sampling.seed,
            problem=frame["problem"]
            or (UNFINISHED if frame.get("unfinished") and frame["stop"] != "cancelled" else ""),
            thinking=frame.get("thinking", ""),
            adapter_sha256=self.adapter_sha256,
            scale=self.scale,
            label=self.label,
        )


class Tokenising(_Many):
    """Lessons as tokens, as they come."""

    def __init__(self, count: int, tell: Callable[[RunningChild, int], None]) -> None:
        super().__init__(count, tell)
        self.items = [TokenisedLesson(problem=NOT_BEGUN)] * count

    def _put(self, index: int, frame: Frame) -> None:
        if frame.get("problem"):
            self.items[index] = TokenisedLesson(problem=frame["problem"])
        else:
            self.items[index] = TokenisedLesson(tuple(frame["ids"]), frame["start"])


class Many:
    """The way of such requests to the child of a keeper, and their results."""

    def __init__(self, keeper: Keeper, talk: Talk) -> None:
        self._keeper, self._talk = keeper, talk

    def score(
        self,
        items: Sequence[Continuation],
        check: Callable[[], None],
        *,
        background: bool,
        adapter: AdapterSpec | Own | None,
        width: int,
        template: str = "",
    ) -> Scores:
        """As Engine.score."""
        scoring = Scoring(len(items), self._telling("Scoring", len(items)))
        request = score_request(items, width=width, background=background, template=template)
        try:
            done = self._talk.long(request, scoring.take, check, begin=scoring.beginning(request, adapter))
        except Lost as lost:
            raise Cancelled if lost.stopping else trouble(lost.case, what=lost.what) from lost
        if done["stop"] == "cancelled":
            raise Cancelled
        return scoring.result(done)

    def answer(
        self,
        prompts: Sequence[Sequence[PromptMessage]],
        sampling: Sampling,
        *,
        width: int,
        on_done: Callable[[int, Generation], None],
        check: Callable[[], None],
        background: bool,
        adapter: AdapterSpec | Own | None,
        template: str = "",
        references: Sequence[str] = (),
    ) -> Batch:
        """As Engine.generate_many."""
        answers = Answering(
            len(prompts), self._telling("Answering", len(prompts)), sampling, on_done, references=len(references)
        )
        request = batch_request(
            prompts, sampling, width=width, background=background, template=template, references=references
        )
        try:
            done = self._talk.long(request, answers.take, check, begin=answers.beginning(request, adapter))
        except Cancelled:
            return answers.result("cancelled")
        except Lost as lost:
            if lost.stopping:
                return answers.result("cancelled")
            return answers.result("died", problem=trouble(lost.case, what=lost.what).message)
        return answers.result("cancelled", done=done)

    def tokenise(self, lessons: Sequence[Lesson], check: Callable[[], None], *, template: str) -> list[TokenisedLesson]:
        """As Engine.tokenise."""
        found = Tokenising(len(lessons), self._telling("Reading lessons", len(lessons)))
        items = [{"messages": plain(lesson.messages), "text": lesson.answer} for lesson in lessons]
        request: Frame = {"op": "tokenise", "items": items, "template": template, "background": True}
        try:
            done = self._talk.long(request, found.take, check, begin=found.by)
        except Lost as lost:
            raise Cancelled if lost.stopping else trouble(lost.case, what=lost.what) from lost
        if done["stop"] == "cancelled":
            raise Cancelled
        return found.items

    def embed(self, texts: Sequence[str], check: Callable[[], None] = nothing, *, background: bool = False) -> Vectors:
        """A vector of length one for each text; the student has to be an embedding model. Raises ForgeError, and what
        `check` raises.
        """
        try:
            return self._embed(texts, check, background)
        except Lost as lost:
            if lost.stopping:
                raise Cancelled from lost
        try:
            return self._embed(texts, check, background)  # once more, by a fresh child: nothing was begun
        except Lost as lost:
            raise Cancelled if lost.stopping else trouble(lost.case, what=lost.what) from lost

    def _embed(self, texts: Sequence[str], check: Callable[[], None], background: bool) -> Vectors:
        found: list[str] = []
        dimensions: list[int] = []

        def take(_child: RunningChild, frame: Frame) -> None:
            if frame["ev"] == "item":
                found.append(frame["vectors"])

        def begin(child: RunningChild) -> None:
            dimensions.append(child.facts["dimensions"])

        request: Frame = {"op": "embed", "texts": list(texts), "background": background}
        done = self._talk.long(request, take, check, begin=begin)
        if done["stop"] == "cancelled":
            raise Cancelled
        raw = b"".join(base64.b64decode(part) for part in found)
        return np.frombuffer(raw, "<f4").astype(np.float32).reshape(len(texts), dimensions[0])

    def _telling(self, what: str, count: int) -> Callable[[RunningChild, int], None]:
        def tell(child: RunningChild, done: int) -> None:
            self._keeper.show(child, "busy", note=f"{what}, {done:,} of {count:,}")

        return tell

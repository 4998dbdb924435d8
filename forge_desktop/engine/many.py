"""Requests about many prompts, from the parent's side: their frames collected into records."""

from __future__ import annotations

import base64
import dataclasses
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from forge_desktop.base.child import Frame
from forge_desktop.base.errors import Cancelled
from forge_desktop.engine.collecting import Answering, Scoring, Tokenising
from forge_desktop.engine.errors import trouble
from forge_desktop.engine.keeper import Keeper, nothing
from forge_desktop.engine.records import AdapterSpec, Generation, Own, PromptMessage, Sampling
from forge_desktop.engine.records_many import Batch, Continuation, Lesson, Scores, TokenisedLesson
from forge_desktop.engine.running import Lost, RunningChild, plain
from forge_desktop.engine.talk import Talk

Vectors = npt.NDArray[np.float32]


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

"""What comes of a request about many prompts, collected from its frames into records."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from forge_desktop.base.child import Frame
from forge_desktop.engine.answer import UNFINISHED
from forge_desktop.engine.records import AdapterSpec, Generation, Own, Sampling
from forge_desktop.engine.records_many import Batch, Scored, Scores, TokenisedLesson
from forge_desktop.engine.running import RunningChild, adapter_order

NOT_BEGUN = "It was not begun."


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

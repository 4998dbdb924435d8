"""An answer while it arrives, and the record of it at its end."""

from __future__ import annotations

import time
from collections.abc import Callable

from forge_desktop.base.child import Frame
from forge_desktop.engine.records import Generation
from forge_desktop.engine.running import RunningChild

UNFINISHED = (
    "The student was still thinking when its answer ended. Allow longer answers, or less thinking, and ask again."
)


class Answer:
    """Collects the frames of one request. `on_text` is told each piece of the answer as it comes, `on_thinking` what
    the student thinks before it.
    """

    def __init__(
        self, seed: int, on_text: Callable[[str], None], on_thinking: Callable[[str], None] = lambda _: None
    ) -> None:
        self._seed, self._on_text, self._on_thinking = seed, on_text, on_thinking
        self._started = time.monotonic()
        self._first: float | None = None
        self._last, self._at_first = 0.0, 0
        self._texts: list[str] = []
        self._thoughts: list[str] = []
        self._prompt: Frame = {}
        self._part = ""
        self._tokens = 0
        self._name = self._sha256 = self._device = self._label = self._adapter = ""
        self._scale = 1.0

    def by(self, child: RunningChild) -> None:
        """Note which student answers and where it runs."""
        assert child.spec is not None
        self._name, self._sha256 = child.spec.name, child.spec.sha256
        self._device, self._label = child.facts["device"], child.spec.label
        if child.adapter is not None:
            self._adapter, self._scale = child.adapter.sha256, child.adapter.scale

    @property
    def part(self) -> str:
        """Of what the last text was a piece: "thinking" or "answer"; "" before the first."""
        return self._part

    def take(self, frame: Frame) -> None:
        """One frame of the child."""
        if frame["ev"] == "prompt":
            self._prompt = frame
        elif frame["ev"] == "text":
            self._last = time.monotonic()
            if self._first is None:
                self._first, self._at_first = self._last, frame["tokens"]
            self._tokens = frame["tokens"]
            self._part = frame["part"]
            thought = self._part == "thinking"
            (self._thoughts if thought else self._texts).append(frame["text"])
            (self._on_thinking if thought else self._on_text)(frame["text"])

    def result(self, stop: str, *, done: Frame | None = None, problem: str = "") -> Generation:
        """The record, from what arrived."""
        now = time.monotonic()
        tokens = done["tokens"] if done else self._tokens
        rate = done["tokens_per_second"] if done else self._rate()
        return Generation(
            text="".join(self._texts),
            stop=stop,  # type: ignore[arg-type]
            prompt_tokens=self._prompt.get("tokens", 0),
            reused_tokens=done["reused"] if done else self._prompt.get("reused", 0),
            answer_tokens=tokens,
            ttft_ms=1000 * ((self._first or now) - self._started),
            tokens_per_second=rate,
            model=self._name,
            model_sha256=self._sha256,
            device=self._device,
            prompt_sha256=self._prompt.get("sha256", ""),
            seed=self._seed,
            problem=problem or (UNFINISHED if done and done.get("unfinished") and stop != "cancelled" else ""),
            thinking="".join(self._thoughts),
            tokens=tuple(done["ids"]) if done else (),
            prompt_tokens_per_second=done["prompt_tokens_per_second"] if done else 0.0,
            restored_tokens=done["restored"] if done else self._prompt.get("restored", 0),
            drafted=done["drafted"] if done else 0,
            accepted=done["accepted"] if done else 0,
            adapter_sha256=self._adapter,
            scale=self._scale,
            label=self._label,
        )

    def _rate(self) -> float:
        """Tokens a second up to the last text that came: what hung after it wrote nothing."""
        spent = self._last - self._first if self._first is not None else 0.0
        return (self._tokens - self._at_first) / spent if spent > 0 else 0.0

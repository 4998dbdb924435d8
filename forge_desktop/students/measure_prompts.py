"""Prompts of a given length for a benchmark: drawn by a seed, each beginning with words of its own."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

from forge_desktop.engine import Engine, PromptMessage, PromptPart, Sampling

# Words that make a line of a harbour's log book: ordinary ones, one token or two in most vocabularies.
_WORDS = (
    "harbour", "rope", "morning", "wind", "cargo", "lamp", "tide", "north", "captain", "barrel", "salt", "quiet",
    "before", "under", "seven", "grain", "letter", "stone", "weather", "carried", "slowly", "between", "window",
    "green", "market", "river", "evening", "counted", "paper", "bread", "iron", "behind", "village", "twelve",
    "painted", "cloud", "signal", "returned", "winter", "ladder", "copper", "garden", "against", "small",
    "bridge", "found", "timber", "bell",
)  # fmt: skip
_TASK = "Count from 1 to 900, one number after the other."
_LEAST = 6  # words: without them two prompts could be the same


class Prompts:
    """Makes prompts for the student that an engine has loaded. The same seed and vocabulary give the same prompts.

    No two begin alike, so that nothing of one is there already when the next is read.
    """

    def __init__(
        self, engine: Engine, *, tokens: int, seed: int, sampling: Sampling, template: str, check: Callable[[], None]
    ) -> None:
        self._engine, self._tokens, self._seed = engine, tokens, seed
        self._sampling, self._template, self._check = sampling, template, check
        counted = engine.count([f" {word}" for word in _WORDS], check)
        self._cost = dict(zip(_WORDS, counted, strict=True))
        self._frame = self._length(())

    def make(self, number: int) -> list[PromptMessage]:
        """The prompt with this number: as long as was asked for, or a few words where these are longer already."""
        draw = random.Random(f"{self._seed}:{number}")
        words: list[str] = []
        left = self._tokens - self._frame
        while left > 0 or len(words) < _LEAST:
            words.append(draw.choice(_WORDS))
            left -= self._cost[words[-1]]
        over = self._length(words) - self._tokens  # words that stand together can be other tokens than each alone
        while over > 0 and len(words) > _LEAST:
            over -= self._cost[words.pop()]
        return _messages(words)

    def _length(self, words: Sequence[str]) -> int:
        messages = _messages(words)
        return self._engine.render(messages, sampling=self._sampling, check=self._check, template=self._template).tokens


def _messages(words: Sequence[str]) -> list[PromptMessage]:
    return [PromptMessage("user", (PromptPart(f"{' '.join(words)}\n\n{_TASK}".lstrip()),))]

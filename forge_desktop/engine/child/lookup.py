"""Prompt lookup: what stands behind the last words somewhere above is guessed to come again.

A student that quotes repeats long stretches of its prompt. Guessed tokens are decoded together with the sampled one and
kept as far as the sampler chooses the same; where it does not, they cost time and nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence

MOST = 15  # guessed tokens in one step; with the sampled one a multiple of four, which kernels like
OUTPUTS = 1 + MOST  # tokens of a step that need logits

_LENGTHS = (3, 7, 15)  # of a guess: the next one when all of the last was right, the first after a miss
_EARNED, _RICHEST = 0.03, 8.0  # steps that wrong guesses may cost: for each token of the answer, and at most
_HOPELESS = 0.6  # of a step: a guessed token that costs more is not worth guessing


class Lookup:
    """Guesses from `tokens`, the prompt, and from the answer that `add` appends to it.

    `cost` is what decoding one more token in a step takes, as a share of a step of one token: little on a GPU, more
    than half on some processors. It watches for free whether its guesses would have been right, and guesses only after
    some were; and it pays from a credit, which right guesses fill up and wrong ones use up. So an answer in the
    student's own words is hardly slowed down. No clock is asked: the same answer is guessed in the same steps.
    """

    def __init__(self, tokens: Sequence[int], cost: float) -> None:
        self._tokens = list(tokens)
        # Where a sequence of three was last seen: the place of what followed it.
        threes = zip(self._tokens, self._tokens[1:], self._tokens[2:], strict=False)
        self._seen = dict(zip(threes, range(3, len(self._tokens)), strict=False))
        self._cost = cost
        self._trust = 1 if cost < 0.15 else 2 if cost < 0.4 else 6  # right guesses in a row before one is tried
        self._lengths = _LENGTHS if cost < 0.5 else _LENGTHS[1:]
        self._place: int | None = None  # of the token that would be guessed next
        self._right = 0  # how many would have been right in a row
        self._length = 0  # which of the lengths comes next
        self._credit = self._lengths[0] * cost
        self.drafted = self.accepted = 0

    def add(self, token: int) -> None:
        """A token of the answer."""
        tokens, place = self._tokens, self._place
        if place is not None and tokens[place] == token:
            self._place = place + 1
            self._right += 1
        else:
            self._place, self._right, self._length = None, 0, 0
        size = len(tokens)
        if size > 2:
            self._seen[tokens[-3], tokens[-2], tokens[-1]] = size
        tokens.append(token)
        if self._place is None and size > 1:
            self._place = self._seen.get((tokens[-3], tokens[-2], token))
        if self._credit < _RICHEST:
            self._credit += _EARNED

    def guess(self, most: int) -> list[int]:
        """What may come next, at most so many tokens; empty when it is not worth trying."""
        if self._place is None or self._right < self._trust or self._cost > _HOPELESS:
            return []
        length = min(most, self._lengths[self._length])
        return self._tokens[self._place : self._place + length] if self._cost * length <= self._credit else []

    def learn(self, drafted: int, accepted: int) -> None:
        """How many of the guessed tokens were right."""
        self.drafted += drafted
        self.accepted += accepted
        self._credit = min(_RICHEST, self._credit + accepted - self._cost * drafted)
        if accepted == drafted:
            self._length = min(self._length + 1, len(self._lengths) - 1)

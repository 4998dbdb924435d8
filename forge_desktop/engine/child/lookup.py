"""Prompt lookup: what stands behind the last words somewhere above is guessed to come again.

A student that quotes repeats long stretches of its prompt. Guessed tokens are decoded together with the sampled one and
kept as far as the sampler chooses the same; where it does not, they cost time and nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence

MOST = 16  # guessed tokens in one step
OUTPUTS = 1 + MOST  # tokens of a step that need logits
_COST = 0.35  # what decoding one more token in a step takes, in steps of one token; measured on CPUs, less on GPUs
_CREDIT, _EARNED, _RICHEST = 0.8, 0.02, 6.0  # steps that wrong guesses may cost: at first, more with each token, most


class Lookup:
    """Guesses from `tokens`, the prompt, and from the answer that `add` appends to it.

    It pays from a credit, which right guesses fill up and wrong ones use up, so that an answer in the student's own
    words is hardly slowed down. No clock is asked: the same answer is always guessed in the same steps.
    """

    def __init__(self, tokens: Sequence[int]) -> None:
        self._tokens = list(tokens)
        count = len(self._tokens)
        # Where a sequence of three, or two, was last seen: the place of what followed it.
        self._threes = dict(zip(zip(self._tokens, self._tokens[1:], self._tokens[2:]), range(3, count)))  # noqa: B905
        self._twos = dict(zip(zip(self._tokens, self._tokens[1:]), range(2, count)))  # noqa: B905
        self._credit = _CREDIT
        self._trusted = False  # whether the last guess was right: then a match of two tokens is enough
        self.drafted = self.accepted = 0

    def add(self, token: int) -> None:
        """A token of the answer."""
        tokens = self._tokens
        place = len(tokens)
        if place > 2:
            self._threes[tokens[-3], tokens[-2], tokens[-1]] = place
        if place > 1:
            self._twos[tokens[-2], tokens[-1]] = place
        tokens.append(token)
        self._credit = min(_RICHEST, self._credit + _EARNED)

    def guess(self, most: int) -> list[int]:
        """What may come next, at most so many tokens; empty when it is not worth trying."""
        tokens = self._tokens
        length = min(most, MOST, int(self._credit / _COST))
        if length < 1 or len(tokens) < 3:
            return []
        place = self._threes.get((tokens[-3], tokens[-2], tokens[-1]))
        if place is None and self._trusted:
            place = self._twos.get((tokens[-2], tokens[-1]))
        return [] if place is None else tokens[place : place + length]

    def learn(self, drafted: int, accepted: int) -> None:
        """How many of the guessed tokens were right."""
        self.drafted += drafted
        self.accepted += accepted
        self._trusted = accepted > 0
        self._credit = min(_RICHEST, self._credit - _COST * drafted + accepted)

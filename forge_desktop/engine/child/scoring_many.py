"""Several continuations scored at once: one decode computes tokens of each, and whoever is done makes room.

What all prompts begin with is computed once and copied. On a CPU an item's numbers are those that it has alone: a row's
do not depend on the rows beside it, save that a sequence's only row in a decode is computed by another kernel. So
prompts are read one by one, and of the continuations pieces of one length go together. On a GPU all go together, and
only the same items in the same order give the same numbers.
"""

from __future__ import annotations

import collections
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from forge_desktop.engine.child.batch import SHARED, common_beginning
from forge_desktop.engine.child.model import Model
from forge_desktop.engine.child.native import llama
from forge_desktop.engine.child.rows import Rows, Steps
from forge_desktop.engine.child.scoring import PIECE, Likelihood, Likelihoods, beginning, pieces


@dataclass(frozen=True)
class Wanted:
    """One item: its number, the prompt's tokens, and those of the continuation, of which there is at least one."""

    number: int
    prompt: list[int]
    continuation: list[int]


@dataclass
class _Seat:
    """An item in a sequence of its own: `feed` is what is still to be computed, from `place` on."""

    wanted: Wanted
    sequence: int
    feed: list[int]
    place: int
    found: Likelihood = field(default_factory=lambda: Likelihood([], [], []))


class ScoringCrowd:
    """Scores in `width` sequences of a context, which gives so many logits at once as `outputs` says. `done` is called
    with each item's number and likelihood, in the order in which they are finished.
    """

    def __init__(
        self, model: Model, context: Any, *, width: int, outputs: int, done: Callable[[Wanted, Likelihood], None]
    ) -> None:
        self._chunk, self._outputs, self._done = model.chunk, outputs, done
        self._on_gpu = model.on_gpu
        self._memory = llama.llama_get_memory(context)
        self._rows = Rows(context, max(model.chunk, 2 * width))
        self._likelihoods = Likelihoods(model, context)
        self._free = list(range(width, 0, -1))
        self._begun: list[int] = []
        self._seats: list[_Seat] = []

    def score(self, items: Sequence[Wanted]) -> Steps[None]:
        """Score all of them. Raises Stopped."""
        waiting = collections.deque(items)
        yield from self._begin(common_beginning([item.prompt for item in items]))
        while waiting or self._seats:
            while waiting and self._free:
                seat = self._seat(waiting.popleft())
                yield from () if self._on_gpu else self._read(seat)
            self._step(*(self._shares() if self._on_gpu else self._alike()))
            yield

    def _begin(self, tokens: list[int]) -> Steps[None]:
        self._begun = tokens
        place = 0
        for part in pieces(tokens, self._chunk):
            self._rows.put(SHARED, part, place, outputs=0)
            self._rows.decode()
            place += len(part)
            yield

    def _seat(self, item: Wanted) -> _Seat:
        sequence = self._free.pop()
        if self._begun:
            llama.llama_memory_seq_cp(self._memory, SHARED, sequence, -1, -1)
        place = beginning(self._memory, sequence, len(self._begun), len(item.prompt) - 1)
        feed = [*item.prompt[place:], *item.continuation[:-1]]
        seat = _Seat(item, sequence, feed, place)
        self._seats.append(seat)
        self._seats.sort(key=lambda seat: seat.sequence)  # llama.cpp computes neighbouring sequences together
        return seat

    def _read(self, seat: _Seat) -> Steps[None]:
        """Bring all of its prompt but the last token into its sequence."""
        left = len(seat.wanted.prompt) - 1 - seat.place
        for part in pieces(seat.feed[:left], self._chunk):
            self._rows.put(seat.sequence, part, seat.place, outputs=0)
            self._rows.decode()
            seat.place += len(part)
            yield
        del seat.feed[:left]

    def _alike(self) -> tuple[list[_Seat], int]:
        """Those whose next piece is as long as the first one's, as many as there is room for; and that length."""
        size = min(PIECE, len(self._seats[0].feed))
        alike = [seat for seat in self._seats if min(PIECE, len(seat.feed)) == size]
        return alike[: max(1, min(self._outputs, self._rows.capacity) // size)], size

    def _shares(self) -> tuple[list[_Seat], int]:
        """All of them, and what each may compute if all compute as much."""
        return self._seats, max(1, self._rows.capacity // len(self._seats))

    def _step(self, seats: Sequence[_Seat], share: int) -> None:
        """Compute the next tokens of each, as far as there are logits for them."""
        room = self._outputs
        counted: list[tuple[_Seat, int, int]] = []  # the first row of a seat that has logits, and how many have
        for seat in list(seats):
            before = max(0, len(seat.wanted.prompt) - 1 - seat.place)  # rows that need none
            count = min(share, len(seat.feed), before + room)
            outputs = max(0, count - before)
            if count:
                last = self._rows.put(seat.sequence, seat.feed[:count], seat.place, outputs=outputs)
                counted.append((seat, last + 1 - outputs, outputs))
                del seat.feed[:count]
                seat.place += count
                room -= outputs
        self._rows.decode()
        for seat, first, outputs in counted:
            for row in range(first, first + outputs):
                token = seat.wanted.continuation[len(seat.found.tokens)]
                self._likelihoods.add(seat.found, row, token)
            if not seat.feed:
                self._leave(seat)

    def _leave(self, seat: _Seat) -> None:
        self._seats.remove(seat)
        llama.llama_memory_seq_rm(self._memory, seat.sequence, -1, -1)
        self._free.append(seat.sequence)
        self._free.sort(reverse=True)
        self._done(seat.wanted, seat.found)

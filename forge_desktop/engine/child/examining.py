"""A reference scored and an answer written, each prompt read once for both.

The reference is computed behind the prompt, in the answer's own sequence, and taken out again; the answer's first token
is chosen from the logits that the reference's first one is scored by. On a CPU an item's numbers are those that it has
alone: prompts are read one by one, references of one length go together, and nothing does where company changes the
numbers (see company.py). They are ScoringCrowd's too, whose pieces of prompts are the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from forge_desktop.base.child import Frame
from forge_desktop.base.errors import ForgeError
from forge_desktop.engine.child.batch import SHARED, Crowd, Seat, Seats, Task
from forge_desktop.engine.child.company import indifferent
from forge_desktop.engine.child.model import Model
from forge_desktop.engine.child.native import llama
from forge_desktop.engine.child.rows import Steps
from forge_desktop.engine.child.scoring import PIECE, Likelihood, Likelihoods, beginning, pieces
from forge_desktop.engine.errors import trouble
from forge_desktop.engine.records import Sampling

Pair = tuple[list[int], list[int]]  # tokens of a prompt, and of the reference behind it


def refer(wanted: Sequence[Task], references: Mapping[int, Pair], context: int) -> Iterator[tuple[int, ForgeError]]:
    """Give the tasks their references; (number, reason) of those that cannot be scored."""
    for task in wanted:
        prompt, reference = references.get(task.number, ([], []))
        if task.problem is not None:
            yield task.number, task.problem
        elif len(prompt) + len(reference) > context:
            yield task.number, trouble("CTX_FULL", prompt=len(prompt) + len(reference), context=context)
        else:
            task.reference = reference


@dataclass
class _Scoring:
    """A seat whose reference is being scored: what of its prompt is still to be read, from `place` on, and what of the
    reference is then to be computed.
    """

    seat: Seat
    prompt: list[int]
    reference: list[int]
    unread: list[int]
    feed: list[int]
    place: int
    chosen: int | ForgeError | None = None  # the answer's first token
    found: Likelihood = field(default_factory=lambda: Likelihood([], [], []))


class ExaminingCrowd(Crowd):
    """A Crowd that scores each task's reference before it answers; `scored` is told each likelihood, with the number of
    the prompt's tokens. The context gives so many logits at once as `outputs` says.
    """

    def __init__(
        self,
        model: Model,
        context: Any,
        seats: Seats,
        sampling: Sampling,
        done: Callable[[Frame], None],
        *,
        outputs: int,
        scored: Callable[[Task, int, Likelihood], None],
    ) -> None:
        super().__init__(model, context, seats, sampling, done)
        self._outputs, self._scored = outputs, scored
        self._likelihoods = Likelihoods(model, context)
        self._window: int = llama.llama_model_n_swa(model.handle)
        self._words: int = llama.llama_vocab_n_tokens(model.vocab)
        self._together = True

    def _begin(self, tokens: list[int]) -> Steps[None]:
        self._begun = tokens
        self._room -= len(tokens)
        place = 0
        for part in pieces(tokens, self._model.chunk):
            self._rows.put(SHARED, part, place, outputs=0)
            self._rows.decode()
            place += len(part)
            yield
        self._together = self._model.on_gpu or indifferent(self._context, self._rows, self._words, len(self._free))
        yield

    def _go_on(self) -> None:
        for group in [self._seats] if self._together else [[seat] for seat in self._seats]:
            self._step(group)

    def _read(self, new: Sequence[Seat]) -> Steps[None]:
        plain = [seat for seat in new if not seat.task.reference]
        scoring = [self._scoring(seat) for seat in new if seat.task.reference]
        for group in [scoring] if self._model.on_gpu else [[one] for one in scoring]:
            yield from self._prompts(group)
        while rest := [one for one in scoring if one.feed]:
            self._references(rest)
            yield
        for one in scoring:
            yield from self._turn(one)
        for seat in plain:
            if seat.task.reference is not None:
                self._scored(seat.task, seat.place + len(seat.feed), Likelihood([], [], []))
        yield from super()._read(plain)

    def _scoring(self, seat: Seat) -> _Scoring:
        prompt, seat.feed = [*self._begun, *seat.feed], []
        place = beginning(self._memory, seat.sequence, len(self._begun), len(prompt) - 1)
        reference = seat.task.reference or []
        return _Scoring(seat, prompt, reference, prompt[place:-1], [prompt[-1], *reference[:-1]], place)

    def _prompts(self, group: Sequence[_Scoring]) -> Steps[None]:
        """Read what is unread of these."""
        while any(one.unread for one in group):
            for one in group:
                if room := min(self._rows.room, self._model.chunk):
                    part = next(pieces(one.unread, room), ())
                    self._put(one, part, outputs=0)
                    del one.unread[: len(part)]
            self._rows.decode()
            yield

    def _references(self, rest: Sequence[_Scoring]) -> None:
        """Compute the next piece of some references, those with the first one's length; on a GPU of all."""
        if self._model.on_gpu:
            size, most = max(1, self._outputs // len(rest)), len(rest)
        else:
            size = min(PIECE, len(rest[0].feed))
            rest = [one for one in rest if min(PIECE, len(one.feed)) == size]
            most = max(1, self._outputs // size) if self._together else 1
        rows = []
        for one in rest[:most]:
            part = one.feed[:size]
            rows.append((one, self._put(one, part, outputs=len(part)), len(part)))
            del one.feed[:size]
        self._rows.decode()
        for one, first, count in rows:
            if one.chosen is None:
                one.chosen = self._chosen(one.seat, first)
            for row in range(first, first + count):
                self._likelihoods.add(one.found, row, one.reference[len(one.found.tokens)])

    def _put(self, one: _Scoring, part: Sequence[int], *, outputs: int) -> int:
        """The row of the first."""
        if not part:
            return -1
        last = self._rows.put(one.seat.sequence, part, one.place, outputs=outputs)
        one.place += len(part)
        return last + 1 - len(part)

    def _chosen(self, seat: Seat, row: int) -> int | ForgeError:
        try:
            return seat.sampler.sample(self._context, row)
        except ForgeError as error:
            return error

    def _turn(self, one: _Scoring) -> Steps[None]:
        """Take the reference out of the sequence again, and begin the answer."""
        seat, end = one.seat, len(one.prompt)
        self._scored(seat.task, end, one.found)
        least = llama.llama_memory_seq_pos_min(self._memory, seat.sequence)
        gone = self._window > 0 and least > max(0, end - self._window)
        if gone or not llama.llama_memory_seq_rm(self._memory, seat.sequence, end, -1):
            llama.llama_memory_seq_rm(self._memory, seat.sequence, -1, -1)
            one.unread, one.place = list(one.prompt), 0
            yield from self._prompts([one])
        seat.place, seat.row = end, 0
        if isinstance(one.chosen, ForgeError):
            self._refuse(seat, one.chosen)
        elif one.chosen is not None:
            self._follow(seat, one.chosen)

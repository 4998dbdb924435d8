"""Several answers at once: one decode computes a token of each, and whoever is done makes room for the next prompt.

What all prompts begin with is computed once and copied. Room in the context is set aside for a whole answer before a
prompt is begun, so that it never runs out: a prompt waits until there is room.
"""

from __future__ import annotations

import collections
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from forge_desktop.base.child import Frame
from forge_desktop.base.errors import ForgeError
from forge_desktop.engine.child import sampler as samplers
from forge_desktop.engine.child.flag import Stopped
from forge_desktop.engine.child.model import Model
from forge_desktop.engine.child.native import llama
from forge_desktop.engine.child.rows import Rows, Steps
from forge_desktop.engine.child.sampler import Sampler
from forge_desktop.engine.child.thinking import Governor
from forge_desktop.engine.errors import trouble
from forge_desktop.engine.records import Sampling

_LEAST_SHARED = 8  # tokens that are worth a copy
SHARED = 0  # the sequence that holds what all begin with


@dataclass
class Task:
    """One prompt: its tokens, and how many may be answered; none when it does not fit, with the reason. A `reference`
    behind it is to be scored before.
    """

    number: int
    prompt: list[int]
    limit: int
    problem: ForgeError | None = None
    reference: list[int] | None = None

    @property
    def most(self) -> int:
        """Tokens that may stand behind the prompt."""
        return max(self.limit, len(self.reference or ()))


def tasks(prompts: Sequence[list[int] | ForgeError], sampling: Sampling, context: int) -> list[Task]:
    """The prompts, each checked against the tokens that a conversation may have."""
    found = []
    for number, prompt in enumerate(prompts):
        if isinstance(prompt, ForgeError):
            found.append(Task(number, [], 0, prompt))
        elif len(prompt) + min(16, sampling.max_tokens) > context:
            found.append(Task(number, [], 0, trouble("CTX_FULL", prompt=len(prompt), context=context)))
        else:
            found.append(Task(number, prompt, min(sampling.max_tokens, context - len(prompt))))
    return found


def shared(wanted: Sequence[Task]) -> list[int]:
    """What all prompts that fit begin with."""
    return common_beginning([task.prompt for task in wanted if task.problem is None])


def common_beginning(prompts: Sequence[list[int]]) -> list[int]:
    """What all prompts begin with, at least one token less than the shortest; nothing where it is not worth a copy."""
    if len(prompts) < 2:
        return []
    low, high = min(prompts), max(prompts)  # what the extremes share in alphabetical order, all share
    end = min(map(len, prompts)) - 1
    same = next((place for place in range(end) if low[place] != high[place]), end)
    return low[:same] if same >= _LEAST_SHARED else []


def cells(wanted: Sequence[Task], width: int) -> int:
    """Tokens that the context must hold for so many answers at once."""
    begun = len(shared(wanted))
    needs = sorted((len(task.prompt) - begun + task.most for task in wanted if task.problem is None), reverse=True)
    return begun + sum(needs[:width])


@dataclass
class Seat:
    """An answer being written in a sequence of its own. `feed` has not been decoded yet."""

    task: Task
    sequence: int
    sampler: Sampler
    governor: Governor
    feed: list[int]
    place: int
    needs: int
    started: float
    first: float = 0.0
    ids: list[int] = field(default_factory=list)
    row: int = -1
    stop: str = ""
    problem: ForgeError | None = None


@dataclass(frozen=True)
class Seats:
    """How many answers at once, how many tokens all may take in a unified context, and what lays out the prompts."""

    width: int
    room: float
    template: str = ""


class Crowd:
    """Answers tasks in sequences of a context: of streams of their own, or of a unified one.

    `done` is called with each finished answer's frame, in the order in which they finish.
    """

    def __init__(
        self, model: Model, context: Any, seats: Seats, sampling: Sampling, done: Callable[[Frame], None]
    ) -> None:
        self._template = seats.template
        self._model, self._context, self._sampling, self._done = model, context, sampling, done
        self._memory = llama.llama_get_memory(context)
        self._rows = Rows(context, max(model.chunk, 2 * seats.width))
        self._free = list(range(seats.width, 0, -1))
        self._room = seats.room
        self._begun: list[int] = []
        self._seats: list[Seat] = []

    def answer(self, wanted: Sequence[Task]) -> Steps[str]:
        """Answer all of them. Returns "end", or "cancelled" when they were no longer wanted; what was begun then is
        told as far as it went.
        """
        waiting = collections.deque(task for task in wanted if task.problem is None)
        for task in wanted:
            if task.problem is not None:
                self._done(_refused(task.number, task.problem))
        try:
            yield from self._begin(shared(wanted))
            while waiting or self._seats:
                new = []
                while waiting and self._free and self._needs(waiting[0]) <= self._room:
                    new.append(self._seat(waiting.popleft()))
                yield from self._read(new)
                if self._seats:
                    self._go_on()
                yield
        except Stopped:
            for seat in list(self._seats):
                self._leave(seat, "cancelled")
            return "cancelled"
        finally:
            for seat in self._seats:
                seat.sampler.close()
        return "end"

    def _begin(self, tokens: list[int]) -> Steps[None]:
        self._begun = tokens
        self._room -= len(tokens)
        for start in range(0, len(tokens), self._model.chunk):
            self._rows.put(SHARED, tokens[start : start + self._model.chunk], start, outputs=0)
            self._rows.decode()
            yield

    def _read(self, new: Sequence[Seat]) -> Steps[None]:
        """Read the prompts of these, and begin their answers.

        Together they are read faster on a GPU; on a CPU it makes no difference, and one by one they are computed as if
        each were alone.
        """
        for group in [new] if self._model.on_gpu else [[seat] for seat in new]:
            while any(seat.stop == "" and seat.row < 0 for seat in group):
                self._step(group)
                yield

    def _go_on(self) -> None:
        """Compute the next token of each answer."""
        self._step(self._seats)

    def _needs(self, task: Task) -> int:
        return len(task.prompt) - len(self._begun) + task.most

    def _seat(self, task: Task) -> Seat:
        self._model.use_template(self._template)  # a chat in between may have used another
        governor = Governor(self._sampling, self._model, task.prompt)
        prompt = task.prompt + governor.begin()
        sequence, needs = self._free.pop(), self._needs(task)
        self._room -= needs
        if self._begun:
            llama.llama_memory_seq_cp(self._memory, SHARED, sequence, -1, -1)
        sampler = samplers.make(self._sampling, self._model, prompt)
        sampler.held = governor.answering
        feed, place = prompt[len(self._begun) :], len(self._begun)
        seat = Seat(task, sequence, sampler, governor, feed, place, needs, time.monotonic())
        self._seats.append(seat)
        return seat

    def _step(self, seats: Sequence[Seat]) -> None:
        """Decode what these answers have to feed, as much as there are rows for, and choose the tokens after it."""
        seats = [seat for seat in seats if not seat.stop]  # on a GPU some end while the prompts of others are read
        for seat in seats:
            part = seat.feed[: self._rows.room]
            if part:
                del seat.feed[: len(part)]
                row = self._rows.put(seat.sequence, part, seat.place, outputs=int(not seat.feed))
                seat.row = -1 if seat.feed else row
                seat.place += len(part)
        self._rows.decode()
        for seat in [seat for seat in seats if seat.row >= 0 and not seat.feed]:
            self._take(seat)

    def _take(self, seat: Seat) -> None:
        """Choose the answer's next token."""
        try:
            token = seat.sampler.sample(self._context, seat.row)
        except ForgeError as error:
            self._refuse(seat, error)
        else:
            self._follow(seat, token)

    def _refuse(self, seat: Seat, error: ForgeError) -> None:
        seat.problem, seat.stop = error, "refused"
        self._leave(seat, "refused")

    def _follow(self, seat: Seat, token: int) -> None:
        """The answer goes on with this token."""
        seat.first = seat.first or time.monotonic()
        if llama.llama_vocab_is_eog(self._model.vocab, token):
            seat.stop = "end"
            self._leave(seat, "end")
            return
        self._hear(seat, token)
        for forced in () if seat.stop else seat.governor.after(token):
            seat.sampler.accept(forced)
            self._hear(seat, forced)
            if seat.stop:
                break
        if seat.stop:
            self._leave(seat, seat.stop)

    def _hear(self, seat: Seat, token: int) -> None:
        governor = seat.governor
        governor.hear(token, self._model.tokeniser.piece(token))
        seat.sampler.held = governor.answering
        seat.ids.append(token)
        seat.feed.append(token)
        if governor.stopped:
            seat.stop = "stop"
        elif len(seat.ids) >= seat.task.limit:
            seat.stop = "length"

    def _leave(self, seat: Seat, stop: str) -> None:
        self._seats.remove(seat)
        llama.llama_memory_seq_rm(self._memory, seat.sequence, -1, -1)
        self._free.append(seat.sequence)
        self._room += seat.needs
        seat.sampler.close()
        self._done(_finished(seat, stop, len(self._begun)))


def _finished(seat: Seat, stop: str, reused: int) -> Frame:
    seat.governor.finish()
    parts = {"thinking": "", "answer": ""}
    for text, part in seat.governor.take():
        parts[part] += text
    now = time.monotonic()
    writing = now - seat.first if seat.first else 0.0
    return {
        "ev": "item",
        "index": seat.task.number,
        "text": parts["answer"],
        "thinking": parts["thinking"],
        "stop": stop,
        "tokens": len(seat.ids),
        "ids": seat.ids,
        "prompt_tokens": len(seat.task.prompt),
        "reused": reused,
        "unfinished": seat.governor.unfinished,
        "ttft_ms": 1000 * ((seat.first or now) - seat.started),
        "tokens_per_second": len(seat.ids) / writing if writing > 0 else 0.0,
        "problem": seat.problem.message if seat.problem else "",
    }


def _refused(number: int, problem: ForgeError) -> Frame:
    return {"ev": "item", "index": number, "stop": "refused", "problem": problem.message}

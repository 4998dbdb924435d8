"""Reads an answer while it comes, tells whoever listens, and cuts off what is longer than was reserved."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from forge_desktop.base.redacting import without_secrets
from forge_desktop.providers.asking import Planned
from forge_desktop.providers.http import BrokenError, Incoming
from forge_desktop.providers.records_ledger import NewAnswer
from forge_desktop.providers.sse import ServerEvent, ServerEvents
from forge_desktop.providers.wire import GarbledError, Reading, Said, read_json

_TOKEN_BYTES = 16  # no real text has more bytes a token on average: a longer answer is longer than was asked for
_SPARE_BYTES = 512


def _nothing(*_: object) -> None:
    """Where nobody listens."""


@dataclass(frozen=True)
class Listening:
    """Who is told while a call runs, what stops it by raising, and how long it may take."""

    on_text: Callable[[str], object] = _nothing
    on_thinking: Callable[[str], object] = _nothing
    check: Callable[[], object] = _nothing
    seconds: float = 120.0


@dataclass
class Timing:
    """When a call began and when its first text came."""

    began: float = field(default_factory=time.perf_counter)
    first: float | None = None

    def came(self) -> None:
        """A piece of text came."""
        if self.first is None:
            self.first = (time.perf_counter() - self.began) * 1000

    def answer(self, said: Said) -> NewAnswer:
        """What is kept of an answer; a key that it repeats is taken out."""
        passed = (time.perf_counter() - self.began) * 1000
        return NewAnswer(without_secrets(said.text), without_secrets(said.thinking), said.stop, passed, self.first)


class Hearing(Protocol):
    """Reads the answer out of a response."""

    def __call__(self, planned: Planned, incoming: Incoming, listening: Listening, *, timing: Timing) -> Said: ...


def heard(planned: Planned, incoming: Incoming, listening: Listening, *, timing: Timing) -> Said:
    """The answer, told piece by piece while it comes. Raises BrokenError or GarbledError."""
    if not (planned.stream and "event-stream" in incoming.headers.get("content-type", "")):
        said = _whole(planned, incoming.read())
        timing.came()
        if said.thinking:
            listening.on_thinking(said.thinking)
        listening.on_text(said.text)
        return said
    reading = planned.wire.reading()
    try:
        _follow(planned, incoming, listening, timing, reading)
    except BrokenError:
        if not reading.said().finished:
            raise
    said = reading.said()
    if not said.finished:
        raise BrokenError("its answer broke off")
    return said


def _whole(planned: Planned, raw: bytes) -> Said:
    """An answer that came in one piece, be it a stream that was not named as one."""
    if not raw.lstrip().startswith((b"data:", b"event:", b":")):
        return planned.wire.whole(read_json(raw))
    reading = planned.wire.reading()
    for event in _complete(ServerEvents(), raw):
        reading.feed(event)
    if not (said := reading.said()).finished:
        raise BrokenError("its answer broke off")
    return said


def _follow(planned: Planned, incoming: Incoming, listening: Listening, timing: Timing, reading: Reading) -> None:
    events = ServerEvents()
    room = planned.max_tokens * _TOKEN_BYTES + _SPARE_BYTES
    for chunk in incoming.chunks():
        for event in _complete(events, chunk):
            text, thinking = reading.feed(event)
            room -= len((text + thinking).encode("utf-8", "replace"))
            if room < 0:
                raise GarbledError("its answer is longer than was asked for, so it was cut off")
            if text or thinking:
                timing.came()
            if thinking:
                listening.on_thinking(thinking)
            if text:
                listening.on_text(text)
        if reading.done:
            incoming.hurry()


def _complete(events: ServerEvents, chunk: bytes) -> list[ServerEvent]:
    try:
        return list(events.feed(chunk))
    except ValueError as error:
        raise GarbledError(str(error)) from error

"""Server-sent events out of bytes as they come, however they are cut."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

_LONGEST_LINE = 4 * 1024 * 1024


@dataclass(frozen=True)
class ServerEvent:
    """One event: its name ("" where it has none) and its data, lines joined."""

    name: str
    data: str


class ServerEvents:
    """Feed it bytes, get the events that are complete. What never ended with an empty line is no event."""

    def __init__(self) -> None:
        self._rest = b""
        self._name = ""
        self._data: list[str] = []
        self._first = True

    def feed(self, received: bytes) -> Iterator[ServerEvent]:
        """The events that these bytes complete. Raises ValueError for a line that is too long to be one."""
        rest = self._rest + received
        # A carriage return at the end may be half of a line's end: it waits for the next bytes.
        held = rest[-1:] if rest.endswith(b"\r") else b""
        lines = rest[: len(rest) - len(held)].replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
        self._rest = lines.pop() + held
        if len(self._rest) > _LONGEST_LINE:
            raise ValueError("a line of the stream is too long")
        for line in lines:
            if (event := self._take(line)) is not None:
                yield event

    def _take(self, raw: bytes) -> ServerEvent | None:
        line = raw.decode("utf-8", errors="replace")
        if self._first:
            line, self._first = line.removeprefix("﻿"), False
        if not line:
            event = ServerEvent(self._name, "\n".join(self._data)) if self._data else None
            self._name, self._data = "", []
            return event
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if field == "data":
            self._data.append(value)
        elif field == "event":
            self._name = value
        return None

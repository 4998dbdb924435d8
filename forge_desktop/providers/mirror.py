"""The mirror of the ledger: a line of JSON for each event, in `ledger.jsonl` beside the database, only appended to."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from forge_desktop.base.paths import lock_file

_HEAD, _MIDDLE, _TAIL = b'{"chain":"', b'","event":', b"}\n"
_CHAIN = 64
_BLOCK = 1 << 16


@dataclass(frozen=True)
class Line:
    """An event as it stands in the table and in the mirror."""

    n: int
    line: str
    chain: str

    def written(self) -> bytes:
        """As a line of the file."""
        return _HEAD + self.chain.encode() + _MIDDLE + self.line.encode() + _TAIL


class Mirror:
    """Appended to after each commit, by whichever process made it; a lock keeps two of them apart.

    Raises OSError where the file cannot be read or written.
    """

    def __init__(self, data_dir: Path) -> None:
        self.path = data_dir / "ledger.jsonl"
        self._lock_path = data_dir / "ledger-owners" / "mirror.lock"
        self._size = -1
        self._last: Line | None = None

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Nobody else appends until the block ends."""
        handle = os.open(self._lock_path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            lock_file(handle, wait=True)
            yield
        finally:
            os.close(handle)

    def last(self) -> Line | None:
        """The last whole line; None of an empty file. Raises ValueError where that is no line of a mirror.

        Half a line at the end is what a crash left of one that is in the table too: it is cut off.
        """
        try:
            size = self.path.stat().st_size
        except FileNotFoundError:
            size = 0
        if size != self._size:
            self._last = self._read_last(size) if size else None
            self._size = self.path.stat().st_size if size else 0
        return self._last

    def peek(self) -> Line | None:
        """The last whole line as it is now, for who only looks: nothing is cut off. Raises ValueError like `last`."""
        try:
            with self.path.open("rb") as file:
                tail, _end = _tail(file, file.seek(0, os.SEEK_END))
        except FileNotFoundError:
            return None
        return _last_of(tail)

    def count(self) -> int:
        """How many whole lines there are; 0 where it cannot be read."""
        try:
            with self.path.open("rb") as file:
                return sum(block.count(b"\n") for block in iter(lambda: file.read(_BLOCK), b""))
        except OSError:
            return 0

    def append(self, lines: Iterable[Line]) -> None:
        """Write these behind the last one, down to the disk."""
        handle = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0), 0o600)
        last = self._last
        self._size = -1  # until all of it stands there
        with os.fdopen(handle, "ab") as file:
            for line in lines:
                file.write(line.written())
                last = line
            file.flush()
            os.fsync(file.fileno())
            self._last, self._size = last, os.fstat(file.fileno()).st_size

    def lines(self, *, damaged: bool = False) -> Iterator[Line]:
        """Every whole line, in order. Raises ValueError at one that is none of a mirror; `damaged` skips those."""
        if not self.path.exists():
            return
        with self.path.open("rb") as file:
            for n, raw in enumerate(file, 1):
                if raw.endswith(b"\n"):
                    with contextlib.suppress(*([ValueError] if damaged else [])):
                        yield _read(raw, n)

    def set_aside(self) -> Path:
        """Move the file away under a name of its own, so that it can be written anew; where it is then."""
        n = 1
        while (kept := self.path.with_name(f"ledger-kept-{n}.jsonl")).exists():
            n += 1
        self.path.rename(kept)
        self._size, self._last = -1, None
        return kept

    def _read_last(self, size: int) -> Line | None:
        with self.path.open("r+b") as file:
            tail, whole = _tail(file, size)
            if whole < size:
                file.truncate(whole)
        return _last_of(tail)


def _tail(file: BinaryIO, size: int) -> tuple[bytes, int]:
    """The last whole lines, or a piece of them, and where these end."""
    start, tail = size, b""
    while start > 0 and tail.rstrip(b"\n").count(b"\n") < 2:
        start = max(0, start - _BLOCK)
        file.seek(start)
        tail = file.read(size - start)
    whole = tail.rfind(b"\n") + 1
    return tail[:whole], start + whole


def _last_of(tail: bytes) -> Line | None:
    lines = tail.splitlines(keepends=True)
    return _read(lines[-1], None) if lines else None


def _read(raw: bytes, n: int | None) -> Line:
    begin = len(_HEAD) + _CHAIN
    middle = raw[begin : begin + len(_MIDDLE)]
    if not (raw.startswith(_HEAD) and middle == _MIDDLE and raw.endswith(_TAIL)):
        raise ValueError("no line of a mirror")
    line = raw[begin + len(_MIDDLE) : -len(_TAIL)].decode()
    found = json.loads(line)["n"] if n is None else n
    return Line(int(found), line, raw[len(_HEAD) : begin].decode())

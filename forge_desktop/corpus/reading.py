"""The parent's end of the parser child: one file after the other, each within its time and memory, none fatal."""

from __future__ import annotations

import collections
import contextlib
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from forge_desktop.base.child import ChildDied, ChildProcess, Frame
from forge_desktop.base.errors import ForgeError

_AHEAD = 2  # requests the child holds, so that it never waits for us
_PER_CHILD = 500  # files after which a fresh child takes over, whatever libraries leaked
_SUCCESSOR_AT = 200  # files after which that one is started, so that nobody waits for it
_FRAMES = 4  # of at most a million characters, that a child may be ahead of us
_POLL = 0.1
_START_SECONDS = 60.0
_STARTS = 3
_REASON = 500  # characters kept of a note
_TITLE = 1000  # characters of a title
_LANGUAGE = 8  # letters of a language's code
_PICTURES = 5000  # in a file, for each of which OCR may take its time


@dataclass(frozen=True)
class Opened:
    """The bytes that were read."""

    size: int
    mtime_ns: int
    sha256: str


@dataclass(frozen=True)
class Spot:
    """One passage's place in the text."""

    start: int
    end: int
    page: int | None
    heading: tuple[str, ...]
    first_line: int
    last_line: int


@dataclass(frozen=True)
class Outcome:
    """What became of one file: `text` and its passages, or `same` as before, or the `reason` why not.

    `note` says what of a readable file was not read; `title` what the file says it is called, beside its headings.

    `opened` is None when the bytes could not be had; `again` when another try may end otherwise.
    """

    opened: Opened | None
    text: str = ""
    pages: tuple[int, ...] = ()
    spots: tuple[Spot, ...] = ()
    tokens: int = 0
    language: str = ""
    note: str = ""
    title: str = ""
    same: bool = False
    reason: str = ""
    again: bool = False


class Reader:
    """Feeds files to a parser child and takes what comes back, in order. `close` it: the child ends then.

    A file that crashes the child, or takes more than `seconds`, costs that file only: a new child goes on.
    """

    def __init__(self, *, seconds: float, megabytes: int, background: bool = False) -> None:
        self._seconds, self._megabytes, self._background = seconds, megabytes, background
        self._requests: collections.deque[Frame] = collections.deque()
        self._served = 0
        self._ready = False
        self._successor: ChildProcess | None = None
        self._child = self._fresh()

    @property
    def waiting(self) -> int:
        """Files submitted and not yet taken."""
        return len(self._requests)

    @property
    def full(self) -> bool:
        """Whether a result should be taken before the next file is submitted."""
        return self.waiting >= _AHEAD or (self._served >= _PER_CHILD and self.waiting > 0)

    def submit(self, request: Mapping[str, Any]) -> None:
        """Queue one "read" request (see parsers/child.py)."""
        if self._served == _SUCCESSOR_AT:
            self._successor = self._fresh()
        elif self._served >= _PER_CHILD:
            self._restart()
        self._served += 1
        self._requests.append(dict(request))
        self._send(self._requests[-1])

    def ready(self, check: Callable[[int], None]) -> None:
        """Wait until the child has said that it runs. One that dies before is no file's fault: it is started again.

        `check` as in `take`. Raises ForgeError when no parser child can be started at all.
        """
        deadline, starts = time.monotonic() + _START_SECONDS, 1
        while not self._ready:
            try:
                self._ready = self._child.receive(_POLL) is not None
            except ChildDied as death:
                if starts == _STARTS:
                    raise ForgeError(
                        f"The process that reads files {death}.",
                        hint=death.last_lines[-1] if death.last_lines else "Install Forge Desktop anew.",
                    ) from death
                starts += 1
                self._restart()
            check(0)
            if not self._ready and time.monotonic() > deadline:
                raise ForgeError("The process that reads files does not start.", hint="Restart the computer.")

    def take(self, check: Callable[[int], None]) -> Outcome:
        """The outcome of the oldest submitted file.

        `check` is called several times a second with the characters that were gathered of its text; it may raise or
        wait, which is not the file's time. Raises ForgeError as `ready` does.
        """
        self.ready(check)
        answer = _Answer()
        try:
            self._collect(answer, check)
        except ChildDied as death:
            answer.refuse(
                f"Reading it failed: the reading process {death}. The file may be damaged, or need more than"
                f" {self._megabytes:,} MB of memory."
            )
            answer.spent = True
        self._requests.popleft()
        if answer.spent:
            self._restart()
        return answer.outcome()

    def close(self) -> None:
        """End the child, whatever it is doing."""
        self._child.kill()
        if self._successor is not None:
            self._successor.kill()

    def _fresh(self) -> ChildProcess:
        return parser_child(self._megabytes, background=self._background)

    def _restart(self) -> None:
        self._child.kill()
        self._child = self._successor or self._fresh()
        self._successor, self._ready, self._served = None, False, 0
        for request in self._requests:
            self._served += 1
            self._send(request)

    def _send(self, request: Frame) -> None:
        with contextlib.suppress(ChildDied):  # `take` learns of it in its turn
            self._child.send(request)

    def _collect(self, answer: _Answer, check: Callable[[int], None]) -> None:
        deadline, pictures = time.monotonic() + self._seconds, 0
        while not answer.complete:
            frame = self._child.receive(_POLL)
            before = time.monotonic()
            check(answer.characters)
            deadline += time.monotonic() - before  # waiting for others is not the file's fault
            if frame is not None and frame.get("is") == "picture" and pictures < _PICTURES:
                pictures += 1
                deadline = time.monotonic() + self._seconds  # the time is for each picture in the file
            elif frame is not None:
                answer.add(frame)
            elif time.monotonic() > deadline:
                answer.refuse(f"Reading it took more than {self._seconds:,.0f} seconds and was given up.")
                answer.spent = True


def parser_child(megabytes: int, *, background: bool = False) -> ChildProcess:
    """A parser child that may use this much memory; with `background` at low priority."""
    # one malloc arena: each further one would reserve 64 MB of the address space that is limited
    return ChildProcess(
        "parser",
        "background" if background else "full",
        str(megabytes),
        environment={"MALLOC_ARENA_MAX": "1"},
        most_waiting=_FRAMES,
    )


class _Answer:
    """Gathers the frames about one file. What the child says is checked: a hostile file may have taken it over."""

    def __init__(self) -> None:
        self.complete = False
        self.spent = False  # the child must be replaced
        self.characters = 0  # gathered so far
        self._opened: Opened | None = None
        self._parts: list[str] = []
        self._outcome = Outcome(None)

    def add(self, frame: Frame) -> None:
        """Take one more frame."""
        kind = frame.get("is")
        try:
            if kind == "opened":
                self._opened = Opened(int(frame["size"]), int(frame["mtime_ns"]), str(frame["sha256"])[:64])
            elif kind == "text":
                self._parts.append(str(frame["text"]))
                self.characters += len(self._parts[-1])
            elif kind == "same":
                self._finish(Outcome(self._opened, same=True))
            elif kind == "refused":
                self.spent = bool(frame.get("over"))
                self._finish(Outcome(self._opened, reason=str(frame["reason"]), again=bool(frame.get("again"))))
            elif kind == "done":
                text = "".join(self._parts)
                pages, spots = _checked(frame, len(text))
                tokens, language = int(frame["tokens"]), str(frame["language"])[:_LANGUAGE]
                note = str(frame["note"])[:_REASON]
                title = str(frame["title"])[:_TITLE]
                self._finish(Outcome(self._opened, text, pages, spots, tokens, language, note, title))
            else:
                raise ValueError(f"unknown frame {kind!r}")
        except (KeyError, TypeError, ValueError, IndexError) as error:
            self.refuse(f"Reading it failed: the reading process gave a wrong answer ({error}).")
            self.spent = True

    def refuse(self, reason: str) -> None:
        """End with a reason."""
        self._finish(Outcome(self._opened, reason=reason))

    def outcome(self) -> Outcome:
        """The finished outcome."""
        return self._outcome

    def _finish(self, outcome: Outcome) -> None:
        self.complete = True
        self._outcome = outcome


def _checked(frame: Frame, length: int) -> tuple[tuple[int, ...], tuple[Spot, ...]]:
    headings = [tuple(str(title) for title in path) for path in frame["headings"]]
    pages = tuple(int(page) for page in frame["pages"])
    spots, last = [], -1
    for start, end, page, heading, first_line, last_line in frame["passages"]:
        if not (isinstance(start, int) and isinstance(end, int) and last < start < end <= length):
            raise ValueError("a passage out of place")
        last = start
        spots.append(Spot(start, end, int(page) or None, headings[heading], int(first_line), int(last_line)))
    if not spots:
        raise ValueError("no passages")
    return pages, tuple(spots)

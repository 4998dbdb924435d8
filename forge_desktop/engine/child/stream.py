"""Token bytes in, whole characters out: UTF-8 split across tokens is joined, stop strings end the answer."""

from __future__ import annotations

import codecs
from collections.abc import Callable, Sequence


class TextStream:
    """Holds back what may still become a character or a stop string; everything else comes out at once.

    Constant cost per token: only the tail (shorter than the longest stop string) is searched again.
    """

    def __init__(self, stops: Sequence[str]) -> None:
        self._utf8 = codecs.getincrementaldecoder("utf-8")("replace")
        self._stops = tuple(stop for stop in stops if stop)
        self._tail = ""
        self.stopped = False

    def feed(self, piece: bytes) -> str:
        """The text that is certain after these bytes. Once `stopped`, nothing more comes."""
        return self._advance(self._utf8.decode(piece))

    def finish(self) -> str:
        """What was still held back, when the answer ended without a stop string."""
        text = self._advance(self._utf8.decode(b"", final=True)) + self._tail
        self._tail = ""
        return text

    def _advance(self, new: str) -> str:
        if self.stopped:
            return ""
        if not self._stops:
            return new
        text = self._tail + new
        found = [place for stop in self._stops if (place := text.find(stop)) >= 0]
        if found:
            self.stopped, self._tail = True, ""
            return text[: min(found)]
        held = max((overlap(text, stop) for stop in self._stops), default=0)
        self._tail = text[len(text) - held :]
        return text[: len(text) - held]


def overlap(text: str, stop: str) -> int:
    """How many characters at the end of `text` are a beginning of `stop`, and not all of it."""
    for size in range(min(len(stop) - 1, len(text)), 0, -1):
        if text.endswith(stop[:size]):
            return size
    return 0


class Coalesced:
    """Sends text in batches at most every `gap` seconds; the first piece goes at once. A batch is of one part.

    Every batch wakes three threads of two processes: thirty a second look as smooth as more, and cost less.
    """

    def __init__(self, send: Callable[[str, str], None], clock: Callable[[], float], gap: float = 1 / 30) -> None:
        self._send, self._clock, self._gap = send, clock, gap
        self._waiting: list[str] = []
        self._part = ""
        self._last = -1.0

    def put(self, text: str, part: str = "answer") -> None:
        """Take a piece; send everything waiting when the gap has passed."""
        if text:
            if part != self._part:
                self.flush()
                self._part = part
            self._waiting.append(text)
        if self._waiting and self._clock() - self._last >= self._gap:
            self.flush()

    def flush(self) -> None:
        """Send what is waiting now."""
        if self._waiting:
            self._send("".join(self._waiting), self._part)
            self._waiting.clear()
            self._last = self._clock()

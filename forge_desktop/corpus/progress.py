"""Says where an index run stands, as IndexProgress with each published event of its job."""

from __future__ import annotations

import collections
import time
from collections.abc import Sequence
from typing import Literal

from forge_desktop.base.jobs import JobContext
from forge_desktop.corpus.names import shown
from forge_desktop.corpus.records import IndexProgress

_WINDOW = 5.0  # seconds over which rates are taken


class Progress:
    """The counters of one run. `share` = (searchable, waiting) documents when it began."""

    def __init__(self, ctx: JobContext) -> None:
        self._ctx = ctx
        self._stage: Literal["finding", "reading", "indexing"] = "finding"
        self._current: tuple[bytes, ...] = ()
        self._files = self._bytes = self._passages = 0
        self._total_files: int | None = None
        self._total_bytes: int | None = None
        self._searchable = self._waiting = 0
        self._seconds = 0.0  # spent reading, without pauses
        self._last = 0.0
        self._samples: collections.deque[tuple[float, int, int]] = collections.deque()

    def known(self, searchable: int, waiting: int) -> None:
        """How many documents there are now."""
        self._searchable, self._waiting = searchable, waiting

    def found(self, files: int, path: bytes) -> None:
        """So many files were seen."""
        self._files, self._current = files, (path,)
        self._ctx.progress(files, None, shown(path), detail=self._record)

    def begin(self, files: int, size: int) -> None:
        """From now on these are read."""
        self._stage, self._current = "reading", ()
        self._files, self._total_files, self._total_bytes = 0, files, size
        self._last = time.monotonic()

    def tell(self, current: Sequence[bytes], note: str = "") -> None:
        """What is at hand. Blocks while the job is paused; raises Cancelled."""
        self._stage, self._current = "reading", tuple(current) or self._current
        self._tell(note)

    def storing(self, path: bytes) -> None:
        """A long document is being put into the search index."""
        self._stage, self._current = "indexing", (path,)
        self._tell("")

    def taken(self, size: int) -> None:
        """One more file was read."""
        self._files += 1
        self._bytes += size

    def stored(self, documents: int, passages: int, failed: int) -> None:
        """So many waiting documents were stored as searchable, and so many as failed."""
        self._searchable += documents
        self._waiting -= documents + failed
        self._passages += passages

    def measured(self) -> tuple[int, int, float]:
        """What was stored up to now: passages, bytes of files, and the seconds it took, pauses left out."""
        now = time.monotonic()
        self._seconds, self._last = self._seconds + now - self._last, now
        return self._passages, self._bytes, self._seconds

    def _tell(self, note: str) -> None:
        now = time.monotonic()
        self._seconds += now - self._last
        self._ctx.progress(
            float(self._bytes),
            None if self._total_bytes is None else float(self._total_bytes),
            note or (shown(self._current[0]) if self._current else ""),
            detail=self._record,
        )
        self._last = time.monotonic()  # a pause is not counted

    def _record(self) -> IndexProgress:
        bytes_rate, passages_rate = self._rates()
        left = None
        if self._total_bytes is not None and self._bytes and self._seconds:
            left = max(0, self._total_bytes - self._bytes) * self._seconds / self._bytes
        known = self._searchable + self._waiting
        return IndexProgress(
            stage=self._stage,
            files_done=self._files,
            files_total=self._total_files,
            bytes_done=self._bytes,
            bytes_total=self._total_bytes,
            current=tuple(shown(path) for path in self._current),
            passages_per_second=passages_rate,
            bytes_per_second=bytes_rate,
            seconds_left=left,
            indexed_share=self._searchable / known if known else 1.0,
        )

    def _rates(self) -> tuple[float, float]:
        self._samples.append((self._seconds, self._bytes, self._passages))
        while self._samples[-1][0] - self._samples[0][0] > _WINDOW and len(self._samples) > 2:
            self._samples.popleft()
        seconds, size, passages = self._samples[0]
        if self._seconds <= seconds:
            return 0.0, 0.0
        return (self._bytes - size) / (self._seconds - seconds), (self._passages - passages) / (self._seconds - seconds)

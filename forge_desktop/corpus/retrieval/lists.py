"""One term in one segment, read from the database only as far as a search looks into it."""

from __future__ import annotations

import sqlite3
from functools import cached_property

import numpy as np
import numpy.typing as npt

from forge_desktop.corpus.retrieval import store
from forge_desktop.corpus.retrieval.codes import KEPT_ASIDE, Bytes, Floats
from forge_desktop.corpus.retrieval.coding import CHUNK, Heads, read_chunks, read_heads, read_passages
from forge_desktop.corpus.retrieval.postings import Ints, runs
from forge_desktop.corpus.retrieval.snapshot import Segment

Places = npt.NDArray[np.intp]

_WHOLE = 3  # a list is decoded as a whole when more than a third of its chunks would be


class TermList:
    """A posting list. Of no use after the read transaction it was found in."""

    def __init__(self, connection: sqlite3.Connection, block: int, heads: Heads, segment: Segment) -> None:
        self._connection, self._block, self._heads, self._segment = connection, block, heads, segment
        self._begin, self.count = 0, int(heads.counts[0])

    @cached_property
    def codes(self) -> Bytes:
        """The code of each posting."""
        return np.frombuffer(store.column_of(self._connection, self._block, "codes"), np.uint8)

    @cached_property
    def passages(self) -> npt.NDArray[np.int32]:
        """All passages, removed ones too, ascending."""
        return read_chunks(self._heads, self._stored).reshape(-1)[: self.count]

    def passages_at(self, postings: Places) -> npt.NDArray[np.int32]:
        """The passages of these postings, whose numbers ascend."""
        chunk = postings // CHUNK
        which = chunk[runs(chunk)]
        if self._is_read or len(which) * _WHOLE > len(self._heads.firsts):
            return self.passages[postings]
        rows = read_chunks(self._heads, self._stored, which).reshape(-1)
        found: npt.NDArray[np.int32] = rows[which.searchsorted(chunk) * CHUNK + postings % CHUNK]
        return found

    def find(self, passages: Ints) -> tuple[Places, Places]:
        """Which of these ascending passages stand in the list: their postings, and their places in `passages`."""
        passages = passages.astype(np.int32)  # of one kind: else the longer array would be converted
        if self._is_read:
            return _found(self.passages, passages)
        chunk = np.maximum(self._heads.firsts.searchsorted(passages, "right") - 1, 0)
        which = chunk[runs(chunk)]
        if len(which) * _WHOLE > len(self._heads.firsts):
            return _found(self.passages, passages)
        at, places = _found(read_chunks(self._heads, self._stored, which).reshape(-1), passages)
        return which[at // CHUNK] * CHUNK + at % CHUNK, places

    def often(self, postings: Places) -> Floats:
        """How often the term stands in these postings' passages."""
        found: Floats = self._segment.body.codes.often[self.codes[postings]]
        if len(self._heads.aside) and found.max(initial=0.0) >= KEPT_ASIDE:
            at, places = _found(self._heads.aside.astype(np.int64) - self._begin, postings)
            found[places] = self._heads.aside_frequencies[at]
        return found

    @cached_property
    def living(self) -> int:
        """How many of its passages count still."""
        dead = self._segment.dead
        if not len(dead):
            return self.count
        if len(dead) * 4 < self.count:
            return self.count - len(self.find(dead)[0])
        assert self._segment.alive is not None
        return int(np.count_nonzero(self._segment.alive[self.passages]))

    @cached_property
    def _stored(self) -> bytes:
        return store.column_of(self._connection, self._block, "passages")

    @property
    def _is_read(self) -> bool:
        return "passages" in self.__dict__


class _ShortList(TermList):
    """One of the lists of a block that was read whole."""

    def __init__(self, connection: sqlite3.Connection, block: Block, row: int, segment: Segment) -> None:
        heads = block.heads
        super().__init__(connection, block.number, heads, segment)
        self._begin, end = int(block.starts[row]), int(block.starts[row + 1])
        self.count = end - self._begin
        self.__dict__["codes"] = np.frombuffer(block.codes, np.uint8, self.count, self._begin)
        self.__dict__["passages"] = read_passages(heads, block.passages, self._begin, end)


class Block:
    """A block as a search reads it."""

    def __init__(self, connection: sqlite3.Connection, number: int) -> None:
        self.number = number
        self.alone, heads, self.codes, self.passages = store.heads_of(connection, number)
        self.heads = read_heads(heads)
        self.starts = np.append(0, np.cumsum(self.heads.counts, dtype=np.int64))

    def list_of(self, connection: sqlite3.Connection, key: int, segment: Segment) -> TermList | None:
        """The term's list, if it is here."""
        row = int(np.searchsorted(self.heads.keys, key))
        if row == len(self.heads.keys) or self.heads.keys[row] != key:
            return None
        if self.alone:
            return TermList(connection, self.number, self.heads, segment)
        return _ShortList(connection, self, row, segment)


def _found(among: Ints, wanted: Ints) -> tuple[Places, Places]:
    at = among.searchsorted(wanted)
    at[at == len(among)] = 0
    places = (among[at] == wanted).nonzero()[0]
    return at[places], places

"""Recognises files that were renamed or moved: the same bytes, gone from one path and new at another."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Mapping

from forge_desktop.base.jobs import JobContext
from forge_desktop.corpus.names import shown
from forge_desktop.corpus.store_collections import CollectionRows
from forge_desktop.corpus.store_run import Arrival, Recipe, RunStore, Settled
from forge_desktop.storage import Database

_AT_ONCE = 200
_PIECE = 1 << 20  # bytes


class Mover:
    """Matches documents that are gone with files that are new, and lets the row, its text and passages follow."""

    def __init__(
        self, db: Database, store: RunStore, collections: CollectionRows, *, recipe: Recipe, ctx: JobContext
    ) -> None:
        self._db, self._store, self._collections = db, store, collections
        self._recipe, self._ctx = recipe, ctx

    def moves(self, gone: Mapping[int, bytes], waiting: Mapping[int, int]) -> list[tuple[int, int]]:
        """Move what can be moved: pairs of the document that stays and the waiting row that it took the place of."""
        if not gone or not waiting:
            return []
        left: dict[tuple[int, str], list[Settled]] = {}
        for settled in self._store.settled(list(gone), self._recipe):
            left.setdefault((settled.size, settled.format), []).append(settled)
        pairs: list[tuple[Settled, Arrival, int]] = []
        done: list[tuple[int, int]] = []
        for arrival in self._store.arrivals(list(waiting)):
            candidates = left.get((arrival.size, arrival.format))
            match = self._match(arrival, candidates) if candidates else None
            if match is not None and candidates is not None:
                candidates.remove(match[0])
                pairs.append((match[0], arrival, match[1]))
            if len(pairs) >= _AT_ONCE:
                done += self._write(pairs)
        return done + self._write(pairs)

    def _match(self, arrival: Arrival, candidates: list[Settled]) -> tuple[Settled, int] | None:
        """The document with these bytes, of the same name if there is one, and the file's date."""
        self._ctx.progress(0, None, shown(arrival.path))
        try:
            sha256, mtime_ns = self._hashed(arrival)
        except OSError:
            return None  # reading it will say why
        equal = [settled for settled in candidates if settled.sha256 == sha256]
        name = os.path.basename(arrival.path)
        equal.sort(key=lambda settled: os.path.basename(settled.path) != name)
        return (equal[0], mtime_ns) if equal else None

    def _hashed(self, arrival: Arrival) -> tuple[str, int]:
        flags = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOFOLLOW", 0)
        with os.fdopen(os.open(arrival.path, flags), "rb") as file:
            info = os.fstat(file.fileno())
            if not stat.S_ISREG(info.st_mode) or info.st_size != arrival.size:
                return "", 0
            digest = hashlib.sha256()
            while piece := file.read(_PIECE):
                self._ctx.check()
                digest.update(piece)
        return digest.hexdigest(), info.st_mtime_ns

    def _write(self, pairs: list[tuple[Settled, Arrival, int]]) -> list[tuple[int, int]]:
        with self._db.write() as connection:
            for settled, arrival, mtime_ns in pairs:
                self._collections.inherit(connection, settled.id, arrival.id)
                self._store.delete(connection, [arrival.id])
                self._store.move(connection, settled.id, arrival.path, mtime_ns)
        done = [(settled.id, arrival.id) for settled, arrival, _ in pairs]
        pairs.clear()
        return done

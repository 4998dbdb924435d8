"""Keeps passages' vectors as they are wanted: after an update, for other dimensions, for an embedding model in use."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np

from forge_desktop.base.events import DataChanged, Event, Events
from forge_desktop.base.jobs import JobContext, Jobs
from forge_desktop.base.settings import SettingsFile
from forge_desktop.corpus.retrieval import Embedder, Index
from forge_desktop.corpus.store import Store
from forge_desktop.storage import Database

_BUILT_IN_AT_ONCE = 200  # in one transaction: a few hundredths of a second
_BY_MODEL_AT_ONCE = 32
_READ_AT_ONCE = 500
_BREATH = 0.001  # seconds between transactions, without which a waiting chat would not get its turn


class Vectors:
    """Starts the job that brings missing vectors in. Until it is done, those that are there answer.

    `withheld` are the passages of documents that are never sent: no remote embedder reads them.
    """

    def __init__(
        self,
        db: Database,
        store: Store,
        index: Index,
        jobs: Jobs,
        *,
        events: Events,
        settings: SettingsFile,
        lane: str,
        withheld: Callable[[], Sequence[int]] = lambda: (),
    ) -> None:
        self._withheld, self._remote, self._was_offline = withheld, False, settings.values.offline
        self._db, self._store, self._index, self._jobs, self._lane = db, store, index, jobs, lane
        self._events, self._settings = events, settings
        index.embedding.side.dimensions = settings.values.hash_dimensions
        self.close = events.subscribe(self._on_event)

    @property
    def note(self) -> str:
        """A sentence when likeness is judged otherwise than the user chose, or ""."""
        return self._index.embedding.note

    def use(self, model: Embedder | None, *, problem: str = "", remote: bool = False) -> int | None:
        """Judge likeness by this embedder once it has embedded all passages; None goes back to the built-in one, which
        `problem` says in a sentence where it is not what the user chose. A `remote` one is sent nothing that is never
        sent, and nothing while Offline is on.
        """
        self._remote = remote
        held = (lambda: np.array(self._withheld(), np.int64)) if remote else None
        self._index.embedding.use(model, problem=problem, withheld=held)
        return self.start()

    def start(self) -> int | None:
        """Bring in what is missing; the job, whose result is how many passages it embedded. None when all is there."""
        if self._db.read_only or self._index.embedding.is_complete(self._index.passages, self._index.ids):
            return None
        return self._jobs.start(self._lane, "embed", self.bring_in)

    def iterate(self, passages: Iterable[int]) -> Iterator[tuple[int, bytes]]:
        """The built-in vectors of these passages, in their order."""
        ids = list(passages)
        for low in range(0, len(ids), _READ_AT_ONCE):
            some = ids[low : low + _READ_AT_ONCE]
            bodies = self._index.embedding.side.bodies(self._db.connection, some)
            yield from ((passage, bodies[passage]) for passage in some if passage in bodies)

    def _on_event(self, event: Event) -> None:
        wanted = self._settings.values.hash_dimensions
        side = self._index.embedding.side
        if not isinstance(event, DataChanged) or "settings" not in event.what:
            return
        offline, self._was_offline = self._was_offline, self._settings.values.offline
        back = self._remote and offline and not self._was_offline
        if wanted != side.dimensions or back:
            side.dimensions = wanted
            self.start()

    def bring_in(self, ctx: JobContext) -> int:
        """Make the missing vectors inside a job; how many passages were embedded. Raises ForgeError from a model."""
        embedding = self._index.embedding
        built_in, by_model = embedding.missing(np.array(self._index.ids(), np.int64))
        waits = self._remote and self._settings.values.offline and bool(by_model)
        if waits:
            by_model = []  # brought in once Offline is off
        total = len(built_in) + len(by_model)
        todo: list[tuple[Callable[[Sequence[int]], None], Sequence[int]]] = [
            *((self._make_built_in, part) for part in _parts(built_in, _BUILT_IN_AT_ONCE)),
            *((self._make_by_model, part) for part in _parts(by_model, _BY_MODEL_AT_ONCE)),
        ]
        done = 0
        for make, part in todo:
            ctx.progress(done, total, f"embedding {100 * done // total} %")
            make(part)
            done += len(part)
            ctx.wait(_BREATH)
        if not waits:
            with self._db.write() as connection:
                embedding.settle(connection)
        self._index.tidy(ctx.check)
        self._events.changed("documents")
        return done

    def _make_built_in(self, ids: Sequence[int]) -> None:
        with self._db.write() as connection:  # read and written in one: what is removed meanwhile gets no vector
            self._index.embedding.make_built_in(connection, self._texts(self._index.among(connection, ids)))

    def _make_by_model(self, ids: Sequence[int]) -> None:
        if self._remote:  # asked again: a collection may have become never sent since the list was made
            ids = sorted(set(ids) - set(self._withheld()))
        self._index.embedding.make_by_model(self._texts(ids))

    def volume(self) -> tuple[int, int, int]:
        """What a remote embedder would be sent now: passages, their bytes, and how many passages are withheld."""
        indexed = np.array(self._index.ids(), np.int64)
        allowed = np.setdiff1d(indexed, np.array(self._withheld(), np.int64)).tolist()
        size = 0
        for part in _parts(allowed, _READ_AT_ONCE):
            size += sum(len(text.encode("utf-8", "replace")) for text in self._texts(part).values())
        return len(allowed), size, len(indexed) - len(allowed)

    def _texts(self, ids: Sequence[int]) -> dict[int, str]:
        return {passage: found.text for passage, found in self._store.passages_by_id(ids).items()}


def _parts(ids: Sequence[int], size: int) -> Iterator[Sequence[int]]:
    return (ids[low : low + size] for low in range(0, len(ids), size))

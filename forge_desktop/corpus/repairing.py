"""Mends what is damaged and nothing else: from the files where they are the same, else from what is still sound."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Sequence

from forge_desktop.base.errors import ForgeError
from forge_desktop.base.events import Events
from forge_desktop.base.jobs import JobContext
from forge_desktop.base.settings import Settings
from forge_desktop.corpus.completing import complete
from forge_desktop.corpus.embedding import Vectors
from forge_desktop.corpus.reading import Spot
from forge_desktop.corpus.records import RepairReport
from forge_desktop.corpus.retrieval import Index
from forge_desktop.corpus.sizing import characters_a_token
from forge_desktop.corpus.splitting import split
from forge_desktop.corpus.store import PART, Check, Store
from forge_desktop.corpus.store_keeping import KeepingStore
from forge_desktop.corpus.store_run import RunStore
from forge_desktop.corpus.verifying import Kind, damage_of
from forge_desktop.corpus.viewing import hash_of_file
from forge_desktop.storage import Database

_LOST_PARTS = 1000  # of a text that are shown as missing at most; 33 million characters


class Repair:
    """One repair job. `read_again` reads documents anew from their files. Make a fresh one for each."""

    def __init__(
        self,
        db: Database,
        index: Index,
        vectors: Vectors,
        *,
        settings: Settings,
        events: Events,
        ctx: JobContext,
        read_again: Callable[[Sequence[int]], object],
    ) -> None:
        self._db, self._index, self._settings, self._events, self._ctx = db, index, settings, events, ctx
        self._store, self._rows, self._keeping = Store(db), RunStore(db), KeepingStore(db)
        self._read_again, self._vectors = read_again, vectors
        self._repaired: list[str] = []
        self._reread: list[str] = []
        self._kept: list[str] = []
        self._lost: list[str] = []

    def run(self) -> RepairReport:
        """Mend everything. Killed anywhere, the next run goes on; nothing sound is touched.

        Raises ForgeError when SQLite itself cannot read the database: then only a copy of it helps.
        """
        try:
            self._check_database()
            self._mend_index()
            self._mend_documents()
            with self._db.write() as connection:
                self._mark_missing(connection)
            complete(self._db, self._index, events=self._events, ctx=self._ctx)
            self._make_vectors()
        except sqlite3.DatabaseError as error:  # a damaged schema, which SQLite's own check does not notice
            raise self._beyond(str(error)) from error
        self._events.changed("documents")
        return RepairReport(tuple(self._repaired), tuple(self._reread), tuple(self._kept), tuple(self._lost))

    def _check_database(self) -> None:
        if not self._db.malformed():
            return
        self._db.rebuild_lookups()  # often all that is damaged is a look-up of what stands elsewhere too
        if found := self._db.malformed():
            raise self._beyond(found[0])
        self._repaired.append("The database: its look-up tables were built again.")

    def _beyond(self, fault: str) -> ForgeError:
        return ForgeError(
            f"The database {self._db.path} is damaged where it cannot be mended ({fault}).", hint=self._db.advice()
        )

    # ---- the search index ----

    def _mend_index(self) -> None:
        """Drop what is damaged; what is then missing waits for `complete`, whatever ends this run."""
        with self._db.write() as connection:
            if orphans := self._keeping.drop_orphans(connection):
                self._lost.append(
                    f"The rows of {orphans} documents were missing, and what hung on them was taken out:"
                    " index their folders again."
                )
            found = self._index.drop_damaged(connection)
            missing = self._mark_missing(connection)
        if missing:
            self._repaired.append(f"Search index: {missing:,} passages were put in again from the stored texts.")
        elif found:
            self._repaired.append("Search index: what was damaged was taken out or counted again.")

    def _make_vectors(self) -> None:
        try:
            made = self._vectors.bring_in(self._ctx)
        except ForgeError as error:  # the model of another maker; the built-in vectors are made first
            self._kept.append(f"Search index: likeness is judged by spelling for now. {error.message}")
            return
        if made:
            self._repaired.append(f"Search index: {made:,} vectors were made again from the stored texts.")

    def _mark_missing(self, connection: sqlite3.Connection) -> int:
        """Take out of the index what should not be there, and let what is missing wait; how much that is."""
        have, expected = set(self._index.ids()), set(self._store.every_passage_id())
        waiting = set(self._store.waiting_passage_ids())
        if strays := have - expected:
            self._index.remove(connection, strays)
            self._repaired.append(f"Search index: {len(strays):,} passages that should not be there were taken out.")
        missing = expected - have - waiting
        self._keeping.mark_unsearched(connection, missing)
        return len(missing)

    # ---- documents ----

    def _mend_documents(self) -> None:
        again = []
        for checked in self._store.every_check():
            self._ctx.progress(0, None, checked.name)
            kinds = {kind for kind, _ in damage_of(checked)}
            if "row" in kinds:
                with self._db.write() as connection:
                    self._keeping.restore_row(connection, checked.id)
                self._repaired.append(f"{checked.name}: its name was taken from its path again.")
            if kinds == {"counts"}:
                self._recount(checked)
            elif kinds and self._can_be_read(checked, kinds):
                again.append(checked)
            elif kinds:
                self._keep(checked, kinds)
        self._read(again)

    @staticmethod
    def _can_be_read(checked: Check, kinds: set[Kind]) -> bool:
        """Whether the file holds what was indexed; in a damaged row the hash itself may be what is damaged."""
        found = hash_of_file(checked.path)
        return found != "" and (found == checked.sha256 or "row" in kinds)

    def _recount(self, checked: Check) -> None:
        with self._db.write() as connection:
            self._keeping.recount(connection, checked.id, checked.length, len(checked.places))
        self._repaired.append(f"{checked.name}: its totals were counted again.")

    def _read(self, damaged: Sequence[Check]) -> None:
        if not damaged:
            return
        with self._db.write() as connection:  # so that whatever reads them meanwhile can
            for checked in damaged:
                self._keeping.fill_gaps(connection, checked.id, _end(checked))
        self._read_again([checked.id for checked in damaged])
        for before in damaged:
            for checked in self._store.every_check(before.id):  # none when it was removed meanwhile
                if kinds := {kind for kind, _ in damage_of(checked)}:
                    self._keep(checked, kinds)
                else:
                    self._reread.append(f"{checked.name}: it was read again from its file.")

    def _keep(self, checked: Check, kinds: set[Kind]) -> None:
        """The file cannot help: keep what is sound, and say on the document's row what is not."""
        found = hash_of_file(checked.path)
        gone = "is gone" if not found else "was not read" if found == checked.sha256 else "changed since"
        with self._db.write() as connection:
            if "text" in kinds:
                self._keeping.fill_gaps(connection, checked.id, _end(checked))
                reason = f"Its stored text is damaged and the file {gone}. Put the file back, or remove the document."
                self._rows.fail(connection, checked.id, reason, None, "")
            if "places" in kinds:
                self._split_again(connection, checked)
        if "text" in kinds:
            bad = _touched(checked)
            self._lost.append(
                f"{checked.name}: the text of {bad} of its {len(checked.places)} passages is damaged,"
                f" and the file {gone}."
            )
        if "places" in kinds:
            self._kept.append(f"{checked.name}: its stored text was split into passages again, as the file {gone}.")

    def _split_again(self, connection: sqlite3.Connection, checked: Check) -> None:
        text = self._store.text(checked.id)
        pages, size = _pages(checked.pages, len(text)), characters_a_token(text)
        spans = split(
            text,
            limit=max(1, round(self._settings.passage_tokens * size)),
            overlap=round(self._settings.passage_overlap_tokens * size),
            pages=pages,
            headings=_headings(checked),
        )
        spots = [Spot(s.start, s.end, s.page, s.heading, s.first_line, s.last_line) for s in spans]
        self._index.remove(connection, self._rows.passage_ids(connection, [checked.id]))
        first = self._rows.place(connection, checked.id, spots, pages)
        self._keeping.recount(connection, checked.id, len(text), len(spots))
        self._keeping.mark_unsearched(connection, range(first, first + len(spots)))


def _is_span(place: Sequence[object]) -> bool:
    start, end = place[:2]
    return isinstance(start, int) and isinstance(end, int) and 0 <= start < end < 1 << 40


def _end(checked: Check) -> int:
    """Where the last passage ends, as far as damaged numbers can be believed."""
    end = max((place[1] for place in checked.places if _is_span(place)), default=0)
    return min(end, checked.characters, (len(checked.parts) + _LOST_PARTS) * PART)


def _touched(checked: Check) -> int:
    """How many passages lie in a damaged or missing part of the text."""
    parts = (range(place[0] // PART, (place[1] - 1) // PART + 1) for place in checked.places if _is_span(place))
    return sum(1 for numbers in parts if any(checked.parts.get(number) is None for number in numbers))


def _pages(stored: str, length: int) -> tuple[int, ...]:
    """Where pages start, as far as the damaged row still tells it."""
    try:
        pages = json.loads(stored)
        return tuple(pages) if pages == sorted(set(pages)) and all(0 <= page <= length for page in pages) else ()
    except (ValueError, TypeError):
        return ()


def _headings(checked: Check) -> list[tuple[int, int, str]]:
    """The headings that the rows of passages still tell, as the splitter takes them."""
    found: list[tuple[int, int, str]] = []
    last: list[str] = []
    for place in checked.places:
        try:
            path = [str(title) for title in json.loads(place[3])]
        except (ValueError, TypeError):
            continue
        if path != last and _is_span(place):
            found.extend((place[0], level, title) for level, title in enumerate(path, 1))
            last = path
    return sorted(found)

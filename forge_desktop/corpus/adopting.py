"""Documents that leave for another data directory with all that is stored of them, and those that come from one.

What comes in is written in one transaction, so that a killed import leaves nothing; the search index follows from the
stored texts, as after a repair. Such documents count as lying in `imported/` in the data directory, where no folder
sync looks; their files lie there when the bundle held them.
"""

from __future__ import annotations

import dataclasses
import hashlib
import os
import re
import shutil
import sqlite3
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from forge_desktop.base.errors import Cancelled, ForgeError
from forge_desktop.base.events import Events
from forge_desktop.base.jobs import JobContext
from forge_desktop.corpus.collections import Collections, free_name
from forge_desktop.corpus.completing import complete
from forge_desktop.corpus.names import folded, is_within, shown
from forge_desktop.corpus.reading import Opened, Outcome, Spot
from forge_desktop.corpus.records_portable import ImportReport, Portable, PortableCollection
from forge_desktop.corpus.retrieval import Index
from forge_desktop.corpus.retrieval.analyser import language
from forge_desktop.corpus.sizing import characters_a_token
from forge_desktop.corpus.store import Check, Store
from forge_desktop.corpus.store_collections import CollectionRows
from forge_desktop.corpus.store_keeping import KeepingStore
from forge_desktop.corpus.store_run import STAGED, RunStore
from forge_desktop.corpus.verifying import damage_of
from forge_desktop.storage import Database

IMPORTED = "imported"
_UNFINISHED = ".unfinished-"
_UNSAFE = re.compile(r'[<>:"|?*\\\x00-\x1f]')
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?$", re.IGNORECASE)
_LONGEST = 200  # bytes of a part of a path


class Adopter:
    """Reads documents out of the tables, and writes those of another data directory into them."""

    def __init__(self, db: Database, index: Index, collections: Collections, events: Events) -> None:
        self._db, self._index, self._collections, self._events = db, index, collections, events
        self._store, self._rows, self._keeping = Store(db), RunStore(db), KeepingStore(db)
        self._members = CollectionRows(db)
        self._imported = db.path.parent.absolute() / IMPORTED

    # ---- leaving ----

    def portable(self, collection: str) -> Iterator[Portable]:
        """Every document of a collection that has a stored text. Raises ForgeError when one of them is damaged."""
        kept = self._collections.kept(collection)
        roots = [root for holder, root in self._members.roots() if holder == kept.id]
        labels = _labels(roots)
        taken: set[str] = set()
        for document_id in self._keeping.in_search_order(self._members.members([kept.id])):
            for checked in self._store.every_check(document_id):
                if any(damage_of(checked)):
                    raise ForgeError(
                        f"{checked.name} is damaged, so the collection was not written.",
                        hint="Run `forge-desktop verify --repair` first.",
                    )
                yield self._portable(checked, _unique(self._relative(checked.path, labels), taken))

    def _portable(self, checked: Check, name: str) -> Portable:
        (document,) = self._store.documents([checked.id])
        return Portable(
            name=name,
            format=document.format,
            size=document.size,
            mtime_ns=self._store.mtime_ns(checked.id),
            sha256=document.sha256,
            text=self._store.text(checked.id),
            pages=tuple(self._store.pages(checked.id)),
            places=tuple(
                (p.start, p.end, p.page, p.heading, p.first_line, p.last_line) for p in self._store.passages(checked.id)
            ),
            path=checked.path,
        )

    def _relative(self, path: str, labels: dict[bytes, str]) -> str:
        """The path below the collection's folders, beginning with the folder's own name."""
        encoded = os.fsencode(path)
        roots = [*labels, *([own] if (own := self._own_folder(encoded)) else [])]
        root = max((root for root in roots if is_within(encoded, root)), key=len, default=os.path.dirname(encoded))
        inside = shown(encoded[len(root) :]).replace(os.sep, "/").strip("/")
        return "/".join(filter(None, (labels.get(root, ""), inside)))

    def _own_folder(self, path: bytes) -> bytes:
        """The folder of the import that a document came with."""
        base = os.path.join(os.fsencode(self._imported), b"")
        return base + path[len(base) :].partition(os.fsencode(os.sep))[0] if path.startswith(base) else b""

    # ---- coming in ----

    def adopt(self, collection: PortableCollection, documents: Iterable[Portable], *, ctx: JobContext) -> ImportReport:
        """Bring documents in as a new collection, all or none; its name gets a number when it is taken.

        Raises what the iterable raises, and ForgeError for a name or a policy that is not possible.
        """
        folder = self._free_folder(collection.name)
        unfinished = folder.with_name(_UNFINISHED + folder.name)
        try:
            with self._db.write() as connection:
                name = free_name(self._members, connection, collection.name)
                made = self._collections.create(name, **collection.policy)
                arrival = _Arrival(folder, unfinished, newest=self._keeping.newest_id())
                for document in documents:
                    if ctx.cancelled:  # not `check`: a pause would hold the transaction
                        raise Cancelled
                    arrival.ids.append(self._bring(connection, document, arrival))
                self._members.join(connection, self._collections.kept(made.uid).id, arrival.ids)
        except OSError as error:
            raise ForgeError(
                f"The files could not be written into {unfinished}: {error.strerror or error}. Nothing was imported.",
                hint="Free some space and try again.",
            ) from error
        finally:
            self.tidy_up()
        self._events.changed("documents", "collections")
        complete(self._db, self._index, events=self._events, ctx=ctx)
        return ImportReport(
            collection=made.name,
            uid=made.uid,
            documents=len(arrival.ids) - arrival.present,
            present=arrival.present,
            passages=arrival.passages,
            files=arrival.files,
            folder=str(folder),
        )

    def _bring(self, connection: sqlite3.Connection, document: Portable, arrival: _Arrival) -> int:
        known = self._keeping.with_bytes(document.sha256, arrival.newest)
        if known is not None:
            arrival.present += 1
            return known
        relative = _unique("/".join(map(_safe, document.name.split("/"))), arrival.taken)
        path = os.fsencode(arrival.folder.joinpath(*relative.split("/")))
        now = time.time()
        document_id = self._keeping.insert(connection, path, document.format, now)
        opened = Opened(document.size, document.mtime_ns, document.sha256)
        spots = tuple(Spot(*place) for place in document.places)
        self._rows.fill(connection, document_id, _outcome(opened, document, spots), STAGED, now)
        self._keeping.await_search(connection, document_id)
        arrival.passages += len(spots)
        if document.copy_file is not None:
            _write_file(arrival.unfinished.joinpath(*relative.split("/")), document)
            arrival.files += 1
        return document_id

    def _free_folder(self, name: str) -> Path:
        wanted, number = _safe(name), 1
        while True:
            folder = self._imported / (wanted if number == 1 else f"{wanted} ({number})")
            number += 1
            there = folder.exists() or folder.with_name(_UNFINISHED + folder.name).exists()
            if not there and next(iter(self._rows.under(os.fsencode(folder))), None) is None:
                return folder

    def tidy_up(self) -> None:
        """Give the files of a finished import their place, drop those of one that was not finished."""
        if self._db.read_only or not self._imported.is_dir():
            return
        for unfinished in self._imported.glob(f"{_UNFINISHED}*"):
            folder = unfinished.with_name(unfinished.name.removeprefix(_UNFINISHED))
            if next(iter(self._rows.under(os.fsencode(folder))), None) is not None and not folder.exists():
                os.replace(unfinished, folder)
            else:
                shutil.rmtree(unfinished, ignore_errors=True)


@dataclasses.dataclass
class _Arrival:
    """An import that is under way. `newest` is the last document that was here before it."""

    folder: Path
    unfinished: Path
    newest: int
    ids: list[int] = dataclasses.field(default_factory=list)
    taken: set[str] = dataclasses.field(default_factory=set)
    present: int = 0
    passages: int = 0
    files: int = 0


def _write_file(path: Path, document: Portable) -> None:
    assert document.copy_file is not None
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with open(path, "xb+", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
        document.copy_file(file)
        file.seek(0)
        if hashlib.file_digest(file, "sha256").hexdigest() != document.sha256:
            raise ForgeError(f"The file of {document.name} in the bundle is not the one that was indexed.")
    os.utime(path, ns=(document.mtime_ns, document.mtime_ns))


def _labels(roots: Iterable[bytes]) -> dict[bytes, str]:
    """What each root is called in a bundle; a file that was added by itself lies at the top."""
    taken: set[str] = set()
    return {
        root: _unique(shown(os.path.basename(root)).strip("/") or "files", taken)
        for root in roots
        if not os.path.isfile(root)
    }


def _unique(name: str, taken: set[str]) -> str:
    """The name, or the name with a number; file systems that ignore case can hold both."""
    stem, dot, suffix = name.rpartition(".") if "." in name.rpartition("/")[2] else (name, "", "")
    found, number = name, 1
    while folded(found) in taken:
        number += 1
        found = f"{stem} ({number}){dot}{suffix}"
    taken.add(folded(found))
    return found


def _safe(part: str) -> str:
    """One part of a path that every system accepts and that stays where it is put."""
    found = _UNSAFE.sub("_", part).rstrip(" .").lstrip(" ")
    if not found.strip("."):
        found = "_"
    if found.startswith(".") or _RESERVED.match(found):
        found = f"_{found}"
    stem, dot, suffix = found.rpartition(".")
    while len(found.encode()) > _LONGEST:
        stem, suffix = (stem[:-1], suffix[:20]) if stem else ("", suffix[:-1])
        found = f"{stem}{dot}{suffix}"
    return found


def _outcome(opened: Opened, document: Portable, spots: tuple[Spot, ...]) -> Outcome:
    tokens = round(len(document.text) / characters_a_token(document.text))
    return Outcome(opened, document.text, document.pages, spots, tokens, language(document.text))

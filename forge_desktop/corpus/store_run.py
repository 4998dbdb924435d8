"""Every SQL statement of an index run: rows that wait, are filled, fail, vanish."""

from __future__ import annotations

import hashlib
import itertools
import json
import os
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from forge_desktop.corpus import store_titles
from forge_desktop.corpus.names import below, folded, shown
from forge_desktop.corpus.reading import Opened, Outcome, Spot
from forge_desktop.corpus.store import PART, Store, outline_hash
from forge_desktop.corpus.walking import Found
from forge_desktop.storage import Database

UNSEARCHED = "unsearched/"  # begins the recipe of a document that waits for the search index only, not to be read
STAGED = "staged"  # the recipe of a document whose passages are being put into the search index piece by piece


@dataclass(frozen=True)
class Recipe:
    """How outcomes come about now; a document made by another recipe is read again when it is next indexed."""

    done: str
    failed: str

    def of(self, outcome: Outcome) -> str:
        """How a readable document was read. Where a part of it was not, it is read again when that may have changed."""
        return self.failed if outcome.note else self.done


@dataclass(frozen=True)
class Task:
    """A document waiting to be read. `known` is its hash when equal bytes need no reading.

    `was_staged` tells that an earlier run ended in the middle of it: what is stored is not all searched.
    """

    id: int
    path: bytes
    format: str
    size: int
    known: str
    was_indexed: bool
    was_staged: bool


@dataclass(frozen=True)
class Settled:
    """A document that was read and needs no reading."""

    id: int
    path: bytes
    format: str
    size: int
    sha256: str


@dataclass(frozen=True)
class Arrival:
    """A file that was never read yet."""

    id: int
    path: bytes
    format: str
    size: int


@dataclass(frozen=True)
class Tally:
    """What stands in the table under some paths."""

    documents: int
    passages: int
    failed: tuple[tuple[str, str], ...]
    partial: tuple[tuple[str, str], ...]


class RunStore:
    """What an index run reads and writes. Methods that take a connection run inside the caller's transaction."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def verdict(self, found: Found, recipe: Recipe) -> str:
        """Whether a found file is "new", "changed" or "unchanged"."""
        row = self._db.row(
            "SELECT id, size, mtime_ns, state, recipe, indexed FROM documents WHERE path = ? AND removal IS NULL",
            found.path,
        )
        return _verdict(row, found, recipe)

    def mark(self, connection: sqlite3.Connection, found: Found, recipe: Recipe, now: float) -> tuple[int, str]:
        """Make sure the file has a row, pending unless nothing changed; its id and "new", "changed", "unchanged".

        Or "failed": it could not be read, and has not changed since.
        """
        row = connection.execute(
            "SELECT id, size, mtime_ns, state, recipe, indexed, removal FROM documents WHERE path = ?", (found.path,)
        ).fetchone()
        if row is not None and row["removal"] is not None:
            connection.execute("DELETE FROM documents WHERE id = ?", (row["id"],))
            row = None
        verdict = _verdict(row, found, recipe)
        if row is None:
            cursor = connection.execute(
                "INSERT INTO documents (path, name, folded, format, state, size, mtime_ns, added)"
                " VALUES (?, ?, ?, ?, 'pending', ?, ?, ?)",
                (*_named(found.path), found.format, found.size, found.mtime_ns, now),
            )
            assert cursor.lastrowid is not None
            return cursor.lastrowid, verdict
        if verdict != "unchanged":
            connection.execute(
                "UPDATE documents SET state = 'pending', reason = '', format = ? WHERE id = ?",
                (found.format, row["id"]),
            )
        elif row["state"] == "failed":
            verdict = "failed"
        return int(row["id"]), verdict

    def pending(self, ids: Sequence[int] | None = None) -> list[tuple[int, int]]:
        """Documents waiting to be read (id, size), all or among `ids`."""
        among = "" if ids is None else " AND id IN (SELECT value FROM json_each(?))"
        rows = self._db.rows(
            "SELECT id, size FROM documents WHERE state = 'pending' AND removal IS NULL"
            f" AND recipe NOT GLOB '{UNSEARCHED}*'{among} ORDER BY id",
            *(() if ids is None else (json.dumps(list(ids)),)),
        )
        return [(row[0], row[1]) for row in rows]

    def task(self, document_id: int, recipe: Recipe) -> Task | None:
        """What is needed to read a waiting document; None when it was removed meanwhile."""
        row = self._db.row(
            "SELECT path, format, size, sha256, recipe, characters, indexed FROM documents"
            " WHERE id = ? AND state = 'pending' AND removal IS NULL",
            document_id,
        )
        if row is None:
            return None
        known = row["sha256"] if row["recipe"] == recipe.done and row["characters"] else ""
        return Task(
            id=document_id,
            path=self._way_to(document_id, row["path"]),
            format=row["format"],
            size=row["size"],
            known=known,
            was_indexed=row["indexed"] is not None and row["recipe"] != STAGED,
            was_staged=row["recipe"] == STAGED,
        )

    def _way_to(self, document_id: int, path: bytes) -> bytes:
        """Where to read: where the path leads when it is a link and a collection follows links, else the path itself.

        Reading follows no link, so that nobody can put one in a file's place.
        """
        sql = (
            "SELECT 1 FROM memberships m JOIN collections c ON c.id = m.collection"
            " WHERE m.document_id = ? AND c.follow_links"
        )
        return os.path.realpath(path) if os.path.islink(path) and self._db.row(sql, document_id) else path

    def ask_again(self, connection: sqlite3.Connection, ids: Sequence[int]) -> None:
        """Make documents wait, to be read whatever is known about them."""
        connection.execute(
            "UPDATE documents SET state = 'pending', reason = '', recipe = ''"
            " WHERE removal IS NULL AND id IN (SELECT value FROM json_each(?))",
            (json.dumps(list(ids)),),
        )

    def waits(self, connection: sqlite3.Connection, document_id: int) -> bool:
        """Whether the document still stands in the table and waits for its outcome."""
        sql = "SELECT 1 FROM documents WHERE id = ? AND state = 'pending' AND removal IS NULL"
        return connection.execute(sql, (document_id,)).fetchone() is not None

    def passage_ids(self, connection: sqlite3.Connection, document_ids: Sequence[int]) -> list[int]:
        """Ids of all passages of these documents, ascending."""
        sql = "SELECT id FROM passages WHERE document_id IN (SELECT value FROM json_each(?)) ORDER BY id"
        return [row[0] for row in connection.execute(sql, (json.dumps(list(document_ids)),))]

    def present(self, connection: sqlite3.Connection, ids: Sequence[int]) -> list[int]:
        """Those of the documents that are in the table and not taken out."""
        sql = "SELECT id FROM documents WHERE removal IS NULL AND id IN (SELECT value FROM json_each(?))"
        return [row[0] for row in connection.execute(sql, (json.dumps(list(ids)),))]

    def passage_texts(self, connection: sqlite3.Connection, document_ids: Sequence[int]) -> Iterator[tuple[int, str]]:
        """Id and text of the passages of these documents."""
        for document_id in document_ids:
            text = Store(self._db).text(document_id)
            sql = "SELECT id, start, end FROM passages WHERE document_id = ? ORDER BY id"
            for row in connection.execute(sql, (document_id,)).fetchall():
                yield row[0], text[row[1] : row[2]]

    def texts_after(self, connection: sqlite3.Connection, passage_id: int, at_most: int) -> list[tuple[int, str]]:
        """Id and text of the next passages that are searched, by id."""
        rows = connection.execute(
            "SELECT p.id, p.document_id, p.start, p.end FROM passages p JOIN documents d ON d.id = p.document_id"
            " WHERE d.removal IS NULL AND p.id > ? ORDER BY p.id LIMIT ?",
            (passage_id, at_most),
        ).fetchall()
        found = []
        for document_id, places in itertools.groupby(rows, key=lambda row: row["document_id"]):
            some = list(places)
            begin, end = min(row["start"] for row in some), max(row["end"] for row in some)
            text = Store(self._db).text(document_id, begin, end)
            found += [(row["id"], text[row["start"] - begin : row["end"] - begin]) for row in some]
        return found

    def last_passage_id(self) -> int:
        """The highest id of a passage."""
        return int(self._db.value("SELECT coalesce(max(id), 0) FROM passages"))

    def clear(self, connection: sqlite3.Connection, document_id: int) -> None:
        """Drop a document's text and passages."""
        connection.execute(
            "UPDATE documents SET characters = 0, passages = 0, tokens = 0, text_bytes = 0, language = '' WHERE id = ?",
            (document_id,),
        )
        for table in ("passages", "texts", "outlines", "document_titles"):
            connection.execute(f"DELETE FROM {table} WHERE document_id = ?", (document_id,))

    def fill(self, connection: sqlite3.Connection, document_id: int, outcome: Outcome, recipe: str, now: float) -> int:
        """Store text and passages of a cleared document; the id of its first passage, the others follow it.

        With the recipe STAGED the document goes on waiting until `settle`: its passages are not all searched yet.
        """
        assert outcome.opened is not None
        text, spots = outcome.text, outcome.spots
        parts = [text[start : start + PART] for start in range(0, len(text), PART)]
        encoded = [part.encode() for part in parts]
        connection.executemany(
            "INSERT INTO texts (document_id, part, text, sha256) VALUES (?, ?, ?, ?)",
            (
                (document_id, number, part, hashlib.sha256(body).digest())
                for number, (part, body) in enumerate(zip(parts, encoded, strict=True))
            ),
        )
        first = self.place(connection, document_id, spots, outcome.pages)
        heading = next((spot.heading[0] for spot in spots if spot.heading), "")
        store_titles.put(connection, document_id, [outcome.title, heading])
        connection.execute(
            "UPDATE documents SET size = ?, mtime_ns = ?, sha256 = ?, characters = ?, passages = ?, indexed = ?,"
            " recipe = ?, tokens = ?, language = ?, text_bytes = ? WHERE id = ?",
            (
                *_opened(outcome.opened),
                len(text),
                len(spots),
                now,
                STAGED,
                outcome.tokens,
                outcome.language,
                sum(map(len, encoded)),
                document_id,
            ),
        )
        if recipe != STAGED:
            self.settle(connection, document_id, recipe, outcome.note)
        return first

    def place(
        self, connection: sqlite3.Connection, document_id: int, spots: Sequence[Spot], pages: Sequence[int]
    ) -> int:
        """Put these passages in the place of those a document had; the id of the first, the others follow it."""
        for table in ("passages", "outlines"):
            connection.execute(f"DELETE FROM {table} WHERE document_id = ?", (document_id,))
        used = connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'passages'").fetchone()
        first = (used[0] if used else 0) + 1
        rows, starts = [_spot_row(spot) for spot in spots], json.dumps(pages)
        connection.executemany(
            "INSERT INTO passages (id, document_id, start, end, page, heading, first_line, last_line)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            ((first + number, document_id, *row) for number, row in enumerate(rows)),
        )
        connection.execute(
            "INSERT INTO outlines (document_id, pages, sha256) VALUES (?, ?, ?)",
            (document_id, starts, outline_hash(starts, rows)),
        )
        return first

    def settle(self, connection: sqlite3.Connection, document_id: int, recipe: str, note: str = "") -> None:
        """All of a filled document is searched now; `note` says what of its file was not read."""
        connection.execute(
            "UPDATE documents SET state = 'indexed', reason = ?, recipe = ? WHERE id = ?", (note, recipe, document_id)
        )

    def touch(self, connection: sqlite3.Connection, document_id: int, opened: Opened) -> None:
        """The bytes are those that are indexed already."""
        connection.execute(
            "UPDATE documents SET state = 'indexed', reason = '', size = ?, mtime_ns = ?, sha256 = ? WHERE id = ?",
            (*_opened(opened), document_id),
        )

    def fail(
        self, connection: sqlite3.Connection, document_id: int, reason: str, opened: Opened | None, recipe: str
    ) -> None:
        """One red row. What was indexed before stays unless other bytes were seen (`opened`; clear it first)."""
        connection.execute(
            "UPDATE documents SET state = 'failed', reason = ?, recipe = ? WHERE id = ?", (reason, recipe, document_id)
        )
        if opened is not None:
            connection.execute(
                "UPDATE documents SET size = ?, mtime_ns = ?, sha256 = ? WHERE id = ?", (*_opened(opened), document_id)
            )

    def delete(self, connection: sqlite3.Connection, ids: Sequence[int]) -> None:
        """Drop documents with everything that hangs on them."""
        connection.execute(
            "DELETE FROM documents WHERE id IN (SELECT value FROM json_each(?))", (json.dumps(list(ids)),)
        )

    def settled(self, ids: Sequence[int], recipe: Recipe) -> list[Settled]:
        """Those of the documents that this recipe has read, by id."""
        rows = self._db.rows(
            "SELECT id, path, format, size, sha256 FROM documents WHERE state = 'indexed' AND recipe = ?"
            " AND removal IS NULL AND id IN (SELECT value FROM json_each(?)) ORDER BY id",
            recipe.done,
            json.dumps(list(ids)),
        )
        return [Settled(*row) for row in rows]

    def arrivals(self, ids: Sequence[int]) -> list[Arrival]:
        """Those of the documents that were never read yet, by id."""
        rows = self._db.rows(
            "SELECT id, path, format, size FROM documents WHERE state = 'pending' AND sha256 = ''"
            " AND id IN (SELECT value FROM json_each(?)) ORDER BY id",
            json.dumps(list(ids)),
        )
        return [Arrival(*row) for row in rows]

    def move(self, connection: sqlite3.Connection, document_id: int, path: bytes, mtime_ns: int) -> None:
        """The document's file lies elsewhere now."""
        connection.execute(
            "UPDATE documents SET path = ?, name = ?, folded = ?, mtime_ns = ? WHERE id = ?",
            (*_named(path), mtime_ns, document_id),
        )

    def count(self, ids: Sequence[int]) -> tuple[int, int]:
        """How many of these documents there are, and their passages."""
        return Store(self._db).count(ids)

    def held(self, paths: Iterable[bytes]) -> list[bytes]:
        """Those of these paths that are documents."""
        sql = "SELECT 1 FROM documents WHERE removal IS NULL AND path = ?"
        return [path for path in paths if self._db.row(sql, path) is not None]

    def under(self, root: bytes) -> Iterator[tuple[int, bytes]]:
        """Documents at or inside `root`: id and path."""
        for row in self._db.rows(
            "SELECT id, path FROM documents WHERE removal IS NULL AND (path = ? OR (path >= ? AND path < ?))",
            root,
            *below(root),
        ):
            yield row[0], row[1]

    def tally(self, ids: Iterable[int]) -> Tally:
        """Totals and failures among these documents."""
        values = json.dumps(list(ids))
        among = "removal IS NULL AND id IN (SELECT value FROM json_each(?))"
        row = self._db.row(
            f"SELECT coalesce(sum(state = 'indexed'), 0), coalesce(sum(passages), 0) FROM documents WHERE {among}",
            values,
        )
        assert row is not None
        told: dict[str, list[tuple[str, str]]] = {"failed": [], "indexed": []}
        for state, path, reason in self._db.rows(
            "SELECT state, path, reason FROM documents WHERE state IN ('failed', 'indexed') AND reason <> ''"
            f" AND {among} ORDER BY path",
            values,
        ):
            told[state].append((os.fsdecode(path), reason))
        return Tally(row[0], row[1], tuple(told["failed"]), tuple(told["indexed"]))


def names_of(path: bytes) -> tuple[str, str]:
    """A document's name, and its name and path as they are sorted and filtered by."""
    name = shown(os.path.basename(path))
    return name, f"{folded(name)}\n{folded(shown(path))}"


def _named(path: bytes) -> tuple[bytes, str, str]:
    return path, *names_of(path)


def _opened(opened: Opened) -> tuple[int, int, str]:
    return opened.size, opened.mtime_ns, opened.sha256


def _spot_row(spot: Spot) -> tuple[int, int, int | None, str, int, int]:
    heading = json.dumps(spot.heading, ensure_ascii=False)
    return spot.start, spot.end, spot.page, heading, spot.first_line, spot.last_line


def _verdict(row: sqlite3.Row | None, found: Found, recipe: Recipe) -> str:
    if row is None:
        return "new"
    expected = {"indexed": (recipe.done, recipe.failed), "failed": (recipe.failed,)}.get(row["state"], ())
    if (row["size"], row["mtime_ns"]) == (found.size, found.mtime_ns) and row["recipe"] in expected:
        return "unchanged"
    return "new" if row["indexed"] is None else "changed"

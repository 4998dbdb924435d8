"""Every SQL statement that reads documents, their texts and passages."""

from __future__ import annotations

import hashlib
import itertools
import json
import os
import sqlite3
from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from forge_desktop.base.errors import ForgeError
from forge_desktop.corpus.names import folded, shown
from forge_desktop.corpus.records import Document, Passage
from forge_desktop.corpus.store_scope import Conditions, condition_sql
from forge_desktop.storage import Database

PART = 32_768  # characters of text in a row, so that a passage is read without its whole document
_SORTS = {
    "name": "folded",
    "path": "path",
    "format": "format",
    "state": "state",
    "reason": "reason",
    "size": "size",
    "passages": "passages",
    "changed": "mtime_ns",
    "indexed": "indexed",
}
_DOCUMENT = "id, path, name, format, state, reason, size, passages, sha256, mtime_ns, indexed, language"
_SEARCHED = "FROM passages p JOIN documents d ON d.id = p.document_id WHERE d.removal IS NULL"
_PASSAGE = (
    "p.id, p.document_id, d.sha256, d.path, p.start, p.end, p.page, p.heading, p.first_line, p.last_line " + _SEARCHED
)


@dataclass(frozen=True)
class Check:
    """One document as its rows hold it, for `verify`. `places` are the passages' columns, in order.

    `parts` are the lengths of the text's parts in code points by number, None for a damaged one; `gap` tells that one
    in the middle is missing or has the wrong length; `legible` that its own row holds no broken text.
    """

    id: int
    name: str
    path: str
    sha256: str
    characters: int
    passages: int
    parts: dict[int, int | None]
    gap: bool
    pages: str
    outline: bytes
    legible: bool
    places: list[tuple[int, int, int | None, str, int, int]]

    @property
    def length(self) -> int:
        """Code points in the parts that are sound."""
        return sum(filter(None, self.parts.values()))


class Store:
    """The tables of documents, read."""

    def __init__(self, db: Database) -> None:
        self._db = db

    # ---- documents as records ----

    def listing(self, text: str, state: str | None, sort: str, descending: bool, conditions: Conditions) -> array[int]:
        """Ids of the documents that fulfil the conditions and whose name or path contains `text`, sorted."""
        fulfilled, values = condition_sql(conditions)
        where = [fulfilled]
        if state is not None:
            where.append("state = ?")
            values.append(state)
        if text.strip():
            where.append("instr(folded, ?) > 0")
            values.append(folded(shown(text.strip())))
        if sort not in _SORTS:
            raise ForgeError(f"Documents cannot be sorted by {sort}.", hint=f"Choose one of: {', '.join(_SORTS)}.")
        direction = "DESC" if descending else "ASC"
        order = f"folded {direction}"  # holds name and path, so it is as good as unique
        if sort != "name":
            order = f"{_SORTS[sort]} {direction}, {order}"
        cursor = self._db.connection.cursor()
        cursor.row_factory = None  # plain tuples: a hundred thousand ids in half the time
        cursor.execute(f"SELECT id FROM documents d WHERE {' AND '.join(where)} ORDER BY {order}", values)
        return array("q", itertools.chain.from_iterable(cursor))

    def documents(self, ids: Sequence[int]) -> list[Document]:
        """Records of these documents, in this order; those that are gone are left out."""
        found = {
            row["id"]: _document(row)
            for row in self._db.rows(
                f"SELECT {_DOCUMENT} FROM documents WHERE removal IS NULL AND id IN (SELECT value FROM json_each(?))",
                json.dumps(list(ids)),
            )
        }
        filled = {document.id: document for document in self._in_collections(found.values())}
        return [filled[document_id] for document_id in ids if document_id in filled]

    def formats(self) -> dict[str, int]:
        """How many documents of each format there are."""
        return dict(
            map(tuple, self._db.rows("SELECT format, count(*) FROM documents WHERE removal IS NULL GROUP BY format"))
        )

    def _in_collections(self, documents: Iterable[Document]) -> list[Document]:
        """The same documents, with the names of the collections that hold them."""
        listed = list(documents)
        held = self._collections([document.id for document in listed])
        return [replace(document, collections=held.get(document.id, ())) for document in listed]

    def _collections(self, ids: Iterable[int]) -> dict[int, tuple[str, ...]]:
        """The names of the collections that hold each of these documents."""
        found: dict[int, tuple[str, ...]] = {}
        for row in self._db.rows(
            "SELECT m.document_id, c.name FROM memberships m JOIN collections c ON c.id = m.collection"
            " WHERE m.document_id IN (SELECT value FROM json_each(?)) ORDER BY c.id",
            json.dumps(list(ids)),
        ):
            found[row[0]] = (*found.get(row[0], ()), row[1])
        return found

    def every_document(self) -> Iterator[Document]:
        """All documents by id."""
        for row in self._db.connection.execute(f"SELECT {_DOCUMENT} FROM documents WHERE removal IS NULL ORDER BY id"):
            yield from self._in_collections([_document(row)])

    def find(self, sha256: str, path: bytes) -> Document | None:
        """The indexed document with these bytes, the one at `path` first."""
        row = self._db.row(
            f"SELECT {_DOCUMENT} FROM documents WHERE sha256 = ? AND removal IS NULL AND passages > 0"
            " ORDER BY path <> ?, id LIMIT 1",
            sha256,
            path,
        )
        return None if row is None else self._in_collections([_document(row)])[0]

    # ---- passages and texts ----

    def passages(self, document_id: int) -> list[Passage]:
        """A document's passages in order."""
        rows = self._db.rows(f"SELECT {_PASSAGE} AND p.document_id = ? ORDER BY p.start", document_id)
        text = self.text(document_id) if rows else ""
        return [_passage(row, text[row["start"] : row["end"]]) for row in rows]

    def passages_by_id(self, ids: Iterable[int]) -> dict[int, Passage]:
        """These passages, without those that are gone."""
        rows = self._db.rows(
            f"SELECT {_PASSAGE} AND p.id IN (SELECT value FROM json_each(?))",
            json.dumps(list(ids)),
        )
        return {row["id"]: _passage(row, self.text(row["document_id"], row["start"], row["end"])) for row in rows}

    def neighbours(self, passage_id: int, reach: int) -> list[Passage]:
        """A passage and those around it under the same headings, in order; a document's ids follow each other."""
        around = self.passages_by_id(range(passage_id - reach, passage_id + reach + 1))
        here = around.get(passage_id)
        if here is None:
            return []
        found = [here]
        for step in (-1, 1):
            at = passage_id + step
            while (next_one := around.get(at)) and (next_one.document_id, next_one.heading) == (
                here.document_id,
                here.heading,
            ):
                found.append(next_one)
                at += step
        return sorted(found, key=lambda passage: passage.id)

    def text(self, document_id: int, start: int = 0, end: int | None = None) -> str:
        """The stored text, or the code points `start:end` of it."""
        first, last = start // PART, (1 << 40) if end is None else max(end - 1, 0) // PART
        rows = self._db.rows(
            "SELECT text FROM texts WHERE document_id = ? AND part BETWEEN ? AND ? ORDER BY part",
            document_id,
            first,
            last,
        )
        joined = "".join(row[0] for row in rows)
        return joined[start - first * PART : None if end is None else end - first * PART]

    def pages(self, document_id: int) -> list[int]:
        """The offset where each page starts; empty for formats without pages."""
        stored = self._db.value("SELECT pages FROM outlines WHERE document_id = ?", document_id)
        return [] if stored is None else [int(page) for page in json.loads(stored)]

    def every_passage(self) -> Iterator[Passage]:
        """All passages by id; a document's text is read once."""
        last, text = -1, ""
        for row in self._db.connection.execute(f"SELECT {_PASSAGE} ORDER BY p.id"):
            if row["document_id"] != last:
                last, text = row["document_id"], self.text(row["document_id"])
            yield _passage(row, text[row["start"] : row["end"]])

    def every_passage_id(self) -> Iterator[int]:
        """Ids of all passages that are searched, ascending."""
        sql = (
            "SELECT p.id FROM passages p JOIN documents d ON d.id = p.document_id WHERE d.removal IS NULL ORDER BY p.id"
        )
        return (row[0] for row in self._db.connection.execute(sql))

    def searched_documents(self) -> Iterator[int]:
        """Ids of the documents with passages, ascending."""
        sql = "SELECT id FROM documents WHERE removal IS NULL AND passages > 0 ORDER BY id"
        return (row[0] for row in self._db.rows(sql))

    def waiting_passage_ids(self) -> Iterator[int]:
        """Ids of the passages of documents that wait to be read (again)."""
        sql = f"SELECT p.id {_SEARCHED} AND d.state = 'pending'"
        return (row[0] for row in self._db.connection.execute(sql))

    def every_check(self, document_id: int | None = None) -> Iterator[Check]:
        """Every document's rows, or one's, read in full; texts as bytes, as damaged ones could not be decoded."""
        for row in self._db.rows(
            "SELECT id, path, ifnull(CAST(sha256 AS BLOB), x'') AS sha256, characters, passages,"
            " ifnull(CAST(name || folded || format || reason || sha256 || recipe AS BLOB), x'') AS words FROM documents"
            " WHERE removal IS NULL AND id = coalesce(?, id) ORDER BY id",
            document_id,
        ):
            parts = self._checked_parts(row["id"])
            sound = [length for length in parts.values() if length is not None]
            outline = self._db.row(
                "SELECT ifnull(CAST(pages AS BLOB), x''), ifnull(CAST(sha256 AS BLOB), x'')"
                " FROM outlines WHERE document_id = ?",
                row["id"],
            )
            yield Check(
                id=row["id"],
                name=shown(row["path"]),
                path=os.fsdecode(row["path"]),
                sha256=_lenient(row["sha256"]),
                characters=row["characters"],
                passages=row["passages"],
                parts=parts,
                gap=list(parts) != list(range(len(parts))) or any(length != PART for length in sound[:-1]),
                pages="" if outline is None else _lenient(outline[0]),
                outline=b"" if outline is None else outline[1],
                legible=_lenient(row["words"]).encode() == row["words"],
                places=self._checked_places(row["id"]),
            )

    def _checked_parts(self, document_id: int) -> dict[int, int | None]:
        """The length of each part of a text, None where its hash does not hold."""
        return {
            number: len(text.decode()) if hashlib.sha256(text).digest() == stored else None
            for number, text, stored in self._db.connection.execute(
                "SELECT part, ifnull(CAST(text AS BLOB), x''), sha256 FROM texts WHERE document_id = ? ORDER BY part",
                (document_id,),
            )
        }

    def _checked_places(self, document_id: int) -> list[tuple[int, int, int | None, str, int, int]]:
        rows = self._db.rows(
            "SELECT start, end, page, ifnull(CAST(heading AS BLOB), x''), first_line, last_line FROM passages"
            " WHERE document_id = ? ORDER BY id",
            document_id,
        )
        return [(row[0], row[1], row[2], _lenient(row[3]), row[4], row[5]) for row in rows]

    def mtime_ns(self, document_id: int) -> int:
        """The file's date when it was read."""
        return int(self._db.value("SELECT mtime_ns FROM documents WHERE id = ?", document_id) or 0)

    def count(self, ids: Sequence[int]) -> tuple[int, int]:
        """How many of these documents there are, and their passages."""
        row = self._db.row(
            "SELECT count(*), coalesce(sum(passages), 0) FROM documents"
            " WHERE removal IS NULL AND id IN (SELECT value FROM json_each(?))",
            json.dumps(list(ids)),
        )
        assert row is not None
        return row[0], row[1]


def outline_hash(pages: str, rows: Iterable[Sequence[object]]) -> bytes:
    """Covers where the pages start and every passage's place, so that damage to those rows is found."""
    return hashlib.sha256(json.dumps([pages, *map(list, rows)], separators=(",", ":")).encode()).digest()


def _lenient(stored: bytes) -> str:
    return stored.decode("utf-8", "replace")


def _document(row: sqlite3.Row) -> Document:
    return Document(
        id=row["id"],
        path=os.fsdecode(row["path"]),
        name=row["name"],
        format=row["format"],
        state=row["state"],
        reason=row["reason"],
        size=row["size"],
        passages=row["passages"],
        sha256=row["sha256"],
        changed=row["mtime_ns"] / 1e9,
        indexed=row["indexed"],
        language=row["language"],
    )


def _passage(row: sqlite3.Row, text: str) -> Passage:
    return Passage(
        id=row["id"],
        document_id=row["document_id"],
        document_sha256=row["sha256"],
        path=os.fsdecode(row["path"]),
        start=row["start"],
        end=row["end"],
        page=row["page"],
        heading=tuple(json.loads(row["heading"])),
        first_line=row["first_line"],
        last_line=row["last_line"],
        text=text,
    )

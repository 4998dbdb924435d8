"""Every SQL statement about collections: policies, folders, which documents they hold."""

from __future__ import annotations

import json
import os
import sqlite3
from array import array
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass

from forge_desktop.corpus.names import below
from forge_desktop.corpus.policies import Policy
from forge_desktop.corpus.records_library import Collection
from forge_desktop.storage import Database

_AMONG = "IN (SELECT value FROM json_each(?))"
_UNDER = "(d.path = ? OR (d.path >= ? AND d.path < ?))"
_ALONE = "NOT EXISTS (SELECT 1 FROM memberships o WHERE o.document_id = d.id AND o.collection <> m.collection)"


@dataclass(frozen=True)
class Kept:
    """A collection as an index run needs it."""

    id: int
    uid: str
    name: str
    policy: Policy
    standing: bool


class CollectionRows:
    """The tables of collections. Methods that take a connection run inside the caller's transaction."""

    def __init__(self, db: Database) -> None:
        self._db = db

    # ---- collections ----

    def kept(self) -> list[Kept]:
        """Every collection, the standing one first, then by name."""
        rows = self._db.rows("SELECT * FROM collections WHERE removal IS NULL ORDER BY standing DESC, folded")
        return [Kept(row["id"], row["uid"], row["name"], _policy(row), bool(row["standing"])) for row in rows]

    def records(self, ids: Sequence[int] | None = None) -> list[Collection]:
        """Collections with their totals, all or these, in the order of `kept`."""
        values = "" if ids is None else f" AND m.collection {_AMONG}"
        totals = {
            row[0]: row
            for row in self._db.rows(
                "SELECT m.collection, sum(d.state = 'indexed') AS documents, sum(d.passages) AS passages,"
                " sum(d.state = 'failed') AS failed, sum(d.size) AS bytes"
                " FROM memberships m JOIN documents d ON d.id = m.document_id"
                f" WHERE d.removal IS NULL{values} GROUP BY m.collection",
                *(() if ids is None else (json.dumps(list(ids)),)),
            )
        }
        roots: dict[int, list[tuple[bytes, float | None]]] = {}
        for collection, path, synced in self._db.rows(
            "SELECT collection, path, synced FROM collection_roots WHERE removal IS NULL ORDER BY path"
        ):
            roots.setdefault(collection, []).append((path, synced))
        return [
            _record(kept, roots.get(kept.id, []), totals.get(kept.id))
            for kept in self.kept()
            if ids is None or kept.id in ids
        ]

    def insert(
        self, connection: sqlite3.Connection, *, uid: str, name: str, key: str, policy: Policy, now: float
    ) -> int:
        """A new collection's id."""
        cursor = connection.execute(
            "INSERT INTO collections (uid, name, folded, include, exclude, max_megabytes, hidden, follow_links,"
            " never_send, created) VALUES (:uid, :name, :key, :include, :exclude, :max_megabytes, :hidden,"
            " :follow_links, :never_send, :now)",
            {"uid": uid, "name": name, "key": key, "now": now, **_columns(policy)},
        )
        assert cursor.lastrowid is not None
        return cursor.lastrowid

    def update(self, connection: sqlite3.Connection, collection: int, *, name: str, key: str, policy: Policy) -> None:
        """Another name or policy; its folders then wait to be looked through."""
        connection.execute(
            "UPDATE collections SET name = :name, folded = :key, include = :include, exclude = :exclude,"
            " max_megabytes = :max_megabytes, hidden = :hidden, follow_links = :follow_links,"
            " never_send = :never_send WHERE id = :id",
            {"id": collection, "name": name, "key": key, **_columns(policy)},
        )

    def id_of_name(self, connection: sqlite3.Connection, key: str) -> int | None:
        """Which collection is called that."""
        row = connection.execute("SELECT id FROM collections WHERE folded = ? AND removal IS NULL", (key,)).fetchone()
        return None if row is None else row[0]

    # ---- folders ----

    def roots(self) -> list[tuple[int, bytes]]:
        """Every collection's folders and files, by path."""
        sql = (
            "SELECT r.collection, r.path FROM collection_roots r JOIN collections c ON c.id = r.collection"
            " WHERE r.removal IS NULL AND c.removal IS NULL ORDER BY r.path, r.collection"
        )
        return [(row[0], row[1]) for row in self._db.rows(sql)]

    def add_root(self, connection: sqlite3.Connection, collection: int, path: bytes) -> None:
        """Let a collection hold what lies at or below a path that is noted as a root."""
        connection.execute(
            "INSERT INTO collection_roots (collection, path) VALUES (?, ?) ON CONFLICT DO UPDATE SET removal = NULL",
            (collection, path),
        )

    def take_root_out(self, connection: sqlite3.Connection, collection: int, path: bytes, removal: int) -> None:
        """Hide a collection's root under a removal."""
        connection.execute(
            "UPDATE collection_roots SET removal = ? WHERE collection = ? AND path = ?", (removal, collection, path)
        )

    def note_synced(self, connection: sqlite3.Connection, collection: int, path: bytes, now: float) -> None:
        """This root was looked through wholly."""
        connection.execute(
            "UPDATE collection_roots SET synced = ? WHERE collection = ? AND path = ?", (now, collection, path)
        )

    def let_wait(self, connection: sqlite3.Connection, collection: int) -> None:
        """All of the collection's roots wait to be looked through."""
        connection.execute("UPDATE collection_roots SET synced = NULL WHERE collection = ?", (collection,))

    def unsynced(self) -> set[tuple[int, bytes]]:
        """Collections' folders that wait to be looked through: they are new, or the policy changed."""
        sql = (
            "SELECT r.collection, r.path FROM collection_roots r JOIN collections c ON c.id = r.collection"
            " WHERE r.synced IS NULL AND r.removal IS NULL AND c.removal IS NULL"
        )
        return {(row[0], row[1]) for row in self._db.rows(sql)}

    # ---- members ----

    def join(self, connection: sqlite3.Connection, collection: int, ids: Iterable[int]) -> None:
        """These documents belong to the collection from now on."""
        connection.executemany(
            "INSERT INTO members (document_id, collection) VALUES (?, ?)"
            " ON CONFLICT DO UPDATE SET removal = NULL WHERE removal IS NOT NULL",
            ((document_id, collection) for document_id in ids),
        )

    def part(self, connection: sqlite3.Connection, collection: int, ids: Sequence[int]) -> list[int]:
        """End these memberships; those of the documents that no collection holds any more."""
        values = json.dumps(list(ids))
        connection.execute(f"DELETE FROM members WHERE collection = ? AND document_id {_AMONG}", (collection, values))
        rows = connection.execute(
            f"SELECT d.id FROM documents d WHERE d.removal IS NULL AND d.id {_AMONG}"
            " AND NOT EXISTS (SELECT 1 FROM memberships m WHERE m.document_id = d.id)",
            (values,),
        )
        return [row[0] for row in rows]

    def part_under(self, connection: sqlite3.Connection, collection: int, ids: Sequence[int], removal: int) -> None:
        """End these memberships under a removal that can be undone."""
        connection.execute(
            f"UPDATE members SET removal = ? WHERE collection = ? AND document_id {_AMONG}",
            (removal, collection, json.dumps(list(ids))),
        )

    def inherit(self, connection: sqlite3.Connection, document_id: int, other: int) -> None:
        """A document takes over the memberships of another one, instead of its own."""
        connection.execute("DELETE FROM members WHERE document_id = ?", (document_id,))
        connection.execute("UPDATE members SET document_id = ? WHERE document_id = ?", (document_id, other))

    def members(self, ids: Sequence[int]) -> array[int]:
        """Ids of the documents in any of these collections, ascending."""
        rows = self._db.connection.execute(
            "SELECT DISTINCT m.document_id FROM memberships m JOIN documents d ON d.id = m.document_id"
            f" WHERE d.removal IS NULL AND m.collection {_AMONG} ORDER BY m.document_id",
            (json.dumps(list(ids)),),
        )
        return array("q", (row[0] for row in rows))

    def members_under(self, collection: int, path: bytes) -> list[tuple[int, bytes]]:
        """A collection's documents at or inside a path: id and path."""
        rows = self._db.rows(
            f"SELECT d.id, d.path FROM documents d WHERE d.removal IS NULL AND {_UNDER}"
            " AND EXISTS (SELECT 1 FROM memberships m WHERE m.document_id = d.id AND m.collection = ?)",
            path,
            *below(path),
            collection,
        )
        return [(row[0], row[1]) for row in rows]

    def only_in(self, collection: int, path: bytes | None = None) -> list[int]:
        """The collection's documents that no other one holds, all or at and inside a path."""
        under, values = ("", ()) if path is None else (f" AND {_UNDER}", (path, *below(path)))
        rows = self._db.rows(
            "SELECT d.id FROM memberships m JOIN documents d ON d.id = m.document_id"
            f" WHERE m.collection = ? AND d.removal IS NULL{under} AND {_ALONE}",
            collection,
            *values,
        )
        return [row[0] for row in rows]

    def holding(self, document_id: int) -> list[int]:
        """Ids of the collections that hold a document."""
        rows = self._db.rows("SELECT collection FROM memberships WHERE document_id = ?", document_id)
        return [row[0] for row in rows]

    def kept_back(self, document_id: int) -> bool:
        """Whether the document, or one with the same bytes, is held by a collection that is never sent, or by none."""
        if not self.holding(document_id):
            return True
        sql = (
            "SELECT 1 FROM memberships m JOIN collections c ON c.id = m.collection WHERE c.never_send"
            " AND m.document_id IN (SELECT o.id FROM documents d JOIN documents o ON o.sha256 = d.sha256"
            " WHERE d.id = ? AND d.sha256 <> '' AND o.removal IS NULL UNION ALL SELECT ?)"
        )
        return self._db.row(sql, document_id, document_id) is not None

    def passages_kept_back(self) -> list[int]:
        """The passages of all documents that `kept_back` says yes to."""
        sql = (
            "WITH never AS (SELECT DISTINCT m.document_id AS id FROM memberships m"
            " JOIN collections c ON c.id = m.collection WHERE c.never_send),"
            " alike AS (SELECT DISTINCT d.sha256 FROM documents d JOIN never n ON n.id = d.id"
            " WHERE d.sha256 <> '' AND d.removal IS NULL)"
            " SELECT p.id FROM passages p JOIN documents d ON d.id = p.document_id"
            " WHERE d.id IN (SELECT id FROM never) OR d.sha256 IN (SELECT sha256 FROM alike)"
            " OR NOT EXISTS (SELECT 1 FROM memberships m WHERE m.document_id = d.id) ORDER BY p.id"
        )
        return [row[0] for row in self._db.rows(sql)]

    # ---- deleting, with undo: Roots.put_back and Roots.purge end what is begun here ----

    def take_out(self, connection: sqlite3.Connection, collection: int, removal: int) -> None:
        """Hide a collection under a removal."""
        connection.execute("UPDATE collections SET removal = ? WHERE id = ?", (removal, collection))

    def make_way(self, connection: sqlite3.Connection, removal: int) -> None:
        """Before a removal is undone: a collection whose name was given away meanwhile gets a number."""
        sql = "SELECT id, name, folded FROM collections WHERE removal = ?"
        for collection, name, key in connection.execute(sql, (removal,)).fetchall():
            number = 1
            wanted, wanted_key = name, key
            while self.id_of_name(connection, wanted_key) is not None:
                number += 1
                wanted, wanted_key = f"{name} ({number})", f"{key} ({number})"
            connection.execute(
                "UPDATE collections SET name = ?, folded = ? WHERE id = ?", (wanted, wanted_key, collection)
            )


def _policy(row: sqlite3.Row) -> Policy:
    return Policy(
        include=tuple(json.loads(row["include"])),
        exclude=tuple(json.loads(row["exclude"])),
        max_megabytes=row["max_megabytes"],
        hidden=bool(row["hidden"]),
        follow_links=bool(row["follow_links"]),
        never_send=bool(row["never_send"]),
    )


def _columns(policy: Policy) -> dict[str, object]:
    return {
        **asdict(policy),
        "include": json.dumps(policy.include, ensure_ascii=True),
        "exclude": json.dumps(policy.exclude, ensure_ascii=True),
    }


def _record(kept: Kept, roots: Sequence[tuple[bytes, float | None]], totals: sqlite3.Row | None) -> Collection:
    times = [synced for _, synced in roots]
    waits = not times or any(synced is None for synced in times)
    _, documents, passages, failed, size = totals or (0, 0, 0, 0, 0)
    return Collection(
        uid=kept.uid,
        name=kept.name,
        **asdict(kept.policy),
        roots=tuple(os.fsdecode(path) for path, _ in roots),
        documents=documents,
        passages=passages,
        failed=failed,
        bytes=size,
        synced=None if waits else min(synced for synced in times if synced is not None),
        standing=kept.standing,
    )

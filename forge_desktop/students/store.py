"""The students room's own SQL: the table of bases and which one is active."""

from __future__ import annotations

import json
import os
import sqlite3
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from forge_desktop.engine import ModelHeader
from forge_desktop.storage import Database
from forge_desktop.students.store_versions import active_uid, drop_version, ensure_version, make_active, record


@dataclass(frozen=True)
class Base:
    """A row of bases. `modified_ns` is the file's time when its bytes were last known to be these."""

    id: int
    name: str
    path: Path
    sha256: str
    active: bool
    shipped: bool
    architecture: str
    parameters: int
    quantisation: str
    context: int
    layers: int
    vocabulary: int
    template: str
    file_bytes: int
    modified_ns: int
    imported: float


class Bases:
    """Reads and writes rows of bases; one method is one transaction."""

    def __init__(self, db: Database) -> None:
        self._db = db

    @property
    def read_only(self) -> bool:
        """Whether nothing may be written, because another process owns the data directory."""
        return self._db.read_only

    def all(self) -> list[Base]:
        """Every base: the shipped one first, then by name."""
        return [
            _base(row) for row in self._db.rows("SELECT * FROM bases ORDER BY shipped DESC, name COLLATE NOCASE, id")
        ]

    def find(self, base_id: int) -> Base | None:
        """The base with this id."""
        row = self._db.row("SELECT * FROM bases WHERE id = ?", base_id)
        return None if row is None else _base(row)

    def by_sha256(self, sha256: str) -> Base | None:
        """The base whose file has this hash."""
        row = self._db.row("SELECT * FROM bases WHERE sha256 = ?", sha256)
        return None if row is None else _base(row)

    def active(self) -> Base | None:
        """The base that answers."""
        row = self._db.row("SELECT * FROM bases WHERE active = 1")
        return None if row is None else _base(row)

    def add(self, path: Path, name: str, sha256: str, header: ModelHeader, modified_ns: int, *, shipped: bool) -> int:
        """Store a base, with its version, or where its known file lies now; returns its id. The first is active."""
        with self._db.write() as connection:
            connection.execute(
                """
                INSERT INTO bases (name, path, sha256, shipped, architecture, parameters, quantisation, context, layers,
                                   vocabulary, template, file_bytes, modified_ns, imported)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                ON CONFLICT (sha256) DO UPDATE SET
                    path = excluded.path, modified_ns = excluded.modified_ns, shipped = max(shipped, excluded.shipped)
                """,
                (
                    name,
                    os.fsencode(path),
                    sha256,
                    int(shipped),
                    header.architecture,
                    header.parameters,
                    header.quantisation,
                    header.context,
                    header.layers,
                    header.vocabulary,
                    header.template,
                    header.file_bytes,
                    modified_ns,
                    time.time(),
                ),
            )
            uid = ensure_version(connection, sha256, what="imported", who="program")
            if shipped:  # an update brought another starter: it takes the old one's place
                old = connection.execute("SELECT sha256 FROM bases WHERE shipped = 1 AND sha256 <> ?", (sha256,))
                for row in old.fetchall():
                    _drop_base(connection, row[0], "An update brought another starter student.")
            if not active_uid(connection):
                _stand_in(connection, uid, "No other student was active.")
            found = connection.execute("SELECT id FROM bases WHERE sha256 = ?", (sha256,)).fetchone()
        return int(found[0])

    def moved(self, base_id: int, path: Path, modified_ns: int) -> None:
        """The same bytes were found here, with this time."""
        with self._db.write() as connection:
            connection.execute(
                "UPDATE bases SET path = ?, modified_ns = ? WHERE id = ?", (os.fsencode(path), modified_ns, base_id)
            )

    def remove(self, base_id: int) -> None:
        """Forget a base and its versions; when one of these was active, that of the shipped base is."""
        with self._db.write() as connection:
            row = connection.execute("SELECT sha256, name FROM bases WHERE id = ?", (base_id,)).fetchone()
            if row is None:
                return
            _drop_base(connection, row[0], f"{row[1]} was taken off the list.")
            shipped = connection.execute("SELECT sha256 FROM bases WHERE shipped = 1").fetchone()
            if shipped is not None and not active_uid(connection):
                _stand_in(connection, ensure_version(connection, shipped[0]), f"{row[1]} was taken off the list.")


class StudentFacts:
    """Single facts by name, as JSON values."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def get(self, name: str) -> Any:
        """The fact, None where there is none."""
        found = self._db.value("SELECT value FROM student_facts WHERE name = ?", name)
        return None if found is None else json.loads(found)

    def put(self, name: str, value: object) -> None:
        """Keep a fact; None forgets it."""
        with self._db.write() as connection:
            connection.execute("DELETE FROM student_facts WHERE name = ?", (name,))
            if value is not None:
                connection.execute("INSERT INTO student_facts VALUES (?, ?)", (name, json.dumps(value)))


def _drop_base(connection: sqlite3.Connection, sha256: str, why: str) -> None:
    """Forget a base with the versions that are it alone. Those with an adapter stay and say so."""
    connection.execute("DELETE FROM bases WHERE sha256 = ?", (sha256,))
    connection.execute(
        "UPDATE versions SET state = CASE WHEN verdict = 'passed' THEN 'gated' ELSE 'candidate' END"
        " WHERE base_sha256 = ? AND state = 'active'",
        (sha256,),
    )
    alone = "SELECT uid FROM versions WHERE base_sha256 = ? AND adapter_sha256 = ''"
    for row in connection.execute(alone, (sha256,)).fetchall():
        drop_version(connection, row[0], why)


def _stand_in(connection: sqlite3.Connection, uid: str, why: str) -> None:
    """Let this version be active because nothing else is."""
    before = make_active(connection, uid)
    record(connection, uid, "promoted", before=before, who="program", why=why)


def _base(row: sqlite3.Row) -> Base:
    values = {key: row[key] for key in row.keys()}  # noqa: SIM118 - a Row iterates over values
    values |= {"path": Path(os.fsdecode(row["path"])), "active": bool(row["active"]), "shipped": bool(row["shipped"])}
    return Base(**values)

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
        """Store a base, or where its known file lies now; returns its id. The first one becomes the active one."""
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
            if shipped:  # an update brought another starter: it takes the old one's place
                connection.execute("DELETE FROM bases WHERE shipped = 1 AND sha256 <> ?", (sha256,))
            connection.execute(
                "UPDATE bases SET active = 1 WHERE sha256 = ? AND NOT EXISTS (SELECT 1 FROM bases WHERE active = 1)",
                (sha256,),
            )
            found = connection.execute("SELECT id FROM bases WHERE sha256 = ?", (sha256,)).fetchone()
        return int(found[0])

    def moved(self, base_id: int, path: Path, modified_ns: int) -> None:
        """The same bytes were found here, with this time."""
        with self._db.write() as connection:
            connection.execute(
                "UPDATE bases SET path = ?, modified_ns = ? WHERE id = ?", (os.fsencode(path), modified_ns, base_id)
            )

    def activate(self, base_id: int) -> None:
        """Make this base the active one."""
        with self._db.write() as connection:
            connection.execute("UPDATE bases SET active = 0 WHERE active = 1")
            connection.execute("UPDATE bases SET active = 1 WHERE id = ?", (base_id,))

    def remove(self, base_id: int) -> None:
        """Forget a base; when it was active, the shipped one is."""
        with self._db.write() as connection:
            connection.execute("DELETE FROM bases WHERE id = ?", (base_id,))
            connection.execute(
                "UPDATE bases SET active = 1 WHERE shipped = 1 AND NOT EXISTS (SELECT 1 FROM bases WHERE active = 1)"
            )


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


def _base(row: sqlite3.Row) -> Base:
    values = {key: row[key] for key in row.keys()}  # noqa: SIM118 - a Row iterates over values
    values |= {"path": Path(os.fsdecode(row["path"])), "active": bool(row["active"]), "shipped": bool(row["shipped"])}
    return Base(**values)

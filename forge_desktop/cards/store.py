"""The SQL of cards: their rows, values, marks, edits and numbered versions."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, cast

from forge_desktop.cards.records import CardState, CardVersion, FieldState, Kind, Origin, Source, Value
from forge_desktop.storage import Database

NOT_APPLICABLE, _TAKEN_OVER = "not applicable", "taken over"


@dataclass(frozen=True)
class CardRow:
    """A row of cards: everything but its values."""

    uid: str
    kind: Kind
    subject: str
    name: str
    label: str
    parent: str
    state: CardState
    document: str
    broken: str | None
    cursor: int
    errors: int
    created: float
    changed: float


@dataclass(frozen=True)
class EditRow:
    """One change by hand: what was there before it and after it, as JSON."""

    n: int
    what: str
    before: str
    after: str
    at: float


class CardStore:
    """Reads the tables; what writes takes the caller's connection, so that a change is one transaction."""

    def __init__(self, db: Database) -> None:
        self.db = db

    # ---- cards ----

    def cards(self) -> list[CardRow]:
        """Every card, by kind and name, without its texts."""
        rows = self.db.rows(
            "SELECT uid, kind, subject, name, label, parent, state, '' AS document,"
            " CASE WHEN broken IS NULL THEN NULL ELSE '' END AS broken, cursor, errors, created, changed"
            " FROM cards ORDER BY kind, name COLLATE NOCASE, uid"
        )
        return [_card(row) for row in rows]

    def card(self, uid: str) -> CardRow | None:
        """One card."""
        row = self.db.row("SELECT * FROM cards WHERE uid = ?", uid)
        return None if row is None else _card(row)

    def of_subject(self, subject: str) -> CardRow | None:
        """The card of a version or an endpoint."""
        row = self.db.row("SELECT * FROM cards WHERE subject = ? AND subject <> '' ORDER BY created", subject)
        return None if row is None else _card(row)

    def add(self, connection: sqlite3.Connection, row: CardRow) -> None:
        """Insert a card."""
        connection.execute(
            "INSERT INTO cards (uid, kind, subject, name, label, parent, state, document, broken, cursor, errors,"
            " created, changed) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                row.uid,
                row.kind,
                row.subject,
                row.name,
                row.label,
                row.parent,
                row.state,
                row.document,
                row.broken,
                row.cursor,
                row.errors,
                row.created,
                row.changed,
            ),
        )

    def change(self, connection: sqlite3.Connection, uid: str, values: Mapping[str, object]) -> None:
        """Change columns of a card."""
        names = ", ".join(f"{name} = :{name}" for name in values)
        connection.execute(f"UPDATE cards SET {names} WHERE uid = :uid", {**values, "uid": uid})

    def drop(self, connection: sqlite3.Connection, uid: str) -> None:
        """Remove a card with all that belongs to it."""
        connection.execute("DELETE FROM cards WHERE uid = ?", (uid,))

    # ---- values ----

    def fields(self, uid: str) -> dict[str, FieldState]:
        """What stands in the fields of a card."""
        return fields_of(
            self.db.rows("SELECT * FROM card_values WHERE card = ?", uid),
            self.db.rows("SELECT * FROM card_marks WHERE card = ?", uid),
        )

    def put_value(self, connection: sqlite3.Connection, uid: str, field: str, origin: Origin, value: Value) -> None:
        """Write one value, in place of the one of its origin."""
        connection.execute(
            "INSERT OR REPLACE INTO card_values (card, field, origin, data, unit, source, detail, rests_on, at)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                uid,
                field,
                origin,
                as_json(value.data),
                value.unit,
                value.source,
                as_json(dict(value.detail)),
                as_json(dict(value.rests_on)),
                value.at,
            ),
        )

    def drop_value(self, connection: sqlite3.Connection, uid: str, field: str, origin: Origin) -> None:
        """Remove one value."""
        connection.execute("DELETE FROM card_values WHERE card = ? AND field = ? AND origin = ?", (uid, field, origin))

    def mark(self, connection: sqlite3.Connection, uid: str, field: str, *, why: str, taken_over: bool) -> None:
        """Say what holds of a field beside its value: why it does not apply ("" where it may), and taken over."""
        connection.execute("DELETE FROM card_marks WHERE card = ? AND field = ?", (uid, field))
        for name, there in ((NOT_APPLICABLE, bool(why)), (_TAKEN_OVER, taken_over)):
            if there:
                connection.execute(
                    "INSERT INTO card_marks (card, field, mark, why) VALUES (?, ?, ?, ?)",
                    (uid, field, name, why if name == NOT_APPLICABLE else ""),
                )

    # ---- edits ----

    def edit(self, uid: str, n: int) -> EditRow | None:
        """The edit with this number."""
        row = self.db.row("SELECT n, what, before, after, at FROM card_edits WHERE card = ? AND n = ?", uid, n)
        return None if row is None else EditRow(**dict(row))

    def around(self, uid: str, cursor: int) -> tuple[str, str]:
        """What the edit to undo is called, and the one to do again; "" where there is none."""
        rows = self.db.rows("SELECT n, what FROM card_edits WHERE card = ? AND n IN (?, ?)", uid, cursor, cursor + 1)
        there = {row[0]: row[1] or "A change" for row in rows}
        return there.get(cursor, ""), there.get(cursor + 1, "")

    def typed(self, uid: str, cursor: int) -> float:
        """When the text that waits to be mended was typed; 0 where no edit says so."""
        found = self.db.value(
            "SELECT max(at) FROM card_edits WHERE card = ? AND n <= ? AND json_extract(after, '$.broken') IS NOT NULL",
            uid,
            cursor,
        )
        return float(found or 0)

    def put_edit(self, connection: sqlite3.Connection, uid: str, row: EditRow, kept: int) -> None:
        """Add an edit: what was undone before it can no longer be done again, and only the newest `kept` stay."""
        connection.execute("DELETE FROM card_edits WHERE card = ? AND (n >= ? OR n <= ?)", (uid, row.n, row.n - kept))
        connection.execute(
            "INSERT INTO card_edits (card, n, what, before, after, at) VALUES (?, ?, ?, ?, ?, ?)",
            (uid, row.n, row.what, row.before, row.after, row.at),
        )

    def drop_edits(self, connection: sqlite3.Connection, uid: str) -> None:
        """Forget how a card's changes are taken back."""
        connection.execute("DELETE FROM card_edits WHERE card = ?", (uid,))

    # ---- numbered versions ----

    def versions(self, uid: str) -> list[CardVersion]:
        """The versions of a card, the newest first."""
        rows = self.db.rows(
            "SELECT card, number, sha256, published, who, note, at FROM card_versions WHERE card = ?"
            " ORDER BY number DESC",
            uid,
        )
        return [_version(row) for row in rows]

    def content(self, uid: str, number: int) -> Any:
        """What a version of a card holds; None where there is no such version."""
        text = self.db.value("SELECT content FROM card_versions WHERE card = ? AND number = ?", uid, number)
        return None if text is None else json.loads(text)

    def put_version(self, connection: sqlite3.Connection, uid: str, content: str, version: CardVersion) -> CardVersion:
        """Add a version of a card under the next number; returns it as it is kept."""
        number = connection.execute(
            "SELECT 1 + coalesce(max(number), 0) FROM card_versions WHERE card = ?", (uid,)
        ).fetchone()[0]
        connection.execute(
            "INSERT INTO card_versions (card, number, content, sha256, published, who, note, at)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (uid, number, content, version.sha256, int(version.published), version.who, version.note, version.at),
        )
        return CardVersion(uid, number, version.sha256, version.published, version.who, version.note, version.at)


def as_json(data: object) -> str:
    """How values are kept."""
    return json.dumps(data, ensure_ascii=False, separators=(",", ":"))


def fields_of(values: Iterable[sqlite3.Row], marks: Iterable[sqlite3.Row]) -> dict[str, FieldState]:
    """Rows of values and marks of one card as the states of its fields."""
    parts: dict[str, dict[str, Any]] = {}
    for row in values:
        parts.setdefault(row["field"], {})[row["origin"]] = value_of(row)
    for row in marks:
        known = parts.setdefault(row["field"], {})
        if row["mark"] == NOT_APPLICABLE:
            known["not_applicable"] = row["why"]
        else:
            known["taken_over"] = True
    return {field: FieldState(field, **known) for field, known in parts.items()}


def value_of(row: sqlite3.Row) -> Value:
    """A row of card_values as a value."""
    return Value(
        json.loads(row["data"]),
        row["unit"],
        cast(Origin, row["origin"]),
        cast(Source, row["source"]),
        json.loads(row["detail"]),
        json.loads(row["rests_on"]),
        row["at"],
    )


def _card(row: sqlite3.Row) -> CardRow:
    return CardRow(**dict(row))


def _version(row: sqlite3.Row) -> CardVersion:
    return CardVersion(**{**dict(row), "published": bool(row["published"])})

"""The registry's own SQL: versions, their adapters, their history, and what cards say of them."""

from __future__ import annotations

import hashlib
import json
import sqlite3
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from forge_desktop.storage import Database
from forge_desktop.students.records_versions import Adapter, Happening, Verdict, Version, VersionState

_VERSIONS = """
    SELECT versions.*, bases.name AS base_name, bases.shipped, adapters.origin, adapters.run
    FROM versions LEFT JOIN bases ON bases.sha256 = versions.base_sha256
    LEFT JOIN adapters ON adapters.sha256 = versions.adapter_sha256
"""
# A number is never given twice, also not after its version was removed: the history goes on speaking of it.
_NEXT = """
    SELECT 1 + max(coalesce((SELECT max(number) FROM versions), 0),
                   coalesce((SELECT max(json_extract(detail, '$.number')) FROM version_history), 0))
"""


def version_uid(
    base: str,
    adapter: str = "",
    scale: float = 1.0,
    template: str = "",
    retrieval: Mapping[str, object] | None = None,
) -> str:
    """The public id of a version: the sha256 of what it is made of."""
    made_of = json.dumps(
        [base, adapter, float(scale), template, dict(retrieval or {})], separators=(",", ":"), sort_keys=True
    )
    return hashlib.sha256(made_of.encode()).hexdigest()


def ensure_version(
    connection: sqlite3.Connection,
    base: str,
    adapter: str = "",
    scale: float = 1.0,
    *,
    template: str = "",
    retrieval: Mapping[str, object] | None = None,
    name: str = "",
    note: str = "",
    what: str = "made",
    who: str = "",
) -> str:
    """The uid of the version that is made of these, within the caller's transaction; a new one is a candidate."""
    settings = dict(retrieval or {})
    uid = version_uid(base, adapter, scale, template, settings)
    if connection.execute("SELECT 1 FROM versions WHERE uid = ?", (uid,)).fetchone() is not None:
        return uid
    now = time.time()
    parent = active_uid(connection)
    connection.execute(
        f"""
        INSERT INTO versions (uid, number, base_sha256, adapter_sha256, scale, template, retrieval, state, parent, name,
                              note, created, changed)
        VALUES (?, ({_NEXT}), ?, ?, ?, ?, ?, 'candidate', ?, ?, ?, ?, ?)
        """,
        (
            uid,
            base,
            adapter,
            float(scale),
            template,
            json.dumps(settings, sort_keys=True),
            parent,
            name,
            note,
            now,
            now,
        ),
    )
    record(connection, uid, what, who=who, why=note)
    return uid


def active_uid(connection: sqlite3.Connection) -> str:
    """The uid of the version that answers, "" for none."""
    found = connection.execute("SELECT uid FROM versions WHERE state = 'active'").fetchone()
    return "" if found is None else str(found[0])


def make_active(connection: sqlite3.Connection, uid: str) -> str:
    """Let this version, and its base, be the active one; the uid of the one before. One of a transaction's steps."""
    before = active_uid(connection)
    now = time.time()
    connection.execute(
        "UPDATE versions SET state = CASE WHEN verdict = 'passed' THEN 'gated' ELSE 'candidate' END, changed = ?"
        " WHERE state = 'active' AND uid <> ?",
        (now, uid),
    )
    connection.execute("UPDATE versions SET state = 'active', changed = ? WHERE uid = ?", (now, uid))
    connection.execute("UPDATE bases SET active = 0 WHERE active = 1")
    connection.execute(
        "UPDATE bases SET active = 1 WHERE sha256 = (SELECT base_sha256 FROM versions WHERE uid = ?)", (uid,)
    )
    return before


def record(
    connection: sqlite3.Connection,
    uid: str,
    what: str,
    *,
    before: str = "",
    who: str = "",
    why: str = "",
    detail: Mapping[str, object] | None = None,
) -> None:
    """Add to the history, within the caller's transaction."""
    row = connection.execute("SELECT number, name FROM versions WHERE uid = ?", (uid,)).fetchone()
    known = {} if row is None else {"number": row[0], "name": row[1]}
    connection.execute(
        "INSERT INTO version_history (version, what, before, who, why, detail, at) VALUES (?, ?, ?, ?, ?, ?, ?)",
        (uid, what, before, who, why, json.dumps({**known, **(detail or {})}), time.time()),
    )


def put_adapter(connection: sqlite3.Connection, values: Mapping[str, object]) -> None:
    """Store an adapter's row, within the caller's transaction; a known one learns where its file's time stands now."""
    names = ", ".join(values)
    marks = ", ".join(f":{name}" for name in values)
    connection.execute(
        f"INSERT INTO adapters ({names}) VALUES ({marks}) ON CONFLICT (sha256) DO UPDATE SET"
        " modified_ns = excluded.modified_ns",
        dict(values),
    )


def set_state(connection: sqlite3.Connection, uid: str, state: VersionState) -> None:
    """Change a version's state, within the caller's transaction."""
    connection.execute("UPDATE versions SET state = ?, changed = ? WHERE uid = ?", (state, time.time(), uid))


def drop_adapter(connection: sqlite3.Connection, sha256: str) -> bool:
    """Remove an adapter that no version uses any more, within the caller's transaction; whether it went."""
    unused = "NOT EXISTS (SELECT 1 FROM versions WHERE adapter_sha256 = adapters.sha256)"
    return connection.execute(f"DELETE FROM adapters WHERE sha256 = ? AND {unused}", (sha256,)).rowcount > 0


def drop_version(connection: sqlite3.Connection, uid: str, why: str, *, who: str = "program") -> None:
    """Remove a version, within the caller's transaction; its history stays."""
    record(connection, uid, "removed", who=who, why=why)
    connection.execute("DELETE FROM versions WHERE uid = ?", (uid,))
    connection.execute("DELETE FROM card_state WHERE version = ?", (uid,))


class Versions:
    """Reads the registry's tables, and holds its small writes; what belongs together in time is put together above."""

    def __init__(self, db: Database, adapters: Path) -> None:
        self.db, self._adapters = db, adapters

    def all(self) -> list[Version]:
        """Every version, the newest first."""
        return [_version(row) for row in self.db.rows(f"{_VERSIONS} ORDER BY versions.number DESC")]

    def get(self, uid: str) -> Version | None:
        """The version with this uid."""
        row = self.db.row(f"{_VERSIONS} WHERE versions.uid = ?", uid)
        return None if row is None else _version(row)

    def active(self) -> Version | None:
        """The version that answers."""
        row = self.db.row(f"{_VERSIONS} WHERE versions.state = 'active'")
        return None if row is None else _version(row)

    def of_adapter(self, sha256: str) -> list[Version]:
        """The versions that use this adapter."""
        return [_version(row) for row in self.db.rows(f"{_VERSIONS} WHERE versions.adapter_sha256 = ?", sha256)]

    def of_base(self, sha256: str) -> list[Version]:
        """The versions that stand on this base."""
        rows = self.db.rows(f"{_VERSIONS} WHERE versions.base_sha256 = ? ORDER BY versions.number", sha256)
        return [_version(row) for row in rows]

    def adapters(self) -> list[Adapter]:
        """Every adapter that is kept, the newest first."""
        return [self._adapter(row) for row in self.db.rows("SELECT * FROM adapters ORDER BY created DESC, sha256")]

    def adapter(self, sha256: str) -> Adapter | None:
        """The adapter with this hash."""
        row = self.db.row("SELECT * FROM adapters WHERE sha256 = ?", sha256)
        return None if row is None else self._adapter(row)

    def modified_ns(self, sha256: str) -> int:
        """The time of an adapter's file when its bytes were last known to be the kept ones."""
        return int(self.db.value("SELECT modified_ns FROM adapters WHERE sha256 = ?", sha256) or 0)

    def history(self, uid: str = "") -> list[Happening]:
        """What happened, the newest first; to one version, or to all."""
        where, values = ("WHERE version = ?", (uid,)) if uid else ("", ())
        return [
            _happening(row) for row in self.db.rows(f"SELECT * FROM version_history {where} ORDER BY id DESC", *values)
        ]

    def steps(self) -> list[Happening]:
        """The happenings that changed which version is active, the oldest first."""
        rows = self.db.rows(
            "SELECT * FROM version_history WHERE what IN ('promoted', 'overridden', 'rolled back') ORDER BY id"
        )
        return [_happening(row) for row in rows]

    def touched(self, sha256: str, modified_ns: int) -> None:
        """The same bytes were found with this time."""
        with self.db.write() as connection:
            connection.execute("UPDATE adapters SET modified_ns = ? WHERE sha256 = ?", (modified_ns, sha256))

    def put_detail(self, sha256: str, changes: Mapping[str, object]) -> None:
        """Keep more about an adapter."""
        with self.db.write() as connection:
            row = connection.execute("SELECT detail FROM adapters WHERE sha256 = ?", (sha256,)).fetchone()
            if row is not None:
                detail = json.dumps({**json.loads(row[0]), **changes})
                connection.execute("UPDATE adapters SET detail = ? WHERE sha256 = ?", (detail, sha256))

    def was_gated(self) -> bool:
        """Whether anything ever went through a gate."""
        return self.db.value("SELECT 1 FROM gates LIMIT 1") is not None

    def was_measured(self, uid: str) -> bool:
        """Whether there is a benchmark of a version."""
        return self.db.value("SELECT 1 FROM measurements WHERE version = ? LIMIT 1", uid) is not None

    def told_last(self) -> dict[str, float]:
        """When the newest gate and the newest benchmark came about, by the versions that they tell something of: of the
        baseline of a gate only where that has none of its own.
        """
        rows = self.db.rows(
            "SELECT v.uid, g.ended FROM gates g JOIN versions v"
            " ON v.uid IN (g.version, json_extract(g.conditions, '$.gated')) OR (v.uid = g.baseline AND v.gate = '')"
            " WHERE g.number = (SELECT max(number) FROM gates WHERE state = 'done')"
            " UNION ALL SELECT * FROM (SELECT version, created FROM measurements ORDER BY created DESC LIMIT 1)"
        )
        found: dict[str, float] = {}
        for uid, at in rows:
            found[uid] = max(found.get(uid, 0.0), at or 0.0)
        return found

    def missing_of_card(self, uid: str) -> tuple[str, ...] | None:
        """The fields that a version's card lacks, as cards said last; None where they said nothing."""
        found = self.db.value("SELECT missing FROM card_state WHERE version = ?", uid)
        return None if found is None else tuple(json.loads(found))

    def put_card(self, uid: str, sha256: str, missing: list[str]) -> None:
        """Keep what cards say."""
        with self.db.write() as connection:
            connection.execute(
                "INSERT INTO card_state VALUES (?, ?, ?, ?) ON CONFLICT (version) DO UPDATE SET"
                " sha256 = excluded.sha256, missing = excluded.missing, changed = excluded.changed",
                (uid, sha256, json.dumps(missing), time.time()),
            )

    def _adapter(self, row: sqlite3.Row) -> Adapter:
        values = {key: row[key] for key in row.keys() if key != "modified_ns"}  # noqa: SIM118 - a Row iterates over values
        path = str(self._adapters / f"{row['sha256']}.gguf")
        return Adapter(**{**values, "path": path, "detail": json.loads(row["detail"])})


def set_verdict(connection: sqlite3.Connection, uid: str, gate: str, verdict: Verdict) -> None:
    """What a gate found, within the caller's transaction: a pass makes a candidate gated, anything else undoes that."""
    connection.execute(
        """
        UPDATE versions SET gate = ?, verdict = ?, changed = ?, state = CASE
            WHEN state IN ('active', 'retired') THEN state WHEN ? = 'passed' THEN 'gated' ELSE 'candidate' END
        WHERE uid = ?
        """,
        (gate, verdict, time.time(), verdict, uid),
    )


def label_of(number: int) -> str:
    """How people call a version by its number."""
    return f"v{number}"


def _version(row: sqlite3.Row) -> Version:
    kept = {key: row[key] for key in ("uid", "number", "state", "base_sha256", "adapter_sha256", "scale", "template")}
    more: dict[str, Any] = {key: row[key] for key in ("verdict", "gate", "parent", "note", "created", "changed")}
    return Version(
        **kept,
        **more,
        label=label_of(row["number"]),
        name=row["name"] or row["base_name"] or "",
        base_name=row["base_name"] or "",
        retrieval=json.loads(row["retrieval"]),
        shipped=bool(row["shipped"]) and not row["adapter_sha256"],
        quarantined=row["origin"] == "imported" and row["verdict"] != "passed",
        run=row["run"] or "",
    )


def _happening(row: sqlite3.Row) -> Happening:
    detail: dict[str, Any] = json.loads(row["detail"])
    number = detail.get("number")
    return Happening(
        version=row["version"],
        label=label_of(number) if isinstance(number, int) else "",
        what=row["what"],
        before=row["before"],
        who=row["who"],
        why=row["why"],
        detail=detail,
        at=row["at"],
    )

"""The SQL of benchmarks: what was measured of a version, where and when."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import asdict

from forge_desktop.storage import Database
from forge_desktop.students.records_measure import Measurement, MeasureWish

_SELECT = (
    "SELECT m.*, coalesce('v' || v.number, substr(m.version, 1, 8)) AS label"
    " FROM measurements m LEFT JOIN versions v ON v.uid = m.version"
)


class Measurements:
    """Reads and writes the table `measurements`."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def add(self, one: Measurement) -> None:
        """Keep a measurement, in one transaction."""
        with self._db.write() as connection:
            connection.execute(
                "INSERT INTO measurements (uid, version, base_sha256, adapter_sha256, scale, build, device, machine,"
                " wish, figures, created) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    one.uid,
                    one.version,
                    one.base_sha256,
                    one.adapter_sha256,
                    one.scale,
                    one.build,
                    one.device,
                    _stored(one.machine),
                    _stored(asdict(one.wish)),
                    _stored(one.figures),
                    one.created,
                ),
            )

    def all(self, version: str = "") -> list[Measurement]:
        """Every measurement, the newest first; of one version (its uid), or all."""
        rows = self._db.rows(
            f"{_SELECT} WHERE m.version = ? OR ? = '' ORDER BY m.created DESC, m.rowid DESC", version, version
        )
        return [_measurement(row) for row in rows]

    def latest(self, version: str) -> Measurement | None:
        """The newest of a version (its uid)."""
        rows = self._db.rows(f"{_SELECT} WHERE m.version = ? ORDER BY m.created DESC, m.rowid DESC LIMIT 1", version)
        return _measurement(rows[0]) if rows else None


def _stored(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def _measurement(row: sqlite3.Row) -> Measurement:
    return Measurement(
        uid=row["uid"],
        version=row["version"],
        label=row["label"],
        base_sha256=row["base_sha256"],
        adapter_sha256=row["adapter_sha256"],
        scale=row["scale"],
        build=row["build"],
        device=row["device"],
        machine=json.loads(row["machine"]),
        wish=MeasureWish(**json.loads(row["wish"])),
        figures=json.loads(row["figures"]),
        created=row["created"],
    )

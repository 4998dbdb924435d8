"""SQL of the batches: their own id at the endpoint is stored before anybody asks how far they are."""

from __future__ import annotations

import dataclasses
import json
import sqlite3
from collections.abc import Mapping
from typing import Any

from forge_desktop.base.errors import ForgeError
from forge_desktop.providers.records import Price, Rates
from forge_desktop.providers.records_batches import RUNNING, Batch
from forge_desktop.storage import Database


class BatchStore:
    """The batches of a database."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def add(self, uid: str, endpoint: str, run: str, lines: int, price: Price, *, reused: int, now: float) -> None:
        """A batch that is about to be handed over, with the price its lines will be settled at."""
        detail = {"price": dataclasses.asdict(price), "reused": reused}
        with self._db.write() as connection:
            connection.execute(
                "INSERT INTO batches(uid, endpoint, state, run, lines, detail, created, changed)"
                " VALUES (?, ?, 'submitting', ?, ?, ?, ?, ?)",
                (uid, endpoint, run, lines, json.dumps(detail), now, now),
            )

    def taken(self, uid: str, remote_id: str, now: float) -> None:
        """The endpoint took it and calls it so."""
        with self._db.write() as connection:
            connection.execute(
                "UPDATE batches SET remote_id = ?, state = 'running', changed = ? WHERE uid = ?", (remote_id, now, uid)
            )

    def move(self, uid: str, stage: str, now: float, *, problem: str = "") -> None:
        """It is in another stage."""
        with self._db.write() as connection:
            detail = json.loads(self._row(uid)["detail"]) | ({"problem": problem} if problem else {})
            connection.execute(
                "UPDATE batches SET state = ?, detail = ?, changed = ? WHERE uid = ?",
                (stage, json.dumps(detail), now, uid),
            )

    def get(self, uid: str) -> Batch:
        """A batch with the counts of its lines. Raises ForgeError where there is none."""
        row = self._row(uid)
        counts = dict(
            self._db.connection.execute(
                "SELECT state, count(*) FROM attempts WHERE batch = ? AND batch <> '' GROUP BY state", (uid,)
            ).fetchall()
        )
        detail = json.loads(row["detail"])
        return Batch(
            uid=uid,
            endpoint=row["endpoint"],
            remote_id=row["remote_id"],
            stage=row["state"],
            run=row["run"],
            lines=row["lines"],
            settled=counts.get("settled", 0),
            released=counts.get("released", 0),
            unknown=counts.get("unknown", 0),
            created=row["created"],
            changed=row["changed"],
            reused=detail.get("reused", 0),
            problem=detail.get("problem", ""),
        )

    def running(self, run: str = "") -> list[str]:
        """The uids of those that are not over, oldest first; of one run, or of all."""
        marks = ", ".join("?" * len(RUNNING))
        rows = self._db.rows(
            f"SELECT uid FROM batches WHERE state IN ({marks}) AND (? = '' OR run = ?) ORDER BY created, uid",
            *RUNNING,
            run,
            run,
        )
        return [row["uid"] for row in rows]

    def price(self, uid: str) -> Price:
        """What its lines cost."""
        found = json.loads(self._row(uid)["detail"])["price"]
        tiers = tuple((above, Rates(**rates)) for above, rates in found["tiers"])
        return Price(
            **(found | {"rates": Rates(**found["rates"]), "highest": Rates(**found["highest"]), "tiers": tiers})
        )

    def open_lines(self, uid: str) -> dict[str, Mapping[str, Any]]:
        """Its attempts that have no end yet, by uid."""
        rows = self._db.rows(
            "SELECT uid, state, worst FROM attempts WHERE batch = ? AND batch <> '' AND state IN ('reserved', 'sent')",
            uid,
        )
        return {row["uid"]: dict(row) for row in rows}

    def lose_left_behind(self, now: float) -> list[str]:
        """Batches that were being handed over when their process ended: nobody knows whether they were taken."""
        left = self._db.rows(
            "SELECT uid FROM batches b WHERE state = 'submitting' AND NOT EXISTS"
            " (SELECT 1 FROM attempts a WHERE a.batch = b.uid AND a.batch <> '' AND a.state IN ('reserved', 'sent'))"
        )
        for row in left:
            self.move(row["uid"], "lost", now, problem="Forge ended before the endpoint said that it took this batch.")
        return [row["uid"] for row in left]

    def _row(self, uid: str) -> sqlite3.Row:
        row = self._db.row("SELECT * FROM batches WHERE uid = ?", uid)
        if row is None:
            raise ForgeError(f"There is no batch {uid}.")
        return row

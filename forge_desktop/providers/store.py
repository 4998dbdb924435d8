"""SQL of endpoints, what was learnt of them, and prices that were typed in."""

from __future__ import annotations

import dataclasses
import json
import sqlite3
from typing import Any

from forge_desktop.base.errors import ForgeError
from forge_desktop.providers.records import Endpoint, Rates
from forge_desktop.storage import Database

_FIELDS = {field.name for field in dataclasses.fields(Endpoint)} - {"uid", "name"}


class EndpointStore:
    """Rows of endpoints, endpoint_state, prices and price_tables; every write is one transaction."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def endpoints(self) -> list[Endpoint]:
        """All of them, by name."""
        rows = self._db.rows("SELECT uid, name, wish FROM endpoints ORDER BY name COLLATE NOCASE, uid")
        return [_endpoint(row) for row in rows]

    def endpoint(self, uid: str) -> Endpoint | None:
        """One by its uid."""
        row = self._db.row("SELECT uid, name, wish FROM endpoints WHERE uid = ?", uid)
        return None if row is None else _endpoint(row)

    def keep(self, endpoint: Endpoint, now: float) -> None:
        """Write one, new or changed."""
        try:
            with self._db.write() as connection:
                connection.execute(
                    "INSERT INTO endpoints(uid, name, wish, created, changed) VALUES (?, ?, ?, ?, ?)"
                    " ON CONFLICT(uid) DO UPDATE SET name = excluded.name, wish = excluded.wish,"
                    " changed = excluded.changed",
                    (endpoint.uid, endpoint.name, _wish(endpoint), now, now),
                )
        except sqlite3.IntegrityError:
            raise ForgeError(
                f"There is an endpoint called {endpoint.name} already.", hint="Choose another name."
            ) from None

    def remove(self, uid: str) -> None:
        """Take one out, with what was learnt of it. The ledger keeps its rows, and so do prices."""
        with self._db.write() as connection:
            connection.execute("DELETE FROM endpoints WHERE uid = ?", (uid,))

    def state(self, uid: str) -> dict[str, Any]:
        """What was learnt of an endpoint; empty where nothing was."""
        text = self._db.value("SELECT state FROM endpoint_state WHERE uid = ?", uid)
        return {} if text is None else dict(json.loads(text))

    def change_state(self, uid: str, changes: dict[str, Any], now: float) -> None:
        """Change values of what was learnt; nothing for an endpoint that is gone."""
        with self._db.write() as connection:
            state = {**self.state(uid), **changes}
            connection.execute(
                "INSERT INTO endpoint_state(uid, state, changed) SELECT uid, ?, ? FROM endpoints WHERE uid = ?"
                " ON CONFLICT(uid) DO UPDATE SET state = excluded.state, changed = excluded.changed",
                (json.dumps(state, sort_keys=True), now, uid),
            )

    def price(self, endpoint: str, day: str) -> tuple[Rates, str, str] | None:
        """What holds on `day` of the prices typed in: rates, sha256, since when."""
        row = self._db.row(
            "SELECT rates, sha256, since FROM prices WHERE endpoint = ? AND since <= ?"
            " ORDER BY since DESC, id DESC LIMIT 1",
            endpoint,
            day,
        )
        return None if row is None else (Rates(**json.loads(row["rates"])), row["sha256"], row["since"])

    def prices(self, endpoint: str) -> list[tuple[Rates, str]]:
        """All prices typed in for an endpoint with their days, the newest first."""
        rows = self._db.rows(
            "SELECT rates, since FROM prices WHERE endpoint = ? ORDER BY since DESC, id DESC", endpoint
        )
        return [(Rates(**json.loads(row["rates"])), row["since"]) for row in rows]

    def keep_price(self, endpoint: str, rates: Rates, sha256: str, since: str, now: float) -> None:
        """Add a price; earlier ones stay for the days they held."""
        with self._db.write() as connection:
            connection.execute(
                "INSERT INTO prices(endpoint, rates, sha256, since, created) VALUES (?, ?, ?, ?, ?)",
                (endpoint, json.dumps(dataclasses.asdict(rates), sort_keys=True), sha256, since, now),
            )

    def keep_table(self, sha256: str, text: str, now: float) -> None:
        """Keep a price table for as long as a row of the ledger may name it."""
        if self._db.value("SELECT 1 FROM price_tables WHERE sha256 = ?", sha256) is None:
            with self._db.write() as connection:
                connection.execute("INSERT OR IGNORE INTO price_tables VALUES (?, ?, ?)", (sha256, text, now))


def _wish(endpoint: Endpoint) -> str:
    fields = dataclasses.asdict(endpoint)
    return json.dumps({name: fields[name] for name in sorted(_FIELDS)})


def _endpoint(row: sqlite3.Row) -> Endpoint:
    wish = json.loads(row["wish"])
    known: dict[str, Any] = {n: tuple(v) if isinstance(v, list) else v for n, v in wish.items() if n in _FIELDS}
    return Endpoint(uid=row["uid"], name=row["name"], **known)

"""What people wished and what was measured, remembered: wishes by model, speeds by build, device and model."""

from __future__ import annotations

import json
import time
from dataclasses import asdict

from forge_desktop.engine.records_plan import PlanWish, Timing
from forge_desktop.storage import Database


class Wishes:
    """How a person wants models laid out, where that is not what the settings say."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._known: dict[str, PlanWish | None] = {}  # asked before every answer

    def find(self, sha256: str) -> PlanWish | None:
        """The wish for this model, or None."""
        if sha256 not in self._known:
            self._known[sha256] = self._read(sha256)
        return self._known[sha256]

    def keep(self, sha256: str, wish: PlanWish | None) -> None:
        """Remember it, or forget it."""
        with self._db.write() as connection:
            connection.execute("DELETE FROM engine_wishes WHERE model_sha256 = ?", (sha256,))
            if wish is not None:
                connection.execute(
                    "INSERT INTO engine_wishes (model_sha256, wish, changed) VALUES (?, ?, ?)",
                    (sha256, json.dumps(asdict(wish)), time.time()),
                )
        self._known[sha256] = wish

    def _read(self, sha256: str) -> PlanWish | None:
        row = self._db.row("SELECT wish FROM engine_wishes WHERE model_sha256 = ?", sha256)
        if row is None:
            return None
        try:
            told = json.loads(row["wish"])
            return PlanWish(**{**told, "split": tuple(told.get("split", ()))})
        except (ValueError, TypeError):  # written by a newer version: the settings hold
            return None


class Timings:
    """Speeds measured with a model on a device, by llama.cpp build and offloaded layers."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def find(self, build: str, device: str, sha256: str, gpu_layers: int) -> Timing | None:
        """What was measured in this configuration, or None."""
        row = self._db.row(
            "SELECT * FROM engine_timings WHERE build = ? AND device = ? AND model_sha256 = ? AND gpu_layers = ?",
            build,
            device,
            sha256,
            gpu_layers,
        )
        return None if row is None else _timing(row)

    def all(self) -> list[Timing]:
        """Every measurement, newest first."""
        return [_timing(row) for row in self._db.rows("SELECT * FROM engine_timings ORDER BY measured DESC")]

    def keep(self, build: str, timing: Timing) -> None:
        """Remember it in place of an earlier one."""
        with self._db.write() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO engine_timings (build, device, model_sha256, model, gpu_layers, flash, threads,"
                " prompt_rate, rate, measured) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    build,
                    timing.device,
                    timing.model_sha256,
                    timing.model,
                    timing.gpu_layers,
                    int(timing.flash),
                    timing.threads,
                    timing.prompt_tokens_per_second,
                    timing.tokens_per_second,
                    timing.measured,
                ),
            )


def _timing(row: object) -> Timing:
    values = dict(row)  # type: ignore[call-overload]
    return Timing(
        model_sha256=values["model_sha256"],
        model=values["model"],
        device=values["device"],
        gpu_layers=values["gpu_layers"],
        flash=bool(values["flash"]),
        threads=values["threads"],
        prompt_tokens_per_second=values["prompt_rate"],
        tokens_per_second=values["rate"],
        measured=values["measured"],
    )

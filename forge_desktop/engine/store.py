"""What a device was found to need, remembered: the engine's own SQL."""

from __future__ import annotations

import time
from dataclasses import dataclass

from forge_desktop.storage import Database


@dataclass(frozen=True)
class Rung:
    """One way to load: with or without repacked weights, with or without a GPU."""

    extra_bufts: bool
    gpu: bool


class Flags:
    """Which rung of the ladder works, per llama.cpp build, device and model."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def find(self, build: str, device: str, sha256: str) -> Rung | None:
        """The rung that worked after a crash, or None when plain loading was never seen to fail."""
        row = self._db.row(
            "SELECT extra_bufts, gpu FROM engine_flags WHERE build = ? AND device = ? AND model_sha256 = ?",
            build,
            device,
            sha256,
        )
        return None if row is None else Rung(bool(row["extra_bufts"]), bool(row["gpu"]))

    def remember(self, build: str, device: str, sha256: str, rung: Rung) -> None:
        """Start with this rung from now on."""
        with self._db.write() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO engine_flags (build, device, model_sha256, extra_bufts, gpu, noted)"
                " VALUES (?, ?, ?, ?, ?, ?)",
                (build, device, sha256, int(rung.extra_bufts), int(rung.gpu), time.time()),
            )

"""What a device was found to need, remembered: the engine's own SQL."""

from __future__ import annotations

import time
from dataclasses import dataclass

from forge_desktop.storage import Database


@dataclass(frozen=True)
class Rung:
    """One way to load: with or without repacked weights, with or without a GPU.

    `layers` on the GPU, -1 for as many as are planned; `kv_on_gpu` False keeps the cache in the computer's memory.
    """

    extra_bufts: bool
    gpu: bool
    layers: int = -1
    kv_on_gpu: bool = True


class Flags:
    """Which rung of the ladder works, per llama.cpp build, device and model (or backend pack, by its sha256)."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def find(self, build: str, device: str, sha256: str) -> Rung | None:
        """The rung that worked after a crash, or None when plain loading was never seen to fail."""
        row = self._db.row(
            "SELECT extra_bufts, gpu, gpu_layers, kv_on_gpu FROM engine_flags"
            " WHERE build = ? AND device = ? AND model_sha256 = ?",
            build,
            device,
            sha256,
        )
        if row is None:
            return None
        return Rung(bool(row["extra_bufts"]), bool(row["gpu"]), row["gpu_layers"], bool(row["kv_on_gpu"]))

    def remember(self, build: str, device: str, sha256: str, rung: Rung) -> None:
        """Start with this rung from now on."""
        with self._db.write() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO engine_flags"
                " (build, device, model_sha256, extra_bufts, gpu, gpu_layers, kv_on_gpu, noted)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    build,
                    device,
                    sha256,
                    int(rung.extra_bufts),
                    int(rung.gpu),
                    rung.layers,
                    int(rung.kv_on_gpu),
                    time.time(),
                ),
            )

    def forget(self, sha256: str) -> None:
        """Try everything again: a person wishes another layout."""
        with self._db.write() as connection:
            connection.execute("DELETE FROM engine_flags WHERE model_sha256 = ?", (sha256,))

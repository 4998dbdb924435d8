"""Tables of engine: what a device was found to need."""

import sqlite_utils


def migrate(db: sqlite_utils.Database) -> None:
    """Create them. One row per llama.cpp build, device and model whose plain loading killed the child."""
    db.conn.execute(
        """
        CREATE TABLE engine_flags (
            build TEXT NOT NULL,
            device TEXT NOT NULL,
            model_sha256 TEXT NOT NULL,
            extra_bufts INTEGER NOT NULL CHECK (extra_bufts IN (0, 1)),
            gpu INTEGER NOT NULL CHECK (gpu IN (0, 1)),
            noted REAL NOT NULL,
            PRIMARY KEY (build, device, model_sha256)
        ) STRICT
        """
    )

"""Tables of students: bases and which one is active."""

import sqlite_utils


def migrate(db: sqlite_utils.Database) -> None:
    """Create them. `path` is os.fsencode'd; at most one row is active."""
    db.conn.execute(
        """
        CREATE TABLE bases (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            name TEXT NOT NULL,
            path BLOB NOT NULL,
            sha256 TEXT NOT NULL UNIQUE,
            active INTEGER NOT NULL DEFAULT 0 CHECK (active IN (0, 1)),
            shipped INTEGER NOT NULL DEFAULT 0 CHECK (shipped IN (0, 1)),
            architecture TEXT NOT NULL,
            parameters INTEGER NOT NULL,
            quantisation TEXT NOT NULL,
            context INTEGER NOT NULL,
            layers INTEGER NOT NULL,
            vocabulary INTEGER NOT NULL,
            template TEXT NOT NULL,
            file_bytes INTEGER NOT NULL,
            modified_ns INTEGER NOT NULL,
            imported REAL NOT NULL
        ) STRICT
        """
    )
    db.conn.execute("CREATE UNIQUE INDEX bases_active ON bases (active) WHERE active = 1")

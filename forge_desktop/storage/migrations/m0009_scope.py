"""Columns of chat: which collections a question was asked in, and which passages a source was made of."""

import sqlite_utils

_STATEMENTS = (
    # JSON list of collections' uids; empty: all documents.
    "ALTER TABLE messages ADD COLUMN collections TEXT NOT NULL DEFAULT '[]'",
    # JSON list of [passage id, start, end, page, whether the search found it]; empty: the source is one passage.
    "ALTER TABLE sources ADD COLUMN parts TEXT NOT NULL DEFAULT '[]'",
)


def migrate(db: sqlite_utils.Database) -> None:
    """Add them; what was asked before was asked in all documents."""
    for statement in _STATEMENTS:
        db.conn.execute(statement)

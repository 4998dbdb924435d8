"""Tables of retrieval: the languages that the search index has met."""

import sqlite_utils


def migrate(db: sqlite_utils.Database) -> None:
    """Create them. `passages` of a language counts all that were ever added since the index was made."""
    db.conn.execute("CREATE TABLE index_languages (language TEXT PRIMARY KEY, passages INTEGER NOT NULL) WITHOUT ROWID")

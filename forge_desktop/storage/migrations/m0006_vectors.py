"""Tables of retrieval: vectors with storage of their own, and the languages that the search index has met."""

import sqlite_utils

_STATEMENTS = (
    # `generation` grows with every change, so caches know when to look.
    "CREATE TABLE vector_state (id INTEGER PRIMARY KEY CHECK (id = 1), generation INTEGER NOT NULL)",
    "INSERT INTO vector_state VALUES (1, 0)",
    # Who made vectors. passages: exactly how many living ones; ready: whether it once had all, and so may answer.
    """CREATE TABLE embedders (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        identity TEXT NOT NULL UNIQUE,
        dimensions INTEGER NOT NULL,
        passages INTEGER NOT NULL,
        ready INTEGER NOT NULL CHECK (ready IN (0, 1))
    )""",
    # Up to 65,536 passages of one embedder, never changed once written: runs of ids and sign bits.
    """CREATE TABLE vector_segments (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        embedder INTEGER NOT NULL REFERENCES embedders (id),
        passages INTEGER NOT NULL,
        first_passage INTEGER NOT NULL,
        last_passage INTEGER NOT NULL,
        checksum INTEGER NOT NULL,
        passage_ids BLOB NOT NULL,
        signs BLOB NOT NULL
    )""",
    """CREATE TABLE vector_tombstones (
        segment INTEGER PRIMARY KEY REFERENCES vector_segments (id) ON DELETE CASCADE,
        passages INTEGER NOT NULL,
        bitmap BLOB NOT NULL
    )""",
    # A vector of signed bytes; id = embedder << 40 | passage. A search reads a few hundred.
    "CREATE TABLE vector_rows (id INTEGER PRIMARY KEY, checksum INTEGER NOT NULL, body BLOB NOT NULL)",
    # passages: all of that language that were ever added since the index was made.
    "CREATE TABLE index_languages (language TEXT PRIMARY KEY, passages INTEGER NOT NULL) WITHOUT ROWID",
)


def migrate(db: sqlite_utils.Database) -> None:
    """Create them and drop the vectors of the earlier storage: they are made anew from the stored texts."""
    for statement in _STATEMENTS:
        db.conn.execute(statement)
    db.conn.execute("DROP TABLE vectors")

"""Tables of corpus: the search index in another form; it is made again from the stored texts."""

import sqlite_utils

_STATEMENTS = (
    "DROP TABLE tombstones",
    "DROP TABLE segments",
    "DROP TABLE postings",
    "DELETE FROM vectors",
    # What was indexed before counts as the work of another analyser until all of it is indexed again. `renewed`: the
    # passages up to this id are of the new versions; NULL while nothing is being renewed.
    "ALTER TABLE index_state ADD COLUMN renewed INTEGER",
    "ALTER TABLE index_state ADD COLUMN renewing TEXT NOT NULL DEFAULT ''",
    "UPDATE index_state SET generation = generation + 1, passages = 0, tokens = 0, embedder = '',"
    " analyser = CASE WHEN EXISTS (SELECT 1 FROM passages) THEN 'none' ELSE '' END",
    # Never changed once searched. state: 0 = being written by a merge, 1 = searched, 2 = being dropped.
    # AUTOINCREMENT: an id seen by a reader is never used again. The arrays are described in corpus/retrieval/store.py.
    """CREATE TABLE segments (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        state INTEGER NOT NULL,
        analyser TEXT NOT NULL,
        passages INTEGER NOT NULL,
        first_passage INTEGER NOT NULL,
        last_passage INTEGER NOT NULL,
        blocks INTEGER NOT NULL,
        checksum INTEGER NOT NULL,
        codes BLOB NOT NULL,
        ids BLOB NOT NULL,
        directory BLOB NOT NULL,
        lengths BLOB NOT NULL
    )""",
    # block: segment << 24 | number. Long lists stand alone, and their columns are read when they are needed.
    """CREATE TABLE postings (
        block INTEGER PRIMARY KEY,
        checksum INTEGER NOT NULL,
        alone INTEGER NOT NULL,
        heads BLOB NOT NULL,
        codes BLOB NOT NULL,
        passages BLOB NOT NULL,
        places BLOB NOT NULL
    )""",
    """CREATE TABLE tombstones (
        segment INTEGER PRIMARY KEY REFERENCES segments (id) ON DELETE CASCADE,
        passages INTEGER NOT NULL,
        checksum INTEGER NOT NULL,
        bitmap BLOB NOT NULL
    )""",
    # The merge that is going on: which segments become `segment`, and from which term on they still have to.
    """CREATE TABLE merges (
        segment INTEGER PRIMARY KEY REFERENCES segments (id) ON DELETE CASCADE,
        sources TEXT NOT NULL,
        following INTEGER NOT NULL,
        directory BLOB NOT NULL
    )""",
)


def migrate(db: sqlite_utils.Database) -> None:
    """Create them; documents, texts and passages stay as they are."""
    for statement in _STATEMENTS:
        db.conn.execute(statement)

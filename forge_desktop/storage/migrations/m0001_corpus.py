"""Tables of corpus: roots, documents, texts, passages, segments, postings, vectors."""

import sqlite_utils


def migrate(db: sqlite_utils.Database) -> None:
    """Create them."""
    _retrieval_tables(db)


# ---- the search index: written and read only by corpus/retrieval -----------------------------------------------------


def _retrieval_tables(db: sqlite_utils.Database) -> None:
    """Counters, immutable segments with their postings, tombstones, and one vector a passage."""
    for statement in (
        # Exact totals over the surviving passages; `generation` grows with every change, so caches know when to look.
        """CREATE TABLE index_state (
            id INTEGER PRIMARY KEY CHECK (id = 1),
            generation INTEGER NOT NULL,
            passages INTEGER NOT NULL,
            tokens INTEGER NOT NULL,
            analyser TEXT NOT NULL,
            embedder TEXT NOT NULL
        )""",
        "INSERT INTO index_state VALUES (1, 0, 0, 0, '', '')",
        # Up to 65,536 passages, never changed once written. AUTOINCREMENT: an id seen by a reader is never used again.
        """CREATE TABLE segments (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            passages INTEGER NOT NULL,
            first_passage INTEGER NOT NULL,
            last_passage INTEGER NOT NULL,
            first_block INTEGER NOT NULL,
            blocks INTEGER NOT NULL,
            checksum INTEGER NOT NULL,
            passage_ids BLOB NOT NULL,
            lengths BLOB NOT NULL,
            directory BLOB NOT NULL,
            signs BLOB NOT NULL
        )""",
        # A block holds the lists of neighbouring terms. `places` comes last: queries never read its pages.
        """CREATE TABLE postings (
            block INTEGER PRIMARY KEY,
            checksum INTEGER NOT NULL,
            lists BLOB NOT NULL,
            places BLOB NOT NULL
        )""",
        """CREATE TABLE tombstones (
            segment INTEGER PRIMARY KEY REFERENCES segments (id) ON DELETE CASCADE,
            passages INTEGER NOT NULL,
            bitmap BLOB NOT NULL
        )""",
        """CREATE TABLE vectors (
            passage INTEGER PRIMARY KEY,
            embedder TEXT NOT NULL,
            checksum INTEGER NOT NULL,
            body BLOB NOT NULL
        )""",
    ):
        db.conn.execute(statement)

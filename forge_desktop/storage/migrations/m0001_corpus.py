"""Tables of corpus: roots, documents, texts, passages, segments, postings, vectors."""

import sqlite_utils

DOCUMENTS = (
    # Folders and files the user added. device and inode tell an unmounted folder from an emptied one.
    """CREATE TABLE roots (
        path BLOB PRIMARY KEY,
        device INTEGER NOT NULL,
        inode INTEGER NOT NULL,
        added REAL NOT NULL
    ) WITHOUT ROWID""",
    # What the user removed from the index although the file still lies under a root.
    "CREATE TABLE excluded (path BLOB PRIMARY KEY) WITHOUT ROWID",
    "CREATE TABLE removals (id INTEGER PRIMARY KEY AUTOINCREMENT, at REAL NOT NULL)",
    # recipe: how the present outcome came about (parser version, splitting, limits); empty = try again.
    # removal: set while a removal can still be undone.
    """CREATE TABLE documents (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        path BLOB NOT NULL UNIQUE,
        name TEXT NOT NULL,
        folded TEXT NOT NULL,
        format TEXT NOT NULL,
        state TEXT NOT NULL CHECK (state IN ('pending', 'indexed', 'failed')),
        reason TEXT NOT NULL DEFAULT '',
        size INTEGER NOT NULL DEFAULT 0,
        mtime_ns INTEGER NOT NULL DEFAULT 0,
        sha256 TEXT NOT NULL DEFAULT '',
        recipe TEXT NOT NULL DEFAULT '',
        characters INTEGER NOT NULL DEFAULT 0,
        passages INTEGER NOT NULL DEFAULT 0,
        added REAL NOT NULL,
        indexed REAL,
        removal INTEGER REFERENCES removals (id)
    )""",
    # Partial, so that "removal IS NULL" never wins over a look-up by id; they hold removal to cover their queries.
    "CREATE INDEX documents_by_state ON documents (state, passages, size, indexed, removal) WHERE removal IS NULL",
    "CREATE INDEX documents_by_name ON documents (folded, removal) WHERE removal IS NULL",
    "CREATE INDEX documents_by_removal ON documents (removal) WHERE removal IS NOT NULL",
    "CREATE INDEX documents_by_sha256 ON documents (sha256)",
    # The stored text in parts of a fixed number of characters, each with its own hash.
    """CREATE TABLE texts (
        document_id INTEGER NOT NULL REFERENCES documents (id) ON DELETE CASCADE,
        part INTEGER NOT NULL,
        text TEXT NOT NULL,
        sha256 BLOB NOT NULL,
        PRIMARY KEY (document_id, part)
    )""",
    # pages: JSON list of the offset where each page starts; sha256 covers the passages' places.
    """CREATE TABLE outlines (
        document_id INTEGER PRIMARY KEY REFERENCES documents (id) ON DELETE CASCADE,
        pages TEXT NOT NULL,
        sha256 BLOB NOT NULL
    )""",
    """CREATE TABLE passages (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        document_id INTEGER NOT NULL REFERENCES documents (id) ON DELETE CASCADE,
        start INTEGER NOT NULL,
        end INTEGER NOT NULL,
        page INTEGER,
        heading TEXT NOT NULL,
        first_line INTEGER NOT NULL,
        last_line INTEGER NOT NULL
    )""",
    "CREATE INDEX passages_by_document ON passages (document_id, start)",
)


def migrate(db: sqlite_utils.Database) -> None:
    """Create them."""
    for statement in DOCUMENTS:
        db.conn.execute(statement)
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

"""Tables of collections: their policies, folders and members, and what folder sync has to ask."""

import sqlite_utils

_STATEMENTS = (
    # include, exclude: JSON lists of gitignore-like patterns. max_megabytes 0: only the setting's limit.
    # standing: the collection that always exists. removal: set while its deletion can still be undone.
    """CREATE TABLE collections (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        uid TEXT NOT NULL UNIQUE,
        name TEXT NOT NULL,
        folded TEXT NOT NULL,
        include TEXT NOT NULL DEFAULT '[]',
        exclude TEXT NOT NULL DEFAULT '[]',
        max_megabytes INTEGER NOT NULL DEFAULT 0,
        hidden INTEGER NOT NULL DEFAULT 0 CHECK (hidden IN (0, 1)),
        follow_links INTEGER NOT NULL DEFAULT 0 CHECK (follow_links IN (0, 1)),
        never_send INTEGER NOT NULL DEFAULT 0 CHECK (never_send IN (0, 1)),
        standing INTEGER NOT NULL DEFAULT 0 CHECK (standing IN (0, 1)),
        created REAL NOT NULL,
        removal INTEGER REFERENCES removals (id)
    )""",
    "CREATE UNIQUE INDEX collections_by_name ON collections (folded) WHERE removal IS NULL",
    "CREATE UNIQUE INDEX collections_standing ON collections (standing) WHERE standing = 1",
    # A folder may stand in several collections; `roots` says which folder it was. synced: last looked through wholly.
    """CREATE TABLE collection_roots (
        collection INTEGER NOT NULL REFERENCES collections (id) ON DELETE CASCADE,
        path BLOB NOT NULL REFERENCES roots (path) ON DELETE CASCADE,
        synced REAL,
        removal INTEGER REFERENCES removals (id),
        PRIMARY KEY (collection, path)
    ) WITHOUT ROWID""",
    "CREATE INDEX collection_roots_by_path ON collection_roots (path)",
    # Documents and passages are stored once, however many collections hold them.
    """CREATE TABLE members (
        document_id INTEGER NOT NULL REFERENCES documents (id) ON DELETE CASCADE,
        collection INTEGER NOT NULL REFERENCES collections (id) ON DELETE CASCADE,
        removal INTEGER REFERENCES removals (id),
        PRIMARY KEY (document_id, collection)
    ) WITHOUT ROWID""",
    "CREATE INDEX members_by_collection ON members (collection, document_id, removal)",
    "CREATE INDEX members_by_removal ON members (removal) WHERE removal IS NOT NULL",
    # The memberships that count: neither they nor their collection are taken out.
    """CREATE VIEW memberships AS
        SELECT m.document_id, m.collection FROM members m JOIN collections c ON c.id = m.collection
        WHERE m.removal IS NULL AND c.removal IS NULL""",
    """CREATE TABLE sync_questions (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        root BLOB NOT NULL UNIQUE,
        kind TEXT NOT NULL CHECK (kind IN ('vanished', 'mass_deletion')),
        total INTEGER NOT NULL,
        since REAL NOT NULL
    )""",
    # Documents whose files are gone and that are kept: until the question is answered, or, without one, for good.
    """CREATE TABLE missing (
        document_id INTEGER PRIMARY KEY REFERENCES documents (id) ON DELETE CASCADE,
        question INTEGER REFERENCES sync_questions (id)
    )""",
    "CREATE INDEX missing_by_question ON missing (question)",
    "INSERT INTO collections (uid, name, folded, standing, created) VALUES"
    " (lower(hex(randomblob(16))), 'Documents', 'documents', 1, strftime('%s', 'now'))",
    "INSERT INTO collection_roots (collection, path) SELECT c.id, r.path FROM collections c, roots r",
    "INSERT INTO members (document_id, collection) SELECT d.id, c.id FROM documents d, collections c",
)


def migrate(db: sqlite_utils.Database) -> None:
    """Create them; everything there was belongs to the collection "Documents"."""
    for statement in _STATEMENTS:
        db.conn.execute(statement)

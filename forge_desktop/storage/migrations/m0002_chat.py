"""Tables of chat: conversations, messages, sources."""

import sqlite_utils

_STATEMENTS = (
    # shown_child: the first message shown; deleted: the token of the deletion that can still be undone.
    # folded: what search looks at (title or text, NFKC and case folded).
    """
    CREATE TABLE conversations (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        uid TEXT NOT NULL UNIQUE,
        title TEXT NOT NULL,
        folded TEXT NOT NULL,
        created REAL NOT NULL,
        updated REAL NOT NULL,
        snippet TEXT NOT NULL DEFAULT '',
        shown_child INTEGER,
        deleted INTEGER
    )
    """,
    "CREATE INDEX conversations_updated ON conversations (updated)",
    # text: what is shown; raw: what the student wrote; turn: the exact parts a question became in its prompt (zlib,
    # JSON); seen: what the model saw (zlib, JSON); history_from: the question from which on the prompt kept history.
    """
    CREATE TABLE messages (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        uid TEXT NOT NULL UNIQUE,
        conversation_id INTEGER NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
        parent_id INTEGER REFERENCES messages (id) ON DELETE CASCADE,
        role TEXT NOT NULL CHECK (role IN ('user', 'assistant')),
        text TEXT NOT NULL,
        raw TEXT NOT NULL DEFAULT '',
        folded TEXT NOT NULL DEFAULT '',
        state TEXT NOT NULL,
        problem TEXT NOT NULL DEFAULT '',
        created REAL NOT NULL,
        grounding TEXT NOT NULL,
        shown_child INTEGER,
        history_from INTEGER,
        sentences TEXT NOT NULL DEFAULT '[]',
        provenance TEXT NOT NULL DEFAULT '{}',
        turn BLOB,
        seen BLOB
    )
    """,
    "CREATE INDEX messages_conversation ON messages (conversation_id, id)",
    "CREATE INDEX messages_parent ON messages (parent_id)",
    "CREATE INDEX messages_writing ON messages (id) WHERE state = 'writing'",
    # The passage as it was offered, copied, so that it outlives its document; "start" and "end" are the narrower
    # place that supports the answer. Offsets count code points of the document's stored text.
    """
    CREATE TABLE sources (
        message_id INTEGER NOT NULL REFERENCES messages (id) ON DELETE CASCADE,
        n INTEGER NOT NULL,
        path BLOB NOT NULL,
        document_sha256 TEXT NOT NULL,
        passage_id INTEGER NOT NULL,
        passage_start INTEGER NOT NULL,
        passage_text TEXT NOT NULL,
        passage_line INTEGER NOT NULL,
        start INTEGER NOT NULL,
        "end" INTEGER NOT NULL,
        page INTEGER,
        heading TEXT NOT NULL,
        first_line INTEGER NOT NULL,
        last_line INTEGER NOT NULL,
        score REAL NOT NULL,
        bm25_rank INTEGER,
        vector_rank INTEGER,
        cited INTEGER NOT NULL,
        PRIMARY KEY (message_id, n)
    )
    """,
    "CREATE INDEX sources_document ON sources (document_sha256)",
    # A secret of this database: nobody who writes a document can foresee the marks that stand around it in a prompt.
    "CREATE TABLE mark_key (key BLOB NOT NULL)",
    "INSERT INTO mark_key VALUES (randomblob(32))",
)


def migrate(db: sqlite_utils.Database) -> None:
    """Create them."""
    for statement in _STATEMENTS:
        db.conn.execute(statement)

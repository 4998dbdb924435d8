"""Columns and totals of corpus: the language, tokens and bytes of each document's text; a student's token sizes."""

import sqlite_utils

_STATEMENTS = (
    # language: ISO 639-1, '' unknown. tokens: about how many, by the ratios in force. text_bytes: of the stored text.
    "ALTER TABLE documents ADD COLUMN language TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE documents ADD COLUMN tokens INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE documents ADD COLUMN text_bytes INTEGER NOT NULL DEFAULT 0",
    "UPDATE documents SET tokens = characters * 100 / 453, text_bytes = coalesce("
    "(SELECT sum(length(CAST(text AS BLOB))) FROM texts WHERE document_id = documents.id), 0) WHERE characters > 0",
    "CREATE INDEX documents_by_indexed ON documents (indexed) WHERE removal IS NULL",
    # JSON object, script class to characters a token; `student` is the sha256 of whose tokeniser they are.
    """CREATE TABLE token_sizes (
        id INTEGER PRIMARY KEY CHECK (id = 1),
        student TEXT NOT NULL,
        ratios TEXT NOT NULL
    )""",
    # Bytes of the search index and the vectors, counted at the end of each index run.
    "CREATE TABLE disk_sizes (part TEXT PRIMARY KEY, bytes INTEGER NOT NULL) WITHOUT ROWID",
    # Sums over the documents that are not taken out, kept exact by triggers: summing up 100,000 rows takes too long.
    """CREATE TABLE document_totals (
        state TEXT NOT NULL,
        language TEXT NOT NULL,
        documents INTEGER NOT NULL,
        passages INTEGER NOT NULL,
        tokens INTEGER NOT NULL,
        size INTEGER NOT NULL,
        text_bytes INTEGER NOT NULL,
        PRIMARY KEY (state, language)
    ) WITHOUT ROWID""",
    "INSERT INTO document_totals SELECT state, language, count(*), sum(passages), sum(tokens), sum(size),"
    " sum(text_bytes) FROM documents WHERE removal IS NULL GROUP BY state, language",
)
_SUMMED = ("passages", "tokens", "size", "text_bytes")


def _count(row: str, sign: str) -> str:
    values = ", ".join(f"{sign}{row}.{column}" for column in _SUMMED)
    sums = ", ".join(f"{column} = {column} + excluded.{column}" for column in ("documents", *_SUMMED))
    return (
        f"INSERT INTO document_totals SELECT {row}.state, {row}.language, {sign}1, {values} WHERE {row}.removal IS NULL"
        f" ON CONFLICT (state, language) DO UPDATE SET {sums};"
    )


def migrate(db: sqlite_utils.Database) -> None:
    """Add them; what was read before has no language until it is read again."""
    for statement in _STATEMENTS:
        db.conn.execute(statement)
    watched = ", ".join(("state", "language", "removal", *_SUMMED))
    for name, event, counts in (
        ("added", "INSERT", _count("NEW", "")),
        ("gone", "DELETE", _count("OLD", "-")),
        ("changed", f"UPDATE OF {watched}", _count("OLD", "-") + _count("NEW", "")),
    ):
        db.conn.execute(f"CREATE TRIGGER document_totals_{name} AFTER {event} ON documents BEGIN {counts} END")

"""Tables of corpus: roots, documents, texts, passages, segments, postings, vectors."""

import sqlite_utils


def migrate(db: sqlite_utils.Database) -> None:
    """Create them."""

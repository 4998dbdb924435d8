"""Tables of chat: conversations, messages, sources."""

import sqlite_utils


def migrate(db: sqlite_utils.Database) -> None:
    """Create them."""

"""Tables of students: bases and which one is active."""

import sqlite_utils


def migrate(db: sqlite_utils.Database) -> None:
    """Create them."""

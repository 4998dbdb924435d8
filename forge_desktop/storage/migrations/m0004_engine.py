"""Tables of engine: what a device was found to need."""

import sqlite_utils


def migrate(db: sqlite_utils.Database) -> None:
    """Create them."""

"""Every SQL statement about the languages that passages were analysed in."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping

_LEAST_SHARE = 0.01  # of the passages; a language seldom met is more likely mistaken than asked in


def count_in(connection: sqlite3.Connection, languages: Mapping[str, int]) -> None:
    """Add passages of these languages. They are not taken away again: terms of a language that no passage has any more
    find nothing and cost nothing."""
    connection.executemany(
        "INSERT INTO index_languages VALUES (?, ?)"
        " ON CONFLICT (language) DO UPDATE SET passages = passages + excluded.passages",
        languages.items(),
    )


def spoken(connection: sqlite3.Connection, passages: int) -> list[str]:
    """The languages that a question is to be analysed in, for an index of so many passages."""
    sql = "SELECT language FROM index_languages WHERE passages >= ? ORDER BY language"
    return [row[0] for row in connection.execute(sql, (passages * _LEAST_SHARE,))]


def met(connection: sqlite3.Connection) -> list[str]:
    """Every language that passages were analysed in, however few."""
    return [row[0] for row in connection.execute("SELECT language FROM index_languages ORDER BY language")]


def clear(connection: sqlite3.Connection) -> None:
    """Forget all of them."""
    connection.execute("DELETE FROM index_languages")

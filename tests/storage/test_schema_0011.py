"""A database of the tenth schema: everything is kept, and the tables of teachers and lessons are there and empty."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

import pytest

from forge_desktop.storage import Database

SCHEMA = Path(__file__).resolve().parents[1] / "data" / "schemas" / "m0010.db"
EMPTY = ("endpoints", "attempts", "ledger_events", "answers", "tasks", "pairs", "evidence", "suites", "datasets")


def test_everything_is_kept_and_nothing_was_spent(data_dir: Path) -> None:
    path = data_dir / "forge.db"
    shutil.copyfile(SCHEMA, path)
    db = Database(path)
    try:
        assert db.value("SELECT count(*) FROM documents") == 2
        assert db.value("SELECT text FROM messages ORDER BY id") == "How long may a book be borrowed?"
        for table in EMPTY:
            assert db.value(f"SELECT count(*) FROM {table}") == 0
        assert db.damage() == []
    finally:
        db.close()


@pytest.mark.parametrize("change", ["UPDATE ledger_events SET line = 'x'", "DELETE FROM ledger_events"])
def test_the_ledger_only_grows(data_dir: Path, change: str) -> None:
    db = Database(data_dir / "forge.db")
    try:
        with db.write() as connection:
            connection.execute("INSERT INTO ledger_events (line, chain) VALUES ('a', 'b')")
        with pytest.raises(sqlite3.DatabaseError, match="only grows"), db.write() as connection:
            connection.execute(change)
        assert db.value("SELECT line FROM ledger_events") == "a"
    finally:
        db.close()

"""A database of the eleventh schema: everything is kept, and every base is a version without an adapter."""

from __future__ import annotations

import hashlib
import json
import shutil
import sqlite3
from pathlib import Path

import pytest

from forge_desktop.storage import Database

SCHEMA = Path(__file__).resolve().parents[1] / "data" / "schemas" / "m0011.db"


def test_everything_is_kept_and_the_base_is_the_active_version(data_dir: Path) -> None:
    path = data_dir / "forge.db"
    shutil.copyfile(SCHEMA, path)
    db = Database(path)
    try:
        assert db.value("SELECT count(*) FROM pairs") == 2
        assert db.value("SELECT name FROM datasets") == "first"
        base = db.value("SELECT sha256 FROM bases")
        version = db.row("SELECT * FROM versions")
        assert version is not None
        made_of = json.dumps([base, "", 1.0, "", {}], separators=(",", ":"), sort_keys=True)
        assert version["uid"] == hashlib.sha256(made_of.encode()).hexdigest()
        assert (version["number"], version["state"], version["base_sha256"]) == (1, "active", base)
        assert db.damage() == []
    finally:
        db.close()


@pytest.mark.parametrize("change", ["UPDATE version_history SET why = 'x'", "DELETE FROM version_history"])
def test_the_history_only_grows(data_dir: Path, change: str) -> None:
    db = Database(data_dir / "forge.db")
    try:
        with db.write() as connection:
            connection.execute("INSERT INTO version_history (version, what, at) VALUES ('a', 'promoted', 0)")
        with pytest.raises(sqlite3.DatabaseError, match="only grows"), db.write() as connection:
            connection.execute(change)
        assert db.value("SELECT what FROM version_history") == "promoted"
    finally:
        db.close()

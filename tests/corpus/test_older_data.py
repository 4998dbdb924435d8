"""A database of the fourth schema: everything of it is kept, and it is searched again once its index is made anew."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from forge_desktop.base.events import Events
from forge_desktop.base.jobs import Jobs
from forge_desktop.base.settings import SettingsFile
from forge_desktop.corpus import Corpus
from forge_desktop.storage import Database

SCHEMA = Path(__file__).resolve().parents[1] / "data" / "schemas" / "m0004.db"
KEPT = ("roots", "excluded", "removals", "documents", "texts", "outlines", "passages")
KEPT += ("conversations", "messages", "sources", "bases", "engine_flags")
READ_AGAIN = "CASE format WHEN 'html' THEN '' ELSE recipe END"


@pytest.fixture
def older(data_dir: Path) -> Path:
    path = data_dir / "forge.db"
    shutil.copyfile(SCHEMA, path)
    return path


@pytest.fixture
def rooms(older: Path) -> Iterator[tuple[Database, Jobs, Corpus]]:
    events = Events()
    db, jobs = Database(older), Jobs(events)
    corpus = Corpus(db, jobs, events, SettingsFile(older.parent / "settings.json", events))
    yield db, jobs, corpus
    jobs.close()
    corpus.close()
    db.close()


def rows(connection: sqlite3.Connection) -> dict[str, list[tuple[object, ...]]]:
    """What stands in the columns that the fourth schema had, but for how pages were read: they are read again."""
    found = {}
    with contextlib.closing(sqlite3.connect(SCHEMA)) as first:
        for table in KEPT:
            names = [row[1] for row in first.execute(f"PRAGMA table_info({table})")]
            columns = ", ".join(READ_AGAIN if name == "recipe" else f'"{name}"' for name in names)
            found[table] = sorted(map(tuple, connection.execute(f"SELECT {columns} FROM {table}")), key=repr)
    return found


def test_documents_texts_passages_and_chats_are_kept(older: Path) -> None:
    with sqlite3.connect(older) as connection:
        before = rows(connection)
    connection.close()
    assert len(before["documents"]) == 9
    assert len(before["messages"]) == 2
    db = Database(older)
    assert rows(db.connection) == before
    assert db.damage() == []
    db.close()
    assert len(list((older.parent / "backups").iterdir())) == 1


def test_the_index_is_made_again_from_the_stored_texts(rooms: tuple[Database, Jobs, Corpus]) -> None:
    db, jobs, corpus = rooms
    assert corpus.search("willkommen") == []
    job = corpus.resume_pending()
    assert job is not None
    jobs.wait(job)
    assert corpus.search("willkommen")[0].passage.path.endswith("willkommen-welcome.md")
    assert corpus.verify() == []
    assert corpus.resume_pending() is None
    assert db.value("SELECT count(*) FROM segments") == 1

"""A database of the twelfth schema: versions, runs and adapters are kept, and the tables of cards are there, empty."""

from __future__ import annotations

import shutil
from pathlib import Path

from forge_desktop.storage import Database

SCHEMA = Path(__file__).resolve().parents[1] / "data" / "schemas" / "m0012.db"


def test_versions_are_kept_and_cards_can_be_written(data_dir: Path) -> None:
    path = data_dir / "forge.db"
    shutil.copyfile(SCHEMA, path)
    db = Database(path)
    try:
        assert db.value("SELECT count(*) FROM versions") == 2
        assert db.value("SELECT state FROM versions WHERE adapter_sha256 <> ''") == "candidate"
        assert db.value("SELECT name FROM training_runs") == "Run 1"
        assert db.value("SELECT count(*) FROM training_pairs") > 0
        for table in (
            "cards",
            "card_values",
            "card_marks",
            "card_edits",
            "card_versions",
            "measurements",
            "index_runs",
        ):
            assert db.value(f"SELECT count(*) FROM {table}") == 0
        titles = {row["key"]: row["title"] for row in db.rows("SELECT key, title FROM document_titles")}
        assert titles == {"lease of the workshop": "Lease of the workshop"}  # one word is none to look for
        assert db.damage() == []
    finally:
        db.close()

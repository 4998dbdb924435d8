"""A database of the ninth schema: conversations, flags and students are kept, the new columns have their defaults."""

from __future__ import annotations

import shutil
from pathlib import Path

from forge_desktop.storage import Database

SCHEMA = Path(__file__).resolve().parents[1] / "data" / "schemas" / "m0009.db"


def test_everything_is_kept_and_nothing_is_chosen_yet(data_dir: Path) -> None:
    path = data_dir / "forge.db"
    shutil.copyfile(SCHEMA, path)
    db = Database(path)
    try:
        assert [row["text"] for row in db.rows("SELECT text FROM messages ORDER BY id")] == [
            "Where does the river Elm reach the sea?",
            "The river Elm reaches the sea at Northport.",
            "How high does it rise?",
            "The river Elm rises at 812 metres.",
        ]
        assert {row["thinking"] for row in db.rows("SELECT thinking FROM messages")} == {""}
        assert {row["tokens"] for row in db.rows("SELECT tokens FROM messages")} == {None}
        assert db.value("SELECT options FROM conversations") == "{}"
        flag = db.row("SELECT extra_bufts, gpu, gpu_layers, kv_on_gpu FROM engine_flags")
        assert flag is not None
        assert tuple(flag) == (0, 0, -1, 1)
        assert db.value("SELECT count(*) FROM bases") == 1
        for table in ("engine_timings", "engine_kv_files", "engine_wishes", "engine_crashes", "student_options"):
            assert db.value(f"SELECT count(*) FROM {table}") == 0
        assert db.damage() == []
    finally:
        db.close()

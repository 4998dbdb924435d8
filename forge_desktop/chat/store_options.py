"""The SQL of options: those of conversations and students, and a person's own presets."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from typing import Any

from forge_desktop.base.errors import ForgeError
from forge_desktop.storage import Database

_TABLES = (("conversations", "id"), ("student_options", "model_sha256"))


class OptionStore:
    """Layers are stored as JSON objects that name only what they change. What cannot be read counts as empty."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def of_conversation(self, conversation_id: int) -> dict[str, Any]:
        """A conversation's layer. Raises ForgeError when the conversation is not there."""
        row = self._db.row("SELECT options FROM conversations WHERE id = ? AND deleted IS NULL", conversation_id)
        if row is None:
            raise ForgeError("This conversation is no longer there.", hint="Choose another one or start a new one.")
        return read_layer(row["options"])

    def put_conversation(self, conversation_id: int, layer: Mapping[str, Any]) -> None:
        """Store a conversation's layer; its place in the list stays."""
        with self._db.write() as connection:
            connection.execute("UPDATE conversations SET options = ? WHERE id = ?", (_written(layer), conversation_id))

    def of_student(self, sha256: str) -> dict[str, Any]:
        """A student's layer, as a person changed it."""
        return read_layer(self._db.value("SELECT options FROM student_options WHERE model_sha256 = ?", sha256) or "{}")

    def students(self) -> list[tuple[str, dict[str, Any]]]:
        """The layers of all students that have one, by sha256."""
        rows = self._db.rows("SELECT model_sha256, options FROM student_options ORDER BY model_sha256")
        return [(row["model_sha256"], read_layer(row["options"])) for row in rows]

    def put_student(self, sha256: str, layer: Mapping[str, Any]) -> None:
        """Store a student's layer."""
        with self._db.write() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO student_options (model_sha256, options, changed) VALUES (?, ?, ?)",
                (sha256, _written(layer), time.time()),
            )

    def presets(self) -> list[tuple[str, dict[str, Any]]]:
        """Names and values of a person's own presets, by name."""
        rows = self._db.rows("SELECT name, sampling FROM presets ORDER BY name COLLATE NOCASE, name")
        return [(row["name"], read_layer(row["sampling"])) for row in rows]

    def put_preset(self, name: str, values: Mapping[str, Any]) -> None:
        """Store a preset, new or in place of the one of that name."""
        with self._db.write() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO presets (name, sampling, changed) VALUES (?, ?, ?)",
                (name, _written(values), time.time()),
            )

    def rename_preset(self, name: str, new: str) -> None:
        """Give a preset another name, wherever it was chosen too."""
        with self._db.write() as connection:
            connection.execute("UPDATE presets SET name = ? WHERE name = ?", (new, name))
            for table, _ in _TABLES:
                connection.execute(
                    f"UPDATE {table} SET options = json_set(options, '$.preset', ?)"
                    " WHERE json_valid(options) AND json_extract(options, '$.preset') = ?",
                    (new, name),
                )

    def delete_preset(self, name: str, values: Mapping[str, Any]) -> None:
        """Take a preset away. Whoever chose it keeps its values as its own, so that no answer changes for it."""
        with self._db.write() as connection:
            connection.execute("DELETE FROM presets WHERE name = ?", (name,))
            for table, key in _TABLES:
                chosen = connection.execute(
                    f"SELECT {key} AS id, options FROM {table}"
                    " WHERE json_valid(options) AND json_extract(options, '$.preset') = ?",
                    (name,),
                ).fetchall()
                for row in chosen:
                    layer = {**values, **read_layer(row["options"])}
                    del layer["preset"]
                    connection.execute(f"UPDATE {table} SET options = ? WHERE {key} = ?", (_written(layer), row["id"]))


def read_layer(text: str) -> dict[str, Any]:
    """A stored layer; empty when it is not one."""
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _written(layer: Mapping[str, Any]) -> str:
    return json.dumps(dict(layer), sort_keys=True)

"""The SQL of documents' names: which of many words are the name of one, by the index of names."""

from __future__ import annotations

import json
from collections.abc import Collection

from forge_desktop.corpus.names import folded
from forge_desktop.storage import Database

_AT_ONCE = 2000  # names of one query

# `folded` is a document's folded name, a line end, its folded path; both ranges are walked in the index of names.
_WHOLE = """
    SELECT w.value AS wanted, min(d.name) AS name FROM json_each(?) w CROSS JOIN documents d
    WHERE d.removal IS NULL AND d.folded >= w.value || char(10) AND d.folded < w.value || char(11) GROUP BY w.value
"""
_STEM = """
    SELECT w.value AS wanted, min(d.name) AS name FROM json_each(?) w CROSS JOIN documents d
    WHERE d.removal IS NULL AND d.folded >= w.value || '.' AND d.folded < w.value || '/'
    AND instr(substr(d.name, length(w.value) + 2), '.') = 0 GROUP BY w.value
"""


class NameStore:
    """Looks names up; what it takes grows with how many are asked for, not with how many documents there are."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def whole(self, names: Collection[str]) -> dict[str, str]:
        """Those of these that are the name of a document, with the name as it is written, case ignored."""
        return self._found(_WHOLE, names)

    def stems(self, names: Collection[str]) -> dict[str, str]:
        """Those that are the name of a document without its ending."""
        return self._found(_STEM, names)

    def _found(self, sql: str, names: Collection[str]) -> dict[str, str]:
        by_key: dict[str, list[str]] = {}
        for name in names:
            by_key.setdefault(folded(name), []).append(name)
        keys, found = list(by_key), dict[str, str]()
        for start in range(0, len(keys), _AT_ONCE):
            for row in self._db.rows(sql, json.dumps(keys[start : start + _AT_ONCE], ensure_ascii=False)):
                found.update(dict.fromkeys(by_key[row["wanted"]], str(row["name"])))
        return found

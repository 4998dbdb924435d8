"""The SQL of documents' names and titles: which of many words are that of one; and of passages as they are written."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass

from forge_desktop.corpus.names import folded
from forge_desktop.corpus.store import PART
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
_TITLE = """
    SELECT w.value AS wanted, min(t.title) AS name FROM json_each(?) w CROSS JOIN document_titles t ON t.key = w.value
    JOIN documents d ON d.id = t.document_id WHERE d.removal IS NULL GROUP BY w.value
"""
# A key that begins so: the words themselves, or with a blank behind them.
_BEGINNING = """
    SELECT w.value FROM json_each(?) w WHERE EXISTS (SELECT 1 FROM document_titles t WHERE t.key = w.value)
    OR EXISTS (SELECT 1 FROM document_titles t WHERE t.key >= w.value || ' ' AND t.key < w.value || '!')
"""
_BEGUN = """
    SELECT w.value AS wanted, '' AS name FROM json_each(?) w WHERE EXISTS
    (SELECT 1 FROM documents d WHERE d.folded >= w.value AND d.folded < w.value || char(1114111))
"""
# A passage may go from one part of the text into the next.
_SAMPLES = f"""
    SELECT p.id, p.document_id, p.heading, substr(t.text, max(p.start - t.part * {PART}, 0) + 1,
    p.end - max(p.start, t.part * {PART})) AS said
    FROM json_each(?) w CROSS JOIN passages p ON p.id = w.value JOIN documents d ON d.id = p.document_id
    JOIN texts t ON t.document_id = p.document_id AND t.part BETWEEN p.start / {PART} AND (p.end - 1) / {PART}
    WHERE d.removal IS NULL ORDER BY p.id, t.part
"""


@dataclass(frozen=True)
class Sample:
    """A passage as it is written, with the headings above it."""

    id: int
    document_id: int
    text: str


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

    def begun(self, words: Collection[str]) -> set[str]:
        """Those of these with which the name of a document begins, case ignored, whatever comes behind them."""
        return set(self._found(_BEGUN, words))

    def titles(self, keys: Collection[str]) -> dict[str, str]:
        """Those of these keys under which a title is filed, with that title."""
        asked, found = list(keys), dict[str, str]()
        for start in range(0, len(asked), _AT_ONCE):
            rows = self._db.rows(_TITLE, json.dumps(asked[start : start + _AT_ONCE], ensure_ascii=False))
            found.update((str(row["wanted"]), str(row["name"])) for row in rows)
        return found

    def beginnings(self, keys: Collection[str]) -> set[str]:
        """Those of these with which the key of a title begins, word by word."""
        asked, found = list(keys), set[str]()
        for start in range(0, len(asked), _AT_ONCE):
            rows = self._db.rows(_BEGINNING, json.dumps(asked[start : start + _AT_ONCE], ensure_ascii=False))
            found.update(str(row[0]) for row in rows)
        return found

    def samples(self, ids: Collection[int]) -> dict[int, Sample]:
        """These passages, without those that are gone."""
        asked, found = sorted(ids), dict[int, Sample]()
        for start in range(0, len(asked), _AT_ONCE):
            for row in self._db.rows(_SAMPLES, json.dumps(asked[start : start + _AT_ONCE])):
                number, before = int(row["id"]), found.get(row["id"])
                text = before.text + row["said"] if before else "\n".join([*json.loads(row["heading"]), row["said"]])
                found[number] = Sample(number, int(row["document_id"]), text)
        return found

    def _found(self, sql: str, names: Collection[str]) -> dict[str, str]:
        by_key: dict[str, list[str]] = {}
        for name in names:
            by_key.setdefault(folded(name), []).append(name)
        keys, found = list(by_key), dict[str, str]()
        for start in range(0, len(keys), _AT_ONCE):
            for row in self._db.rows(sql, json.dumps(keys[start : start + _AT_ONCE], ensure_ascii=False)):
                found.update(dict.fromkeys(by_key[row["wanted"]], str(row["name"])))
        return found

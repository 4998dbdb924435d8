"""The SQL of looking at many pairs: pages of the list, totals, how they are spread, which documents they rest on."""

from __future__ import annotations

import json
from typing import Any

from forge_desktop.distill.records_pairs import Bar, Coverage, Histograms, PairCounts, PairRow, PairWish
from forge_desktop.storage import Database

_ORDERS = {
    "created": "p.id",
    "score": "p.score",
    "prompt": "p.prompt COLLATE NOCASE",
    "length": "length(p.final)",
    "language": "p.language",
    "kind": "p.kind",
    "similarity": "p.similarity",
}
_ROW = (
    "p.uid, p.kind, p.prompt, p.final, p.accepted, p.score, p.language, p.duplicate_of, p.similarity, p.method,"
    " p.leaks, p.source, p.reviewed, p.created, coalesce(t.uid, '') AS task"
)
TOTALS = """
    SELECT count(*) AS pairs, sum(accepted) AS accepted,
        sum(accepted AND kind = 'TRAIN_PAIR') AS train_pairs,
        sum(accepted AND kind = 'REPAIR_PAIR') AS repair_pairs,
        sum(NOT approved AND reviewed = '' AND duplicate_of = '' AND leaks = '[]' AND aside = '') AS waiting,
        sum(duplicate_of <> '') AS duplicates, sum(leaks <> '[]') AS leaking,
        sum(aside LIKE 'suite:%') AS frozen, sum(source = 'changed') AS changed, sum(source = 'gone') AS gone,
        sum(aside = 'dropped') AS dropped
    FROM pairs
"""
_LENGTHS = (50, 100, 200, 400, 800, 1600, 3200)
_LANGUAGES = 8  # shown by themselves


class PairList:
    """Reads only."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def whole(self, start: str) -> str:
        """The one uid that begins like this, "" where none or several do."""
        if len(start) < 4:
            return ""
        found = self._db.rows("SELECT uid FROM pairs WHERE uid >= ? AND uid < ? LIMIT 2", start, start + "\U0010ffff")
        return str(found[0][0]) if len(found) == 1 else ""

    def count(self, wish: PairWish) -> int:
        """How many pairs there are of this kind."""
        where, values = _where(wish)
        return int(self._db.value(f"SELECT count(*) FROM pairs p WHERE {where}", *values))

    def window(self, offset: int, limit: int, wish: PairWish) -> list[PairRow]:
        """A page of the list."""
        where, values = _where(wish)
        by, way = _ORDERS.get(wish.order, "p.id"), "DESC" if wish.descending else "ASC"
        rows = self._db.rows(
            f"SELECT {_ROW} FROM pairs p LEFT JOIN tasks t ON t.id = p.task_id WHERE {where}"
            f" ORDER BY {by} {way}, p.id {way} LIMIT ? OFFSET ?",
            *(*values, limit, offset),
        )
        return [
            PairRow(**{**dict(row), "accepted": bool(row["accepted"]), "leaks": tuple(json.loads(row["leaks"]))})
            for row in rows
        ]

    def counts(self) -> PairCounts:
        """Totals."""
        row = self._db.row(TOTALS)
        return PairCounts(**{name: value or 0 for name, value in dict(row or {}).items()})

    def histograms(self) -> Histograms:
        """How the accepted pairs are spread."""
        scores = dict(
            self._grouped(
                "SELECT min(9, max(0, CAST(score * 10 AS INTEGER))), count(*) FROM pairs WHERE accepted GROUP BY 1"
            )
        )
        lengths = [0] * (len(_LENGTHS) + 1)
        for length, pairs in self._grouped("SELECT length(final), count(*) FROM pairs WHERE accepted GROUP BY 1"):
            lengths[sum(int(length) >= limit for limit in _LENGTHS)] += pairs
        languages = self._grouped(
            "SELECT language, count(*) AS n FROM pairs WHERE accepted GROUP BY 1 ORDER BY n DESC, language"
        )
        documents = self._grouped(
            "SELECT e.name, count(DISTINCT p.id) AS n FROM pairs p JOIN evidence e ON e.pair_id = p.id AND e.cited"
            " WHERE p.accepted GROUP BY e.document_sha256 ORDER BY n DESC, e.name LIMIT 20"
        )
        return Histograms(
            score=tuple(Bar(f"{n / 10:.1f} to {(n + 1) / 10:.1f}", scores.get(n, 0)) for n in range(10)),
            length=tuple(Bar(_length_words(n), pairs) for n, pairs in enumerate(lengths)),
            language=_shortened(languages),
            documents=tuple(Bar(str(name), pairs) for name, pairs in documents),
        )

    def coverage(self, limit: int) -> list[Coverage]:
        """Documents by how many accepted pairs cite them; `characters` are those of their text that these cite."""
        rows = self._db.rows(
            "SELECT e.document_sha256 AS sha, min(e.name) AS name, count(DISTINCT p.id) AS pairs, count(*) AS cited"
            " FROM pairs p JOIN evidence e ON e.pair_id = p.id AND e.cited"
            " WHERE p.accepted AND e.document_sha256 <> '' GROUP BY sha ORDER BY pairs DESC, name LIMIT ?",
            limit,
        )
        return [
            Coverage(row["sha"], row["name"], row["pairs"], row["cited"], self._characters(row["sha"]), None)
            for row in rows
        ]

    def _characters(self, document: str) -> int:
        covered = end = 0
        for row in self._db.rows(
            'SELECT DISTINCT e.start, e."end" FROM evidence e JOIN pairs p ON p.id = e.pair_id'
            " WHERE e.document_sha256 = ? AND e.cited AND p.accepted ORDER BY 1, 2",
            document,
        ):
            covered += max(0, row[1] - max(row[0], end))
            end = max(end, row[1])
        return covered

    def _grouped(self, sql: str) -> list[tuple[Any, int]]:
        return [(row[0], row[1]) for row in self._db.rows(sql)]


def _where(wish: PairWish) -> tuple[str, list[object]]:
    parts, values = ["1"], list[object]()
    for column in ("kind", "language", "source"):
        if value := getattr(wish, column):
            parts.append(f"p.{column} = ?")
            values.append(value)
    if wish.accepted is not None:
        parts.append("p.accepted" if wish.accepted else "NOT p.accepted")
    if wish.duplicates is not None:
        parts.append("p.duplicate_of <> ''" if wish.duplicates else "p.duplicate_of = ''")
    if wish.leaking is not None:
        parts.append("p.leaks <> '[]'" if wish.leaking else "p.leaks = '[]'")
    if wish.document:
        parts.append("p.id IN (SELECT pair_id FROM evidence WHERE document_sha256 = ? AND pair_id IS NOT NULL)")
        values.append(wish.document)
    if wish.text:
        pattern = "%" + wish.text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
        parts.append("(p.prompt LIKE ? ESCAPE '\\' OR p.final LIKE ? ESCAPE '\\')")
        values += [pattern, pattern]
    return " AND ".join(parts), values


def _length_words(n: int) -> str:
    if n == 0:
        return f"under {_LENGTHS[0]}"
    return f"{_LENGTHS[n - 1]:,} or more" if n == len(_LENGTHS) else f"{_LENGTHS[n - 1]:,} to {_LENGTHS[n] - 1:,}"


def _shortened(languages: list[tuple[Any, int]]) -> tuple[Bar, ...]:
    shown = [Bar(str(code) or "not told", pairs) for code, pairs in languages[:_LANGUAGES]]
    rest = sum(pairs for _, pairs in languages[_LANGUAGES:])
    return (*shown, Bar("others", rest)) if rest else tuple(shown)

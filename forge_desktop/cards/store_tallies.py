"""The SQL of what is asked of all cards at once: how much is filled, what values rest on, what is mentioned."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence

from forge_desktop.cards import told_stale
from forge_desktop.cards.records import CardMention, Value
from forge_desktop.cards.store import NOT_APPLICABLE, CardStore, value_of
from forge_desktop.storage import Database


def filled(db: Database, wanted: Iterable[tuple[str, str]]) -> dict[str, int]:
    """How many of the `wanted` fields, by kind, each card has: a value, or a word why it does not apply."""
    pairs = [part for pair in wanted for part in pair]
    rows = db.rows(
        f"""
        WITH wanted(kind, field) AS (VALUES {", ".join(["(?, ?)"] * (len(pairs) // 2))})
        SELECT cards.uid, count(*) FROM cards JOIN wanted ON wanted.kind = cards.kind
        WHERE EXISTS (SELECT 1 FROM card_values v WHERE v.card = cards.uid AND v.field = wanted.field)
           OR EXISTS (SELECT 1 FROM card_marks m WHERE m.card = cards.uid AND m.field = wanted.field
                      AND m.mark = '{NOT_APPLICABLE}')
        GROUP BY cards.uid
        """,
        *pairs,
    )
    return {row[0]: row[1] for row in rows}


def brought(db: Database, wanted: Iterable[tuple[str, str]]) -> dict[str, int]:
    """How many of the `wanted` fields, by kind, of each card say only what somebody else had measured."""
    pairs = [part for pair in wanted for part in pair]
    rows = db.rows(
        f"""
        WITH wanted(kind, field) AS (VALUES {", ".join(["(?, ?)"] * (len(pairs) // 2))})
        SELECT cards.uid, count(*) FROM cards JOIN wanted ON wanted.kind = cards.kind
        JOIN card_values v ON v.card = cards.uid AND v.field = wanted.field
        WHERE v.origin = 'hand' AND v.source = 'import'
          AND NOT EXISTS (SELECT 1 FROM card_values m WHERE m.card = v.card AND m.field = v.field
                          AND m.origin = 'measured')
          AND NOT EXISTS (SELECT 1 FROM card_marks a WHERE a.card = v.card AND a.field = v.field
                          AND a.mark = '{NOT_APPLICABLE}')
        GROUP BY cards.uid
        """,
        *pairs,
    )
    return {row[0]: row[1] for row in rows}


def resting(db: Database) -> dict[str, list[tuple[str, Value]]]:
    """By card its fields with each value that may be stale, by what it rests on or was elsewhere; data is left out."""
    found: dict[str, list[tuple[str, Value]]] = {}
    for row in db.rows(
        f"""
        SELECT card, field, origin, unit, source, detail, rests_on, at, 'null' AS data FROM card_values v
        WHERE (rests_on <> '{{}}' OR instr(detail, '"{told_stale.KEY}":'))
          AND NOT EXISTS (SELECT 1 FROM card_marks m WHERE m.card = v.card AND m.field = v.field
                          AND m.mark = '{NOT_APPLICABLE}')
        """
    ):
        found.setdefault(row["card"], []).append((row["field"], value_of(row)))
    return found


def rests(db: Database, field: str) -> dict[str, dict[str, str]]:
    """By the subject of each card what the measured value of a field rests on."""
    rows = db.rows(
        "SELECT cards.subject, v.rests_on FROM card_values v JOIN cards ON cards.uid = v.card"
        " WHERE v.field = ? AND v.origin = 'measured' AND cards.subject <> ''",
        field,
    )
    return {row[0]: json.loads(row[1]) for row in rows}


def kept(db: Database) -> Iterator[tuple[str, int, str, str]]:
    """Every version of every card: the card's name, the number, the hash that was kept, and what it holds."""
    for row in db.rows(
        "SELECT cards.name, number, sha256, content FROM card_versions v JOIN cards ON cards.uid = v.card"
        " ORDER BY cards.name COLLATE NOCASE, cards.uid, number"
    ):
        yield row[0], row[1], row[2], row[3]


def mentioning(store: CardStore, words: Sequence[str]) -> list[CardMention]:
    """The cards in whose texts one of these words stands, in capitals or not."""
    sought = [word.lower() for word in words]
    sought += [json.dumps(word, ensure_ascii=False)[1:-1] for word in sought]  # as it stands within JSON
    names = list(dict.fromkeys(sought))
    where = " OR ".join(["instr(lower({0}), ?)"] * len(names))

    def said(column: str) -> str:
        return f"({where.format(column)})"

    now = store.db.rows(
        f"SELECT uid FROM cards WHERE {said('document || coalesce(broken, char(10)) || name')}"
        f" UNION SELECT card FROM card_values WHERE {said('data || detail || rests_on')}"
        f" UNION SELECT card FROM card_marks WHERE {said('why')}",
        *names * 3,
    )
    kept = store.db.rows(f"SELECT card, number FROM card_versions WHERE {said('content')} ORDER BY number", *names)
    there = {row[0] for row in now}
    numbers: dict[str, list[int]] = {row[0]: [] for row in kept}
    for uid, number in kept:
        numbers[uid].append(number)
    return [
        CardMention(row.uid, row.name, row.label, row.uid in there, tuple(numbers.get(row.uid, ())))
        for row in store.cards()
        if row.uid in there or row.uid in numbers
    ]

"""Results of the hub's files as a card's text says them: not at all while they are as they came, and never a token."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from typing import Any

from forge_desktop.cards import from_files
from forge_desktop.cards.markdown.eval_files import leaves
from forge_desktop.cards.markdown.facts import Held
from forge_desktop.cards.records import Card, FieldState
from forge_desktop.cards.told_beside import in_words, joined, parted

_WHICH = ("task", "dataset", "split", "metric", "config")


def in_text(card: Card) -> Card:
    """The card with the results that its text has to say."""
    state = card.fields.get("evaluation")
    if state is None or state.hand is None or not isinstance(state.hand.data, list):
        return card
    apart = _apart(state)
    rows = [in_words(row) if isinstance(row, dict) else row for row in state.hand.data if row not in apart]
    if rows == state.hand.data:
        return card
    hand = dataclasses.replace(state.hand, data=rows) if rows else None
    return dataclasses.replace(card, fields={**card.fields, "evaluation": dataclasses.replace(state, hand=hand)})


def completed(state: FieldState | None, held: Held | None) -> Held | None:
    """The results that a text says, with what it does not say of them and those that stand in files alone."""
    hand = state.hand if state is not None else None
    said = [] if held is None else held[0]
    if state is None or hand is None or not (isinstance(hand.data, list) and isinstance(said, list)):
        return held
    apart = _apart(state)
    there = [row for row in hand.data if isinstance(row, dict) and row not in apart]
    rows = [_with_rest(row, there) if isinstance(row, dict) else row for row in said]
    rows += [row for row in apart if row not in rows]
    return (rows, "" if held is None else held[1]) if rows else held


def _apart(state: FieldState) -> list[dict[str, Any]]:
    """The rows that stand in files alone; beside what was measured here the text says them too."""
    if state.measured is not None or state.not_applicable:
        return []
    return [row for row in from_files.rows_of(state.hand) if leaves(row)]


def _with_rest(row: dict[str, Any], there: list[dict[str, Any]]) -> dict[str, Any]:
    same = next((one for one in there if _json(in_words(one)) == _json(row)), None)
    if same is not None:
        return same
    was = next((one for one in there if _which(in_words(one)) == _which(row)), {})
    words, rest = parted(was.get("config"))
    return {**row, "config": joined(words, rest)} if rest else row


def _which(row: Mapping[str, Any]) -> list[object]:
    return [row.get(name) for name in _WHICH]


def _json(row: Mapping[str, Any]) -> str:
    return json.dumps(row, sort_keys=True, ensure_ascii=False, default=str)

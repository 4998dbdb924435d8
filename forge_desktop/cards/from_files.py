"""Which results came from the files of the hub beside a text: they leave as such files again, not in the text."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

from forge_desktop.cards.records import FieldState, Value

KEY = "results from files"
"""In a value's detail: those rows as they came."""


def marked(value: Value, rows: Sequence[object]) -> Value:
    """The value, with which of its rows are from files."""
    detail = {name: held for name, held in value.detail.items() if name != KEY}
    return dataclasses.replace(value, detail={**detail, KEY: list(rows)} if rows else detail)


def rows_of(value: Value | None) -> list[dict[str, Any]]:
    """The rows that came from files and that nobody changed since."""
    if value is None or not isinstance(value.data, list):
        return []
    told = value.detail.get(KEY)
    return [row for row in value.data if isinstance(row, dict) and row in told] if isinstance(told, list) else []


def kept(state: FieldState | None, value: Value) -> Value:
    """Results that a person typed, with which of them still stand as they came."""
    if state is None or state.field != "evaluation" or value.source != "hand" or not isinstance(value.data, list):
        return value
    return marked(value, [row for row in rows_of(state.hand) if row in value.data])

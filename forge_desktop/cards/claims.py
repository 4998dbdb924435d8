"""Results that a person changed no longer claim to be what a gate measured or somebody verified."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping, Sequence
from typing import Any

from forge_desktop.cards.records import FieldState, Value
from forge_desktop.cards.told_beside import without_claims

BY_HAND = "by hand"
_GATE = re.compile(r"gate \d+", re.IGNORECASE)
_NAMED_BY = ("task", "dataset", "split", "metric", "config")  # what makes two rows the same result
_FIGURES = ("value", "unit", "n", "baseline", "less_is_better")
_RECKONED = ("difference", "low", "high")  # out of the figures: they say nothing about others


def honest(state: FieldState | None, value: Value) -> Value:
    """Results as a person may give them: a row that differs from what stood there keeps what is still true of it."""
    if state is None or state.field != "evaluation" or not isinstance(value.data, list):
        return value
    there = [row for held in (state.measured, state.hand) if held is not None for row in _rows(held.data)]
    measured = _rows(state.measured.data) if state.measured is not None else []
    if not there:
        return value
    typed = value.source == "hand"  # what comes in from somebody else stays their word
    rows = [_honest(row, there, measured, typed=typed) if isinstance(row, Mapping) else row for row in value.data]
    return value if rows == value.data else dataclasses.replace(value, data=rows)


def changed_by_hand(row: Mapping[str, Any], before: Mapping[str, Any]) -> dict[str, Any]:
    """A row that somebody changed, without what was true of the row before and of nothing else."""
    if dict(row) == dict(before):
        return dict(row)
    made = {name: held for name, held in row.items() if name != "verified" or held is not True}
    if row.get("source") and row.get("source") == before.get("source"):
        made["source"] = BY_HAND
    if isinstance(made.get("config"), str):
        made["config"] = without_claims(made["config"])
        made = {name: held for name, held in made.items() if name != "config" or held}
    if any(row.get(name) != before.get(name) for name in _FIGURES):
        for name in _RECKONED:
            if name in made and made[name] == before.get(name):
                del made[name]
    return made


def _honest(
    row: Mapping[str, Any], there: Sequence[Mapping[str, Any]], measured: Sequence[Mapping[str, Any]], *, typed: bool
) -> dict[str, Any]:
    if row in there:
        return dict(row)
    before = _nearest(row, there)
    if before is not None:
        return changed_by_hand(row, before)
    made = dict(row)
    own = row.get("source") in {one.get("source") for one in measured if one.get("source")}
    own = own or (typed and _GATE.fullmatch(str(row.get("source"))) is not None)
    if own:
        made["source"] = BY_HAND
    if own or (typed and row.get("verified") is True):
        made.pop("verified", None)
    return made


def _nearest(row: Mapping[str, Any], there: Sequence[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """The row that it was made from: the one most alike among those of its metric or of its value."""
    alike = [one for one in there if one.get("metric") == row.get("metric") or one.get("value") == row.get("value")]
    near = [one for one in alike if sum(one.get(name) == row.get(name) for name in _NAMED_BY) >= len(_NAMED_BY) - 1]
    return max(near, key=lambda one: sum(row.get(name) == held for name, held in one.items()), default=None)


def _rows(data: object) -> list[Mapping[str, Any]]:
    return [row for row in data if isinstance(row, Mapping)] if isinstance(data, list) else []

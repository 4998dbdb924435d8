"""Results and speeds as CycloneDX's performance metrics, written and read: the figure, what it is of, its interval."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from forge_desktop.cards.fields import BY_KEY
from forge_desktop.cards.formats.properties import rows_of
from forge_desktop.cards.records import Card

_SLICE = ("task", "dataset", "revision", "split", "n")
_BETWEEN = re.compile(f"; (?=(?:{'|'.join(_SLICE)})=)")
_SIDES = {"lowerBound": "low", "upperBound": "high"}
_MEASURED = ("prompt_speed", "generation_speed", "first_token", "latency", "memory_ram", "memory_vram", "error_rate")
Row = dict[str, object]


def metrics(card: Card) -> list[dict[str, Any]]:
    """Every figure of a card that has its place there."""
    found = [each for row in rows_of(card, "evaluation") for each in _of_result(row)]
    for key in _MEASURED:
        value = card.fields[key].shown if key in card.fields else None
        if value is None:
            continue
        parts = value.data.items() if isinstance(value.data, Mapping) else [("", value.data)]
        about = [f"{name}={value.detail[name]}" for name in ("n", "machine", "context") if value.detail.get(name)]
        for part, held in parts:
            name = _with_unit(f"{BY_KEY[key].title} {part}".strip(), value.unit)
            found.append(_metric(name, held, "; ".join(about)))
    return found


def _of_result(row: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Of one result: its value, its baseline where that is a figure, and how they differ, each as a metric."""
    name, unit, about = str(row.get("metric") or "score"), str(row.get("unit") or ""), _slice(row)
    interval = {side: number(row[key]) for side, key in _SIDES.items() if row.get(key) is not None}
    compared = row.get("difference") is not None
    found = []
    if row.get("value") is not None:
        found.append(_metric(_with_unit(name, unit), row["value"], about, {} if compared else interval))
    if not compared:
        return found
    baseline = row.get("baseline")
    named = baseline if isinstance(baseline, str) and baseline else ""
    if not named and baseline is not None and baseline != "":
        found.append(_metric(_with_unit(f"{name} of the baseline", unit), baseline, about))
    to = f"{name}, difference to {named or 'the baseline'}"
    return [*found, _metric(_with_unit(to, unit), row["difference"], about, interval)]


def _metric(name: str, held: object, about: str, interval: Mapping[str, str] | None = None) -> dict[str, Any]:
    said = {"type": name, "value": number(held), "slice": about, "confidenceInterval": dict(interval or {})}
    return {place: each for place, each in said.items() if each}


def _with_unit(name: str, unit: str) -> str:
    return f"{name} ({unit})" if unit else name


def number(held: object) -> str:
    """A figure as text, as JSON has it."""
    return held if isinstance(held, str) else json.dumps(held, ensure_ascii=False)


def _slice(row: Mapping[str, Any]) -> str:
    """What a result is of. A part of the data that nothing else is told of stands alone, as others have it."""
    said = {name: row[name] for name in _SLICE if row.get(name) not in (None, "")}
    if set(said) == {"split"} and _sliced(str(said["split"])) == said:
        return str(said["split"])
    return "; ".join(f"{name}={held}" for name, held in said.items())


def _sliced(text: str) -> Row:
    """The same read: named parts as they are written here, of anything else the part of the data."""
    pairs = [part.partition("=") for part in _BETWEEN.split(text)]
    said: Row = {name: held for name, _, held in pairs if name in _SLICE and held}
    count = figure(said.get("n", 0))
    if len(said) < len(pairs) or not isinstance(count, int):
        return {"split": text}
    return {**said, "n": count} if "n" in said else said


def figure(text: object) -> float | int | None:
    """A text as a number, None where it is none."""
    try:
        found = json.loads(str(text), parse_constant=lambda name: None)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, (int, float)) and not isinstance(found, bool) else None


def results(held: list[Any]) -> tuple[list[Row], list[Any], list[str]]:
    """Rows of an evaluation, what is none or says more than a row can, and a sentence why for each of those."""
    rows: list[Row] = []
    left: list[Any] = []
    why: list[str] = []
    for place, each in enumerate(held, 1):
        row, said = _result(each)
        if row:
            rows.append(row)
        if said:
            left.append(each)
            name = str(each["type"])[:60] if isinstance(each, dict) and each.get("type") else str(place)
            why.append(f"Result {name}: {said}")
    return rows, left, why


def _result(metric: object) -> tuple[Row, str]:
    if not isinstance(metric, dict) or not isinstance(metric.get("type"), str) or not metric["type"]:
        return {}, "it does not say what was measured."
    value = figure(metric.get("value"))
    if value is None:
        return {}, f"its value is no number ({str(metric.get('value'))[:40]!r})."
    row: Row = {"metric": metric["type"], "value": value}
    about = metric.get("slice")
    if isinstance(about, str) and about.strip():
        row |= _sliced(about)
    interval = metric.get("confidenceInterval") or {}
    bounds = {key: figure(interval.get(side)) for side, key in _SIDES.items()} if isinstance(interval, dict) else {}
    told = {key: bound for key, bound in bounds.items() if bound is not None}
    if interval and (len(told) < len(interval) or (len(told) == 2 and told["low"] > told["high"])):
        return row, "its interval cannot be read."
    strange = sorted(set(metric) - {"type", "value", "slice", "confidenceInterval"})
    return {**row, **told}, f"nothing here holds its {', '.join(strange)}." if strange else ""

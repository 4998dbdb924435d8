"""The hub's `model-index` as evaluation rows, and back into what is there without touching what did not change."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import Any

Row = dict[str, object]
COLUMNS = ("task", "dataset", "revision", "split", "metric", "value", "config", "source", "verified")
_WHICH = ("task", "dataset", "revision", "split", "metric", "config", "source")
_TASK = "text-generation"  # the hub wants one for every result


def rows(index: object) -> list[Row]:
    """A row for each metric of each result; what has no form of a result is left out."""
    return [row for row, _ in _found(index)]


def held(row: Mapping[str, object]) -> Row | None:
    """What of a row the `model-index` can hold; None where the hub would want more than there is."""
    if not (row.get("dataset") and row.get("metric")) or row.get("value") is None:
        return None
    return {name: row[name] for name in COLUMNS if row.get(name) not in (None, "")} | {"task": row.get("task") or _TASK}


def projected(rows: Sequence[Mapping[str, object]]) -> list[Row]:
    """Those rows that it can hold, as it holds them."""
    return [kept for row in rows if (kept := held(row)) is not None]


def index(rows: Sequence[Mapping[str, object]], before: object, name: str) -> list[Any]:
    """The `model-index` that says these rows, made from what stood there `before`."""
    origins = _found(before)
    matched = _matched([row for row, _ in origins], rows)
    elements: list[Any] = [{**_element(element), "results": []} for element in _list(before)]
    elements = elements or [{"name": name, "results": []}]
    at, last = 0, -1
    for row, origin in zip(rows, matched, strict=True):
        results = elements[at]["results"]
        if origin is None:
            if not (results and _key_of(results[-1]) == _key(row)):
                results.append(_result(row))
            results[-1]["metrics"].append(_metric(row, {}))
            last = -1
            continue
        element, number, metric = origins[origin][1]
        at = element
        results = elements[at]["results"]
        old = _list(_list(before)[element]["results"])[number]
        if last != number or not results:
            results.append({**copy.deepcopy(old), "metrics": []})
        results[-1]["metrics"].append(_metric(row, copy.deepcopy(old["metrics"][metric])))
        last = number
    return elements


def _found(index: object) -> list[tuple[Row, tuple[int, int, int]]]:
    """The rows, each with where it stands: element, result, metric."""
    found = []
    for number, element in enumerate(_list(index)):
        for place, result in enumerate(_list(_map(element).get("results"))):
            for which, metric in enumerate(_list(_map(result).get("metrics"))):
                if "value" in _map(metric):
                    found.append((_row(_map(result), metric), (number, place, which)))
    return found


def _row(result: Mapping[str, Any], metric: Mapping[str, Any]) -> Row:
    dataset, source = _map(result.get("dataset")), _map(result.get("source"))
    said: Row = {
        "task": _map(result.get("task")).get("type"),
        "dataset": dataset.get("type") or dataset.get("name"),
        "revision": dataset.get("revision"),
        "split": dataset.get("split"),
        "metric": metric.get("type"),
        "value": metric.get("value"),
        "config": dataset.get("config"),
        "source": source.get("url"),
        "verified": metric.get("verified"),
    }
    return {name: value for name, value in said.items() if value is not None}


def _matched(old: Sequence[Row], new: Sequence[Mapping[str, object]]) -> list[int | None]:
    """For each new row the old one it continues: first the very same, then the same but for its value."""
    left: dict[str, list[int]] = {}
    for number, one in enumerate(old):
        left.setdefault(repr([one.get(name) for name in COLUMNS]), []).append(number)
    found: list[int | None] = []
    for row in new:
        same = left.get(repr([row.get(name) for name in COLUMNS]))
        found.append(same.pop(0) if same else None)
    free = set(range(len(old))) - {number for number in found if number is not None}
    by_key: dict[str, list[int]] = {}
    for number in sorted(free):
        by_key.setdefault(repr([old[number].get(name) for name in _WHICH]), []).append(number)
    for place, row in enumerate(new):
        alike = by_key.get(repr([row.get(name) for name in _WHICH])) if found[place] is None else None
        if alike:
            found[place] = alike.pop(0)
    return found


def _key(row: Mapping[str, object]) -> list[object]:
    return [row.get(name) for name in ("task", "dataset", "config", "split", "revision", "source")]


def _key_of(result: Mapping[str, Any]) -> list[object]:
    return _key(_row(result, {}))


def _result(row: Mapping[str, object]) -> dict[str, Any]:
    dataset = {"name": row["dataset"], "type": row["dataset"]}
    dataset |= {name: row[name] for name in ("config", "split", "revision") if row.get(name)}
    made: dict[str, Any] = {"task": {"type": row["task"]}, "dataset": dataset, "metrics": []}
    if row.get("source"):
        made["source"] = {"url": row["source"]}
    return made


def _metric(row: Mapping[str, object], old: dict[str, Any]) -> dict[str, Any]:
    made = {**old, "type": row["metric"], "value": row["value"]} if old.get("type") != row.get("metric") else old
    made["value"] = row["value"]
    if row.get("verified") is not None:
        made["verified"] = row["verified"]
    else:
        made.pop("verified", None)
    return made


def _element(element: object) -> dict[str, Any]:
    return dict(_map(element))


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _map(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}

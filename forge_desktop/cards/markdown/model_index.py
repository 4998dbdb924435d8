"""The hub's `model-index` as evaluation rows, and back into what is there without touching what did not change."""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping, Sequence
from typing import Any

Row = dict[str, object]
Place = tuple[int, int, int]  # element, result, metric
COLUMNS = ("task", "dataset", "revision", "split", "metric", "value", "config", "source", "verified")
_WHICH = ("task", "dataset", "revision", "split", "metric", "config", "source")
_LINK = ("http://", "https://")
TOKEN = "verifyToken"
_TASK = "text-generation"  # the hub wants one for every result


def rows(index: object) -> list[Row]:
    """A row for each metric of each result; what has no form of a result is left out."""
    return [row for row, _ in found(index)]


def held(row: Mapping[str, object]) -> Row | None:
    """What of a row the `model-index` can hold; None where the hub would want more than there is."""
    if not (row.get("dataset") and row.get("metric")) or figure(row.get("value")) is None:
        return None
    kept = {name: row[name] for name in COLUMNS if row.get(name) not in (None, "")}
    if not str(kept.get("source", "")).startswith(_LINK):
        kept.pop("source", None)  # the hub has a link there; words stand in the table
    return {**kept, "task": row.get("task") or _TASK}


def normed(row: Mapping[str, object]) -> Row:
    """A row as two are compared: as the `model-index` holds it, or would but for what is lacking."""
    kept = held(row)
    if kept is None:
        kept = {name: row[name] for name in COLUMNS if row.get(name) not in (None, "")}
        if not str(kept.get("source", "")).startswith(_LINK):
            kept.pop("source", None)
    return kept


def unsourced(row: Mapping[str, object]) -> Row:
    """A row as it is compared but for its source: the link of a number that was written by hand is its result's."""
    return {name: value for name, value in normed(row).items() if name != "source"}


def projected(rows: Sequence[Mapping[str, object]]) -> list[Row]:
    """Those rows that it can hold, as it holds them."""
    return [kept for row in rows if (kept := held(row)) is not None]


def index(rows: Sequence[Mapping[str, object]], before: object, name: str) -> list[Any]:
    """The `model-index` that says these rows, made from what stood there `before`: what is no row of ours stays."""
    origins = found(before)
    continued = matched([normed(row) for row, _ in origins], rows)
    made = _Made(before, {place for _, place in origins}, name)
    for row, origin in zip(rows, continued, strict=True):
        made.add(row, None if origin is None else origins[origin][1])
    return made.finished()


class _Made:
    """A `model-index` in the making, row by row."""

    def __init__(self, before: object, read: set[Place], name: str) -> None:
        self._before = _list(before)
        self._elements: list[dict[str, Any]] = [{**_map(element), "results": []} for element in self._before]
        self._elements = self._elements or [{"name": name, "results": []}]
        self._left = [place for place in places(before) if place not in read]  # metrics that are no rows
        self._at, self._last = 0, -1

    def add(self, row: Mapping[str, object], origin: Place | None) -> None:
        """One more row, a new one or one that stood at `origin`."""
        if origin is None or (self._at, self._last) != origin[:2]:
            self._close()
        if origin is None:
            results = self._elements[self._at]["results"]
            if not (results and _key_of(results[-1]) == _key(row)):
                results.append(new_result(row))
            results[-1]["metrics"].append(metric_of(row, {}))
            self._last = -1
            return
        for place in [place for place in self._left if place[:2] == origin[:2] and place[2] < origin[2]]:
            self._keep(place)
        self._put(origin, metric_of(row, copy.deepcopy(self._metric_at(origin))))

    def finished(self) -> list[Any]:
        """All of it, with what is left of others' at the end of its element."""
        self._close()
        for place in list(self._left):
            self._keep(place)
        return [element for element in self._elements if element["results"] or not self._before]

    def _close(self) -> None:
        """Put what is left of the result that was written last behind it."""
        for place in [place for place in self._left if place[:2] == (self._at, self._last)]:
            self._keep(place)

    def _keep(self, place: Place) -> None:
        self._left.remove(place)
        self._put(place, copy.deepcopy(self._metric_at(place)))

    def _put(self, place: Place, metric: dict[str, Any]) -> None:
        self._at, number, _ = place
        results = self._elements[self._at]["results"]
        if self._last != number or not results:
            old = _list(self._before[self._at]["results"])[number]
            results.append({**copy.deepcopy(old), "metrics": []})
        results[-1]["metrics"].append(metric)
        self._last = number

    def _metric_at(self, place: Place) -> dict[str, Any]:
        found = self._before[place[0]]["results"][place[1]]["metrics"][place[2]]
        return found if isinstance(found, dict) else {"value": found}


def places(index: object) -> list[Place]:
    """Where every metric stands."""
    found = []
    for number, element in enumerate(_list(index)):
        for place, result in enumerate(_list(_map(element).get("results"))):
            found += [(number, place, which) for which in range(len(_list(_map(result).get("metrics"))))]
    return found


def found(index: object) -> list[tuple[Row, Place]]:
    """The rows, each with where it stands. A result in words is no row, and stays as it is."""
    made = []
    for number, place, which in places(index):
        result = _list(index)[number]["results"][place]
        metric = _map(result["metrics"][which])
        if figure(metric.get("value")) is not None:
            made.append((row_of(result, metric), (number, place, which)))
    return made


def figure(value: object) -> float | int | None:
    """A result as a number, also where it stands in quotes."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return value
    if isinstance(value, str) and re.fullmatch(r"-?\d+(\.\d+)?", value, re.ASCII):
        return float(value) if "." in value else int(value)
    return None


def row_of(result: Mapping[str, Any], metric: Mapping[str, Any]) -> Row:
    dataset, source = _map(result.get("dataset")), _map(result.get("source"))
    said: Row = {
        "task": _text(_map(result.get("task")).get("type")),
        "dataset": _text(dataset.get("type") or dataset.get("name")),
        "revision": _text(dataset.get("revision")),
        "split": _text(dataset.get("split")),
        "metric": _text(metric.get("type")),
        "value": figure(metric.get("value")),
        "config": _text(dataset.get("config")),
        "source": _text(source.get("url")),
        "verified": metric.get("verified") if isinstance(metric.get("verified"), bool) else None,
    }
    return {name: value for name, value in said.items() if value is not None}


def _text(value: object) -> str | None:
    """A name as text: a revision that looks like a number is one all the same."""
    return str(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else None


def matched(old: Sequence[Row], new: Sequence[Mapping[str, object]], *, loosely: bool = False) -> list[int | None]:
    """For each new row the old one it continues: first the very same, then the same but for its value, or for its
    source; `loosely` those with one other name changed and the same value.
    """
    found: list[int | None] = [None] * len(new)
    free = set(range(len(old)))
    ways = [COLUMNS, _WHICH, _WHICH[:-1]]
    ways += [(*(other for other in _WHICH[:-1] if other != name), "value") for name in _WHICH[:-1]] if loosely else []
    for names in ways:
        if not free or None not in found:
            break
        there: dict[str, list[int]] = {}
        for number in sorted(free):
            there.setdefault(repr([old[number].get(name) for name in names]), []).append(number)
        for place, row in enumerate(new):
            alike = there.get(repr([row.get(name) for name in names])) if found[place] is None else None
            if alike and (loosely or row.get("source") in (None, old[alike[0]].get("source"))):
                found[place] = number = alike.pop(0)
                free.discard(number)
    return found


def _key(row: Mapping[str, object]) -> list[object]:
    return [row.get(name) for name in ("task", "dataset", "config", "split", "revision", "source")]


def _key_of(result: Mapping[str, Any]) -> list[object]:
    return _key(row_of(result, {}))


def new_result(row: Mapping[str, object]) -> dict[str, Any]:
    dataset = {"name": row["dataset"], "type": row["dataset"]}
    dataset |= {name: row[name] for name in ("config", "split", "revision") if row.get(name)}
    made: dict[str, Any] = {"task": {"type": row["task"]}, "dataset": dataset, "metrics": []}
    if row.get("source"):
        made["source"] = {"url": row["source"]}
    return made


def metric_of(row: Mapping[str, object], old: dict[str, Any]) -> dict[str, Any]:
    made = {**old}
    if _text(old.get("type")) != row["metric"]:
        made = {"type": row["metric"], **old} | {"type": row["metric"]}
    if figure(old.get("value")) != row["value"]:
        made["value"] = row["value"]
    if row.get("verified") is not None:
        made["verified"] = row["verified"]
    elif isinstance(made.get("verified"), bool):
        del made["verified"]
    if made != old:
        made.pop(TOKEN, None)  # it signs what stood there
    return made


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _map(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}

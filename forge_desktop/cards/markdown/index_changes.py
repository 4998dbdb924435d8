"""What has to change in the text of a `model-index` so that its results are other rows, each where it stands."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from forge_desktop.cards.claims import BY_HAND
from forge_desktop.cards.markdown import index_nodes, model_index
from forge_desktop.cards.markdown.model_index import TOKEN, Place, Row
from forge_desktop.cards.markdown.yaml_edits import Edit, ElsewhereError
from forge_desktop.cards.markdown.yaml_entries import added, removed
from forge_desktop.cards.markdown.yaml_inside import replaced
from forge_desktop.cards.markdown.yaml_nodes import Node, plain
from forge_desktop.cards.markdown.yaml_written import flow

Rows = Sequence[Mapping[str, object]]
_PLACES = {
    "task": ("task", "type"), "dataset": ("dataset", "type"), "revision": ("dataset", "revision"),
    "split": ("dataset", "split"), "config": ("dataset", "config"), "source": ("source", "url"),
}  # fmt: skip


def edits(
    yaml: str, index: Node, origins: Sequence[tuple[Row, Place]], rows: Rows, continued: Sequence[int | None]
) -> list[Edit]:
    """All of them: `origins` are the rows there with their places, `continued` those of them that the new ones go on.

    Raises ElsewhereError where they cannot be made in place.
    """
    was = {place: row for row, place in origins}
    kept = {origins[number][1]: row for row, number in zip(rows, continued, strict=True) if number is not None}
    if not kept or list(kept) != sorted(kept):
        raise ElsewhereError
    found, moved = _results_changed(yaml, index, was, kept)
    for place, row in was.items():
        if place in kept and place not in moved:
            found += _in_metric(yaml, index_nodes.metric_at(index, place), row, kept[place])
    found += _gone(yaml, index, [place for place in was if place not in kept or place in moved], moved)
    for place in moved:
        found += _apart(yaml, index, place, was[place], kept[place])
    return found + _new(yaml, index, rows, [None if n is None else origins[n][1] for n in continued])


def _in_metric(yaml: str, metric: Node, old: Row, new: Mapping[str, object]) -> list[Edit]:
    """What has to change of one number that stays: itself, and what vouched for the one before."""
    names = [key.meant.text for key, _ in metric.meant.pairs]
    before, after = model_index.normed(old), model_index.normed(new)
    found: list[Edit] = []
    for column, name in (("metric", "type"), ("value", "value"), ("verified", "verified")):
        if before.get(column) == after.get(column) or (column == "verified" and after.get(column) is None):
            continue
        if name in names:
            found += _reworded(yaml, index_nodes.part(metric, name), after.get(column))
        elif column == "verified":
            found += added(yaml, metric, len(names), {name: after[column]})
        else:
            raise ElsewhereError
    gone = {"verified"} if "verified" in before and "verified" not in after else set()
    if model_index.unsourced(old) != model_index.unsourced(new) or new.get("source") == BY_HAND:
        gone.add(TOKEN)
    return found + removed(yaml, metric, [number for number, name in enumerate(names) if name in gone])


def _reworded(yaml: str, node: Node | None, value: object) -> list[Edit]:
    """A word or a number in place of another; what is quoted stays so. None with an anchor, as others may repeat it."""
    if node is None or value is None or node.kind != "scalar" or yaml[node.start : node.start + 1] in ("&", "!"):
        raise ElsewhereError
    if node.style in ("'", '"') and isinstance(value, float | int) and model_index.figure(flow(value)) == value:
        value = flow(value)
    return replaced(yaml, node, value)


def _results_changed(
    yaml: str, index: Node, was: Mapping[Place, Row], kept: Mapping[Place, Mapping[str, object]]
) -> tuple[list[Edit], list[Place]]:
    """Edits to what is said of a whole result (its data set, its split …) where all its rows agree on it, and the rows
    that become results of their own where they do not.
    """
    edits: list[Edit] = []
    moved: list[Place] = []
    for places in _by_result(was).values():
        words = {place: _words_of_result(was[place], kept[place]) for place in places if place in kept}
        if not any(words.values()):
            continue
        told = next(iter(words.values()))
        made = _in_result(yaml, index_nodes.result_at(index, places[0]), told)
        if made is not None and len(words) == len(places) and all(other == told for other in words.values()):
            edits += made
        else:
            moved += [place for place, told in words.items() if told]
    return edits, moved


def _in_result(yaml: str, result: Node, words: Mapping[str, object]) -> list[Edit] | None:
    edits = []
    for name, word in words.items():
        outer, inner = _PLACES[name]
        node = index_nodes.part(result, outer)
        there = index_nodes.part(node, inner)
        if there is None or node is None or result.target is not None or node.target is not None or not word:
            return None
        edits += _reworded(yaml, there, word)
        called = index_nodes.part(node, "name") if name == "dataset" else None
        if called is not None:
            edits += _reworded(yaml, called, word)  # it named the one before
    return edits


def _words_of_result(old: Row, new: Mapping[str, object]) -> dict[str, object]:
    """The other words that a row has for things of its result. What was written by hand keeps the link of its result,
    and is marked.
    """
    before, after = model_index.normed(old), model_index.normed(new)
    names = [name for name in _PLACES if name != "source" or new.get("source") != BY_HAND]
    return {name: after.get(name) for name in names if before.get(name) != after.get(name)}


def _apart(yaml: str, index: Node, place: Place, old: Row, row: Mapping[str, object]) -> list[Edit]:
    """A row of a result as a result of its own behind it, with all that is said of both."""
    result = copy.deepcopy(plain(index_nodes.result_at(index, place)))
    if not isinstance(result, dict) or (held := model_index.held(row)) is None:
        raise ElsewhereError
    for name, word in _words_of_result(old, row).items():
        outer, inner = _PLACES[name]
        part = result.setdefault(outer, {})
        if word:
            part[inner] = word
            if name == "dataset":
                part["name"] = word
        else:
            part.pop(inner, None)
        if not part:
            del result[outer]
    metric = result["metrics"][place[2]]
    metric.pop(TOKEN, None)
    result["metrics"] = [model_index.metric_of(held, metric)]
    return added(yaml, _results_at(index, place[0]), place[1] + 1, [result])


def _gone(yaml: str, index: Node, places: Sequence[Place], moved: Sequence[Place]) -> list[Edit]:
    """Rows taken out: their metric, the whole result where it had no other."""
    edits: list[Edit] = []
    whole: dict[int, list[int]] = {}
    for (number, which), inner in _by_result(places).items():
        metrics = index_nodes.part(index_nodes.result_at(index, inner[0]), "metrics")
        if metrics is not None and len(inner) < len(metrics.meant.items):
            edits += removed(yaml, metrics, [place[2] for place in inner])
        else:
            whole.setdefault(number, []).append(which)
    refilled = {place[0] for place in moved}
    for number, results in whole.items():
        edits += removed(yaml, _results_at(index, number), results, refilled=number in refilled)
    return edits


def _results_at(index: Node, number: int) -> Node:
    results = index_nodes.part(index_nodes.items(index)[number], "results")
    if results is None:
        raise ElsewhereError
    return results


def _by_result(places: Iterable[Place]) -> dict[tuple[int, int], list[Place]]:
    found: dict[tuple[int, int], list[Place]] = {}
    for place in places:
        found.setdefault(place[:2], []).append(place)
    return found


def _new(yaml: str, index: Node, rows: Rows, places: Sequence[Place | None]) -> list[Edit]:
    """New rows, each behind the result of the one before it, those of one data set as one result."""
    made: list[tuple[Place, bool, dict[str, Any]]] = []  # beside which, behind it, the result
    at, behind = next(place for place in places if place is not None), False
    for row, place in zip(rows, places, strict=True):
        at, behind = (place, True) if place is not None else (at, behind)
        held = model_index.held(row)
        if place is not None or held is None:
            continue
        result = model_index.new_result(held)
        if not made or made[-1] != (at, behind, {**result, "metrics": made[-1][2]["metrics"]}):
            made.append((at, behind, result))
        made[-1][2]["metrics"].append(model_index.metric_of(held, {}))
    return [edit for each in made for edit in _inserted(yaml, index, *each)]


def _inserted(yaml: str, index: Node, at: Place, behind: bool, result: dict[str, Any]) -> list[Edit]:
    there = index_nodes.result_at(index, at)
    metrics = index_nodes.part(there, "metrics")
    same = model_index.row_of(plain(there), {}) == model_index.row_of(result, {})  # type: ignore[arg-type]
    if behind and same and metrics is not None and metrics.target is None:
        return added(yaml, metrics, len(metrics.items), result["metrics"])
    return added(yaml, _results_at(index, at[0]), at[1] + behind, [result])

"""Correcting results where they stand in a `model-index`: a changed number changes its own line, and nothing else."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from forge_desktop.cards.claims import BY_HAND
from forge_desktop.cards.markdown import index_nodes, model_index
from forge_desktop.cards.markdown.model_index import COLUMNS, TOKEN, Place, Row
from forge_desktop.cards.markdown.node_edits import (
    ElsewhereError,
    items_out,
    lines,
    pair_added,
    scalar,
    without_pairs,
)
from forge_desktop.cards.markdown.records import BadCardText
from forge_desktop.cards.markdown.yaml_editing import applied
from forge_desktop.cards.markdown.yaml_flow import Edit
from forge_desktop.cards.markdown.yaml_nodes import Node, compose, plain

KEY = "model-index"
_PLACES = {
    "task": ("task", "type"), "dataset": ("dataset", "type"), "revision": ("dataset", "revision"),
    "split": ("dataset", "split"), "config": ("dataset", "config"), "source": ("source", "url"),
}  # fmt: skip


class Edited(NamedTuple):
    """Front matter whose results are these rows; `whole` where it says all that there is to say of them."""

    yaml: str
    whole: bool


def edited(yaml: str, root: Node | None, rows: Sequence[Mapping[str, object]], line_end: str = "\n") -> Edited | None:
    """Front matter (`root` is its tree) in which the results are these rows, all that did not change as it stood. None
    where that cannot be (results that others repeat by an alias, another order), and it has to be written anew.
    """
    try:
        made, index = _with_rows(yaml, root, rows, line_end)
        found = model_index.found(plain(index))
        return Edited(_with_marks(made, index, found, rows), len(found) == len(rows) and all(map(_is_whole, rows)))
    except (ElsewhereError, BadCardText):
        return None


def marked(yaml: str, rows: Sequence[Mapping[str, object]]) -> str:
    """Front matter that was written anew, with the numbers that were written by hand marked."""
    try:
        index = _index(compose(yaml))
        return _with_marks(yaml, index, model_index.found(plain(index)), rows)
    except (ElsewhereError, BadCardText):
        return yaml


def is_whole(rows: Sequence[Mapping[str, object]]) -> bool:
    """Whether rows say nothing that has no place there."""
    return all(model_index.held(row) is not None and _is_whole(row) for row in rows)


def _is_whole(row: Mapping[str, object]) -> bool:
    more = [name for name, value in row.items() if name not in COLUMNS and value not in (None, "")]
    source = str(row.get("source") or BY_HAND)
    return not more and (source == BY_HAND or source.startswith(("http://", "https://")))


def _with_rows(yaml: str, root: Node | None, rows: Sequence[Mapping[str, object]], line_end: str) -> tuple[str, Node]:
    """The text with the rows, and where the results stand in it."""
    index = _index(root)
    origins = model_index.found(plain(index))
    continued = _continued([row for row, _ in origins], rows)
    kept = {origins[number][1]: row for row, number in zip(rows, continued, strict=True) if number is not None}
    if not kept or list(kept) != sorted(kept):
        raise ElsewhereError
    was = {place: row for row, place in origins}
    edits, moved = _results_changed(yaml, index, was, kept)
    for row, place in origins:
        if place in kept and place not in moved:
            edits += _Metric(yaml, index, place).edits(row, kept[place])
    edits += _gone(yaml, index, [place for place in was if place not in kept or place in moved], moved)
    edits += [_apart(yaml, index, place, was[place], kept[place]) for place in moved]
    edits += _new(yaml, index, rows, [None if n is None else origins[n][1] for n in continued])
    if not edits:
        return yaml, index
    made = applied(yaml, [edit._replace(text=edit.text.replace("\n", line_end)) for edit in edits])
    wanted = [row for row, number in zip(rows, continued, strict=True) if number is not None or model_index.held(row)]
    after = compose(made)
    if not _says(after, root, wanted):
        raise ElsewhereError
    return made, _index(after)


def _index(root: Node | None) -> Node:
    node = index_nodes.part(root, KEY)
    if root is None or root.flow or node is None or node.target is not None or node.kind != "list":
        raise ElsewhereError
    return node


def _continued(old: Sequence[Row], new: Sequence[Mapping[str, object]]) -> list[int | None]:
    normed = model_index.normed
    return model_index.matched([normed(row) for row in old], [normed(row) for row in new], loosely=True)


def _says(after: Node | None, before: Node | None, wanted: Sequence[Mapping[str, object]]) -> bool:
    """Whether the edits made what they should, and left alone what is no row."""
    now, was = (plain(root) if root is not None else None for root in (after, before))
    if not (isinstance(now, dict) and isinstance(was, dict)):
        return False
    made, index = now.pop(KEY, None), was.pop(KEY)
    found = model_index.rows(made)
    there, others = (len(model_index.places(each)) - len(model_index.rows(each)) for each in (made, index))
    return now == was and there == others and _sorted(found) == _sorted(wanted)


def _sorted(rows: Sequence[Mapping[str, object]]) -> list[str]:
    return sorted(repr(sorted(_without(row).items())) for row in rows)


def _without(row: Mapping[str, object]) -> Row:
    """A row as it is compared: the link of a number that was written by hand is its result's."""
    return {name: value for name, value in model_index.normed(row).items() if name != "source"}


class _Metric:
    """One number with what is said of it, where it stands."""

    def __init__(self, yaml: str, index: Node, place: Place) -> None:
        self._yaml = yaml
        self._node = index_nodes.metric_at(index, place)
        self._pairs = {key.meant.text: (key, value) for key, value in self._node.meant.pairs}

    def edits(self, old: Row, new: Mapping[str, object]) -> list[Edit]:
        """What has to change so that it says a row: the number itself, and what vouched for the one before."""
        before, after = model_index.normed(old), model_index.normed(new)
        changed = [name for name in ("metric", "value") if before.get(name) != after.get(name)]
        verified = after.get("verified")
        edits = [self._written({"metric": "type"}.get(name, name), after.get(name)) for name in changed]
        gone = []
        if before.get("verified") != verified:
            if verified is None:
                gone.append("verified")
            elif "verified" in self._pairs:
                edits.append(self._written("verified", verified))
            else:
                edits.append(pair_added(self._yaml, self._node, "verified", verified))
        if TOKEN in self._pairs and (_without(old) != _without(new) or new.get("source") == BY_HAND):
            gone.append(TOKEN)
        return edits + without_pairs(self._yaml, self._node, gone)

    def _written(self, name: str, value: object) -> Edit:
        if name not in self._pairs or value is None:
            raise ElsewhereError
        return scalar(self._yaml, self._pairs[name][1], value)


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
        edits.append(scalar(yaml, there, word))
        called = index_nodes.part(node, "name") if name == "dataset" else None
        if called is not None:
            edits.append(scalar(yaml, called, word))  # it named the one before
    return edits


def _words_of_result(old: Row, new: Mapping[str, object]) -> dict[str, object]:
    """The other words that a row has for things of its result. What was written by hand keeps the link of its result,
    and is marked.
    """
    before, after = model_index.normed(old), model_index.normed(new)
    names = [name for name in _PLACES if name != "source" or new.get("source") != BY_HAND]
    return {name: after.get(name) for name in names if before.get(name) != after.get(name)}


def _apart(yaml: str, index: Node, place: Place, old: Row, row: Mapping[str, object]) -> Edit:
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
    results = index_nodes.part(index_nodes.items(index)[place[0]], "results")
    if results is None or results.flow or results.target is not None:
        raise ElsewhereError
    return lines(yaml, results, results.items[place[1]], [result], behind=True)


def _gone(yaml: str, index: Node, places: Sequence[Place], moved: Sequence[Place]) -> list[Edit]:
    """Rows taken out: their metric, the whole result where it had no other."""
    edits: list[Edit] = []
    whole: dict[int, set[int]] = {}
    for (number, which), inner in _by_result(places).items():
        metrics = index_nodes.part(index_nodes.result_at(index, inner[0]), "metrics")
        if len(inner) < len(index_nodes.items(metrics)):
            edits += items_out(yaml, metrics, {place[2] for place in inner})
        else:
            whole.setdefault(number, set()).add(which)
    refilled = {place[0] for place in moved}
    for number, results in whole.items():
        there = index_nodes.part(index_nodes.items(index)[number], "results")
        edits += items_out(yaml, there, results, refilled=number in refilled)
    return edits


def _by_result(places: Iterable[Place]) -> dict[tuple[int, int], list[Place]]:
    found: dict[tuple[int, int], list[Place]] = {}
    for place in places:
        found.setdefault(place[:2], []).append(place)
    return found


def _new(yaml: str, index: Node, rows: Sequence[Mapping[str, object]], places: Sequence[Place | None]) -> list[Edit]:
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
    return [_inserted(yaml, index, *each) for each in made]


def _inserted(yaml: str, index: Node, at: Place, behind: bool, result: dict[str, Any]) -> Edit:
    there = index_nodes.result_at(index, at)
    metrics = index_nodes.part(there, "metrics")
    same = model_index.row_of(plain(there), {}) == model_index.row_of(result, {})  # type: ignore[arg-type]
    if behind and same and metrics is not None and not metrics.flow and metrics.target is None:
        return lines(yaml, metrics, metrics.items[-1], result["metrics"], behind=True)
    results = index_nodes.part(index_nodes.items(index)[at[0]], "results")
    if results is None or results.flow or results.target is not None:
        raise ElsewhereError
    return lines(yaml, results, results.items[at[1]], [result], behind=behind)


def _with_marks(
    yaml: str, index: Node, found: Sequence[tuple[Row, Place]], rows: Sequence[Mapping[str, object]]
) -> str:
    """The numbers that were written by hand marked, and no others."""
    there = [row for row in rows if model_index.held(row) or row.get("value") is not None]
    continued = model_index.matched([_without(row) for row, _ in found], [_without(row) for row in there])
    wanted = [
        (found[number][1], row.get("source") == BY_HAND)
        for row, number in zip(there, continued, strict=True)
        if number is not None
    ]
    return applied(yaml, index_nodes.marks(index, yaml, wanted))

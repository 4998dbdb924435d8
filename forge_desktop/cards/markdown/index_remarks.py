"""What the hub would not take of a `model-index`: each result that lacks something, with its line and column."""

from __future__ import annotations

from collections.abc import Iterator

from forge_desktop.cards.markdown.index_nodes import items, part
from forge_desktop.cards.markdown.model_index import figure
from forge_desktop.cards.markdown.parsing import Parsed
from forge_desktop.cards.markdown.yaml_nodes import Node, plain
from forge_desktop.cards.records import Problem

_KEY = "model-index"
_SO = "so the hub leaves the results out"


def remarks(parsed: Parsed) -> tuple[Problem, ...]:
    """Warnings: the text stays as it is, and what of it can be read as a row is one."""
    index = parsed.keys.get(_KEY)
    if index is None or _empty(index.meant):
        return ()
    said = [(node, f"{words}, {_SO}.") for node, words in _found(index)] + list(_in_words(index))
    first = parsed.front.yaml_line
    return tuple(Problem("evaluation", words, "warning", first + node.line, node.column + 1) for node, words in said)


def _in_words(index: Node) -> Iterator[tuple[Node, str]]:
    """Results that are no numbers: they stay where they are, and are in no table."""
    for model in items(index):
        for result in items(_part(model, "results")):
            for metric in items(_part(result, "metrics")):
                value = _part(metric, "value")
                if value is not None and figure(plain(value)) is None:
                    shown = f"{value.text[:40]!r}" if value.kind == "scalar" else "a list"
                    yield value, f"a result of {_KEY} is no number ({shown}), so it stays in the text alone."


def _found(index: Node) -> Iterator[tuple[Node, str]]:
    if index.meant.kind != "list":
        yield index, f"{_KEY} is no list of models"
        return
    for model in index.meant.items:
        results = _part(model, "results")
        if _part(model, "name") is None:
            yield model, f"a model of {_KEY} has no name"
        if results is None or results.kind != "list":
            yield model, f"a model of {_KEY} has no list of results"
            continue
        for result in results.items:
            yield from ((result, f"a result of {_KEY} {said}") for said in _lacking(result))


def _lacking(result: Node) -> Iterator[str]:
    if _part(result, "task", "type") is None:
        yield "names no task (task: type)"
    if _part(result, "dataset", "type") is None or _part(result, "dataset", "name") is None:
        yield "names no data set (dataset: type and name)"
    metrics = _part(result, "metrics")
    held = items(metrics)
    if not held or any(_part(metric, "type") is None or _part(metric, "value") is None for metric in held):
        yield "has no metric with its type and value"


def _part(node: Node, *names: str) -> Node | None:
    """What stands under these keys, None for nothing."""
    for name in names:
        found = part(node, name)
        if found is None or _empty(found.meant):
            return None
        node = found
    return node.meant


def _empty(node: Node) -> bool:
    return node.kind == "scalar" and (not node.text or node.tag.endswith(":null"))

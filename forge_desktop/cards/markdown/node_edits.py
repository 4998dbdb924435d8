"""Changes to values where they stand in a text: one word for another, keys and items taken out or put in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from forge_desktop.cards.markdown.model_index import figure
from forge_desktop.cards.markdown.yaml_flow import Edit
from forge_desktop.cards.markdown.yaml_nodes import Node
from forge_desktop.cards.markdown.yaml_written import block


class ElsewhereError(Exception):
    """It cannot be done in place."""


def scalar(yaml: str, node: Node, value: object) -> Edit:
    """A word or a number in place of another, in the quotes that it had."""
    end = node.start + len(yaml[node.start : node.end].rstrip())
    if node.kind != "scalar" or node.style in ("|", ">") or yaml[node.start : node.start + 1] in ("&", "!", ""):
        raise ElsewhereError
    said = block([value])[2:]
    if isinstance(value, float | int) and not isinstance(value, bool) and node.style in ("'", '"'):
        quoted = f"{node.style}{said}{node.style}"
        said = quoted if figure(said) == value else said
    elif isinstance(value, str) and node.style == '"' and said == value:
        said = f'"{said}"'
    return Edit(node.start, end, said)


def pair_added(yaml: str, node: Node, name: str, value: object) -> Edit:
    if node.target is not None:
        raise ElsewhereError
    end = _end(yaml, node.pairs[-1][1])
    said = block({name: value})
    if node.flow:
        return Edit(end, end, f", {said}")
    at = _line_end(yaml, end)
    return Edit(at, at, " " * node.column + said + "\n")


def without_pairs(yaml: str, node: Node, names: Sequence[str]) -> list[Edit]:
    """Keys taken out of a mapping, each with its own lines; what stands between goes with none."""
    if not names:
        return []
    if node.target is not None or len(names) >= len(node.pairs):
        raise ElsewhereError
    edits = []
    pairs = node.pairs
    for at, (key, value) in enumerate(pairs):
        if key.meant.text not in names:
            continue
        first = not any(other.meant.text not in names for other, _ in pairs[:at])
        if first:
            edits.append(Edit(key.start, pairs[at + 1][0].start, ""))
        elif node.flow:
            edits.append(Edit(_end(yaml, pairs[at - 1][1]), _end(yaml, value), ""))
        else:
            edits.append(Edit(_line_start(yaml, key.start), _line_end(yaml, _end(yaml, value)), ""))
    return edits


def items_out(yaml: str, node: Node | None, numbers: set[int], *, refilled: bool = False) -> list[Edit]:
    if node is None or node.target is not None or (len(numbers) >= len(node.items) and (node.flow or not refilled)):
        raise ElsewhereError
    edits = []
    for number in sorted(numbers):
        item = node.items[number]
        if node.flow and numbers.issuperset(range(number)):
            edits.append(Edit(item.start, node.items[number + 1].start, ""))
        elif node.flow:
            edits.append(Edit(_end(yaml, node.items[number - 1]), _end(yaml, item), ""))
        else:
            edits.append(Edit(_dash(yaml, item), _line_end(yaml, _end(yaml, item)), ""))
    return edits


def lines(yaml: str, node: Node, item: Node, new: list[Any], *, behind: bool) -> Edit:
    where = _line_end(yaml, _end(yaml, item)) if behind else _dash(yaml, item)
    return Edit(where, where, "".join(" " * node.column + line + "\n" for line in block(new).split("\n")))


def _end(yaml: str, node: Node) -> int:
    """Where a value's own characters end."""
    if node.kind == "scalar" or node.flow:
        return node.start + len(yaml[node.start : node.end].rstrip())
    held = node.items or [each for pair in node.pairs for each in pair]
    return max([node.start, *(_end(yaml, each) for each in held)])


def _line_start(yaml: str, at: int) -> int:
    return yaml.rfind("\n", 0, at) + 1


def _line_end(yaml: str, at: int) -> int:
    found = yaml.find("\n", at)
    return len(yaml) if found < 0 else found + 1


def _dash(yaml: str, item: Node) -> int:
    """The beginning of the line that an item begins on; what shares it with its list cannot be taken out alone."""
    start = _line_start(yaml, item.start)
    if yaml[start : item.start].strip() != "-":
        raise ElsewhereError
    return start

"""Where the results of a `model-index` stand in its text, and the words "by hand" behind a number there."""

from __future__ import annotations

import re
from collections.abc import Sequence

from forge_desktop.cards.claims import BY_HAND
from forge_desktop.cards.markdown import model_index
from forge_desktop.cards.markdown.model_index import Place, Row
from forge_desktop.cards.markdown.yaml_edits import Edit, line_start, own_end
from forge_desktop.cards.markdown.yaml_nodes import Node, plain

_REST = re.compile(r"([ \t\]},]*)(#[^\r\n]*)?(?=\r?\n|\Z)")
_VALUE = re.compile(r"\bvalue[\"']?[ \t]*:")
_MARKED = re.compile(rf"#(?:.*; |[ \t]*){BY_HAND}[ \t]*\Z")


def part(node: Node | None, name: str) -> Node | None:
    """What stands under a key of a mapping itself, as it stands there."""
    pairs = node.meant.pairs if node is not None else []
    return next((value for key, value in pairs if key.meant.text == name), None)


def items(node: Node | None) -> list[Node]:
    """The items of a list, none of what is none."""
    return node.meant.items if node is not None and node.meant.kind == "list" else []


def result_at(index: Node, place: Place) -> Node:
    """The result that a metric stands in."""
    return items(part(items(index)[place[0]], "results"))[place[1]]


def metric_at(index: Node, place: Place) -> Node:
    """A metric of a result."""
    return items(part(result_at(index, place), "metrics"))[place[2]]


def rows(index: Node, yaml: str) -> list[Row]:
    """The rows that it says; of a number that is marked so the source is "by hand", not its result's."""
    found = model_index.found(plain(index))
    if BY_HAND in yaml:
        found = [({**row, "source": BY_HAND} if is_marked(index, place, yaml) else row, place) for row, place in found]
    return [row for row, _ in found]


def is_marked(index: Node, place: Place, yaml: str) -> bool:
    """Whether a comment behind a number says that it was written by hand."""
    rest = _behind(index, place, yaml)
    return rest is not None and bool(rest[2]) and _MARKED.match(rest[2]) is not None


def marks(index: Node, yaml: str, wanted: Sequence[tuple[Place, bool]]) -> list[Edit]:
    """Edits so that the numbers are marked that should be. One with others on its line has no room for it."""
    edits = []
    for place, by_hand in wanted:
        rest = _behind(index, place, yaml)
        if rest is None or by_hand == is_marked(index, place, yaml):
            continue
        if by_hand and rest[2]:
            end = rest.start(2) + len(rest[2].rstrip())
            edits.append(Edit(end, end, f"; {BY_HAND}"))
        elif by_hand:
            end = rest.start() + len(rest[1].rstrip())
            edits.append(Edit(end, rest.end(), f"  # {BY_HAND}"))
        else:
            kept = rest[2].rstrip().removesuffix(BY_HAND).rstrip("; \t")
            start = rest.start(2) if kept != "#" else rest.start() + len(rest[1].rstrip())
            edits.append(Edit(start, rest.end(), "" if kept == "#" else kept))
    return edits


def _behind(index: Node, place: Place, yaml: str) -> re.Match[str] | None:
    """What stands on the line behind a number and what its braces hold, where nothing but brackets and a comment does,
    and no other number stands on it.
    """
    metric = metric_at(index, place)
    value = part(metric, "value")
    if value is None or metric.target is not None:
        return None
    end = own_end(yaml, value)
    if metric.flow and "\n" not in yaml[end : metric.end]:
        end = metric.end
    line = yaml[line_start(yaml, value.start) : end]
    return _REST.match(yaml, end) if len(_VALUE.findall(line)) < 2 else None

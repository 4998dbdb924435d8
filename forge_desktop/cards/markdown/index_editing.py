"""Correcting results where they stand in a `model-index`: a changed number changes its own line, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from forge_desktop.cards.claims import BY_HAND
from forge_desktop.cards.markdown import index_changes, index_nodes, model_index
from forge_desktop.cards.markdown.model_index import COLUMNS, Place, Row
from forge_desktop.cards.markdown.records import BadCardText
from forge_desktop.cards.markdown.yaml_edits import ElsewhereError, applied
from forge_desktop.cards.markdown.yaml_nodes import Node, compose, plain

KEY = "model-index"


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
    edits = index_changes.edits(yaml, index, origins, rows, continued)
    if not edits:
        return yaml, index
    made = applied(yaml, edits, line_end)
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
    return sorted(repr(sorted(model_index.unsourced(row).items())) for row in rows)


def _with_marks(
    yaml: str, index: Node, found: Sequence[tuple[Row, Place]], rows: Sequence[Mapping[str, object]]
) -> str:
    """The numbers that were written by hand marked, and no others."""
    there = [row for row in rows if model_index.held(row) or row.get("value") is not None]
    continued = model_index.matched(
        [model_index.unsourced(row) for row, _ in found], [model_index.unsourced(row) for row in there]
    )
    wanted = [
        (found[number][1], row.get("source") == BY_HAND)
        for row, number in zip(there, continued, strict=True)
        if number is not None
    ]
    return applied(yaml, index_nodes.marks(index, yaml, wanted))

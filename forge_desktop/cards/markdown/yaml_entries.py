"""Entries of a list or a mapping, taken away and put in where they stand: on lines of their own, or in brackets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from forge_desktop.cards.markdown import yaml_flow
from forge_desktop.cards.markdown.yaml_edits import (
    Edit,
    ElsewhereError,
    Span,
    begins_line,
    dash,
    line_end,
    line_start,
    lines_put,
    own_end,
)
from forge_desktop.cards.markdown.yaml_nodes import Node
from forge_desktop.cards.markdown.yaml_written import block, flow, pair


def spans(text: str, node: Node) -> list[Span]:
    """Where the entries of a list or a mapping stand, keys with their values."""
    if node.target is not None:
        raise ElsewhereError
    if node.kind == "map":
        return [Span(key.start, max(key.end, own_end(text, value))) for key, value in node.pairs]
    return [Span(item.start, own_end(text, item)) for item in node.items]


def removed(text: str, node: Node, gone: Sequence[int], *, refilled: bool = False) -> list[Edit]:
    """Takes entries away; `refilled` where others come so that all may go. Comments on lines between them stay."""
    if not gone:
        return []
    where = spans(text, node)
    if len(gone) == len(where) and (node.flow or not refilled):
        raise ElsewhereError
    if node.flow:
        return [yaml_flow.removed(text, where, first, last) for first, last in _runs(gone)]
    edits = []
    starts = [_start(text, node, span) for span in where]
    leading = 0
    if not begins_line(text, starts[0]):  # the first one shares its line with what holds it: the next moves up to it
        leading = next((at for at in range(len(gone)) if gone[at] != at), len(gone))
        if leading == len(where):
            raise ElsewhereError
        edits = [Edit(where[0].start, where[leading].start, "")] if leading else []
    lines = [Edit(line_start(text, starts[at]), line_end(text, where[at].end), "") for at in gone[leading:]]
    return [*edits, *lines]


def added(text: str, node: Node, at: int, new: Sequence[object] | Mapping[str, object]) -> list[Edit]:
    """Puts new items, or keys with their values, behind the entry before `at`; before the first one where that is 0."""
    where = spans(text, node)
    if not where:
        raise ElsewhereError
    if node.flow:
        said = [pair(*each) for each in new.items()] if isinstance(new, Mapping) else [flow(each) for each in new]
        return yaml_flow.added(text, where, at, said)
    start = _start(text, node, where[0])
    if not at and not begins_line(text, start):
        raise ElsewhereError
    place = line_end(text, where[at - 1].end) if at else line_start(text, start)
    said_here = block(dict(new) if isinstance(new, Mapping) else list(new))
    return [lines_put(text, place, start - line_start(text, start), said_here)]


def _start(text: str, node: Node, span: Span) -> int:
    """Where an entry of a block begins: with its dash, or the question mark before its key."""
    if node.kind == "list":
        return dash(text, span.start)
    line = line_start(text, span.start)
    before = text[line : span.start].rstrip()
    return line + len(before) - 1 if before.endswith("?") else span.start


def _runs(numbers: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Numbers that follow each other, as from and to."""
    first = 0
    for at, number in enumerate(numbers):
        if at + 1 == len(numbers) or numbers[at + 1] != number + 1:
            yield numbers[first], number + 1
            first = at + 1

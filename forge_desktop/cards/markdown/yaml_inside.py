"""Edits within a value of front matter that keeps its form: items and keys come, go and change on their own lines."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from difflib import SequenceMatcher

from forge_desktop.cards.markdown import yaml_flow
from forge_desktop.cards.markdown.yaml_flow import Edit, Span
from forge_desktop.cards.markdown.yaml_nodes import Node, is_merge, plain
from forge_desktop.cards.markdown.yaml_written import bare_start, block, flow, pair

_MOST_COMPARED = 250_000  # pairs of items: more are compared from both ends alone


def edits_inside(text: str, node: Node, value: object) -> list[Edit] | None:
    """Edits that let a value say something else; None where it has to be replaced as a whole."""
    if plain(node) == value:
        return []
    if node.target is not None:
        return None
    if node.kind == "map" and isinstance(value, dict):
        return _map(text, node, value)
    if node.kind == "list" and isinstance(value, list):
        return _list(text, node, value)
    if node.kind == "scalar" and isinstance(value, str | int | float | bool):
        start = bare_start(text, node)
        return [Edit(start, max(start, own_end(text, node)), spaced(text, start, scalar(value, node)))]
    return None


def scalar(value: object, node: Node) -> str:
    """A word in the quotes that stood there, as it may stand anywhere."""
    if value is None:
        return "null"
    style = node.style if isinstance(value, str) and node.style in ("'", '"') else None
    return flow(value, '"' if isinstance(value, str) and "\n" in value else style)


def spaced(text: str, at: int, said: str) -> str:
    """With a blank before it where there is none yet."""
    return said if at and text[at - 1] in " \n[{," else " " + said


def own_end(text: str, node: Node) -> int:
    """Where a value's own characters end: blank lines behind a block of text are not its own."""
    if node.kind == "scalar" or node.flow:
        return node.start + len(text[node.start : node.end].rstrip())
    held = node.items or [part for both in node.pairs for part in both]
    return max([node.start, *(own_end(text, part) for part in held)])


def line_start(text: str, at: int) -> int:
    """Where the line begins that this stands on."""
    return text.rfind("\n", 0, at) + 1


def line_end(text: str, at: int) -> int:
    """Where the next line begins."""
    found = text.find("\n", at)
    return len(text) if found < 0 else found + 1


def _map(text: str, node: Node, value: Mapping[str, object]) -> list[Edit] | None:
    held = plain(node)
    own = {key.meant.text: number for number, (key, _) in enumerate(node.pairs) if not is_merge(key)}
    gone = [number for name, number in own.items() if name not in value]
    assert isinstance(held, dict)
    if len(gone) == len(node.pairs) or any(name not in own and name not in value for name in held):
        return None
    spans = [Span(key.start, max(key.end, own_end(text, part))) for key, part in node.pairs]
    edits = list(_removed(text, node, spans, gone))
    for name, number in own.items():
        if name in value:
            edits += _changed(text, node.pairs[number][1], value[name])
    new = {name: said for name, said in value.items() if name not in own and not (name in held and held[name] == said)}
    if new and node.flow:
        edits += yaml_flow.added(text, spans, len(spans), [pair(name, said) for name, said in new.items()])
    elif new:
        place, first = line_end(text, spans[-1].end), node.pairs[0][0].start
        edits.append(_lines(text, place, first - line_start(text, first), block(new)))
    return edits


def _list(text: str, node: Node, value: Sequence[object]) -> list[Edit] | None:
    if not node.items or not value:
        return None
    spans = [Span(item.start, own_end(text, item)) for item in node.items]
    edits: list[Edit] = []
    for first, last, new_first, new_last in _differences([plain(item) for item in node.items], value):
        both = min(last - first, new_last - new_first)
        for item, said in zip(node.items[first : first + both], value[new_first : new_first + both], strict=True):
            edits += _changed(text, item, said)
        edits += _removed(text, node, spans, range(first + both, last))
        if new := value[new_first + both : new_last]:
            edits += _added(text, node, spans, first + both, new)
    return edits


def _changed(text: str, node: Node, value: object) -> list[Edit]:
    within = edits_inside(text, node, value)
    if within is not None:
        return within
    return [Edit(node.start, max(node.start, own_end(text, node)), spaced(text, node.start, flow(value)))]


def _differences(old: Sequence[object], new: Sequence[object]) -> Iterator[tuple[int, int, int, int]]:
    """Where two lists differ: from and to of the one, from and to of the other."""
    first, most = 0, min(len(old), len(new))
    while first < most and old[first] == new[first]:
        first += 1
    last = 0
    while last < most - first and old[-1 - last] == new[-1 - last]:
        last += 1
    end, new_end = len(old) - last, len(new) - last
    if (end - first) * (new_end - first) > _MOST_COMPARED:
        yield first, end, first, new_end
        return
    one, other = [repr(each) for each in old[first:end]], [repr(each) for each in new[first:new_end]]
    for tag, i1, i2, j1, j2 in SequenceMatcher(None, one, other, autojunk=False).get_opcodes():
        if tag != "equal":
            yield first + i1, first + i2, first + j1, first + j2


def _removed(text: str, node: Node, spans: Sequence[Span], gone: Sequence[int]) -> Iterator[Edit]:
    for first, last in _runs(gone):
        if node.flow:
            yield yaml_flow.removed(text, spans, first, last)
        elif node.kind == "list":
            yield Edit(_dash(text, spans[first].start), line_end(text, spans[last - 1].end), "")
        elif text[line_start(text, spans[first].start) : spans[first].start].strip():
            yield Edit(spans[first].start, spans[last].start, "")  # the first key stands behind a dash
        else:
            yield Edit(line_start(text, spans[first].start), line_end(text, spans[last - 1].end), "")


def _runs(numbers: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Numbers that follow each other, as from and to."""
    first = 0
    for at, number in enumerate(numbers):
        if at + 1 == len(numbers) or numbers[at + 1] != number + 1:
            yield numbers[first], number + 1
            first = at + 1


def _added(text: str, node: Node, spans: Sequence[Span], at: int, new: Sequence[object]) -> list[Edit]:
    """New items of a list, before the one that is `at` or behind the last."""
    if node.flow:
        return yaml_flow.added(text, spans, at, [flow(each) for each in new])
    place = _dash(text, spans[at].start) if at < len(spans) else line_end(text, spans[-1].end)
    dash = _dash(text, spans[0].start)
    return [_lines(text, place, len(text[dash : spans[0].start].split("-")[0]), block(list(new)))]


def _lines(text: str, place: int, indent: int, said: str) -> Edit:
    lines = "".join(" " * indent + line + "\n" for line in said.split("\n"))
    return Edit(place, place, lines if not place or text[place - 1] == "\n" else "\n" + lines)


def _dash(text: str, at: int) -> int:
    """The beginning of the line that the item of a block's list which stands here begins on."""
    return line_start(text, text.rfind("-", 0, at))

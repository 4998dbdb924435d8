"""Edits within a value of front matter that keeps its form: items and keys come, go and change on their own lines."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from difflib import SequenceMatcher

from forge_desktop.cards.markdown.yaml_edits import Edit, ElsewhereError, own_end
from forge_desktop.cards.markdown.yaml_entries import added, removed
from forge_desktop.cards.markdown.yaml_nodes import Node, is_merge, plain
from forge_desktop.cards.markdown.yaml_written import bare_start, flow

_MOST_COMPARED = 250_000  # pairs of items: more are compared from both ends alone


def replaced(text: str, node: Node, value: object) -> list[Edit]:
    """Edits that let a value say something else: inside of it where it keeps its form, else all of it."""
    try:
        return inside(text, node, value)
    except ElsewhereError:
        return [whole(text, node, flow(value))]


def inside(text: str, node: Node, value: object) -> list[Edit]:
    """Edits within a value. Raises ElsewhereError where it has to be replaced as a whole."""
    if plain(node) == value:
        return []
    if node.target is None:
        if node.kind == "map" and isinstance(value, dict):
            return _map(text, node, value)
        if node.kind == "list" and isinstance(value, list):
            return _list(text, node, value)
        if node.kind == "scalar" and isinstance(value, str | int | float | bool):
            return [whole(text, node, scalar(value, node), bare_start(text, node))]
    raise ElsewhereError


def whole(text: str, node: Node, said: str, start: int | None = None) -> Edit:
    """Something else in place of a value, or of what of it stands behind `start`."""
    at = node.start if start is None else start
    return Edit(at, max(at, own_end(text, node)), spaced(text, at, said))


def scalar(value: object, node: Node) -> str:
    """A word in the quotes that stood there, as it may stand anywhere."""
    if value is None:
        return "null"
    style = node.style if isinstance(value, str) and node.style in ("'", '"') else None
    return flow(value, '"' if isinstance(value, str) and "\n" in value else style)


def spaced(text: str, at: int, said: str) -> str:
    """With a blank before it where there is none yet."""
    return said if at and text[at - 1] in " \n[{," else " " + said


def _map(text: str, node: Node, value: Mapping[str, object]) -> list[Edit]:
    held = plain(node)
    own = {key.meant.text: number for number, (key, _) in enumerate(node.pairs) if not is_merge(key)}
    assert isinstance(held, dict)
    if any(name not in own and name not in value for name in held):
        raise ElsewhereError
    edits = removed(text, node, [number for name, number in own.items() if name not in value])
    for name, number in own.items():
        if name in value:
            edits += replaced(text, node.pairs[number][1], value[name])
    new = {name: said for name, said in value.items() if name not in own and not (name in held and held[name] == said)}
    return edits + (added(text, node, len(node.pairs), new) if new else [])


def _list(text: str, node: Node, value: Sequence[object]) -> list[Edit]:
    if not node.items or not value:
        raise ElsewhereError
    edits: list[Edit] = []
    gone: list[int] = []
    for first, last, new_first, new_last in _differences([plain(item) for item in node.items], value):
        both = min(last - first, new_last - new_first)
        for item, said in zip(node.items[first : first + both], value[new_first : new_first + both], strict=True):
            edits += replaced(text, item, said)
        gone += range(first + both, last)
        if new := value[new_first + both : new_last]:
            edits += added(text, node, first + both, new)
    return edits + removed(text, node, gone)


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

"""Changing front matter in place: only the values that differ are written anew, in the quotes they had."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import yaml

from forge_desktop.base.directions import TURNING
from forge_desktop.cards.markdown.records import BadCardText
from forge_desktop.cards.markdown.yaml_nodes import Node, compose, plain

_DUMPER: type = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
_WIDE = 1_000_000  # never break a line


class Edit(NamedTuple):
    """Put `text` in place of what stands from `start` to `end`."""

    start: int
    end: int
    text: str


def applied(text: str, edits: Sequence[Edit]) -> str:
    """The text with all edits made; of two at one place, the first comes first."""
    parts, at = [], 0
    for edit in sorted(edits, key=lambda edit: (edit.start, edit.end)):
        parts += [text[at : edit.start], edit.text]
        at = edit.end
    return "".join([*parts, text[at:]])


def block(value: object) -> str:
    """A value as YAML in lines, without the last line's end."""
    return _dumped(value, sort_keys=False).removesuffix("\n")


def _dumped(value: object, **form: Any) -> str:
    """As YAML, in letters as they are; with marks in it that turn them around, all that is not ASCII is escaped."""
    said = str(yaml.dump(value, Dumper=_DUMPER, allow_unicode=True, width=_WIDE, **form))
    return str(yaml.dump(value, Dumper=_DUMPER, width=_WIDE, **form)) if TURNING.search(said) else said


def changed(
    text: str, root: Node | None, changes: Mapping[str, object], order: Sequence[str], line_end: str = "\n"
) -> str:
    """Front matter with keys set to other values, or removed where the value is None; new ones stand in `order`.
    `root` is its tree.

    Comments and whatever is not in `changes` stay as they are; only where that cannot be (an
    anchor that others use, braces around everything) all of it is written anew, with every key and value.
    """
    held = plain(root) if root is not None and root.kind == "map" else {}
    assert isinstance(held, dict)
    wanted = {key: value for key, value in {**held, **changes}.items() if not (key in changes and value is None)}
    if root is None or (root.kind == "map" and not root.flow):
        made = [edit._replace(text=edit.text.replace("\n", line_end)) for edit in _edits(text, root, changes, order)]
        edited = applied(text, made)
        if _says(edited, wanted):
            return edited
    return (block(wanted) + "\n").replace("\n", line_end) if wanted else ""


def _says(text: str, wanted: Mapping[str, object]) -> bool:
    try:
        root = compose(text)
    except BadCardText:
        return False
    return (plain(root) if root is not None else {}) == wanted


def _edits(text: str, root: Node | None, changes: Mapping[str, object], order: Sequence[str]) -> list[Edit]:
    pairs = {key.meant.text: (key, value) for key, value in root.pairs} if root is not None else {}
    edits: list[Edit] = []
    added: dict[int, list[tuple[int, str]]] = {}
    for name, value in changes.items():
        if name in pairs and value is None:
            key, node = pairs[name]
            edits.append(Edit(_line_start(text, key.start), _line_end(text, max(key.end, _last(text, node))), ""))
        elif name in pairs:
            edits += _top(text, pairs[name][1], value)
        elif value is not None:
            rank = order.index(name)
            added.setdefault(_after(text, pairs, order[:rank]), []).append((rank, _line_of(name, value)))
    for place, new in added.items():
        lines = "".join(line for _, line in sorted(new))
        edits.append(Edit(place, place, lines if not place or text[place - 1] == "\n" else "\n" + lines))
    return edits


def _line_of(name: str, value: object) -> str:
    return block({name: value}) + "\n"


def _after(text: str, pairs: Mapping[str, tuple[Node, Node]], before: Sequence[str]) -> int:
    """Where a new key belongs: behind the nearest of those before it in the order, else at the end."""
    for name in reversed(before):
        if name in pairs:
            return _line_end(text, max(pairs[name][0].end, _last(text, pairs[name][1])))
    return len(text)


def _top(text: str, node: Node, value: object) -> list[Edit]:
    """Edits to a key's value: inside of it where it stays a list or a mapping, else all of it."""
    within = _inside(text, node, value)
    if within is not None:
        return within
    end = _last(text, node)
    if isinstance(value, str | int | float | bool) or not value:
        return [Edit(node.start, end, _spaced(text, node, _scalar(value, node)))]
    lines = block(value).replace("\n", "\n" + " " * 2)
    space = _line_of_node(text, node)
    return [Edit(space, end, "\n  " + lines)]


def _line_of_node(text: str, node: Node) -> int:
    """Where the blanks before a value begin, back to its key's colon."""
    at = node.start
    while at > 0 and text[at - 1] in " \r\n":
        at -= 1
    return at


def _inside(text: str, node: Node, value: object) -> list[Edit] | None:
    """Edits within a value that keeps its form; None where it has to be replaced as a whole."""
    if node.target is not None:
        return [] if plain(node) == value else None
    if plain(node) == value:
        return []
    if node.kind == "map" and isinstance(value, dict):
        return _inside_map(text, node, value)
    if node.kind == "list" and isinstance(value, list):
        return _inside_list(text, node, value)
    if node.kind == "scalar" and isinstance(value, str | int | float | bool):
        return [Edit(node.start, _last(text, node), _spaced(text, node, _scalar(value, node)))]
    return None


def _inside_map(text: str, node: Node, value: Mapping[str, object]) -> list[Edit] | None:
    if [key.meant.text for key, _ in node.pairs] != list(value):
        return None
    edits: list[Edit] = []
    for key, held in node.pairs:
        new = value[key.meant.text]
        within = _inside(text, held, new)
        edits += [Edit(held.start, _last(text, held), _spaced(text, held, _flow(new)))] if within is None else within
    return edits


def _inside_list(text: str, node: Node, value: Sequence[object]) -> list[Edit] | None:
    """Keep what is the same at both ends, change what is between, add and remove whole items."""
    if node.flow or not node.items or not value:
        return None
    items, old = node.items, [plain(item) for item in node.items]
    first = 0
    while first < min(len(old), len(value)) and old[first] == value[first]:
        first += 1
    last = 0
    while last < min(len(old), len(value)) - first and old[-1 - last] == value[-1 - last]:
        last += 1
    both = min(len(old), len(value)) - first - last
    edits: list[Edit] = []
    for item, new in zip(items[first : first + both], value[first : first + both], strict=True):
        within = _inside(text, item, new)
        edits += [Edit(item.start, _last(text, item), _flow(new))] if within is None else within
    for item in items[first + both : len(items) - last]:
        edits.append(Edit(_dash(text, item), _line_end(text, _last(text, item)), ""))
    new_items = value[first + both : len(value) - last]
    if new_items:
        edits.append(_added(text, node, first + both, new_items))
    return edits


def _added(text: str, node: Node, index: int, new: Sequence[object]) -> Edit:
    """New items of a block's list, before the item at `index` or behind the last."""
    place = _dash(text, node.items[index]) if index < len(node.items) else _line_end(text, _last(text, node.items[-1]))
    indent = " " * node.column
    lines = "".join(indent + line + "\n" for line in block(list(new)).split("\n"))
    return Edit(place, place, lines if not place or text[place - 1] == "\n" else "\n" + lines)


def _scalar(value: object, node: Node) -> str:
    if value is None:
        return "null"
    style = node.style if isinstance(value, str) and node.style in ("'", '"') else None
    if isinstance(value, str) and "\n" in value:
        style = '"'
    return _dumped(value, default_style=style).removesuffix("\n").removesuffix("\n...")


def _flow(value: object) -> str:
    """A value on one line, as it may stand anywhere."""
    if not isinstance(value, dict | list):
        return _dumped([value], default_flow_style=True).strip()[1:-1]
    return _dumped(value, default_flow_style=True, sort_keys=False).strip()


def _spaced(text: str, node: Node, said: str) -> str:
    return said if node.start and text[node.start - 1] in " \n[{," else " " + said


def _last(text: str, node: Node) -> int:
    """Where a value's own characters end: blank lines behind a block of text are not its own."""
    if node.kind == "scalar" or node.flow:
        return node.start + len(text[node.start : node.end].rstrip())
    held = node.items or [part for pair in node.pairs for part in pair]
    return max([node.start, *(_last(text, part) for part in held)])


def _line_start(text: str, at: int) -> int:
    return text.rfind("\n", 0, at) + 1


def _line_end(text: str, at: int) -> int:
    found = text.find("\n", at)
    return len(text) if found < 0 else found + 1


def _dash(text: str, item: Node) -> int:
    """The beginning of the line that an item of a block's list begins on."""
    return _line_start(text, text.rfind("-", 0, item.start + (item.start == item.end)))

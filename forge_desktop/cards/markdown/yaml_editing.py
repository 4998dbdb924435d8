"""Changing front matter in place: only the values that differ are written anew, in the quotes they had."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from forge_desktop.cards.markdown import yaml_aliases
from forge_desktop.cards.markdown.records import BadCardText
from forge_desktop.cards.markdown.yaml_flow import Edit
from forge_desktop.cards.markdown.yaml_inside import edits_inside, line_end, line_start, own_end, scalar, spaced
from forge_desktop.cards.markdown.yaml_nodes import Node, compose, merged, plain
from forge_desktop.cards.markdown.yaml_written import block, flow, written


def applied(text: str, edits: Sequence[Edit]) -> str:
    """The text with all edits made; of two at one place, the first comes first."""
    parts, at = [], 0
    for edit in sorted(edits, key=lambda edit: (edit.start, edit.end)):
        parts += [text[at : edit.start], edit.text]
        at = edit.end
    return "".join([*parts, text[at:]])


def changed(
    text: str, root: Node | None, changes: Mapping[str, object], order: Sequence[str], new_line: str = "\n"
) -> str:
    """Front matter with keys set to other values, or removed where the value is None; new ones stand in `order`.
    `root` is its tree.

    Whatever is not in `changes` stays as it is. An alias for something that changes is written out, as it was written
    where it was named. Where even that cannot be, all of it is written anew, each value in its letters.
    """
    held = plain(root) if root is not None and root.kind == "map" else {}
    assert isinstance(held, dict)
    wanted = {key: value for key, value in {**held, **changes}.items() if not (key in changes and value is None)}
    for edits in _ways(text, root, changes, order, wanted):
        edited = applied(text, [edit._replace(text=edit.text.replace("\n", new_line)) for edit in edits])
        if _says(edited, wanted):
            return edited
    return (block(wanted) + "\n").replace("\n", new_line) if wanted else ""


def _ways(
    text: str, root: Node | None, changes: Mapping[str, object], order: Sequence[str], wanted: Mapping[str, object]
) -> Iterator[Sequence[Edit]]:
    """Edits that may do, those first that leave most as it is."""
    if root is None:
        yield _edits(text, {}, changes, order)
        return
    if root.flow:
        edits = edits_inside(text, root, wanted)
        if edits is not None:
            yield edits
            yield [*edits, *yaml_aliases.written_out(text, root, edits)]
    else:
        pairs = {key.meant.text: (key, value) for key, value in root.pairs}
        for inside in (True, False):
            edits = _edits(text, pairs, changes, order, inside=inside)
            yield edits
            yield [*edits, *yaml_aliases.written_out(text, root, edits)]
    yield [Edit(0, len(text), _anew(text, root, changes, order))]


def _anew(text: str, root: Node, changes: Mapping[str, object], order: Sequence[str]) -> str:
    """All keys, each with its value on one line; what changes as lines."""
    lines: dict[str, str] = {}
    for key, node in merged(root):
        if key.meant.text not in changes:
            lines.setdefault(key.meant.text, f"{written(text, key)}: {written(text, node)}\n")
        elif changes[key.meant.text] is not None:
            lines.setdefault(key.meant.text, _line_of(key.meant.text, changes[key.meant.text]))
    new = [name for name in order if changes.get(name) is not None and name not in lines]
    return "".join([*lines.values(), *(_line_of(name, changes[name]) for name in new)])


def _says(text: str, wanted: Mapping[str, object]) -> bool:
    try:
        root = compose(text)
    except BadCardText:
        return False
    return (plain(root) if root is not None else {}) == wanted


def _edits(
    text: str,
    pairs: Mapping[str, tuple[Node, Node]],
    changes: Mapping[str, object],
    order: Sequence[str],
    *,
    inside: bool = True,
) -> list[Edit]:
    edits: list[Edit] = []
    added: dict[int, list[tuple[int, str]]] = {}
    for name, value in changes.items():
        if name in pairs and value is None:
            key, node = pairs[name]
            edits.append(Edit(line_start(text, key.start), line_end(text, max(key.end, own_end(text, node))), ""))
        elif name in pairs:
            edits += _top(text, pairs[name][1], value, inside=inside)
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
            return line_end(text, max(pairs[name][0].end, own_end(text, pairs[name][1])))
    return len(text)


def _top(text: str, node: Node, value: object, *, inside: bool) -> list[Edit]:
    """Edits to a key's value: inside of it where it stays a list or a mapping, else all of it."""
    within = edits_inside(text, node, value) if inside else None
    if within is not None:
        return within
    end = own_end(text, node)
    if isinstance(value, str | int | float | bool) or not value:
        return [Edit(node.start, end, spaced(text, node.start, scalar(value, node)))]
    if node.flow and node.target is None:
        return [Edit(node.start, end, spaced(text, node.start, flow(value)))]
    lines = block(value).replace("\n", "\n" + " " * 2)
    return [Edit(_colon(text, node), end, "\n  " + lines)]


def _colon(text: str, node: Node) -> int:
    """Where the blanks before a value begin, back to its key's colon."""
    at = node.start
    while at > 0 and text[at - 1] in " \r\n":
        at -= 1
    return at

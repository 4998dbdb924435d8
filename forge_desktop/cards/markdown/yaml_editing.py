"""Changing front matter in place: only the values that differ are written anew, in the quotes they had."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress

from forge_desktop.cards.markdown import yaml_aliases
from forge_desktop.cards.markdown.records import BadCardText
from forge_desktop.cards.markdown.yaml_edits import Edit, ElsewhereError, applied, line_end, lines_put, own_end
from forge_desktop.cards.markdown.yaml_entries import removed, spans
from forge_desktop.cards.markdown.yaml_inside import inside, scalar, whole
from forge_desktop.cards.markdown.yaml_nodes import Node, compose, merged, plain
from forge_desktop.cards.markdown.yaml_written import block, flow, written


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
        edited = applied(text, edits, new_line)
        if _says(edited, wanted):
            return edited
    return (block(wanted) + "\n").replace("\n", new_line) if wanted else ""


def _ways(
    text: str, root: Node | None, changes: Mapping[str, object], order: Sequence[str], wanted: Mapping[str, object]
) -> Iterator[Sequence[Edit]]:
    """Edits that may do, those first that leave most as it is."""
    if root is None:
        yield _edits(text, None, changes, order)
        return
    with suppress(ElsewhereError):
        for in_place in (True,) if root.flow else (True, False):
            edits = inside(text, root, wanted) if root.flow else _edits(text, root, changes, order, in_place=in_place)
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
    text: str, root: Node | None, changes: Mapping[str, object], order: Sequence[str], *, in_place: bool = True
) -> list[Edit]:
    numbers = {key.meant.text: number for number, (key, _) in enumerate(root.pairs)} if root is not None else {}
    entries = spans(text, root) if root is not None else []
    edits: list[Edit] = []
    new: dict[int, list[tuple[int, str]]] = {}
    for name, value in changes.items():
        if root is not None and name in numbers and value is not None:
            edits += _top(text, root.pairs[numbers[name]][1], value, in_place=in_place)
        elif value is not None:
            rank = order.index(name)
            # Behind the nearest of those before it in the order, else at the end.
            before = next((numbers[other] for other in order[:rank][::-1] if other in numbers), None)
            place = len(text) if before is None else line_end(text, entries[before].end)
            new.setdefault(place, []).append((rank, _line_of(name, value)))
    edits += [
        lines_put(text, place, 0, "".join(line for _, line in sorted(lines)).removesuffix("\n"))
        for place, lines in new.items()
    ]
    gone = sorted(numbers[name] for name, value in changes.items() if value is None and name in numbers)
    return edits + (removed(text, root, gone, refilled=True) if root is not None else [])


def _line_of(name: str, value: object) -> str:
    return block({name: value}) + "\n"


def _top(text: str, node: Node, value: object, *, in_place: bool) -> list[Edit]:
    """Edits to a key's value: inside of it where it stays a list or a mapping, else all of it."""
    if in_place:
        with suppress(ElsewhereError):
            return inside(text, node, value)
    if isinstance(value, str | int | float | bool) or not value:
        return [whole(text, node, scalar(value, node))]
    if node.flow and node.target is None:
        return [whole(text, node, flow(value))]
    return [Edit(_colon(text, node), own_end(text, node), "\n  " + block(value).replace("\n", "\n" + " " * 2))]


def _colon(text: str, node: Node) -> int:
    """Where the blanks before a value begin, back to its key's colon."""
    at = node.start
    while at > 0 and text[at - 1] in " \r\n":
        at -= 1
    return at

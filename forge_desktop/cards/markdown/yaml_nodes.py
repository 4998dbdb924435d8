"""Front matter as a tree that knows where every value stands: built from YAML's events, with limits on all of them."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, NoReturn

import yaml

from forge_desktop.cards.markdown.records import BadCardText

# The C parser gives the same events and marks as the one in Python, some ten times faster.
LOADER: type = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_DEEPEST, _MOST, _MOST_REPEATED = 60, 200_000, 300_000
_DIGITS = 4_000
STANDARD = "tag:yaml.org,2002:"
_KNOWN = {STANDARD + name for name in ("null", "bool", "int", "float", "str", "seq", "map", "timestamp", "binary")} | {
    STANDARD + name for name in ("set", "omap", "pairs", "merge", "value")
}
_RESOLVER = yaml.resolver.Resolver()
_MAKER = yaml.constructor.SafeConstructor()


@dataclass
class Node:
    """One value of the front matter. `start` and `end` are offsets in its text; a block's `end` is its last value's."""

    kind: Literal["scalar", "list", "map"]
    start: int
    end: int
    line: int
    column: int
    text: str = ""  # of a scalar, as a string would have it
    tag: str = ""  # of a list or a mapping only where it is written
    style: str = ""
    flow: bool = False
    items: list[Node] = field(default_factory=list)
    pairs: list[tuple[Node, Node]] = field(default_factory=list)
    target: Node | None = None  # of an alias
    weight: int = 1

    @property
    def meant(self) -> Node:
        """The value itself, where this is only an alias for it."""
        return self.target or self


def every(root: Node | None) -> Iterator[Node]:
    """Every value and key of a tree in the order of its text, an alias as itself."""
    waiting = [root] if root is not None else []
    while waiting:
        node = waiting.pop()
        yield node
        waiting += reversed([*node.items, *(side for pair in node.pairs for side in pair)])


class _Spot(NamedTuple):
    """Where something begins in a YAML text, from 0."""

    offset: int
    line: int
    column: int


def _spot(event: yaml.Event) -> _Spot:
    mark = event.start_mark
    return _Spot(mark.index, mark.line, mark.column) if mark is not None else _Spot(0, 0, 0)


def implicit_tag(node: Node) -> str:
    """The tag that a scalar has where none is written: its own, as others would read its letters."""
    if node.kind != "scalar":
        return ""
    return str(_RESOLVER.resolve(yaml.ScalarNode, node.text, (not node.style, True)))  # type: ignore[no-untyped-call]


def _end(event: yaml.Event) -> int:
    return event.end_mark.index if event.end_mark is not None else 0


def compose(text: str, first_line: int = 1) -> Node | None:
    """The tree of a YAML text, None when there is nothing in it. `first_line` is where it begins in its card."""
    builder = _Builder(first_line)
    try:
        for event in yaml.parse(text, Loader=LOADER):
            builder.take(event)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line, mark.column) if mark else (0, 0)
        said = " ".join(part for part in (error.problem, error.context) if part)
        begun = _begun(error, builder.open_bracket, line)
        if begun is not None:
            said += f", in what begins here (noticed in line {first_line + line})"
            line, column = begun
        raise BadCardText(f"the front matter is no YAML: {said}.", first_line + line, column + 1) from None
    except yaml.YAMLError as error:
        raise BadCardText(f"the front matter is no YAML: {error}.", first_line, 1) from None
    return builder.root


def _begun(error: yaml.MarkedYAMLError, bracket: Node | None, line: int) -> tuple[int, int] | None:
    """Where a bracket or a quote stands that nobody closed: that is noticed lines behind it."""
    quote = error.context_mark if error.context == "while scanning a quoted scalar" else None
    begun = (quote.line, quote.column) if quote else (bracket.line, bracket.column) if bracket else None
    return begun if begun is not None and begun[0] < line else None


class _Builder:
    """Turns events into nodes one by one, so that no depth of nesting and no number of aliases costs anything."""

    def __init__(self, first_line: int) -> None:
        self.root: Node | None = None
        self._first_line = first_line
        self._open: list[tuple[Node, list[Node]]] = []
        self._anchors: dict[str, Node] = {}
        self._count = 0

    @property
    def open_bracket(self) -> Node | None:
        """The list or mapping in brackets that is still open."""
        return next((node for node, _ in self._open[::-1] if node.flow), None)

    def take(self, event: yaml.Event) -> None:
        if isinstance(event, yaml.DocumentStartEvent) and self.root is not None:
            self._refuse(_spot(event), "the front matter holds a second YAML document.")
        if isinstance(event, yaml.AliasEvent):
            self._alias(event)
        elif isinstance(event, yaml.ScalarEvent):
            self._put(self._scalar(event), event.anchor)
        elif isinstance(event, yaml.CollectionStartEvent):
            self._begin(event)
        elif isinstance(event, yaml.CollectionEndEvent):
            self._finish(event)

    def _begin(self, event: yaml.CollectionStartEvent) -> None:
        mark = _spot(event)
        if len(self._open) >= _DEEPEST:
            self._refuse(mark, f"the front matter is nested deeper than {_DEEPEST} levels.")
        is_map = isinstance(event, yaml.MappingStartEvent)
        self._standard(event.tag, mark)
        node = Node("map" if is_map else "list", mark.offset, mark.offset, mark.line, mark.column)
        node.flow, node.tag = bool(event.flow_style), event.tag if event.tag and event.tag != "!" else ""
        self._open.append((node, []))
        if event.anchor:
            self._anchors[event.anchor] = node

    def _finish(self, event: yaml.CollectionEndEvent) -> None:
        node, held = self._open.pop()
        node.end = _end(event) if node.flow else max([node.start, *(part.end for part in held)])
        node.weight += sum(part.weight for part in held)
        if node.kind == "map":
            node.pairs = list(zip(held[::2], held[1::2], strict=True))
            self._keys(node)
        else:
            node.items = held
        self._put(node, None)

    def _scalar(self, event: yaml.ScalarEvent) -> Node:
        mark, style = _spot(event), event.style or ""
        self._standard(event.tag, mark)
        tag = event.tag if event.tag and event.tag != "!" else ""
        if not tag:
            implicit = event.implicit if event.tag is None else (False, True)
            tag = str(_RESOLVER.resolve(yaml.ScalarNode, event.value, implicit))  # type: ignore[no-untyped-call]
        if tag == STANDARD + "int" and len(event.value) > _DIGITS:
            self._refuse(mark, f"a number of {len(event.value):,} digits.")
        return Node("scalar", mark.offset, _end(event), mark.line, mark.column, event.value, tag, style)

    def _alias(self, event: yaml.AliasEvent) -> None:
        mark, target = _spot(event), self._anchors.get(event.anchor or "")
        if target is None or any(node is target for node, _ in self._open):
            self._refuse(mark, f"the alias *{event.anchor} stands for nothing that is complete before it.")
        node = Node("scalar", mark.offset, _end(event), mark.line, mark.column)
        node.target, node.weight = target, target.weight
        self._put(node, None)

    def _put(self, node: Node, anchor: str | None) -> None:
        self._count += 1
        if node.weight > _MOST_REPEATED:
            said = "aliases repeat the front matter so often that it would be enormous."
            self._refuse(_Spot(0, node.line, node.column), said)
        if self._count > _MOST:
            self._refuse(_Spot(0, node.line, node.column), "the front matter holds more values than a card needs.")
        if anchor:
            self._anchors[anchor] = node
        if self._open:
            self._open[-1][1].append(node)
        else:
            self.root = node

    def _keys(self, node: Node) -> None:
        """Refuse keys that are no scalars, and keys that come twice."""
        seen: set[str] = set()
        for key, _ in node.pairs:
            mark = _Spot(0, key.line, key.column)
            if key.meant.kind != "scalar":
                self._refuse(mark, "a key of the front matter has to be a word; are these braces of a template?")
            if key.meant.text in seen and not is_merge(key):
                self._refuse(mark, f"the key {key.meant.text[:60]!r} is there twice.")
            seen.add(key.meant.text)

    def _standard(self, tag: str | None, mark: _Spot) -> None:
        if tag and tag not in _KNOWN and tag != "!":
            said = tag.replace(STANDARD, "!!")[:60]
            self._refuse(mark, f"the YAML tag {said} is refused: a card holds plain values only.")

    def _refuse(self, mark: _Spot, message: str) -> NoReturn:
        raise BadCardText(message, self._first_line + mark.line, mark.column + 1)


def plain(node: Node) -> object:
    """What a node says, as JSON has it: dates and what is no finite number stay text, merge keys are merged."""
    node = node.meant
    if node.kind == "list":
        return [plain(item) for item in node.items]
    if node.kind == "map":
        return _mapping(node)
    name = node.tag.removeprefix(STANDARD)
    if name == "null":
        return None
    if name == "bool":
        return node.text.casefold() in ("yes", "true", "on")
    try:
        return _number(name, node) if name in ("int", "float") else node.text
    except (ValueError, OverflowError):
        return node.text


def is_merge(key: Node) -> bool:
    """Whether a key takes in another mapping ("<<: *other")."""
    return key.meant.tag == STANDARD + "merge"


def merged(node: Node) -> list[tuple[Node, Node]]:
    """Keys with their values: a mapping's own first, then those that it merges from others ("<<: *other")."""
    own, others = [], []
    for key, value in node.pairs:
        if is_merge(key):
            parts = value.meant.items if value.meant.kind == "list" else [value]
            others += [pair for part in parts if part.meant.kind == "map" for pair in part.meant.pairs]
        else:
            own.append((key, value))
    return own + [pair for pair in others if not is_merge(pair[0])]


def _mapping(node: Node) -> dict[str, object]:
    found: dict[str, object] = {}
    merged: dict[str, object] = {}
    for key, value in node.pairs:
        if is_merge(key):
            for part in (value.meant.items if value.meant.kind == "list" else [value])[::-1]:
                held = plain(part)
                merged.update(held if isinstance(held, dict) else {})
        else:
            found[key.meant.text] = plain(value)
    return {**merged, **found} if merged else found


def _number(name: str, node: Node) -> object:
    as_node = yaml.ScalarNode(node.tag, node.text)
    if name == "int":
        return int(_MAKER.construct_yaml_int(as_node))
    number = float(_MAKER.construct_yaml_float(as_node))
    return number if math.isfinite(number) else node.text

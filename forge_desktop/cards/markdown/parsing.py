"""A card's text taken apart: keys of the front matter, places of our fields in the body, and which of them count."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache

from forge_desktop.cards.fields import of_kind
from forge_desktop.cards.markdown import front, hub_keys, index_nodes, licences, places, yaml_nodes
from forge_desktop.cards.markdown.facts import Held
from forge_desktop.cards.markdown.outline import Outline
from forge_desktop.cards.markdown.places import Place
from forge_desktop.cards.markdown.records import BadCardText
from forge_desktop.cards.markdown.yaml_nodes import Node
from forge_desktop.cards.records import Kind

_RESULTS = hub_keys.field_key("evaluation")


@dataclass(frozen=True)
class Parsed:
    """A text of a kind of card. Raises BadCardText when it is made of one that cannot be read."""

    front: front.Front
    kind: Kind
    root: Node | None
    keys: Mapping[str, Node]
    places_of_keys: Mapping[str, tuple[int, int]]
    outline: Outline
    places: Mapping[str, Place]

    @cached_property
    def in_front(self) -> dict[str, object]:
        """Fields that the front matter says."""
        ours = hub_keys.fields_of(self.kind)
        said = hub_keys.said(self.keys)
        if "evaluation" in said:
            said["evaluation"] = index_nodes.rows(self.keys[_RESULTS], self.front.yaml)
        return {key: value for key, value in said.items() if key in ours}

    @cached_property
    def in_body(self) -> dict[str, Held]:
        """Fields that the body says."""
        return {key: place.held for key, place in self.places.items() if place.held is not None}

    @cached_property
    def reasons(self) -> dict[str, str]:
        """Why fields do not apply."""
        return {key: place.reason for key, place in self.places.items() if place.reason}

    def values(self, previous: Parsed | None = None) -> dict[str, Held]:
        """What it says: of two places that disagree the one that changed since `previous`, else the front matter."""
        found = dict(self.in_body)
        projected = self._projected()
        for key in hub_keys.fields_of(self.kind):
            data, body = self.in_front.get(key), self.in_body.get(key)
            if key in self.reasons:
                continue
            chosen = self._chosen(key, data, body, projected, previous)
            if chosen is None:
                found.pop(key, None)
            else:
                found[key] = chosen
        self._without_echo(found)
        return {field.key: found[field.key] for field in of_kind(self.kind) if field.key in found}

    def _chosen(
        self, key: str, data: object, body: Held | None, projected: Mapping[str, object], previous: Parsed | None
    ) -> Held | None:
        if data is None and body is None:
            return None
        if body is None:
            return data, ""
        if previous is not None:
            was_data, was_body = previous.in_front.get(key), previous.in_body.get(key)
            if data is None:
                return None if was_data is not None and was_body == body else body
            if was_data == data and was_body != body:
                return body
        if data is None or projected.get(key) == data:
            return body
        return (_with_more(data, body[0]) if key == "evaluation" else data), ""

    def _projected(self) -> dict[str, object]:
        """What the front matter would say of the values in the body."""
        said = {**self.in_front, **{key: held[0] for key, held in self.in_body.items()}}
        return hub_keys.as_written(hub_keys.wanted(said, self.keys, self.kind, ""))

    def _without_echo(self, found: dict[str, Held]) -> None:
        """A licence that the hub does not list stands in `license_name` too: that is not a name of its own."""
        licence, name = found.get("licence"), found.get("licence_name")
        echoed = licence and name and licence[0] == name[0] and "licence_name" not in self.places
        if echoed and licence and licences.to_hub(str(licence[0]), "") == ("other", licence[0]):
            found.pop("licence_name")


@lru_cache(maxsize=4)  # a text is read and written again at once, and a long one takes some 60 ms
def parse(text: str, kind: Kind) -> Parsed:
    """Take a text apart. Raises BadCardText naming line and column where that cannot be."""
    parts, root, keys, where, outline = _taken_apart(text)
    return Parsed(parts, kind, root, keys, where, outline, places.found(outline, kind))


@lru_cache(maxsize=2)  # what is the same for every kind: to guess one, a text is read as each
def _taken_apart(
    text: str,
) -> tuple[front.Front, Node | None, dict[str, Node], dict[str, tuple[int, int]], Outline]:
    parts = front.split(text)
    root = yaml_nodes.compose(parts.yaml, parts.yaml_line) if parts.there else None
    keys: dict[str, Node] = {}
    where: dict[str, tuple[int, int]] = {}
    if root is not None:
        _check_root(root, parts.yaml_line)
        for key, value in yaml_nodes.merged(root):
            keys.setdefault(key.meant.text, value)
            where.setdefault(key.meant.text, (parts.yaml_line + key.line, key.column + 1))
    return parts, root, keys, where, Outline(parts.body)


def _check_root(root: Node, first_line: int) -> None:
    line, column = first_line + root.line, root.column + 1
    if root.kind == "list":
        raise BadCardText("the front matter has to be keys with values, and this is a list.", line, column)
    if root.kind == "scalar" or root.target is not None:
        raise BadCardText("the front matter has to be keys with values, and this is only a text.", line, column)
    if root.flow and len(root.pairs) == 1 and root.pairs[0][1].tag.endswith(":null"):
        raise BadCardText("a template's placeholder stands here in place of the front matter.", line, column)


def _with_more(rows: object, body: object) -> object:
    """Rows of the front matter with the columns that only the table in the body has."""
    if not (isinstance(rows, list) and isinstance(body, list)):
        return rows
    which = ("task", "dataset", "metric", "split", "config", "revision")
    more = {repr([row.get(name) for name in which]): row for row in body if isinstance(row, dict)}
    return [{**more.get(repr([row.get(name) for name in which]), {}), **row} for row in rows]

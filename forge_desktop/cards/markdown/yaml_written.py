"""Values of front matter as they were written: a scalar's own letters, and everything on one line."""

from __future__ import annotations

import re
from typing import Any

import yaml

from forge_desktop.base.directions import TURNING
from forge_desktop.cards.markdown.yaml_nodes import STANDARD, Node, implicit_tag

_DUMPER: type = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
_WIDE = 1_000_000  # never break a line
_PROPERTIES = re.compile(r"(?:(?:&[^\s,\[\]{}]+|!\S*)\s+)*")
_SAFE = re.compile(r"[^\s,\[\]{}#]+(?: [^\s,\[\]{}#]+)*")


def dumped(value: object, **form: Any) -> str:
    """As YAML, in letters as they are; with marks in it that turn them around, all that is not ASCII is escaped."""
    said = str(yaml.dump(value, Dumper=_DUMPER, allow_unicode=True, width=_WIDE, **form))
    return str(yaml.dump(value, Dumper=_DUMPER, width=_WIDE, **form)) if TURNING.search(said) else said


def block(value: object) -> str:
    """A value as YAML in lines, without the last line's end."""
    return dumped(value, sort_keys=False).removesuffix("\n")


def flow(value: object, style: str | None = None) -> str:
    """A value on one line, as it may stand anywhere."""
    if isinstance(value, dict | list):
        return dumped(value, default_flow_style=True, sort_keys=False).strip()
    return dumped([value], default_flow_style=True, default_style=style).strip()[1:-1]


def pair(name: str, value: object) -> str:
    """A key and its value on one line, as they stand within braces."""
    return dumped({name: value}, default_flow_style=True).strip()[1:-1]


def bare_start(text: str, node: Node) -> int:
    """Where a value begins behind its anchor and its tag."""
    found = _PROPERTIES.match(text, node.start)
    return min(found.end(), max(node.start, node.end)) if found else node.start


def written(text: str, node: Node) -> str:
    """A value of a text on one line, its scalars in the letters they have there, without anchors and aliases."""
    node = node.meant
    said = f"!!{node.tag.removeprefix(STANDARD)} " if node.tag not in ("", implicit_tag(node)) else ""
    if node.kind == "list":
        return said + "[" + ", ".join(written(text, item) for item in node.items) + "]"
    if node.kind == "map":
        return said + "{" + ", ".join(f"{written(text, key)}: {written(text, held)}" for key, held in node.pairs) + "}"
    return said + _scalar(text, node)


def _scalar(text: str, node: Node) -> str:
    source = text[bare_start(text, node) : node.end].strip()
    if node.style in ("'", '"') and "\n" not in source:
        return source
    if not node.style and not node.text:
        return "null"
    is_text = node.tag == STANDARD + "str"
    if not node.style and _SAFE.fullmatch(node.text) and not (is_text and ":" in node.text):
        return node.text
    one_line = node.text.isprintable() and not TURNING.search(node.text)
    return "'" + node.text.replace("'", "''") + "'" if one_line else dumped(node.text, default_style='"').strip()

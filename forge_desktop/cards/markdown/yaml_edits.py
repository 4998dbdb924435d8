"""Edits of a YAML text, made all at once, and where in it lines, values and the dashes of a list begin and end."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from forge_desktop.cards.markdown.yaml_nodes import Node


class ElsewhereError(Exception):
    """It cannot be done in place: what holds it has to be written anew."""


class Edit(NamedTuple):
    """Put `text` in place of what stands from `start` to `end`."""

    start: int
    end: int
    text: str


class Span(NamedTuple):
    """Where an entry stands."""

    start: int
    end: int


def applied(text: str, edits: Sequence[Edit], new_line: str = "\n") -> str:
    """The text with all edits made, their lines with its line ends; of two at one place, the first comes first."""
    parts, at = [], 0
    for edit in sorted(edits, key=lambda edit: (edit.start, edit.end)):
        parts += [text[at : edit.start], edit.text.replace("\n", new_line)]
        at = edit.end
    return "".join([*parts, text[at:]])


def lines_put(text: str, place: int, indent: int, said: str) -> Edit:
    """Lines put in where a line begins, or behind the last one."""
    lines = "".join(" " * indent + line + "\n" for line in said.split("\n"))
    return Edit(place, place, lines if not place or text[place - 1] == "\n" else "\n" + lines)


def line_start(text: str, at: int) -> int:
    """Where the line begins that this stands on."""
    return text.rfind("\n", 0, at) + 1


def line_end(text: str, at: int) -> int:
    """Where the next line begins."""
    found = text.find("\n", at)
    return len(text) if found < 0 else found + 1


def begins_line(text: str, at: int) -> bool:
    """Whether nothing but blanks stands before it on its line."""
    return not text[line_start(text, at) : at].strip()


def own_end(text: str, node: Node) -> int:
    """Where a value's own characters end: blank lines behind a block of text are not its own."""
    if node.kind == "scalar" or node.flow:
        return node.start + len(text[node.start : node.end].rstrip())
    held = node.items or [part for both in node.pairs for part in both]
    return max([node.start, *(own_end(text, part) for part in held)])


def dash(text: str, at: int) -> int:
    """Where the dash of the item of a block's list stands that begins here: before it but for blanks and comments."""
    start, end = line_start(text, at), at
    while start and not text[start:end].partition("#")[0].strip():
        start, end = line_start(text, start - 1), start
    return max(start, text.rfind("-", start, start + len(text[start:end].partition("#")[0])))

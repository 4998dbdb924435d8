"""Front matter that others read and the hub's own reader does not see, though we do."""

from __future__ import annotations

from collections.abc import Iterator

from forge_desktop.cards.markdown.front import Front
from forge_desktop.cards.records import Problem

_SO = "so Hugging Face's own reader sees no front matter: save the text without"


def remarks(front: Front) -> tuple[Problem, ...]:
    """Warnings: the text stays as it is."""
    return tuple(_found(front)) if front.there and front.yaml.strip() else ()


def _found(front: Front) -> Iterator[Problem]:
    if front.before.startswith("\ufeff"):
        yield Problem("", f"The text begins with a byte order mark, {_SO} it.", "warning", 1, 1)
    opening = front.before.rstrip("\r\n")
    if opening.endswith((" ", "\t")):  # behind the closing dashes it takes them
        column = len(opening.rstrip(" \t").rpartition("\n")[2].lstrip("\ufeff")) + 1
        yield Problem("", f"Blanks stand behind the three dashes, {_SO} them.", "warning", front.yaml_line - 1, column)

"""Where the library of the hub finds no front matter, though a text has some."""

from __future__ import annotations

import re

from forge_desktop.cards.markdown.front import Front
from forge_desktop.cards.records import Problem

_OPENING = re.compile(r"\s*---(\r\n|\n)")


def remarks(front: Front) -> tuple[Problem, ...]:
    """A warning: it stays as it is, and is read here. Lines count from 1."""
    if not front.there:
        return ()
    lost = "so huggingface_hub finds no front matter and takes nothing of it: "
    if front.before.startswith("\ufeff"):
        said = f"The text begins with a byte order mark, {lost}save it as UTF-8 without that mark."
        return (Problem("", said, "warning", 1, 1),)
    if _OPENING.fullmatch(front.before):
        return ()
    said = f"Blanks stand behind the three dashes, {lost}take them out."
    return (Problem("", said, "warning", front.yaml_line - 1, 4),)

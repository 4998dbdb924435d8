"""What docs/command-line.md says of a verb, and which fields of its JSON it does not name."""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

DOCS = Path(__file__).resolve().parents[2] / "docs"
VERBS = ("distill", "train", "gate", "measure", "spend", "teachers", "offline", "students", "card")
_LIKE = {
    ("distill", "quote"): "run",
    ("distill", "status"): "run",
    ("teachers", "change"): "add",
    ("teachers", "price"): "add",
}  # "the options of …"
_BY_NAME = ("tasks", "by_reason", "by_kind", "dropped", "mapping", "counts", "pairs")  # maps whose names are values


@functools.cache
def _sections() -> dict[str, str]:
    """The text of each part by its heading."""
    text = (DOCS / "command-line.md").read_text(encoding="utf-8")
    parts = re.split(r"^## (.*)$", text, flags=re.MULTILINE)[1:]
    return {heading: f"{heading}\n{body}" for heading, body in zip(parts[::2], parts[1::2], strict=True)}


def said_of(name: Sequence[str]) -> str:
    """All that is said of a verb or a step of it, and of a step whose options it shares."""
    verb, step = name[0], (*name[1:2], "")[0]
    headings = [heading for heading in _sections() if re.match(rf"{verb}\b", heading)]
    of_step = [heading for heading in headings if step and re.search(rf"(^| ){step}\b", heading.split(" NAME")[0])]
    like = _LIKE.get((verb, step))
    of_step += [heading for heading in headings if like and heading.startswith(f"{verb} {like}")]
    found = of_step or [heading for heading in headings if heading.startswith((f"{verb} [", verb)) or not step]
    return "\n".join(_sections()[heading] for heading in found)


def undocumented(arguments: Sequence[object], value: dict[str, Any]) -> list[str]:
    """Fields that a verb printed and that its part of the page does not name."""
    words = [str(each) for each in arguments]
    if words[0] not in VERBS or "error" in value:
        return []
    step = words[1:2] if words[1:2] and not words[1].startswith("-") else []
    said = said_of(["teachers"] if words[0] == "teachers" else [words[0], *step])
    names = set(value)
    for name, inside in value.items():
        for each in inside if isinstance(inside, list) else [inside]:
            by_name = isinstance(inside, dict) and name in _BY_NAME
            names |= set(each) if isinstance(each, dict) and not by_name else set()
    return sorted(name for name in names if not re.search(rf"\b{re.escape(name)}\b", said))

"""What stands in a cell of a table, written so that it reads well and comes back as the same value."""

from __future__ import annotations

import json
import re
from typing import Any

from forge_desktop.base.directions import TURNING

_NUMBER = re.compile(r"[+-]?(\d[\d_]*)?(\.\d*)?([eE][+-]?\d+)?", re.ASCII)
_PLAIN_INT = re.compile(r"-?(0|[1-9]\d{0,300})", re.ASCII)
_WORDS = {"true": True, "false": False, "null": None}


def escaped(text: str) -> str:
    """A text as a cell may hold it: on one line, without a bar that would end the cell."""
    text = text.replace("\\", "\\\\").replace("|", "\\|").replace("<br>", "\\<br>")
    return text.replace("\n", "<br>")


def unescaped(cell: str) -> str:
    """The text of a cell."""
    return re.sub(
        r"\\\\|\\\||\\<br>|<br>", lambda m: {"\\\\": "\\", "\\|": "|", "\\<br>": "<br>", "<br>": "\n"}[m[0]], cell
    )


def split(line: str) -> list[str]:
    """The cells of a table's line, as they stand (still escaped)."""
    line = line.strip()
    line = line.removeprefix("|")
    parts, at, start = [], 0, 0
    while at < len(line):
        if line[at] == "\\":
            at += 2
            continue
        if line[at] == "|":
            parts.append(line[start:at].strip())
            start = at + 1
        at += 1
    if line[start:].strip():
        parts.append(line[start:].strip())
    return parts


def joined(cells: list[str]) -> str:
    """A table's line."""
    return "| " + " | ".join(cells) + " |"


def encoded(value: object) -> str:
    """Any plain value: numbers and true, false as they are, other texts too unless they could be taken for those."""
    if isinstance(value, str):
        return value if value and decoded(value) == value and not TURNING.search(value) else as_json(value)
    return as_json(value)


def decoded(text: str) -> object:
    """What `encoded` wrote; a number written in some other way is a text."""
    if text in _WORDS:
        return _WORDS[text]
    if text[:1] in '"{[':
        try:
            return json.loads(text)
        except ValueError:
            return text
    if _PLAIN_INT.fullmatch(text):
        return int(text)
    if text and text[-1].isdigit() and _NUMBER.fullmatch(text) and any(mark in text for mark in ".eE"):
        number: Any = float(text)
        return number if repr(number) == text else text if "_" in text else number
    # Spaces around a cell are the table's, and a line break of another kind would end its line.
    return text if text == text.strip() and not re.search(r"[\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029]", text) else None


def listed(items: list[object]) -> str:
    """A list of texts on one line; an item with a comma in it stands in quotes."""
    return ", ".join(_item(item) for item in items)


def unlisted(text: str) -> list[object]:
    """The items of such a line."""
    found: list[object] = []
    decoder = json.JSONDecoder()
    rest = text.strip()
    while rest:
        if rest[0] == '"':
            try:
                value, end = decoder.raw_decode(rest)
            except ValueError:
                value, end = None, 0
            if end and (not rest[end:].strip() or rest[end:].lstrip().startswith(",")):
                found.append(value)
                rest = rest[end:].lstrip().removeprefix(",").strip()
                continue
        item, _, rest = rest.partition(",")
        found.append(item.strip())
        rest = rest.strip()
    return found


def _item(item: object) -> str:
    if isinstance(item, str) and item and unlisted(item) == [item] and "\n" not in item and not TURNING.search(item):
        return item
    return as_json(item)


def as_json(value: object) -> str:
    """JSON on one line, readable in any script."""
    # Non-ASCII stays readable; what would end a line or hide is escaped.
    said = json.dumps(value, ensure_ascii=False)
    return re.sub(r"[\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]", lambda m: f"\\u{ord(m[0]):04x}", said)

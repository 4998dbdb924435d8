"""Lists on one line: how they are typed and shown, an entry with a comma in quotes, or all of them as JSON."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Iterator, Sequence

_ENTRY = re.compile(r'(?:\s*("(?:[^"\\]|\\.|"")*")[^\S\n]*|([^,;\n]*))(?:[,;\n]|\Z)', re.DOTALL)
_PARTING = re.compile(r'[,;\n"]|\A\[')


def entries(text: str) -> list[object]:
    """The entries of a list as it is typed: between commas, semicolons or lines, in quotes as in CSV, or JSON."""
    if text.strip().startswith("["):
        with contextlib.suppress(ValueError, RecursionError):
            read = json.loads(text)
            return read if isinstance(read, list) else [text]
    return [entry for entry in _between(text) if entry]


def listed(items: Sequence[object]) -> str:
    """The line that `entries` reads as these."""
    return ", ".join(_quoted(str(item)) for item in items)


def _between(text: str) -> Iterator[str]:
    at = 0
    while at < len(text) and (found := _ENTRY.match(text, at)) is not None:
        yield found[2].strip() if found[1] is None else _unquoted(found[1])
        at = found.end()


def _unquoted(text: str) -> str:
    with contextlib.suppress(ValueError):
        return str(json.loads(text)).strip()
    return text[1:-1].replace('""', '"').strip()


def _quoted(item: str) -> str:
    return json.dumps(item, ensure_ascii=False) if _PARTING.search(item) else item

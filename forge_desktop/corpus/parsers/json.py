"""JSON: a line `path: value` for each value, strings decoded; records are kept whole. Unsound JSON is kept as it is."""

from __future__ import annotations

import json
from typing import Any

from forge_desktop.corpus.parsers import Parsed
from forge_desktop.corpus.parsers.composing import Composer
from forge_desktop.corpus.parsers.decoding import decode


class _Object(tuple[tuple[str, Any], ...]):
    """An object's members in order; a name may come twice."""


def parse(data: bytes) -> Parsed:
    """The values of a JSON document, or of a file with one on each line (then its lines are the rows)."""
    text = decode(data)
    found = Composer()
    try:
        _document(found, loaded(text))
    except (ValueError, RecursionError):
        lines = _lines(text)
        if lines is None:
            return Parsed(text)  # not JSON, or too deep for its parser: its words can still be found
        found = Composer()
        for number, value in lines:
            _record(found, value, row=number)
    parsed = found.parsed()
    return parsed if parsed.text.strip() else Parsed(text)


def loaded(text: str) -> Any:
    """The value, numbers as they are written. Raises ValueError, RecursionError."""
    return json.loads(text, object_pairs_hook=_Object, parse_int=str, parse_float=str, parse_constant=str)


def _lines(text: str) -> list[tuple[int, Any]] | None:
    """Line numbers and values of JSON lines, a bad line as it is; None when most lines are not JSON."""
    values: list[tuple[int, Any]] = []
    bad = 0
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            try:
                values.append((number, loaded(line)))
            except (ValueError, RecursionError):
                values.append((number, line.strip()))
                bad += 1
    return values if len(values) > 1 and bad * 2 < len(values) else None


def _document(found: Composer, value: Any) -> None:
    """A list of records, or an object whose larger members become sections."""
    if isinstance(value, _Object):
        plain = _Object((name, inner) for name, inner in value if not _is_large(inner))
        _record(found, plain)
        for name, inner in value:
            if _is_large(inner):
                _section(found, name, inner)
    elif isinstance(value, list) and _is_large(value):
        for inner in value:
            _record(found, inner)
    else:
        _record(found, value)


def _section(found: Composer, name: str, value: Any) -> None:
    start = found.add(_shown(name))
    found.name(start, 1, _shown(name))
    for inner in value if isinstance(value, list) else [value]:
        _record(found, inner)


def _is_large(value: Any) -> bool:
    """Whether it holds further objects or lists, or is an object."""
    if isinstance(value, list):
        return any(isinstance(inner, list | _Object) for inner in value)
    return isinstance(value, _Object) and len(value) > 0


def _record(found: Composer, value: Any, *, row: int = 0) -> None:
    """One record's values, a line each, after a blank line."""
    lines = [f"{path}: {shown}" if path else shown for path, shown in _leaves(value)]
    found.add("\n".join(lines), whole=True, row=row)


def _leaves(value: Any) -> list[tuple[str, str]]:
    """Paths and values in order, without recursion. A list of plain values is one value."""
    leaves: list[tuple[str, str]] = []
    waiting: list[tuple[str, Any]] = [("", value)]
    while waiting:
        path, inner = waiting.pop()
        if isinstance(inner, _Object):
            waiting.extend((f"{path}.{name}" if path else name, member) for name, member in reversed(inner))
        elif isinstance(inner, list) and _is_large(inner):
            waiting.extend((path, member) for member in reversed(inner))
        else:
            shown = ", ".join(_shown(member) for member in inner) if isinstance(inner, list) else _shown(inner)
            if shown.strip():
                leaves.append((_shown(path), shown))
    return leaves


def _shown(value: Any) -> str:
    if isinstance(value, str):
        return value.replace("\0", "\ufffd")
    return "" if value is None or isinstance(value, _Object) else str(value).lower()

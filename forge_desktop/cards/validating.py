"""Whether a value can stand in a field of a card: one sentence that names the field, or none."""

from __future__ import annotations

import datetime
import math
import re
from collections.abc import Callable
from urllib.parse import urlsplit

from forge_desktop.cards.fields import ROWS, Field
from forge_desktop.cards.licensing import problem_of as licence_problem
from forge_desktop.cards.records import Kind
from forge_desktop.cards.sayable import unsayable

_LONGEST_LINE, _LONGEST_TEXT, _MOST = 1000, 200_000, 2**63 - 1
_ABOVE_ZERO = frozenset(  # a model without any of these is none
    (
        "parameters",
        "context",
        "max_output",
        "dimensions",
        "bits_per_weight",
        "file_bytes",
        "adapter_bytes",
        "memory_ram",
    )
)
_EMAIL = re.compile(r"[^@\s<>()\[\],;:\"]+@[^@\s<>()\[\],;:\"]+\.[^@\s<>()\[\],;:\".]+")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_NAMED = 12  # choices that a sentence names
_ROW_TYPES: dict[str, tuple[type, ...]] = {
    **dict.fromkeys(("value", "baseline", "difference", "low", "high", "share"), (int, float)),
    **dict.fromkeys(("n", "rows", "train_rows", "validation_rows", "documents", "pairs", "cost"), (int,)),
    **dict.fromkeys(("less_is_better", "verified"), (bool,)),
}
_HUB_LANGUAGES = ("multilingual", "code")  # the hub's own words beside tags


def problem_of(field: Field, data: object, unit: str, kind: Kind) -> str:
    """A sentence when this cannot stand in this field of a card of this kind, else ""."""
    if not field.belongs_to(kind):
        return f"{field.title} does not belong to the card of {_A[kind]}."
    if unit and unit not in field.units:
        return f"{field.title} is kept in {field.units[0]}, not in {unit}." if field.units else _no_unit(field, unit)
    if unsayable(data):
        return f"{field.title} holds control characters, which nobody can read."
    return _CHECKS[field.type](field, data)


def problem_of_reason(field: Field) -> str:
    """A sentence when a field always has a value, so that no reason can stand in its place, else ""."""
    return f"{field.title} always applies: without it nobody could call the card." if field.key == "name" else ""


def _no_unit(field: Field, unit: str) -> str:
    return f"{field.title} has no unit, so {unit} does not belong to it."


def _line(field: Field, data: object) -> str:
    if not isinstance(data, str) or not data.strip():
        return f"{field.title} is a line of text."
    if "\n" in data or "\r" in data:
        return f"{field.title} is one line: take the line break out."
    return f"{field.title} is longer than a line of {_LONGEST_LINE} characters." if len(data) > _LONGEST_LINE else ""


def _text(field: Field, data: object) -> str:
    if not isinstance(data, str) or not data.strip():
        return f"{field.title} is a text."
    return f"{field.title} is longer than {_LONGEST_TEXT:,} characters." if len(data) > _LONGEST_TEXT else ""


def _list(field: Field, data: object) -> str:
    if not isinstance(data, list) or not data or not all(isinstance(part, str) and part.strip() for part in data):
        return f"{field.title} is a list of words, with none of them empty."
    if any("\n" in part or len(part) > _LONGEST_LINE for part in data):
        return f"{field.title} has an entry that is longer than a line."
    twice = next((part for n, part in enumerate(data) if part in data[:n]), None)
    return f"{field.title} names {twice!r} twice." if twice is not None else ""


def _choice(field: Field, data: object) -> str:
    if data in field.choices:
        return ""
    more = f" and {len(field.choices) - _NAMED} more" if len(field.choices) > _NAMED else ""
    return f"{field.title} is one of: {', '.join(field.choices[:_NAMED])}{more}."


def _licence(field: Field, data: object) -> str:
    return _line(field, data) or licence_problem(str(data))


def _languages(field: Field, data: object) -> str:
    if said := _list(field, data):
        return said.replace("words", "language tags")
    assert isinstance(data, list)
    wrong = next((tag for tag in data if not _is_tag(tag)), None)
    return f"{field.title}: {wrong[:40]!r} is no language tag, such as en, de-AT or zh-Hant." if wrong else ""


def _is_tag(tag: str) -> bool:
    import langcodes

    if tag in _HUB_LANGUAGES:
        return True
    try:
        return bool(langcodes.tag_is_valid(tag))
    except ValueError:  # LanguageTagError is one
        return False


def _url(field: Field, data: object) -> str:
    return "" if isinstance(data, str) and _is_url(data) else f"{field.title} is no address that starts with https://."


def _is_url(text: str) -> bool:
    try:
        parts = urlsplit(text)
        return (
            parts.scheme in ("http", "https")
            and bool(parts.hostname)
            and not re.search(r"\s", text)
            and parts.port != 0
        )
    except ValueError:
        return False


def _contact(field: Field, data: object) -> str:
    good = isinstance(data, str) and (_is_url(data) or _EMAIL.fullmatch(data.removeprefix("mailto:")) is not None)
    return "" if good else f"{field.title} is neither an e-mail address nor a URL."


def _date(field: Field, data: object) -> str:
    text = data if isinstance(data, str) else ""
    try:
        if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
            datetime.date.fromisoformat(text)
            return ""
        moment = datetime.datetime.fromisoformat(text)
    except ValueError:
        return f"{field.title} is no date such as 2026-11-26, or moment such as 2026-11-26T14:05:00Z."
    return "" if moment.tzinfo is not None else f"{field.title} says a time without its zone: end it with Z for UTC."


def _hash(field: Field, data: object) -> str:
    good = isinstance(data, str) and _SHA256.fullmatch(data) is not None
    return "" if good else f"{field.title} is no sha256: 64 digits from 0 to 9 and a to f."


def _count(field: Field, data: object) -> str:
    if isinstance(data, (int, float)) and data > _MOST:
        return _too_much(field)
    if not isinstance(data, int) or not _is_number(data):
        return f"{field.title} is a whole number."
    return _too_little(field, data)


def _number(field: Field, data: object) -> str:
    if isinstance(data, (int, float)) and data > _MOST:
        return _too_much(field)
    if not _is_number(data):
        return f"{field.title} is a number."
    assert isinstance(data, (int, float))
    if said := _too_little(field, data):
        return said
    return f"{field.title} is more than 100 %." if field.units[:1] == ("%",) and data > 100 else ""


def _too_much(field: Field) -> str:
    return f"{field.title} is more than can be counted."


def _too_little(field: Field, data: float) -> str:
    if data < 0:
        return f"{field.title} is below zero."
    return f"{field.title} is above zero." if not data and field.key in _ABOVE_ZERO else ""


def _money(field: Field, data: object) -> str:
    if not isinstance(data, int) or not _is_number(data):
        return f"{field.title} is an amount of dollars, such as 0.15."
    if data > _MOST:
        return f"{field.title} is more than there is."
    return f"{field.title} is below zero." if data < 0 else ""


def _spread(field: Field, data: object) -> str:
    if not isinstance(data, dict) or "p50" not in data or set(data) - {"p50", "p95"}:
        return f"{field.title} has two values, p50 and p95."
    for name, number in data.items():
        if not _is_number(number) or number < 0:
            return f"{field.title}: its {name} is no number from zero up."
        if number > _MOST:
            return f"{field.title}: its {name} is more than can be counted."
    if "p95" in data and data["p95"] < data["p50"]:
        unit = field.units[0]
        more = " Was one of them meant in another unit?" if data["p50"] >= 10 * data["p95"] else ""
        return f"{field.title}: p95 ({data['p95']:g} {unit}) is below p50 ({data['p50']:g} {unit}).{more}"
    return ""


def _facts(field: Field, data: object) -> str:
    if not isinstance(data, dict) or not data:
        return (
            _facts_text(field, data)
            if isinstance(data, str)
            else f"{field.title} is a list of names, each with a value."
        )
    for name, value in data.items():
        if not isinstance(name, str) or not name.strip():
            return f"{field.title} has a value without a name."
        if not isinstance(value, (str, bool)) and not _is_number(value):
            return f"{field.title}: {name!r} has neither a text nor a number nor a yes or no."
        if len(name) > _LONGEST_LINE or (isinstance(value, str) and len(value) > _LONGEST_TEXT):
            return f"{field.title}: {name[:40]!r} is longer than {_LONGEST_TEXT:,} characters."
    return ""


def _facts_text(field: Field, text: str) -> str:
    """What hinders lines of "name: value" from being facts."""
    seen: set[str] = set()
    for line in filter(str.strip, text.splitlines()):
        name, colon, said = (part.strip() for part in line.partition(":"))
        if not colon or not name:
            return f"{field.title} is a list of lines such as name: value, and {line.strip()[:40]!r} is none."
        if not said:
            return f"{field.title}: {name[:40]!r} has no value."
        if name in seen:
            return f"{field.title} names {name[:40]!r} twice."
        seen.add(name)
    return f"{field.title} is a list of names, each with a value."


def _rows(field: Field, data: object) -> str:
    if not isinstance(data, list) or not data or not all(isinstance(row, dict) and row for row in data):
        return f"{field.title} is a table with at least one row."
    for n, row in enumerate(data, 1):
        for column, value in row.items():
            if column not in ROWS[field.key]:
                return f"{field.title}, row {n}: there is no column {str(column)[:40]!r}."
            if said := _cell(column, value):
                return f"{field.title}, row {n}: {said}"
        if _is_number(row.get("low")) and _is_number(row.get("high")) and row["low"] > row["high"]:
            return f"{field.title}, row {n}: the lower bound of its interval is above the upper one."
    return ""


def _cell(column: str, value: object) -> str:
    types = _ROW_TYPES.get(column)
    if types is None:
        if not isinstance(value, str):
            return f"{column} is no text."
        return f"{column} is longer than {_LONGEST_TEXT:,} characters." if len(value) > _LONGEST_TEXT else ""
    if types == (bool,):
        return "" if isinstance(value, bool) else f"{column} is neither yes nor no."
    if not _is_number(value) or (types == (int,) and not isinstance(value, int)):
        return f"{column} is no {'whole ' if types == (int,) else ''}number."
    assert isinstance(value, (int, float))
    if types == (int,) and value < 0:
        return f"{column} is below zero."
    return f"{column} is no share from 0 to 1." if column == "share" and not 0 <= value <= 1 else ""


def _is_number(data: object) -> bool:
    if isinstance(data, int):
        return not isinstance(data, bool) and data.bit_length() < 1000  # more is no float any more
    return isinstance(data, float) and math.isfinite(data)


_A: dict[Kind, str] = {
    "student": "a student",
    "adapter": "an adapter",
    "teacher": "a teacher",
    "embedder": "an embedder",
}
_CHECKS: dict[str, Callable[[Field, object], str]] = {
    "line": _line,
    "text": _text,
    "list": _list,
    "choice": _choice,
    "licence": _licence,
    "languages": _languages,
    "url": _url,
    "contact": _contact,
    "date": _date,
    "hash": _hash,
    "count": _count,
    "number": _number,
    "bytes": _count,
    "money": _money,
    "spread": _spread,
    "facts": _facts,
    "rows": _rows,
}

"""A field's value as a person reads it in the table of facts ("41.8 tokens/s"), and back."""

from __future__ import annotations

import json
import re

from forge_desktop.base import money
from forge_desktop.base.directions import TURNING, unturned
from forge_desktop.base.errors import ForgeError
from forge_desktop.base.numbers import plain
from forge_desktop.cards.fields import Field, nothing_paid
from forge_desktop.cards.markdown import cells
from forge_desktop.cards.records import NOT_KNOWN

NOT_APPLICABLE, _UNKNOWN = "not applicable", "not known"
_MEASURED = re.compile(r" \((?:measured|filled in): .*\)\Z", re.DOTALL)
_REMARK = re.compile(r" \([^()]*\)\Z")
_EXACT = re.compile(r"`json: (.*)`", re.DOTALL)
_WHOLE = re.compile(r"-?\d{1,3}(,\d{3})+|-?\d+", re.ASCII)
_STEPS = ((1_000_000_000, "GB"), (1_000_000, "MB"), (1_000, "kB"))

Held = tuple[object, str]  # data, unit


def said(field: Field, data: object, unit: str = "") -> str:
    """The value in words, so that `understood` gives the same one; as JSON where there are no such words."""
    words = _words(field, data, unit)
    if words and not TURNING.search(words) and understood(field, words) == (data, unit) and _same(field, words, data):
        return words
    return f"`json: {as_json([data, unit])}`"


def understood(field: Field, words: str) -> Held | None:
    """What a person means by the words, None when nothing. What is no such value stays a text, to be refused."""
    words = _MEASURED.sub("", words).strip()
    exact = _EXACT.fullmatch(words)
    if exact:
        try:
            data, unit = json.loads(exact[1])
        except (ValueError, TypeError):
            return words, ""
        return data, str(unit)
    if not words or words.casefold() == NOT_APPLICABLE:
        return None
    return _meant(field, words)


def _same(field: Field, words: str, data: object) -> bool:
    """Whether the words give the same type too: 1 and 1.0, True and 1 are equal in Python."""
    held = understood(field, words)
    return held is not None and as_json(held[0]) == as_json(data)


def _words(field: Field, data: object, unit: str) -> str:
    if field.type in ("list", "languages"):
        return cells.listed(data) if isinstance(data, list) and data else ""
    if field.type == "spread":
        return _spread(data, unit) if isinstance(data, dict) else ""
    if unit == "USD" and (free := nothing_paid(field.key, data)):
        return free
    if field.type == "money" and isinstance(data, int) and not isinstance(data, bool):
        return f"{money.exact(data)} {unit}".strip() if data >= 0 else ""
    if field.type in ("count", "bytes", "number") and isinstance(data, int | float) and not isinstance(data, bool):
        amount = f"{data:,}" if isinstance(data, int) else repr(data)
        return f"{amount} {unit}".strip() + (_round(data) if field.type == "bytes" and unit == "B" else "")
    return data if isinstance(data, str) and not unit else ""


def _round(size: float) -> str:
    for step, unit in _STEPS:
        if size >= step:
            return f" ({size / step:,.1f} {unit})"
    return ""


def _spread(data: dict[str, object], unit: str) -> str:
    if not data or not all(isinstance(part, int | float) and not isinstance(part, bool) for part in data.values()):
        return ""
    return ", ".join(f"{name} {part!r}" for name, part in data.items()) + (f" {unit}" if unit else "")


def _meant(field: Field, words: str) -> Held:
    if field.type in ("list", "languages"):
        return cells.unlisted(words), ""
    if field.type == "spread":
        return _spread_of(words)
    if nothing_paid(field.key, 0) == words:
        return 0, "USD"
    if field.type == "money":
        return _money_of(field, words)
    if field.type in ("count", "bytes", "number"):
        return _amount_of(_REMARK.sub("", words), field)
    return words, ""


def _money_of(field: Field, words: str) -> Held:
    amount, _, unit = words.partition(" ")
    if unit and unit not in field.units:
        return words, ""
    try:
        return money.parse_usd(amount), unit or (field.units[0] if amount.startswith("$") and field.units else "")
    except ForgeError:
        return words, ""


def _amount_of(words: str, field: Field) -> Held:
    amount, _, unit = words.partition(" ")
    amount = amount.replace("\u202f", "")
    if _WHOLE.fullmatch(amount) and len(amount) < 40:
        return int(amount.replace(",", "")), unit.strip()
    try:
        number = float(plain(amount, grouped=True))
    except ValueError:
        return words, ""
    return (number, unit.strip()) if amount[:1].isdigit() or amount[:1] in "-+." else (words, "")


def _spread_of(words: str) -> Held:
    found: dict[str, object] = {}
    unit = ""
    for part in words.split(", "):
        match = re.fullmatch(r"(\w+) (-?\d[\d.,]*(?:e[+-]?\d+)?)(?: (.+))?", part.strip(), re.ASCII)
        if match is None or (unit and match[3]):
            return words, ""
        found[match[1]] = cells.decoded(plain(match[2], grouped=True))
        unit = match[3] or unit
    return found, unit


def as_json(value: object) -> str:
    """JSON that may stand between two backticks."""
    return unturned(json.dumps(value, ensure_ascii=False)).replace("`", "\\u0060")


def absent(reason: str) -> str:
    """What the cell of a field without a value says: that it does not apply, or that it is not known."""
    return _UNKNOWN if reason.startswith(NOT_KNOWN) else NOT_APPLICABLE


def says_absent(words: str, reason: str) -> bool:
    """Whether a cell says that there is no value. "not known" could be one, unless the reason beside it begins so."""
    return words == NOT_APPLICABLE or (words == _UNKNOWN and reason.startswith(NOT_KNOWN))

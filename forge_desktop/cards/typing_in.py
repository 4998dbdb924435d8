"""What a person or a file gives for a field, in the form in which it is kept: numbers out of texts, units turned."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from fractions import Fraction

from forge_desktop.base.errors import FieldError, ForgeError
from forge_desktop.base.money import parse_usd
from forge_desktop.cards.fields import Field, nothing_paid
from forge_desktop.cards.listing import entries
from forge_desktop.cards.records import Kind
from forge_desktop.cards.units import fits, named, quantity, turned
from forge_desktop.cards.validating import problem_of

_WHOLE = ("count", "bytes")
_NUMBERS = ("count", "bytes", "number")
_NUMBER = r"[-+.\d]+(?:,\d+)*(?:\.\d+)?(?:[eE][-+]?\d+)?"  # what is none of these is refused when it is read
_TAIL = re.compile(rf"{_NUMBER}\s*([A-Za-z%][A-Za-z/]*)?")
_NAMED = re.compile(rf"(p50|p95)\s*[:=]?\s*({_NUMBER}\s*[A-Za-z%/]*)")
_SHOWN = re.compile(r"([^()]+?)\s*\(p95\s+([^()]+)\)")  # as a card is shown: 340 ms (p95 900)
_TWICE = re.compile(r"([^()]+?)\s*\(([^()]+)\)")
_LONGEST_NUMBER = 300
_LARGE = {"M": 10**6, "B": 10**9, "T": 10**12}  # parameters are counted so; a K could be 1,000 or 1,024


def taken(field: Field, data: object, unit: str = "") -> tuple[object, str]:
    """The data and the unit as they are kept: texts of numbers are read, units turned into the first of the field's.

    Raises FieldError when units contradict each other or are none of the field's, or a text is no number; everything
    else is for `validating.problem_of` to say. None and "" stay what they are: there is no value.
    """
    unit = named(unit.encode("utf-8", "replace").decode())
    if field.units and unit and not fits(unit, field.units):
        raise _refused(field, f"{field.title} is given in {_listed(field.units)}, not in {unit}.")
    if not field.units and unit:
        raise _refused(field, f"{field.title} has no unit, so {unit} does not belong to it.")
    form = _FORMS.get(field.type)
    if form is None or data is None:
        return data, ""
    return form(field, data, unit)


def wrong_value(field: Field, data: object, unit: str, kind: Kind) -> str:
    """A sentence when what a text says of a field cannot be its value, else ""."""
    try:
        return problem_of(field, *taken(field, data, unit), kind)
    except FieldError as error:
        return error.message


def _number(field: Field, data: object, unit: str) -> tuple[object, str]:
    number, unit = _read(field, data, unit)
    if number is None:
        return data, field.units[0] if field.units else ""
    if field.units and unit:
        number = turned(number, unit, field.units[0])
    if field.type in _WHOLE and isinstance(number, float) and math.isfinite(number):
        whole = round(number)  # 4.2 GB is so many bytes; half a token is a mistake that the check names
        number = whole if field.type == "bytes" or number == whole else number
    return number, field.units[0] if field.units else ""


def _money(field: Field, data: object, unit: str) -> tuple[object, str]:
    if isinstance(data, str):
        if data.strip() == nothing_paid(field.key, 0) != "":
            return 0, field.units[0]
        try:
            return parse_usd(data), field.units[0]
        except ForgeError as error:
            raise _refused(field, f"{field.title}: {error.message}") from None
    return data, field.units[0]


def _spread(field: Field, data: object, unit: str) -> tuple[object, str]:
    if isinstance(data, str):
        data = _spread_of(field, data)
    if not isinstance(data, dict):
        return data, field.units[0]
    written = {key: _read(field, value, "") for key, value in data.items()}
    units = {own for _, own in written.values() if own}
    if unit and units - {unit}:
        raise _refused(field, f"{field.title} is said to be in {unit}, and its values in {_listed(sorted(units))}.")
    if len(units) > 1:
        said = " and ".join(f"{key} in {own}" for key, (_, own) in written.items() if own)
        raise _refused(field, f"{field.title} says its {said}: give both in one unit.")
    of = next(iter(units), "")  # "120 / 340 ms" means both
    turned_all = {
        key: data[key] if number is None else turned(number, unit or of or field.units[0], field.units[0])
        for key, (number, _) in written.items()
    }
    return turned_all, field.units[0]


def _spread_of(field: Field, text: str) -> object:
    """ "p50 120 ms, p95 340 ms", "120 / 340 ms", "120 ms (p95 340)" or "120" as an object of texts."""
    if (shown := _SHOWN.fullmatch(text.strip())) is not None:
        return {"p50": shown[1], "p95": shown[2]}
    if (named_ones := dict(_NAMED.findall(text))) and not _NAMED.sub("", text).strip(" ,;/\n"):
        return named_ones
    parts = [part.strip() for part in re.split(r"\s+/\s+|,\s+|;", text) if part.strip()]
    if not parts or len(parts) > 2 or not all(_TAIL.fullmatch(part) for part in parts):
        raise _refused(field, f"{field.title} is given like 120 / 340 {field.units[0]}: p50, then p95.")
    return dict(zip(("p50", "p95"), parts, strict=False))


def _list(field: Field, data: object, unit: str) -> tuple[object, str]:
    if isinstance(data, str):
        return entries(data), ""
    return data, ""


def _text(field: Field, data: object, unit: str) -> tuple[object, str]:
    if isinstance(data, str) and field.type != "text":
        return data.strip(), ""
    return (data.strip("\n") if isinstance(data, str) else data), ""


def _read(field: Field, data: object, unit: str) -> tuple[float | int | None, str]:
    """The number in some data, None where there is none, and its unit: the one in its text, else `unit`."""
    if isinstance(data, bool) or not isinstance(data, (int, float, str)):
        return None, unit
    if isinstance(data, (int, float)):
        return data, unit
    found = quantity(_exact(data) if field.type == "bytes" else data)
    if found is None:
        raise _refused(field, f"{field.title} is a number, and {data.strip()[:40]!r} is none.")
    text, own = found
    if len(text) > _LONGEST_NUMBER:
        raise _refused(field, f"{field.title} is a number, and one of {len(text):,} digits is none.")
    if own and unit and own != unit:
        raise _refused(field, f"{field.title} says {own} in its text and {unit} as its unit.")
    if own and field.units and not fits(own, field.units):
        raise _refused(field, f"{field.title} is given in {_listed(field.units)}, not in {own}.")
    if own in _LARGE and field.type == "count" and not field.units:
        return round(Fraction(text) * _LARGE[own]), unit
    if own and not field.units:
        raise _refused(field, f"{field.title} has no unit, so {own} does not belong to it.")
    return (int(text) if re.fullmatch(r"[-+]?\d+", text) else float(text)), own or unit


def _exact(text: str) -> str:
    """A size that is shown twice, "1.3 MB (1,250,000 B)", as the one in bytes."""
    shown = _TWICE.fullmatch(text.strip())
    return next((part for part in shown.groups() if part.endswith(" B")), text) if shown is not None else text


def _refused(field: Field, sentence: str) -> FieldError:
    return FieldError(field.key, ForgeError(sentence, hint="Nothing was changed."))


def _listed(units: tuple[str, ...] | list[str]) -> str:
    return units[0] if len(units) == 1 else f"{', '.join(units[:-1])} or {units[-1]}"


_FORMS: dict[str, Callable[[Field, object, str], tuple[object, str]]] = {
    **dict.fromkeys(_NUMBERS, _number),
    "money": _money,
    "spread": _spread,
    **dict.fromkeys(("list", "languages"), _list),
    **dict.fromkeys(("line", "text", "choice", "licence", "url", "contact", "date", "hash"), _text),
}

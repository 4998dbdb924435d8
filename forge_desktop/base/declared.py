"""A value that people may choose, declared once: label, help, limits; and the check made from that declaration."""

from __future__ import annotations

import dataclasses
import re
from decimal import Decimal
from typing import Any

from forge_desktop.base.errors import ForgeError
from forge_desktop.base.numbers import twofold

_EXPONENT = 30  # of ten: what is beyond is a slip, and takes long to reckon with


def declared(
    default: Any,
    group: str,
    label: str,
    help: str,
    *,
    choices: dict[Any, str] | None = None,
    minimum: float | Decimal | None = None,
    maximum: float | Decimal | None = None,
    offers: dict[Any, str] | None = None,
    file: str = "",
    form: str = "",
) -> Any:
    """A dataclass field with this metadata. `offers` names values that are handy; `choices` are the only ones; with
    `file` the value is a path, and it says which files fit, as in "Pictures (*.png)"; a text has to match `form`.
    """
    return dataclasses.field(
        default=default,
        metadata={
            "group": group,
            "label": label,
            "help": help,
            "choices": choices,
            "minimum": minimum,
            "maximum": maximum,
            "offers": offers,
            "file": file,
            "form": form,
        },
    )


def check_value(field: dataclasses.Field[Any], value: object) -> object:
    """The value, coerced to the field's type; raises ForgeError naming the label, the limit and the value."""
    label: str = field.metadata["label"]
    kind: Any = type(field.default)
    given = value
    try:
        value = _coerced(kind, given)
    except (TypeError, ValueError, ArithmeticError) as error:
        why = twofold(given) if isinstance(given, str) and kind in (float, Decimal) else ""
        said = f"{label}: {given!r} {why}." if why else f"{label} cannot be {given!r}."
        raise ForgeError(said, hint=_what_to_do(field)) from error
    choices, low, high = (field.metadata[name] for name in ("choices", "minimum", "maximum"))
    if choices is not None and value not in choices:
        raise ForgeError(f"{label} cannot be {value!r}.", hint=_what_to_do(field))
    if (form := field.metadata["form"]) and not re.fullmatch(form, str(value)):
        raise ForgeError(f"{label} cannot be {value!r}.", hint="Write its three letters, as EUR, or its sign.")
    if low is not None and not low <= value <= high:
        raise ForgeError(f"{label} cannot be {value}.", hint=_what_to_do(field))
    return value


def _coerced(kind: Any, value: Any) -> Any:
    if kind is Decimal and isinstance(value, int | float | str) and not isinstance(value, bool):
        exact = Decimal(str(value))  # 0.1 is a tenth; in JSON it is kept as a text
        if not exact.is_finite() or abs(exact.adjusted()) > _EXPONENT:
            raise ValueError("no number to reckon with")
        return exact
    if isinstance(value, bool) != (kind is bool) or (kind is str) != isinstance(value, str):
        raise TypeError("of another type")
    if kind is int and isinstance(value, float) and not value.is_integer():
        raise ValueError("not a whole number")
    return kind(value)


def _what_to_do(field: dataclasses.Field[Any]) -> str:
    choices, low, high = (field.metadata[name] for name in ("choices", "minimum", "maximum"))
    if choices is not None:
        return "Choose one of: " + ", ".join(map(str, choices)) + "."
    if low is not None:
        return f"Choose a {'whole number' if type(field.default) is int else 'number'} from {low} to {high}."
    return "Choose true or false." if isinstance(field.default, bool) else "Write a text."

"""A card as plain JSON of our own: everything that is known of it, with where each value is from, and back again."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, get_args

from forge_desktop.base.errors import ForgeError
from forge_desktop.base.money import MICRO, usd
from forge_desktop.cards.fields import BY_KEY
from forge_desktop.cards.formats.files import refuse_large
from forge_desktop.cards.records import Card, CardState, FieldState, Kind, Origin, Source, Value

FORMAT = "forge-card"
FORMAT_VERSION = 1
_DAMAGED = "Have it written again by the Forge Desktop that it is from."
_MOST_USD = Decimal(10) ** 12
_COST_COLUMNS = {"teachers": ("cost",)}  # columns of tables that are money


def render(card: Card) -> bytes:
    """The card as JSON in UTF-8, for people too; the same card gives the same bytes."""
    return as_json(content(card))


def as_json(value: object) -> bytes:
    """Any plain value as JSON in UTF-8. Raises ForgeError for NaN and the like, which JSON has no words for."""
    try:
        text = json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False)
    except ValueError as error:
        raise ForgeError(
            "The card holds a number that is none (NaN or infinite).", hint="Correct that field."
        ) from error
    return text.encode("utf-8", "replace") + b"\n"  # half a surrogate pair cannot be written


def content(card: Card) -> dict[str, Any]:
    """The card as plain values. Money becomes decimal strings under names that end in _usd."""
    return {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "uid": card.uid,
        "kind": card.kind,
        "subject": card.subject,
        "label": card.label,
        "name": card.name,
        "state": card.state,
        "parent": card.parent,
        "created": card.created,
        "changed": card.changed,
        "orphan": card.orphan,
        "fields": {key: _state(key, card.fields[key]) for key in ordered(card.fields)},
        "document": card.document,
        "broken": card.broken,
    }


def ordered(fields: Mapping[str, FieldState]) -> list[str]:
    """The fields in the order of a card; those that are not ours at the end."""
    return [key for key in BY_KEY if key in fields] + sorted(key for key in fields if key not in BY_KEY)


def _state(key: str, state: FieldState) -> dict[str, Any]:
    said: dict[str, Any] = {}
    for name, value in (("measured", state.measured), ("hand", state.hand)):
        if value is not None:
            said[name] = _value(key, value)
    if state.not_applicable:
        said["not_applicable"] = state.not_applicable
    if state.taken_over:
        said["taken_over"] = True
    return said


def _value(key: str, value: Value) -> dict[str, Any]:
    refuse_endless(value.data, key)
    refuse_endless(value.detail, key)
    return {
        **money_out(key, value.data),
        "unit": value.unit,
        "source": value.source,
        "at": value.at,
        "detail": dict(value.detail),
        "rests_on": dict(value.rests_on),
        "stale": value.stale,
    }


def money_out(key: str, data: object) -> dict[str, object]:
    """A field's data under "value", or money under "value_usd"; costs in tables under their column's name and _usd."""
    if _is_money(key) and type(data) is int:
        return {"value_usd": usd(data)}
    columns = _COST_COLUMNS.get(key, ())
    if columns and isinstance(data, list):
        return {"value": [_row_out(row, columns) for row in data]}
    return {"value": data}


def _row_out(row: object, columns: tuple[str, ...]) -> object:
    if not isinstance(row, Mapping):
        return row
    return {
        (f"{name}_usd" if name in columns and type(held) is int else name): (
            usd(held) if name in columns and type(held) is int else held
        )
        for name, held in row.items()
    }


def money_in(key: str, said: Mapping[str, Any]) -> object:
    """What `money_out` was given. Raises ForgeError for an amount that is none."""
    if "value_usd" in said:
        return _micro(key, said["value_usd"])
    data = said.get("value")
    columns = _COST_COLUMNS.get(key, ())
    if not columns or not isinstance(data, list):
        return data
    named = {f"{name}_usd": name for name in columns}
    return [
        {named.get(name, name): _micro(key, held) if name in named else held for name, held in row.items()}
        if isinstance(row, dict)
        else row
        for row in data
    ]


def _micro(key: str, text: object) -> int:
    try:
        amount = Decimal(str(text))
    except InvalidOperation:
        amount = Decimal("NaN")
    if not amount.is_finite() or abs(amount) > _MOST_USD or amount * MICRO != int(amount * MICRO):
        raise ForgeError(f"{str(text)[:40]!r} of “{_title(key)}” is no amount of dollars.", hint=_DAMAGED)
    return int(amount * MICRO)


def _is_money(key: str) -> bool:
    return key in BY_KEY and BY_KEY[key].type == "money"


def _title(key: str) -> str:
    return BY_KEY[key].title if key in BY_KEY else key


def refuse_endless(data: object, key: str) -> None:
    """Raise ForgeError naming the field where a number in it is none."""
    if isinstance(data, float) and not math.isfinite(data):
        raise ForgeError(f"“{_title(key)}” holds a number that is none ({data}).", hint="Correct that field.")
    held = data.values() if isinstance(data, Mapping) else data if isinstance(data, (list, tuple)) else ()
    for each in held:
        refuse_endless(each, key)


def loads(data: bytes) -> Any:
    """JSON as plain values. Raises ForgeError for what is none, is too large, or holds NaN or an infinite number."""
    refuse_large(len(data), "The file")
    try:
        return json.loads(data.decode("utf-8-sig"), parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        raise ForgeError(
            f"The file is no JSON: line {error.lineno}, column {error.colno}: {error.msg}.",
            hint="Nothing was taken in.",
        ) from error
    except RecursionError:
        raise ForgeError("The file's JSON is nested too deeply.", hint="Nothing was taken in.") from None
    except ValueError as error:  # no UTF-8, or a number with too many digits
        raise ForgeError(f"The file cannot be read as JSON: {error}.", hint="Nothing was taken in.") from error


def _no_constant(name: str) -> object:
    raise ValueError(f"{name} is no number")


def read(data: bytes) -> Card:
    """The card that `render` was given. Raises ForgeError for anything else."""
    return card_of(loads(data))


def card_of(said: object) -> Card:
    """The same from plain values."""
    if not isinstance(said, dict) or said.get("format") != FORMAT:
        raise ForgeError("The file holds no card of Forge Desktop.", hint="Nothing was taken in.")
    version = said.get("format_version")
    if type(version) is not int or version < 1:
        raise ForgeError("The card tells no version of its format.", hint=_DAMAGED)
    if version > FORMAT_VERSION:
        raise ForgeError("The card was written by a newer Forge Desktop.", hint="Update this one.")
    fields = said.get("fields")
    if not isinstance(fields, dict) or not all(isinstance(state, dict) for state in fields.values()):
        raise ForgeError("The card has no fields.", hint=_DAMAGED)
    text = _texts(said)
    return Card(
        uid=text("uid"),
        kind=_one_of(said, "kind", get_args(Kind)),
        subject=text("subject"),
        label=text("label"),
        name=text("name"),
        state=_one_of(said, "state", get_args(CardState)),
        fields={key: _state_of(key, state) for key, state in fields.items()},
        document=text("document"),
        parent=text("parent"),
        created=_time(said, "created"),
        changed=_time(said, "changed"),
        broken=None if said.get("broken") is None else text("broken"),
        orphan=text("orphan"),
    )


def _texts(said: Mapping[str, Any]) -> Callable[[str], str]:
    def text(name: str) -> str:
        found = said.get(name, "")
        if not isinstance(found, str):
            raise ForgeError(f"The card's {name} is no text.", hint=_DAMAGED)
        return found

    return text


def _one_of(said: Mapping[str, Any], name: str, choices: tuple[Any, ...]) -> Any:
    if said.get(name) not in choices:
        raise ForgeError(f"The card's {name} is none of {', '.join(choices)}.", hint=_DAMAGED)
    return said[name]


def _time(said: Mapping[str, Any], name: str) -> float:
    found = said.get(name, 0.0)
    if isinstance(found, bool) or not isinstance(found, (int, float)) or not 0 <= found < 1e11:
        raise ForgeError(f"The card's time “{name}” is none.", hint=_DAMAGED)
    return float(found)


def _state_of(key: str, said: Mapping[str, Any]) -> FieldState:
    return FieldState(
        field=key,
        measured=_value_of(key, said["measured"], "measured") if "measured" in said else None,
        hand=_value_of(key, said["hand"], "hand") if "hand" in said else None,
        not_applicable=_texts(said)("not_applicable"),
        taken_over=said.get("taken_over") is True,
    )


def _value_of(key: str, said: object, origin: Origin) -> Value:
    if not isinstance(said, dict) or not ("value" in said or "value_usd" in said):
        raise ForgeError(f"The card's value of “{_title(key)}” is none.", hint=_DAMAGED)
    detail, rests_on = said.get("detail", {}), said.get("rests_on", {})
    if not isinstance(detail, dict) or not isinstance(rests_on, dict):
        raise ForgeError(f"Where “{_title(key)}” is from cannot be read.", hint=_DAMAGED)
    for held in (said, detail):
        refuse_endless(held, key)
    return Value(
        data=money_in(key, said),
        unit=_texts(said)("unit"),
        origin=origin,
        source=_one_of(said, "source", get_args(Source)),
        detail=detail,
        rests_on={str(name): str(held) for name, held in rests_on.items()},
        at=_time(said, "at"),
        stale=_texts(said)("stale"),
    )

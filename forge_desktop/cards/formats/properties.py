"""A card's values as names and texts, for formats that have no place for them; the names are in docs/formats.md."""

from __future__ import annotations

import datetime
import json
import re
from collections.abc import Collection, Iterable, Mapping
from typing import Any, get_args

from forge_desktop.base.errors import ForgeError
from forge_desktop.cards.fields import BY_KEY
from forge_desktop.cards.formats.foreign import foreign_value
from forge_desktop.cards.formats.plain import money_in, money_out, ordered, refuse_endless
from forge_desktop.cards.records import Card, FieldState, Kind, Source, Value

PREFIX = "forge-desktop:"
_FORBIDDEN = re.compile(r"[\x00-\x20<>\"{}|\\^`\x7f-\x9f\ud800-\udfff]")
_TEXTS = ("line", "text", "choice", "licence", "url", "contact", "date", "hash")
KIND, UID, STATE = f"{PREFIX}card:kind", f"{PREFIX}card:uid", f"{PREFIX}card:state"
DOCUMENT, BROKEN = f"{PREFIX}card:document", f"{PREFIX}card:broken"


def properties(card: Card, said: Collection[str] = ()) -> list[tuple[str, str]]:
    """Every value with its unit and where it is from; the value alone is left out of the fields that are `said`."""
    found = [(KIND, card.kind), (UID, card.uid), (STATE, card.state)]
    for key in ordered(card.fields):
        found += _of_state(key, card.fields[key], key in said)
    found += [(DOCUMENT, card.document), (BROKEN, card.broken or "")]
    return [(name, text) for name, text in found if text]


def _of_state(key: str, state: FieldState, said: bool) -> list[tuple[str, str]]:
    name, value = PREFIX + key, state.shown
    found = [] if value is None else _of_value(key, value, said)
    if state.hand is not None and state.measured is not None:
        beside = state.measured
        told = {**money_out(key, beside.data), "unit": beside.unit, **_from(beside)}
        found.append((f"{name}:measured", compact(told)))
    if state.not_applicable:
        found.append((f"{name}:not-applicable", state.not_applicable))
    return found


def _of_value(key: str, value: Value, said: bool) -> list[tuple[str, str]]:
    refuse_endless(value.data, key)
    name, out = PREFIX + key, money_out(key, value.data)
    found = []
    if "value_usd" in out:
        found.append((f"{name}_usd", str(out["value_usd"])))
    elif not said:
        found.append((name, as_text(key, out["value"])))
    if value.unit:
        found.append((f"{name}:unit", value.unit))
    return [*found, (f"{name}:provenance", compact(_from(value)))]


def _from(value: Value) -> dict[str, object]:
    told = {
        "source": value.source,
        "at": moment(value.at) if value.at else "",
        "detail": dict(value.detail),
        "rests_on": dict(value.rests_on),
        "stale": value.stale,
    }
    return {name: held for name, held in told.items() if held}


def as_text(key: str, data: object) -> str:
    """A field's data as text: as it is where the field is text, else as JSON."""
    is_text = key in BY_KEY and BY_KEY[key].type in _TEXTS and isinstance(data, str)
    return str(data) if is_text else compact(data)


def compact(data: object) -> str:
    """JSON on one line."""
    try:
        return json.dumps(data, ensure_ascii=False, allow_nan=False)
    except ValueError as error:
        raise ForgeError(
            "The card holds a number that is none (NaN or infinite).", hint="Correct that field."
        ) from error


def moment(at: float) -> str:
    """Epoch seconds as ISO 8601 in UTC, to the second."""
    return datetime.datetime.fromtimestamp(at, datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def epoch(text: object) -> float:
    """The same back; 0 for what is no moment."""
    try:
        found = datetime.datetime.fromisoformat(str(text))
    except ValueError:
        return 0.0
    return (found if found.tzinfo else found.replace(tzinfo=datetime.UTC)).timestamp()


def text_of(card: Card, key: str) -> str:
    """What stands in a field, as one text; "" for nothing, or for what is no text."""
    value = card.fields[key].shown if key in card.fields else None
    return value.data.strip() if value is not None and isinstance(value.data, str) else ""


def data_of(card: Card, key: str) -> Any:
    """What stands in a field, None for nothing."""
    value = card.fields[key].shown if key in card.fields else None
    return None if value is None else value.data


def rows_of(card: Card, key: str) -> list[Mapping[str, Any]]:
    """The rows of a table."""
    data = data_of(card, key)
    return [row for row in data if isinstance(row, Mapping)] if isinstance(data, list) else []


def texts_of(card: Card, key: str) -> list[str]:
    """The entries of a list that are texts."""
    data = data_of(card, key)
    return [each for each in data if isinstance(each, str) and each.strip()] if isinstance(data, list) else []


def is_web(text: str) -> bool:
    """Whether it is an address of the web as a format's schema wants one."""
    return text.lower().startswith(("http://", "https://")) and not _FORBIDDEN.search(text)


class Properties:
    """Properties that were read: what of them are values of ours, and the rest."""

    def __init__(self, pairs: Iterable[tuple[str, str]]) -> None:
        pairs = list(pairs)
        self._ours = {name.removeprefix(PREFIX): text for name, text in pairs if name.startswith(PREFIX)}
        self.rest = [(name, text) for name, text in pairs if not name.startswith(PREFIX)]
        """What is none of ours, or says what cannot be: `values` adds that."""

    @property
    def are_ours(self) -> bool:
        """Whether Forge Desktop wrote them."""
        return "card:kind" in self._ours

    @property
    def document(self) -> str:
        """The card's Markdown."""
        return self._ours.get("card:document", "")

    @property
    def broken(self) -> str | None:
        """A Markdown text that waits to be mended."""
        return self._ours.get("card:broken")

    @property
    def told_kind(self) -> Kind | None:
        """The kind that they say."""
        said = self._ours.get("card:kind")
        return said if said in get_args(Kind) else None  # type: ignore[return-value]

    def kind(self, otherwise: Kind) -> Kind:
        """The card's kind."""
        return self.told_kind or otherwise

    def not_applicable(self) -> dict[str, str]:
        """The reasons why fields have no value."""
        return {key: self._ours[f"{key}:not-applicable"] for key in BY_KEY if f"{key}:not-applicable" in self._ours}

    def values(self, said: Mapping[str, object]) -> dict[str, Value]:
        """Values by field, as somebody else's word; `said` is what the format's own places tell."""
        found = {}
        for key in BY_KEY:
            try:
                data = self._data(key, said)
            except ForgeError:  # one odd value costs nobody the rest: it stays in the text
                names = (f"{PREFIX}{key}_usd", f"{PREFIX}{key}")
                self.rest += [(name, self._ours[name.removeprefix(PREFIX)]) for name in names if self._has(name)]
                continue
            if data is not None:
                found[key] = foreign_value(self._value(key, data))
        return found

    def _has(self, name: str) -> bool:
        return name.removeprefix(PREFIX) in self._ours

    def _data(self, key: str, said: Mapping[str, object]) -> object:
        field = BY_KEY[key]
        if f"{key}_usd" in self._ours:
            return money_in(key, {"value_usd": self._ours[f"{key}_usd"]})
        if key not in self._ours:
            told = not self.are_ours or f"{key}:provenance" in self._ours  # ours names each value that it holds
            return said.get(key) if told else None
        text = self._ours[key]
        if field.type in _TEXTS:
            return text
        try:
            data = json.loads(text)
        except (ValueError, RecursionError):
            data = None
        if data is None:
            raise ForgeError(f"The property {PREFIX}{key} cannot be read.", hint="Nothing was taken in.")
        refuse_endless(data, key)
        return money_in(key, {"value": data})

    def _value(self, key: str, data: object) -> Value:
        told, field = self._provenance(key), BY_KEY[key]
        source = told.get("source")
        native = key not in self._ours and f"{key}:provenance" not in self._ours  # of the format's own places
        if native:
            source = "import"
        detail = told.get("detail")
        first = field.units[0] if field.units and (native or field.type == "money") else ""
        return Value(
            data=data,
            unit=self._ours.get(f"{key}:unit", first),
            origin="hand",
            source=source if source in get_args(Source) else "import",  # type: ignore[arg-type]
            detail={**(detail if isinstance(detail, dict) else {}), **self._beside(key)},
            at=epoch(told.get("at", "")),
            stale=str(told.get("stale", "")),
        )

    def _beside(self, key: str) -> dict[str, object]:
        """A measurement that stood beside what a person wrote."""
        found = self._json(f"{key}:measured")
        return {"told measurement": found} if found else {}

    def _provenance(self, key: str) -> Mapping[str, Any]:
        return self._json(f"{key}:provenance")

    def _json(self, name: str) -> Mapping[str, Any]:
        try:
            found = json.loads(self._ours.get(name, "{}"))
        except (ValueError, RecursionError):
            return {}
        return found if isinstance(found, dict) else {}

"""Makes the values that are filled in: each with its source, day, and what it rests on."""

from __future__ import annotations

import datetime
import time
from collections.abc import Iterable, Mapping

from forge_desktop.cards.records import Source, Value

Values = dict[str, Value]
Skipped = list[tuple[str, str]]


class Taker:
    """Makes values against one footing: what a value rests on is its state at this moment, unless it is given."""

    def __init__(self, footing: Mapping[str, str]) -> None:
        self.footing = footing

    def value(
        self,
        data: object,
        source: Source,
        *rests_on: str,
        unit: str = "",
        then: Mapping[str, str] | None = None,
        at: float | None = None,
        **detail: object,
    ) -> Value:
        """A value that was found. `rests_on` are names of the footing, `then` what held where that is known better; a
        detail that is None, "" or empty is left out.
        """
        moment = time.time() if at is None else at
        held = {name: self.footing[name] for name in rests_on if name in self.footing}
        told = {"date": day(moment)} | {name: each for name, each in detail.items() if _says_something(each)}
        resting = {name: what for name, what in {**held, **(then or {})}.items() if what}
        return Value(data, unit=unit, origin="measured", source=source, detail=told, rests_on=resting, at=moment)


def day(moment: float) -> str:
    """The day of a moment, in UTC."""
    return datetime.datetime.fromtimestamp(moment, datetime.UTC).date().isoformat()


def put(values: Values, found: Iterable[tuple[str, Value]]) -> None:
    """Add values whose data says something: an empty text or list is no value."""
    values.update((name, value) for name, value in found if _says_something(value.data))


def percentiles(ascending: list[float] | tuple[float, ...]) -> dict[str, float]:
    """The median and the 95th percentile of values in order, by the nearest rank."""
    return {f"p{share}": round(ascending[max(0, -(-share * len(ascending) // 100) - 1)], 3) for share in (50, 95)}


def _says_something(data: object) -> bool:
    return data is not None and not (isinstance(data, str | list | tuple | dict) and not data)

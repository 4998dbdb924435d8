"""The shipped price table, resources/prices.json: compiled by packaging/make_prices.py, read when first needed."""

from __future__ import annotations

import functools
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from forge_desktop.base.errors import ForgeError
from forge_desktop.base.paths import resources_dir
from forge_desktop.providers.records import Price, Rates

_NAMES = {  # a short name in the file: the field of Rates
    "i": "input",
    "o": "output",
    "c": "cached_input",
    "w": "cache_write",
    "bi": "batch_input",
    "bo": "batch_output",
    "r": "request",
}


@dataclass(frozen=True)
class ModelFacts:
    """What the table knows of a model beside its price; 0 or "" where it does not. `ends` is a day."""

    context: int
    max_output: int
    ends: str


class PriceTable:
    """Prices and facts of models by vendor and name."""

    def __init__(self, file: Path | None = None) -> None:
        self._file = file

    @functools.cached_property
    def text(self) -> str:
        """The file as it stands; what the sha256 is of."""
        try:
            return (self._file or resources_dir() / "prices.json").read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise _unreadable() from error

    @functools.cached_property
    def sha256(self) -> str:
        """Of the whole file."""
        return hashlib.sha256(self.text.encode()).hexdigest()

    @property
    def date(self) -> str:
        """The day of the newer of its sources."""
        return str(self._content["date"])

    @functools.cached_property
    def count(self) -> int:
        """How many models it knows."""
        return sum(len(vendor["models"]) for vendor in self._content["vendors"].values())

    @functools.cached_property
    def _content(self) -> dict[str, Any]:
        try:
            return dict(json.loads(self.text))
        except ValueError as error:
            raise _unreadable() from error

    def price(self, vendor: str, model: str, day: str) -> Price | None:
        """The price of a model on a day."""
        found = self._model(vendor, model)
        if found is None:
            return None
        current = _on(found["p"], day)
        tiers = tuple((int(above), _rates(rates)) for above, rates in current.get("t", []))
        highest = _rates(found.get("h", current))
        return Price(_rates(current), highest, tiers, self._content["source"], self.date, self.sha256)

    def facts(self, vendor: str, model: str) -> ModelFacts | None:
        """What else is known of a model."""
        found = self._model(vendor, model)
        if found is None:
            return None
        return ModelFacts(int(found.get("x", 0)), int(found.get("m", 0)), str(found.get("e", "")))

    def _model(self, vendor: str, model: str) -> dict[str, Any] | None:
        if not vendor:
            return None
        known = self._content["vendors"].get(vendor, {"models": {}})
        name = known.get("same", {}).get(model, model)
        found: dict[str, Any] | None = known["models"].get(name)
        return found


def _unreadable() -> ForgeError:
    return ForgeError(
        "The price table that came with Forge Desktop cannot be read.",
        hint="Install Forge Desktop anew; prices that were typed in are kept.",
    )


def _on(prices: list[dict[str, Any]], day: str) -> dict[str, Any]:
    """The price that holds on a day: of those begun, the last; they stand in the order of their days."""
    begun = [price for price in prices if price.get("d", "") <= day]
    return begun[-1] if begun else prices[0]


def _rates(short: dict[str, Any]) -> Rates:
    return Rates(**{_NAMES[name]: value for name, value in short.items() if name in _NAMES})

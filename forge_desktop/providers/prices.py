"""What a call costs: the price typed in for an endpoint, else the one of the shipped table; never a guess, never 0."""

from __future__ import annotations

import dataclasses
import datetime
import functools
import hashlib
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from forge_desktop.base.errors import ForgeError
from forge_desktop.base.events import Events
from forge_desktop.base.money import shown
from forge_desktop.providers.records import Endpoint, Price, Rates
from forge_desktop.providers.store import EndpointStore
from forge_desktop.storage import Database

if TYPE_CHECKING:
    from forge_desktop.providers.price_table import ModelFacts, PriceTable

_MOST = 10**12  # micro-dollars a million tokens: a million dollars; above it somebody mistyped
_TYPED = "typed prices"  # of what is known of an endpoint: sha256 of a price typed in, and its model then


class Prices:
    """Prices of endpoints on a day. `table` is the file of the shipped table, read when it is first needed."""

    def __init__(
        self,
        db: Database,
        events: Events | None = None,
        *,
        now: Callable[[], float] = time.time,
        table: Path | None = None,
    ) -> None:
        self._store, self._events, self._now = EndpointStore(db), events, now
        self._file = table
        self._remembered: set[str] = set()

    def of(self, endpoint: Endpoint) -> Price | None:
        """The price in force today: typed in for this endpoint, else the table's; None where there is none.

        An endpoint on this machine has none in the table either: 0 may be typed in, it is never assumed.
        """
        if (typed := self._store.price(endpoint.uid, self._today())) is not None:
            rates, sha256, since = typed
            return Price(rates, _highest(rates), (), "by hand", since, sha256)
        return self.known(endpoint.vendor, endpoint.price_model or endpoint.model)

    def known(self, vendor: str, model: str) -> Price | None:
        """The table's price of a vendor's model today, or None."""
        return self._table.price(vendor, model, self._today())

    def facts(self, vendor: str, model: str) -> ModelFacts | None:
        """What else the table knows of a model: context, longest answer, the day it ends; None where nothing."""
        return self._table.facts(vendor, model)

    def table(self) -> tuple[str, str, int]:
        """The shipped table: its day, its sha256, how many models it knows."""
        return self._table.date, self._table.sha256, self._table.count

    def history(self, endpoint: Endpoint) -> list[tuple[Rates, str]]:
        """The prices typed in for an endpoint with the days since which they hold, the newest first."""
        return self._store.prices(endpoint.uid)

    @staticmethod
    def rates(**fields: int | None) -> Rates:
        """Rates from plain values, micro-dollars a million tokens, to be given to `set`."""
        return Rates(**fields)  # type: ignore[arg-type]

    def set(self, endpoint: Endpoint, rates: Rates, since: str = "") -> Price:
        """Type a price in. It holds from `since` (YYYY-MM-DD, today by default); earlier ones stay for their days."""
        since = self.day(endpoint, since)
        for name, value in dataclasses.asdict(rates).items():
            if value is not None and not 0 <= value <= _MOST:
                raise ForgeError(f"A price of {shown(value)} a million tokens ({name}) cannot be meant.")
        text = _typed_text(rates, since)
        sha256 = hashlib.sha256(text.encode()).hexdigest()
        self._store.keep_price(endpoint.uid, rates, sha256, since, self._now())
        models = {**self._store.state(endpoint.uid).get(_TYPED, {}), sha256: endpoint.model}
        self._store.change_state(endpoint.uid, {_TYPED: models}, self._now())
        if self._events is not None:
            self._events.changed("endpoints")
        return Price(rates, _highest(rates), (), "by hand", since, sha256)

    def day(self, endpoint: Endpoint, since: str = "") -> str:
        """The day since which a price may be typed in: one to come only where something is known until then."""
        today = self._today()
        try:
            day = datetime.date.fromisoformat(since.strip() or today).isoformat()
        except ValueError:
            raise ForgeError(
                "The day since which a price holds is written as YYYY-MM-DD.", hint="Without one it is today."
            ) from None
        if day > today and self.of(endpoint) is None:
            raise ForgeError(
                f"{day} is still to come, and until then the price would not be known.",
                hint="Give the price of today first, then the one to come.",
            )
        return day

    def typed(self, endpoint: Endpoint, sha256: str) -> Price | None:
        """A price that was typed in for an endpoint once, by its hash; None for another one."""
        for rates, since in self.history(endpoint):
            if hashlib.sha256(_typed_text(rates, since).encode()).hexdigest() == sha256:
                return Price(rates, _highest(rates), (), "by hand", since, sha256)
        return None

    def model_of(self, endpoint: Endpoint, price: Price) -> str:
        """The model that an endpoint had when this price was typed in for it, "" where that is not known."""
        return str(self._store.state(endpoint.uid).get(_TYPED, {}).get(price.sha256, ""))

    def to_come(self, endpoint: Endpoint) -> list[tuple[Rates, str]]:
        """The prices typed in that do not hold yet, with the days from which they do, the nearest first."""
        today = self._today()
        return [(rates, since) for rates, since in reversed(self.history(endpoint)) if since > today]

    def remember(self, price: Price) -> None:
        """Keep the table a price is from, before a row of the ledger names it. Free from the second time on."""
        if price.sha256 in self._remembered:
            return
        text = _typed_text(price.rates, price.checked) if price.source == "by hand" else self._table.text
        self._store.keep_table(price.sha256, text, self._now())
        self._remembered.add(price.sha256)

    @functools.cached_property
    def _table(self) -> PriceTable:
        from forge_desktop.providers.price_table import PriceTable

        return PriceTable(self._file)

    def _today(self) -> str:
        return datetime.datetime.fromtimestamp(self._now(), datetime.UTC).date().isoformat()


def _typed_text(rates: Rates, since: str) -> str:
    return json.dumps({"rates": dataclasses.asdict(rates), "since": since, "source": "by hand"}, sort_keys=True)


def _highest(rates: Rates) -> Rates:
    """Rates at which nothing costs more: input at the dearest of its kinds."""
    dearest = max(rates.input, rates.cached_input or 0, rates.cache_write or 0)
    return dataclasses.replace(rates, input=dearest)

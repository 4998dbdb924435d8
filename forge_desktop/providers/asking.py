"""A call before it is made: the endpoint, its body in canonical bytes, what it is named by, and its worst case."""

from __future__ import annotations

import dataclasses
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from forge_desktop.base.errors import ForgeError
from forge_desktop.providers import money
from forge_desktop.providers.addresses import is_loopback, origin
from forge_desktop.providers.prices import Prices
from forge_desktop.providers.records import ChatRequest, Endpoint, Price, Purpose, Rates
from forge_desktop.providers.records_ledger import NewAttempt
from forge_desktop.providers.wire import Wire, canonical, request_sha256
from forge_desktop.providers.wires import wire_named


@dataclass(frozen=True)
class Planned:
    """A request as it would leave. `content` is what is sent, `body` what names it (without what asks for a stream)."""

    endpoint: Endpoint
    wire: Wire
    body: Mapping[str, Any]
    content: bytes
    sha256: str
    max_tokens: int
    margin: int
    stream: bool
    path: str = ""

    @property
    def url(self) -> str:
        """Where it goes."""
        return self.endpoint.url + (self.path or self.wire.path(self.endpoint, stream=self.stream))

    @property
    def tokens(self) -> int:
        """A bound of its input tokens: none is less than a byte, before or after a tokenizer has normalised it."""
        size = len(self.content)
        if not self.content.isascii():
            size = max(size, len(unicodedata.normalize("NFKC", self.content.decode("utf-8", "replace")).encode()))
        return size


def plan(endpoint: Endpoint, request: ChatRequest, *, stream: bool = True) -> Planned:
    """The call that would ask `endpoint`. Raises ForgeError for a request that cannot be sent."""
    if request.max_tokens < 1:
        raise ForgeError("An answer needs room: max_tokens must be 1 at least.")
    wire = wire_named(endpoint.wire)
    body = wire.body(endpoint, request)
    stream = stream and "no_stream" not in endpoint.dialect
    content = canonical(wire.streamed(endpoint, body) if stream else body)
    sha256 = request_sha256(endpoint.wire, endpoint.model, body)
    return Planned(endpoint, wire, body, content, sha256, request.max_tokens, wire.margin(request), stream)


def price_of(prices: Prices, endpoint: Endpoint) -> Price:
    """What the endpoint costs now. Raises ForgeError where nobody knows: it is never taken to be nothing."""
    price = prices.of(endpoint)
    if price is None:
        raise ForgeError(
            f"The price of {endpoint.name} ({endpoint.model}) is not known, so it cannot be asked under a cap.",
            hint="Type it in, 0 where it costs nothing: Settings › Endpoints, or with forge-desktop teachers price.",
        )
    return price


def worst_of(planned: Planned, price: Price, *, batch: bool = False) -> int:
    """The most the call can cost: what is reserved."""
    return money.worst(price, planned.tokens, planned.max_tokens, planned.margin, batch)


def attempt_of(planned: Planned, purpose: Purpose, price: Price, worst: int, *, batch: str = "") -> NewAttempt:
    """What the ledger keeps of a call."""
    endpoint = planned.endpoint
    return NewAttempt(
        endpoint=endpoint.uid,
        endpoint_name=endpoint.name,
        model=endpoint.model,
        purpose=purpose,
        request_sha256=planned.sha256,
        price_sha256=price.sha256,
        worst=worst,
        batch=batch,
    )


def costs_nothing(endpoint: Endpoint, price: Price) -> bool:
    """Whether it is a server on this machine with a price of 0: then a missing usage leaves no doubt."""
    host = origin(endpoint.url).partition("://")[2].rpartition(":")[0]
    return is_loopback(host) and _is_free(price.rates) and _is_free(price.highest)


def _is_free(rates: Rates) -> bool:
    return not any(value for value in dataclasses.asdict(rates).values())

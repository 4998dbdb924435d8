"""Requests that are no call of a model by themselves: files, batches and how far they are."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from forge_desktop.providers.batch_wires import Ask
from forge_desktop.providers.http import BrokenError, Door, Outgoing, UnsentError
from forge_desktop.providers.outcomes import broken, refusal, unsent
from forge_desktop.providers.records import Endpoint
from forge_desktop.providers.watching import Trail
from forge_desktop.providers.wires import wire_named

_BYTES = 512 * 1024 * 1024


@dataclass(frozen=True)
class Fetched:
    """The headers and the body of a response with status 200."""

    headers: Mapping[str, str]
    body: bytes


def fetch(
    door: Door, endpoint: Endpoint, key: str, ask: Ask, *, check: Callable[[], object], seconds: float, worst: int = 0
) -> Fetched:
    """One request; raises CallFailed, whose `charged` tells whether it may have arrived, and whatever `check` does."""
    wire, trail = wire_named(endpoint.wire), Trail()
    base = endpoint.url
    if endpoint.wire == "anthropic" and not base.endswith("/v1"):
        base += "/v1"
    kind = {"Content-Type": ask.kind} if ask.content else {}
    request = Outgoing(ask.method, base + ask.path, {**kind, **wire.headers(key)}, ask.content)
    try:
        with door.send(request, check=check, seconds=seconds, trail=trail) as incoming:
            if incoming.status not in (200, 201):
                raise refusal(endpoint, incoming.status, incoming.headers, incoming.words(), worst)
            return Fetched(incoming.headers, incoming.read(_BYTES))
    except (UnsentError, BrokenError) as error:
        if trail.left:
            raise broken(endpoint, str(error), worst) from error
        raise unsent(endpoint, str(error), getattr(error, "hint", "")) from error

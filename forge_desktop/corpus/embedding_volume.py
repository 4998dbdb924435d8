"""What an endpoint would be sent to embed the corpus, and what that costs: said before anything leaves."""

from __future__ import annotations

from dataclasses import dataclass

from forge_desktop.engine.remote_wording import host_of, leaves
from forge_desktop.providers.records import Endpoint, Price

_MILLION = 1_000_000
_LIKELY_BYTES = 4  # of a token, about; it has one at least


@dataclass(frozen=True)
class RemoteVolume:
    """What an endpoint would be sent to embed the corpus, and what that costs about and at most (micro-dollars).

    `withheld` passages are of documents that are never sent. Costs are None where no price is known.
    """

    name: str
    model: str
    host: str
    leaves: bool
    passages: int
    bytes: int
    withheld: int
    likely: int | None
    most: int | None


def volume_of(endpoint: Endpoint, price: Price | None, volume: tuple[int, int, int]) -> RemoteVolume:
    """The volume (passages, their bytes, passages withheld) with what it costs at this endpoint."""
    passages, size, withheld = volume
    likely = most = None
    if price is not None:
        likely = -(-size * price.rates.input // (_LIKELY_BYTES * _MILLION))
        most = -(-size * price.highest.input // _MILLION)
    return RemoteVolume(
        endpoint.name, endpoint.model, host_of(endpoint), leaves(endpoint), passages, size, withheld, likely, most
    )

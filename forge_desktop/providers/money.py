"""What a call costs, and what it can cost at most: integer micro-dollars, always rounded up."""

from __future__ import annotations

from forge_desktop.base.money import exact as exact
from forge_desktop.base.money import parse_usd as parse_usd
from forge_desktop.base.money import shown as shown
from forge_desktop.base.money import usd as usd
from forge_desktop.providers.records import Price, Rates, Usage

_MILLION = 1_000_000


def cost(usage: Usage, price: Price, batch: bool = False) -> int:
    """What `usage` costs at `price`; the tier is chosen by the whole input, as endpoints do."""
    rates = price.rates
    for above, tier in sorted(price.tiers, key=lambda known: known[0]):
        if usage.input > above:
            rates = tier
    plain, cached, write, output = _of_each(rates, batch)
    fresh = max(0, usage.input - usage.cached - usage.cache_write)
    parts = fresh * plain + usage.cached * cached + usage.cache_write * write + usage.output * output
    return _up(parts) + rates.request


def worst(price: Price, input_bytes: int, max_tokens: int, margin: int, batch: bool = False) -> int:
    """What a call can cost at most: a token is at least one byte of the body, `margin` tokens are the template's.

    Reckoned at the price's highest rates, whatever part of the input is cached or written to a cache.
    """
    plain, cached, write, output = _of_each(price.highest, batch)
    return _up((input_bytes + margin) * max(plain, cached, write) + max_tokens * output) + price.highest.request


def _of_each(rates: Rates, batch: bool) -> tuple[int, int, int, int]:
    """Rates of fresh input, cached input, input written to a cache, and output."""
    plain, output = rates.input, rates.output
    if batch:
        plain = plain if rates.batch_input is None else rates.batch_input
        output = output if rates.batch_output is None else rates.batch_output
    cached = plain if rates.cached_input is None else rates.cached_input
    write = plain if rates.cache_write is None else rates.cache_write
    return plain, cached, write, output


def _up(parts: int) -> int:
    return -(-parts // _MILLION)

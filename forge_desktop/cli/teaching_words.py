"""Endpoints and prices as JSON objects and as lines for people."""

from __future__ import annotations

import dataclasses
from typing import Any

from forge_desktop.base.money import exact, usd

_RATES = ("input", "output", "cached_input", "cache_write", "batch_input", "batch_output")


def facts(providers: Any, endpoint: Any) -> dict[str, Any]:
    """An endpoint as a JSON object: its fields, its price, what was learnt of it. Never its key."""
    fields = dataclasses.asdict(endpoint)
    return {
        **{name: list(value) if isinstance(value, tuple) else value for name, value in fields.items()},
        "price": price_facts(providers.prices.of(endpoint)),
        "blocked": providers.router.blocked(endpoint.uid),
        "learnt": providers.router.learnt(endpoint),
    }


def price_facts(price: Any) -> dict[str, Any] | None:
    """A price, or rates alone, in dollars a million tokens."""
    if price is None:
        return None
    rates = getattr(price, "rates", price)
    told: dict[str, Any] = {
        f"{name}_usd": None if (value := getattr(rates, name)) is None else usd(value) for name in _RATES
    }
    told["request_usd"] = usd(rates.request)
    if rates is not price:
        told |= {"source": price.source, "checked": price.checked, "sha256": price.sha256}
        told["tiers"] = [{"above": above, **(price_facts(tier) or {})} for above, tier in price.tiers]
    return told


def table_facts(providers: Any) -> dict[str, Any]:
    """The shipped price table."""
    date, sha256, models = providers.prices.table()
    return {"date": date, "sha256": sha256, "models": models}


def price_in_words(price: Any) -> str:
    """As in "$2.50 in, $10.00 out a million tokens (by hand, 2026-11-26)"."""
    if price is None:
        return "its price is not known, so it is not asked; `forge-desktop teachers price` types one in"
    more = ", more for long prompts" if price.tiers else ""
    return f"{rates_in_words(price.rates)} a million tokens{more} ({price.source}, {price.checked})"


def rates_in_words(rates: Any) -> str:
    """As in "$2.50 in, $10.00 out"."""
    parts = [f"${exact(rates.input)} in", f"${exact(rates.output)} out"]
    if rates.cached_input is not None:
        parts.append(f"${exact(rates.cached_input)} cached in")
    return ", ".join(parts)


def in_words(providers: Any, endpoint: Any) -> list[str]:
    """An endpoint, line by line."""
    keys = {
        "none": "no key",
        "keyring": f"key in the keyring ({providers.keys.name()})",
        "variable": f"key in ${endpoint.key_variable}",
        "memory": "key in memory",
    }
    state = "" if endpoint.enabled else "  (off)"
    lines = [
        f"{endpoint.name}{state}",
        f"    {endpoint.model} at {endpoint.url} ({endpoint.wire}; {keys[endpoint.key]})",
        f"    {', '.join(endpoint.roles)}; asked as number {endpoint.priority};"
        f" outputs may train a model: {endpoint.may_train}",
        f"    {price_in_words(providers.prices.of(endpoint))}",
    ]
    if why := providers.router.blocked(endpoint.uid):
        lines.append(f"    Not asked: {why} `forge-desktop teachers test` or `reset` lets it be asked again.")
    return lines

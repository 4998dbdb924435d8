"""What doing something costs, reckoned exactly from measured values and a person's own figures."""

from __future__ import annotations

import dataclasses
from decimal import Decimal
from fractions import Fraction

from forge_desktop.base.settings import Settings
from forge_desktop.cards.records_compare import CostInputs

SETTINGS: dict[str, str] = {
    "hardware": "cost_hardware",
    "years": "cost_years",
    "residual": "cost_residual",
    "hours": "cost_hours",
    "watts": "cost_watts",
    "electricity": "cost_electricity",
    "disk": "cost_disk",
    "input_per_output": "cost_input_per_output",
    "cached": "cost_cached",
    "tokens": "cost_tokens",
    "currency": "cost_currency",
    "rate": "cost_rate",
}
"""The setting behind each field of the inputs."""

_MICRO = 1_000_000


def inputs_of(settings: Settings, given: frozenset[str] = frozenset()) -> CostInputs:
    """The inputs as the settings say; those at their defaults are assumed, but for the settings `given` otherwise."""
    value = {name: getattr(settings, key) for name, key in SETTINGS.items()}
    rate = _exactly(value["rate"])
    defaults = {field.name: field.default for field in dataclasses.fields(Settings)}
    own = str(value["currency"]).strip().upper()[:8] or "USD"
    assumed = {
        name
        for name, key in SETTINGS.items()
        if key not in given and value[name] == defaults[key] and not (name in ("currency", "rate") and own == "USD")
    }
    return CostInputs(
        hardware=_micro(value["hardware"], rate),
        years=_exactly(value["years"]),
        residual=value["residual"],
        hours=_exactly(value["hours"]),
        watts=_exactly(value["watts"]),
        electricity=_micro(value["electricity"], rate),
        disk=_micro(value["disk"], rate),
        input_per_output=_exactly(value["input_per_output"]),
        cached=value["cached"],
        tokens=value["tokens"],
        currency=own,
        rate=rate,
        assumed=frozenset(assumed),
    )


def _exactly(number: float) -> Fraction:
    """The number as it was typed: 0.1 is a tenth."""
    return Fraction(Decimal(repr(number)))


def _micro(amount: float, rate: Fraction) -> int:
    """An amount of the person's money in micro-dollars, rounded half up."""
    return int(_exactly(amount) / rate * _MICRO + Fraction(1, 2))

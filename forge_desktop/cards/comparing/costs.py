"""What doing something costs, reckoned exactly from measured values and a person's own figures."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from forge_desktop.base.settings import Settings
from forge_desktop.cards.comparing.records import CostInputs
from forge_desktop.cards.records import Card
from forge_desktop.cards.taking import Taken, take

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
_DAYS_A_YEAR = Fraction(1461, 4)
_THOUSAND, _HOUR, _PERCENT = 1000, 3600, 100
_YEAR_MONTHS = 12


@dataclass(frozen=True)
class Spent:
    """What work on this computer costs, in micro-dollars: of the computer itself, and electricity."""

    machine: Fraction
    power: Fraction
    seconds: Fraction

    @property
    def total(self) -> Fraction:
        """Both."""
        return self.machine + self.power


@dataclass(frozen=True)
class LocalSpeed:
    """How fast a model here reads and writes, tokens a second; `energy` in Wh for 1,000 tokens where it was read."""

    read: Taken
    write: Taken
    energy: Taken | None = None


@dataclass(frozen=True)
class ApiPrices:
    """Micro-dollars for a million tokens. Without a price of cached input that costs as input."""

    input: Taken
    output: Taken
    cached: Taken | None = None


def inputs_of(settings: Settings, given: frozenset[str] = frozenset()) -> CostInputs:
    """The inputs as the settings say; those at their defaults are assumed, but for the settings `given` otherwise."""
    value = {name: getattr(settings, key) for name, key in SETTINGS.items()}
    rate = Fraction(value["rate"])
    defaults = {field.name: field.default for field in dataclasses.fields(Settings)}
    own = str(value["currency"]).strip().upper()[:8] or "USD"
    assumed = {
        name
        for name, key in SETTINGS.items()
        if key not in given and value[name] == defaults[key] and not (name in ("currency", "rate") and own == "USD")
    }
    return CostInputs(
        hardware=_micro(value["hardware"], rate),
        years=Fraction(value["years"]),
        residual=value["residual"],
        hours=Fraction(value["hours"]),
        watts=Fraction(value["watts"]),
        electricity=_micro(value["electricity"], rate),
        disk=_micro(value["disk"], rate),
        input_per_output=Fraction(value["input_per_output"]),
        cached=value["cached"],
        tokens=value["tokens"],
        currency=own,
        rate=rate,
        assumed=frozenset(assumed),
    )


def speed_of(card: Card) -> LocalSpeed | None:
    """What its card says of its speed; None where one of both is not known, or not above 0."""
    read, write = take(card, "prompt_speed"), take(card, "generation_speed")
    if read is None or write is None or read.amount <= 0 or write.amount <= 0:
        return None
    return LocalSpeed(read, write, take(card, "energy_per_1k"))


def prices_of(card: Card) -> ApiPrices | None:
    """What its card says of its prices; None where one is not known."""
    read, write = take(card, "price_input"), take(card, "price_output")
    return None if read is None or write is None else ApiPrices(read, write, take(card, "price_cached"))


def month_of_machine(inputs: CostInputs) -> Fraction:
    """What the computer loses of its worth in a month, whether it computes or not."""
    return _lost(inputs) / (inputs.years * _YEAR_MONTHS)


def working(seconds: Fraction, inputs: CostInputs) -> Spent:
    """What so many seconds of computing cost: the computer's loss of worth over its hours of work, and electricity."""
    hours = seconds / _HOUR
    worked = inputs.years * _DAYS_A_YEAR * inputs.hours
    return Spent(hours * _lost(inputs) / worked, hours * inputs.watts / _THOUSAND * inputs.electricity, seconds)


def generating(read: Fraction, written: Fraction, speed: LocalSpeed, inputs: CostInputs) -> Spent:
    """What reading and writing so many tokens costs here."""
    spent = working(read / speed.read.amount + written / speed.write.amount, inputs)
    if rests_on_energy(speed, inputs):
        assert speed.energy is not None
        kwh = (read + written) / _THOUSAND * speed.energy.amount / _THOUSAND
        return dataclasses.replace(spent, power=kwh * inputs.electricity)
    return spent


def rests_on_energy(speed: LocalSpeed, inputs: CostInputs) -> bool:
    """Whether the energy that was measured counts: it does until a person says what the computer draws."""
    return speed.energy is not None and "watts" in inputs.assumed


def paying(read: Fraction, written: Fraction, prices: ApiPrices, inputs: CostInputs) -> Fraction:
    """What an endpoint takes for reading and writing so many tokens, in micro-dollars."""
    cached = read * inputs.cached / _PERCENT
    of_cached = prices.input.amount if prices.cached is None else prices.cached.amount
    amount = (read - cached) * prices.input.amount + cached * of_cached + written * prices.output.amount
    return amount / _MICRO


def mix(inputs: CostInputs, tokens: Fraction | int = _THOUSAND) -> tuple[Fraction, Fraction]:
    """So many tokens as (read, written)."""
    written = Fraction(tokens) / (inputs.input_per_output + 1)
    return tokens - written, written


def capacity(speed: LocalSpeed, inputs: CostInputs) -> int:
    """How many tokens of the mix a model here does in a month of its hours."""
    read, written = mix(inputs)
    each = (read / speed.read.amount + written / speed.write.amount) / _THOUSAND
    return int(inputs.hours * _HOUR * _DAYS_A_YEAR / _YEAR_MONTHS / each)


def _lost(inputs: CostInputs) -> Fraction:
    return Fraction(inputs.hardware * (_PERCENT - inputs.residual), _PERCENT)


def _micro(amount: Decimal, rate: Fraction) -> int:
    """An amount of the person's money in micro-dollars, rounded half up."""
    return int(Fraction(amount) / rate * _MICRO + Fraction(1, 2))

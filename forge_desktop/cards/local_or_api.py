"""Local or API: one model here against one elsewhere, in the person's money, and what would turn the answer round."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from fractions import Fraction

from forge_desktop.cards import costs
from forge_desktop.cards.cost_reasons import missing_of
from forge_desktop.cards.costs import ApiPrices, LocalSpeed, Spent
from forge_desktop.cards.money_words import micro, number, shown, tokens
from forge_desktop.cards.records import Card
from forge_desktop.cards.records_compare import Cheaper, CostInputs, LocalOrApi, Sensitivity
from forge_desktop.cards.taking import Taken

_THOUSAND = 1000
_CHEAPER: dict[Cheaper, str] = {
    "local": "local is cheaper",
    "API": "the API is cheaper",
    "neither": "both cost the same",
}
_NOT_THE_SAME = "A token of one model is not a token of another: the same text may be more of them, or fewer."


def against(local: Card, api: Card, inputs: CostInputs) -> LocalOrApi:
    """The answer for this pair; where something is missing, what to do about it."""
    speed, prices = costs.speed_of(local), costs.prices_of(api)
    if speed is None or prices is None:
        missing = [missing_of(local, "generation_speed")] if speed is None else []
        missing += [missing_of(api, "price_input")] if prices is None else []
        return LocalOrApi(local.uid, api.uid, None, None, "", None, None, ("Not known yet.", *missing))
    pair = _Pair(local.label or local.name, api.label or api.name, speed, prices)
    case = _Case(pair, inputs)
    return LocalOrApi(
        local.uid,
        api.uid,
        micro(case.here.total),
        micro(case.there),
        case.cheaper,
        case.break_even,
        case.capacity,
        tuple(case.sentences()),
        tuple(_sensitivities(pair, inputs)),
    )


@dataclasses.dataclass(frozen=True)
class _Pair:
    here: str
    there: str
    speed: LocalSpeed
    prices: ApiPrices


class _Case:
    """A pair under some inputs. Costs are for 1,000 tokens of the mix, at hours that are used to the full."""

    def __init__(self, pair: _Pair, inputs: CostInputs) -> None:
        self._pair, self._inputs = pair, inputs
        read, written = costs.mix(inputs)
        self.here: Spent = costs.generating(read, written, pair.speed, inputs)
        self.there: Fraction = costs.paying(read, written, pair.prices, inputs)
        self.capacity = costs.capacity(pair.speed, inputs)

    @property
    def cheaper(self) -> Cheaper:
        """Which one is, hours used to the full."""
        if self.here.total == self.there:
            return "neither"
        return "local" if self.here.total < self.there else "API"

    @property
    def break_even(self) -> int | None:
        """From so many tokens a month on the computer pays; None where its electricity alone costs more."""
        saved = self.there - self.here.power
        fixed = costs.month_of_machine(self._inputs)
        if saved <= 0:
            return 0 if fixed == 0 and saved == 0 else None
        return -(-(fixed * _THOUSAND) // saved).__floor__() if fixed else 0

    def sentences(self) -> Iterator[str]:
        """The answer."""
        inputs, pair = self._inputs, self._pair
        yield (
            f"1,000 tokens ({number(inputs.input_per_output)} read for each written) cost"
            f" {self._money(self.here.total)} with {pair.here} on this computer and {self._money(self.there)} with"
            f" {pair.there}, if the computer works {number(inputs.hours)} hours a day."
        )
        yield self._verdict()
        yield self._turn()
        yield self._month()
        yield _NOT_THE_SAME
        stale = [one.stale for one in self._taken() if one.stale]
        if stale:
            yield f"Some of it is stale: {' '.join(dict.fromkeys(stale))}"

    def _verdict(self) -> str:
        if self.cheaper == "neither":
            return "Both cost the same."
        less = abs(self.here.total - self.there)
        which = "Local" if self.cheaper == "local" else "The API"
        share = Fraction(100) * self.here.machine / self.here.total if self.here.total else Fraction(0)
        of = f"{number(share, 0)} % of what local costs is the computer, the rest electricity"
        return f"{which} is cheaper by {self._money(less)}; {of}."

    def _turn(self) -> str:
        even = self.break_even
        if even is None:
            return "The computer never pays: its electricity alone costs as much as the API, or more."
        if even == 0:
            return "The computer costs nothing but its electricity, so it pays from the first token on."
        if even > self.capacity:
            most = f"it does {tokens(self.capacity)} at most in {number(self._inputs.hours)} hours a day"
            return f"The computer would pay from {tokens(even)} tokens a month on, but {most}."
        return f"The computer pays from {tokens(even)} tokens a month on; it does {tokens(self.capacity)} at most."

    def _month(self) -> str:
        inputs, wanted = self._inputs, self._inputs.tokens
        done = Fraction(wanted, _THOUSAND)
        fixed = costs.month_of_machine(inputs)
        here, there = fixed + done * self.here.power, done * self.there
        if wanted > self.capacity:
            return f"{tokens(wanted)} tokens a month are more than this computer does in these hours."
        return (
            f"For {tokens(wanted)} tokens a month it is {self._money(here)} here ({self._money(fixed)} of it the"
            f" computer, whether it works or not) and {self._money(there)} with the API."
        )

    def _taken(self) -> Iterator[Taken]:
        yield from (self._pair.speed.read, self._pair.speed.write, self._pair.prices.input, self._pair.prices.output)

    def _money(self, amount: Fraction | int) -> str:
        return shown(amount, self._inputs)


def _sensitivities(pair: _Pair, inputs: CostInputs) -> Iterator[Sensitivity]:
    """The same with one input otherwise."""
    mine = _Case(pair, inputs)
    for what, changed in _changes(inputs):
        case = _Case(pair, changed)
        turned = "" if case.cheaper == mine.cheaper else ", which turns the answer round"
        which = _CHEAPER[case.cheaper]
        here, there = shown(case.here.total, inputs), shown(case.there, inputs)
        yield Sensitivity(
            what,
            micro(case.here.total),
            micro(case.there),
            case.break_even,
            case.cheaper,
            f"{what}: {here} here, {there} with the API; {which}{turned}.",
        )


def _changes(inputs: CostInputs) -> Iterator[tuple[str, CostInputs]]:
    for hours, what in ((1, "If it works only 1 hour a day"), (24, "If it works day and night")):
        if inputs.hours != hours:
            yield what, dataclasses.replace(inputs, hours=Fraction(hours))
    if inputs.hardware:
        yield "If the computer is there anyway (electricity alone)", dataclasses.replace(inputs, hardware=0)
    yield "If electricity costs twice as much", dataclasses.replace(inputs, electricity=2 * inputs.electricity)
    for ratio, what in ((1, "If as much is written as read"), (20, "If 20 tokens are read for each written")):
        if inputs.input_per_output != ratio:
            yield what, dataclasses.replace(inputs, input_per_output=Fraction(ratio))
    if inputs.cached != 80:
        yield "If 80 % of the input comes from the endpoint's cache", dataclasses.replace(inputs, cached=80)

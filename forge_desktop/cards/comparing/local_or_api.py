"""Local or API: one model here against one elsewhere, for the tokens that a person uses, in their money; and what
would turn the answer round.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from fractions import Fraction

from forge_desktop.cards.comparing import costs
from forge_desktop.cards.comparing.cost_reasons import called, missing_of
from forge_desktop.cards.comparing.costs import ApiPrices, LocalSpeed, Spent
from forge_desktop.cards.comparing.money_words import micro, shown
from forge_desktop.cards.comparing.records import Cheaper, CostInputs, LocalOrApi, Sensitivity
from forge_desktop.cards.numbers import number, tokens
from forge_desktop.cards.records import Card
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
    pair = _Pair(called(local), called(api), speed, prices)
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
    """A pair under some inputs: a month of the person's tokens, and 1,000 of the mix at hours used to the full."""

    def __init__(self, pair: _Pair, inputs: CostInputs) -> None:
        self._pair, self._inputs = pair, inputs
        read, written = costs.mix(inputs)
        self.here: Spent = costs.generating(read, written, pair.speed, inputs)
        self.there: Fraction = costs.paying(read, written, pair.prices, inputs)
        self.capacity = costs.capacity(pair.speed, inputs)
        done = Fraction(inputs.tokens, _THOUSAND)
        self.month_here = costs.month_of_machine(inputs) + done * self.here.power
        self.month_there = done * self.there

    @property
    def fits(self) -> bool:
        """Whether the computer does a month of the person's tokens in its hours."""
        return self._inputs.tokens <= self.capacity

    @property
    def cheaper(self) -> Cheaper:
        """Which one is for the person's tokens a month; where they are too many for the computer, for 1,000."""
        here, there = (self.month_here, self.month_there) if self.fits else (self.here.total, self.there)
        if here == there:
            return "neither"
        return "local" if here < there else "API"

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
        yield self._verdict()
        yield self._turn()
        yield self._thousand()
        yield _NOT_THE_SAME
        stale = [one.stale for one in self._taken() if one.stale]
        if stale:
            yield f"Some of it is stale: {' '.join(dict.fromkeys(stale))}"

    def _verdict(self) -> str:
        inputs, pair = self._inputs, self._pair
        wanted = tokens(inputs.tokens)
        if not self.fits:
            most = f"{tokens(self.capacity)} is all that it does in {number(inputs.hours)} hours a day"
            return f"{wanted} tokens a month are more than this computer does with {pair.here}: {most}."
        both = (
            f"{self._money(self.month_here)} a month with {pair.here} on this computer"
            f" ({self._money(costs.month_of_machine(inputs))} of it the computer, whether it works or not) and"
            f" {self._money(self.month_there)} with {pair.there}"
        )
        if self.cheaper == "neither":
            return f"For {wanted} tokens a month both cost the same: {both}."
        which = "local" if self.cheaper == "local" else "the API"
        less = self._money(abs(self.month_here - self.month_there))
        return f"For {wanted} tokens a month {which} is cheaper by {less}: {both}."

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

    def _thousand(self) -> str:
        """The price of 1,000 tokens where the computer works all of its hours: most people use far less."""
        inputs = self._inputs
        share = Fraction(100) * self.here.machine / self.here.total if self.here.total else Fraction(0)
        return (
            f"If the computer worked all of its {number(inputs.hours)} hours a day, 1,000 tokens"
            f" ({number(inputs.input_per_output)} read for each written) would cost {self._money(self.here.total)} here"
            f" ({number(share, 0)} % of it the computer, the rest electricity) and {self._money(self.there)} with the"
            f" API."
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
        if changed.hours != inputs.hours and _both(case, changed) == _both(mine, inputs):
            continue  # a month of the computer costs the same however many of its hours it works
        turned = "" if case.cheaper == mine.cheaper else ", which turns the answer round"
        which = _CHEAPER[case.cheaper]
        yield Sensitivity(
            what,
            micro(case.here.total),
            micro(case.there),
            case.break_even,
            case.cheaper,
            f"{what}: {_both(case, changed)}; {which}{turned}.",
        )


def _both(case: _Case, inputs: CostInputs) -> str:
    """What both cost: a month where that can be, else 1,000 tokens."""
    if case.fits:
        return f"{shown(case.month_here, inputs)} here and {shown(case.month_there, inputs)} with the API a month"
    here, there = shown(case.here.total, inputs), shown(case.there, inputs)
    return f"more tokens than it does in a month; 1,000 of them {here} here and {there} with the API"


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

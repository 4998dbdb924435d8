"""What comes out of comparing cards: figures side by side, costs of what can be done, local or API. Plain values."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, Literal

from forge_desktop.cards.records import Kind

if TYPE_CHECKING:
    from forge_desktop.cards.comparing.surroundings import Surroundings
    from forge_desktop.cards.records import Card

RowGroup = Literal["fit", "speed", "cost", "quality"]
CapabilityGroup = Literal["retrieval", "local generation", "API generation", "distillation loop", "storage"]
Cheaper = Literal["local", "API", "neither", ""]


@dataclass(frozen=True)
class CostInputs:
    """What reckoning in money rests on and nothing here can measure: a person's figures, or assumptions.

    Money in micro-dollars. `hardware` is the price of the computer, used for `years` at `hours` a day and then worth
    `residual` percent of it; `watts` is what it draws while a model computes, `electricity` the price of a kWh, `disk`
    of a GB of disk. `input_per_output` tokens are read for each one that is written, `cached` percent of them at the
    price of cached input; `tokens` are those of a month. `rate` units of `currency` are a US dollar. `assumed` names
    the fields that nobody set.
    """

    hardware: int
    years: Fraction
    residual: int
    hours: Fraction
    watts: Fraction
    electricity: int
    disk: int
    input_per_output: Fraction
    cached: int
    tokens: int
    currency: str = "USD"
    rate: Fraction = Fraction(1)
    assumed: frozenset[str] = frozenset()


@dataclass(frozen=True)
class ComparedCard:
    """A card that is compared. `local`: it computes on this machine; `stale` counts values that are no longer true."""

    uid: str
    kind: Kind
    label: str
    name: str
    local: bool
    stale: int


@dataclass(frozen=True)
class Figure:
    """What one card has in one row. `text` is for people, "not measured" where there is nothing; `amount` is what it
    is ranked by, None where it has none.

    `how` says from which measurement of which date; `stale` what is no longer so; `missing` what to do to get it.
    `best`: no other of the row that may be compared is better. `beside` is what was measured where a person wrote
    otherwise.
    """

    text: str
    amount: Fraction | None = None
    how: str = ""
    stale: str = ""
    missing: str = ""
    best: bool = False
    beside: str = ""


@dataclass(frozen=True)
class ComparedRow:
    """One property of all cards, a figure for each in their order. `better` is "higher", "lower" or "" (no order).

    `note` says why nothing is called better, or what to mind; "" where there is nothing to say.
    """

    group: RowGroup
    key: str
    title: str
    unit: str
    figures: tuple[Figure, ...]
    better: Literal["higher", "lower", ""] = ""
    note: str = ""


@dataclass(frozen=True)
class Capability:
    """What it costs to do something, once: a row of the table of costs. `amount` in micro-dollars, None: not known.

    `card` is the uid of the card it is of, "" for what is of all of them; `exact` is the amount before rounding and
    `shown` the amount in the person's money. `how` is the reckoning with its numbers, `rests_on` which measured values
    of which date and which assumptions; `missing` what to do where there is no amount.
    """

    group: CapabilityGroup
    key: str
    title: str
    card: str
    label: str
    amount: int | None
    shown: str
    how: str = ""
    rests_on: tuple[str, ...] = ()
    stale: str = ""
    missing: str = ""
    exact: Fraction | None = None


@dataclass(frozen=True)
class Sensitivity:
    """How the answer changes with one input. Money in micro-dollars for 1,000 tokens of the mix, hours used to the
    full; `cheaper` is for the person's tokens a month.
    """

    what: str
    local: int
    api: int
    break_even: int | None
    cheaper: Cheaper
    sentence: str


@dataclass(frozen=True)
class LocalOrApi:
    """One model here against one elsewhere: `sentences` answer, in the person's money.

    `local` and `api` are micro-dollars for 1,000 tokens of the mix, hours used to the full, None where they are not
    known: `cheaper` is then "" and the sentences say what is missing. Else it is the one that costs less for the
    person's tokens a month, or for 1,000 where these are more than the computer does.

    From `break_even` tokens a month on the computer pays; None: never.
    `capacity` is how many tokens it can do in a month at the hours given.
    """

    local_card: str
    api_card: str
    local: int | None
    api: int | None
    cheaper: Cheaper
    break_even: int | None
    capacity: int | None
    sentences: tuple[str, ...]
    sensitivities: tuple[Sensitivity, ...] = ()


@dataclass(frozen=True)
class Basis:
    """The cards as they were, and what was around them."""

    cards: tuple[Card, ...]
    around: Surroundings


@dataclass(frozen=True)
class CardComparison:
    """Two or more cards side by side. `answers` has each model here against each elsewhere.

    `assumptions` are (field of the inputs, sentence) for what nobody set; `notes` what to mind of all of it. `basis` is
    what it was made from, for the same again with other inputs.
    """

    cards: tuple[ComparedCard, ...]
    rows: tuple[ComparedRow, ...]
    capabilities: tuple[Capability, ...]
    answers: tuple[LocalOrApi, ...]
    inputs: CostInputs
    assumptions: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()
    basis: Basis | None = field(default=None, repr=False, compare=False)

    @property
    def answer(self) -> LocalOrApi | None:
        """The first pair that has both costs, else the first; None where there is no such pair."""
        known = (each for each in self.answers if each.cheaper)
        return next(known, self.answers[0] if self.answers else None)

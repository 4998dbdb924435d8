"""Cards side by side: does it fit here, how fast, what it costs, how good; and whether local or API is cheaper."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from forge_desktop.base.errors import ForgeError
from forge_desktop.cards.applicable import as_told
from forge_desktop.cards.comparing import local_or_api
from forge_desktop.cards.comparing import quality as compare_quality
from forge_desktop.cards.comparing import rows as compare_rows
from forge_desktop.cards.comparing.capabilities import capabilities
from forge_desktop.cards.comparing.cost_reasons import assumptions, called
from forge_desktop.cards.comparing.costs import inputs_of
from forge_desktop.cards.comparing.records import Basis, CardComparison, ComparedCard, ComparedRow, CostInputs
from forge_desktop.cards.comparing.surroundings import Gatherer
from forge_desktop.cards.records import Card

if TYPE_CHECKING:
    from forge_desktop.students import Students
    from forge_desktop.students.rooms import Rooms

_MOST = 8
_LOCAL = ("student", "adapter")


def nothing() -> None:
    """What is called between two steps where nobody wants to stop."""


class Comparisons:
    """Compares cards. `get` finds one by any of its names."""

    def __init__(self, rooms: Rooms, students: Students, get: Callable[[str], Card]) -> None:
        self._rooms, self._get = rooms, get
        self._gatherer = Gatherer(rooms, students)

    def start(self, cards: Sequence[str], inputs: CostInputs | None = None) -> int:
        """Start the job (lane "cards", kind "card compare") whose result is `of`; returns its id."""
        return self._rooms.jobs.start("cards", "card compare", lambda ctx: self.of(cards, inputs, check=ctx.check))

    def of(
        self, cards: Sequence[str], inputs: CostInputs | None = None, *, check: Callable[[], None] = nothing
    ) -> CardComparison:
        """The cards (two or more, by any name) side by side. Asks the engine whether they fit, which takes a moment.

        Without `inputs` they are those of the settings. Raises ForgeError for a name that is none, one card alone, or
        the same twice.
        """
        chosen = tuple(as_told(self._get(name)) for name in cards)
        if len(chosen) < 2:
            raise ForgeError("A comparison needs two cards or more.", hint="Name another one.")
        if len({card.uid for card in chosen}) < len(chosen):
            raise ForgeError("One of the cards is named twice.", hint="Name different ones.")
        if len(chosen) > _MOST:
            raise ForgeError(f"{len(chosen)} cards are too many to read side by side.", hint=f"Name {_MOST} at most.")
        around = self._gatherer.gather(chosen, check)
        quality = compare_quality.rows(chosen, around)
        return _made(Basis(chosen, around), quality, inputs or self.inputs())

    def again(self, found: CardComparison, inputs: CostInputs | None = None) -> CardComparison:
        """The same comparison with other inputs, at once: nothing is asked of the engine, the disk or the database."""
        assert found.basis is not None, "a comparison that was made here"
        quality = tuple(row for row in found.rows if row.group == "quality")  # money has no part in it
        return _made(found.basis, quality, inputs or self.inputs())

    def inputs(self) -> CostInputs:
        """What the settings say of a person's costs."""
        return inputs_of(self._rooms.settings.values, self._rooms.settings.overridden)


def _made(basis: Basis, quality: Sequence[ComparedRow], inputs: CostInputs) -> CardComparison:
    cards, around = basis.cards, basis.around
    table = capabilities(cards, around, inputs)
    here = [card for card in cards if card.kind in _LOCAL]
    there = [card for card in cards if card.kind == "teacher"]
    rows = (*compare_rows.rows(cards, around, table, inputs), *quality)
    return CardComparison(
        tuple(_named(card, local=card.uid in around.local) for card in cards),
        rows,
        table,
        tuple(local_or_api.against(one, other, inputs) for one in here for other in there),
        inputs,
        assumptions(inputs),
        _notes(cards, rows, inputs),
        basis,
    )


def _named(card: Card, *, local: bool) -> ComparedCard:
    return ComparedCard(card.uid, card.kind, card.label, card.name, local, compare_rows.stale_count(card))


def _notes(cards: Sequence[Card], rows: Sequence[ComparedRow], inputs: CostInputs) -> tuple[str, ...]:
    notes = []
    if inputs.currency != "USD" and "rate" in inputs.assumed:
        notes.append(f"A US dollar is taken for one {inputs.currency}: say in Settings › Costs how much it is.")
    if not any(card.kind == "teacher" for card in cards):
        notes.append("No card of a teacher is among them: take one in to see whether local or API is cheaper.")
    elif not any(card.kind in _LOCAL for card in cards):
        notes.append("No model of this computer is among them: take one in to see whether local or API is cheaper.")
    elsewhere = [called(card) for card in cards if card.kind in _LOCAL and (card.orphan or not card.subject)]
    if elsewhere:
        said = "is not on this computer: what it costs is reckoned with the speeds on its card, of another machine"
        notes += [f"{name} {said}." for name in elsewhere]
    quality = [row for row in rows if row.group == "quality"]
    if not any(len([one for one in row.figures if one.amount is not None]) > 1 for row in quality):
        notes.append(
            "No suite has measured two of them by the same metric: how good they are beside each other is open."
        )
    names = [called(card) for card in cards if compare_rows.stale_count(card)]
    if names:
        notes.append(
            f"Values are stale on {', '.join(names)}: rest no decision on them before they are true again. A check of"
            " these cards says what makes them so."
        )
    return tuple(notes)

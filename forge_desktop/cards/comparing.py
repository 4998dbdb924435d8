"""Cards side by side: does it fit here, how fast, what it costs, how good; and whether local or API is cheaper."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from forge_desktop.base.errors import ForgeError
from forge_desktop.cards.costs import inputs_of
from forge_desktop.cards.records import Card
from forge_desktop.cards.records_compare import CardComparison, CostInputs

if TYPE_CHECKING:
    from forge_desktop.students import Students
    from forge_desktop.students.rooms import Rooms


def nothing() -> None:
    """What is called between two steps where nobody wants to stop."""


class Comparisons:
    """Compares cards. `get` finds one by any of its names."""

    def __init__(self, rooms: Rooms, students: Students, get: Callable[[str], Card]) -> None:
        self._rooms, self._students, self._get = rooms, students, get

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
        chosen = [self._get(name) for name in cards]
        if len({card.uid for card in chosen}) < 2 or len({card.uid for card in chosen}) < len(chosen):
            raise ForgeError("A comparison needs two or more different cards.", hint="Name another one.")
        return CardComparison((), (), (), (), inputs or self.inputs())

    def again(self, found: CardComparison, inputs: CostInputs | None = None) -> CardComparison:
        """The same comparison with other inputs, at once: nothing is asked of the engine, the disk or the database."""
        return found

    def inputs(self) -> CostInputs:
        """What the settings say of a person's costs."""
        return inputs_of(self._rooms.settings.values, self._rooms.settings.overridden)

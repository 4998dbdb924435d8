"""A card as it is shown: read in one go, off the window's thread."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from forge_desktop.base.errors import ForgeError
from forge_desktop.cards.checking import report
from forge_desktop.cards.records import Card, CheckReport, TextOutcome
from forge_desktop.ui.card_text import preview_text
from forge_desktop.ui.panes.cards.preview import get_ready

if TYPE_CHECKING:
    from forge_desktop.cards.cards import Cards


@dataclass(frozen=True)
class View:
    """A card with everything that is shown of it. `why` says what led to it: "opened", "typed", "source", "undone" …"""

    card: Card
    markdown: str
    preview: str
    report: CheckReport
    why: str = "opened"
    refused: dict[str, str] = field(default_factory=dict)
    taken: dict[str, tuple[object, str]] = field(default_factory=dict)
    outcome: TextOutcome | None = None
    trouble: ForgeError | None = None

    @property
    def locked(self) -> bool:
        """Whether nothing of it can be changed."""
        return self.card.state == "published"


def look(
    cards: Cards,
    uid: str,
    why: str,
    *,
    refused: dict[str, str] | None = None,
    taken: dict[str, tuple[object, str]] | None = None,
    outcome: TextOutcome | None = None,
) -> View:
    """Read a card with everything that is shown of it."""
    card = cards.get(uid)
    text = cards.markdown(card.uid)
    source = text if card.broken is None else card.broken
    found = report(card, lambda _card: ())
    preview = preview_text(text)
    get_ready(preview)
    return View(card, source, preview, found, why, refused or {}, taken or {}, outcome)

"""What is done to cards from the window: filled, exported, compared, looked through, published, brought in."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtWidgets import QWidget

from forge_desktop.cards.records import Card
from forge_desktop.ui.bridge import Bridge
from forge_desktop.ui.errands import Errands
from forge_desktop.ui.widgets.basics import ProgressRow

if TYPE_CHECKING:
    from forge_desktop.forge import Forge


class CardActions(QObject):
    """Asks where something should be asked, does it off the window's thread, and says what came of it.

    `notice` carries a `Notice`, `failed` a ForgeError for the pane's banner, `said` what else stands there (its kind:
    ok, info or warn, a title, a text), `opens` the uid of a card to show, `field_wanted` a card's uid and a field to go
    to. The pane lays out `progress`, which is hidden while nothing that was started here runs.
    """

    notice = Signal(object)
    failed = Signal(object)
    said = Signal(str, str, str)
    opens = Signal(str)
    field_wanted = Signal(str, str)

    def __init__(self, forge: Forge, bridge: Bridge, errands: Errands, host: QWidget) -> None:
        super().__init__(host)
        self._forge, self._bridge, self._errands, self._host = forge, bridge, errands, host
        self.progress = ProgressRow("Filling a card", can_pause=False)
        self.progress.cancel_pressed.connect(forge.jobs.cancel)
        self.progress.hide()

    def fill(self, card: Card) -> None:
        """Fill it in from what is known of its subject; measuring first where the person says so."""

    def export(self, card: Card) -> None:
        """Ask in which forms and where to, show what will be hidden, then write."""

    def history(self, card: Card) -> None:
        """Show its versions, the difference of any two, and restore one."""

    def privacy(self, card: Card) -> None:
        """Show what is private in it and hidden when it leaves; each can be revealed."""

    def publish(self, card: Card) -> None:
        """Show what is missing; publish and lock it when nothing is."""

    def compare(self, cards: Sequence[str] = ()) -> None:
        """Put two or more cards (uids) beside each other, on fit, speed, cost and quality."""

    @Slot()
    def bring_in(self) -> None:
        """Ask for a file or a folder and bring the card in."""

    def bring_in_paths(self, paths: Sequence[Path]) -> None:
        """Bring in what was dropped on the pane."""

    @Slot()
    def new_card(self) -> None:
        """Ask for kind and name, and make an empty card about nothing that is here yet."""

"""What the sections of the pane have in common: a banner on top, buttons for the pane's head, words under its title."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QWidget

from forge_desktop.base.errors import ForgeError
from forge_desktop.base.events import DataChanged, JobChanged
from forge_desktop.ui import tokens
from forge_desktop.ui.bridge import Bridge
from forge_desktop.ui.errands import Errands
from forge_desktop.ui.widgets.basics import Banner, Button, column
from forge_desktop.ui.widgets.inset import Inset

if TYPE_CHECKING:
    from forge_desktop.forge import Forge


class Section(QWidget):
    """One page of the Students pane.

    `notice` carries a `Notice`; `wants_pane` the key of another pane, as a pane's own; `leads` a section to go to,
    with what to show there where it follows ("versions:<uid>", "gates:<uid>", "training:new"). `retitled` when
    `subtitle` says something else. `buttons` stand in the head while the section is in front.
    """

    notice = Signal(object)
    wants_pane = Signal(str)
    leads = Signal(str)
    retitled = Signal()

    def __init__(self, forge: Forge, bridge: Bridge, errands: Errands) -> None:
        super().__init__()
        self.forge, self.bridge, self.errands = forge, bridge, errands
        self.buttons: tuple[Button, ...] = ()
        self.banner = Banner()
        self._words = ""

    def shown(self) -> None:
        """Called each time the section comes to the front; read again what is cheap to read."""

    def show_place(self, place: str) -> None:
        """Go to what another section or pane speaks of: a uid, "new", or ""."""

    def data_changed(self, event: DataChanged) -> None:
        """Called after every write, in front or not."""

    def job_changed(self, event: JobChanged) -> None:
        """Called for every job, in front or not."""

    def subtitle(self) -> str:
        """The line under the pane's title."""
        return self._words

    def retitle(self, words: str) -> None:
        """Say something else under the pane's title."""
        self._words = words
        self.retitled.emit()

    def set_content(self, *parts: QWidget) -> None:
        """The banner on top, then these; the last one has the room."""
        lines = column(Inset(self.banner, (tokens.XL, tokens.MD, 20, 0)), *parts, gap=0)
        lines.setStretch(lines.count() - 1, 1)
        self.setLayout(lines)

    def do(self, start: Callable[[], object]) -> None:
        """Start a job of a room; what it cannot start for is said."""
        self.banner.clear()
        try:
            start()
        except ForgeError as error:
            self.trouble(error)

    @Slot(object)
    def trouble(self, error: ForgeError) -> None:
        """Say what did not work, in the section that asked."""
        self.banner.show_error(error, mend=error.action != "students")

"""What the pane says above all its pages: why nobody is asked, what went wrong, how a job ended, what is going on."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from forge_desktop.ui import tokens
from forge_desktop.ui.widgets.basics import Banner, ProgressRow, column, frame, row
from forge_desktop.ui.widgets.inset import Inset

_ROOM = (tokens.XL, 10, tokens.XL, 0)


class Notices(QWidget):
    """`stopped` is about the ledger, `problem` about the last thing that was asked for, `outcome` about what ended.

    `other` is work besides a run.
    """

    def __init__(self) -> None:
        super().__init__()
        self.stopped, self.problem, self.outcome = Banner(), Banner(), Banner()
        self.other = ProgressRow("", can_pause=False)
        self._other = frame("card", row(self.other, margins=(14, 8, 12, 8)))
        self._other.hide()
        parts = (self.stopped, self.problem, self.outcome, self._other)
        self.setLayout(column(*(Inset(part, _ROOM) for part in parts), gap=0))

    def show_other(self, shown: bool) -> None:
        """Whether work besides a run is shown."""
        self._other.setVisible(shown)

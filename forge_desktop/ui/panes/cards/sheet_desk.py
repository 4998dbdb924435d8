"""What stands behind every sheet of cards: one is open at a time, work is done in jobs, what goes wrong is said."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QDialog, QWidget

from forge_desktop.base.errors import ForgeError
from forge_desktop.ui.bridge import Bridge
from forge_desktop.ui.errands import Errands
from forge_desktop.ui.following import Following
from forge_desktop.ui.widgets.basics import ProgressRow

if TYPE_CHECKING:
    from forge_desktop.forge import Forge

LANE = "cards look"  # what is asked of cards does not wait behind what fills and exports them


class SheetDesk(QObject):
    """`notice` carries a `Notice`, `failed` a ForgeError for the pane's banner. The pane lays out `progress`, which is
    hidden while nothing that was started here runs.
    """

    notice = Signal(object)
    failed = Signal(object)

    def __init__(self, forge: Forge, bridge: Bridge, errands: Errands, host: QWidget) -> None:
        super().__init__(host)
        self.forge, self.bridge, self.errands, self.host = forge, bridge, errands, host
        self.progress = ProgressRow("Filling a card", can_pause=False)
        self._following = Following(forge.jobs, bridge, self.progress, self)
        self._sheets: list[QDialog] = []  # each over the one before

    def open(self, sheet: QDialog, over: QDialog | None = None) -> bool:
        """Open a sheet, if none is open yet but the one that it is to stand over."""
        front = self._sheets[-1] if self._sheets else None
        if front is not None and front is not over:
            front.raise_()
            sheet.deleteLater()
            return False
        self._sheets.append(sheet)
        sheet.finished.connect(partial(self._on_closed, sheet))
        sheet.open()
        return True

    def shows(self, sheet: QDialog) -> bool:
        """Whether this sheet is still open."""
        return sheet in self._sheets

    def _on_closed(self, sheet: QDialog, _result: int) -> None:
        if sheet in self._sheets:
            self._sheets.remove(sheet)

    def look(
        self, work: Callable[[], Any], then: Callable[[Any], object], sheet: QDialog | None = None, *, key: str = ""
    ) -> None:
        """Read off the window's thread; what does not work is said in the sheet that asked, if it is still open."""

        def told(answer: Any) -> None:
            if sheet is None or self.shows(sheet):
                then(answer)

        def trouble(error: ForgeError) -> None:
            if sheet is not None and self.shows(sheet):
                sheet.banner.show_error(error)  # type: ignore[attr-defined]
            else:
                self.failed.emit(error)

        self.errands.run(work, told, trouble, key=key, lane=LANE)

    def start(
        self,
        start: Callable[[], int],
        verb: str,
        told: Callable[[object], None],
        trouble: Callable[[ForgeError | None], None],
        seen: Callable[[Any], None] = lambda event: None,
    ) -> None:
        """Start a job off the window's thread, and follow it."""
        follow = partial(self._following.follow, told=told, trouble=trouble, verb=verb, seen=seen)
        self.errands.run(start, follow, trouble, lane=LANE)

"""A rollback asked for in the window: one step a click, however fast the clicks follow each other."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal

from forge_desktop.base.errors import ForgeError
from forge_desktop.students.records_versions import Promotion
from forge_desktop.ui.errands import Errands

if TYPE_CHECKING:
    from forge_desktop.students.registry import Registry

WHO = "window"  # who did it, as the history tells
_REST = 1000  # milliseconds from a click during which another one is its double


class GoingBack(QObject):
    """`held` carries whether the button has to rest: until the result is there, and for a moment after a click."""

    held = Signal(bool)

    def __init__(self, registry: Registry, errands: Errands, parent: QObject) -> None:
        super().__init__(parent)
        self._registry, self._errands = registry, errands
        self._underway, self._clicked = False, 0.0
        self._rest = QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.timeout.connect(self._tell)

    def is_held(self) -> bool:
        """Whether a click would be one too many."""
        return self._underway or self._rest.isActive()

    def start(self, version: str, done: Callable[[Promotion], None], failed: Callable[[ForgeError], None]) -> None:
        """Go back from the version with this uid, unless a step is being made."""
        if self.is_held():
            return
        self._underway, self._clicked = True, time.monotonic()
        self._tell()

        def told(promotion: Promotion) -> None:
            self._over()
            done(promotion)

        def refused(error: ForgeError) -> None:
            self._over()
            failed(error)

        self._errands.run(
            lambda: self._registry.rollback(who=WHO, from_version=version), told, refused, lane="students"
        )

    def _over(self) -> None:
        self._underway = False
        left = _REST - int((time.monotonic() - self._clicked) * 1000)
        if left > 0:
            self._rest.start(left)
        self._tell()

    def _tell(self) -> None:
        self.held.emit(self.is_held())

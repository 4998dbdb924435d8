"""Keeps Python's garbage collector on the window's thread: wherever it runs, widgets that nobody holds are destroyed.

WORKAROUND: Qt's widgets may only be destroyed by the thread that made them, but Python collects on whichever thread
allocates last, a job's as well. A window in a reference cycle then ends the process (PySide6 6.11, seen in tests).
"""

from __future__ import annotations

import gc

from PySide6.QtCore import QObject, QTimer, Slot

_LOOK_MS = 200  # between two looks whether enough has piled up


class Collector(QObject):
    """From now on, until `close`, garbage in cycles is collected by this object's thread alone."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        gc.disable()
        self._timer = QTimer(self, interval=_LOOK_MS)
        self._timer.timeout.connect(self._on_look)
        self._timer.start()

    def close(self) -> None:
        """Let Python collect by itself again."""
        self._timer.stop()
        gc.enable()

    @Slot()
    def _on_look(self) -> None:
        """The oldest generation that is due, by Python's own thresholds; it holds the younger ones."""
        due = [
            at for at, (count, most) in enumerate(zip(gc.get_count(), gc.get_threshold(), strict=True)) if count > most
        ]
        if due:
            gc.collect(due[-1])

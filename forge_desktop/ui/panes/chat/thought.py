"""What a thinking student wrote before its answer: one line that opens, alive while the thought still comes."""

from __future__ import annotations

import time

from PySide6.QtCore import QTimer, Slot

from forge_desktop.ui.panes.chat.words import thought_words
from forge_desktop.ui.widgets.basics import duration
from forge_desktop.ui.widgets.fold import Fold

_REPAINT = 100  # ms between two looks at what has come


class Thought(Fold):
    """ "Thinking… 4 s", then "Thought for 3.2 s"."""

    def __init__(self) -> None:
        super().__init__("Thinking…", name="What the student thought")
        self._came, self._since = "", time.monotonic()
        self._clock = QTimer(self, interval=1000)
        self._clock.timeout.connect(self._on_clock)
        self._soon = QTimer(self, singleShot=True, interval=_REPAINT)
        self._soon.timeout.connect(self._on_soon)

    def append(self, text: str) -> None:
        """A piece of it that just came."""
        if not self._came:
            self._since = time.monotonic()
            self._clock.start()
        self._came += text
        if not self._soon.isActive():
            self._soon.start()

    def catch_up(self, text: str) -> None:
        """Everything that came so far."""
        if len(text) > len(self._came):
            self.append(text[len(self._came) :])

    def pause(self) -> None:
        """The answer has begun."""
        if self._clock.isActive():
            self._clock.stop()
            self._on_soon()
            self.set_heading(thought_words(1000 * (time.monotonic() - self._since)))

    def end(self, text: str, milliseconds: object) -> None:
        """All of it, and how long it took."""
        self._clock.stop()
        self._soon.stop()
        self._came = text
        self.set_text(text.strip())
        self.set_heading(thought_words(milliseconds))

    @Slot()
    def _on_clock(self) -> None:
        self.set_heading(f"Thinking… {duration(time.monotonic() - self._since)}")

    @Slot()
    def _on_soon(self) -> None:
        self.set_text(self._came.strip())

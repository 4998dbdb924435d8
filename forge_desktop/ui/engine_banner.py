"""The message that a student was stopped, or was not loaded after it kept crashing: load it again, or another one."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from forge_desktop.ui.status_line import EngineNews
from forge_desktop.ui.widgets.basics import Banner

_MEANS = "It is not loaded again by itself: only when you ask for it."


class EngineBanner(Banner):
    """Shown while the engine stands still and waits for a person. `acted` asks to load, `acted_second` for another."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._said = ""

    def show_engine(self, news: EngineNews) -> None:
        """Follow the engine. A message that was dismissed does not come back until there is another."""
        if news.status != "stopped":
            self._said = ""
            self.clear()
        elif self._said != (what := news.note or "The student was stopped."):
            self._said = what
            self.show_message(what, _MEANS, action="Load again", second="Choose another")

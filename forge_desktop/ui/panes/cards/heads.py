"""The bands on top of the pane: over the list, and over the card that is open."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QLabel, QStackedWidget

from forge_desktop.ui import theme, tokens
from forge_desktop.ui.widgets.basics import Button, ElidedLabel, IconButton, PrimaryButton, page_head
from forge_desktop.ui.widgets.words import own_direction

_BETWEEN = " · "
_LEAST_NAME = 40  # pixels of a name that are worth showing
_NARROW = 900  # pixels: below them the buttons lose their words


class AboutLine(ElidedLabel):
    """A card's name and how it stands; where there is no room for both, the name gives way."""

    def __init__(self) -> None:
        self._names, self._state = "", ""
        super().__init__("", tokens.SMALL, cls="muted")

    def say(self, names: Sequence[str], states: Sequence[str]) -> None:
        """Show what the card is called, and how it stands."""
        self._names = _BETWEEN.join(names)
        self._state = "".join(f"{_BETWEEN}{state}" for state in states)
        self.setText(_BETWEEN.join([*(own_direction(name) for name in names), *states]))

    def _fit(self) -> None:
        width, metrics = self.contentsRect().width(), self.fontMetrics()
        super()._fit()
        left = width - metrics.horizontalAdvance(self._state)
        if metrics.horizontalAdvance(self.whole_text()) <= width or left < theme.px(_LEAST_NAME):
            return
        name = metrics.elidedText(" ".join(self._names.split()), Qt.TextElideMode.ElideRight, left)
        QLabel.setText(self, f"{own_direction(name)}{self._state}")


class CardHeads(QStackedWidget):
    """The first is the list's, the second the card's. Who listens to the buttons does what they say."""

    def __init__(self) -> None:
        super().__init__()
        self.bring = Button("Import", "download")
        self.bring.setToolTip("Bring a card in: README.md, JSON, CycloneDX or SPDX")
        self.compare = Button("Compare", "layers")
        self.compare.setToolTip("Put two or more chosen cards beside each other")
        self.new = PrimaryButton("New card", "plus")
        self.subtitle = ElidedLabel("", tokens.SMALL, cls="muted")
        first = page_head("Cards", self.subtitle, self.bring, self.compare, self.new)
        self.copy = Button("Copy Markdown", "copy")
        self.check = Button("Check", "circle-check")
        self.check.setToolTip("Look for what is missing, wrong, stale or private")
        self.fill = Button("Fill", "gauge")
        self.fill.setToolTip("Fill in what was measured, and what the application knows")
        self.more = IconButton("ellipsis", "More for this card")
        self.export = PrimaryButton("Export", "upload")
        self.about = AboutLine()
        second = page_head("Model card", self.about, self.copy, self.check, self.fill, self.more, self.export)
        self.addWidget(first)
        self.addWidget(second)
        self.setFixedHeight(first.minimumHeight())
        worded = (self.bring, self.compare, self.new, self.copy, self.check, self.fill, self.export)
        self._words = {button: button.text() for button in worded}
        for button, words in self._words.items():
            button.setToolTip(button.toolTip() or words)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        narrow = self.width() < theme.px(_NARROW)
        for button, words in self._words.items():
            button.setText("" if narrow else words)
            button.setAccessibleName(words)

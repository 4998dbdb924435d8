"""The bands on top of the pane: over the list, and over the card that is open."""

from __future__ import annotations

from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QStackedWidget

from forge_desktop.ui import theme, tokens
from forge_desktop.ui.widgets.basics import Button, ElidedLabel, IconButton, PrimaryButton, page_head

_NARROW = 900  # pixels: below them the buttons lose their words


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
        self.about = ElidedLabel("", tokens.SMALL, cls="muted")
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

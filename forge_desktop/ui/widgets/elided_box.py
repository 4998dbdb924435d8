"""A check box whose words give way where there is no room for them; the tool tip has all of them."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QCheckBox, QSizePolicy

from forge_desktop.ui.widgets.words import safe_words

_MARK = 40  # pixels that the box itself takes, at most


class ElidedBox(QCheckBox):
    """Its accessible name is the whole text."""

    def __init__(self, words: str) -> None:
        super().__init__()
        self._words = safe_words(words)
        self.setAccessibleName(self._words)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self._fit()

    def minimumSizeHint(self) -> QSize:
        return QSize(_MARK, super().minimumSizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        room = max(_MARK, self.width() - _MARK)
        shown = self.fontMetrics().elidedText(self._words, Qt.TextElideMode.ElideMiddle, room)
        self.setText(shown.replace("&", "&&"))
        self.setToolTip("" if shown == self._words else self._words)

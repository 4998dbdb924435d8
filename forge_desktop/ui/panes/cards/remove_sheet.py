"""Asks before a card goes for good, with all its versions."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QWidget

from forge_desktop.cards.records import Card
from forge_desktop.ui import theme, tokens
from forge_desktop.ui.widgets.basics import Button, column, label, row
from forge_desktop.ui.widgets.sheet import Sheet
from forge_desktop.ui.widgets.words import breakable, count_words, own_direction, safe_words


class RemoveSheet(Sheet):
    """`agreed` when it is to go."""

    agreed = Signal()

    def __init__(self, card: Card, versions: int, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Remove a card")
        name = breakable(own_direction(safe_words(card.name)))
        heading = label(f"Remove the card of {name}?", tokens.SUBTITLE, 600, wrap=True)
        kept = f" and {count_words(versions, 'version')} of it" if versions else ""
        words = label(
            f"Everything that stands in it{kept} goes, and cannot be brought back. Export it first to keep it.",
            tokens.TABLE,
            wrap=True,
        )
        self.remove = Button("Remove card", "trash-2")
        self.remove.setAutoDefault(False)
        self.remove.clicked.connect(self._on_remove)
        cancel = Button("Keep it")
        cancel.setDefault(True)
        cancel.clicked.connect(self.reject)
        margins = (tokens.XL, 20, tokens.XL, 20)
        buttons = row(None, self.remove, cancel)
        self.setLayout(column(self.banner, heading, words, None, buttons, gap=tokens.MD, margins=margins))
        self.resize(theme.px(460), theme.px(190))
        cancel.setFocus()

    def typed(self) -> bool:
        return False

    @Slot()
    def _on_remove(self) -> None:
        self.accept()
        self.agreed.emit()

"""Asks why a field does not apply to what a card is about."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QLineEdit, QWidget

from forge_desktop.ui import theme, tokens
from forge_desktop.ui.widgets.basics import Button, PrimaryButton, column, label, row
from forge_desktop.ui.widgets.sheet import Sheet


class WhySheet(Sheet):
    """`said` carries the reason."""

    said = Signal(str)

    def __init__(self, title: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setObjectName("why")
        self.setWindowTitle(f"{title}: not applicable")
        heading = label(f"Why does “{title}” not apply?", tokens.SUBTITLE, 600, wrap=True)
        words = label("Readers of the card see the reason in place of a value.", tokens.SMALL, cls="muted", wrap=True)
        self.why = QLineEdit()
        self.why.setAccessibleName(f"Why {title} does not apply")
        self.why.setPlaceholderText("It runs on the processor alone")
        self.why.textChanged.connect(self._on_text)
        self.keep = PrimaryButton("Say so", "check")
        self.keep.setDefault(True)
        self.keep.setEnabled(False)
        self.keep.clicked.connect(self._on_keep)
        cancel = Button("Cancel")
        cancel.clicked.connect(self.reject)
        buttons = row(None, cancel, self.keep)
        margins = (tokens.XL, 20, tokens.XL, 20)
        self.setLayout(column(self.banner, heading, words, self.why, None, buttons, gap=tokens.MD, margins=margins))
        self.resize(theme.px(460), theme.px(210))

    def typed(self) -> bool:
        return bool(self.why.text().strip())

    @Slot()
    def _on_text(self) -> None:
        self.keep.setEnabled(self.typed())

    @Slot()
    def _on_keep(self) -> None:
        self.said.emit(self.why.text().strip())
        self.accept()

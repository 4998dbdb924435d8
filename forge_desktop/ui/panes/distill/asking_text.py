"""Asks for one line of text, without stopping everything else meanwhile."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialogButtonBox, QInputDialog, QWidget


def ask_text(parent: QWidget, title: str, words: str, then: Callable[[str], None], *, text: str = "") -> None:
    """Open a small sheet; `then` gets what was typed, if it was confirmed and is not blank."""
    sheet = QInputDialog(parent)
    sheet.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    sheet.setWindowTitle(title)
    sheet.setLabelText(words)
    sheet.setTextValue(text)
    sheet.textValueSelected.connect(lambda typed: then(typed.strip()) if typed.strip() else None)
    sheet.open()
    buttons = sheet.findChild(QDialogButtonBox)
    assert buttons is not None  # there once it is open
    confirm = buttons.button(QDialogButtonBox.StandardButton.Ok)
    confirm.setEnabled(bool(text.strip()))
    sheet.textValueChanged.connect(lambda typed: confirm.setEnabled(bool(typed.strip())))

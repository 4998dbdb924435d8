"""A line that opens: what is behind it is there on a click, and out of the way until then."""

from __future__ import annotations

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QWidget

from forge_desktop.ui import theme, tokens
from forge_desktop.ui.widgets.basics import Button, column, frame, label, row


class Fold(QWidget):
    """A heading with a chevron, and a plain text that it shows and hides. `toggled` tells that the height changed."""

    toggled = Signal(bool)

    def __init__(self, heading: str = "", text: str = "", name: str = "") -> None:
        """`name` is what a screen reader calls the text."""
        super().__init__()
        self._heading = ""
        self._button = Button("", "chevron-right", "link")
        self._button.clicked.connect(self._on_clicked)
        self._text = label("", tokens.TABLE, cls="muted", wrap=True, selectable=True)
        self._text.setAccessibleName(name)
        self._body = frame("quoted", row(self._text, margins=(12, 8, 12, 8)))
        self._body.hide()
        self.setLayout(column(row(self._button, None), self._body, gap=4))
        self.set_heading(heading)
        self.set_text(text)

    def set_heading(self, text: str) -> None:
        """Other words on the line."""
        self._heading = text
        self._button.setText(text)
        self._name()

    def heading(self) -> str:
        """The words on the line."""
        return self._heading

    def set_text(self, text: str) -> None:
        """What is behind the line."""
        self._text.setText(text)

    def text(self) -> str:
        """What is behind the line."""
        return self._text.text()

    @property
    def opened(self) -> bool:
        """Whether the text is shown."""
        return not self._body.isHidden()

    def set_width(self, width: int) -> None:
        """Lay the text out for this width now, so that the height is right at once."""
        self._text.setFixedWidth(max(theme.px(80), width - 24))

    def _name(self) -> None:
        self._button.setAccessibleName(f"{self._heading}: {'hide' if self.opened else 'show'}")

    @Slot()
    def _on_clicked(self) -> None:
        self._body.setVisible(not self.opened)
        self._button.set_icon("chevron-down" if self.opened else "chevron-right")
        self._name()
        self.toggled.emit(self.opened)

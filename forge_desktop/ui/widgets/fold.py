"""A line that opens: what is behind it is there on a click, and out of the way until then."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Qt, Signal, Slot
from PySide6.QtGui import QTextCursor
from PySide6.QtWidgets import QFrame, QPlainTextEdit, QWidget

from forge_desktop.ui import theme, tokens
from forge_desktop.ui.widgets.basics import Button, column, frame, row

_TALLEST = 12  # lines; what is longer scrolls


class Fold(QWidget):
    """A heading with a chevron, and a plain text that it shows and hides. `toggled` tells that the height changed."""

    toggled = Signal(bool)

    def __init__(self, heading: str = "", name: str = "") -> None:
        """`name` is what a screen reader calls the text."""
        super().__init__()
        self._heading, self._whole = "", ""
        self._button = Button("", "chevron-right", "link")
        self._button.clicked.connect(self._on_clicked)
        self._view = _Text()
        self._view.setAccessibleName(name)
        self._body = frame("quoted", row(self._view, margins=(10, 6, 4, 6)))
        self._body.hide()
        self.setLayout(column(row(self._button, None), self._body, gap=4))
        self.set_heading(heading)

    def set_heading(self, text: str) -> None:
        """Other words on the line."""
        self._heading = text
        self._button.setText(text)
        self._name()

    def heading(self) -> str:
        """The words on the line."""
        return self._heading

    def set_text(self, text: str) -> None:
        """What is behind the line. While it is folded nothing is laid out."""
        self._whole = text
        if self.opened:
            self._view.show_text(text)

    def text(self) -> str:
        """What is behind the line."""
        return self._whole

    @property
    def opened(self) -> bool:
        """Whether the text is shown."""
        return not self._body.isHidden()

    def set_width(self, width: int) -> None:
        """Lay the text out for this width now, so that the height is right at once."""
        self._view.setFixedWidth(max(theme.px(80), width - 14))
        self._view.fit()

    def _name(self) -> None:
        self._button.setAccessibleName(f"{self._heading}: {'hide' if self.opened else 'show'}")

    @Slot()
    def _on_clicked(self) -> None:
        opened = not self.opened
        self._body.setVisible(opened)
        if opened:
            self._view.show_text(self._whole)
        self._button.set_icon("chevron-down" if opened else "chevron-right")
        self._name()
        self.toggled.emit(opened)


class _Text(QPlainTextEdit):
    """As tall as its text up to a limit; grows at its end without being laid out anew."""

    def __init__(self) -> None:
        super().__init__(readOnly=True)
        self.setProperty("cls", "bare")
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFont(theme.font(tokens.TABLE))
        self.setUndoRedoEnabled(False)
        self.setTabChangesFocus(True)
        self.document().setDocumentMargin(0)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.viewport().setAutoFillBackground(False)

    def show_text(self, text: str) -> None:
        """Show this; follows the end while it grows there."""
        shown, bar = self.toPlainText(), self.verticalScrollBar()
        follows = bar.value() >= bar.maximum()
        if text != shown:
            if shown and text.startswith(shown):
                cursor = QTextCursor(self.document())
                cursor.movePosition(QTextCursor.MoveOperation.End)
                cursor.insertText(text[len(shown) :])
            else:
                self.setPlainText(text)
                follows = False
        self.fit()
        if follows:
            bar.setValue(bar.maximum())

    def fit(self) -> None:
        """As tall as the text, or as the tallest."""
        lines = max(1, min(_TALLEST, int(self.document().size().height())))
        self.setFixedHeight(lines * self.fontMetrics().lineSpacing() + 2)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self.fit()

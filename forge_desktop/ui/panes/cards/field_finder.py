"""A line that leads to a field by a part of its name; also over the editor, where the sections are not beside it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QEvent, QObject, QPoint, QRect, Qt, Signal, Slot
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QApplication, QFrame, QWidget

from forge_desktop.ui import theme, tokens
from forge_desktop.ui.panes.cards.picks import OfferLine
from forge_desktop.ui.widgets.basics import column, label

_WIDTH = 340
_NONE = "No field has a name with that."


class FieldLine(OfferLine):
    """Offers the titles of fields; Return takes the one that fits best where none was chosen.

    `said` answers where none fits: whoever has the line puts it underneath.
    """

    def __init__(self, titles: Callable[[], Sequence[str]]) -> None:
        super().__init__(titles)
        self._titles = titles
        self.setPlaceholderText("Go to a field")
        self.setFont(theme.font(tokens.SMALL))
        self.said = label("", tokens.SMALL, cls="warn")
        self.said.hide()
        self.textChanged.connect(self.said.hide)
        self.returnPressed.connect(self._on_return)

    @Slot()
    def _on_return(self) -> None:
        popup = self.completer().popup() if self.completer() is not None else None
        if popup is not None and popup.isVisible() and popup.currentIndex().isValid():
            return  # the list takes the key
        typed = self.text().strip().casefold()
        fitting = [title for title in self._titles() if typed and typed in title.casefold()]
        if fitting:
            self.taken.emit(min(fitting, key=lambda title: (not title.casefold().startswith(typed), len(title))))
        elif typed:
            self.said.setText(_NONE)
            self.said.show()
            self.selectAll()


class FieldFinder(QFrame):
    """Stands on top of `place`, a part of `over`, while it has the keyboard; Escape gives that back. `taken` carries a
    field's title.
    """

    taken = Signal(str)

    def __init__(self, titles: Callable[[], Sequence[str]], over: QWidget, place: QWidget) -> None:
        super().__init__(over)
        self._place = place
        self._before: QWidget | None = None
        self.setProperty("cls", "card")
        self.line = FieldLine(titles)
        self.line.setAccessibleName("Go to a field of the card")
        self.line.taken.connect(self._on_taken, Qt.ConnectionType.QueuedConnection)  # after Qt has put its words in
        self.line.installEventFilter(self)
        self.setLayout(column(self.line, self.line.said, gap=4, margins=(8, 8, 8, 8)))
        place.installEventFilter(self)
        self.hide()

    def open(self) -> FieldLine:
        """Come up; what is returned takes the keyboard."""
        if not self.isVisible():
            self._before = QApplication.focusWidget()
            self.line.clear()
        self._settle()
        self.show()
        self.raise_()
        return self.line

    def leave(self) -> None:
        """Go away, and give the keyboard back to what had it."""
        before = self._before
        if not self.isVisible():
            return
        self.hide()
        if before is not None and before.isVisible():
            before.setFocus(Qt.FocusReason.OtherFocusReason)

    def _settle(self) -> None:
        """In the middle of the upper edge of what it stands on."""
        over = self.parentWidget()
        assert over is not None
        area = QRect(self._place.mapTo(over, QPoint(0, 0)), self._place.size())
        width = min(theme.px(_WIDTH), area.width() - 16)
        self.setGeometry(area.center().x() - width // 2, area.top() + 8, width, self.sizeHint().height())

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.LayoutRequest:  # it answers, or does no longer
            self._settle()
        return super().event(event)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self._place:
            if event.type() in (QEvent.Type.Move, QEvent.Type.Resize):
                self._settle()
            return False
        escape = isinstance(event, QKeyEvent) and event.key() == Qt.Key.Key_Escape
        if event.type() == QEvent.Type.ShortcutOverride and escape:
            event.accept()
        elif event.type() == QEvent.Type.KeyPress and escape:
            self.leave()
            return True
        elif event.type() == QEvent.Type.FocusOut and not self.line.offering():
            self.hide()
        return False

    @Slot(str)
    def _on_taken(self, title: str) -> None:
        self.hide()
        self.taken.emit(title)

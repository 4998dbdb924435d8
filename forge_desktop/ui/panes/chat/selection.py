"""Selecting text across messages: a drag from one into another selects everything between, and copying joins it."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QPoint, Qt
from PySide6.QtGui import QGuiApplication, QKeyEvent, QKeySequence, QMouseEvent, QTextCursor

from forge_desktop.ui.widgets.markdown_view import MarkdownView


class CrossSelection(QObject):
    """Watches the views of a conversation and sets their cursors between where a drag began and where it is."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._views: list[MarkdownView] = []
        self._begun: tuple[MarkdownView, int] | None = None

    def watch(self, view: MarkdownView) -> None:
        """Let this view take part."""
        self._views.append(view)
        view.installEventFilter(self)
        view.viewport().installEventFilter(self)

    def forget(self, view: MarkdownView) -> None:
        """It is about to go."""
        self._views.remove(view)
        if self._begun and self._begun[0] is view:
            self._begun = None

    def text(self) -> str:
        """Everything selected, messages apart by an empty line."""
        return "\n\n".join(view.selected_text() for view in self._in_order() if view.textCursor().hasSelection())

    def clear(self) -> None:
        """Select nothing."""
        for view in self._views:
            cursor = view.textCursor()
            if cursor.hasSelection():
                cursor.clearSelection()
                view.setTextCursor(cursor)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        kind = event.type()
        if kind == QEvent.Type.MouseButtonPress and isinstance(event, QMouseEvent):
            if event.button() == Qt.MouseButton.LeftButton and (view := self._of_viewport(watched)):
                self.clear()
                self._begun = (view, view.cursorForPosition(event.position().toPoint()).position())
        elif kind == QEvent.Type.MouseMove and isinstance(event, QMouseEvent):
            return self._begun is not None and self._drag(event.globalPosition().toPoint())
        elif kind == QEvent.Type.MouseButtonRelease:
            self._begun = None
        elif kind in (QEvent.Type.KeyPress, QEvent.Type.ShortcutOverride) and isinstance(event, QKeyEvent):
            return self._copies(event)
        return False

    def _copies(self, event: QKeyEvent) -> bool:
        """Take the copy key when more than one message is selected; one message copies itself."""
        if not event.matches(QKeySequence.StandardKey.Copy) or not self._several():
            return False
        if event.type() == QEvent.Type.KeyPress:
            QGuiApplication.clipboard().setText(self.text())
        event.accept()
        return True

    def _of_viewport(self, watched: QObject) -> MarkdownView | None:
        return next((view for view in self._views if view.viewport() is watched), None)

    def _several(self) -> bool:
        return sum(view.textCursor().hasSelection() for view in self._views) > 1

    def _in_order(self) -> list[MarkdownView]:
        return sorted(self._views, key=lambda view: view.mapToGlobal(QPoint(0, 0)).y())

    def _drag(self, at: QPoint) -> bool:
        """Select from where the drag began to the point; False while it is in the same message, which Qt does."""
        assert self._begun is not None
        first, position = self._begun
        views = self._in_order()
        here = next((view for view in views if view.rect().contains(view.mapFromGlobal(at))), None)
        if here is None:
            return False
        if here is first:
            if not self._several():
                return False
            for view in views:  # back in the first message: the others let go, Qt goes on alone
                if view is not first:
                    _select(view, 0, 0)
            return False
        there = here.cursorForPosition(here.viewport().mapFromGlobal(at)).position()
        begin, end = sorted(((views.index(first), position), (views.index(here), there)))
        for index, view in enumerate(views):
            if begin[0] <= index <= end[0]:
                last = view.document().characterCount() - 1
                _select(view, begin[1] if index == begin[0] else 0, end[1] if index == end[0] else last)
            else:
                _select(view, 0, 0)
        return True


def _select(view: MarkdownView, start: int, end: int) -> None:
    cursor = view.textCursor()
    cursor.setPosition(start)
    cursor.setPosition(end, QTextCursor.MoveMode.KeepAnchor)
    view.setTextCursor(cursor)

"""A document opened at a passage: a PDF page with the passage painted over, or the text with its lines marked."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QRect, QRectF, QSize, Qt, QTimer, Signal, Slot
from PySide6.QtGui import (
    QColor,
    QFont,
    QKeyEvent,
    QPainter,
    QPaintEvent,
    QPixmap,
    QResizeEvent,
    QTextCharFormat,
    QTextCursor,
    QTextOption,
)
from PySide6.QtWidgets import QFrame, QPlainTextEdit, QScrollArea, QStackedWidget, QTextEdit, QWidget

from forge_desktop.ui import theme, tokens
from forge_desktop.ui.widgets.basics import (
    Banner,
    ElidedLabel,
    IconButton,
    IconLabel,
    Pill,
    column,
    frame,
    label,
    row,
)
from forge_desktop.ui.widgets.inset import Inset

Rectangle = tuple[float, float, float, float]
_RESIZE_PAUSE = 200  # ms after the last change of width before a page is drawn anew


class SourceViewer(QFrame):
    """Shows what it is given and asks for the rest by signals; it reads no file and knows no room.

    `page_wanted` carries a page number from 1 and the width in device pixels; `part_wanted` -1 or 1 for the text
    before or after the part shown.
    """

    closed = Signal()
    open_pressed = Signal()
    folder_pressed = Signal()
    page_wanted = Signal(int, int)
    part_wanted = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Source viewer")
        self._page = self._pages = 0
        self._name = ElidedLabel("", tokens.SUBTITLE, 600, middle=True)
        self._place = ElidedLabel("", tokens.SMALL, cls="muted")
        self.badge = Pill("", "warn", "triangle-alert", 11)
        self._open = IconButton("external-link", "Open file")
        self._folder = IconButton("folder-open", "Show in folder")
        close = IconButton("x", "Close source", "Close source (Esc)")
        self._open.clicked.connect(self.open_pressed)
        self._folder.clicked.connect(self.folder_pressed)
        close.clicked.connect(self.closed)
        first = row(IconLabel("file-text", 18), self._name, self._open, self._folder, close, gap=6)
        first.setStretch(1, 1)
        second = row(self._place, self.badge, gap=8)
        second.setStretch(0, 1)
        head = frame("head", column(first, second, gap=2, margins=(16, 8, 10, 8)))
        self.banner = Banner()
        self._text = _TextView()
        self._canvas = _PageCanvas()
        self._scroll = QScrollArea()
        self._scroll.setWidget(self._canvas)
        self._scroll.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        self._scroll.setFrameShape(QFrame.Shape.NoFrame)
        self._scroll.setAccessibleName("Page")
        self._loading = label("", tokens.TABLE, cls="muted")
        self._loading.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._stack = QStackedWidget()
        for view in (self._loading, self._text, self._scroll):
            self._stack.addWidget(view)
        self._pause = QTimer(self, singleShot=True, interval=_RESIZE_PAUSE)
        self._pause.timeout.connect(self._on_resized)
        self._foot = self._page_foot()
        self.setLayout(column(head, Inset(self.banner, (12, 8, 12, 8)), self._stack, self._foot, gap=0))
        self.badge.hide()

    # ---------------------------------------------------------------- state in
    def show_loading(self, name: str, path: str, place: str) -> None:
        """A source was chosen; its content is on the way."""
        self._name.setText(name)
        self._name.setToolTip(path)
        self._place.setText(place)
        self.badge.hide()
        self.banner.clear()
        self._foot.hide()
        self._page = self._pages = 0
        self._loading.setText("Opening…")
        self._stack.setCurrentWidget(self._loading)

    def show_badge(self, text: str, kind: str = "warn") -> None:
        """A word about the file's state: "changed since indexing"; empty hides it."""
        self.badge.show_state(text, kind, "triangle-alert")
        self.badge.setVisible(bool(text))

    def set_file_there(self, there: bool) -> None:
        """Whether the file can be opened at all."""
        self._open.setEnabled(there)
        self._folder.setEnabled(there)

    def show_text(self, text: str, first_line: int, start: int, end: int, *, before: bool, after: bool) -> None:
        """Show text whose first line has this number, with `start:end` marked and in view.

        `before` and `after` tell whether the document has more text than this part.
        """
        self._page = self._pages = 0
        self._text.show_text(text, first_line, start, end)
        self._stack.setCurrentWidget(self._text)
        self._foot.setVisible(before or after)
        self._previous.setEnabled(before)
        self._next.setEnabled(after)
        self._name_steps("Text before this", "Text after this")
        self._where.setText("Part of the text")

    def show_page(self, png: bytes, rectangles: Sequence[Rectangle], page: int, pages: int, quote: str) -> None:
        """Show a page picture with the passage's rectangles (in its pixels) over it."""
        before = self._page
        self._page, self._pages = page, pages
        picture = QPixmap()
        picture.loadFromData(png)
        picture.setDevicePixelRatio(self.devicePixelRatioF())
        self._canvas.show_page(picture, rectangles)
        marked = ", the passage is marked" if rectangles else ""
        self._canvas.setAccessibleName(f"Page {page} of {pages}{marked}")
        self._canvas.setAccessibleDescription(quote)
        self._stack.setCurrentWidget(self._scroll)
        self._foot.setVisible(pages > 1)
        self._previous.setEnabled(page > 1)
        self._next.setEnabled(page < pages)
        self._name_steps("Previous page", "Next page")
        self._where.setText(f"Page {page} of {pages}")
        if page != before:
            top = self._canvas.first_mark()
            self._scroll.verticalScrollBar().setValue(max(0, round(top) - theme.px(60)))

    def page_width(self) -> int:
        """How many device pixels wide a page picture should be."""
        return max(200, round((self._stack.width() - 2 * tokens.MD - 12) * self.devicePixelRatioF()))

    def marked_text(self) -> str:
        """The text marked in the text view; empty while a page is shown."""
        return self._text.marked_text() if self._stack.currentWidget() is self._text else ""

    def shows_page(self) -> bool:
        """Whether a page picture is shown."""
        return self._stack.currentWidget() is self._scroll

    def marks_on_page(self) -> int:
        """How many rectangles are painted over the page."""
        return len(self._canvas.rectangles)

    def focus_content(self) -> None:
        """Put the keyboard focus into what is shown."""
        shown = self._scroll if self.shows_page() else self._text
        shown.setFocus(Qt.FocusReason.OtherFocusReason)

    # ---------------------------------------------------------------- parts
    def _page_foot(self) -> QFrame:
        mirrored = self.layoutDirection() == Qt.LayoutDirection.RightToLeft
        icons = ("chevron-right", "chevron-left") if mirrored else ("chevron-left", "chevron-right")
        self._previous = IconButton(icons[0], "Previous page")
        self._next = IconButton(icons[1], "Next page")
        self._where = label("", tokens.SMALL, cls="muted", tabular=True)
        self._previous.clicked.connect(self._on_previous)
        self._next.clicked.connect(self._on_next)
        foot = frame("foot", row(None, self._previous, self._where, self._next, None, margins=(12, 4, 12, 4)))
        foot.hide()
        return foot

    def _name_steps(self, before: str, after: str) -> None:
        for button, words in ((self._previous, before), (self._next, after)):
            button.setAccessibleName(words)
            button.setToolTip(words)

    @Slot()
    def _on_previous(self) -> None:
        self._step(-1)

    @Slot()
    def _on_next(self) -> None:
        self._step(1)

    def _step(self, step: int) -> None:
        if self._pages:
            page = min(self._pages, max(1, self._page + step))
            self.page_wanted.emit(page, self.page_width())
        else:
            self.part_wanted.emit(step)

    @Slot()
    def _on_resized(self) -> None:
        if self._page and self.shows_page() and abs(self._canvas.pixel_width() - self.page_width()) > 8:
            self.page_wanted.emit(self._page, self.page_width())

    # ---------------------------------------------------------------- Qt
    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if self._page:
            self._pause.start()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.closed.emit()
        elif event.key() == Qt.Key.Key_PageDown and event.modifiers() == Qt.KeyboardModifier.ControlModifier:
            self._step(1)
        elif event.key() == Qt.Key.Key_PageUp and event.modifiers() == Qt.KeyboardModifier.ControlModifier:
            self._step(-1)
        else:
            super().keyPressEvent(event)


class _PageCanvas(QWidget):
    """A page picture and the passage's rectangles over it."""

    def __init__(self) -> None:
        super().__init__()
        self._picture = QPixmap()
        self.rectangles: tuple[Rectangle, ...] = ()

    def show_page(self, picture: QPixmap, rectangles: Sequence[Rectangle]) -> None:
        self._picture, self.rectangles = picture, tuple(rectangles)
        size = picture.deviceIndependentSize().toSize()
        self.setFixedSize(size.width() + 2 * tokens.MD, size.height() + 2 * tokens.MD)
        self.update()

    def pixel_width(self) -> int:
        return self._picture.width()

    def first_mark(self) -> float:
        """Where the topmost rectangle is, from the top of this widget."""
        tops = [y for _, y, _, _ in self.rectangles]
        return min(tops) / self._picture.devicePixelRatio() + tokens.MD if tops else 0

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        colours = theme.current()
        ratio = self._picture.devicePixelRatio()
        painter.translate(tokens.MD, tokens.MD)
        painter.drawPixmap(0, 0, self._picture)
        painter.setPen(QColor(colours.border))
        painter.drawRect(QRectF(-0.5, -0.5, self.width() - 2 * tokens.MD, self.height() - 2 * tokens.MD))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_Multiply)
        painter.setBrush(QColor("#FFE08A"))  # a marker pen: the page under it is white in both themes
        for x, y, width, height in self.rectangles:
            area = QRectF(x / ratio, y / ratio, width / ratio, height / ratio)
            painter.drawRoundedRect(area.adjusted(-1, -1, 1, 1), 2, 2)
        painter.end()


class _TextView(QPlainTextEdit):
    """Read-only text with line numbers and one marked span."""

    def __init__(self) -> None:
        super().__init__()
        self.setReadOnly(True)
        self.setUndoRedoEnabled(False)
        self.setFrameShape(QFrame.Shape.NoFrame)
        face = theme.font(tokens.CODE, mono=True)
        face.setFeature(QFont.Tag("calt"), 0)  # a document's characters, not ligatures made of them
        self.setFont(face)
        self.document().setDocumentMargin(8)
        self.setWordWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        self.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self.setAccessibleName("Document text")
        self._first = 1
        self._marked = (0, 0)
        self._gutter = _Gutter(self)
        self.updateRequest.connect(self._on_update)
        self._indent()

    def show_text(self, text: str, first_line: int, start: int, end: int) -> None:
        plain, low, high = qt_span(text, start, end)
        self._first = first_line
        self.setPlainText(plain)
        self._marked = (low, high)
        self._mark()
        self._indent()
        cursor = QTextCursor(self.document())
        cursor.setPosition(low)
        self.setTextCursor(cursor)
        self.centerCursor()

    def marked_text(self) -> str:
        cursor = QTextCursor(self.document())
        cursor.setPosition(self._marked[0])
        cursor.setPosition(self._marked[1], QTextCursor.MoveMode.KeepAnchor)
        return cursor.selection().toPlainText()

    def gutter_width(self) -> int:
        digits = len(str(self._first + max(1, self.blockCount()) - 1))
        return self.fontMetrics().horizontalAdvance("9") * digits + 24

    def paint_gutter(self, painter: QPainter, area: QRect) -> None:
        """The numbers of the lines in `area`; marked lines get the accent."""
        colours = theme.current()
        painter.fillRect(area, QColor(colours.surface2))
        painter.setFont(self.font())
        block = self.firstVisibleBlock()
        offset = self.contentOffset()
        while block.isValid():
            place = self.blockBoundingGeometry(block).translated(offset)
            if place.top() > area.bottom():
                break
            inside = block.position() < self._marked[1] and block.position() + block.length() > self._marked[0]
            painter.setPen(QColor(colours.accent_fg if inside else colours.disabled))
            box = QRectF(0, place.top(), self._gutter.width() - 10, self.fontMetrics().height())
            painter.drawText(box, Qt.AlignmentFlag.AlignRight, str(self._first + block.blockNumber()))
            block = block.next()

    def _mark(self) -> None:
        colours = theme.current()
        mark = QTextEdit.ExtraSelection()
        form = QTextCharFormat()
        form.setBackground(QColor(colours.warn_soft))
        form.setForeground(QColor(colours.text))
        mark.format = form
        cursor = QTextCursor(self.document())
        cursor.setPosition(self._marked[0])
        cursor.setPosition(self._marked[1], QTextCursor.MoveMode.KeepAnchor)
        mark.cursor = cursor
        self.setExtraSelections([mark])

    def _indent(self) -> None:
        width = self.gutter_width()
        right = self.layoutDirection() == Qt.LayoutDirection.RightToLeft
        self.setViewportMargins(0 if right else width, 0, width if right else 0, 0)
        self._place_gutter()

    def _place_gutter(self) -> None:
        inside, width = self.contentsRect(), self.gutter_width()
        right = self.layoutDirection() == Qt.LayoutDirection.RightToLeft
        left = inside.right() - width if right else inside.left()
        self._gutter.setGeometry(left, inside.top(), width, inside.height())

    def _on_update(self, area: QRect, dy: int) -> None:
        if dy:
            self._gutter.scroll(0, dy)
        else:
            self._gutter.update(0, area.y(), self._gutter.width(), area.height() + 8)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._place_gutter()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self._mark()


class _Gutter(QWidget):
    """Where the line numbers are painted."""

    def __init__(self, view: _TextView) -> None:
        super().__init__(view)
        self._view = view

    def sizeHint(self) -> QSize:
        return QSize(self._view.gutter_width(), 0)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        self._view.paint_gutter(painter, event.rect())
        painter.end()


def qt_span(text: str, start: int, end: int) -> tuple[str, int, int]:
    """The text as Qt keeps it (line ends of one character) and the span in Qt's positions (UTF-16 units)."""

    def plain(part: str) -> str:
        return part.replace("\r\n", "\n").replace("\r", "\n")

    def units(part: str) -> int:
        return len(part) + sum(ord(character) > 0xFFFF for character in part)

    before, marked = plain(text[:start]), plain(text[start:end])
    low = units(before)
    return plain(text), low, low + units(marked)

"""Shows one message: Markdown drawn as it grows, citation chips, marked sentences, copyable code; loads nothing."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Mapping, Sequence

from PySide6.QtCore import QEvent, QMimeData, QSize, Qt, QTimer, QUrl, Signal, Slot
from PySide6.QtGui import (
    QDesktopServices,
    QGuiApplication,
    QKeyEvent,
    QResizeEvent,
    QTextBlockFormat,
    QTextCursor,
    QTextOption,
    QWheelEvent,
)
from PySide6.QtWidgets import QFrame, QMessageBox, QSizePolicy, QTextBrowser, QWidget

from forge_desktop.ui import theme
from forge_desktop.ui.widgets.markdown_source import SentenceMark, annotate, final_length, parse
from forge_desktop.ui.widgets.markdown_writer import MarkdownWriter, Style, char_format

__all__ = ["MarkdownView", "SentenceMark", "ask_before_opening"]

_FRAME_MS = 33
_SHARE = 4  # drawing takes at most a quarter of the window's thread
_QT_CHARACTERS = {0x2028: "\n", 0x2029: "\n", 0xFDD0: "\n", 0xFDD1: "\n", 0xA0: " "}  # line, block, frame ends
_CHIP_TEXT = re.compile("\u00a0(\\d{1,3})\u00a0")


class MarkdownView(QTextBrowser):
    """A message as tall as its text. `append` draws only the unfinished tail; the parent scrolls.

    `cited` carries the number of an activated citation chip, `outside` the address of an activated external link.
    """

    cited = Signal(int)
    outside = Signal(QUrl)
    copied = Signal(str)
    grown = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setOpenLinks(False)
        self.setUndoRedoEnabled(False)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.viewport().setAutoFillBackground(False)
        self.setAccessibleName("Message text")
        option = QTextOption()
        option.setWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        option.setTextDirection(Qt.LayoutDirection.LayoutDirectionAuto)
        document = self.document()
        document.setDefaultTextOption(option)
        document.setDocumentMargin(0)
        document.setDefaultFont(theme.font())
        document.setIndentWidth(theme.px(24))
        document.documentLayout().documentSizeChanged.connect(self._fit)
        self.anchorClicked.connect(self._on_anchor)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self.flush)
        self._source, self._pending = "", ""  # drawn, and streamed but not drawn yet
        self._marks: tuple[SentenceMark, ...] = ()
        self._tips: dict[int, str] = {}
        self._codes: list[str] = []
        self._final, self._final_codes, self._tail_at = 0, 0, 0  # what no later text can change
        self._tail_fresh, self._tail_format = True, QTextBlockFormat()
        self._pause = _FRAME_MS
        self._complete, self._plain = True, False
        self._look = theme.current()

    # ---------------------------------------------------------------- text in
    def set_markdown(
        self, text: str, marks: Sequence[SentenceMark] = (), tips: Mapping[int, str] | None = None
    ) -> None:
        """Show a finished text. `marks` places citation chips and marks, `tips` says what a chip's source is."""
        self._timer.stop()
        if text == self._source and not marks and not self._marks and not self._pending and self._complete:
            return
        self._forget()
        self._source, self._marks, self._tips = text, tuple(marks), dict(tips or {})
        self._complete, self._plain = True, False
        self._draw_all()

    def set_plain(self, text: str) -> None:
        """Show text as it is, without reading Markdown in it."""
        self._timer.stop()
        self._forget()
        self._source, self._plain, self._complete = text, True, True
        self._draw_all()

    def append(self, text: str) -> None:
        """Add streamed text; drawn within 33 ms, together with what else arrives until then."""
        self._pending += text.replace("\r", "")
        self._complete = False
        if not self._timer.isActive():
            self._timer.start(self._pause)

    @Slot()
    def flush(self) -> None:
        """Draw what `append` holds back."""
        self._timer.stop()
        if not self._pending:
            return
        started = time.thread_time()
        self._source += self._pending
        self._pending = ""
        self._draw_tail()
        spent = (time.thread_time() - started) * 1000
        self._pause = max(_FRAME_MS, int(spent * _SHARE))
        self.grown.emit()

    @property
    def written(self) -> str:
        """The text as it was given, streamed text included."""
        return self._source + self._pending

    def code(self, number: int) -> str:
        """The text of a code block, counted from 0."""
        return self._codes[number]

    def selected_text(self) -> str:
        """What is selected, as plain text: chips as [1], code with its line ends."""
        text = _CHIP_TEXT.sub(r"[\1]", self.textCursor().selectedText())
        return text.translate(_QT_CHARACTERS).strip("\n")

    def set_width(self, width: int) -> None:
        """Lay the text out for this width now, before the widget has it: heights are then right at once."""
        self.document().setTextWidth(width)
        self._fit()

    def ideal_width(self) -> int:
        """Pixels the text takes when no line is broken."""
        return math.ceil(self.document().idealWidth()) + 1

    # ---------------------------------------------------------------- drawing
    def _forget(self) -> None:
        self._source, self._pending, self._marks, self._tips = "", "", (), {}
        self._codes.clear()
        self._final, self._final_codes, self._tail_at = 0, 0, 0
        self._tail_fresh, self._tail_format = True, QTextBlockFormat()
        self._pause, self._complete, self._plain = _FRAME_MS, True, False

    def _draw_all(self) -> None:
        document = self.document()
        document.setLayoutEnabled(False)
        document.clear()
        self._codes.clear()
        self._final, self._final_codes, self._tail_at = 0, 0, 0
        self._tail_fresh, self._tail_format = True, QTextBlockFormat()
        cursor = QTextCursor(document)
        cursor.beginEditBlock()
        if self._plain:
            self._write_plain(cursor)
        else:
            text = annotate(self._source, self._marks) if self._marks else self._source
            self._writer(cursor).write(parse(text))
        cursor.endEditBlock()
        document.setLayoutEnabled(True)
        self._fit()

    def _write_plain(self, cursor: QTextCursor) -> None:
        block = QTextBlockFormat()
        block.setLineHeight(140, QTextBlockFormat.LineHeightTypes.ProportionalHeight.value)
        cursor.setBlockFormat(block)
        cursor.insertText(self._source, char_format(Style()))

    def _draw_tail(self) -> None:
        """Replace only what may still change: everything from the last top-level block on."""
        tail = self._source[self._final :]
        length = final_length(tail)
        cursor = QTextCursor(self.document())
        cursor.beginEditBlock()
        cursor.setPosition(self._tail_at)
        cursor.movePosition(QTextCursor.MoveOperation.End, QTextCursor.MoveMode.KeepAnchor)
        cursor.removeSelectedText()
        if not cursor.block().text():  # Qt then leaves the format of the last block that was removed
            cursor.setBlockFormat(self._tail_format)
        del self._codes[self._final_codes :]
        writer = self._writer(cursor)
        if length:
            writer.write(parse(tail[:length]))
            self._final += length
            self._final_codes = len(self._codes)
            self._tail_at, self._tail_fresh = cursor.position(), writer.fresh
            self._tail_format = cursor.blockFormat()
        writer.write(parse(tail[length:]))
        cursor.endEditBlock()

    def _writer(self, cursor: QTextCursor) -> MarkdownWriter:
        return MarkdownWriter(cursor, self._codes, self._tips, complete=self._complete, fresh=self._tail_fresh)

    @Slot()
    def _fit(self, *_size: object) -> None:
        height = math.ceil(self.document().size().height()) + 1
        if height != self.height():
            self.setFixedHeight(height)

    # ---------------------------------------------------------------- Qt
    def loadResource(self, kind: int, name: QUrl | str) -> object:
        """Nothing, ever: a text must not make this window read a file or an address."""
        return None

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def wheelEvent(self, event: QWheelEvent) -> None:
        event.ignore()  # the conversation scrolls, not a message

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Keys that scroll belong to the conversation around; Tab walks the links and then leaves."""
        scrolling = (Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_PageUp, Qt.Key.Key_PageDown)
        if event.key() in scrolling and not event.modifiers():
            event.ignore()
            return
        super().keyPressEvent(event)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        # Qt sends this also for a new parent; only another look is worth drawing everything again
        if event.type() != QEvent.Type.PaletteChange or theme.current() is self._look:
            return
        self._look = theme.current()  # of an empty one too: what comes later is drawn in it
        if self.written:
            self._source, self._pending = self.written, ""
            self.document().setDefaultFont(theme.font())
            self._draw_all()

    def createMimeDataFromSelection(self) -> QMimeData:
        data = QMimeData()
        data.setText(self.selected_text())
        return data

    def minimumSizeHint(self) -> QSize:
        return QSize(theme.px(80), theme.px(20))

    @Slot(QUrl)
    def _on_anchor(self, url: QUrl) -> None:
        kind, _, rest = url.toString().partition(":")
        if kind == "cite" and rest.isdigit():
            self.cited.emit(int(rest))
        elif kind == "copy" and rest.isdigit() and int(rest) < len(self._codes):
            QGuiApplication.clipboard().setText(self._codes[int(rest)])
            self.copied.emit("Code copied")
        elif kind == "url":
            self.outside.emit(QUrl(rest))


def ask_before_opening(url: QUrl, parent: QWidget) -> QMessageBox | None:
    """Ask, without blocking, whether to open an address a text contains; None when it is not a web address.

    The host is shown in full and as it is sent (punycode), so that a look-alike name is seen.
    """
    host = url.host(QUrl.ComponentFormattingOption.FullyEncoded)
    if url.scheme() not in ("http", "https") or not host:
        return None
    box = QMessageBox(QMessageBox.Icon.Question, "Open in browser", "", parent=parent)
    box.setTextFormat(Qt.TextFormat.PlainText)
    box.setText(f"Open {host} in your browser?")
    box.setInformativeText(url.toString(QUrl.ComponentFormattingOption.FullyEncoded)[:400])
    opening = box.addButton("Open", QMessageBox.ButtonRole.AcceptRole)
    box.setDefaultButton(box.addButton(QMessageBox.StandardButton.Cancel))
    box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    opening.clicked.connect(lambda: QDesktopServices.openUrl(url))
    box.open()
    return box

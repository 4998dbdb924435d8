"""The card as a reader will see it, drawn a moment after it changed."""

from __future__ import annotations

import functools
import re

from PySide6.QtCore import QEvent, QObject, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QFocusEvent, QResizeEvent
from PySide6.QtWidgets import QFrame, QScrollArea, QWidget

from forge_desktop.ui import theme, tokens
from forge_desktop.ui.panes.cards.column_widths import fit_columns
from forge_desktop.ui.widgets.basics import column, frame, label, row
from forge_desktop.ui.widgets.controls import show_ring
from forge_desktop.ui.widgets.markdown_source import parse
from forge_desktop.ui.widgets.markdown_view import MarkdownView, ask_before_opening

_PAUSE_MS = 60
_AHEAD = 200  # pixels below what is seen that are drawn already
_PART = re.compile(r"^(?=#{1,3} )", re.MULTILINE)


@functools.cache
def get_ready() -> None:
    """Import what reads Markdown, off the window's thread: it takes its time once."""
    parse("# Ready\n\n| a |\n|---|\n")


class Preview(QFrame):
    """A heading, and the card on its sheet."""

    copied = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.setProperty("cls", "sideR")
        self.view = MarkdownView()
        self.view.setAccessibleName("Preview of the card")
        self.view.outside.connect(lambda url: ask_before_opening(url, self.window()))
        self.view.copied.connect(self.copied)
        self._sheet = sheet = frame("card", column(self.view, gap=0, margins=(18, 14, 18, 18)))
        self.view.installEventFilter(self)
        inside = QWidget()
        inside.setProperty("cls", "flow")
        inside.setLayout(column(sheet, None, gap=0, margins=(0, 0, 4, 20)))
        self.area = QScrollArea()
        self.area.setAccessibleName("Preview")
        self.area.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # the text in it takes the keyboard
        self.area.setWidgetResizable(True)
        self.area.setFrameShape(QFrame.Shape.NoFrame)
        self.area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.area.setWidget(inside)
        head = row(label("Preview", tokens.BODY, 600), None, label("README.md", tokens.SMALL, cls="muted", mono=True))
        content = column(head, self.area, gap=10, margins=(16, 18, 12, 0))
        content.setStretch(1, 1)
        self.setLayout(content)
        self.setMinimumWidth(theme.px(280))
        self._text = ""
        self._parts: list[str] = []
        self._drawn = 1  # parts of the text that stand; the others are drawn when one comes near them
        self.area.verticalScrollBar().valueChanged.connect(self._grow)
        self._pause = QTimer(self, singleShot=True, interval=_PAUSE_MS)
        self._pause.timeout.connect(self._draw)

    def show_text(self, text: str) -> None:
        """Show what `card_text.preview_text` made, soon; nothing while it is hidden."""
        self._text = text
        if not self.isHidden():
            self._pause.start()

    def start_over(self) -> None:
        """Another card comes: from its beginning."""
        self.area.verticalScrollBar().setValue(0)

    @Slot()
    def _draw(self) -> None:
        self._parts = _PART.split(self._text)
        self._drawn = 1
        self.view.set_markdown(self._parts[0])
        fit_columns(self.view.document(), self.view.viewport().width())
        self._grow()  # as far as one has scrolled: the place that is seen stays

    @Slot()
    def _grow(self, _value: int = 0) -> None:
        """Draw on until there is more than can be seen."""
        while self._drawn < len(self._parts):
            seen = self.area.verticalScrollBar().value() + self.area.viewport().height() + theme.px(_AHEAD)
            if self.view.height() >= seen:
                return
            self.view.append(self._parts[self._drawn])
            self.view.flush()
            self._drawn += 1
            fit_columns(self.view.document(), self.view.viewport().width())

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if isinstance(event, QFocusEvent):
            show_ring(self._sheet, event)
        return super().eventFilter(watched, event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        fit_columns(self.view.document(), self.view.viewport().width())
        if not self._pause.isActive():
            self._grow()

    def setVisible(self, visible: bool) -> None:
        super().setVisible(visible)
        if visible and "".join(self._parts) != self._text:
            self._pause.start()

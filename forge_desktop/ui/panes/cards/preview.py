"""The card as a reader will see it, drawn a moment after it changed: all of it, what is seen first."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from PySide6.QtCore import QEvent, QObject, QPoint, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QFocusEvent, QResizeEvent
from PySide6.QtWidgets import QFrame, QScrollArea, QWidget

from forge_desktop.ui import theme, tokens
from forge_desktop.ui.panes.cards.narrow_tables import PADDING, narrowed
from forge_desktop.ui.panes.cards.preview_spots import Spot, parts_of
from forge_desktop.ui.widgets.basics import column, frame, label, row
from forge_desktop.ui.widgets.column_widths import fit_table
from forge_desktop.ui.widgets.controls import show_ring
from forge_desktop.ui.widgets.markdown_view import ask_before_opening
from forge_desktop.ui.widgets.parted_view import PartedView, read_part

_PAUSE_MS = 60
_AHEAD = 200  # pixels below what is seen that are drawn at once
_TURN_S = 0.006  # of the window's thread that drawing takes before keys get through
_ABOVE = 40  # pixels that stay above what is followed


def get_ready(text: str) -> None:
    """Read the Markdown of a text that will be shown, off the window's thread: it takes its time."""
    for part in parts_of(text):
        read_part(part)


class Preview(QFrame):
    """A heading, and the card on its sheet. What is not seen is drawn in turns, until all of it stands."""

    copied = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.setProperty("cls", "sideR")
        self.view = PartedView(
            lambda parsed: narrowed(parsed, self._width),
            lambda table: fit_table(table, self._width, padding=theme.px(PADDING)),
        )
        self.view.setAccessibleName("Preview of the card")
        self.view.outside.connect(lambda url: ask_before_opening(url, self.window()))
        self.view.copied.connect(self.copied)
        self.view.whole_wanted.connect(self.complete)
        self.view.leapt.connect(self._leap)
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
        self.area.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOn)  # one width for every card
        self.area.setWidget(inside)
        head = row(label("Preview", tokens.BODY, 600), None, label("README.md", tokens.SMALL, cls="muted", mono=True))
        content = column(head, self.area, gap=10, margins=(16, 18, 12, 0))
        content.setStretch(1, 1)
        self.setLayout(content)
        self.setMinimumWidth(theme.px(280))
        self._text = ""
        self._parts: list[str] = []
        self._width = 0  # that the tables were made for
        self._aim: Callable[[Sequence[str]], Spot | None] | None = None
        bar = self.area.verticalScrollBar()
        bar.valueChanged.connect(self._draw_seen)
        bar.actionTriggered.connect(self._look_elsewhere)  # by a person, never by the program
        bar.rangeChanged.connect(self._show_aim)
        self._pause = QTimer(self, singleShot=True, interval=_PAUSE_MS)
        self._pause.timeout.connect(self._draw)
        self._turn = QTimer(self, singleShot=True, interval=0)
        self._turn.timeout.connect(self._draw_on)

    def show_text(self, text: str) -> None:
        """Show what `card_text.preview_text` made, soon; nothing while it is hidden."""
        self._text = text
        if not self.isHidden():
            self._pause.start()

    def start_over(self) -> None:
        """Another card comes: from its beginning."""
        self._aim = None
        self._sheet.setMinimumHeight(0)
        self.area.verticalScrollBar().setValue(0)

    def awaits(self) -> bool:
        """Whether something is not drawn yet."""
        return self._pause.isActive() or self._turn.isActive()

    def follow(self, aim: Callable[[Sequence[str]], Spot | None]) -> None:
        """Show what is edited, from now on: `aim` finds it among the parts of the text."""
        self._aim = aim
        if not self.isHidden() and not self._pause.isActive():
            self._show_aim()

    @Slot()
    def complete(self) -> None:
        """Draw what is missing, now."""
        if self._pause.isActive():
            self._pause.stop()
            self._draw()
        self._draw_while(lambda: True)

    @Slot()
    def _draw(self) -> None:
        """Draw again what changed, as far as it is seen; the rest, and the height it had, wait their turn."""
        parts, width = parts_of(self._text), self.view.viewport().width()
        stood = self.view.parts() if width == self._width else []
        self._parts, self._width = parts, width
        same = next(
            (n for n, (a, b) in enumerate(zip(stood, parts, strict=False)) if a != b), min(len(stood), len(parts))
        )
        self._sheet.setMinimumHeight(self._sheet.height() if stood else 0)
        self.view.keep(same)
        self._draw_seen()
        self._show_aim()

    @Slot()
    def _draw_seen(self, _value: int = 0) -> None:
        """Draw on until there is more than can be seen."""
        seen = self.area.verticalScrollBar().value() + self.area.viewport().height() + theme.px(_AHEAD)
        self._draw_while(lambda: self.view.height() < seen)

    @Slot()
    def _draw_on(self) -> None:
        """Draw on for a moment."""
        end = time.thread_time() + _TURN_S
        self._draw_while(lambda: time.thread_time() < end)

    def _draw_while(self, wanted: Callable[[], bool]) -> None:
        while (stand := len(self.view.parts())) < len(self._parts) and wanted():
            self.view.add(self._parts[stand])
        if len(self.view.parts()) < len(self._parts):
            self._turn.start()
        else:
            self._turn.stop()
            self._sheet.setMinimumHeight(0)

    @Slot()
    def _show_aim(self, *_range: int) -> None:
        """Scroll to what is edited, unless it is seen already."""
        spot = self._aim(self._parts) if self._aim is not None else None
        if spot is None or self.isHidden():
            return
        self._draw_while(lambda: len(self.view.parts()) <= spot.part)
        block = self.view.block_of(min(spot.part, len(self._parts) - 1), spot.words)
        inside, bar = self.area.widget(), self.area.verticalScrollBar()
        if block is None or inside is None:
            return
        box = self.view.document().documentLayout().blockBoundingRect(block)
        top = self.view.mapTo(inside, QPoint(0, round(box.top()))).y()
        shown = self.area.viewport().height()
        if not bar.value() <= top <= bar.value() + shown - min(box.height(), shown / 2):
            bar.setValue(max(0, top - theme.px(_ABOVE)))

    @Slot()
    def _look_elsewhere(self, _action: int = 0) -> None:
        self._aim = None

    @Slot(bool)
    def _leap(self, to_end: bool) -> None:
        self._aim = None
        inside, bar = self.area.widget(), self.area.verticalScrollBar()
        if inside is not None:
            inside.adjustSize()  # what was drawn just now counts
        bar.setValue(bar.maximum() if to_end else 0)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if isinstance(event, QFocusEvent):
            show_ring(self._sheet, event)
        elif event.type() == QEvent.Type.Wheel:
            self._aim = None
        elif event.type() == QEvent.Type.Resize and self._width and self.view.viewport().width() != self._width:
            self._pause.start()
        return super().eventFilter(watched, event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if not self._pause.isActive():
            self._draw_seen()

    def setVisible(self, visible: bool) -> None:
        super().setVisible(visible)
        if visible and "".join(self._parts) != self._text:
            self._pause.start()

"""The context meter of the header: what fills it at a glance, and on a click in full, with what comes next."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QRectF, QSize, Qt, Signal, Slot
from PySide6.QtGui import QColor, QFocusEvent, QKeyEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractButton, QFrame, QSizePolicy, QWidget

from forge_desktop.chat.filling import Filling
from forge_desktop.ui import theme, tokens
from forge_desktop.ui.widgets.basics import Button, IconLabel, column, frame, label, row, show_ring
from forge_desktop.ui.widgets.budget import BudgetBar, BudgetTable, draw_budget

_BAR = 80


def short(count: int) -> str:
    """ "412", "3.0k", "128k"."""
    if count < 1000:
        return str(count)
    return f"{count / 1000:.1f}k" if count < 10_000 and count % 1000 else f"{count / 1000:.0f}k"


class ContextMeter(QAbstractButton):
    """The word, a bar in the colours of its parts, and the numbers; words and bar go where there is no room."""

    def __init__(self) -> None:
        super().__init__()
        self._filling: Filling | None = None
        self._worded = self._barred = True
        self.setFont(theme.font(tokens.SMALL, tabular=True))
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Context")
        self.hide()

    def show_filling(self, filling: Filling | None) -> None:
        """What fills the context; hidden while it is not known."""
        self._filling = filling
        self.setVisible(filling is not None)
        if filling is not None:
            said = f"{filling.used:,} of {filling.context:,} tokens"
            self.setAccessibleName(f"Context: {said}. {filling.warning}".strip())
            self.setToolTip(f"{said} in the last prompt and answer. {filling.warning}".strip())
        self.updateGeometry()
        self.update()

    def filling(self) -> Filling | None:
        """What is shown."""
        return self._filling

    def set_room(self, *, words: bool, bar: bool) -> None:
        """What there is room for beside the numbers."""
        if (words, bar) != (self._worded, self._barred):
            self._worded, self._barred = words, bar
            self.updateGeometry()
            self.update()

    def _numbers(self) -> str:
        filling = self._filling
        # isolated: in a right-to-left window the two numbers would change places
        return f"\u2066{short(filling.used)} / {short(filling.context)}\u2069" if filling else ""

    def sizeHint(self) -> QSize:
        metrics = self.fontMetrics()
        width = metrics.horizontalAdvance(self._numbers()) + 12
        width += metrics.horizontalAdvance("Context") + 8 if self._worded else 0
        width += theme.px(_BAR) + 8 if self._barred else 0
        width += theme.px(14) + 6 if self._filling and self._filling.warning else 0
        return QSize(width, theme.px(30))

    def paintEvent(self, event: QPaintEvent) -> None:
        colours, painter = theme.current(), QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        mirrored = self.layoutDirection() == Qt.LayoutDirection.RightToLeft
        if self.underMouse() or self.isDown():
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(colours.hover))
            painter.drawRoundedRect(self.rect(), tokens.RADIUS_CONTROL, tokens.RADIUS_CONTROL)
        if self.property("ring") == "1":
            painter.setPen(QPen(QColor(colours.focus), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(self.rect().adjusted(1, 1, -1, -1), tokens.RADIUS_CONTROL, tokens.RADIUS_CONTROL)
        at = 6.0

        def place(width: float) -> QRectF:
            nonlocal at
            left = self.width() - at - width if mirrored else at
            at += width + 8
            return QRectF(left, 0, width, self.height())

        painter.setFont(self.font())
        painter.setPen(QColor(colours.muted))
        metrics = self.fontMetrics()
        if self._worded:
            painter.drawText(place(metrics.horizontalAdvance("Context")), Qt.AlignmentFlag.AlignVCenter, "Context")
        filling = self._filling
        if self._barred and filling is not None:
            area = place(theme.px(_BAR))
            bar = QRectF(area.left(), area.center().y() - 3, area.width(), 6)
            draw_budget(painter, bar, filling.parts, filling.context, "track")
        if filling is not None and filling.warning:
            side = theme.px(14)
            area = place(side)
            at -= 2
            theme.draw_icon(
                painter, QRectF(area.left(), area.center().y() - side / 2, side, side), "triangle-alert", "warn"
            )
        painter.setPen(QColor(colours.warn if filling and filling.warning else colours.muted))
        numbers = self._numbers()
        painter.drawText(place(metrics.horizontalAdvance(numbers) + 1), Qt.AlignmentFlag.AlignVCenter, numbers)
        painter.end()

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        show_ring(self, event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        show_ring(self, event)


class ContextPopup(QFrame):
    """What fills the context, part by part. `seen_wanted` asks for the exact prompt."""

    seen_wanted = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent, Qt.WindowType.Popup)
        self.setProperty("cls", "popup")
        self.setAccessibleName("What fills the context")
        self._summary = label("", tokens.SMALL, cls="muted", wrap=True, tabular=True)
        self._bar, self._table = BudgetBar(), BudgetTable()
        self._warning = label("", tokens.SMALL, wrap=True)
        warned = row(IconLabel("triangle-alert", 14, "warn"), self._warning, gap=6, margins=(10, 8, 10, 8))
        warned.setStretch(1, 1)
        self._warned = frame("warn", warned)
        self._notices = label("", tokens.SMALL, cls="muted", wrap=True)
        self.seen = Button("What the model saw", "eye", "link")
        self.seen.clicked.connect(self._on_seen)
        self.setFixedWidth(theme.px(320))
        heading = label("What fills the context", tokens.BODY, 600)
        self.setLayout(
            column(
                heading,
                self._summary,
                self._bar,
                self._table,
                self._warned,
                self._notices,
                row(self.seen, None),
                gap=8,
                margins=(16, 14, 16, 12),
            )
        )

    def show_filling(self, filling: Filling, below: QWidget) -> None:
        """Open under a widget, at its end."""
        free = max(0, filling.context - filling.used)
        self._summary.setText(f"{filling.used:,} of {filling.context:,} tokens are taken; {free:,} are free.")
        self._bar.show_parts(filling.parts, filling.answer_room, filling.context)
        self._table.show_parts(filling.parts, filling.answer_room)
        self._warning.setText(filling.warning)
        self._warned.setVisible(bool(filling.warning))
        self._notices.setText("\n".join(filling.notices))
        self._notices.setVisible(bool(filling.notices))
        self.adjustSize()
        corner = below.mapToGlobal(QPoint(below.width() - self.width(), below.height() + 4))
        if below.layoutDirection() == Qt.LayoutDirection.RightToLeft:
            corner = below.mapToGlobal(QPoint(0, below.height() + 4))
        self.move(corner)
        self.show()
        self.seen.setFocus(Qt.FocusReason.PopupFocusReason)

    @Slot()
    def _on_seen(self) -> None:
        self.close()
        self.seen_wanted.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.close()
        else:
            super().keyPressEvent(event)

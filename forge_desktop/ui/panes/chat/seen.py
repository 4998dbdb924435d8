"""What the model saw: the exact prompt, how the context was spent, and what was left out."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRectF, Qt, Signal, Slot
from PySide6.QtGui import QColor, QFont, QGuiApplication, QKeyEvent, QPainter, QPaintEvent, QTextOption
from PySide6.QtWidgets import QFrame, QGridLayout, QPlainTextEdit, QWidget

from forge_desktop.chat.records import SeenPrompt
from forge_desktop.ui import theme, tokens
from forge_desktop.ui.widgets.basics import IconButton, column, frame, label, row

_COLOURS = ("chart1", "chart2", "chart3", "info", "warn")


class SeenPanel(QFrame):
    """The panel of one answer's prompt."""

    closed = Signal()
    copied = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("What the model saw")
        copy = IconButton("copy", "Copy prompt")
        copy.clicked.connect(self._on_copy)
        close = IconButton("x", "Close prompt", "Close prompt (Esc)")
        close.clicked.connect(self.closed)
        head = row(label("What the model saw", tokens.SUBTITLE, 600), None, copy, close, margins=(18, 10, 10, 4))
        self._summary = label("", tokens.SMALL, cls="muted", wrap=True, tabular=True)
        self._bar = _BudgetBar()
        self._parts = QGridLayout()
        self._parts.setHorizontalSpacing(8)
        self._parts.setVerticalSpacing(4)
        self._parts.setColumnStretch(1, 1)
        self._cut = label("", tokens.SMALL, wrap=True)
        self._cut_box = frame("warn", column(self._cut, margins=(12, 8, 12, 8)))
        budget = column(self._summary, self._bar, self._parts, self._cut_box, gap=8, margins=(18, 0, 18, 10))
        self._prompt = QPlainTextEdit()
        self._prompt.setReadOnly(True)
        self._prompt.setUndoRedoEnabled(False)
        self._prompt.setProperty("cls", "field")
        face = theme.font(tokens.SMALL, mono=True)
        face.setFeature(QFont.Tag("calt"), 0)  # what is shown must be what was sent: no ligatures for <| and |>
        self._prompt.setFont(face)
        self._prompt.setWordWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        self._prompt.setAccessibleName("Exact prompt")
        self.setLayout(column(head, budget, row(self._prompt, margins=(14, 0, 14, 14)), gap=4))

    def show_prompt(self, seen: SeenPrompt) -> None:
        """Show it."""
        self._summary.setText(
            f"{seen.tokens:,} of {seen.context:,} tokens; {seen.answer_room:,} kept free for the answer. "
            + " ".join([f"Searched: {', '.join(seen.collections) or 'all documents'}.", *seen.added])
        )
        self._bar.show_parts(seen.parts, seen.answer_room, seen.context)
        while item := self._parts.takeAt(0):
            if widget := item.widget():
                widget.hide()
                widget.deleteLater()
        rows = [*seen.parts, ("Room for the answer", seen.answer_room)]
        for line, (name, count) in enumerate(rows):
            answer = line == len(seen.parts)
            self._parts.addWidget(_Swatch("track" if answer else _COLOURS[line % len(_COLOURS)]), line, 0)
            self._parts.addWidget(label(_capital(name), tokens.SMALL, wrap=True), line, 1)
            number = label(f"{count:,}", tokens.SMALL, cls="muted", tabular=True)
            self._parts.addWidget(number, line, 2, Qt.AlignmentFlag.AlignRight)
        self._cut.setText("\n".join(seen.cut))
        self._cut_box.setVisible(bool(seen.cut))
        self._prompt.setPlainText(seen.text)

    def prompt(self) -> str:
        """The prompt shown."""
        return self._prompt.toPlainText()

    @Slot()
    def _on_copy(self) -> None:
        QGuiApplication.clipboard().setText(self._prompt.toPlainText())
        self.copied.emit("Prompt copied")

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.closed.emit()
        else:
            super().keyPressEvent(event)


def _capital(name: str) -> str:
    return name[:1].upper() + name[1:]


class _BudgetBar(QWidget):
    """The context as one bar: its parts in colours, the answer's room at the end."""

    def __init__(self) -> None:
        super().__init__()
        self.setFixedHeight(theme.px(10))
        self._parts: Sequence[tuple[str, int]] = ()
        self._context = 1

    def show_parts(self, parts: Sequence[tuple[str, int]], answer: int, context: int) -> None:
        self._parts, self._context = parts, max(1, context)
        words = [f"{name} {count:,} tokens" for name, count in parts]
        self.setAccessibleName("Token budget: " + ", ".join([*words, f"answer {answer:,}"]))
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        colours, painter = theme.current(), QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(colours.track))
        painter.drawRoundedRect(self.rect(), 3, 3)
        mirrored = self.layoutDirection() == Qt.LayoutDirection.RightToLeft
        at = 0.0
        for place, (_, count) in enumerate(self._parts):
            width = self.width() * count / self._context
            left = self.width() - at - width if mirrored else at
            painter.setBrush(QColor(getattr(colours, _COLOURS[place % len(_COLOURS)])))
            painter.drawRoundedRect(QRectF(left, 0, max(1.0, width - 1), self.height()), 2, 2)
            at += width
        painter.end()


class _Swatch(QWidget):
    """The colour of a part, beside its name."""

    def __init__(self, token: str) -> None:
        super().__init__()
        self._token = token
        self.setFixedSize(theme.px(10), theme.px(10))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(getattr(theme.current(), self._token)))
        painter.drawRoundedRect(self.rect(), 2, 2)
        painter.end()

"""What the model saw: the exact prompt, how the context was spent, and what was left out."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QFont, QGuiApplication, QKeyEvent, QTextOption
from PySide6.QtWidgets import QFrame, QPlainTextEdit, QWidget

from forge_desktop.chat.records import SeenPrompt
from forge_desktop.ui import theme, tokens
from forge_desktop.ui.widgets.basics import IconButton, column, frame, label, row
from forge_desktop.ui.widgets.budget import BudgetBar, BudgetTable


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
        self._bar = BudgetBar()
        self._parts = BudgetTable()
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
        self._parts.show_parts(seen.parts, seen.answer_room)
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

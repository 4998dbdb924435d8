"""The answer of a pair: as it is, as changes to the draft, or in an editor that never loses what was typed unasked."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QFrame, QWidget

from forge_desktop.ui import tokens
from forge_desktop.ui.panes.distill.columns import any_text
from forge_desktop.ui.widgets.basics import Button, PrimaryButton, column, label, row
from forge_desktop.ui.widgets.diff_view import DiffView, TextView
from forge_desktop.ui.widgets.fields import TextField
from forge_desktop.ui.widgets.segments import Segments

_VIEWS = (("answer", "Answer"), ("changes", "Changes to the draft"))
_EMPTY = "The answer is empty. Reject the pair instead."


class AnswerCard(QFrame):
    """`saved` carries the edited text, `dropped` what was typed and left, `editing_changed` whether one edits."""

    saved = Signal(str)
    dropped = Signal(str)
    editing_changed = Signal(bool)

    def __init__(self) -> None:
        super().__init__()
        self.setProperty("cls", "card")
        self._final = self._draft = ""
        self._segments = Segments(_VIEWS, "How the answer is shown")
        self._segments.chosen.connect(self._show)
        self._title = label("Answer", tokens.SMALL, 600, "muted")
        self.text = TextView("Answer")
        self.diff = DiffView("Changes to the draft")
        self.field = TextField(180)
        self.field.setAccessibleName("Edit the answer")
        self.field.textChanged.connect(self._clear_problem)
        self.problem = label("", tokens.SMALL, cls="bad", wrap=True)
        self.problem.hide()
        save = PrimaryButton("Keep as edited")
        save.setToolTip("Ctrl+Enter")
        save.clicked.connect(self._on_save)
        leave = Button("Cancel")
        leave.setToolTip("Esc")
        leave.clicked.connect(self.leave_editing)
        key = QShortcut(QKeySequence("Ctrl+Return"), self.field)
        key.setContext(Qt.ShortcutContext.WidgetShortcut)
        key.activated.connect(self._on_save)
        self._editor = QWidget()
        self._editor.setLayout(column(self.field, self.problem, row(None, leave, save), gap=8))
        head = row(self._title, None, self._segments)
        parts = (self.text, self.diff, self._editor)
        self.setLayout(column(head, *parts, gap=6, margins=(14, 8, 12, 10)))
        self._editor.hide()
        self.diff.hide()

    def show_texts(self, final: str, draft: str) -> None:
        """Show an answer and the draft it came of ("" for none)."""
        self._final, self._draft = final, draft
        changed = bool(draft) and draft != final
        self._segments.setVisible(changed)
        self._title.setVisible(not changed)
        self._segments.choose("changes" if changed else "answer")
        self.text.show_text(any_text(final))
        if changed:
            self.diff.show_texts(any_text(draft), any_text(final))
        self._set_editing(False)

    def edit(self, text: str = "", problem: str = "") -> None:
        """Let the answer be edited, from a text that was typed before; who edits already goes on."""
        if not self.editing:
            self.field.show_value(text or self._final)
            self._set_editing(True)
        if problem:
            self.problem.setText(problem)
            self.problem.show()
            self.field.setAccessibleDescription(problem)

    def take_keyboard(self) -> None:
        """Put the cursor in the editor."""
        self.field.setFocus(Qt.FocusReason.ShortcutFocusReason)

    @property
    def editing(self) -> bool:
        """Whether somebody edits."""
        return not self._editor.isHidden()

    @property
    def unsaved(self) -> str:
        """What was typed and is not kept yet, or ""."""
        text = self.field.toPlainText()
        return text if self.editing and text.strip() and text != self._final else ""

    @Slot()
    def leave_editing(self) -> None:
        """Show the answer as it was; what was typed can be had back."""
        typed = self.unsaved
        self._set_editing(False)
        if typed:
            self.dropped.emit(typed)

    def _set_editing(self, editing: bool) -> None:
        self._clear_problem()
        self._editor.setVisible(editing)
        self._show()
        self.editing_changed.emit(editing)

    @Slot()
    def _clear_problem(self) -> None:
        self.problem.hide()
        self.field.setAccessibleDescription("")

    @Slot()
    def _show(self) -> None:
        changes = self._segments.key() == "changes" and not self._segments.isHidden()
        self.text.setVisible(not self.editing and not changes)
        self.diff.setVisible(not self.editing and changes)

    @Slot()
    def _on_save(self) -> None:
        text = self.field.toPlainText()
        if not text.strip():
            self.edit(problem=_EMPTY)
            return
        self._set_editing(False)
        self.saved.emit(text)

"""A person's verdict on a pair: accept, edit or reject with one key, a note beside it, and the last one taken back."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, Qt, Signal, Slot
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QFrame, QLineEdit, QWidget

from forge_desktop.base.errors import ForgeError
from forge_desktop.ui import theme, tokens
from forge_desktop.ui.errands import Errands
from forge_desktop.ui.widgets.basics import Button, Notice, PrimaryButton, column, row
from forge_desktop.ui.widgets.words import safe_words

if TYPE_CHECKING:
    from forge_desktop.distill.review import Review

_LANE = "review"
_EDITING = "Keep your edit (Ctrl+Enter) or leave it (Esc) first."


class DecisionBar(QFrame):
    """The foot of a task's view. `decided` carries the id of the task to look at next, or None.

    `edit_pressed` asks for the answer to be edited. While it is, nothing else is decided: what was typed would be lost
    without a word. `unkept` carries the id of a task, the edited answer that could not be kept, and the ForgeError.
    `notice` carries a Notice, `troubled` a ForgeError; `moved` when it stands elsewhere, or does not any more.
    """

    decided = Signal(object)
    edit_pressed = Signal()
    notice = Signal(object)
    troubled = Signal(object)
    unkept = Signal(int, str, object)
    moved = Signal()

    def __init__(self, review: Review, errands: Errands) -> None:
        super().__init__()
        self.setProperty("cls", "foot")
        self._review, self._errands = review, errands
        self._task: int | None = None
        self._editing = False
        self.note = QLineEdit()
        self.note.setPlaceholderText("Note (optional)")
        self.note.setAccessibleName("Note on the decision")
        self.note.setFont(theme.font(tokens.TABLE))
        self.accept = PrimaryButton("Accept", "circle-check")
        self.accept.setToolTip("Keep the pair as it is (A)")
        self.accept.clicked.connect(self.accept_now)
        self.edit = Button("Edit", "pencil")
        self.edit.setToolTip("Change the answer, then keep it (E)")
        self.edit.clicked.connect(self._on_edit)
        self.reject = Button("Reject", "x", "danger")
        self.reject.setToolTip("Let nobody learn from it (R)")
        self.reject.clicked.connect(self.reject_now)
        self.undo = Button("Undo", "undo-2")
        self.undo.setToolTip("Take the last decision back (U)")
        self.undo.clicked.connect(self.undo_now)
        buttons = row(self.accept, self.edit, self.reject, None, self.undo)
        self.setLayout(column(self.note, buttons, gap=8, margins=(14, 10, 14, 10)))

    def event(self, event: QEvent) -> bool:
        if event.type() in (QEvent.Type.Show, QEvent.Type.Hide, QEvent.Type.Move, QEvent.Type.Resize):
            self.moved.emit()
        return super().event(event)

    def add_keys(self, page: QWidget) -> None:
        """A, E, R and U anywhere on this page where no text is typed."""
        for key, run in (
            ("A", self.accept_now),
            ("E", self._on_edit),
            ("R", self.reject_now),
            ("U", self.undo_now),
        ):
            shortcut = QShortcut(QKeySequence(key), page)
            shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            shortcut.activated.connect(run)

    def show_task(self, task_id: int | None, note: str = "") -> None:
        """The task whose pair is decided on, None where there is none."""
        if task_id != self._task:
            self.note.setText(note)
        self._task = task_id
        self._follow()

    @Slot(bool)
    def set_editing(self, editing: bool) -> None:
        """Whether the answer is in the editor: only there it can then be kept, or left."""
        self._editing = editing
        self.accept.setToolTip(_EDITING if editing else "Keep the pair as it is (A)")
        self.reject.setToolTip(_EDITING if editing else "Let nobody learn from it (R)")
        self._follow()

    def _follow(self) -> None:
        for part in (self.edit, self.note):
            part.setEnabled(self._task is not None)
        for button in (self.accept, self.reject):
            button.setEnabled(self._task is not None and not self._editing)

    @Slot()
    def accept_now(self) -> None:
        """Keep the pair."""
        if (task := self._decidable()) is not None:
            note = self.note.text().strip()
            self._decide(lambda: self._review.accept(task, note), "Kept the pair.", self.troubled.emit)

    @Slot()
    def reject_now(self) -> None:
        """Let nobody learn from the pair."""
        if (task := self._decidable()) is not None:
            note = self.note.text().strip()
            self._decide(lambda: self._review.reject(task, note), "Rejected the pair.", self.troubled.emit)

    def keep_edited(self, final: str) -> None:
        """Keep the pair with another answer."""
        if (task := self._decidable()) is not None:
            note = self.note.text().strip()
            self._decide(
                lambda: self._review.edit(task, final, note),
                "Kept the pair as edited.",
                lambda error: self.unkept.emit(task, final, error),
            )

    def _decidable(self) -> int | None:
        """The task that is seen and may be decided on; who edits is led back to the editor."""
        if self._task is None or not self.isVisible():
            return None
        if self._editing:
            self.notice.emit(Notice(_EDITING))
            self.edit_pressed.emit()
            return None
        return self._task

    @Slot()
    def undo_now(self) -> None:
        """Take the newest decision back, and look at its task again."""

        def told(task: int | None) -> None:
            if task is None:
                self.notice.emit(Notice("There is no decision to take back.", icon="info"))
                return
            self.notice.emit(Notice("Took it back."))
            self.decided.emit(task)

        self._errands.run(self._review.undo, told, self.troubled.emit, lane=_LANE)

    @Slot()
    def _on_edit(self) -> None:
        if self._task is not None and self.isVisible():
            self.edit_pressed.emit()

    def _decide(
        self, decide: Callable[[], tuple[str, ...] | None], words: str, refused: Callable[[ForgeError], object]
    ) -> None:
        task, review, note = self._task, self._review, self.note.text()
        self.show_task(None)

        def work() -> tuple[int | None, tuple[str, ...]]:
            before = review.waiting()
            against = decide() or ()
            after = [waiting for waiting in before if waiting != task]
            place = before.index(task) if task in before else 0
            return after[place % len(after)] if after else None, against

        def told(found: tuple[int | None, tuple[str, ...]]) -> None:
            following, against = found
            icon = "triangle-alert" if against else "circle-check"
            said = f"{words} {' '.join(safe_words(one) for one in against[:2])}".strip()
            self.notice.emit(Notice(said, undo=self.undo_now, icon=icon))
            self.decided.emit(following)

        def failed(error: ForgeError) -> None:
            if self._task is None:
                self.show_task(task, note)
            refused(error)

        self._errands.run(work, told, failed, lane=_LANE)

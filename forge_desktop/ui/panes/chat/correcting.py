"""A better answer for one in the chat: asked of a teacher, or written by the person, and where it is kept."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtWidgets import QWidget

from forge_desktop.base.errors import ForgeError
from forge_desktop.chat.records import ChatMessage
from forge_desktop.distill.checks import LONGEST
from forge_desktop.distill.quality import remarks
from forge_desktop.ui import theme, tokens
from forge_desktop.ui.errands import Errands
from forge_desktop.ui.widgets.basics import Button, Notice, PrimaryButton, column, label, row
from forge_desktop.ui.widgets.fields import TextField
from forge_desktop.ui.widgets.sheet import Sheet
from forge_desktop.ui.widgets.words import safe_words

if TYPE_CHECKING:
    from forge_desktop.distill.distill import Distill

_ABOUT = (
    "Write the answer as it should be: question, passages and your answer become a pair to train with. Or leave it to "
    "a teacher: the question then waits in Distill, and nothing is sent before a run is started there."
)
_REMARKS = 2  # of the rules, in the message; the pair says them all


class CorrectionSheet(Sheet):
    """Shows one answer to correct. `chosen` carries the better answer, "" to leave it to a teacher."""

    chosen = Signal(str)

    def __init__(self, question: str, answer: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Correct this answer")
        self._answer = answer.strip()
        self.field = TextField(160)
        self.field.setMaximumHeight(theme.px(4000))  # it takes the room there is
        self.field.setAccessibleName("The better answer")
        self.field.show_value(answer)
        self.field.textChanged.connect(self._on_text)
        asked = label(question if len(question) <= 400 else f"{question[:400]}…", tokens.TABLE, 600, wrap=True)
        self.teacher = Button("Ask a teacher", "graduation-cap")
        self.teacher.clicked.connect(lambda: self.chosen.emit(""))
        self.keep = PrimaryButton("Keep my answer", "check")
        self.keep.clicked.connect(lambda: self.chosen.emit(self.field.toPlainText().strip()))
        cancel = Button("Cancel")
        cancel.clicked.connect(self.reject)
        for button in (cancel, self.teacher):
            button.setAutoDefault(False)
        self.problem = label("", tokens.SMALL, cls="bad", wrap=True)
        self.problem.hide()
        about = label(_ABOUT, tokens.SMALL, cls="muted", wrap=True)
        buttons = row(cancel, None, self.teacher, self.keep)
        whole = column(
            asked, about, self.banner, self.field, self.problem, buttons, gap=tokens.MD, margins=(tokens.XL,) * 4
        )
        whole.setStretch(3, 1)
        self.setLayout(whole)
        self.resize(theme.px(600), theme.px(420))
        self._on_text()

    def typed(self) -> bool:
        """Whether the answer was changed."""
        return self.field.toPlainText().strip() != self._answer

    def set_busy(self, busy: bool) -> None:
        """While it is being kept nothing is pressed twice."""
        self.teacher.setEnabled(not busy)
        self.keep.setEnabled(not busy)

    @Slot()
    def _on_text(self) -> None:
        """Only what differs from the answer corrects it."""
        text = self.field.toPlainText().strip()
        changed = bool(text) and text != self._answer
        over = changed and len(text) > LONGEST
        problem = f"It has {len(text):,} characters; at most {LONGEST:,} can be kept." if over else ""
        self.problem.setText(problem)
        self.problem.setVisible(over)
        self.field.setAccessibleDescription(problem)
        self.keep.setEnabled(changed and not over)


class Correcting(QObject):
    """Opens the sheet and does what is chosen in it. `noticed` carries a Notice that says where it is now."""

    noticed = Signal(object)

    def __init__(self, distill: Distill, errands: Errands, parent: QWidget) -> None:
        super().__init__(parent)
        self._distill, self._errands, self._window = distill, errands, parent
        self.sheet: CorrectionSheet | None = None

    def open(self, message: ChatMessage, question: str) -> CorrectionSheet:
        """Ask what the better answer to this one is."""
        sheet = CorrectionSheet(question, message.text, self._window.window())
        sheet.chosen.connect(lambda better: self._correct(message.id, better))
        sheet.finished.connect(self._on_closed)
        self.sheet = sheet
        sheet.open()
        return sheet

    def _correct(self, message_id: int, better: str) -> None:
        sheet = self.sheet
        if sheet is not None:
            sheet.set_busy(True)
        distill, begun = self._distill, time.time()

        def correct() -> tuple[int, str, bool, tuple[str, ...]]:
            task = distill.correct(message_id, better)
            against = remarks(distill.pairs.get(task.pair).quality.checks) if better and task.pair else ()
            return task.id, task.pair or "", task.created >= begun - 1, against

        def kept(found: tuple[int, str, bool, tuple[str, ...]]) -> None:
            task_id, pair, fresh, against = found
            if self.sheet is not None:
                self.sheet.accept()
            where = "Kept as a pair in Distill" if pair else "Waits for a teacher in Distill"
            if against:
                where = f"Kept as a pair. The rules remark: {' '.join(safe_words(one) for one in against[:_REMARKS])}"
            undo = self._undo(task_id, pair) if fresh else None  # what was there before is not taken away by an undo
            self.noticed.emit(Notice(where, undo=undo, icon="triangle-alert" if against else "flask-conical"))

        def failed(error: ForgeError) -> None:
            if self.sheet is not None:
                self.sheet.set_busy(False)
                self.sheet.banner.show_error(error)

        self._errands.run(correct, kept, failed, lane="correcting")

    def _undo(self, task_id: int, pair: str) -> Callable[[], None]:
        distill = self._distill

        def take_back() -> None:
            if pair:
                distill.pairs.drop([pair])
            else:
                distill.tasks.remove([task_id])

        return lambda: self._errands.run(take_back)

    @Slot()
    def _on_closed(self) -> None:
        if self.sheet is not None:
            self.sheet.deleteLater()
            self.sheet = None

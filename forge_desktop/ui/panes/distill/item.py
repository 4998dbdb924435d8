"""One task from its question to its pair, beside the queue: what was said, on what it rests, what it cost."""

from __future__ import annotations

from PySide6.QtCore import Qt, QTimer, Signal, Slot
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QFrame, QScrollArea, QVBoxLayout, QWidget

from forge_desktop.base.errors import ForgeError
from forge_desktop.base.money import shown
from forge_desktop.distill.records import Evidence, TaskView
from forge_desktop.ui import theme, tokens
from forge_desktop.ui.panes.distill.answer_card import AnswerCard
from forge_desktop.ui.panes.distill.columns import PAIR_KINDS, STATES, any_text
from forge_desktop.ui.panes.distill.deciding import DecisionBar
from forge_desktop.ui.panes.distill.item_parts import (
    attempts_section,
    checks_section,
    evidence_section,
    near_section,
    provenance,
    quality_section,
    section,
    turn_section,
)
from forge_desktop.ui.widgets.basics import (
    ElidedLabel,
    IconButton,
    Notice,
    Pill,
    column,
    frame,
    label,
    row,
)
from forge_desktop.ui.widgets.diff_view import TextView
from forge_desktop.ui.widgets.fold import Fold
from forge_desktop.ui.widgets.words import safe_words


class ItemPanel(QFrame):
    """Shows a `TaskView`. `place_asked` carries Evidence, `keep_asked` the uid of a pair to keep all the same.

    `closed` by its button, `left` by Escape. An edit that was begun waits here while another task is looked at.
    """

    closed = Signal()
    left = Signal()
    place_asked = Signal(object)
    keep_asked = Signal(str)

    def __init__(self, bar: DecisionBar) -> None:
        super().__init__()
        self.setProperty("cls", "sideR")
        self.setAccessibleName("The chosen task")
        self.view: TaskView | None = None
        self.bar = bar
        self.answer = AnswerCard()
        self._unsaved: dict[int, str] = {}
        self.answer.saved.connect(bar.keep_edited)
        self.answer.dropped.connect(self._on_dropped)
        self.answer.editing_changed.connect(bar.set_editing)
        bar.edit_pressed.connect(self._on_edit)
        bar.unkept.connect(self._on_unkept)
        self._state = Pill("")
        self._kind = Pill("", "mute", size=11)
        self._facts = ElidedLabel("", tokens.SMALL, cls="muted")
        close = IconButton("x", "Close the task", "Close the task (Esc)")
        close.clicked.connect(self.closed)
        leave = QShortcut(QKeySequence("Esc"), self)
        leave.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        leave.activated.connect(self._on_escape)
        head = row(self._state, self._kind, self._facts, close, margins=(16, 8, 10, 8))
        head.setStretch(2, 1)
        self._content = QWidget()
        self._content.setProperty("cls", "flow")
        self._box = QVBoxLayout(self._content)
        self._box.setContentsMargins(14, 12, 14, 14)
        self._box.setSpacing(10)
        self._scroll = QScrollArea()
        self._scroll.setAccessibleName("The task in full")
        self._scroll.setWidgetResizable(True)
        self._scroll.setFrameShape(QFrame.Shape.NoFrame)
        self._scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._scroll.setWidget(self._content)
        self._top, self._below = QVBoxLayout(), QVBoxLayout()
        for part in (self._top, self._below):
            part.setSpacing(10)
        self._box.addLayout(self._top)
        self._box.addWidget(self.answer)
        self._box.addLayout(self._below)
        self._box.addStretch(1)
        layout = column(frame("head", head), self._scroll, bar, gap=0)
        layout.setStretch(1, 1)
        self.setLayout(layout)

    def show_view(self, view: TaskView) -> None:
        """Show a task; as it was where nothing changed, so that place and focus stay."""
        if view == self.view:
            return
        same = self.view is not None and self.view.task.id == view.task.id
        if same and self.answer.editing:
            return
        place = self._scroll.verticalScrollBar().value() if same else 0
        self._set_aside()
        self.view = view
        self._show_head(view)
        self._clear()
        for part in self._above(view):
            self._top.addWidget(part)
        self._show_answer(view)
        for part in self._under(view):
            self._below.addWidget(part)
        decidable = view.pair is not None and view.task.state in ("review", "kept", "rejected")
        self.bar.show_task(view.task.id if decidable else None, view.pair.note if view.pair else "")
        self.bar.setVisible(view.pair is not None)
        if decidable and (typed := self._unsaved.pop(view.task.id, "")):
            self.answer.edit(typed)
        self._scroll.verticalScrollBar().setValue(place)

    def leave(self) -> None:
        """Nothing is shown any more, so nothing is decided on."""
        self._set_aside()
        self.view = None
        self.answer.show_texts("", "")
        self.bar.show_task(None)

    def expect(self, task: int) -> None:
        """Another task is about to be shown: until it is, nothing is decided on."""
        if self.view is None or self.view.task.id != task:
            self.bar.show_task(None)

    @property
    def unsaved(self) -> int:
        """How many edits were begun and are not kept."""
        return len(self._unsaved) + bool(self.answer.unsaved)

    def _set_aside(self) -> None:
        """Keep what is typed for when its task is looked at again."""
        if self.view is not None and (typed := self.answer.unsaved):
            self._unsaved[self.view.task.id] = typed
            self.bar.notice.emit(Notice("Your edit is not kept yet. It waits in its task."))

    @Slot()
    def _on_edit(self) -> None:
        self.answer.edit()
        self.answer.take_keyboard()
        QTimer.singleShot(
            0, self, lambda: self._scroll.ensureWidgetVisible(self.answer, 0, 8)
        )  # once it has its height

    @Slot()
    def _on_escape(self) -> None:
        if self.answer.editing:
            self.answer.leave_editing()
        else:
            self.left.emit()

    @Slot(str)
    def _on_dropped(self, typed: str) -> None:
        task = self.view.task.id if self.view else 0

        def back() -> None:
            if self.view is not None and self.view.task.id == task:
                self.answer.edit(typed)
                self.answer.take_keyboard()
            else:
                self._unsaved[task] = typed

        self.bar.notice.emit(Notice("Left the edit.", undo=back))

    @Slot(int, str, object)
    def _on_unkept(self, task: int, typed: str, error: ForgeError) -> None:
        """An edited answer could not be kept: it stays in the editor, with why under it."""
        if self.view is not None and self.view.task.id == task:
            self.answer.edit(typed, f"{error.message} {error.hint}".strip())
        else:
            self._unsaved[task] = typed

    def _show_head(self, view: TaskView) -> None:
        self._state.show_state(*STATES[view.task.state])
        kind = PAIR_KINDS.get(view.pair.kind, "") if view.pair else ""
        self._kind.show_state(kind, "mute")
        self._kind.setVisible(bool(kind))
        cost = shown(view.task.cost) if view.task.cost else "nothing spent"
        score = f"quality {view.pair.quality.score:.2f}" if view.pair else ""
        self._facts.setText(" · ".join(filter(None, (score, cost))))

    def _above(self, view: TaskView) -> list[QWidget]:
        task = view.task
        question = TextView("Question")
        question.setFont(theme.font(tokens.BODY, 600))
        question.show_text(any_text(task.question))
        parts: list[QWidget] = [question]
        if task.reason:
            bad = task.state in ("failed", "rejected", "review")
            parts.append(label(safe_words(task.reason), tokens.SMALL, cls="warn" if bad else "muted", wrap=True))
        for name, text in (("Rules for the answer", task.rules), ("Expected answer", task.expected)):
            if text:
                fold = Fold(name, name)
                fold.set_text(any_text(text))
                parts.append(fold)
        return parts

    def _show_answer(self, view: TaskView) -> None:
        pair = view.pair
        draft = pair.draft if pair else view.draft.text if view.draft else view.task.draft
        if pair is None and draft:  # what there is so far
            self.answer.show_texts(draft, "")
        elif pair is not None:
            self.answer.show_texts(pair.final, draft)
        self.answer.setVisible(pair is not None)

    def _under(self, view: TaskView) -> list[QWidget]:
        pair = view.pair
        parts: list[QWidget | None] = [self._draft(view), turn_section(view.turns)]
        if pair is not None:
            parts += [
                checks_section(pair.quality.checks) if pair.quality.checks else None,
                evidence_section(offered, pair, self.place_asked.emit) if (offered := _offered(view)) else None,
                quality_section(pair.quality) if pair.quality.checks or pair.quality.rubric else None,
                near_section(pair, view.near, lambda: self.keep_asked.emit(pair.uid)),
            ]
        elif view.evidence:
            parts.append(evidence_section(view.evidence, None, self.place_asked.emit))
        parts += [attempts_section(view.attempts), provenance(view)]
        return [part for part in parts if part is not None]

    def _draft(self, view: TaskView) -> QWidget | None:
        text = view.draft.text if view.draft else view.pair.draft if view.pair else view.task.draft
        if not text:
            return None
        if view.pair is None:
            body = TextView("Draft")
            body.show_text(any_text(text))
            return section("Draft", body)
        fold = Fold("Draft of the student", "Draft")
        fold.set_text(any_text(text))
        return fold

    def _clear(self) -> None:
        for layout in (self._top, self._below):
            while (item := layout.takeAt(0)) is not None:
                if (widget := item.widget()) is not None:
                    widget.hide()
                    widget.deleteLater()


def _offered(view: TaskView) -> list[Evidence]:
    """What the answer rests on, and what else was offered to the teacher, in its order."""
    known = {found.n: found for found in view.evidence}
    known |= {found.n: found for found in view.pair.evidence} if view.pair else {}
    return [known[n] for n in sorted(known)]

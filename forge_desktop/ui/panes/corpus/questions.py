"""Folders that went away, or lost most of their files: what was indexed is kept until the person has decided."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QWidget

from forge_desktop.corpus import SyncQuestion
from forge_desktop.ui import tokens
from forge_desktop.ui.errands import Errands
from forge_desktop.ui.panes.corpus.columns import safe_words
from forge_desktop.ui.widgets.basics import Button, IconLabel, Notice, announce, column, frame, label, row
from forge_desktop.ui.widgets.words import count_words

if TYPE_CHECKING:
    from forge_desktop.corpus import Corpus


class Questions(QWidget):
    """One card a question. `notice` carries a Notice, `troubled` a ForgeError.

    `left` when the keyboard needs another place, `settled` when no question is open any more.
    """

    notice = Signal(object)
    troubled = Signal(object)
    left = Signal()
    settled = Signal()

    def __init__(self, corpus: Corpus, errands: Errands) -> None:
        super().__init__()
        self._corpus, self._errands = corpus, errands
        self.questions: Sequence[SyncQuestion] = ()
        self._cards = column(gap=tokens.SM)
        self.setLayout(self._cards)
        self.hide()

    def refresh(self) -> None:
        """Read the open questions again."""
        self._errands.run(self._corpus.sync.questions, self._show, key="questions")

    def answer(self, question: SyncQuestion, verdict: str) -> None:
        """Keep or remove what the question is about."""

        def done(removal: int | None) -> None:
            words = count_words(question.documents, "document")
            if verdict == "keep":
                self.notice.emit(Notice(f"Kept {words} of {safe_words(question.root)}."))
            else:
                undo = None if removal is None else lambda: self._restore(removal)
                self.notice.emit(Notice(f"Removed {words} from the index.", undo=undo, icon="trash-2"))
            self.refresh()

        self._errands.run(
            lambda: self._corpus.sync.answer(question.id, verdict), done, self.troubled.emit, lane="documents"
        )

    def _restore(self, token: int) -> None:
        self._errands.run(
            lambda: self._corpus.restore(token), lambda _: self.refresh(), self.troubled.emit, lane="documents"
        )

    def _show(self, questions: Sequence[SyncQuestion]) -> None:
        if list(questions) == list(self.questions):
            return
        fresh = [question for question in questions if question not in self.questions]
        self.questions = questions
        focus = self.focusWidget()
        held = focus is not None and focus.hasFocus()
        while (item := self._cards.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.hide()
                widget.deleteLater()
        for question in questions:
            self._cards.addWidget(self._card(question))
        self.setVisible(bool(questions))
        if held:
            self.left.emit()
        if not questions:
            self.settled.emit()
        for question in fresh:
            announce(self, " ".join(question_words(question)))

    def _card(self, question: SyncQuestion) -> QFrame:
        title, text = question_words(question)
        keep = Button("Keep them")
        keep.clicked.connect(lambda: self.answer(question, "keep"))
        remove = Button("Remove from the index", "trash-2")
        remove.clicked.connect(lambda: self.answer(question, "remove"))
        texts = column(label(title, tokens.TABLE, 600, "warn", wrap=True), label(text, tokens.SMALL, wrap=True), gap=0)
        line = row(IconLabel("triangle-alert", 18, "warn"), texts, keep, remove, gap=tokens.MD, margins=(14, 8, 10, 8))
        line.setStretch(1, 1)
        made = frame("warn", line)
        made.setAccessibleName(f"{title} {text}")
        return made


def question_words(question: SyncQuestion) -> tuple[str, str]:
    """What happened, and what is asked."""
    root, documents = safe_words(question.root), count_words(question.documents, "document")
    if question.kind == "vanished":
        return (
            f"{root} is not there",
            f"{documents} from it can still be searched. A drive that comes back is taken up again by itself.",
        )
    return (
        f"{documents} of {question.total:,} are gone from {root}",
        "They can still be searched until you decide. If the files come back, this question goes away.",
    )

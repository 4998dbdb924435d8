"""What stands where no message is yet: no documents, or documents waiting for a first question."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QStackedWidget, QWidget

from forge_desktop.corpus.records import Passage
from forge_desktop.ui import theme, tokens
from forge_desktop.ui.widgets.basics import Button, EmptyState, IconLabel, column, label, row
from forge_desktop.ui.widgets.words import count_words

if TYPE_CHECKING:
    from forge_desktop.corpus import Corpus

_EXAMPLES = 3
_ASKING = ("who", "when", "where", "which", "why", "how", "can", "may")


def example_questions(corpus: Corpus) -> list[str]:
    """Questions that the documents themselves suggest: about headings, of as many documents as possible."""
    ids = list(corpus.shelf.documents(state="indexed"))
    asked = [_questions_of(corpus.shelf.passages(document_id)) for document_id in ids[:: max(1, len(ids) // 12)][:12]]
    in_turn = itertools.chain.from_iterable(itertools.zip_longest(*asked))
    return list(dict.fromkeys(question for question in in_turn if question))[:_EXAMPLES]


def _questions_of(passages: Sequence[Passage]) -> list[str]:
    deepest_first = sorted((p.heading for p in passages[:40] if p.heading), key=len, reverse=True)
    headings = (heading[-1].strip(" .:#") for heading in deepest_first)
    return [_as_question(heading) for heading in headings if 6 <= len(heading) <= 48]


def _as_question(heading: str) -> str:
    if heading.endswith("?"):
        return heading
    if heading.partition(" ")[0].casefold() in _ASKING:
        return f"{heading}?"
    return f"What do the documents say about “{heading}”?"


class _Example(Button):
    """A question on a button, shortened where there is little room; its whole text is then the tooltip."""

    def __init__(self, question: str) -> None:
        super().__init__(question, "quote")
        self._question = question
        self._wide = super().sizeHint()
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        return self._wide

    def minimumSizeHint(self) -> QSize:
        return QSize(theme.px(120), self._wide.height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        beside = self._wide.width() - self.fontMetrics().horizontalAdvance(self._question)
        shown = self.fontMetrics().elidedText(
            self._question, Qt.TextElideMode.ElideRight, max(0, self.width() - beside)
        )
        self.setText(shown)
        self.setAccessibleName(self._question)
        self.setToolTip(self._question if shown != self._question else "")


class Beginning(QStackedWidget):
    """The empty states of the conversation. `asked` carries an example question."""

    asked = Signal(str)
    wants_documents = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._none = EmptyState(
            "messages-square",
            "Ask your own documents",
            "Add documents first. Every answer then shows the passages it rests on.",
            "Add documents",
            "folder-plus",
            footnote="Plain text, Markdown, HTML, PDF and Word. Nothing leaves this machine.",
        )
        self._none.acted.connect(self.wants_documents)
        self.addWidget(self._none)
        self._first = QWidget()
        self._words = label("", tokens.TABLE, cls="muted", wrap=True)
        self._words.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        self._words.setMaximumWidth(theme.px(480))
        words = row(None, self._words, None)
        words.setStretch(1, 1000)  # as wide as it may be, and no wider than there is room
        title = label("What would you like to know?", tokens.TITLE, 600)
        self._examples = column(gap=8)
        self._first.setLayout(
            column(
                None,
                row(None, IconLabel("sparkles", 40, "accent_fg"), None),
                8,
                row(None, title, None),
                words,
                8,
                row(None, self._examples, None),
                None,
                margins=(24, 24, 24, 24),
            )
        )
        self.addWidget(self._first)

    def show_none(self) -> None:
        """There are no documents."""
        self.setCurrentWidget(self._none)

    def show_first(self, documents: int, passages: int, examples: Sequence[str]) -> None:
        """There are documents and no question yet."""
        self._words.setText(
            f"{count_words(documents, 'document')} with {count_words(passages, 'passage')} are ready. Every sentence of"
            " an answer shows the passages it rests on."
        )
        while item := self._examples.takeAt(0):
            if widget := item.widget():
                widget.hide()
                widget.deleteLater()
        for question in examples:
            button = _Example(question)
            button.clicked.connect(lambda _checked=False, question=question: self.asked.emit(question))
            self._examples.addWidget(button)
        self.setCurrentWidget(self._first)

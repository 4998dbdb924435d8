"""The side panel: facts of the chosen document, why it failed, its passages one at a time, and why they were found."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence

from PySide6.QtCore import QEvent, Qt, QTimer, QUrl, Signal, Slot
from PySide6.QtGui import QColor, QDesktopServices, QTextCharFormat, QTextCursor
from PySide6.QtWidgets import QFrame, QGridLayout, QLabel, QScrollArea, QTextEdit, QVBoxLayout, QWidget

from forge_desktop.corpus import Document, Passage
from forge_desktop.ui import theme, tokens
from forge_desktop.ui.panes.corpus.columns import language_name, passage_place, safe_words, shown_name, state_pill
from forge_desktop.ui.panes.corpus.explaining import ExplanationCard
from forge_desktop.ui.widgets.basics import Button, ElidedLabel, IconButton, Pill, column, frame, label, row, set_cls
from forge_desktop.ui.widgets.words import count_words, moment_words, size_words

_FACTS = ("Collection", "Language", "Passages", "Size", "Changed", "Indexed", "SHA-256")

Spans = Callable[[str], Sequence[tuple[int, int]]]


class DocumentDetails(QFrame):
    """Shows one document at a time. Signals carry the document's id."""

    retry_pressed = Signal(int)
    remove_pressed = Signal(int)
    forget_pressed = Signal(int)
    explain_asked = Signal(int)  # a passage's id
    place_asked = Signal(object)  # the Passage to open beside
    passage_shown = Signal(object)  # the Passage now shown

    def __init__(self, passages: Callable[[int], Sequence[Passage]]) -> None:
        super().__init__()
        self.setProperty("cls", "sideR")
        self.setFixedWidth(theme.px(320))
        self._load = passages
        self._document: Document | None = None
        self._passages: Sequence[Passage] = ()
        self._place = 0
        self._shown: Passage | None = None
        self._spans: Spans | None = None
        self.explanation = ExplanationCard()
        self.explanation.closed.connect(self._on_explanation_closed)
        self._name = ElidedLabel("", tokens.SUBTITLE, 600, middle=True)
        self._state = Pill("")
        self._reason = label("", tokens.SMALL, cls="bad", wrap=True)
        self._facts: dict[str, QLabel] = {}
        self._retry = Button("Try again", "refresh-cw", "pill")
        self._retry.clicked.connect(self._on_retry)
        folder = Button("Show in folder", "folder-open", "pill")
        folder.clicked.connect(self._on_folder)
        remove = Button("Remove", "trash-2", "pill")
        remove.clicked.connect(self._on_remove)
        self._forget = Button("Forget…", "file-x", "pill")
        self._forget.setToolTip("Take out what was learnt from it as well: pairs, tasks, datasets, suites")
        self._forget.clicked.connect(self._on_forget)
        content = QWidget()
        content.setProperty("cls", "flow")
        layout = QVBoxLayout(content)
        layout.setContentsMargins(16, 14, 16, 16)
        layout.setSpacing(10)
        for item in (
            self._name,
            row(self._state, None),
            self._reason,
            self._make_facts(),
            row(folder, remove, None),
            row(self._forget, self._retry, None),
            self.explanation,
            self._make_passage_card(),
        ):
            if isinstance(item, QWidget):
                layout.addWidget(item, 1 if item is self._card else 0)
            else:
                layout.addLayout(item)
        layout.addStretch(0)
        self._scroll = QScrollArea()
        self._scroll.setAccessibleName("The chosen document")
        self._scroll.setWidgetResizable(True)
        self._scroll.setFrameShape(QFrame.Shape.NoFrame)
        self._scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._scroll.setWidget(content)
        self.setLayout(column(self._scroll, gap=0))

    def show_document(self, document: Document, passage_id: int | None = None, spans: Spans | None = None) -> None:
        """Show a document, at the given passage or where it was; `spans` marks found words in a passage's text."""
        same = self._document is not None and self._document.id == document.id
        self._document, self._spans = document, spans
        self._name.setText(shown_name(document))
        self._state.show_state(*state_pill(document))
        self._reason.setText(document.reason)
        set_cls(self._reason, "bad" if document.state == "failed" else "warn")
        self._reason.setVisible(bool(document.reason))
        self._retry.setVisible(document.state == "failed")
        self._forget.setEnabled(bool(document.sha256))
        self._why.setVisible(spans is not None)
        facts = {
            "Collection": ", ".join(safe_words(name) for name in document.collections) or "—",
            "Language": language_name(document.language) if document.language else "—",
            "Passages": f"{document.passages:,}",
            "Size": size_words(document.size),
            "Changed": moment_words(document.changed),
            "Indexed": moment_words(document.indexed),
            "SHA-256": document.sha256 or "—",
        }
        for name, value in facts.items():
            self._facts[name].setText(value)
        self._facts["SHA-256"].setToolTip(document.sha256)
        self._passages = self._load(document.id) if document.passages else ()
        places = {passage.id: number for number, passage in enumerate(self._passages)}
        self._place = places.get(passage_id or -1, self._place if same and passage_id is None else 0)
        self._show_passage()

    def document_id(self) -> int | None:
        """The document shown, if any."""
        return self._document.id if self._document else None

    def passage(self) -> Passage | None:
        """The passage shown, if any."""
        return self._passages[self._place] if self._passages else None

    def passage_text(self) -> str:
        """The passage's text as shown."""
        return self._text.toPlainText()

    def highlighted(self) -> list[str]:
        """The marked words of the shown passage."""
        return [mark.cursor.selectedText() for mark in self._text.extraSelections()]

    def changeEvent(self, event: QEvent) -> None:
        """Another theme marks words in its own colour."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and self._passages:
            self._text.setExtraSelections(self._marks(self._text.toPlainText()))

    def _make_facts(self) -> QWidget:
        grid = QGridLayout()
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setVerticalSpacing(6)
        for number, name in enumerate(_FACTS):
            value = ElidedLabel("", tokens.SMALL, 500, middle=True)
            value.setAlignment(Qt.AlignmentFlag.AlignRight)
            grid.addWidget(label(name, tokens.SMALL, cls="muted"), number, 0)
            grid.addWidget(value, number, 1)
            self._facts[name] = value
        holder = QWidget()
        holder.setLayout(grid)
        return holder

    def _make_passage_card(self) -> QFrame:
        self._count = label("", tokens.SMALL, cls="muted")
        self._before = IconButton("chevron-left", "Previous passage")
        self._before.clicked.connect(self._on_before)
        self._after = IconButton("chevron-right", "Next passage")
        self._after.clicked.connect(self._on_after)
        self._why = IconButton("circle-help", "Why was this passage found, or not?", size=15)
        self._why.clicked.connect(self._on_why)
        self._beside = IconButton("book-open", "Open the document beside, at this passage", size=15)
        self._beside.clicked.connect(self._on_beside)
        self._where = ElidedLabel("", tokens.SMALL, 600)
        self._text = QTextEdit()
        self._text.setProperty("cls", "bare")
        self._text.setReadOnly(True)
        self._text.setFont(theme.font(tokens.TABLE))
        self._text.setAccessibleName("Text of the passage")
        self._text.setTabChangesFocus(True)
        self._text.setMinimumHeight(theme.px(96))
        self._card = frame(
            "card",
            column(
                row(self._count, None, self._why, self._beside, self._before, self._after, gap=2),
                self._where,
                self._text,
                gap=4,
                margins=(14, 8, 8, 10),
            ),
        )
        return self._card

    def _show_passage(self) -> None:
        self._card.setVisible(bool(self._passages))
        if not self._passages:
            self._shown = None
            self.explanation.hide()
            return
        self._place = min(max(0, self._place), len(self._passages) - 1)
        passage = self._passages[self._place]
        self._count.setText(f"Passage {self._place + 1:,} of {len(self._passages):,}")
        self._before.setEnabled(self._place > 0)
        self._after.setEnabled(self._place < len(self._passages) - 1)
        if passage == self._shown:  # as it is: the reader's place and the explanation stay
            self._text.setExtraSelections(self._marks(passage.text))
            return
        self._shown = passage
        self._where.setText(passage_place(passage))
        self._text.setPlainText(passage.text)
        marks = self._marks(passage.text)
        self._text.setExtraSelections(marks)
        if marks:
            first = marks[0].cursor.selectionStart()
            QTimer.singleShot(0, self._text, lambda: self._bring_to(first))  # once it has its size
        self.explanation.hide()
        self.passage_shown.emit(passage)

    def _bring_to(self, position: int) -> None:
        cursor = self._text.textCursor()
        cursor.setPosition(min(position, self._text.document().characterCount() - 1))
        self._text.setTextCursor(cursor)
        self._text.ensureCursorVisible()

    def _marks(self, text: str) -> list[QTextEdit.ExtraSelection]:
        marks = []
        for start, end in self._spans(text) if self._spans else ():
            mark = QTextEdit.ExtraSelection()
            cursor = QTextCursor(self._text.document())
            # Qt counts UTF-16 units, we count code points
            cursor.setPosition(len(text[:start].encode("utf-16-le")) // 2)
            cursor.setPosition(len(text[:end].encode("utf-16-le")) // 2, QTextCursor.MoveMode.KeepAnchor)
            look = QTextCharFormat()
            look.setBackground(QColor(theme.current().warn_soft))
            mark.cursor, mark.format = cursor, look
            marks.append(mark)
        return marks

    def take_focus(self) -> None:
        """Take the keyboard where the page beside was opened."""
        self._beside.setFocus()

    @Slot()
    def _on_explanation_closed(self) -> None:
        self._why.setFocus()
        self.explanation.hide()

    @Slot()
    def _on_before(self) -> None:
        self._place -= 1
        self._show_passage()

    @Slot()
    def _on_after(self) -> None:
        self._place += 1
        self._show_passage()

    @Slot()
    def _on_why(self) -> None:
        if (passage := self.passage()) is not None:
            self.explain_asked.emit(passage.id)

    @Slot()
    def _on_beside(self) -> None:
        if (passage := self.passage()) is not None:
            self.place_asked.emit(passage)

    @Slot()
    def _on_retry(self) -> None:
        if self._document:
            self.retry_pressed.emit(self._document.id)

    @Slot()
    def _on_remove(self) -> None:
        if self._document:
            self.remove_pressed.emit(self._document.id)

    @Slot()
    def _on_forget(self) -> None:
        if self._document:
            self.forget_pressed.emit(self._document.id)

    @Slot()
    def _on_folder(self) -> None:
        if self._document:
            QDesktopServices.openUrl(QUrl.fromLocalFile(os.path.dirname(self._document.path)))


def removal_words(documents: int, passages: int) -> str:
    """What a removal takes away, exactly: the files themselves stay."""
    return (
        f"Removed {count_words(documents, 'document')} ({count_words(passages, 'passage')}) from the index. "
        "The files stay where they are."
    )

"""What questions and answers in the transcript share, and the question: a bubble at the end of the line."""

from __future__ import annotations

from PySide6.QtCore import Qt, QUrl, Signal, Slot
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QSizePolicy, QWidget

from forge_desktop.chat.records import ChatMessage
from forge_desktop.ui import theme, tokens
from forge_desktop.ui.panes.chat.words import branch_words
from forge_desktop.ui.widgets.basics import Button, IconButton, column, frame, label, row
from forge_desktop.ui.widgets.fold import Fold
from forge_desktop.ui.widgets.markdown_view import MarkdownView

_BUBBLE = 520  # token pixels, at most
_SHOWN_OF_QUESTION = 3_000  # characters; a longer paste is folded


class Bubble(QWidget):
    """What both kinds of message share. Signals carry the message's id first, `mend` the pane where it can be done."""

    regenerate = Signal(int)
    edit = Signal(int)
    sibling = Signal(int, int)
    seen = Signal(int)
    cited = Signal(int, int)
    everywhere = Signal(int)
    correct = Signal(int)
    compare = Signal(int)
    card = Signal(int)
    mend = Signal(str)
    outside = Signal(QUrl)
    copied = Signal(str)

    def __init__(self, message: ChatMessage, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.message = message
        self.view = MarkdownView()
        self.view.outside.connect(self.outside)
        self.view.copied.connect(self.copied)
        # not fixed: words that wrap need more height where there is less width
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Minimum)

    def show_message(self, message: ChatMessage) -> None:
        """Show another state of the same message."""
        raise NotImplementedError

    def set_width(self, width: int) -> None:
        """The column is this wide: lay the text out before it is seen, so that heights are right at once."""
        raise NotImplementedError

    def _branches(self) -> QWidget | None:
        """ "‹ 2/3 ›", when there are alternatives at this place."""
        message = self.message
        if message.siblings < 2:
            return None
        mirrored = self.layoutDirection() == Qt.LayoutDirection.RightToLeft
        icons = ("chevron-right", "chevron-left") if mirrored else ("chevron-left", "chevron-right")
        before = IconButton(icons[0], "Previous version", size=14)
        before.setEnabled(message.sibling > 1)
        before.clicked.connect(self._on_previous)
        after = IconButton(icons[1], "Next version", size=14)
        after.setEnabled(message.sibling < message.siblings)
        after.clicked.connect(self._on_next)
        words = label(branch_words(message), tokens.SMALL, cls="muted", tabular=True)
        words.setAccessibleName(f"Version {message.sibling} of {message.siblings}")
        made = QWidget()
        made.setLayout(row(before, words, after, gap=0))
        return made

    @Slot()
    def _on_previous(self) -> None:
        self.sibling.emit(self.message.id, -1)

    @Slot()
    def _on_next(self) -> None:
        self.sibling.emit(self.message.id, 1)


class QuestionBubble(Bubble):
    """A question: tinted bubble, as wide as its text, with its two actions beside it."""

    def __init__(self, message: ChatMessage, parent: QWidget | None = None) -> None:
        super().__init__(message, parent)
        self.view.setAccessibleName("Your question")
        self._whole = False
        self._width = 0
        self._more = Button("", cls="link")
        self._more.clicked.connect(self._on_more)
        self._more.hide()
        self._bubble = frame("bubble", column(self.view, self._more, gap=4, margins=(14, 10, 14, 6)))
        copy = IconButton("copy", "Copy question", size=14)
        copy.clicked.connect(self._on_copy)
        edit = IconButton("pencil", "Edit question", size=14)
        edit.clicked.connect(self._on_edit)
        self._tools = row(copy, edit, gap=0)
        side = column(None, self._tools, gap=0)
        self.summary: Fold | None = None  # made when there is one: most questions have none
        self._line = row(None, side, self._bubble, gap=4)
        self._whole_line = column(self._line, gap=8)
        self.setLayout(self._whole_line)
        self._switch: QWidget | None = None
        self._show()

    def show_message(self, message: ChatMessage) -> None:
        if message != self.message:
            self.message = message
            self._show()

    def _show(self) -> None:
        if self.message.summary and self.summary is None:
            self.summary = Fold("Earlier turns were summarised", "Summary of the earlier turns")
            self._whole_line.insertWidget(0, self.summary)
            self.summary.show()
        if self.summary is not None:
            self.summary.set_text(self.message.summary)
        text = self.message.text
        folded = len(text) > _SHOWN_OF_QUESTION and not self._whole
        self.view.set_plain(text[:_SHOWN_OF_QUESTION].rstrip() + " …" if folded else text)
        self._more.setVisible(folded)
        self._more.setText(f"Show all {len(text):,} characters")
        if self._switch is not None:
            self._tools.removeWidget(self._switch)
            self._switch.deleteLater()
        self._switch = self._branches()
        if self._switch is not None:
            self._tools.insertWidget(0, self._switch)
        if self._width:
            self.set_width(self._width)

    def set_width(self, width: int) -> None:
        self._width = width
        if self.summary is not None:
            self.summary.set_width(width)
        tools = self._tools.sizeHint().width() + 8
        room = max(theme.px(120), min(theme.px(_BUBBLE), width - tools) - 28)
        self.view.document().setTextWidth(-1)
        wanted = min(room, self.view.ideal_width() + 2)
        if not self._more.isHidden():
            wanted = max(wanted, min(room, self._more.sizeHint().width()))
        self.view.setFixedWidth(wanted)
        self.view.set_width(wanted)

    @Slot()
    def _on_copy(self) -> None:
        QGuiApplication.clipboard().setText(self.message.text)
        self.copied.emit("Question copied")

    @Slot()
    def _on_edit(self) -> None:
        self.edit.emit(self.message.id)

    @Slot()
    def _on_more(self) -> None:
        self._whole = True
        self._show()

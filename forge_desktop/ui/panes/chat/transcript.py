"""The messages of a conversation: only those near the eye exist as widgets, and the view follows the answer."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, QTimer, QUrl, Signal, Slot
from PySide6.QtGui import QFocusEvent, QResizeEvent
from PySide6.QtWidgets import QFrame, QScrollArea, QVBoxLayout, QWidget

from forge_desktop.chat.records import ChatMessage
from forge_desktop.ui import theme, tokens
from forge_desktop.ui.panes.chat.answer_bubble import AnswerBubble
from forge_desktop.ui.panes.chat.bubbles import Bubble, QuestionBubble
from forge_desktop.ui.panes.chat.selection import CrossSelection
from forge_desktop.ui.widgets.basics import Button, row, show_ring

_NEWEST, _MORE, _MOST = 40, 20, 120  # widgets: at first, added when the eye comes near an end, kept
_FIRST, _AT_ONCE = 4, 2  # widgets made at once: when opening, and later; one with table and code takes about 10 ms
_BREATH = 8  # ms between two of those steps, for everything else the window has to do
_COLUMN = 760
_NEAR = 600  # pixels from an end at which more is loaded
_PASSED_ON = (
    "regenerate",
    "edit",
    "sibling",
    "seen",
    "cited",
    "everywhere",
    "correct",
    "compare",
    "card",
    "mend",
    "outside",
    "copied",
)


class Transcript(QScrollArea):
    """Shows the messages given to it. Signals are those of the bubbles, passed on."""

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

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOn)  # a bar that comes re-breaks every line
        bar = self.verticalScrollBar()
        bar.rangeChanged.connect(lambda low, high: bar.setEnabled(high > low))  # without a handle when all is seen
        bar.setEnabled(False)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName("Conversation")
        self._column = QWidget()
        self._column.setMaximumWidth(theme.px(_COLUMN))
        self._box = QVBoxLayout(self._column)
        self._box.setContentsMargins(4, 20, 4, 12)
        self._box.setSpacing(20)
        self._box.addStretch(1)
        self._flow = QWidget()
        self._flow.setProperty("cls", "flow")
        self._line = row(self._column, gap=0, margins=(tokens.XL, 0, tokens.XL - 12, 0))
        self._flow.setLayout(self._line)
        self.setWidget(self._flow)
        self._messages: list[ChatMessage] = []
        self._bubbles: dict[int, Bubble] = {}
        self._low = self._high = 0  # the part of the messages that has widgets
        self._wanted = 0  # where that part shall begin, once the widgets are made
        self._follows = True
        self._versions = 0
        self._moving = False
        self._selection = CrossSelection(self)
        self._latest = Button("Latest", "arrow-down", "pill", self)
        self._latest.setAccessibleName("Go to the latest message")
        self._latest.clicked.connect(self.go_to_end)
        self._latest.hide()
        bar = self.verticalScrollBar()
        bar.setAccessibleName("Scroll the conversation")
        bar.rangeChanged.connect(self._on_range)
        bar.valueChanged.connect(self._on_scroll)

    # ---------------------------------------------------------------- what is shown
    def set_messages(self, messages: Sequence[ChatMessage], *, another: bool = False) -> None:
        """Show these messages. `another` conversation starts at its end; otherwise only what changed is redrawn."""
        grew_from_end = self._high == len(self._messages)
        self._messages = list(messages)
        if another:
            self._drop(list(self._bubbles))
            self._follows = True
        ids = {message.id for message in messages}
        self._drop([message_id for message_id in self._bubbles if message_id not in ids])
        if another or not self._bubbles or grew_from_end:
            self._show_end(len(messages) - self._low if self._bubbles else 0)
        else:
            kept = [index for index, message in enumerate(messages) if message.id in self._bubbles]
            self._low, self._high = kept[0], kept[-1] + 1
            self._wanted = self._low
        self._fill()
        if self._follows:
            self.go_to_end()

    def bubble(self, message_id: int) -> Bubble | None:
        """The widget of a message, if it is near enough to have one."""
        return self._bubbles.get(message_id)

    def bubbles(self) -> list[Bubble]:
        """The widgets there are, in order."""
        return [self._bubbles[m.id] for m in self._messages[self._low : self._high]]

    def append(self, message_id: int, text: str) -> None:
        """Text that just arrived for a message."""
        bubble = self._bubbles.get(message_id)
        if isinstance(bubble, AnswerBubble):
            bubble.append(text)

    def think(self, message_id: int, text: str) -> None:
        """What a student just thought before its answer."""
        bubble = self._bubbles.get(message_id)
        if isinstance(bubble, AnswerBubble):
            bubble.think(text)

    @Slot(int)
    def show_versions(self, versions: int) -> None:
        """How many versions of students there are: from two on, an answer's question can be put to another one."""
        self._versions = versions
        for bubble in self._bubbles.values():
            if isinstance(bubble, AnswerBubble):
                bubble.show_versions(versions)

    def selected_text(self) -> str:
        """What is selected, across messages."""
        return self._selection.text()

    @property
    def follows(self) -> bool:
        """Whether the view stays at the end while an answer grows; scrolling up ends it."""
        return self._follows

    @Slot()
    def go_to_end(self) -> None:
        """The newest message, and follow from here."""
        if self._high < len(self._messages):
            self._show_end(0)
            self._fill()
        self._follows = True
        self._latest.hide()
        self._settle()
        self.verticalScrollBar().setValue(self.verticalScrollBar().maximum())

    # ---------------------------------------------------------------- widgets
    def _show_end(self, shown: int) -> None:
        """Let the part reach to the end: what fills the window now, the rest of the newest between other events."""
        self._high = len(self._messages)
        self._low = max(0, self._high - max(shown, _FIRST))
        self._wanted = max(0, min(self._low, self._high - _NEWEST))
        QTimer.singleShot(_BREATH, self._load_older)

    def _fill(self) -> None:
        """Make the widgets of the part from low to high, in order, and drop the others."""
        wanted = self._messages[self._low : self._high]
        keep = {message.id for message in wanted}
        self._drop([message_id for message_id in self._bubbles if message_id not in keep])
        width = self._text_width()
        for place, message in enumerate(wanted):
            bubble = self._bubbles.get(message.id)
            if bubble is None:
                bubble = self._new_bubble(message)
                bubble.set_width(width)
                self._box.insertWidget(place, bubble)
                bubble.show()
            else:
                bubble.show_message(message)

    def _new_bubble(self, message: ChatMessage) -> Bubble:
        made = QuestionBubble(message) if message.role == "user" else AnswerBubble(message, self._versions)
        for name in _PASSED_ON:
            getattr(made, name).connect(getattr(self, name))
        self._selection.watch(made.view)
        self._bubbles[message.id] = made
        return made

    def _drop(self, message_ids: Sequence[int]) -> None:
        for message_id in message_ids:
            bubble = self._bubbles.pop(message_id)
            self._selection.forget(bubble.view)
            self._box.removeWidget(bubble)
            bubble.hide()
            bubble.deleteLater()

    def _text_width(self) -> int:
        margins = self._box.contentsMargins()
        flow = self._line.contentsMargins()
        room = self.viewport().width() - flow.left() - flow.right()
        return max(theme.px(160), min(theme.px(_COLUMN), room) - margins.left() - margins.right())

    def _settle(self) -> None:
        """Have every height and the scroll range right now instead of after the next events."""
        for _ in range(2):
            self._box.activate()
            self._line.activate()
            height = max(self.viewport().height(), self._flow.sizeHint().height())
            self._flow.resize(self.viewport().width(), height)

    # ---------------------------------------------------------------- scrolling
    @Slot(int, int)
    def _on_range(self, _low: int, high: int) -> None:
        if self._follows and not self._moving:
            self.verticalScrollBar().setValue(high)

    @Slot(int)
    def _on_scroll(self, value: int) -> None:
        if self._moving:
            return
        bar = self.verticalScrollBar()
        self._follows = value >= bar.maximum() - 4 and self._high == len(self._messages)
        self._latest.setVisible(not self._follows and bar.maximum() > 0)
        if value < _NEAR and self._low > 0 and self._wanted == self._low:
            self._wanted = max(0, self._low - _MORE)
            QTimer.singleShot(_BREATH, self._load_older)
        elif value > bar.maximum() - _NEAR and self._high < len(self._messages):
            QTimer.singleShot(_BREATH, self._load_newer)

    @Slot()
    def _load_older(self) -> None:
        """A few more above; again, until as many are there as are wanted."""
        if self._low > self._wanted:
            low = max(self._wanted, self._low - _AT_ONCE)
            self._move_window(low, min(self._high, low + _MOST))
            QTimer.singleShot(_BREATH, self._load_older)

    @Slot()
    def _load_newer(self) -> None:
        bar = self.verticalScrollBar()
        if self._high < len(self._messages) and bar.value() > bar.maximum() - _NEAR:
            high = min(len(self._messages), self._high + _AT_ONCE)
            low = max(self._low, high - _MOST)
            self._wanted = max(self._wanted, low)
            self._move_window(low, high)
            QTimer.singleShot(_BREATH, self._load_newer)

    def _move_window(self, low: int, high: int) -> None:
        """Change which messages have widgets while the one being read stays where it is on the screen."""
        bar = self.verticalScrollBar()
        kept = {message.id for message in self._messages[max(low, self._low) : min(high, self._high)]}
        anchor = next(
            (b for b in self.bubbles() if b.message.id in kept and b.geometry().bottom() >= bar.value()),
            None,
        )
        offset = anchor.y() - bar.value() if anchor else 0
        self._moving = True
        try:
            self._low, self._high = low, high
            self._fill()
            self._settle()
            if self._follows and high == len(self._messages):
                bar.setValue(bar.maximum())
            elif anchor:
                bar.setValue(anchor.y() - offset)
        finally:
            self._moving = False

    # ---------------------------------------------------------------- Qt
    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        width = self._text_width()
        for bubble in self._bubbles.values():
            bubble.set_width(width)
        hint = self._latest.sizeHint()
        self._latest.setGeometry(
            (self.width() - hint.width()) // 2, self.height() - hint.height() - 8, hint.width(), hint.height()
        )
        if self._follows:
            QTimer.singleShot(0, self._stay_at_end)

    @Slot()
    def _stay_at_end(self) -> None:
        if self._follows:
            self.verticalScrollBar().setValue(self.verticalScrollBar().maximum())

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        show_ring(self, event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        show_ring(self, event)

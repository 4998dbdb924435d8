"""What stands where no task is yet: the loop in four steps, the ways to begin, and what is missing for them."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QFrame, QScrollArea, QWidget

from forge_desktop.ui import theme, tokens
from forge_desktop.ui.panes.distill.overview import Overview
from forge_desktop.ui.widgets.basics import Button, IconLabel, PrimaryButton, column, frame, label, row

_STEPS = (
    ("file-plus", "1  Tasks", "Questions of your own from a file, made from your documents, or answers you correct."),
    ("pencil", "2  Draft", "Your student answers first, from your documents, on this computer."),
    ("sparkles", "3  Teacher", "A stronger model corrects the draft, under a spending cap that is never passed."),
    ("circle-check", "4  Lessons", "What holds every rule is kept, with the words of your documents it rests on."),
)
_NARROW = 760


class StartView(QScrollArea):
    """Its signals say which of its buttons was pressed."""

    import_pressed = Signal()
    generate_pressed = Signal()
    chat_pressed = Signal()
    endpoints_pressed = Signal()
    documents_pressed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setAccessibleName("How lessons are made")
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._steps = row(*(_step(*step) for step in _STEPS), gap=tokens.MD)
        for place in range(len(_STEPS)):
            self._steps.setStretch(place, 1)
        self.generate = Button("Create tasks from documents", "file-text")
        self.generate.clicked.connect(self.generate_pressed)
        self.bring = PrimaryButton("Import tasks", "download")
        self.bring.clicked.connect(self.import_pressed)
        self.chat = Button("From chat corrections", "messages-square")
        self.chat.setToolTip("Open the chat: “Correct this answer” under an answer makes a task of it")
        self.chat.clicked.connect(self.chat_pressed)
        self._ways = row(None, self.bring, self.generate, self.chat, None)
        self._teacher, self._documents = _Missing(), _Missing()
        self._teacher.button.clicked.connect(self.endpoints_pressed)
        self._documents.button.clicked.connect(self.documents_pressed)
        self._build()

    def _build(self) -> None:
        title = label("Let a teacher make lessons for your student", tokens.TITLE, 600, wrap=True)
        text = label(
            "A lesson is a question with a checked answer, kept with the evidence it rests on. "
            "Your student can learn from many of them.",
            tokens.TABLE, cls="muted", wrap=True,
        )  # fmt: skip
        foot = label(
            "Nothing is sent and nothing is spent before you have seen the price and set a cap. A teacher can also run "
            "on this computer: a local endpoint needs no key and costs nothing.",
            tokens.SMALL, cls="muted", wrap=True,
        )  # fmt: skip
        for words in (title, text, foot):
            words.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        holder = QWidget()
        holder.setLayout(
            column(
                row(None, IconLabel("flask-conical", 44, "accent_fg"), None),
                title,
                text,
                tokens.SM,
                self._steps,
                tokens.SM,
                self._ways,
                self._teacher,
                self._documents,
                foot,
                gap=tokens.SM,
            )
        )
        holder.setMaximumWidth(theme.px(980))
        content = QWidget()
        content.setProperty("cls", "flow")
        across = row(None, holder, None)
        across.setStretch(1, 1000)
        content.setLayout(column(None, across, None, margins=(tokens.XL, tokens.LG, tokens.XL, tokens.LG)))
        self.setWidget(content)

    def show_overview(self, found: Overview) -> None:
        """Say what is missing."""
        self._teacher.setVisible(not found.teachers)
        self._teacher.say(
            "There is no teacher yet. Add an endpoint: a service with a key, or a model of your own on this computer "
            "(Ollama, llama-server, LM Studio), which needs none.",
            "Add an endpoint",
        )
        self._documents.setVisible(not found.documents)
        self._documents.say(
            "There are no documents yet. Without them a teacher answers from what it knows: nothing can be checked.",
            "Add documents",
        )
        self.generate.setEnabled(found.documents > 0)
        self.generate.setToolTip("" if found.documents else "There are no documents yet")

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        directions = QBoxLayout.Direction
        narrow = self.viewport().width() < theme.px(_NARROW)
        self._steps.setDirection(directions.TopToBottom if narrow else directions.LeftToRight)
        self._ways.setDirection(
            directions.TopToBottom if self.viewport().width() < theme.px(640) else directions.LeftToRight
        )


class _Missing(QFrame):
    """What is missing, and the button that leads to it."""

    def __init__(self) -> None:
        super().__init__()
        self.setProperty("cls", "info")
        self._words = label("", tokens.SMALL, wrap=True)
        self.button = Button("")
        line = row(IconLabel("info", 18, "info"), self._words, self.button, gap=tokens.MD, margins=(14, 8, 10, 8))
        line.setStretch(1, 1)
        self.setLayout(line)
        self.hide()

    def say(self, words: str, action: str) -> None:
        self._words.setText(words)
        self.button.setText(action)
        self.setAccessibleName(words)


def _step(icon: str, title: str, text: str) -> QFrame:
    words = column(label(title, tokens.BODY, 600), label(text, tokens.SMALL, cls="muted", wrap=True), None, gap=4)
    line = row(column(IconLabel(icon, 22, "accent_fg"), None), words, gap=12, margins=(16, 14, 14, 14))
    line.setStretch(1, 1)
    return frame("card", line)

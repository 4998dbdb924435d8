"""An answer in the transcript: author, thought, text with citations, how it ended, and what can be done with it."""

from __future__ import annotations

import time

from PySide6.QtCore import Qt, QTimer, Slot
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QSizePolicy, QWidget

from forge_desktop.chat.records import ChatMessage, Source
from forge_desktop.ui import theme, tokens
from forge_desktop.ui.panes.chat.bubbles import Bubble
from forge_desktop.ui.panes.chat.figures import FigureTable, figure_rows
from forge_desktop.ui.panes.chat.mending import mend_of
from forge_desktop.ui.panes.chat.ornaments import AVATAR, Avatar, LeftOut, Legend
from forge_desktop.ui.panes.chat.thought import Thought
from forge_desktop.ui.panes.chat.words import chip_words, model_words, stats_words
from forge_desktop.ui.widgets.basics import Banner, ElidedLabel, IconButton, column, duration, label, row
from forge_desktop.ui.widgets.markdown_view import SentenceMark
from forge_desktop.ui.widgets.words import count_words

_COMPARE = "Compare versions…"
_ONE_VERSION = "Nothing to compare with: there is one version. Students is where another one is made or brought in."
_TWO_BUTTONS = 520  # token pixels that a notice with two buttons takes, so that its words still have room


class AnswerBubble(Bubble):
    """An answer: who wrote it, the text with its citations, how it ended, and what can be done with it."""

    def __init__(self, message: ChatMessage, versions: int = 0, parent: QWidget | None = None) -> None:
        super().__init__(message, parent)
        self._versions = versions
        self._compare: IconButton | None = None
        self.view.setAccessibleName("Answer")
        self.view.cited.connect(self._on_cited)
        self._author = label("Student", tokens.TABLE, 600)
        self._model = ElidedLabel("", tokens.SMALL, cls="muted", middle=True)  # the version stands at its end
        self._model.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self._progress = label("", tokens.TABLE, cls="muted", tabular=True)
        self._clock = QTimer(self, interval=1000)
        self._clock.timeout.connect(self._on_clock)
        self._notice: Banner | None = None
        self._legend: QWidget | None = None
        self._actions: QWidget | None = None
        self._left_out: QWidget | None = None
        self._doing = ""  # what it was last told that happens
        self._figures: FigureTable | None = None
        self.thought: Thought | None = None  # made when there is one: most answers have none
        self._width = 0
        self._content = column(row(self._author, self._model), self.view, self._progress, gap=6)
        avatar = Avatar()
        line = row(column(avatar, None), self._content, gap=tokens.MD)
        line.setStretch(1, 1)
        self.setLayout(line)
        self._show()

    def show_message(self, message: ChatMessage) -> None:
        if message == self.message:
            return
        self.message = message
        self._show()

    def show_versions(self, versions: int) -> None:
        """How many versions there are that could be asked the same."""
        self._versions = versions
        if self._compare is not None:
            self._compare.setEnabled(versions > 1)
            self._compare.setToolTip(_COMPARE if versions > 1 else _ONE_VERSION)

    def set_width(self, width: int) -> None:
        self.view.set_width(width - theme.px(AVATAR) - tokens.MD)
        self._width = width - theme.px(AVATAR) - tokens.MD
        if self.thought is not None:
            self.thought.set_width(self._width)

    def append(self, text: str) -> None:
        """Text that just arrived; only while the message is being written."""
        if text:
            self._clock.stop()
            self._progress.hide()
            if self.thought is not None:
                self.thought.pause()
            self.view.show()
            self.view.append(text)

    def think(self, text: str) -> None:
        """A piece of what the student thinks before it answers."""
        if text and not self.view.written:
            self._clock.stop()
            self._progress.hide()
            self._with_thought().append(text)

    def catch_up(self, text: str, thinking: str = "") -> None:
        """Everything written, and thought, so far, for a bubble made in the middle of an answer."""
        if thinking:
            self._with_thought().catch_up(thinking)
        if text != self.view.written:
            self.view.set_markdown("")
            self.append(text)
            self.view.flush()

    def show_progress(self, words: str = "") -> None:
        """What happens before the first word, and for how long already."""
        if self.view.written or self.thought is not None:
            return
        offered = len(self.message.sources)
        self._doing = words or self._doing
        words = self._doing or (f"Reading {count_words(offered, 'passage')}…" if offered else "Looking for passages…")
        seconds = time.time() - self.message.created
        self._progress.setText(f"{words} {duration(seconds)}" if seconds > 3 else words)
        self._progress.show()
        self.view.hide()
        self._clock.start()

    @Slot()
    def _on_clock(self) -> None:
        self.show_progress()

    def source(self, number: int) -> Source | None:
        """The source with this number; numbers of a message may have gaps."""
        return next((source for source in self.message.sources if source.n == number), None)

    # ---------------------------------------------------------------- showing a state
    def _show(self) -> None:
        message = self.message
        student = message.provenance.get("student")
        ended = message.state != "writing"
        self._author.setText("Your documents" if ended and student is None and message.text else "Student")
        self._model.setText(model_words(message))
        self._drop_parts()
        if not ended:
            if message.text or message.thinking:  # what is stored may be older than what is shown
                self.catch_up(self.view.written or message.text, message.thinking)
            self.show_progress()
            return
        self._clock.stop()
        self._progress.hide()
        if message.thinking.strip():
            self._with_thought().end(message.thinking, message.provenance.get("thought_ms"))
        noticed = message.provenance.get("noticed")
        if isinstance(noticed, list) and noticed:
            self._left_out = LeftOut([str(line) for line in noticed])
            self._content.insertWidget(1, self._left_out)
            self._left_out.show()
        marks = [
            SentenceMark(s.start, s.end, s.sources, unsupported=s.needs_support and not s.sources)
            for s in message.sentences
        ]
        self.view.set_markdown(message.text, marks, {source.n: chip_words(source) for source in message.sources})
        self.view.setVisible(bool(message.text))
        if any(mark.unsupported for mark in marks):
            self._legend = Legend()
            self._content.addWidget(self._legend)
            self._legend.show()
        self._show_ending()
        self._actions = self._action_row()
        self._content.addWidget(self._actions)
        self._actions.show()  # now, not when Qt comes round to it: nothing may jump after the answer's end

    def _with_thought(self) -> Thought:
        """The thought's line, above the answer."""
        if self.thought is None:
            self.thought = Thought()
            if self._width:
                self.thought.set_width(self._width)
            self._content.insertWidget(1, self.thought)
            self.thought.show()
        return self.thought

    def _drop_parts(self) -> None:
        for part in (self._left_out, self._notice, self._legend, self._actions, self._figures):
            if part is not None:
                self._content.removeWidget(part)
                part.hide()
                part.deleteLater()
        self._left_out = self._notice = self._legend = self._actions = self._figures = self._compare = None

    def _show_ending(self) -> None:
        message = self.message
        if message.provenance.get("not_found") and message.collections:
            self._show_notice("Only a part of your documents was searched.", "", "info", "Search everywhere")
            return
        if (mend := mend_of(message)) is not None:
            second = mend.second if not self._width or self._width >= theme.px(_TWO_BUTTONS) else ""
            self._show_notice(mend.title, "", "warn", mend.action, second)
            return
        shown = {
            "died": ("bad", "The student stopped unexpectedly", "Retry"),
            "failed": ("bad", "No answer could be written", "Retry"),
            "stopped": ("info", "Stopped. What was written is kept.", "Write it again"),
            "complete": ("info", message.problem, ""),
        }.get(message.state)
        # a quoted answer begins with it
        said = (
            not message.problem or message.provenance.get("student") is None or message.text.startswith(message.problem)
        )
        if shown is None or (message.state == "complete" and said):
            return
        kind, title, action = shown
        self._show_notice(title, message.problem if message.state in ("died", "failed") else "", kind, action)

    def _show_notice(self, title: str, text: str, kind: str, action: str, second: str = "") -> None:
        self._notice = Banner()
        self._content.addWidget(self._notice)
        self._notice.show_message(title, text, kind=kind, action=action, second=second)
        self._notice.acted.connect(self._on_notice)
        self._notice.acted_second.connect(lambda: self.mend.emit("students"))

    def _action_row(self) -> QWidget:
        copy = IconButton("copy", "Copy answer")
        copy.clicked.connect(self._on_copy)
        again = IconButton("refresh-cw", "Regenerate answer", "Regenerate answer (Ctrl+R)")
        again.clicked.connect(self._on_regenerate)
        saw = IconButton("eye", "What the model saw")
        saw.clicked.connect(self._on_seen)
        stats = label(stats_words(self.message), tokens.SMALL, cls="muted", wrap=True, tabular=True)
        stats.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        stats.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        rows = figure_rows(self.message.provenance)
        stats.setToolTip("\n".join(f"{name}: {value}" for name, value in rows))
        stats.setAccessibleDescription("Grounded: sentences that your documents support, of those that need support")
        switch = self._branches()
        parts: list[QWidget] = [copy, again, saw]
        if self.message.text and self.message.state == "complete":
            correct = IconButton("pencil", "Correct this answer")
            correct.clicked.connect(self._on_correct)
            parts.append(correct)
        if rows and self.message.provenance.get("student"):
            gauge = IconButton("gauge", "Figures of this answer", checkable=True)
            gauge.toggled.connect(self._on_figures)
            parts.append(gauge)
        self._compare = IconButton("layers", _COMPARE)
        self._compare.clicked.connect(self._on_compare)
        self.show_versions(self._versions)
        parts.append(self._compare)
        if self.message.provenance.get("version_uid"):
            card = IconButton("id-card", "Model card of who answered")
            card.clicked.connect(lambda: self.card.emit(self.message.id))
            parts.append(card)
        parts += [switch] if switch else []
        made = QWidget()
        made.setLayout(row(*parts, stats, gap=2))
        return made

    # ---------------------------------------------------------------- slots
    @Slot(int)
    def _on_cited(self, number: int) -> None:
        self.cited.emit(self.message.id, number)

    @Slot()
    def _on_copy(self) -> None:
        QGuiApplication.clipboard().setText(self.message.text)
        self.copied.emit("Answer copied")

    @Slot(bool)
    def _on_figures(self, shown: bool) -> None:
        if self._figures is None:
            self._figures = FigureTable(self.message.provenance)
            self._content.addWidget(self._figures)
        self._figures.setVisible(shown)

    @Slot()
    def _on_correct(self) -> None:
        self.correct.emit(self.message.id)

    @Slot()
    def _on_compare(self) -> None:
        self.compare.emit(self.message.id)

    @Slot()
    def _on_notice(self) -> None:
        if self.message.provenance.get("not_found"):
            self.everywhere.emit(self.message.id)
        elif (mend := mend_of(self.message)) is not None and mend.place:
            self.mend.emit(mend.place)
        else:
            self._on_regenerate()

    @Slot()
    def _on_regenerate(self) -> None:
        self.regenerate.emit(self.message.id)

    @Slot()
    def _on_seen(self) -> None:
        self.seen.emit(self.message.id)

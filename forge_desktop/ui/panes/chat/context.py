"""Keeps the context meter true: reads what the model saw last, and looks ahead while a question is typed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot

from forge_desktop.base.settings import SettingsFile
from forge_desktop.chat.filling import filling
from forge_desktop.chat.records import ChatMessage, SeenPrompt
from forge_desktop.ui.errands import Errands
from forge_desktop.ui.panes.chat.meter import ContextMeter, ContextPopup

if TYPE_CHECKING:
    from forge_desktop.chat import Chat

_KEY = "filling"


class ContextWatch(QObject):
    """Shows the filling after the last answer; `seen_wanted` carries that answer's id."""

    seen_wanted = Signal(int)

    def __init__(self, chat: Chat, settings: SettingsFile, errands: Errands, meter: ContextMeter) -> None:
        super().__init__(meter)
        self._chat, self._settings, self._errands, self._meter = chat, settings, errands, meter
        self._answer: ChatMessage | None = None
        self._seen: tuple[SeenPrompt, ChatMessage] | None = None  # the last prompt, and the answer to it
        self._draft = ""
        self._popup = ContextPopup(meter)
        self._popup.seen_wanted.connect(self._on_seen)
        meter.clicked.connect(self._on_clicked)

    def show_answer(self, answer: ChatMessage | None) -> None:
        """The last answer of the conversation; None when there is none."""
        if answer is not None and answer == self._answer:
            return
        same = (
            answer is not None and self._answer is not None and answer.conversation_id == self._answer.conversation_id
        )
        self._answer = answer
        if not same:
            self._seen = None
            self._show()
        if answer is None or answer.state == "writing":
            return

        def arrived(seen: SeenPrompt | None) -> None:
            if seen is not None:  # an answer without a student leaves the context as it was
                self._seen = (seen, answer)
            self._show()

        self._errands.run(lambda: self._chat.seen_prompt(answer.id), arrived, key=_KEY)

    def show_draft(self, text: str) -> None:
        """What is typed for the next question."""
        if abs(len(text) - len(self._draft)) >= 8 or not text:
            self._draft = text
            self._show()

    def _show(self) -> None:
        if self._seen is None:
            self._meter.show_filling(None)
            return
        (seen, answer), values = self._seen, self._settings.values
        sampling, tokens = answer.provenance.get("sampling"), answer.provenance.get("answer_tokens")
        longest = sampling.get("max_tokens") if isinstance(sampling, dict) else None
        self._meter.show_filling(
            filling(
                seen,
                tokens if isinstance(tokens, int) else 0,
                longest_answer=longest if isinstance(longest, int) else values.answer_tokens,
                draft=self._draft,
                summarise=values.long_conversations == "summarise",
            )
        )

    @Slot()
    def _on_clicked(self) -> None:
        if (shown := self._meter.filling()) is not None:
            self._popup.show_filling(shown, self._meter)

    @Slot()
    def _on_seen(self) -> None:
        if self._seen is not None:
            self.seen_wanted.emit(self._seen[1].id)

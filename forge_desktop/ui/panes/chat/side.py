"""The end panel: the sources of an answer, one of them opened, what the model saw, or the options."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QApplication, QFrame, QStackedWidget, QWidget

from forge_desktop.base.errors import ForgeError
from forge_desktop.chat.records import ChatMessage, SeenPrompt, Source
from forge_desktop.ui.errands import Errands
from forge_desktop.ui.panes.chat.options_panel import OptionsPanel
from forge_desktop.ui.panes.chat.seen import SeenPanel
from forge_desktop.ui.panes.chat.sources import SourcesPanel
from forge_desktop.ui.panes.chat.words import source_place
from forge_desktop.ui.reading import Place, SourceReader
from forge_desktop.ui.widgets.basics import column
from forge_desktop.ui.widgets.source_viewer import SourceViewer

if TYPE_CHECKING:
    from forge_desktop.chat import Chat
    from forge_desktop.corpus import Corpus

_NOTHING = "The passages an answer rests on are shown here, best first."
_LOOKING = "Looking for passages…"
_NONE_CHOSEN = "No passages were chosen for this answer."
_NO_MATCH = "No passage of your documents has anything to do with this question."
_NO_MATCH_THERE = "No passage of what was searched has anything to do with this question."


class Side(QFrame):
    """Sources by default; viewer and prompt come over them and go again. `mode_changed` when the width should."""

    mode_changed = Signal()
    copied = Signal(str)

    def __init__(self, corpus: Corpus, chat: Chat, errands: Errands, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("cls", "sideR")
        self._chat, self._errands = chat, errands
        self._answer: ChatMessage | None = None
        self.sources = SourcesPanel(corpus.matches)
        self.sources.opened.connect(self.open_source)
        self.viewer = SourceViewer()
        self.viewer.closed.connect(self.close_panel)
        self._reader = SourceReader(corpus, errands, self.viewer)
        self.seen = SeenPanel()
        self.seen.closed.connect(self.close_panel)
        self.seen.copied.connect(self.copied)
        self.options = OptionsPanel(chat.options, errands)
        self.options.closed.connect(self.close_panel)
        self._stack = QStackedWidget()
        for panel in (self.sources, self.viewer, self.seen, self.options):
            self._stack.addWidget(panel)
        self.setLayout(column(self._stack, gap=0))

    def show_answer(self, answer: ChatMessage | None, question: str, passages: int) -> None:
        """Whose sources the panel shows."""
        self._answer = answer
        if answer is None:
            nothing = _NOTHING
        elif answer.state == "writing":
            nothing = _LOOKING
        elif answer.state == "complete":
            nothing = _NO_MATCH_THERE if answer.collections else _NO_MATCH
        else:
            nothing = _NONE_CHOSEN
        ended = answer is not None and answer.state != "writing"
        self.sources.show_sources(answer.sources if answer else (), question, passages, nothing, ended=ended)

    @Slot(int)
    def open_source(self, number: int) -> None:
        """Open a source of the answer by its number; numbers may have gaps."""
        sources = self._answer.sources if self._answer else ()
        source = next((source for source in sources if source.n == number), None)
        if source is None:
            return
        self._show(self.viewer)
        self._reader.open(cited_place(source))
        self.viewer.focus_content()

    def show_seen(self, message_id: int, failed: Callable[[ForgeError], None]) -> None:
        """Show what the model saw for an answer."""

        def arrived(seen: SeenPrompt | None) -> None:
            if seen is None:
                failed(ForgeError("No model was asked for this answer.", hint="Its text is quoted from the sources."))
                return
            self.seen.show_prompt(seen)
            self._show(self.seen)

        self._errands.run(lambda: self._chat.seen_prompt(message_id), arrived, failed, key="seen")

    def show_options(self) -> None:
        """Show what shapes the answers of this conversation."""
        self.options.refresh()
        self._show(self.options)
        self.options.focus_content()

    def shows_options(self) -> bool:
        """Whether the options are what is open."""
        return self._stack.currentWidget() is self.options

    def is_wide(self) -> bool:
        """Whether something is open that needs more room than the cards."""
        return self._stack.currentWidget() is not self.sources

    def holds_focus(self) -> bool:
        """Whether the keyboard focus is in this panel."""
        focus = QApplication.focusWidget()
        return focus is not None and self.isAncestorOf(focus)

    @Slot()
    def close_panel(self) -> None:
        """Back to the sources."""
        self._reader.forget()
        self._show(self.sources)

    def show_sources_only(self) -> None:
        """Close what is open of an answer, for another conversation or question."""
        if self.is_wide() and not self.shows_options():
            self.close_panel()

    def _show(self, panel: QWidget) -> None:
        if self._stack.currentWidget() is not panel:
            self._stack.setCurrentWidget(panel)
            self.mode_changed.emit()


def cited_place(source: Source) -> Place:
    """Where a citation points."""
    return Place(
        source.path,
        source.document_sha256,
        source.start,
        source.end,
        source.page,
        source.first_line,
        source.quote,
        source_place(source),
    )

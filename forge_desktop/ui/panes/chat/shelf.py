"""The list of conversations kept true: read, searched, renamed, deleted with undo."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot

from forge_desktop.chat.records import Conversation
from forge_desktop.ui.errands import Errands
from forge_desktop.ui.panes.chat.conversations import ConversationList
from forge_desktop.ui.panes.chat.talk import Talk
from forge_desktop.ui.widgets.basics import Notice
from forge_desktop.ui.widgets.words import count_words

if TYPE_CHECKING:
    from forge_desktop.chat import Chat


class Shelf(QObject):
    """Between the chat room and the list. `open_wanted` carries a conversation's id, or None for a new one."""

    open_wanted = Signal(object)
    changed = Signal()
    noticed = Signal(object)
    failed = Signal(object)

    def __init__(self, chat: Chat, view: ConversationList, talk: Talk, errands: Errands, parent: QObject) -> None:
        super().__init__(parent)
        self._chat, self._view, self._talk, self._errands = chat, view, talk, errands
        self._rows: list[Conversation] = []
        view.renamed.connect(self._on_renamed)
        view.deleted.connect(self._on_deleted)
        view.searched.connect(self.read)

    def title(self) -> str:
        """The title of the open conversation; empty for a new one."""
        here = self._talk.conversation_id
        return next((found.title for found in self._rows if found.id == here), "")

    @Slot()
    @Slot(str)
    def read(self, _text: str = "") -> None:
        """Read the list anew, as far as the search field lets through."""
        text = self._view.field.text().strip()
        self._errands.run(lambda: self._chat.conversations(text), self._show, key="list")

    def _show(self, rows: list[Conversation]) -> None:
        self._rows = rows
        self._view.show_conversations(rows, self._talk.conversation_id)
        self.changed.emit()

    @Slot(int, str)
    def _on_renamed(self, conversation_id: int, title: str) -> None:
        self._errands.run(lambda: self._chat.rename(conversation_id, title), failed=self.failed.emit)

    @Slot(list)
    def _on_deleted(self, conversation_ids: list[int]) -> None:
        was_open = self._talk.conversation_id if self._talk.conversation_id in conversation_ids else None

        def deleted(token: int) -> None:
            words = f"{count_words(len(conversation_ids), 'conversation')} deleted"
            self.noticed.emit(Notice(words, lambda: self._restore(token, was_open), icon="trash-2"))

        if was_open is not None:
            self.open_wanted.emit(None)
        self._errands.run(lambda: self._chat.delete(conversation_ids), deleted, self.failed.emit)

    def _restore(self, token: int, conversation_id: int | None) -> None:
        def restored(_none: object) -> None:
            if conversation_id is not None and self._talk.conversation_id is None:
                self.open_wanted.emit(conversation_id)

        self._errands.run(lambda: self._chat.restore(token), restored, self.failed.emit)

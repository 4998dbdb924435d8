"""A Markdown text that is drawn part by part, and of which only what changed is drawn again."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent, QKeySequence, QTextBlock, QTextBlockFormat, QTextCursor, QTextTable

from forge_desktop.ui.widgets.markdown_source import parse
from forge_desktop.ui.widgets.markdown_view import MarkdownView
from forge_desktop.ui.widgets.markdown_writer import MarkdownWriter

if TYPE_CHECKING:
    from markdown_it.token import Token

Shaping = Callable[[Sequence["Token"]], Sequence["Token"]]
Fitting = Callable[[QTextTable], None]
_KEYS = QKeySequence.StandardKey
_WHOLE = (_KEYS.SelectAll, _KEYS.Copy, _KEYS.MoveToEndOfDocument, _KEYS.SelectEndOfDocument)


@functools.lru_cache(maxsize=128)
def read_part(text: str) -> tuple[Token, ...]:
    """The tokens of a part, which nobody changes; another thread may read them beforehand."""
    return tuple(parse(text))


@dataclass(frozen=True)
class _Start:
    """Where a part begins, and what has to be there again when it is written anew."""

    text: str
    position: int
    codes: int
    fresh: bool
    block: QTextBlockFormat


class PartedView(MarkdownView):
    """`shape` changes a part's tokens before they are written, `fit` each of its tables once they are.

    `whole_wanted` comes before a key that means the whole text, `leapt` with whether to its end, or to its beginning.
    """

    whole_wanted = Signal()
    leapt = Signal(bool)

    def __init__(self, shape: Shaping, fit: Fitting) -> None:
        super().__init__()
        self._shape, self._fit_table = shape, fit
        self._starts: list[_Start] = []
        self._fresh = True

    def parts(self) -> list[str]:
        """The texts that stand."""
        return [start.text for start in self._starts]

    def add(self, text: str) -> None:
        """Write one more part, whole blocks, behind the others."""
        cursor = QTextCursor(self.document())
        cursor.beginEditBlock()
        cursor.movePosition(QTextCursor.MoveOperation.End)
        self._starts.append(_Start(text, cursor.position(), len(self._codes), self._fresh, cursor.blockFormat()))
        writer = MarkdownWriter(cursor, self._codes, {}, complete=True, fresh=self._fresh)
        writer.write(self._shape(read_part(text)))
        self._fresh = writer.fresh
        for table in writer.tables:
            self._fit_table(table)
        cursor.endEditBlock()
        self._source += text

    def keep(self, count: int) -> None:
        """Take away every part but the first ones."""
        if count >= len(self._starts):
            return
        start = self._starts[count]
        cursor = QTextCursor(self.document())
        cursor.beginEditBlock()
        cursor.setPosition(start.position)
        cursor.movePosition(QTextCursor.MoveOperation.End, QTextCursor.MoveMode.KeepAnchor)
        cursor.removeSelectedText()
        if not cursor.block().text():  # Qt then leaves the format of the last block that was removed
            cursor.setBlockFormat(start.block)
        cursor.endEditBlock()
        del self._codes[start.codes :], self._starts[count:]
        self._fresh = start.fresh
        self._source = "".join(self.parts())

    def block_of(self, part: int, words: str) -> QTextBlock | None:
        """The first block of a part that begins with these words, else its first one; None while it does not stand."""
        if not 0 <= part < len(self._starts):
            return None
        document = self.document()
        end = self._starts[part + 1].position if part + 1 < len(self._starts) else document.characterCount()
        first = document.findBlock(self._starts[part].position)
        if not self._starts[part].fresh:
            first = first.next()
        block = first
        while words and block.isValid() and block.position() < end:
            if block.text().startswith(words):
                return block
            block = block.next()
        return first if first.isValid() else None

    def _draw_all(self) -> None:
        """All of it again: the theme or the size of letters changed."""
        parts = self.parts()
        self._starts.clear()
        self._codes.clear()
        self._source, self._fresh = "", True
        self.document().clear()
        for part in parts:
            self.add(part)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if any(event.matches(key) for key in _WHOLE):
            self.whole_wanted.emit()
        plain = event.modifiers() in (Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.KeypadModifier)
        for key, name, to_end in (
            (Qt.Key.Key_End, _KEYS.MoveToEndOfDocument, True),
            (Qt.Key.Key_Home, _KEYS.MoveToStartOfDocument, False),
        ):
            if event.matches(name) or (plain and event.key() == key):
                self.whole_wanted.emit()
                self.leapt.emit(to_end)
                return
        super().keyPressEvent(event)

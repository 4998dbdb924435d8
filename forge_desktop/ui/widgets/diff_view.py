"""Two texts in one: what was taken out is struck through, what was put in is underlined, each on its own ground."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Sequence

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QColor, QResizeEvent, QTextCharFormat, QTextCursor
from PySide6.QtWidgets import QFrame, QTextEdit

from forge_desktop.ui import theme, tokens

_WORDS = re.compile(r"\s+|\w+|[^\w\s]")
_MOST_WORDS = 3_000  # more are compared line by line: the comparison grows with the square
_LEAST_KEPT = 0.3  # of the longer text: with less, one text took the place of the other
Piece = tuple[str, str]  # "same", "out" or "in", and the text


def pieces(old: str, new: str) -> list[Piece]:
    """The way from one text to another, word by word."""
    parts = [_WORDS.findall(text) for text in (old, new)]
    if max(len(part) for part in parts) > _MOST_WORDS:
        parts = [text.splitlines(keepends=True) for text in (old, new)]
    found = list(_joined(_steps(*parts)))
    kept = sum(len(text) for what, text in found if what == "same")
    if kept < _LEAST_KEPT * max(len(old), len(new)):  # few words in common are chance, and hard to read
        return list(_flush(old, new))
    return found


def _steps(old: Sequence[str], new: Sequence[str]) -> Iterator[Piece]:
    matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
    for what, old_from, old_to, new_from, new_to in matcher.get_opcodes():
        if what == "equal":
            yield "same", "".join(old[old_from:old_to])
            continue
        if old_to > old_from:
            yield "out", "".join(old[old_from:old_to])
        if new_to > new_from:
            yield "in", "".join(new[new_from:new_to])


def _joined(steps: Iterator[Piece]) -> Iterator[Piece]:
    """Blanks between two changed words belong to the change: else a rewritten sentence looks like a zip."""
    kept: list[Piece] = list(steps)
    out, into = "", ""
    for place, (what, text) in enumerate(kept):
        between = what == "same" and text.isspace() and 0 < place < len(kept) - 1 and (out or into)
        if what == "same" and not between:
            yield from _flush(out, into)
            out = into = ""
            yield what, text
            continue
        out += text if what in ("out", "same") else ""
        into += text if what in ("in", "same") else ""
    yield from _flush(out, into)


def _flush(out: str, into: str) -> Iterator[Piece]:
    if out:
        yield "out", out
    if into:
        yield "in", into


class TextView(QTextEdit):
    """Plain text to read and copy, as tall as it is. Nothing in it is ever taken for markup."""

    def __init__(self, accessible_name: str) -> None:
        super().__init__()
        self.setProperty("cls", "bare")
        self.setReadOnly(True)
        self.setAcceptRichText(False)
        self.setAccessibleName(accessible_name)
        self.setFont(theme.font(tokens.TABLE))
        self.setTabChangesFocus(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setUndoRedoEnabled(False)
        self.document().setDocumentMargin(0)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)

    def show_text(self, text: str) -> None:
        """Show this."""
        self.setPlainText(text)
        self._fit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self._fit()

    def _fit(self) -> None:
        self.document().setTextWidth(max(40, self.viewport().width()))
        height = int(self.document().size().height()) + 4
        if height != self.height():
            self.setFixedHeight(height)


class DiffView(TextView):
    """Shows how one text became another."""

    def __init__(self, accessible_name: str) -> None:
        super().__init__(accessible_name)
        self._pieces: list[Piece] = []

    def show_texts(self, old: str, new: str) -> None:
        """Show the way from `old` to `new`."""
        self._pieces = pieces(old, new)
        out, into = (sum(len(text.split()) for what, text in self._pieces if what == kind) for kind in ("out", "in"))
        self.setAccessibleDescription(f"{out:,} words taken out, {into:,} put in")
        self._paint_texts()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and self._pieces:
            self._paint_texts()

    def _paint_texts(self) -> None:
        self.clear()
        cursor = QTextCursor(self.document())
        cursor.beginEditBlock()
        for what, text in self._pieces:
            if what == "in" and len(self._pieces) == 2 and self._pieces[0][0] == "out":
                cursor.insertText("\n\n", _look("same"))
            cursor.insertText(text, _look(what))
        cursor.endEditBlock()
        self._fit()


def _look(what: str) -> QTextCharFormat:
    now, look = theme.current(), QTextCharFormat()
    look.setForeground(QColor({"same": now.text, "out": now.bad, "in": now.ok}[what]))
    if what != "same":
        look.setBackground(QColor(now.bad_soft if what == "out" else now.ok_soft))
        look.setFontStrikeOut(what == "out")
        look.setFontUnderline(what == "in")
    return look

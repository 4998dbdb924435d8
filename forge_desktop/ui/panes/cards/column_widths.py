"""How wide the columns of a drawn table are: first as wide as their longest words, then as much as they say."""

from __future__ import annotations

import re

from PySide6.QtGui import QFontMetricsF, QTextDocument, QTextFormat, QTextLength, QTextTable

from forge_desktop.ui import theme

_PADDING = 24  # pixels around a word in its cell: its padding on both sides, and what rounding takes
_MUCH = 60  # signs from which on a cell counts no more
_FITTED = QTextFormat.Property.UserProperty.value + 1  # the width that a table was given its columns for
_WORD = re.compile(r"\S+?(?:[/-](?![0-9/-])|(?=\s)|$)")  # a line ends behind a hyphen, but not within a date


def fit_columns(document: QTextDocument, width: float) -> None:
    """Give every table's columns their shares of a width, so that words break only where they have to."""
    for frame in document.rootFrame().childFrames():
        if not isinstance(frame, QTextTable):
            continue
        shape = frame.format().toTableFormat()
        if shape.headerRowCount() and shape.intProperty(_FITTED) != int(width):
            _fit(frame, width)


def _fit(table: QTextTable, width: float) -> None:
    least, said = [], []
    for column in range(table.columns()):
        texts = [_text(table, row, column) for row in range(table.rows())]
        least.append(max(_longest_word(table, row, column, text) for row, text in enumerate(texts)))
        said.append(1 + min(_MUCH, max(len(text) for text in texts)))
    left = width - sum(least)
    wanted = (
        [part + left * much / sum(said) for part, much in zip(least, said, strict=True)]
        if left > 0
        else _cut(least, width)
    )
    shares = [QTextLength(QTextLength.Type.PercentageLength, 100 * part / sum(wanted)) for part in wanted]
    shape = table.format().toTableFormat()
    shape.setColumnWidthConstraints(shares)
    shape.setProperty(_FITTED, int(width))
    table.setFormat(shape)


def _longest_word(table: QTextTable, row: int, column: int, text: str) -> float:
    """What the widest word of a cell takes, in the letters that it is set in."""
    metrics = QFontMetricsF(table.cellAt(row, column).firstCursorPosition().block().charFormat().font())
    words = sorted(_WORD.findall(text), key=len)[-3:]  # the widest is among the longest
    return max((metrics.horizontalAdvance(word) for word in words), default=0.0) + theme.px(_PADDING)


def _cut(least: list[float], width: float) -> list[float]:
    """Widths that fit: the narrow columns keep theirs, the widest ones give way."""
    kept: dict[int, float] = {}
    left = width
    for place in sorted(range(len(least)), key=lambda place: least[place]):
        kept[place] = min(least[place], left / (len(least) - len(kept)))
        left -= kept[place]
    return [kept[place] for place in range(len(least))]


def _text(table: QTextTable, row: int, column: int) -> str:
    cell = table.cellAt(row, column)
    texts, block = [], cell.firstCursorPosition().block()
    while block.isValid() and block.position() <= cell.lastPosition():
        texts.append(block.text())
        block = block.next()
    return " ".join(texts)

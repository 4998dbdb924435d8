"""How wide the columns of a drawn table are: first as wide as their longest words, then as much as they say."""

from __future__ import annotations

import re
from collections.abc import Callable

from PySide6.QtGui import QFont, QFontMetricsF, QTextDocument, QTextLength, QTextTable

Measure = Callable[[QFont], QFontMetricsF]
_WORD = re.compile(r"\S+?(?:[/-](?![0-9/-])|(?=\s)|$)")  # a line ends behind a hyphen, but not within a date
_MUCH = 120  # signs from which on a cell counts no more
_MEASURES: dict[str, QFontMetricsF] = {}  # by font: a handful


def least_width(text: str, advance: Callable[[str], float], padding: float) -> float:
    """What the widest word of a cell takes, with the room around it."""
    words = sorted(_WORD.findall(text), key=len)[-3:]  # the widest is among the longest
    return max((advance(word) for word in words), default=0.0) + padding


def metrics(font: QFont) -> QFontMetricsF:
    """How wide letters are on a screen. For the window's thread."""
    key = font.key()
    if key not in _MEASURES:
        _MEASURES[key] = QFontMetricsF(font)
    return _MEASURES[key]


def headed_tables(document: QTextDocument) -> list[QTextTable]:
    """The tables of a text that have a head."""
    frames = document.rootFrame().childFrames()
    return [one for one in frames if isinstance(one, QTextTable) and one.format().toTableFormat().headerRowCount()]


def fit_table(table: QTextTable, width: float, *, padding: float, measure: Measure = metrics) -> None:
    """Give the columns of a table their shares of a width, so that words break only where they have to.

    `padding` is what stands around a word in its cell.
    """
    least, said = [], []
    for column in range(table.columns()):
        texts = [_text(table, row, column) for row in range(table.rows())]
        needs = (
            least_width(text, measure(_font(table, row, column)).horizontalAdvance, padding)
            for row, text in enumerate(texts)
        )
        least.append(max(needs))
        said.append(1 + sum(min(_MUCH, len(text)) for text in texts) / len(texts))
    left = width - sum(least)
    wanted = (
        [part + left * much / sum(said) for part, much in zip(least, said, strict=True)]
        if left > 0
        else _cut(least, width)
    )
    shares = [QTextLength(QTextLength.Type.PercentageLength, 100 * part / sum(wanted)) for part in wanted]
    shape = table.format().toTableFormat()
    shape.setColumnWidthConstraints(shares)
    table.setFormat(shape)


def _font(table: QTextTable, row: int, column: int) -> QFont:
    """The letters that a cell is set in."""
    cursor = table.cellAt(row, column).firstCursorPosition()
    cursor.setPosition(cursor.position() + 1)  # behind its first letter, whose look it tells
    return cursor.charFormat().font()


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

"""How wide the columns of a drawn table are: first as wide as their longest words, then as much as they say."""

from __future__ import annotations

from PySide6.QtGui import QFont, QFontMetricsF, QTextDocument, QTextFormat, QTextLength, QTextTable

from forge_desktop.ui.panes.cards.narrow_tables import least_width

_MUCH = 120  # signs from which on a cell counts no more
_FITTED = QTextFormat.Property.UserProperty.value + 1  # the width that a table was given its columns for
_MEASURES: dict[str, QFontMetricsF] = {}  # by font: a handful


def fit_columns(document: QTextDocument, width: float, behind: int = 0) -> None:
    """Give the columns of every table behind a position their shares, so that words break only where they have to."""
    for frame in document.rootFrame().childFrames():
        if not isinstance(frame, QTextTable) or frame.firstPosition() < behind:
            continue
        shape = frame.format().toTableFormat()
        if shape.headerRowCount() and shape.intProperty(_FITTED) != int(width):
            _fit(frame, width)


def _fit(table: QTextTable, width: float) -> None:
    least, said = [], []
    for column in range(table.columns()):
        texts = [_text(table, row, column) for row in range(table.rows())]
        least.append(max(_longest_word(table, row, column, text) for row, text in enumerate(texts)))
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
    shape.setProperty(_FITTED, int(width))
    table.setFormat(shape)


def _longest_word(table: QTextTable, row: int, column: int, text: str) -> float:
    """What the widest word of a cell takes, in the letters that it is set in."""
    font = table.cellAt(row, column).firstCursorPosition().block().charFormat().font()
    return least_width(text, _metrics(font).horizontalAdvance)


def _metrics(font: QFont) -> QFontMetricsF:
    key = font.key()
    if key not in _MEASURES:
        _MEASURES[key] = QFontMetricsF(font)
    return _MEASURES[key]


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

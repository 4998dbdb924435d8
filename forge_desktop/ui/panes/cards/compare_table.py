"""Cards side by side: a table by group, each figure with what it rests on, what is stale, and which is best."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QGridLayout, QLabel, QLayout, QSizePolicy, QWidget

from forge_desktop.cards.comparing.records import CardComparison, ComparedCard, ComparedRow, Figure, RowGroup
from forge_desktop.ui import theme, tokens
from forge_desktop.ui.panes.cards.words import KINDS
from forge_desktop.ui.widgets.basics import ElidedLabel, IconLabel, Pill, column, frame, label, row
from forge_desktop.ui.widgets.words import breakable, count_words, safe_words

GROUPS: dict[RowGroup, str] = {
    "fit": "Does it fit here?",
    "speed": "How fast is it?",
    "cost": "What does it cost?",
    "quality": "How good is it?",
}
_ORDER = {"higher": "more is better", "lower": "less is better", "": ""}
_NAMES, _COLUMN = 168, 96  # pixels for the names of the rows, and for a card at least
_NARROW = (104, 64)  # the same in a small window
_SHORT = 16  # letters that stand in one line even in a narrow column


def side_by_side(found: CardComparison, *, narrow: bool = False) -> list[QFrame]:
    """A frame for each group, all with the same columns."""
    made = []
    for group, title in GROUPS.items():
        rows = [line for line in found.rows if line.group == group]
        if rows:
            made.append(_group(title, found.cards, rows, narrow=narrow))
    return made


def heads(cards: Sequence[ComparedCard], *, narrow: bool = False) -> QFrame:
    """The names over the columns."""
    grid = _grid(len(cards), narrow=narrow)
    over_names = QWidget()  # without it the columns would begin where the names end, and not a gap later
    over_names.setFixedWidth(theme.px((_NARROW if narrow else (_NAMES, 0))[0]))
    grid.addWidget(over_names, 0, 0)
    for place, card in enumerate(cards, 1):
        name = ElidedLabel(safe_words(card.name), tokens.TABLE if narrow else tokens.BODY, 600)
        facts = [KINDS[card.kind], "on this computer" if card.local else "elsewhere"]
        if card.label and card.label != card.name:
            facts.insert(0, safe_words(card.label))
        about = ElidedLabel(" · ".join(facts), tokens.SMALL, cls="muted")
        for words in (name, about):  # else the longest name takes the room of the others
            words.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        lines: list[QWidget | QLayout] = [name, about]
        if card.stale:
            lines.append(_stale_head(card.stale, narrow=narrow))
        grid.addLayout(column(*lines, None, gap=2), 0, place)
    return frame("flow", grid)


def _stale_head(count: int, *, narrow: bool) -> QLayout:
    """How many values of a card are stale: a pill, or where four of them would widen the sheet, fewer words."""
    words = f"{count_words(count, 'value')} stale"
    if not narrow:
        return row(Pill(words, "warn", "clock", tokens.CAPTION), None)
    short = label(f"{count:,} stale", tokens.CAPTION, 600, "warn")
    short.setAccessibleName(words)
    short.setToolTip(words)
    return row(IconLabel("clock", 12, "warn"), short, None, gap=4)


def _group(title: str, cards: Sequence[ComparedCard], rows: Sequence[ComparedRow], *, narrow: bool) -> QFrame:
    grid = _grid(len(cards), narrow=narrow)
    for line, of in enumerate(rows):
        at = 2 * line
        if line:
            grid.addWidget(frame("line"), at - 1, 0, 1, len(cards) + 1)
        names: list[QWidget] = [label(breakable(safe_words(of.title)), tokens.TABLE, 600, wrap=True)]
        if _ORDER[of.better]:
            names.append(label(_ORDER[of.better], tokens.SMALL, cls="muted", wrap=True))
        if of.note:
            names.append(label(breakable(safe_words(of.note)), tokens.SMALL, cls="muted", wrap=True))
        named = QWidget()  # as wide in every group as over the columns, whatever stands in it
        named.setFixedWidth(theme.px((_NARROW if narrow else (_NAMES, 0))[0]))
        named.setLayout(column(*names, None, gap=1))
        grid.addWidget(named, at, 0)
        for place, (card, figure) in enumerate(zip(cards, of.figures, strict=True), 1):
            grid.addWidget(figure_cell(figure, f"{of.title}, {card.name}", narrow=narrow), at, place)
    return frame("card", column(label(title, tokens.BODY, 600), grid, gap=10, margins=(16, 12, 16, 14)))


def figure_cell(figure: Figure, name: str, *, narrow: bool = False) -> QWidget:
    """One figure: the value, whether it is best, what it rests on, what is stale, what to do where there is none."""
    known = not figure.missing
    text = figure.text or "—"
    short = len(text) < _SHORT and not narrow
    value = label(breakable(safe_words(text)), tokens.TABLE, 600 if figure.best else 400, wrap=not short)
    if not known:
        value.setProperty("cls", "muted")
    first: list[QWidget] = [value]
    best = Pill("Best", "ok", "check", tokens.CAPTION)
    if figure.best and not narrow:
        first.append(best)
    line = row(*first, *([None] if short else []), gap=6)
    line.setStretch(0, 0 if short else 1)
    lines: list[QWidget | QLayout] = []
    if figure.best and narrow:  # beside the value it would make this column wider than the others
        lines.append(row(best, None))
    if figure.beside:
        lines.append(_small(figure.beside))
    lines += [_small(words) for words in (figure.how, figure.missing) if words]
    made = QWidget()
    content = column(line, *lines, gap=1)
    if figure.stale:
        icon = IconLabel("clock", 12, "warn")
        stale = row(icon, _small(figure.stale, "warn"), gap=5)
        stale.setStretch(1, 1)
        stale.setAlignment(icon, Qt.AlignmentFlag.AlignTop)
        content.addLayout(stale)
    content.addStretch(1)
    made.setLayout(content)
    spoken = (f"{name}: {text}", "best" if figure.best else "", figure.stale)
    made.setAccessibleName(", ".join(filter(None, spoken)))
    return made


def _small(words: str, cls: str = "muted") -> QLabel:
    return label(breakable(safe_words(words)), tokens.CAPTION, cls=cls, wrap=True)


def _grid(cards: int, *, narrow: bool) -> QGridLayout:
    names, each = _NARROW if narrow else (_NAMES, _COLUMN)
    grid = QGridLayout()
    grid.setContentsMargins(0, 0, 0, 0)
    grid.setHorizontalSpacing(tokens.MD if narrow else tokens.LG)
    grid.setVerticalSpacing(8)
    grid.setColumnMinimumWidth(0, theme.px(names))
    for place in range(1, cards + 1):
        grid.setColumnStretch(place, 1)
        grid.setColumnMinimumWidth(place, theme.px(each))
    return grid

"""Tables that are too wide for the preview: where a value is from goes under it, a row of many columns into a line."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from forge_desktop.ui import theme, tokens
from forge_desktop.ui.widgets.column_widths import least_width, metrics

if TYPE_CHECKING:
    from markdown_it.token import Token

PADDING = 24  # pixels around a word in its cell: its padding on both sides, and what rounding takes
_ENDLESS = 0.55  # of the width, that a word is given which is longer than all of it
_SOURCE = "source"
_FACTS = ("value", _SOURCE)  # columns whose names say nothing beside what stands in them
_NOTHING = ("", '""')


def narrowed(parsed: Sequence[Token], width: float) -> list[Token]:
    """The tokens, with every table that breaks words at this width made narrower."""
    made: list[Token] = []
    at = 0
    while at < len(parsed):
        token = parsed[at]
        if token.type != "table_open":
            made.append(token)
            at += 1
            continue
        end = next(i for i in range(at, len(parsed)) if parsed[i].type == "table_close")
        made += _narrow(parsed[at : end + 1], width)
        at = end + 1
    return made


def _narrow(table: Sequence[Token], width: float) -> Sequence[Token]:
    rows = _rows(table)
    columns = max(len(row) for row in rows)
    least = _least(rows, columns, width)
    if sum(least) <= width:
        return table
    if columns == 3 and _text(rows[0][-1]).strip().lower() == _SOURCE and least[0] + max(least[1:]) <= width:
        return _folded(table)
    return _listed(table, rows)


def _rows(table: Sequence[Token]) -> list[list[Token]]:
    rows: list[list[Token]] = []
    for i, token in enumerate(table):
        if token.type == "tr_open":
            rows.append([])
        elif token.type in ("th_open", "td_open"):
            rows[-1].append(table[i + 1])
    return rows


def _least(rows: Sequence[Sequence[Token]], columns: int, width: float) -> list[float]:
    """What each column takes; a word that no column could hold, as a hash, counts as what it is broken to."""
    head, plain = (metrics(theme.font(tokens.TABLE, weight)).horizontalAdvance for weight in (600, 400))
    least = [0.0] * columns
    for number, row in enumerate(rows):
        for column, cell in enumerate(row):
            wanted = least_width(_text(cell), plain if number else head, theme.px(PADDING))
            least[column] = max(least[column], wanted if wanted <= width else _ENDLESS * width)
    return least


def _text(inline: Token) -> str:
    return "".join(child.content or (" " if child.type == "softbreak" else "") for child in inline.children or [])


def _folded(table: Sequence[Token]) -> list[Token]:
    """The third cell of each row as a line of its own in the second."""
    made: list[Token] = []
    place, inside = 0, False  # of a cell in its row, and whether it is the third
    for i, token in enumerate(table):
        if token.type == "tr_open":
            place = 0
        if token.type in ("th_open", "td_open"):
            place += 1
            inside = place == 3
        if inside:
            inside = token.type not in ("th_close", "td_close")
            continue
        if token.type == "inline" and place == 2 and (source := _third(table, i)):
            token = token.copy(children=[*(token.children or []), _token("hardbreak"), *_slanted(source)])
        made.append(token)
    return made


def _third(table: Sequence[Token], second: int) -> list[Token]:
    """What stands in the cell behind one, nothing when it is empty."""
    token = next((each for each in table[second + 1 :] if each.type in ("inline", "tr_close")), None)
    children = (token.children or []) if token is not None and token.type == "inline" else []
    return children if any(child.content.strip() for child in children) else []


def _listed(table: Sequence[Token], rows: Sequence[Sequence[Token]]) -> list[Token]:
    """Each row as a line: what it begins with, then what it says by name."""
    names = [_text(cell) for cell in rows[0]]
    made = [_token("bullet_list_open")]
    for row in rows[1:]:
        made += [_token("list_item_open"), _token("paragraph_open", hidden=True)]
        inline = _token("inline")
        inline.children = _line(names, row)
        made += [inline, _token("paragraph_close", hidden=True), _token("list_item_close")]
    return [*made, _token("bullet_list_close")]


def _line(names: Sequence[str], row: Sequence[Token]) -> list[Token]:
    made: list[Token] = []
    for name, cell in zip(names, row, strict=False):
        if _text(cell).strip() in _NOTHING:
            continue
        if not made:
            made += [_token("strong_open"), *(cell.children or []), _token("strong_close")]
        elif len(names) <= 3 and name.strip().lower() in _FACTS:
            said = cell.children or []
            made += [_token("hardbreak"), *(_slanted(said) if name.strip().lower() == _SOURCE else said)]
        else:
            made += [_words(f" · {name}: "), *(cell.children or [])]
    return made


def _slanted(children: Sequence[Token]) -> list[Token]:
    return [_token("em_open"), *children, _token("em_close")]


def _words(text: str) -> Token:
    made = _token("text")
    made.content = text
    return made


def _token(kind: str, *, hidden: bool = False) -> Token:
    from markdown_it.token import Token

    return Token(kind, "", 0, hidden=hidden)

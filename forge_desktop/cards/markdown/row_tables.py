"""Fields that are tables of their own: rows with columns, and facts as names with values."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from forge_desktop.base import money
from forge_desktop.base.directions import TURNING
from forge_desktop.base.errors import ForgeError
from forge_desktop.base.numbers import plain
from forge_desktop.cards.fields import ROWS, Field
from forge_desktop.cards.markdown import cells
from forge_desktop.cards.markdown.outline import Table

FACTS_HEADER = ("Name", "Value")
_INTERVALS = ("Interval", "Interval of the difference")  # of the value, or of what it differs by from a baseline
_TITLES = {"n": "n", "sha256": "sha256"}
_TO = " to "
_AMOUNTS = frozenset(
    ("value", "baseline", "difference", "low", "high", "share", "n", "rows", "train_rows", "validation_rows",
     "documents", "pairs")
)  # fmt: skip


def header_of(column: str) -> str:
    """A column's title; one that is not ours keeps its name as it is."""
    return _TITLES.get(column) or column.replace("_", " ").capitalize()


_COLUMNS = {key: {header_of(column): column for column in columns} for key, columns in ROWS.items()}


def lines(field: Field, data: object) -> list[str] | None:
    """The table that says `data`; None where it has no such form, and has to stand in JSON."""
    made = _facts_lines(data) if field.type == "facts" else _rows_lines(field, data)
    if made is None:
        return None
    held = tuple(tuple(cells.split(line)) for line in made[2:])
    back = understood(field, Table(0, len(made), tuple(cells.split(made[0])), held))
    return made if back is not None and repr(_ordered(back)) == repr(_ordered(data)) else None


def in_place(field: Field, table: Table, there: Sequence[str], new: list[str]) -> list[str]:
    """A table's lines in which a row that says what one says already is left as somebody wrote it."""
    if not new or tuple(cells.split(new[0])) != table.header or len(there) != len(table.rows) + 2:
        return new
    known: dict[str, list[str]] = {}
    for row, line in zip(table.rows, there[2:], strict=True):
        known.setdefault(_said(field, table, row), []).append(line)
    made = list(there[:2])
    for line in new[2:]:
        same = known.get(_said(field, table, tuple(cells.split(line))))
        made.append(same.pop(0) if same else line)
    return made


def _said(field: Field, table: Table, row: tuple[str, ...]) -> str:
    return repr(_ordered(understood(field, Table(0, 3, table.header, (row,)))))


def is_ours(field: Field, table: Table) -> bool:
    """Whether a table says this field: every column is one of its own."""
    if field.type == "facts":
        return table.header == FACTS_HEADER
    known = _COLUMNS[field.key]
    plain = [name for name in table.header if not (name.startswith("`") or name in _INTERVALS)]
    return bool(plain) and all(name in known for name in plain)


def understood(field: Field, table: Table) -> object:
    """What a table of a field says."""
    if field.type == "facts":
        return {
            cells.unescaped(row[0]): cells.decoded(cells.unescaped(row[1]))
            for row in table.rows
            if len(row) > 1 and row[0]
        }
    found = []
    for row in table.rows:
        said: dict[str, object] = {}
        for name, cell in zip(table.header, row, strict=False):
            if cell:
                said.update(_cell_values(field, name, cells.unescaped(cell)))
        found.append(said)
    return found


def _facts_lines(data: object) -> list[str] | None:
    if not isinstance(data, dict) or not data or any(TURNING.search(str(name)) for name in data):
        return None
    return [
        *_head(FACTS_HEADER),
        *(
            cells.joined([cells.escaped(str(name)), cells.escaped(cells.encoded(value))])
            for name, value in data.items()
        ),
    ]


def _rows_lines(field: Field, data: object) -> list[str] | None:
    if not isinstance(data, list) or not data or not all(isinstance(row, dict) and row for row in data):
        return None
    names = _headers(field, data)
    return [*_head(names), *(cells.joined([_cell(field, name, row) for name in names]) for row in data)]


def _headers(field: Field, rows: Sequence[dict[str, object]]) -> list[str]:
    used = {column for row in rows for column in row}
    both = all(("low" in row) == ("high" in row) for row in rows) and "low" in used and field.key == "evaluation"
    titles = []
    for column in ROWS[field.key]:
        if column in used and not (both and column in ("low", "high")):
            titles.append(header_of(column))
        if both and column == "high":
            titles.append(_INTERVALS["difference" in used])
    unknown = [column for column in dict.fromkeys(c for row in rows for c in row) if column not in ROWS[field.key]]
    return titles + [f"`{cells.escaped(column)}`" for column in unknown]


def _cell(field: Field, name: str, row: dict[str, object]) -> str:
    if name in _INTERVALS:
        return f"{cells.encoded(row['low'])}{_TO}{cells.encoded(row['high'])}" if "low" in row else ""
    column = _column(field, name)
    if column not in row:
        return ""
    value = row[column]
    if column == "cost" and isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return f"{money.exact(value)} USD"
    return cells.escaped(cells.encoded(value))


def _column(field: Field, name: str) -> str:
    return _COLUMNS[field.key].get(name) or cells.unescaped(name.strip("`"))


def _cell_values(field: Field, name: str, text: str) -> dict[str, object]:
    if name in _INTERVALS:
        low, _, high = text.partition(_TO)
        return {"low": _amount(low), "high": _amount(high)}
    column = _column(field, name)
    if column == "cost" and text.endswith(" USD"):
        try:
            return {column: money.parse_usd(text)}
        except ForgeError:
            return {column: text}
    return {column: _amount(text) if column in _AMOUNTS else cells.decoded(text)}


def _amount(text: str) -> object:
    """A number as people write it in a table, "1,250" too; what is none as it is."""
    read = cells.decoded(text)
    return cells.decoded(plain(text, grouped=True)) if read == text else read


def _head(names: Iterable[str]) -> list[str]:
    names = list(names)
    return [cells.joined(names), "|" + "---|" * len(names)]


def _ordered(value: object) -> object:
    """A value without the order of a row's columns, which a table does not keep."""
    if isinstance(value, list):
        return [dict(sorted(row.items())) if isinstance(row, dict) else row for row in value]
    return value

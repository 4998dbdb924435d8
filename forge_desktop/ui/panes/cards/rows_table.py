"""A field that is a table: its rows in a window of their own, added, changed and taken away through a sheet."""

from __future__ import annotations

import array
import re
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QFontMetrics, QKeyEvent
from PySide6.QtWidgets import QWidget

from forge_desktop.base.money import shown as money_words
from forge_desktop.cards.fields import ROWS, Field
from forge_desktop.cards.told_beside import in_words
from forge_desktop.ui import theme, tokens
from forge_desktop.ui.panes.cards.inputs import Input, fact_words
from forge_desktop.ui.panes.cards.row_sheet import RowSheet, column_words
from forge_desktop.ui.panes.cards.words import number_words
from forge_desktop.ui.widgets.basics import Button, ElidedLabel, column, label, row
from forge_desktop.ui.widgets.row_delegate import ROW_HEIGHT
from forge_desktop.ui.widgets.windowed_table import Column, WindowedTable
from forge_desktop.ui.widgets.words import count_words, safe_words

_MEASURED, _WIDEST, _PADDING = 200, 230, 24  # rows that a column's width is of; its most, and around the words
_HEADS = {"difference": "Change"}
_SEED = re.compile(r"\bseed (\d+)")
_MOST_ROWS = 8  # shown at once; more scroll
_RIGHT = frozenset(
    {"value", "n", "baseline", "difference", "rows", "train_rows", "validation_rows", "documents", "pairs", "share"}
    | {"cost"}
)
_SHOWN: dict[str, tuple[tuple[str, int, int], ...]] = {
    # column, width, and in which order it gives way where there is little room
    "evaluation": (
        ("metric", 112, 0), ("dataset", 96, 1), ("baseline", 84, 3), ("value", 84, 0), ("difference", 176, 2),
        ("n", 52, 4),
    ),
    "training_data": (
        ("name", 190, 0), ("rows", 80, 0), ("train_rows", 84, 1), ("validation_rows", 96, 2), ("documents", 100, 3),
    ),
    "teachers": (("name", 190, 0), ("pairs", 80, 0), ("share", 80, 1), ("cost", 90, 2), ("may_train", 96, 3)),
}  # fmt: skip


def cell_words(key: str, line: Mapping[str, Any]) -> str:
    """What stands in a cell."""
    said = line.get(key)
    if said is None or said == "":
        return "—"
    if key == "cost" and isinstance(said, int):
        return money_words(said)
    if key == "share" and isinstance(said, int | float):
        return f"{said:.0%}"
    if key == "difference" and isinstance(said, int | float):
        low, high = line.get("low"), line.get("high")
        if isinstance(low, int | float) and isinstance(high, int | float):
            mean, least, most = _signed(said, low, high)
            return f"{mean} ({least} to {most})"
        return _signed(said)[0]
    if isinstance(said, int | float) and not isinstance(said, bool):
        words = number_words(said)
        unit = line.get("unit")
        return f"{words} {unit}" if key in ("value", "baseline") and unit not in (None, "", "share") else words
    return safe_words(fact_words(said))


def _signed(*numbers: float) -> list[str]:
    """Numbers with their signs and as many places each, two at least: as many as show that one is not zero."""
    places = next((n for n in (2, 3) if all(not each or abs(each) >= 0.5 * 10**-n for each in numbers)), 0)
    return [f"{each:+,.{places}f}" if places else f"{each:+.3g}" for each in numbers]


class _Rows(WindowedTable):
    """Enter opens a row, Delete takes it away."""

    opened = Signal()
    deleted = Signal()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.opened.emit()
        elif event.key() == Qt.Key.Key_Delete:
            self.deleted.emit()
        else:
            super().keyPressEvent(event)


class RowsInput(Input):
    """The rows of a field, and three buttons."""

    def __init__(self, field: Field) -> None:
        super().__init__(field)
        self._lines: list[dict[str, Any]] = []
        self._locked = False
        columns = [
            Column(
                _HEADS.get(key, column_words(key)),
                partial(cell_words, key),
                width=width,
                right=key in _RIGHT,
                stretch=place == 0,
                yields=yields,
                tip=_tip if place == 0 else None,
            )
            for place, (key, width, yields) in enumerate(_SHOWN[field.key])
        ]
        self.table = _Rows(columns, lambda ids: [self._lines[n] for n in ids], field.title)
        header = self.table.horizontalHeader()
        header.setSectionsClickable(False)
        header.setSortIndicatorShown(False)
        self.table.opened.connect(self._on_edit)
        self.table.deleted.connect(self._on_remove)
        self.table.doubleClicked.connect(lambda _index: self._on_edit())
        self.table.selection_changed.connect(self._refresh)
        self._about = ElidedLabel("", tokens.SMALL, cls="muted")
        self._count = label("", cls="muted", size=12)
        self.add = Button("Add a row", "plus", "pill")
        self.edit = Button("Edit", "pencil", "pill")
        self.remove = Button("Remove", "trash-2", "pill")
        for button, slot in ((self.add, self._on_add), (self.edit, self._on_edit), (self.remove, self._on_remove)):
            button.setAccessibleName(f"{field.title}: {button.text().lower()}")
            button.clicked.connect(slot)
        self.setLayout(
            column(self._about, self.table, row(self._count, None, self.add, self.edit, self.remove, gap=6), gap=6)
        )
        self._fit()

    def value(self) -> tuple[object, str]:
        return [dict(line) for line in self._lines] or None, ""

    def shows(self, data: object, unit: str) -> None:
        wanted = [dict(line) for line in data if isinstance(line, Mapping)] if isinstance(data, Sequence) else []
        if wanted != self._lines:
            self._lines = wanted
            self._fit()

    def parts(self) -> list[QWidget]:
        return [self.table, self.add, self.edit, self.remove]

    def lead(self) -> QWidget:
        return self.table if self._lines else self.add

    def lock(self, *, locked: bool) -> None:
        self._locked = locked
        self._refresh()

    def _fit(self) -> None:
        self.table.show_ids(array.array("q", range(len(self._lines))))
        self._about.setText(rows_about(self._lines) if self.field.key == "evaluation" else "")
        self._about.setVisible(bool(self._about.whole_text()))
        self._widen()
        shown = min(_MOST_ROWS, len(self._lines))
        self.table.setVisible(bool(shown))
        self.table.setFixedHeight(theme.px(36) + shown * theme.px(ROW_HEIGHT) + 2)
        self._count.setText(count_words(len(self._lines), "row") if self._lines else "No rows yet")
        self._refresh()

    def _widen(self) -> None:
        """Make each column as wide as what stands in it."""
        metrics = QFontMetrics(theme.font(tokens.TABLE, 600, tabular=True))
        for place, shown in enumerate(self.table.rows.columns):
            key = _SHOWN[self.field.key][place][0]
            words = [shown.title, *(cell_words(key, line) for line in self._lines[:_MEASURED])]
            wide = max(metrics.horizontalAdvance(text) for text in words) + theme.px(_PADDING)
            if not shown.stretch and not self.table.isColumnHidden(place):
                self.table.setColumnWidth(place, min(theme.px(_WIDEST), max(theme.px(52), wide)))
        self.table.make_room()

    @Slot()
    def _refresh(self) -> None:
        chosen = len(self.table.selected_ids())
        self.add.setVisible(not self._locked)
        self.edit.setVisible(bool(self._lines))
        self.edit.setText("Look" if self._locked else "Edit")
        self.remove.setVisible(bool(self._lines) and not self._locked)
        self.edit.setEnabled(chosen == 1)
        self.remove.setEnabled(chosen > 0)

    @Slot()
    def _on_add(self) -> None:
        sheet = RowSheet(self.field.title, ROWS[self.field.key], {}, self.window())
        sheet.made.connect(self._take)
        sheet.open()

    @Slot()
    def _on_edit(self) -> None:
        chosen = self.table.selected_ids()
        if len(chosen) == 1:
            place = chosen[0]
            sheet = RowSheet(
                self.field.title, ROWS[self.field.key], self._lines[place], self.window(), locked=self._locked
            )
            sheet.made.connect(partial(self._take, place=place))
            sheet.open()

    @Slot()
    def _on_remove(self) -> None:
        if gone := set() if self._locked else set(self.table.selected_ids()):
            self._lines = [line for n, line in enumerate(self._lines) if n not in gone]
            self._fit()
            (self.table if self._lines else self.add).setFocus(Qt.FocusReason.TabFocusReason)
            self.changed.emit()

    def _take(self, line: dict[str, Any], place: int = -1) -> None:
        lines = list(self._lines)
        if place < 0:
            place = len(lines)
            lines.append(line)
        else:
            lines[place] = line
        self._lines = lines
        self._fit()
        self.table.select_id(place)
        self.table.setFocus(Qt.FocusReason.TabFocusReason)
        self.changed.emit()


def rows_about(lines: Sequence[Mapping[str, Any]]) -> str:
    """What the results have in common: on which suites, on how many questions, with which seed."""
    suites = list(dict.fromkeys(safe_words(str(line["dataset"])) for line in lines if line.get("dataset")))
    counts = sorted({line["n"] for line in lines if isinstance(line.get("n"), int)})
    seeds = {found[1] for line in lines if (found := _SEED.search(str(line.get("config", ""))))}
    parts = [", ".join(suites[:3]) + (f" and {len(suites) - 3} more" if len(suites) > 3 else "")]
    if counts:
        many = f"{counts[0]:,}" if len(counts) == 1 else f"{counts[0]:,} to {counts[-1]:,}"
        parts.append("1 question" if counts == [1] else f"{many} questions")
    parts += [f"seed {next(iter(seeds))}"] if len(seeds) == 1 else []
    return " · ".join(filter(None, parts))


def _tip(line: Mapping[str, Any]) -> str:
    return "\n".join(
        f"{column_words(key)}: {safe_words(fact_words(said))}" for key, said in in_words(line).items() if said != ""
    )

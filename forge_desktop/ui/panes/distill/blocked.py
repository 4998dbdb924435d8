"""What is held back from training: duplicates and pairs that a suite has, each beside what it resembles."""

from __future__ import annotations

import array
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QScrollArea, QStackedWidget, QWidget

from forge_desktop.base.errors import ForgeError
from forge_desktop.distill.records_pairs import PairRow, PairWish, Similar
from forge_desktop.ui import theme, tokens
from forge_desktop.ui.errands import Errands
from forge_desktop.ui.panes.distill.columns import any_text, one_line
from forge_desktop.ui.widgets.basics import Banner, Button, ElidedLabel, EmptyState, Notice, column, frame, label, row
from forge_desktop.ui.widgets.diff_view import DiffView, TextView
from forge_desktop.ui.widgets.segments import Segments
from forge_desktop.ui.widgets.windowed_table import Column, WindowedTable
from forge_desktop.ui.widgets.words import count_words, safe_words

if TYPE_CHECKING:
    from forge_desktop.forge import Forge

_SORTS = (
    ("duplicates", "Duplicates"),
    ("leaks", "Held by suites"),
    ("changed", "Source changed"),
    ("gone", "Source gone"),
)
_WORDS = {
    "changed": (
        "Its source changed",
        "A document it rests on says something else now, where this pair quotes it. Hold the answer against it: drop "
        "the pair where it is out of date, and let its task be asked again. Where it still holds, it may stay.",
    ),
    "gone": (
        "Its source is gone",
        "A document it rests on is not in the index any more, so that nobody can check the quote. Add its folder again "
        "in Corpus and check the sources, or drop the pair. It trains until then.",
    ),
}
_RESEMBLED = ("What it resembled is gone", "The other pair was dropped or removed. Keep this one all the same.")
_MOST = 2_000  # rows that are listed; the count says how many there are
_NARROW = 900


def _pill(found: PairRow) -> tuple[str, str, str]:
    if found.leaks:
        return "In a suite", "warn", "shield-check"
    if found.duplicate_of:
        return "Duplicate", "mute", "copy"
    return ("Changed", "warn", "triangle-alert") if found.source == "changed" else ("Gone", "bad", "file-x")


_COLUMNS = (
    Column("Pair", lambda p: one_line(p.prompt), width=320, stretch=True, tip=lambda p: one_line(p.prompt)),
    Column("Why", lambda p: _pill(p)[0], width=130, pill=_pill),
    Column("Alike", lambda p: "—" if p.similarity is None else f"{p.similarity:.2f}", width=80, right=True, yields=2),
    Column("Found by", lambda p: safe_words(p.method) or "—", width=120, yields=3),
    Column("Quality", lambda p: f"{p.score:.2f}", width=120, meter=lambda p: p.score, yields=1),
)


class BlockedView(QWidget):
    """`notice` carries a Notice."""

    notice = Signal(object)

    def __init__(self, forge: Forge, errands: Errands) -> None:
        super().__init__()
        self._pairs, self._errands = forge.distill.pairs, errands
        self.rows: Sequence[PairRow] = ()
        self._chosen = ""
        self.segments = Segments(_SORTS, "What is held back")
        self.segments.chosen.connect(self._on_sort)
        self.count = label("", tokens.SMALL, cls="muted")
        self.problem = Banner()
        self.table = WindowedTable(_COLUMNS, lambda ids: [self.rows[at] for at in ids], "Pairs held back")
        self.table.horizontalHeader().setSortIndicatorShown(False)
        self.table.selection_changed.connect(self._on_selected)
        self._none = EmptyState("circle-check", "Nothing is held back here", "")
        self._tables = QStackedWidget()
        self._tables.addWidget(self.table)
        self._tables.addWidget(self._none)
        self.beside = _Beside()
        self.beside.keep_pressed.connect(self._on_keep)
        self.beside.drop_pressed.connect(self._on_drop)
        self.beside.hide()
        head = row(self.segments, None, self.count)
        body = column(head, self.problem, self._tables, self.beside, gap=tokens.MD, margins=(tokens.XL, 14, 20, 14))
        body.setStretch(2, 3)
        body.setStretch(3, 4)
        self.setLayout(body)

    def refresh(self) -> None:
        """Read the list again."""
        wish, pairs = self._wish(), self._pairs

        def work() -> tuple[int, Sequence[PairRow]]:
            return pairs.count(wish), pairs.window(0, _MOST, wish)

        self._errands.run(
            work, lambda found: self._show(*found), self.problem.show_error, key="held back", lane="pairs"
        )

    def _wish(self) -> PairWish:
        key = self.segments.key()
        if key == "leaks":
            return PairWish(leaking=True)
        return PairWish(duplicates=True) if key == "duplicates" else PairWish(source=key)

    def _show(self, count: int, rows: Sequence[PairRow]) -> None:
        same = [row.uid for row in rows] == [row.uid for row in self.rows]
        self.rows = rows
        if not same:
            self.table.rows.set_ids(_numbers(0))
        self.table.show_ids(_numbers(len(rows)))
        self._tables.setCurrentWidget(self.table if rows else self._none)
        listed = f", the first {len(rows):,} are listed" if count > len(rows) else ""
        self.count.setText(f"{count_words(count, 'pair')}{listed}" if count else "")
        place = next((at for at, row in enumerate(rows) if row.uid == self._chosen), None)
        if place is None:
            self._chosen = ""
            self.beside.hide()
        elif not same:
            self.table.select_id(place)

    @Slot()
    def _on_sort(self) -> None:
        self._chosen = ""
        self.beside.hide()
        self.refresh()

    @Slot()
    def _on_selected(self) -> None:
        ids = self.table.selected_ids()
        if not ids or ids[0] >= len(self.rows):
            return
        chosen, pairs = self.rows[ids[0]], self._pairs
        self._chosen = chosen.uid
        self._errands.run(
            lambda: pairs.similar(chosen.uid),
            lambda found: self._show_beside(chosen, found),
            self.problem.show_error,
            key="alike",
            lane="pairs",
        )

    def _show_beside(self, chosen: PairRow, found: Sequence[Similar]) -> None:
        other = next((one for one in found if one.uid == chosen.duplicate_of), None) if chosen.duplicate_of else None
        self.beside.show_pair(chosen, other or (found[0] if found else None))
        self.beside.show()

    @Slot()
    def _on_keep(self) -> None:
        uid = self._chosen
        self._do(lambda: self._pairs.keep_all_the_same(uid), "Kept all the same.")

    @Slot()
    def _on_drop(self) -> None:
        uid, pairs = self._chosen, self._pairs
        self._do(lambda: pairs.drop([uid]), "Dropped the pair.", lambda: self._take_back(uid))

    def _take_back(self, uid: str) -> None:
        self._errands.run(lambda: self._pairs.restore([uid]), failed=self.problem.show_error, lane="pairs")

    def _do(self, work: Callable[[], object], words: str, undo: Callable[[], None] | None = None) -> None:
        def told(_: object) -> None:
            self.notice.emit(Notice(words, undo=undo))
            self.refresh()

        def failed(error: ForgeError) -> None:
            self.problem.show_error(error)

        self._errands.run(work, told, failed, lane="pairs")


class _Beside(QWidget):
    """A pair and what it resembles, side by side."""

    keep_pressed = Signal()
    drop_pressed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._names = [ElidedLabel("", tokens.SMALL, 600, "muted") for _ in range(2)]
        self._prompts = [TextView(name) for name in ("Question of the pair", "Question it resembles")]
        self._answer, self._other = TextView("Answer of the pair"), DiffView("Answer it resembles, compared")
        self.keep = Button("Keep all the same")
        self.keep.setToolTip("Let this duplicate train too")
        self.keep.clicked.connect(self.keep_pressed)
        self.drop = Button("Drop the pair", "trash-2")
        self.drop.clicked.connect(self.drop_pressed)
        sides = []
        for name, prompt, answer in zip(self._names, self._prompts, (self._answer, self._other), strict=True):
            prompt.setFont(theme.font(tokens.TABLE, 600))
            inside = QWidget()
            inside.setProperty("cls", "flow")
            inside.setLayout(column(prompt, answer, None, gap=8, margins=(14, 4, 10, 10)))
            area = QScrollArea()
            area.setAccessibleName(prompt.accessibleName())
            area.setWidgetResizable(True)
            area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
            area.setWidget(inside)
            head = row(name, margins=(14, 8, 10, 0))
            sides.append(frame("card", column(head, area, gap=2, margins=(0, 0, 2, 4))))
        self._pair = row(*sides, gap=tokens.MD)
        for place in range(2):
            self._pair.setStretch(place, 1)
        layout = column(self._pair, row(None, self.drop, self.keep), gap=tokens.SM)
        layout.setStretch(0, 1)
        self.setLayout(layout)

    def _tell_source(self, chosen: PairRow) -> None:
        """Beside a pair that resembles nothing: what became of its source, and what can be done."""
        name, words = _RESEMBLED if chosen.duplicate_of else _WORDS.get(chosen.source, ("", ""))
        self._names[1].setText(name)
        self._prompts[1].show_text(words)
        self._other.show_texts("", "")

    def show_pair(self, chosen: PairRow, other: Similar | None) -> None:
        """Show a pair and what it resembles (None: nothing is known of it any more)."""
        self._names[0].setText("This pair")
        self._prompts[0].show_text(any_text(chosen.prompt))
        self._answer.show_text(any_text(chosen.final))
        if other is None:
            self._tell_source(chosen)
        else:
            where = f"Suite {safe_words(other.suite)}" if other.suite else "Another pair"
            self._names[1].setText(f"{where} · {other.similarity:.2f} alike, by {safe_words(other.method)}")
            self._prompts[1].show_text(any_text(other.prompt))
            self._other.show_texts(any_text(chosen.final), any_text(other.final))
        self.keep.setVisible(bool(chosen.duplicate_of) and not chosen.leaks)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        narrow = self.width() < theme.px(_NARROW) and self.height() > theme.px(420)
        directions = QBoxLayout.Direction
        self._pair.setDirection(directions.TopToBottom if narrow else directions.LeftToRight)


def _numbers(count: int) -> array.array[int]:
    return array.array("q", range(count))

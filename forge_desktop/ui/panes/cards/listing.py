"""The list of cards, by what they are about: how complete each is, whether it is published, what of it is stale."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRectF, QSize, Qt, Signal, Slot
from PySide6.QtGui import QColor, QFont, QFontMetrics, QKeyEvent, QPainter
from PySide6.QtWidgets import QFrame, QListView, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from forge_desktop.cards.records import CardEntry
from forge_desktop.ui import theme, tokens
from forge_desktop.ui.panes.cards.words import GROUPS, ORPHANS, entry_facts, entry_mark
from forge_desktop.ui.widgets.basics import EmptyState, column, draw_pill, frame, label, pill_width, row, search_field
from forge_desktop.ui.widgets.keyed_list import KeyedModel, Said, draw_card
from forge_desktop.ui.widgets.words import count_words, isolated, moment_words, own_direction, safe_words

_Index = QModelIndex | QPersistentModelIndex
_METER, _NUMBER = 120, 44


@dataclass(frozen=True)
class Row:
    """A card, or the heading of a group of them where `entry` is None."""

    title: str
    entry: CardEntry | None = None


def rows_of(entries: Sequence[CardEntry], wanted: str) -> list[Row]:
    """The rows of a list: headings with their cards, as far as these contain what was typed."""
    found = [entry for entry in entries if fits(entry, wanted)]
    made: list[Row] = []
    for kind, title in GROUPS.items():
        here = [entry for entry in found if entry.kind == kind and not entry.orphan]
        made += [Row(title), *(Row(entry.name, entry) for entry in here)] if here else []
    if left := [entry for entry in found if entry.orphan]:
        made += [Row(ORPHANS), *(Row(entry.name, entry) for entry in left)]
    return made


def fits(entry: CardEntry, wanted: str) -> bool:
    """Whether every word that was typed stands in what is said of a card."""
    state = entry_mark(entry)[0]
    said = " ".join((entry.name, entry.label, GROUPS[entry.kind], state, "stale" if entry.stale else "")).casefold()
    return all(word in said for word in wanted.casefold().split())


def share(entry: CardEntry) -> float:
    """How complete a card is, from 0 to 1."""
    return entry.filled / entry.required if entry.required else 1.0


def _said(line: Row) -> Said:
    if line.entry is None:
        return Said(line.title, line.title)
    spoken = (line.title, entry_mark(line.entry)[0], entry_facts(line.entry), f"{int(100 * share(line.entry))}%")
    return Said(line.title, ", ".join(spoken), safe_words(line.title))


class _Rows(KeyedModel[Row]):
    """Headings cannot be chosen."""

    def flags(self, index: _Index) -> Qt.ItemFlag:
        line = index.data(Qt.ItemDataRole.UserRole)
        if line is None or line.entry is None:
            return Qt.ItemFlag.NoItemFlags  # the arrow keys go past it
        return super().flags(index)


class _Delegate(QStyledItemDelegate):
    """A heading, or name and facts, with meter and pill at the end."""

    def sizeHint(self, option: QStyleOptionViewItem, index: _Index) -> QSize:
        line: Row = index.data(Qt.ItemDataRole.UserRole)
        return QSize(theme.px(200), theme.px(38 if line.entry is None else 60))

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        line: Row = index.data(Qt.ItemDataRole.UserRole)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if line.entry is None:
            area = QRectF(option.rect).adjusted(20, 10, -20, 0)
            _words(painter, area, line.title, theme.font(tokens.SMALL, 600), theme.current().muted)
        else:
            self._draw(painter, draw_card(painter, option), line.entry)
        painter.restore()

    def _draw(self, painter: QPainter, inside: QRectF, entry: CardEntry) -> None:
        now = theme.current()
        mirrored = painter.layoutDirection() == Qt.LayoutDirection.RightToLeft
        words, kind, icon = entry_mark(entry)
        face = theme.font(tokens.CAPTION, 600)
        width, height = pill_width(words, icon, face), theme.px(20)
        top = inside.center().y() - height / 2
        left = inside.left() if mirrored else inside.right() - width
        draw_pill(painter, QRectF(left, top, width, height), words, kind, icon, face)
        taken = max(width, theme.px(96)) + 18
        if inside.width() > theme.px(420):
            taken += self._draw_meter(painter, inside, taken, entry, mirrored=mirrored)
        if entry.stale and entry.state != "published":
            stale = f"{entry.stale} stale"
            wide = pill_width(stale, "clock", face)
            left = inside.left() + taken if mirrored else inside.right() - taken - wide
            draw_pill(painter, QRectF(left, top, wide, height), stale, "warn", "clock", face)
            taken += wide + 16
        texts = inside.adjusted(taken, 0, 0, 0) if mirrored else inside.adjusted(0, 0, -taken, 0)
        name = QRectF(texts.left(), texts.top(), texts.width(), theme.px(20))
        below = QRectF(texts.left(), name.bottom(), texts.width(), texts.bottom() - name.bottom())
        facts = f"{entry_facts(entry)} · changed {moment_words(entry.changed)}"
        shown = own_direction(safe_words(entry.name)) or "Without a name"
        _words(painter, name, shown, theme.font(tokens.TABLE, 600), now.text)
        _words(painter, below, facts, theme.font(tokens.SMALL, tabular=True), now.muted)

    def _draw_meter(
        self, painter: QPainter, inside: QRectF, taken: float, entry: CardEntry, *, mirrored: bool
    ) -> float:
        now, value = theme.current(), share(entry)
        number, track = theme.px(_NUMBER), theme.px(_METER)
        left = inside.left() + taken if mirrored else inside.right() - taken - number
        place = QRectF(left, inside.top(), number, inside.height())
        _words(painter, place, f"{int(100 * value)}%", theme.font(tokens.SMALL, tabular=True), now.muted)
        left = left + number + 8 if mirrored else left - track - 8
        bar = QRectF(left, inside.center().y() - 3, track, 6)
        painter.setPen(theme.edge())
        painter.setBrush(QColor(now.track))
        painter.drawRoundedRect(bar, 3, 3)
        filled = QRectF(bar)
        filled.setWidth(max(6.0 if value else 0.0, track * value))
        if mirrored:
            filled.moveRight(bar.right())
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(now.chart2 if value >= 1 else now.chart1))
        painter.drawRoundedRect(filled, 3, 3)
        return number + track + 8 + 24


def _words(painter: QPainter, area: QRectF, text: str, face: QFont, ink: str) -> None:
    painter.setFont(face)
    painter.setPen(QColor(ink))
    shown = QFontMetrics(face).elidedText(text, Qt.TextElideMode.ElideRight, int(area.width()))
    mirrored = painter.layoutDirection() == Qt.LayoutDirection.RightToLeft
    side = int(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft)
    painter.drawText(area, side, isolated(shown) if mirrored else shown)


class CardList(QListView):
    """`opened` carries the uid of the card that is to be shown."""

    opened = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.rows = _Rows(lambda line: line.entry.uid if line.entry else f"heading {line.title}", _said)
        self.setProperty("cls", "sideList")
        self.setAccessibleName("Model cards")
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setModel(self.rows)
        self.setItemDelegate(_Delegate(self))
        self.setMouseTracking(True)
        self.setSelectionMode(QListView.SelectionMode.ExtendedSelection)
        self.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.doubleClicked.connect(self._on_opened)

    def choose(self, uid: str) -> None:
        """Select a card, if it is there."""
        place = self.rows.row_of(uid)
        if place >= 0:
            self.setCurrentIndex(self.rows.index(place))
            self.scrollTo(self.rows.index(place))

    def chosen(self) -> list[str]:
        """The uids of the cards that are selected, from the top."""
        lines = [index.data(Qt.ItemDataRole.UserRole) for index in sorted(self.selectedIndexes())]
        return [line.entry.uid for line in lines if line is not None and line.entry is not None]

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.currentIndex().isValid():
            self._on_opened(self.currentIndex())
        else:
            super().keyPressEvent(event)

    @Slot(QModelIndex)
    def _on_opened(self, index: _Index) -> None:
        line = index.data(Qt.ItemDataRole.UserRole)
        if line is not None and line.entry is not None:
            self.opened.emit(line.entry.uid)


class ListPage(QWidget):
    """The list with a box to filter it. `chosen_changed` when others are selected."""

    opened = Signal(str)
    chosen_changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._entries: Sequence[CardEntry] = ()
        self.filter = search_field("Filter the cards")
        self.filter.setMaximumWidth(theme.px(360))
        self.filter.textChanged.connect(self._on_filter)
        self.filter.returnPressed.connect(self._on_return)
        self.count = label("", tokens.SMALL, cls="muted")
        self.list = CardList()
        self.list.opened.connect(self.opened)
        self.list.selectionModel().selectionChanged.connect(lambda *_: self.chosen_changed.emit())
        self.nothing = label("No card says that.", tokens.TABLE, cls="muted", wrap=True)
        self.nothing.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        self.nothing.hide()
        self.empty = EmptyState(
            "id-card",
            "No model card yet",
            "Every version of a student and every endpoint has a card: what it is for, what it was taught, how well it "
            "does and what it costs. They are filled in by measuring, and by you.",
            "See your students",
            "graduation-cap",
        )
        self.empty.hide()
        top = row(self.filter, None, self.count, margins=(tokens.XL, 14, 20, 10))
        top.setStretch(0, 1)
        self._top = frame("", top)
        content = column(self._top, self.nothing, self.list, self.empty, gap=0)
        content.setStretch(2, 1)
        content.setStretch(3, 1)
        self.setLayout(content)
        for part in (self._top, self.list):  # until it is known what there is
            part.hide()

    def show_entries(self, entries: Sequence[CardEntry]) -> None:
        """Show these cards."""
        self._entries = entries
        self._top.setVisible(bool(entries))
        self.empty.setVisible(not entries)
        self._refresh()

    def entries(self) -> Sequence[CardEntry]:
        """All of them."""
        return self._entries

    def _refresh(self) -> None:
        wanted = self.filter.text()
        rows = rows_of(self._entries, wanted)
        found = sum(line.entry is not None for line in rows)
        self.list.rows.show(rows)
        self.list.setVisible(bool(found))
        self.nothing.setVisible(bool(self._entries) and not found)
        all_words = count_words(len(self._entries), "card")
        self.count.setText(f"{found} of {all_words}" if wanted.strip() else all_words)
        if found and not self.list.currentIndex().isValid():
            first = next(place for place, line in enumerate(rows) if line.entry is not None)
            self.list.setCurrentIndex(self.list.rows.index(first))

    @Slot()
    def _on_filter(self) -> None:
        self._refresh()

    @Slot()
    def _on_return(self) -> None:
        if uids := self.list.chosen():
            self.opened.emit(uids[0])

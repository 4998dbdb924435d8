"""What stands beside the form: how complete the card is, its sections, and which required fields are still to do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRectF, QSize, Qt, Signal, Slot
from PySide6.QtGui import QColor, QFontMetrics, QKeyEvent, QPainter
from PySide6.QtWidgets import QFrame, QListView, QScrollArea, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from forge_desktop.cards import fields as known
from forge_desktop.cards.checking import is_there
from forge_desktop.cards.records import Card, CheckReport, Kind
from forge_desktop.ui import theme, tokens
from forge_desktop.ui.panes.cards.field_finder import FieldLine
from forge_desktop.ui.widgets.basics import Button, Meter, column, label
from forge_desktop.ui.widgets.keyed_list import KeyedModel, Said
from forge_desktop.ui.widgets.words import isolated

_Index = QModelIndex | QPersistentModelIndex
_STATES = {
    # state: (icon, colour, what a screen reader says)
    "bad": ("circle-alert", "bad", "has an error"),
    "stale": ("clock", "warn", "is stale"),
    "review": ("eye", "info", "to be checked"),
    "missing": ("circle-dashed", "muted", "is missing"),
    "ok": ("circle-check", "ok", "is there"),
    "nothing": ("circle-dashed", "muted", "is empty"),  # of a section in which nothing is required
}
_LINE = 26


@dataclass(frozen=True)
class Item:
    """A required field and how it stands."""

    key: str
    title: str
    state: str


def items_of(card: Card, report: CheckReport, problems: Mapping[str, str]) -> list[Item]:
    """The required fields of a card, in order."""
    return [Item(field.key, field.title, _state(field, card, report, problems)) for field in known.required(card.kind)]


def _state(field: known.Field, card: Card, report: CheckReport, problems: Mapping[str, str]) -> str:
    if field.key in problems:
        return "bad"
    if field.title in report.completeness.missing:
        return "missing"
    if any(key == field.key for key, _ in report.stale):
        return "stale"
    state = card.fields.get(field.key)
    return "review" if state is not None and state.taken_over else "ok"


def worst(states: Sequence[str]) -> str:
    """What stands for several."""
    return next((state for state in _STATES if state in states), "ok")


class _Delegate(QStyledItemDelegate):
    """An icon and the field's name."""

    def sizeHint(self, option: QStyleOptionViewItem, index: _Index) -> QSize:
        return QSize(theme.px(120), theme.px(_LINE))

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        now, item, state = theme.current(), index.data(Qt.ItemDataRole.UserRole), option.state
        mirrored = painter.layoutDirection() == Qt.LayoutDirection.RightToLeft
        area = QRectF(option.rect)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        focused = state & QStyle.StateFlag.State_Selected and state & QStyle.StateFlag.State_HasFocus
        if focused or state & QStyle.StateFlag.State_MouseOver:
            painter.setPen(QColor(now.focus) if focused else Qt.PenStyle.NoPen)
            painter.setBrush(QColor(now.surface if focused else now.hover))
            painter.drawRoundedRect(area.adjusted(1, 1, -1, -1), 6, 6)
        side = theme.px(13)
        left = area.right() - 10 - side if mirrored else area.left() + 10
        icon, colour, _ = _STATES[item.state]
        theme.draw_icon(painter, QRectF(left, area.center().y() - side / 2, side, side), icon, colour)
        shift = 18 + side
        words = area.adjusted(8, 0, -shift, 0) if mirrored else area.adjusted(shift, 0, -8, 0)
        face = theme.font(tokens.SMALL)
        painter.setFont(face)
        painter.setPen(QColor(now.text if item.state in ("bad", "missing") else now.muted))
        shown = QFontMetrics(face).elidedText(item.title, Qt.TextElideMode.ElideRight, int(words.width()))
        side_flag = Qt.AlignmentFlag.AlignLeft
        painter.drawText(words, int(Qt.AlignmentFlag.AlignVCenter | side_flag), isolated(shown) if mirrored else shown)
        painter.restore()


class Checklist(QListView):
    """Required fields with the state of each; Enter or a click goes to one. `wanted` carries its key."""

    wanted = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.rows = KeyedModel[Item](
            lambda item: item.key, lambda item: Said(item.title, f"{item.title} {_STATES[item.state][2]}", item.title)
        )
        self.setProperty("cls", "sideList")
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setModel(self.rows)
        self.setItemDelegate(_Delegate(self))
        self.setMouseTracking(True)
        self.setUniformItemSizes(True)
        self.setAccessibleName("Required fields")
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.clicked.connect(lambda index: self.wanted.emit(index.data(Qt.ItemDataRole.UserRole).key))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        index = self.currentIndex()
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space) and index.isValid():
            self.wanted.emit(index.data(Qt.ItemDataRole.UserRole).key)
        else:
            super().keyPressEvent(event)


class SectionsPanel(QWidget):
    """`wanted` carries the key of the section or the field to go to."""

    wanted = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.setAccessibleName("Sections of the card")
        self._kind: Kind | None = None
        self._items: list[Item] = []
        self._section = ""
        self.percent = label("", tokens.SMALL, 600)
        self.meter = Meter(0, 0, kind="ok", accessible_name="Required fields that are there:")
        self.finder = FieldLine(self.titles)
        self.finder.setAccessibleName("Go to a field")
        self.finder.taken.connect(self.take, Qt.ConnectionType.QueuedConnection)
        self.buttons: dict[str, _Jump] = {}
        self.states: dict[str, str] = {}
        for key, title in known.SECTIONS:
            button = _Jump(title, "circle-dashed", "jump")
            button.setFont(theme.font(tokens.TABLE))
            button.setCheckable(True)
            button.clicked.connect(partial(self._on_section, key))
            self.buttons[key] = button
        self._heading = label("", tokens.SMALL, 600, wrap=True)
        self.checklist = Checklist()
        self.checklist.wanted.connect(self.wanted)
        content = column(
            self.percent, self.meter, 6, self.finder, self.finder.said, 4, *self.buttons.values(), 8, self._heading,
            self.checklist, None,
            gap=3, margins=(20, 20, 10, 12),
        )  # fmt: skip
        content.setStretch(content.count() - 2, 1000)
        inside = QWidget()
        inside.setProperty("cls", "flow")
        inside.setLayout(content)
        area = QScrollArea()  # a low window has not room for all of it
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(inside)
        self.setLayout(column(area, gap=0))
        self.setFixedWidth(theme.px(202))

    def show_card(self, card: Card, report: CheckReport, problems: Mapping[str, str]) -> None:
        """How the card stands."""
        whole = report.completeness
        self._kind = card.kind
        self.percent.setText(f"{whole.percent}% complete")
        self.percent.setToolTip(f"{whole.filled} of {whole.required} required fields are there")
        self.meter.set_value(whole.filled / whole.required if whole.required else 1.0)
        self._items = items_of(card, report, problems)
        by_key = {item.key: item.state for item in self._items}
        for key, button in self.buttons.items():
            fields = [field for field in known.of_kind(card.kind) if field.section == key]
            button.setVisible(bool(fields))
            states = [by_key[f.key] for f in fields if f.key in by_key]
            states += ["bad" for f in fields if f.key in problems]
            states += ["stale" for f in fields if any(f.key == stale for stale, _ in report.stale)]
            said_here = any(is_there(card.fields.get(field.key)) for field in fields)
            state = self.states[key] = worst(states) if states or said_here else "nothing"
            button.set_icon_in(*_STATES[state][:2])
            filled, of = whole.sections.get(key, (0, 0))
            said = f"{filled} of {of} required fields are there" if of else "nothing is required"
            button.setAccessibleName(f"{button.text()}: {said}")
            button.setToolTip(f"{said[0].upper()}{said[1:]}")
        self._list()

    def show_section(self, key: str) -> None:
        """Mark the section that is seen, and list what it has to have."""
        self._section = key
        for other, button in self.buttons.items():
            button.setChecked(other == key)
        self._list()

    def _list(self) -> None:
        here = [item for item in self._items if known.BY_KEY[item.key].section == self._section]
        missing = sum(item.state != "ok" for item in here)
        title = dict(known.SECTIONS).get(self._section, "")
        self._heading.setText(f"Required here ({missing} to do)" if missing else "Required here" if here else "")
        self.checklist.setAccessibleName(f"Required fields of {title}")
        self.checklist.rows.show(here)
        self.checklist.setVisible(bool(here))

    def titles(self) -> list[str]:
        """What the fields of the card are called."""
        return [field.title for field in known.of_kind(self._kind)] if self._kind else []

    @Slot(str)
    def take(self, title: str) -> None:
        """Go to the field with this title."""
        field = next((f for f in known.FIELDS if f.title == title), None)
        self.finder.clear()
        if field is not None:
            self.wanted.emit(field.key)

    def _on_section(self, key: str) -> None:
        self.show_section(key)
        self.wanted.emit(key)


class _Jump(Button):
    """A section's button: its icon has a colour of its own."""

    def set_icon_in(self, icon: str, colour: str) -> None:
        """Show an icon in a colour."""
        side = theme.px(15)
        self.setIcon(theme.icon(icon, colour))
        self.setIconSize(QSize(side + 6, side))

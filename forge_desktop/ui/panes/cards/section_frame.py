"""One section of a card's form: its fields in two columns, those that say nothing behind a button."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QFrame, QGridLayout, QWidget

from forge_desktop.cards import fields as known
from forge_desktop.cards.fields import Field
from forge_desktop.cards.records import Card, FieldState, Kind
from forge_desktop.cards.remedies import remedy
from forge_desktop.ui import theme, tokens
from forge_desktop.ui.panes.cards.field_row import FieldRow, is_wide
from forge_desktop.ui.widgets.basics import Button, column, label, row
from forge_desktop.ui.widgets.words import count_words


class SectionFrame(QFrame):
    """The fields of one section. Until `build` it is a heading alone, about as high as it will be.

    Fields that are filled in by the application, are not required and say nothing wait behind a button.
    """

    typed = Signal(str)
    asked = Signal(str, str)
    made = Signal(object)  # a FieldRow
    placed = Signal()

    def __init__(self, key: str, title: str, kind: Kind) -> None:
        super().__init__()
        self.setProperty("cls", "card")
        self.key, self.kind, self._title = key, kind, title
        self.fields = tuple(field for field in known.of_kind(kind) if field.section == key)
        self.rows: dict[str, FieldRow] = {}
        self.built = False
        self._everything, self._wide = False, True
        self._placed: tuple[object, ...] = ()
        self.count = label("", tokens.SMALL, cls="muted")
        self._grid = QGridLayout()
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(tokens.LG)
        self._grid.setVerticalSpacing(tokens.LG)
        self._more = Button("", "chevron-down", "link")
        self._more.clicked.connect(self._on_more)
        self._more.hide()
        head = row(label(title, tokens.SUBTITLE, 600), None, self.count)
        self.setLayout(column(head, self._grid, row(self._more, None), gap=tokens.MD, margins=(18, 14, 18, 16)))
        self.setMinimumHeight(theme.px(60 + sum(108 if is_wide(field) else 46 for field in self.fields)))

    def show_card(self, card: Card, problems: Mapping[str, str], *, locked: bool) -> None:
        """Show the values of these fields; only once they are built."""
        if not self.built:
            self.built = True
            self.setMinimumHeight(0)
        wanted = [field for field in self.fields if self._is_shown(field, card.fields.get(field.key), problems)]
        for field in wanted:
            if field.key not in self.rows:
                self._make(field)
            state, problem = card.fields.get(field.key), problems.get(field.key, "")
            self.rows[field.key].show_state(state, problem, locked=locked, mend=partial(remedy, card))
        left = len(self.fields) - len(wanted)
        self._more.setText(f"{count_words(left, 'more field')} that nothing was measured for")
        self._more.setAccessibleName(f"{self._title}: {self._more.text()}")
        self._more.setVisible(left > 0)
        self._place(wanted)

    def set_wide(self, *, wide: bool) -> None:
        """Two columns, or one."""
        if wide != self._wide:
            self._wide = wide
            self._place([self.rows[field.key].field for field in self.fields if field.key in self.rows])

    def chain(self) -> list[QWidget]:
        """What takes the keyboard, in its order."""
        rows = [self.rows[field.key] for field in self.fields if field.key in self.rows]
        return [*(part for made in rows for part in made.chain()), self._more]

    def reveal(self, key: str) -> bool:
        """Have a field shown at the next `show_card`, though it says nothing; whether that is another one."""
        if key in self.rows:
            return False
        self._everything = True
        return True

    def _is_shown(self, field: Field, state: FieldState | None, problems: Mapping[str, str]) -> bool:
        if self._everything or field.key in self.rows or not field.filled or field.required_for(self.kind):
            return True
        return field.key in problems or (state is not None and (state.shown is not None or bool(state.not_applicable)))

    def _make(self, field: Field) -> None:
        made = FieldRow(field, self.kind)
        made.typed.connect(self.typed)
        made.asked.connect(self.asked)
        self.rows[field.key] = made
        self.made.emit(made)

    def _place(self, wanted: list[Field]) -> None:
        """Set the rows in their places."""
        if (placed := (self._wide, *(field.key for field in wanted))) == self._placed:
            return
        self._placed = placed
        line = place = 0
        for field in wanted:
            made = self.rows[field.key]
            whole = is_wide(field) or not self._wide
            if whole and place:
                line, place = line + 1, 0
            self._grid.addWidget(made, line, place, 1, 2 if whole and self._wide else 1, Qt.AlignmentFlag.AlignTop)
            line, place = (line + 1, 0) if whole or place else (line, 1)
        for number in (0, 1):
            self._grid.setColumnStretch(number, 1 if self._wide or not number else 0)
        self.placed.emit()

    @Slot()
    def _on_more(self) -> None:
        self._everything = True
        self.asked.emit("more", self.key)

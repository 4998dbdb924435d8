"""The sheet of a card's history: its numbered versions, the difference of any two, and the way back to one."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSize, Qt, Signal, Slot
from PySide6.QtWidgets import QListWidget, QListWidgetItem, QWidget

from forge_desktop.cards.fields import BY_KEY
from forge_desktop.cards.records import Card, CardVersion, Change
from forge_desktop.ui import theme, tokens
from forge_desktop.ui.panes.cards.sheet_parts import CardSheet, closing, part
from forge_desktop.ui.panes.cards.words import value_words
from forge_desktop.ui.widgets.basics import Button, column, frame, label, row
from forge_desktop.ui.widgets.diff_view import DiffView
from forge_desktop.ui.widgets.fields import ChoiceField
from forge_desktop.ui.widgets.words import breakable, count_words, moment_words, plain_tip, safe_words

_ABOUT = "A version is kept when the card is published, and before one is restored. None is ever changed."
_NONE = "No version yet. Publishing the card makes the first; until then undo and redo go back step by step."
_SAME = "These two say the same."
_LONG_NOTE = 60  # letters that are seen in the list
_NOW = 0  # the number of the card as it is now


class HistorySheet(CardSheet):
    """`diff_wanted` carries the numbers of two versions, 0 for the card as it is now; `restore_wanted` one of them."""

    diff_wanted = Signal(int, int)
    restore_wanted = Signal(int)

    def __init__(self, card: Card, versions: Sequence[CardVersion], parent: QWidget | None = None) -> None:
        super().__init__("History of a card", f"History of {card.name}", _ABOUT, parent)
        self._locked = card.state == "published"
        self._versions = sorted(versions, key=lambda version: version.number, reverse=True)
        names = {_NOW: "as it is now"} | {version.number: _short(version) for version in self._versions}
        self.older, self.newer = ChoiceField(dict(names)), ChoiceField(dict(names))
        for field, name in ((self.older, "From"), (self.newer, "To")):
            field.setAccessibleName(f"{name} version")
            field.changed.connect(self._ask)
        self.list = _list(self._versions)
        self.list.currentRowChanged.connect(self._on_row)
        self._note = label("", tokens.SMALL, cls="muted", wrap=True, selectable=True)
        self._note.hide()
        self.restore = Button("Restore", "rotate-ccw")
        self.restore.setEnabled(False)
        self.restore.clicked.connect(self._on_restore)
        self.close_button = closing()
        self.close_button.clicked.connect(self.reject)
        self._build()
        if not self._versions:
            self._say(_NONE)

    def show_first(self) -> None:
        """Choose the newest version; it asks for what differs from the card as it is now."""
        self.list.setCurrentRow(0)

    def _build(self) -> None:
        between = row(
            label("From", tokens.SMALL, cls="muted"),
            self.older,
            label("to", tokens.SMALL, cls="muted"),
            self.newer,
            None,
            gap=8,
        )
        over: list[QWidget] = []
        if self._versions:
            line = QWidget()
            line.setLayout(between)
            over = [self.list, self._note, line]
        self.lay_out((760, 640), self.restore, None, self.close_button, over=over)

    def show_changes(self, changes: Sequence[Change]) -> None:
        """Show how the one became the other."""
        if not changes:
            self._say(_SAME)
            return
        self.show_parts(part(count_words(len(changes), "field differs", "fields differ"), *map(_change, changes)))

    def chosen(self) -> int:
        """The number of the version chosen in the list, 0 when there is none."""
        line = self.list.currentRow()
        return self._versions[line].number if 0 <= line < len(self._versions) else _NOW

    def _say(self, words: str) -> None:
        self.show_parts(frame("quoted", row(label(words, tokens.TABLE, wrap=True), margins=(12, 10, 12, 10))))

    @Slot(int)
    def _on_row(self, line: int) -> None:
        number = self.chosen()
        self.older.show_value(number)
        self.newer.show_value(_NOW)
        self.restore.setText(f"Restore version {number}")
        self.restore.setEnabled(number != _NOW and not self._locked)
        self.restore.setToolTip("A published card is locked: begin the next draft first" if self._locked else "")
        note = next((version.note for version in self._versions if version.number == number), "")
        self._note.setText(breakable(safe_words(note)))
        self._note.setVisible(len(note) > _LONG_NOTE)
        self._ask()

    @Slot()
    def _ask(self) -> None:
        older, newer = self.older.value(), self.newer.value()
        assert isinstance(older, int)
        assert isinstance(newer, int)
        self.banner.clear()
        if older == newer:
            self._say(_SAME)
        else:
            self.diff_wanted.emit(older, newer)

    @Slot()
    def _on_restore(self) -> None:
        self.restore.setEnabled(False)
        self.restore_wanted.emit(self.chosen())


def _list(versions: Sequence[CardVersion]) -> QListWidget:
    made = QListWidget()
    made.setProperty("cls", "field")
    made.setAccessibleName("Versions of the card")
    made.setFont(theme.font(tokens.TABLE, tabular=True))
    made.setIconSize(QSize(theme.px(15), theme.px(15)))
    for version in versions:
        item = QListWidgetItem(theme.icon("circle-check" if version.published else "clock"), _long(version))
        item.setToolTip(plain_tip(f"{_long(version)}\n{version.sha256}"))
        made.addItem(item)
    made.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)  # a long note shortens; below it is whole
    made.setTextElideMode(Qt.TextElideMode.ElideRight)
    made.setUniformItemSizes(True)
    made.setFixedHeight(theme.px(14 + 28 * max(3, min(8, len(versions)))))
    return made


def _short(version: CardVersion) -> str:
    return f"version {version.number}, {moment_words(version.at)}"


def _long(version: CardVersion) -> str:
    parts = [f"Version {version.number}", "published" if version.published else "kept", moment_words(version.at)]
    parts += [safe_words(words) for words in (version.who, version.note) if words]
    return " · ".join(parts)


def _change(change: Change) -> QWidget:
    field = BY_KEY.get(change.field)
    title = field.title if field else safe_words(change.field) or "Text"
    view: QWidget
    if field is None or field.type == "text":
        view = DiffView(f"{title}: what changed")
        view.show_texts(*("" if one is None else str(one) for one in (change.before, change.after)))
    elif field.type in ("rows", "facts") and change.what:  # how many there are says nothing of what is in them
        words = safe_words(change.what.removeprefix(f"{title}: "))
        view = label(breakable(words), tokens.TABLE, wrap=True, tabular=True, selectable=True)
    else:
        before = value_words(field, change.before, change.unit_before)
        after = value_words(field, change.after, change.unit_after)
        view = label(breakable(f"{before} → {after}"), tokens.TABLE, wrap=True, tabular=True, selectable=True)
    made = QWidget()
    lines: list[QWidget] = [label(title, tokens.SMALL, 600), view]
    if field is None and change.what:
        lines.append(label(safe_words(change.what), tokens.SMALL, cls="muted", wrap=True))
    made.setLayout(column(*lines, gap=2))
    return made

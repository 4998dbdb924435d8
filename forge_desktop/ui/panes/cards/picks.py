"""What is chosen from long lists, by typing a part of a name: licences and languages; and lists of short words."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence

from PySide6.QtCore import QEvent, QLocale, QObject, QSize, QStringListModel, Qt, Signal, Slot
from PySide6.QtGui import QFocusEvent, QKeyEvent
from PySide6.QtWidgets import QCompleter, QLineEdit, QListView, QWidget

from forge_desktop.cards.fields import Field
from forge_desktop.ui import theme, tokens
from forge_desktop.ui.panes.cards.inputs import Input, hold
from forge_desktop.ui.panes.cards.words import language_words
from forge_desktop.ui.widgets.basics import Button, column
from forge_desktop.ui.widgets.flow import FlowLayout
from forge_desktop.ui.widgets.words import plain_tip

_BETWEEN = " — "


@functools.cache
def licences() -> tuple[str, ...]:
    """The licences of SPDX's list, as "Apache-2.0 — Apache License 2.0"."""
    from forge_desktop.cards.licences import find

    return (*(f"{key}{_BETWEEN}{name}" for key, name in find("")), f"other{_BETWEEN}with a name and a link")


@functools.cache
def languages() -> tuple[str, ...]:
    """Every language there is a name for, as "English — en"."""
    found: dict[str, None] = {}
    for language in QLocale.Language:
        tag = QLocale.languageToCode(language)
        if tag and language not in (QLocale.Language.AnyLanguage, QLocale.Language.C):
            found[f"{QLocale.languageToString(language)}{_BETWEEN}{tag}"] = None
    return tuple(sorted(found))


class OfferLine(QLineEdit):
    """A line that offers what contains the words typed. The list is made at the first visit."""

    taken = Signal(str)  # the offer that was chosen
    erased = Signal()  # Backspace where nothing stands

    def __init__(self, offers: Callable[[], Sequence[str]] | None) -> None:
        super().__init__()
        self._offers = offers
        self._made: QCompleter | None = None

    def focusInEvent(self, event: QFocusEvent) -> None:
        if self._made is None and self._offers is not None:
            self._make()
        super().focusInEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Backspace and not self.text():
            self.erased.emit()  # which may put a text in
            return
        if event.key() == Qt.Key.Key_Down and self._made is not None and not self.text():
            self._made.setCompletionPrefix("")
            self._made.complete()
            return
        super().keyPressEvent(event)

    def offering(self) -> bool:
        """Whether the list is open."""
        popup = self._made.popup() if self._made is not None else None
        return popup is not None and popup.isVisible()

    @Slot(str)
    def _on_activated(self, offer: str) -> None:
        self.taken.emit(offer)

    def _make(self) -> None:
        assert self._offers is not None
        made = QCompleter(QStringListModel(list(self._offers()), self), self)
        made.setFilterMode(Qt.MatchFlag.MatchContains)
        made.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        made.setMaxVisibleItems(10)
        popup = QListView()
        popup.setAccessibleName(f"{self.accessibleName()}: what there is")
        popup.setFont(theme.font(tokens.TABLE))
        popup.setMinimumWidth(theme.px(320))
        made.setPopup(popup)
        made.activated.connect(self._on_activated)
        self.setCompleter(made)
        self._made = made


class LicenceInput(Input):
    """An SPDX expression; typing a part of a licence's name offers those that fit."""

    def __init__(self, field: Field) -> None:
        super().__init__(field)
        self.line = OfferLine(licences)
        self.line.setPlaceholderText("Apache-2.0, or a part of a name")
        self.line.textEdited.connect(self.changed)
        self.line.taken.connect(self._on_taken, Qt.ConnectionType.QueuedConnection)  # after Qt has put its words in
        self.setLayout(column(self.line, gap=0))

    def value(self) -> tuple[object, str]:
        return self.line.text().split(_BETWEEN)[0].strip() or None, ""

    def shows(self, data: object, unit: str) -> None:
        if self.value()[0] != data:
            self.line.setText("" if data is None else str(data))

    def parts(self) -> list[QWidget]:
        return [self.line]

    @Slot(str)
    def _on_taken(self, offer: str) -> None:
        self.line.setText(offer.split(_BETWEEN)[0])
        self.changed.emit()


class ChipsInput(Input):
    """Short words, each on a chip that takes itself away; Enter or a comma ends one, Backspace takes the last back."""

    def __init__(self, field: Field) -> None:
        super().__init__(field)
        self._items: list[str] = []
        self._chips: list[Button] = []
        self._locked = False
        self.line = self._new_line()
        self.line.setPlaceholderText(field.example or "Add one, then Enter")
        self.line.textEdited.connect(self._on_typed)
        self.line.returnPressed.connect(self._on_return)
        self.line.erased.connect(self._on_erased)
        self.line.taken.connect(self._on_taken, Qt.ConnectionType.QueuedConnection)
        self.line.installEventFilter(self)
        self._flow = FlowLayout(6, self.line, 140)
        self._flow.addWidget(self.line)
        self.setLayout(self._flow)
        policy = self.sizePolicy()
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)

    def value(self) -> tuple[object, str]:
        typed = self.line.text().strip()
        item = self.item_of(typed) if typed else ""
        made = [*self._items, *([item] if item and item not in self._items else [])]
        return made or None, ""

    def shows(self, data: object, unit: str) -> None:
        wanted = [str(item) for item in data] if isinstance(data, list | tuple) else []
        if (self.value()[0] or []) == wanted:
            return
        self._items = wanted
        self.line.clear()
        self._lay()

    def parts(self) -> list[QWidget]:
        return [self.line, *self._chips]

    def chain(self) -> list[QWidget]:
        return [*self._chips, self.line]

    def lock(self, *, locked: bool) -> None:
        self._locked = locked
        hold(self.line, locked=locked)
        self.line.setVisible(not (locked and self._items))
        for chip in self._chips:
            chip.setEnabled(not locked)

    def minimumSizeHint(self) -> QSize:
        return QSize(theme.px(100), self._flow.minimumSize().height())

    def words_of(self, item: str) -> str:
        """What stands on the chip."""
        return item

    def item_of(self, typed: str) -> str:
        """What typed words mean."""
        return typed

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.FocusOut and self.line.text().strip() and not self.line.offering():
            self._add(self.line.text())
        return False

    def _new_line(self) -> OfferLine:
        return OfferLine(None)

    def _add(self, words: str) -> None:
        for part in words.split(","):
            item = self.item_of(part.strip()) if part.strip() else ""
            if item and item not in self._items:
                self._items.append(item)
        self.line.clear()
        self._lay()
        self.changed.emit()

    def _take(self, item: str) -> None:
        place = self._items.index(item)
        self._items.remove(item)
        self._lay()
        (self._chips[place] if place < len(self._chips) else self.line).setFocus(Qt.FocusReason.TabFocusReason)
        self.changed.emit()

    def _lay(self) -> None:
        for chip in self._chips:
            self._flow.removeWidget(chip)
            chip.hide()
            chip.deleteLater()
        self._chips = [self._chip(item) for item in self._items]
        self._flow.removeWidget(self.line)
        for part in (*self._chips, self.line):
            self._flow.addWidget(part)
            part.setVisible(part is not self.line or not (self._locked and self._items))
        before = self.line.previousInFocusChain()
        for part in (*self._chips, self.line):
            if before is not None and before is not part:
                self.setTabOrder(before, part)
            before = part
        self._flow.invalidate()
        self.updateGeometry()

    def _chip(self, item: str) -> Button:
        words = self.words_of(item)
        chip = Button(words if len(words) <= 30 else f"{words[:29]}…", "x", "pill", self)
        chip.setAccessibleName(f"{self.field.title}: {words}, take away")
        chip.setToolTip(plain_tip(f"Take away: {words}"))
        chip.setEnabled(not self._locked)
        chip.clicked.connect(functools.partial(self._take, item))
        return chip

    @Slot(str)
    def _on_typed(self, text: str) -> None:
        if text.rstrip().endswith(","):
            self._add(text)
        else:
            self.changed.emit()

    @Slot()
    def _on_return(self) -> None:
        if self.line.text().strip() and not self.line.offering():
            self._add(self.line.text())

    @Slot()
    def _on_erased(self) -> None:
        if self._items and not self.line.isReadOnly():
            last = self._items.pop()
            self._lay()
            self.line.setText(self.words_of(last))
            self.line.setFocus()
            self.changed.emit()

    @Slot(str)
    def _on_taken(self, offer: str) -> None:
        self._add(offer)


class LanguagesInput(ChipsInput):
    """Languages by their names; what comes out are their tags."""

    def _new_line(self) -> OfferLine:
        return OfferLine(languages)

    def words_of(self, item: str) -> str:
        return language_words(item)

    def item_of(self, typed: str) -> str:
        name, _, tag = typed.partition(_BETWEEN)
        if tag:
            return tag
        known = dict(offer.split(_BETWEEN, 1) for offer in languages())
        found = next((tag for words, tag in known.items() if words.casefold() == name.casefold()), "")
        return found or typed

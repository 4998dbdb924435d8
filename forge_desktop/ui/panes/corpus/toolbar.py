"""The line above the tables: what to look for, and which documents count."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

from PySide6.QtCore import QEvent, QTimer, Signal, Slot
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QComboBox, QSizePolicy, QWidget

from forge_desktop.corpus import Collection, SearchFilter
from forge_desktop.ui import theme, tokens
from forge_desktop.ui.panes.corpus.columns import format_words, safe_words
from forge_desktop.ui.widgets.basics import column, label, row, search_field

_SETTLES = 200  # ms after the last key before a search starts
_DAY = 86_400
_STATES = (("All statuses", ""), ("Indexed", "indexed"), ("Waiting", "pending"), ("Failed", "failed"))
_AGES = (("Any date", 0), ("Changed today", 1), ("Last 7 days", 7), ("Last 30 days", 30), ("Last year", 365))


class Toolbar(QWidget):
    """`searched` carries the words once typing rests; `filtered` tells that a choice changed."""

    searched = Signal(str)
    filtered = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.field = search_field("Search documents and passages")
        self.field.setMinimumWidth(theme.px(200))
        self.field.setMaximumWidth(theme.px(320))
        self._typing = QTimer(self, singleShot=True, interval=_SETTLES)
        self._typing.timeout.connect(lambda: self.searched.emit(self.field.text().strip()))
        self.field.textChanged.connect(self._typing.start)
        self.view = self._choice("Show passages or documents")
        self.view.addItem("Passages found", "passages")
        self.view.addItem("Documents by name", "documents")
        self.view.hide()
        self.state = self._choice("Show documents by status")
        for words, state in _STATES:
            self.state.addItem(words, state)
        self.collection = self._choice("Show one collection")
        self.collection.setMaximumWidth(theme.px(240))
        self.format = self._choice("Show one type of file")
        self.age = self._choice("Show by date of change")
        for words, days in _AGES:
            self.age.addItem(words, days)
        self.counts = label("", tokens.SMALL, cls="muted")
        self.understood = label("", tokens.SMALL, cls="muted", wrap=True)
        self.understood.hide()
        self.show_collections([])
        self.show_formats({})
        self._search = QWidget()
        line = row(self.field, self.view, None)
        line.setStretch(0, 100)  # the field takes what it may before room stays empty
        self._search.setLayout(line)
        self._which = row(self.state, self.collection, None)
        self._when = row(self.format, self.age, None, self.counts)
        self._filters = row(self._which, self._when)
        self._filters.setStretch(1, 1)
        self._parts = row(self._search, self._filters)
        self._parts.setStretch(1, 1)
        self.setLayout(column(self._parts, self.understood, gap=4))
        # or one line of all of it would be the least width of the pane
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)

    def show_collections(self, collections: Sequence[Collection]) -> None:
        """Offer these; hidden while there is only one, since it says nothing then."""
        entries = [("All collections", "")] + [(safe_words(c.name), c.uid) for c in collections]
        self._offer(self.collection, entries)
        self.collection.setVisible(len(collections) > 1)

    def show_formats(self, formats: Mapping[str, int]) -> None:
        """Offer the types there are, the most frequent first; hidden while there is only one."""
        ordered = sorted(formats, key=lambda name: (-formats[name], name))
        self._offer(self.format, [("All types", "")] + [(format_words(name), name) for name in ordered])
        self.format.setVisible(len(formats) > 1)

    def where(self) -> SearchFilter | None:
        """The documents that count; None for all."""
        collection, kind, days = (box.currentData() for box in (self.collection, self.format, self.age))
        if not (collection or kind or days):
            return None
        return SearchFilter(
            collections=(collection,) if collection else (),
            formats=(kind,) if kind else (),
            changed_from=time.time() - days * _DAY if days else None,
        )

    def search_now(self) -> None:
        """Search without waiting for further keys."""
        self._typing.stop()
        self.searched.emit(self.field.text().strip())

    def say_understood(self, words: str) -> None:
        """What was understood of a query with operators; empty for none."""
        self.understood.setText(words)
        self.understood.setVisible(bool(words))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def event(self, event: QEvent) -> bool:
        """Another choice to show, or longer words: there may be too little room now."""
        if event.type() == QEvent.Type.LayoutRequest:
            self._fit()
        return super().event(event)

    def _fit(self) -> None:
        """The choices go below the search field where they have no room beside it, and in two lines if they must."""
        search, which, when = (part.sizeHint().width() for part in (self._search, self._which, self._when))
        choices = which + tokens.SM + when
        for parts, needed in ((self._parts, search + tokens.SM + choices), (self._filters, choices)):
            directions = QBoxLayout.Direction
            wanted = directions.LeftToRight if needed <= self.width() else directions.TopToBottom
            if parts.direction() != wanted:
                parts.setDirection(wanted)

    def _choice(self, name: str) -> QComboBox:
        made = QComboBox()
        made.setAccessibleName(name)
        made.currentIndexChanged.connect(self._on_chosen)
        return made

    def _offer(self, box: QComboBox, entries: Sequence[tuple[str, str]]) -> None:
        if entries == [(box.itemText(at), box.itemData(at)) for at in range(box.count())]:
            return
        chosen = box.currentData()
        box.blockSignals(True)
        box.clear()
        for words, value in entries:
            box.addItem(words, value)
        box.setCurrentIndex(max(0, box.findData(chosen)))
        box.blockSignals(False)
        if chosen and box.currentData() != chosen:
            self.filtered.emit()

    @Slot()
    def _on_chosen(self) -> None:
        self.filtered.emit()

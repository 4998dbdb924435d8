"""The tables of the pane: documents by name and state, or the passages a search found."""

from __future__ import annotations

import array
from collections.abc import Sequence

from PySide6.QtCore import QPoint, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QComboBox, QMenu, QStackedWidget, QWidget

from forge_desktop.corpus import Corpus, Document, Hit
from forge_desktop.ui import theme, tokens
from forge_desktop.ui.errands import Errands
from forge_desktop.ui.panes.corpus.columns import DOCUMENT_COLUMNS, hit_columns
from forge_desktop.ui.widgets.basics import EmptyState, column, label, row, search_field
from forge_desktop.ui.widgets.windowed_table import WindowedTable
from forge_desktop.ui.widgets.words import count_words

_FOUND = 50  # passages a search shows
_STATES = (("All statuses", ""), ("Indexed", "indexed"), ("Waiting", "pending"), ("Failed", "failed"))


class Listing(QWidget):
    """A search field over two tables. `between` are the pane's notices, shown between the field and the table.

    `chosen` carries the Document to show beside the table (None: nothing) and the Hit that led to it (None: the row
    itself); `remove_asked` and `retry_asked` document ids; `troubled` a ForgeError.
    """

    chosen = Signal(object, object)
    remove_asked = Signal(list)
    retry_asked = Signal(list)
    troubled = Signal(object)

    def __init__(self, corpus: Corpus, errands: Errands, between: Sequence[QWidget], foot: QWidget) -> None:
        super().__init__()
        self.setProperty("cls", "surface")
        self._corpus, self._errands = corpus, errands
        self._sort: tuple[str, bool] = ("name", False)
        self._failed = 0
        self.hits: Sequence[Hit] = ()
        self.query = ""
        self._typing = QTimer(self, singleShot=True, interval=200)
        self._typing.timeout.connect(self._on_query_settled)
        toolbar = self._make_toolbar()
        self._make_tables()
        body = column(toolbar, *between, self.tables, foot, gap=tokens.MD, margins=(tokens.XL, 14, 20, 14))
        body.setStretchFactor(self.tables, 1)
        self.setLayout(body)

    def refresh(self, failed: int) -> None:
        """Read the shown rows again; `failed` documents in all are named beside the count."""
        self._failed = failed
        self._show()

    def show_failed(self) -> None:
        """Show only what could not be read."""
        self.field.clear()
        self._state.setCurrentIndex(self._state.findData("failed"))

    def _make_toolbar(self) -> QWidget:
        self.field = search_field("Search documents and passages")
        self.field.setFixedWidth(theme.px(320))
        self.field.textChanged.connect(self._typing.start)
        self._state = QComboBox()
        self._state.setAccessibleName("Show documents by status")
        for words, state in _STATES:
            self._state.addItem(words, state)
        self._state.currentIndexChanged.connect(self._show)
        self._view = QComboBox()
        self._view.setAccessibleName("Show passages or documents")
        self._view.addItem("Passages found", "passages")
        self._view.addItem("Documents by name", "documents")
        self._view.currentIndexChanged.connect(self._show)
        self._view.hide()
        self._counts = label("", tokens.SMALL, cls="muted")
        holder = QWidget()
        holder.setLayout(row(self.field, self._view, self._state, None, self._counts))
        return holder

    def _make_tables(self) -> None:
        self.documents = WindowedTable(DOCUMENT_COLUMNS, self._corpus.document_rows, "Documents")
        self.documents.sort_requested.connect(self._on_sort)
        self.documents.selection_changed.connect(self._on_document_selected)
        self.documents.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.documents.customContextMenuRequested.connect(self._on_menu)
        delete = QShortcut(QKeySequence.StandardKey.Delete, self.documents)
        delete.setContext(Qt.ShortcutContext.WidgetShortcut)
        delete.activated.connect(lambda: self.remove_asked.emit(self.documents.selected_ids()))
        self.found = WindowedTable(hit_columns(self._first_match), self._hit_rows, "Passages found")
        self.found.horizontalHeader().setSortIndicatorShown(False)
        self.found.selection_changed.connect(self._on_hit_selected)
        self.nothing = EmptyState("search", "No passage matches", "Try other words, or fewer of them.")
        self.tables = QStackedWidget()
        for page in (self.documents, self.found, self.nothing):
            self.tables.addWidget(page)

    @Slot()
    def _show(self) -> None:
        searching = bool(self.query)
        self._view.setVisible(searching)
        passages = searching and self._view.currentData() == "passages"
        self._state.setVisible(not passages)
        if passages:
            self._errands.outdate("list")
            self.found.show_ids(array.array("q", range(len(self.hits))))
            self.tables.setCurrentWidget(self.found if self.hits else self.nothing)
            self._counts.setText(count_words(len(self.hits), "passage") if self.hits else "")
            return
        sort, descending = self._sort
        query, state = self.query, self._state.currentData() or None
        self._errands.run(  # with 100,000 documents this takes longer than the window may wait
            lambda: self._corpus.documents(text=query, state=state, sort=sort, descending=descending),
            self._on_listed,
            self.troubled.emit,
            key="list",
        )

    def _on_listed(self, ids: array.array[int]) -> None:
        self.documents.show_ids(ids)
        failed = f" · {self._failed:,} failed" if self._failed else ""
        self._counts.setText(f"{count_words(len(ids), 'document')}{failed}")
        self.tables.setCurrentWidget(self.documents)
        self._choose_document()

    def _choose_document(self) -> None:
        rows: Sequence[Document] = self._corpus.document_rows(self.documents.selected_ids()[:1])
        self.chosen.emit(rows[0] if rows else None, None)

    def _hit_rows(self, ids: Sequence[int]) -> Sequence[Hit]:
        return [self.hits[number] for number in ids]

    def _first_match(self, text: str) -> int:
        spans = self._corpus.matches(self.query, text)
        return spans[0][0] if spans else 0

    @Slot()
    def _on_query_settled(self) -> None:
        self.query = query = self.field.text().strip()
        if not query:
            self._errands.outdate("found")
            self.hits = ()
            self._show()
            return
        self._errands.run(
            lambda: self._corpus.search(query, _FOUND), self._on_found, self.troubled.emit, key="found", lane="search"
        )

    def _on_found(self, hits: Sequence[Hit]) -> None:
        self.hits = hits
        self.found.rows.set_ids(array.array("q"))
        self.chosen.emit(None, None)  # what stood beside the table belonged to the last search
        self._show()

    @Slot()
    def _on_hit_selected(self) -> None:
        selected = self.found.selected_ids()
        if selected and selected[0] < len(self.hits):
            hit = self.hits[selected[0]]
            if rows := self._corpus.document_rows([hit.passage.document_id]):
                self.chosen.emit(rows[0], hit)

    @Slot()
    def _on_document_selected(self) -> None:
        if self.tables.currentWidget() is self.documents:
            self._choose_document()

    @Slot(str, bool)
    def _on_sort(self, key: str, descending: bool) -> None:
        self._sort = (key, descending)
        self._show()

    @Slot(QPoint)
    def _on_menu(self, place: QPoint) -> None:
        ids = self.documents.selected_ids()
        if not ids:
            return
        menu = QMenu(self)
        menu.addAction(theme.icon("refresh-cw"), "Read again", lambda: self.retry_asked.emit(ids))
        documents, passages = self._corpus.removal_effect(ids)
        words = f"Remove {count_words(documents, 'document')} ({count_words(passages, 'passage')}) from the index"
        menu.addAction(theme.icon("trash-2"), words, lambda: self.remove_asked.emit(ids))
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(self.documents.viewport().mapToGlobal(place))

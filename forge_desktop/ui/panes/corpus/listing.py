"""The tables of the pane: documents by name and state, or the passages a search found."""

from __future__ import annotations

import array
from collections.abc import Callable, Sequence

from PySide6.QtCore import QPoint, Qt, Signal, Slot
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QMenu, QStackedWidget, QWidget

from forge_desktop.base.errors import ForgeError
from forge_desktop.corpus import Corpus, Document, FailureGroup, Finding, Hit, Passage, SearchFilter
from forge_desktop.ui import theme, tokens
from forge_desktop.ui.errands import Errands
from forge_desktop.ui.panes.corpus.columns import DOCUMENT_COLUMNS, finding_words, hit_columns
from forge_desktop.ui.panes.corpus.failures import FailureGroups
from forge_desktop.ui.panes.corpus.toolbar import Toolbar
from forge_desktop.ui.widgets.basics import EmptyState, column
from forge_desktop.ui.widgets.windowed_table import WindowedTable
from forge_desktop.ui.widgets.words import count_words

_FOUND = 50  # passages a search shows


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
        self._only: list[int] | None = None  # documents of one group of failures
        self.hits: Sequence[Hit] = ()
        self._found_words = ""
        self._outdated = False  # the corpus changed while a search was on its way
        self.query = ""
        self.toolbar = Toolbar()
        self.field = self.toolbar.field
        self.toolbar.searched.connect(self._on_query_settled)
        self.toolbar.filtered.connect(self._on_filtered)
        self.groups = FailureGroups()
        self.groups.retry_asked.connect(self.retry_asked)
        self.groups.shown_asked.connect(self._on_group)
        self._make_tables()
        parts = (self.toolbar, *between, self.groups, self.tables, foot)
        body = column(*parts, gap=tokens.MD, margins=(tokens.XL, 14, 20, 14))
        body.setStretchFactor(self.tables, 1)
        self.setLayout(body)

    def refresh(self, failed: int) -> None:
        """Read the shown rows again; `failed` documents in all are named beside the count."""
        self._failed = failed
        self._errands.run(self._corpus.collections.all, self.toolbar.show_collections, key="collections of the list")
        self._errands.run(self._corpus.shelf.formats, self.toolbar.show_formats, key="formats of the list")
        self._show()
        if self._errands.awaits("found"):
            self._outdated = True
        elif self.query:
            self._find(self._on_found_again)

    def show_failed(self) -> None:
        """Show only what could not be read."""
        self.field.clear()
        self.toolbar.state.setCurrentIndex(self.toolbar.state.findData("failed"))

    def where(self) -> SearchFilter | None:
        """The documents that count, None for all."""
        return self.toolbar.where()

    def collection(self) -> str:
        """The uid of the collection that is shown alone, "" for all."""
        return self.toolbar.collection.currentData() or ""

    @Slot()
    def take_focus(self) -> None:
        """Take the keyboard: the table, or the field where there is nothing to choose from."""
        shown = self.tables.currentWidget()
        (shown if isinstance(shown, WindowedTable) else self.field).setFocus()

    def _make_tables(self) -> None:
        self.documents = WindowedTable(DOCUMENT_COLUMNS, self._corpus.shelf.document_rows, "Documents")
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
        self.none = EmptyState("search", "No document matches", "Try other words, or choose fewer filters.")
        for page in (self.documents, self.found, self.nothing, self.none):
            self.tables.addWidget(page)

    @Slot()
    def _show(self) -> None:
        searching = bool(self.query)
        self.toolbar.view.setVisible(searching)
        passages = searching and self.toolbar.view.currentData() == "passages"
        self.toolbar.state.setVisible(not passages)
        self.toolbar.say_understood(self._found_words if passages else "")
        if passages:
            self._errands.outdate("list")
            self.groups.hide()
            self.found.show_ids(array.array("q", range(len(self.hits))))
            self.tables.setCurrentWidget(self.found if self.hits else self.nothing)
            self.toolbar.counts.setText(count_words(len(self.hits), "passage") if self.hits else "")
            return
        self._list()

    def _list(self) -> None:
        sort, descending = self._sort
        query, state, where, only = self.query, self.toolbar.state.currentData() or None, self.where(), self._only

        def work() -> tuple[array.array[int], Sequence[FailureGroup]]:
            ids = self._corpus.shelf.documents(text=query, state=state, sort=sort, descending=descending, where=where)
            if only is not None:
                kept = set(only)
                ids = array.array("q", (number for number in ids if number in kept))
            return ids, self._corpus.shelf.failures() if state == "failed" else []

        # with 100,000 documents this takes longer than the window may wait
        self._errands.run(work, self._on_listed, self.troubled.emit, key="list")

    def _on_listed(self, listed: tuple[array.array[int], Sequence[FailureGroup]]) -> None:
        ids, groups = listed
        if not ids and self._only is not None:  # the group could be read meanwhile
            self._only = None
            self._list()
            return
        self.documents.show_ids(ids)
        self.groups.show_groups(groups)
        failed = f" · {self._failed:,} failed" if self._failed else ""
        self.toolbar.counts.setText(f"{count_words(len(ids), 'document')}{failed}")
        narrowed = self.query or self.toolbar.state.currentData() or self.where() is not None
        self.tables.setCurrentWidget(self.none if narrowed and not ids else self.documents)
        self._choose_document()

    def _choose_document(self) -> None:
        rows: Sequence[Document] = self._corpus.shelf.document_rows(self.documents.selected_ids()[:1])
        self.chosen.emit(rows[0] if rows else None, None)

    def _hit_rows(self, ids: Sequence[int]) -> Sequence[tuple[int, Hit]]:
        return [(number + 1, self.hits[number]) for number in ids]

    def _first_match(self, text: str) -> int:
        spans = self._corpus.matches(self.query, text)
        return spans[0][0] if spans else 0

    @Slot(str)
    def _on_query_settled(self, query: str) -> None:
        self.query = query
        if not query:
            self._errands.outdate("found")
            self.hits = ()
            self._show()
            return
        self._find(self._on_found)

    def _find(self, then: Callable[[Finding], None]) -> None:
        query, where = self.query, self.where()

        def arrived(found: Finding) -> None:
            then(found)
            if self._outdated and self.query:
                self._find(self._on_found_again)

        self._outdated = False
        self._errands.run(
            lambda: self._corpus.find(query, _FOUND, where=where),
            arrived,
            self._on_search_trouble,
            key="found",
            lane="search",
        )

    def _on_search_trouble(self, error: ForgeError) -> None:
        self._show_hits((), "")
        self.troubled.emit(error)

    def _on_found(self, found: Finding) -> None:
        self._show_hits(found.hits, self._words(found))

    def _on_found_again(self, found: Finding) -> None:
        """The same search after the corpus changed: what is chosen stays so, unless it has gone."""
        chosen = next((self.hits[number].passage for number in self.found.selected_ids()[:1]), None)
        self._found_words = self._words(found)
        if list(found.hits) != list(self.hits):
            self.hits = found.hits
            self._keep_chosen(chosen)
        self._show()
        if chosen is not None and self.tables.currentWidget() is not self.documents:
            rows = self._corpus.shelf.document_rows([chosen.document_id])
            self.chosen.emit(rows[0] if rows else None, None)

    def _keep_chosen(self, chosen: Passage | None) -> None:
        bar = self.found.verticalScrollBar()
        place = bar.value()
        self.found.rows.set_ids(array.array("q"))
        self.found.show_ids(array.array("q", range(len(self.hits))))
        rows = [number for number, hit in enumerate(self.hits) if chosen is not None and hit.passage.id == chosen.id]
        self.found.blockSignals(True)  # the passage beside is the same
        for number in rows:
            self.found.select_id(number)
        self.found.blockSignals(False)
        bar.setValue(place)

    def _words(self, found: Finding) -> str:
        words, note = finding_words(found), self._corpus.vectors.note
        return " · ".join(filter(None, (words, "" if note in words else note)))

    def _show_hits(self, hits: Sequence[Hit], words: str) -> None:
        self.hits, self._found_words = hits, words
        self.found.rows.set_ids(array.array("q"))
        self.chosen.emit(None, None)  # what stood beside the table belonged to the last search
        self._show()

    @Slot()
    def _on_filtered(self) -> None:
        self._only = None
        if self.query and self.toolbar.view.currentData() == "passages":
            self.toolbar.search_now()
        self._show()

    @Slot(list)
    def _on_group(self, ids: list[int]) -> None:
        self._only = None if self._only == ids else ids
        self._show()

    @Slot()
    def _on_hit_selected(self) -> None:
        selected = self.found.selected_ids()
        if selected and selected[0] < len(self.hits):
            hit = self.hits[selected[0]]
            if rows := self._corpus.shelf.document_rows([hit.passage.document_id]):
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
        documents, passages = self._corpus.shelf.removal_effect(ids)
        words = f"Remove {count_words(documents, 'document')} ({count_words(passages, 'passage')}) from the index"
        menu.addAction(theme.icon("trash-2"), words, lambda: self.remove_asked.emit(ids))
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(self.documents.viewport().mapToGlobal(place))

"""The pane itself: add, watch, search, retry, remove."""

from __future__ import annotations

import array
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, Qt, QTimer, Slot
from PySide6.QtGui import QDragEnterEvent, QDragLeaveEvent, QDropEvent, QKeySequence, QResizeEvent, QShortcut
from PySide6.QtWidgets import QComboBox, QFileDialog, QLineEdit, QMenu, QStackedWidget, QWidget

from forge_desktop.base.errors import ForgeError
from forge_desktop.base.events import DataChanged, JobChanged
from forge_desktop.base.paths import resources_dir
from forge_desktop.corpus import Document, Hit, IndexReport, Survey
from forge_desktop.ui import theme, tokens
from forge_desktop.ui.bridge import Bridge
from forge_desktop.ui.errands import Errands
from forge_desktop.ui.panes import Pane
from forge_desktop.ui.panes.corpus.columns import DOCUMENT_COLUMNS, hit_columns
from forge_desktop.ui.panes.corpus.details import DocumentDetails, removal_words
from forge_desktop.ui.panes.corpus.survey import SurveyCard
from forge_desktop.ui.widgets.basics import (
    Banner,
    Button,
    EmptyState,
    Notice,
    PrimaryButton,
    ProgressRow,
    column,
    frame,
    label,
    page_head,
    row,
    search_field,
)
from forge_desktop.ui.widgets.windowed_table import WindowedTable
from forge_desktop.ui.widgets.words import count_words, moment_words, size_words

if TYPE_CHECKING:
    from forge_desktop.forge import Forge

_FOUND = 50  # passages a search shows
_REFRESH_MS = 250  # at most this often while an index run commits documents


class CorpusPane(Pane):
    """What is indexed, what failed and why, and a search over every passage."""

    key = "corpus"
    title = "Corpus"
    icon = "library"

    def __init__(self, forge: Forge, bridge: Bridge, parent: QWidget | None = None) -> None:
        super().__init__(forge, bridge, parent)
        self._sort: tuple[str, bool] = ("name", False)
        self._total = self._failed = 0
        self._hits: Sequence[Hit] = ()
        self._query = ""
        self._errands = Errands(forge.jobs, bridge, self)
        self._surveying = 0
        self._index_jobs: set[int] = set()
        self.setAcceptDrops(True)
        self._refreshing = QTimer(self, singleShot=True, interval=_REFRESH_MS)
        self._refreshing.timeout.connect(self.refresh)
        self._typing = QTimer(self, singleShot=True, interval=200)
        self._typing.timeout.connect(self._on_query_settled)
        self._build()
        bridge.job_changed.connect(self._on_job)
        bridge.data_changed.connect(self._on_data)
        self.refresh()

    # what the window asks of a pane

    def shown(self) -> None:
        self.refresh()

    def commands(self) -> dict[str, Callable[[], None]]:
        return {"add_files": self.choose_files, "add_folder": self.choose_folder, "rescan": self.rescan}

    def search(self) -> QLineEdit:
        return self._search

    # adding

    @Slot()
    def choose_folder(self) -> None:
        """Ask for a folder, then show what it holds before anything is read."""
        if chosen := QFileDialog.getExistingDirectory(self, "Add a folder"):
            self.add_paths([Path(chosen)])

    @Slot()
    def choose_files(self) -> None:
        """Ask for files, then show what would be read."""
        chosen, _ = QFileDialog.getOpenFileNames(self, "Add files")
        if chosen:
            self.add_paths([Path(name) for name in chosen])

    @Slot()
    def add_sample(self) -> None:
        """Index the sample corpus that comes with the application."""
        self.add_paths([resources_dir() / "sample"])

    def add_paths(self, paths: Sequence[Path]) -> None:
        """The dry run: count what is there and show it; indexing starts when the user says so."""
        self._problem.clear()
        self._survey.show_counting(paths)
        self._surveying = self.forge.corpus.survey(paths)
        self._show_body()

    @Slot()
    def rescan(self) -> None:
        """Look at every added folder again."""
        self._follow(self.forge.corpus.rescan())

    def index(self, paths: Sequence[Path]) -> None:
        """Start reading these paths."""
        self._follow(self.forge.corpus.index(paths))

    # removing and retrying

    def remove(self, document_ids: Sequence[int]) -> None:
        """Take documents out of the index, saying exactly what went, with undo."""
        ids = list(document_ids)
        if not ids:
            return
        effect = self.forge.corpus.removal_effect(ids)

        def done(token: int) -> None:
            self.notice.emit(Notice(removal_words(*effect), undo=lambda: self._restore(token), icon="trash-2"))

        self._errands.run(lambda: self.forge.corpus.remove(ids), done, self._on_trouble, lane="documents")

    def retry(self, document_ids: Sequence[int]) -> None:
        """Read failed documents again."""
        if document_ids:
            self._follow(self.forge.corpus.retry(list(document_ids)))

    def _restore(self, token: int) -> None:
        self._errands.run(
            lambda: self.forge.corpus.restore(token), lambda _: self.refresh(), self._on_trouble, lane="documents"
        )

    def _on_trouble(self, error: ForgeError) -> None:
        self._survey.hide()
        self._problem.show_error(error)
        self._show_body()

    # building

    def _build(self) -> None:
        self._subtitle = label("", tokens.SMALL, cls="muted")
        self._rescan = Button("Rescan", "refresh-cw")
        self._rescan.clicked.connect(self.rescan)
        files = Button("Add files", "file-plus")
        files.clicked.connect(self.choose_files)
        folder = PrimaryButton("Add folder", "folder-plus")
        folder.clicked.connect(self.choose_folder)
        head = page_head("Corpus", self._subtitle, self._rescan, files, folder)
        self._problem = Banner()
        self._failures = Banner()
        self._failures.acted.connect(self._on_show_failed)
        self._survey = SurveyCard()
        self._survey.confirmed.connect(self.index)
        self._survey.dismissed.connect(self._show_body)
        self._documents = WindowedTable(DOCUMENT_COLUMNS, self._document_rows, "Documents")
        self._documents.sort_requested.connect(self._on_sort)
        self._documents.selection_changed.connect(self._on_document_selected)
        self._documents.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self._documents.customContextMenuRequested.connect(self._on_menu)
        delete = QShortcut(QKeySequence.StandardKey.Delete, self._documents)
        delete.setContext(Qt.ShortcutContext.WidgetShortcut)
        delete.activated.connect(lambda: self.remove(self._documents.selected_ids()))
        self._found = WindowedTable(hit_columns(self._first_match), self._hit_rows, "Passages found")
        self._found.horizontalHeader().setSortIndicatorShown(False)
        self._found.selection_changed.connect(self._on_hit_selected)
        self._nothing = EmptyState("search", "No passage matches", "Try other words, or fewer of them.")
        self._tables = QStackedWidget()
        for page in (self._documents, self._found, self._nothing):
            self._tables.addWidget(page)
        body = column(
            self._make_toolbar(), self._problem, self._failures, self._survey, self._tables, self._make_foot(),
            gap=tokens.MD, margins=(tokens.XL, 14, 20, 14),
        )  # fmt: skip
        body.setStretch(4, 1)
        self._listing = frame("", body)
        self._listing.setProperty("cls", "surface")
        self._empty = EmptyState(
            "library",
            "Add your documents",
            "Forge Desktop reads them here, on this computer, and answers from them with the place it found. "
            "Nothing leaves this machine.",
            "Add folder", "folder-plus", "Try the sample documents",
            "Text, Markdown, HTML, PDF and Word. You can also drop files or folders here.",
        )  # fmt: skip
        self._empty.acted.connect(self.choose_folder)
        self._empty.acted_second.connect(self.add_sample)
        self._body = QStackedWidget()
        self._body.setProperty("cls", "surface")
        self._body.addWidget(self._listing)
        self._body.addWidget(self._empty)
        self._details = DocumentDetails(self.forge.corpus.passages)
        self._details.retry_pressed.connect(lambda document_id: self.retry([document_id]))
        self._details.remove_pressed.connect(lambda document_id: self.remove([document_id]))
        self._details.hide()
        middle = row(self._body, self._details, gap=0)
        middle.setStretch(0, 1)
        layout = column(head, middle, gap=0)
        layout.setStretch(1, 1)
        self.setLayout(layout)
        self._drop = frame("dropping", column(None, self._drop_words(), None))
        self._drop.setParent(self)
        self._drop.hide()

    def _make_toolbar(self) -> QWidget:
        self._search = search_field("Search documents and passages")
        self._search.setFixedWidth(theme.px(320))
        self._search.textChanged.connect(self._on_typed)
        self._state = QComboBox()
        self._state.setAccessibleName("Show documents by status")
        for words, state in (
            ("All statuses", ""),
            ("Indexed", "indexed"),
            ("Waiting", "pending"),
            ("Failed", "failed"),
        ):
            self._state.addItem(words, state)
        self._state.currentIndexChanged.connect(self._on_filtered)
        self._view = QComboBox()
        self._view.setAccessibleName("Show passages or documents")
        self._view.addItem("Passages found", "passages")
        self._view.addItem("Documents by name", "documents")
        self._view.currentIndexChanged.connect(self._on_filtered)
        self._view.hide()
        self._counts = label("", tokens.SMALL, cls="muted")
        holder = QWidget()
        holder.setLayout(row(self._search, self._view, self._state, None, self._counts))
        return holder

    def _make_foot(self) -> QWidget:
        self._progress = ProgressRow("Indexing")
        self._progress.pause_pressed.connect(self.forge.jobs.pause)
        self._progress.resume_pressed.connect(self.forge.jobs.resume)
        self._progress.cancel_pressed.connect(self.forge.jobs.cancel)
        self._rate = label("", tokens.SMALL, cls="muted", tabular=True)
        self._foot = QWidget()
        line = row(self._progress, self._rate, gap=tokens.MD)
        line.setStretch(0, 1)
        self._foot.setLayout(line)
        self._foot.hide()
        return self._foot

    def _drop_words(self) -> QWidget:
        words = label("Drop files or folders to index them", tokens.TITLE, 600, "accent")
        words.setAlignment(Qt.AlignmentFlag.AlignCenter)
        return words

    # showing

    @Slot()
    def refresh(self) -> None:
        """Read totals and the shown rows again."""
        stats = self.forge.corpus.stats()
        since = f" · last indexed {moment_words(stats.last_indexed)}" if stats.last_indexed else ""
        self._subtitle.setText(
            f"{count_words(stats.passages, 'passage')} from {count_words(stats.documents, 'document')}{since}"
            if stats.documents
            else "Nothing is indexed yet"
        )
        self._rescan.setEnabled(stats.documents > 0)
        self._total, self._failed = stats.documents, stats.failed
        self._show_body()
        self._show_tables()

    @Slot()
    def _show_body(self) -> None:
        busy = not self._survey.isHidden() or bool(self._index_jobs) or not self._problem.isHidden()
        self._body.setCurrentWidget(self._empty if not self._total and not busy else self._listing)

    def _show_tables(self) -> None:
        searching = bool(self._query)
        self._view.setVisible(searching)
        passages = searching and self._view.currentData() == "passages"
        self._state.setVisible(not passages)
        if passages:
            self._errands.outdate("list")
            self._found.show_ids(array.array("q", range(len(self._hits))))
            self._tables.setCurrentWidget(self._found if self._hits else self._nothing)
            self._counts.setText(count_words(len(self._hits), "passage") if self._hits else "")
            return
        sort, descending = self._sort
        query, state = self._query, self._state.currentData() or None
        self._errands.run(  # with 100,000 documents this takes longer than the window may wait
            lambda: self.forge.corpus.documents(text=query, state=state, sort=sort, descending=descending),
            self._on_listed,
            self._on_trouble,
            key="list",
        )

    def _on_listed(self, ids: array.array[int]) -> None:
        self._documents.show_ids(ids)
        failed = f" · {self._failed:,} failed" if self._failed else ""
        self._counts.setText(f"{count_words(len(ids), 'document')}{failed}")
        self._tables.setCurrentWidget(self._documents)
        self._show_selected_document()

    def _show_selected_document(self) -> None:
        current = self._documents.selected_ids()
        rows = self.forge.corpus.document_rows(current[:1])
        if rows:
            self._details.show_document(rows[0])
        self._details.setVisible(bool(rows))

    def _document_rows(self, ids: Sequence[int]) -> Sequence[Document]:
        return self.forge.corpus.document_rows(ids)

    def _hit_rows(self, ids: Sequence[int]) -> Sequence[Hit]:
        return [self._hits[number] for number in ids]

    def _first_match(self, text: str) -> int:
        spans = self.forge.corpus.matches(self._query, text)
        return spans[0][0] if spans else 0

    # following jobs

    def _follow(self, job_id: int | None) -> None:
        if job_id is not None:
            self._problem.clear()
            self._index_jobs.add(job_id)
            self._show_body()

    @Slot(object)
    def _on_job(self, event: JobChanged) -> None:
        if event.kind == "index":
            self._on_index_job(event)
        elif event.job_id == self._surveying and isinstance(event.error, ForgeError):
            self._on_trouble(event.error)
        elif event.job_id == self._surveying and isinstance(event.result, Survey):
            self._survey.show_survey(event.result)

    def _on_index_job(self, event: JobChanged) -> None:
        if event.state in ("queued", "running", "paused"):
            self._index_jobs.add(event.job_id)
            self._foot.show()
            self._progress.show_job(event)
            rate = event.done / event.elapsed if event.elapsed > 0.5 else 0
            self._rate.setText(f"{size_words(rate)}/s" if rate else "")
            return
        self._index_jobs.discard(event.job_id)
        self._foot.setVisible(bool(self._index_jobs))
        if isinstance(event.result, IndexReport):
            self._on_indexed(event.result)
        elif isinstance(event.error, ForgeError):
            self._problem.show_error(event.error)
        self.refresh()

    def _on_indexed(self, report: IndexReport) -> None:
        read = report.new + report.changed
        words = f"Indexed {count_words(read, 'document')}" if read else "Everything was up to date"
        gone = f", {report.removed} no longer there" if report.removed else ""
        self.notice.emit(Notice(f"{words}{gone}: {count_words(report.passages, 'passage')} ready to search."))
        if report.failed:
            self._failures.show_message(
                f"{count_words(len(report.failed), 'document')} could not be read",
                f"{report.failed[0][0].rpartition('/')[2]}: {report.failed[0][1]}",
                kind="warn",
                action="Show them",
            )
        else:
            self._failures.clear()

    @Slot(object)
    def _on_data(self, event: DataChanged) -> None:
        if "documents" in event.what and not self._refreshing.isActive():
            self._refreshing.start()

    # searching

    @Slot()
    def _on_typed(self) -> None:
        self._typing.start()

    @Slot()
    def _on_query_settled(self) -> None:
        self._query = self._search.text().strip()
        if not self._query:
            self._hits = ()
            self._show_tables()
            return
        query = self._query
        self._errands.run(
            lambda: self.forge.corpus.search(query, _FOUND),
            self._on_found,
            self._on_trouble,
            key="found",
            lane="search",
        )

    def _on_found(self, hits: Sequence[Hit]) -> None:
        self._hits = hits
        self._found.rows.set_ids(array.array("q"))
        self._show_tables()

    @Slot()
    def _on_hit_selected(self) -> None:
        chosen = self._found.selected_ids()
        if not chosen or chosen[0] >= len(self._hits):
            return
        passage = self._hits[chosen[0]].passage
        rows = self.forge.corpus.document_rows([passage.document_id])
        if rows:
            query = self._query
            self._details.show_document(rows[0], passage.id, lambda text: self.forge.corpus.matches(query, text))
            self._details.show()

    @Slot()
    def _on_document_selected(self) -> None:
        if self._tables.currentWidget() is self._documents:
            self._show_selected_document()

    @Slot()
    def _on_filtered(self) -> None:
        self._show_tables()

    @Slot(str, bool)
    def _on_sort(self, key: str, descending: bool) -> None:
        self._sort = (key, descending)
        self._show_tables()

    @Slot()
    def _on_show_failed(self) -> None:
        self._search.clear()
        self._state.setCurrentIndex(self._state.findData("failed"))
        self._failures.clear()

    @Slot(QPoint)
    def _on_menu(self, place: QPoint) -> None:
        ids = self._documents.selected_ids()
        if not ids:
            return
        menu = QMenu(self)
        menu.addAction(theme.icon("refresh-cw"), "Read again", lambda: self.retry(ids))
        documents, passages = self.forge.corpus.removal_effect(ids)
        words = f"Remove {count_words(documents, 'document')} ({count_words(passages, 'passage')}) from the index"
        menu.addAction(theme.icon("trash-2"), words, lambda: self.remove(ids))
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(self._documents.viewport().mapToGlobal(place))

    # dropping

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if any(url.isLocalFile() for url in event.mimeData().urls()):
            event.acceptProposedAction()
            self._drop.setGeometry(self._body.geometry().adjusted(16, 16, -16, -16))
            self._drop.show()
            self._drop.raise_()

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        self._drop.hide()

    def dropEvent(self, event: QDropEvent) -> None:
        self._drop.hide()
        paths = [Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile()]
        if paths:
            event.acceptProposedAction()
            self.add_paths(paths)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._details.setMaximumWidth(max(theme.px(260), min(theme.px(320), self.width() // 3)))

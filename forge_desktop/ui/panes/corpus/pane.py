"""The pane itself: add, watch, search, retry, remove; its pages are the documents, the collections and the totals."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QTimer, Slot
from PySide6.QtGui import QDragEnterEvent, QDragLeaveEvent, QDropEvent, QResizeEvent
from PySide6.QtWidgets import QFileDialog, QLineEdit, QStackedWidget, QWidget

from forge_desktop.base.errors import ForgeError
from forge_desktop.base.events import DataChanged, JobChanged
from forge_desktop.base.paths import resources_dir
from forge_desktop.corpus import Document, Hit, IndexReport, Survey
from forge_desktop.ui import theme, tokens
from forge_desktop.ui.bridge import Bridge
from forge_desktop.ui.errands import Errands
from forge_desktop.ui.job_strip import is_reading
from forge_desktop.ui.panes import Pane
from forge_desktop.ui.panes.corpus.beside import Beside
from forge_desktop.ui.panes.corpus.collections import CollectionsView
from forge_desktop.ui.panes.corpus.details import DocumentDetails, removal_words
from forge_desktop.ui.panes.corpus.forgetting import Forgetting
from forge_desktop.ui.panes.corpus.keeping import Keeping
from forge_desktop.ui.panes.corpus.listing import Listing
from forge_desktop.ui.panes.corpus.progress import IndexStrip
from forge_desktop.ui.panes.corpus.questions import Questions
from forge_desktop.ui.panes.corpus.reports import report_words, trouble_words
from forge_desktop.ui.panes.corpus.statistics import StatisticsView
from forge_desktop.ui.panes.corpus.survey import SurveyCard
from forge_desktop.ui.widgets.basics import (
    Banner,
    Button,
    ElidedLabel,
    EmptyState,
    Notice,
    PrimaryButton,
    column,
    frame,
    holds_focus,
    label,
    page_head,
    row,
)
from forge_desktop.ui.widgets.segments import Segments
from forge_desktop.ui.widgets.words import count_words, moment_words

if TYPE_CHECKING:
    from forge_desktop.forge import Forge

_REFRESH_MS = 250  # at most this often while an index run commits documents
_PAGES = (("documents", "Documents"), ("collections", "Collections"), ("statistics", "Statistics"))
_NOUNS = frozenset(("documents", "collections", "questions", "sync"))  # what the pane shows
_READING = ("index", "sync", "repair", "import")  # jobs that make documents searchable
_RESCAN, _SHOW_FAILED = "Rescan", "Show failed documents"
_NARROW = 1000  # pixels; with less the viewer takes the table's place


class CorpusPane(Pane):
    """What is indexed, what failed and why, and a search over every passage."""

    key = "corpus"
    title = "Corpus"
    icon = "library"

    def __init__(self, forge: Forge, bridge: Bridge, parent: QWidget | None = None) -> None:
        super().__init__(forge, bridge, parent)
        self._total = 0
        self._share = 1.0  # of the known documents, how many can be searched
        self._errands = Errands(forge.jobs, bridge, self)
        self._surveying = 0
        self._into = ""  # the collection that what is being added goes into
        self._index_jobs: set[int] = set()
        self.setAcceptDrops(True)
        self._refreshing = QTimer(self, singleShot=True, interval=_REFRESH_MS)
        self._refreshing.timeout.connect(self.refresh)
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
        self.show_page("documents")
        return self._listing.field

    def show_page(self, key: str) -> None:
        """Go to a page of the pane: documents, collections or statistics."""
        self._segments.choose(key)
        self._on_page(key)

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

    def add_paths(self, paths: Sequence[Path], collection: str = "") -> None:
        """The dry run: count what is there and show it; indexing starts when the user says so."""
        self._problem.clear()
        self.show_page("documents")
        self._into = collection or self._listing.collection()
        self._survey.show_counting(paths, self._collection_name(self._into))
        self._surveying = self.forge.corpus.survey(paths, self._into)
        self._show_body()

    @Slot()
    def rescan(self) -> None:
        """Look at every added folder again."""
        self._follow(self.forge.corpus.rescan())

    def index(self, paths: Sequence[Path]) -> None:
        """Start reading these paths."""
        self._follow(self.forge.corpus.index(paths, self._into))

    def _joins(self) -> bool:
        """Whether something of what is being added lies in no folder yet of the collection it goes into."""
        known = self._collections_view.collections
        into = next((c for c in known if c.uid == self._into or (c.standing and not self._into)), None)
        roots = [Path(root) for root in into.roots] if into else []
        return any(not any(root == path or root in path.parents for root in roots) for path in self._survey.paths())

    def _collection_name(self, uid: str) -> str:
        return next((c.name for c in self._collections_view.collections if c.uid == uid), "")

    # removing and retrying

    def remove(self, document_ids: Sequence[int]) -> None:
        """Take documents out of the index, saying exactly what went, with undo."""
        ids = list(document_ids)
        if not ids:
            return
        effect = self.forge.corpus.shelf.removal_effect(ids)

        def work() -> tuple[int, str]:
            resting = self._forgetting.resting(ids)
            return self.forge.corpus.remove(ids), resting

        def done(removed: tuple[int, str]) -> None:
            token, resting = removed
            words = removal_words(*effect) + resting
            self.notice.emit(Notice(words, undo=lambda: self._restore(token), icon="trash-2"))

        self._errands.run(work, done, self._on_trouble, lane="documents")

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
        self._subtitle = ElidedLabel("", tokens.SMALL, cls="muted")
        self._segments = Segments(_PAGES, "Pages of the corpus")
        self._segments.chosen.connect(self._on_page)
        self._rescan = Button(_RESCAN, "refresh-cw")
        self._rescan.setToolTip("Compare every added folder with what is indexed")
        self._rescan.clicked.connect(self.rescan)
        files = Button("Add files", "file-plus")
        files.clicked.connect(self.choose_files)
        folder = PrimaryButton("Add folder", "folder-plus")
        folder.clicked.connect(self.choose_folder)
        head = page_head("Corpus", self._subtitle, self._segments, self._rescan, files, folder)
        self._body = QStackedWidget()
        self._body.setProperty("cls", "surface")
        for page in (self._make_listing(), self._make_empty()):
            self._body.addWidget(page)
        documents = QWidget()
        middle = row(self._body, self._make_details(), self._make_viewer(), gap=0)
        middle.setStretch(0, 1)
        documents.setLayout(middle)
        self._collections_view = CollectionsView(self.forge.corpus, self.forge.jobs, self._errands)
        self._collections_view.notice.connect(self.notice)
        self._collections_view.add_asked.connect(lambda uid, paths: self.add_paths(paths, uid))
        self._collections_view.synced.connect(self.rescan)
        self._statistics = StatisticsView()
        self._keeping = Keeping(self.forge, self._errands, self._statistics, self._collections_view, self)
        self._keeping.notice.connect(self.notice)
        self._forgetting = Forgetting(self.forge, self._errands, self._restore, self)
        self._forgetting.notice.connect(self.notice)
        self._forgetting.troubled.connect(self._on_trouble)
        self._details.forget_pressed.connect(self._forgetting.ask)
        self._pages = QStackedWidget()
        for page in (documents, self._collections_view, self._statistics):
            self._pages.addWidget(page)
        layout = column(head, self._pages, gap=0)
        layout.setStretch(1, 1)
        self.setLayout(layout)
        self._drop = frame("dropping", column(None, self._drop_words(), None))
        self._drop.setParent(self)
        self._drop.hide()

    def _make_listing(self) -> QWidget:
        self._problem = Banner()
        self._failures = Banner()
        self._failures.acted.connect(self._on_show_failed)
        self._questions = Questions(self.forge.corpus, self._errands)
        self._questions.notice.connect(self.notice)
        self._questions.troubled.connect(self._on_trouble)
        self._questions.settled.connect(self._on_questions_settled)
        self._survey = SurveyCard()
        self._survey.confirmed.connect(self.index)
        self._survey.dismissed.connect(self._show_body)
        self._progress = IndexStrip()
        self._progress.pause_pressed.connect(self.forge.jobs.pause)
        self._progress.resume_pressed.connect(self.forge.jobs.resume)
        self._progress.cancel_pressed.connect(self.forge.jobs.cancel)
        self._progress.hide()
        between = (self._problem, self._questions, self._failures, self._survey)
        self._listing = Listing(self.forge.corpus, self._errands, between, self._progress)
        self._questions.left.connect(self._listing.take_focus)
        self._listing.chosen.connect(self._on_chosen)
        self._listing.remove_asked.connect(self.remove)
        self._listing.retry_asked.connect(self.retry)
        self._listing.troubled.connect(self._on_trouble)
        return self._listing

    def _make_empty(self) -> QWidget:
        self._empty = EmptyState(
            "library",
            "Add your documents",
            "Forge Desktop reads them here, on this computer, and answers from them with the place it found. "
            "Nothing leaves this machine.",
            "Add folder", "folder-plus", "Try the sample documents",
            "Text, PDF, Word, Excel, PowerPoint, OpenDocument, e-books, e-mail, web pages, notebooks, source code and "
            "more. You can also drop files or folders here.",
        )  # fmt: skip
        self._empty.acted.connect(self.choose_folder)
        self._empty.acted_second.connect(self.add_sample)
        return self._empty

    def _make_details(self) -> QWidget:
        self._details = DocumentDetails(self.forge.corpus.shelf.passages)
        self._details.retry_pressed.connect(lambda document_id: self.retry([document_id]))
        self._details.remove_pressed.connect(lambda document_id: self.remove([document_id]))
        self._details.hide()
        return self._details

    def _make_viewer(self) -> QWidget:
        self._beside = Beside(self.forge.corpus, self._errands, self._listing, self._details)
        self._beside.changed.connect(self._fit)
        self._beside.troubled.connect(self._on_trouble)
        self._viewer = self._beside.viewer
        return self._viewer

    def _drop_words(self) -> QWidget:
        words = label("Drop files or folders to index them", tokens.TITLE, 600, "accent")
        words.setAlignment(Qt.AlignmentFlag.AlignCenter)
        return words

    # showing

    @Slot()
    def refresh(self) -> None:
        """Read totals and the shown rows again."""
        stats = self.forge.corpus.shelf.stats()
        self._total = stats.documents + stats.failed
        self._share = self.forge.corpus.shelf.indexed_share()
        self._subtitle.setText(self._summary(stats.passages, stats.documents, stats.last_indexed))
        self._rescan.setEnabled(self._total > 0)
        if not stats.failed and self._failures.action() == _SHOW_FAILED:
            self._failures.clear()
        self._show_body()
        self._listing.refresh(stats.failed)
        self._questions.refresh()
        self._collections_view.refresh()
        if self._segments.key() == "statistics":
            self._keeping.show_stats()

    def _summary(self, passages: int, documents: int, last: float | None) -> str:
        if not documents:
            return "Nothing is indexed yet"
        words = f"{count_words(passages, 'passage')} from {count_words(documents, 'document')}"
        if self._share < 1:
            reading = any(self.forge.jobs.running(kind) for kind in _READING)
            then = "search works meanwhile" if reading else "Rescan reads the rest"
            return f"{words} · {self._share:.0%} indexed, {then}"
        return words + (f" · last indexed {moment_words(last)}" if last else "")

    @Slot()
    def _show_body(self) -> None:
        busy = not self._survey.isHidden() or bool(self._index_jobs) or not self._problem.isHidden()
        self._body.setCurrentWidget(self._empty if not self._total and not busy else self._listing)

    @Slot(str)
    def _on_page(self, key: str) -> None:
        self._pages.setCurrentIndex([name for name, _ in _PAGES].index(key))
        if key == "statistics":
            self._keeping.show_stats()

    @Slot(object, object)
    def _on_chosen(self, document: Document | None, hit: Hit | None) -> None:
        query = self._listing.query
        if document is None and holds_focus(self._details, self._viewer):
            self._listing.take_focus()
        self._details.setVisible(document is not None)
        self._beside.outdate(query if document is not None else "")
        if document is None:
            self._beside.close()
            return
        spans = (lambda text: self.forge.corpus.matches(query, text)) if query else None
        self._details.show_document(document, hit.passage.id if hit else None, spans)

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
        elif event.kind == "sync":
            self._on_sync_job(event)
        elif event.job_id == self._surveying and isinstance(event.error, ForgeError):
            self._on_trouble(event.error)
        elif event.job_id == self._surveying and isinstance(event.result, Survey):
            self._survey.show_survey(event.result, joins=self._joins())

    def _on_index_job(self, event: JobChanged) -> None:
        if event.state in ("queued", "running", "paused"):
            self._index_jobs.add(event.job_id)
            self._progress.show()
            self._progress.show_job(event)
            return
        self._index_jobs.discard(event.job_id)
        self._progress.setVisible(bool(self._index_jobs))
        if isinstance(event.result, IndexReport):
            self._on_indexed(event.result)
        elif isinstance(event.error, ForgeError):
            self._problem.show_error(event.error)
        self.refresh()

    def _on_sync_job(self, event: JobChanged) -> None:
        """What the folders' own changes brought: shown while something is read, and no word at the end."""
        if event.state in ("queued", "running", "paused"):
            if is_reading(event):
                self._progress.show()
                self._progress.show_job(event)
            return
        self._progress.setVisible(bool(self._index_jobs))
        self._refreshing.start()

    def _on_indexed(self, report: IndexReport) -> None:
        asked = bool(self.forge.corpus.sync.questions())
        self.notice.emit(Notice(report_words(report, asked=asked)))
        if (words := trouble_words(report)) is None:
            self._failures.clear()
            return
        failed = report.failed and self.forge.corpus.shelf.stats().failed
        self._failures.show_message(*words, kind="warn", action=_SHOW_FAILED if failed else "")

    @Slot(object)
    def _on_data(self, event: DataChanged) -> None:
        if not event.what.isdisjoint(_NOUNS) and not self._refreshing.isActive():
            self._refreshing.start()

    @Slot()
    def _on_show_failed(self) -> None:
        self._listing.show_failed()
        self._failures.clear()

    @Slot()
    def _on_questions_settled(self) -> None:
        if not self._failures.action():  # it was about a folder that is there again, or was decided on
            self._failures.clear()

    # dropping

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if any(url.isLocalFile() for url in event.mimeData().urls()):
            event.acceptProposedAction()
            self._drop.setGeometry(self._pages.geometry().adjusted(16, 16, -16, -16))
            self._drop.show()
            self._drop.raise_()

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        self._drop.hide()

    def dropEvent(self, event: QDropEvent) -> None:
        self._drop.hide()
        paths = [Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile()]
        if paths:
            event.acceptProposedAction()
            chosen = self._segments.key() == "collections"
            self.add_paths(paths, self._collections_view.form.uid() if chosen else "")

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    @Slot()
    def _fit(self) -> None:
        """Share the width: the viewer gets a third, or the table's place where there is little."""
        width, open_ = self.width(), self._viewer.isVisible()
        narrow = width < theme.px(_NARROW)
        self._details.setFixedWidth(max(theme.px(280), min(theme.px(320), width // 3)))
        self._body.setVisible(not (open_ and narrow))
        self._rescan.setText("" if narrow else _RESCAN)
        self._rescan.setAccessibleName(_RESCAN)
        self._viewer.setMinimumWidth(theme.px(360))
        self._viewer.setMaximumWidth(width if narrow else max(theme.px(360), width // 3))

"""The pane itself: add, watch, search, retry, remove."""

from __future__ import annotations

import os
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
from forge_desktop.ui.panes import Pane
from forge_desktop.ui.panes.corpus.columns import safe_words
from forge_desktop.ui.panes.corpus.details import DocumentDetails, removal_words
from forge_desktop.ui.panes.corpus.listing import Listing
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
)
from forge_desktop.ui.widgets.words import count_words, moment_words, size_words

if TYPE_CHECKING:
    from forge_desktop.forge import Forge

_REFRESH_MS = 250  # at most this often while an index run commits documents


class CorpusPane(Pane):
    """What is indexed, what failed and why, and a search over every passage."""

    key = "corpus"
    title = "Corpus"
    icon = "library"

    def __init__(self, forge: Forge, bridge: Bridge, parent: QWidget | None = None) -> None:
        super().__init__(forge, bridge, parent)
        self._total = 0
        self._errands = Errands(forge.jobs, bridge, self)
        self._surveying = 0
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
        return self._listing.field

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
        between = (self._problem, self._failures, self._survey)
        self._listing = Listing(self.forge.corpus, self._errands, between, self._make_foot())
        self._listing.chosen.connect(self._on_chosen)
        self._listing.remove_asked.connect(self.remove)
        self._listing.retry_asked.connect(self.retry)
        self._listing.troubled.connect(self._on_trouble)
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
        self._total = stats.documents
        self._show_body()
        self._listing.refresh(stats.failed)

    @Slot()
    def _show_body(self) -> None:
        busy = not self._survey.isHidden() or bool(self._index_jobs) or not self._problem.isHidden()
        self._body.setCurrentWidget(self._empty if not self._total and not busy else self._listing)

    @Slot(object, object)
    def _on_chosen(self, document: Document | None, hit: Hit | None) -> None:
        self._details.setVisible(document is not None)
        if document is None:
            return
        if hit is None:
            self._details.show_document(document)
            return
        query = self._listing.query
        self._details.show_document(document, hit.passage.id, lambda text: self.forge.corpus.matches(query, text))

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
        nothing = "Nothing new was read" if report.failed else "Everything was up to date"
        words = f"Indexed {count_words(read, 'document')}" if read else nothing
        gone = f", {report.removed} no longer there" if report.removed else ""
        self.notice.emit(Notice(f"{words}{gone}: {count_words(report.passages, 'passage')} ready to search."))
        if report.failed:
            path, reason = report.failed[0]
            name, others = safe_words(os.path.basename(path)), len(report.failed) - 1
            # Not all of it has a row: a pipe or a folder that went away is no document.
            self._failures.show_message(
                "Not everything could be read" if others else f"{name} could not be read",
                f"{name}: {reason} And {others:,} more." if others else reason,
                kind="warn",
                action="Show failed documents" if self.forge.corpus.stats().failed else "",
            )
        else:
            self._failures.clear()

    @Slot(object)
    def _on_data(self, event: DataChanged) -> None:
        if "documents" in event.what and not self._refreshing.isActive():
            self._refreshing.start()

    @Slot()
    def _on_show_failed(self) -> None:
        self._listing.show_failed()
        self._failures.clear()

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

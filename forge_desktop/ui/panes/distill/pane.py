"""The pane itself: its pages, the dialogs it opens, and the jobs it follows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, QTimer, Slot
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QResizeEvent
from PySide6.QtWidgets import QFileDialog, QLineEdit, QMenu, QStackedWidget, QWidget

from forge_desktop.base.errors import ForgeError
from forge_desktop.base.events import DataChanged, JobChanged
from forge_desktop.corpus import Collection
from forge_desktop.distill.records_runs import GenerateWish, Quote, RunWish
from forge_desktop.ui import theme, tokens
from forge_desktop.ui.bridge import Bridge
from forge_desktop.ui.errands import Errands
from forge_desktop.ui.gate_words import version_name
from forge_desktop.ui.going_back import GoingBack
from forge_desktop.ui.panes import Pane
from forge_desktop.ui.panes.distill.asking_text import ask_text
from forge_desktop.ui.panes.distill.before_run import BeforeRunDialog
from forge_desktop.ui.panes.distill.blocked import BlockedView
from forge_desktop.ui.panes.distill.calls_sheet import CallsSheet
from forge_desktop.ui.panes.distill.caps_dialog import CapsDialog
from forge_desktop.ui.panes.distill.dataset import DatasetView
from forge_desktop.ui.panes.distill.export_dialog import ExportDialog
from forge_desktop.ui.panes.distill.generate_dialog import GenerateDialog
from forge_desktop.ui.panes.distill.import_dialog import ImportDialog
from forge_desktop.ui.panes.distill.notices import Notices
from forge_desktop.ui.panes.distill.outcomes import (
    NO_TEACHER,
    Words,
    other_words,
    outcome_words,
    stop_action,
    unfinished_words,
)
from forge_desktop.ui.panes.distill.overview import RUNNING, Ended, Overview, ended, read
from forge_desktop.ui.panes.distill.page import QueuePage
from forge_desktop.ui.panes.distill.wish_form import again
from forge_desktop.ui.widgets.basics import Button, ElidedLabel, Notice, PrimaryButton, column, page_head
from forge_desktop.ui.widgets.segments import Segments
from forge_desktop.ui.widgets.words import count_words

if TYPE_CHECKING:
    from forge_desktop.forge import Forge

_REFRESH_MS = 250
_PAGES = (("queue", "Queue"), ("dataset", "Dataset"), ("blocked", "Held back"))
_NOUNS = frozenset(
    ("tasks", "pairs", "spend", "endpoints", "suites", "datasets", "settings", "documents", "gates", "versions")
)
_OTHERS = {
    "generate": "Creating tasks",
    "lessons import": "Importing",
    "lessons export": "Exporting",
    "reverify": "Comparing with the documents",
    "replay": "Replaying a run",
}
_LIVE = ("queued", "running", "paused")
_FILES = "Tasks and pairs (*.csv *.tsv *.json *.jsonl *.ndjson);;All files (*)"
_NARROW, _NARROWEST = 1020, 740  # pixels: below them the buttons of the head lose their words


class DistillPane(Pane):
    """Lessons from teachers, under a cap: the queue and its run, what was learnt, what is held back."""

    key, title, icon = "distill", "Distill", "flask-conical"

    def __init__(self, forge: Forge, bridge: Bridge, parent: QWidget | None = None) -> None:
        super().__init__(forge, bridge, parent)
        self._errands = Errands(forge.jobs, bridge, self)
        self._going_back = GoingBack(forge.students.registry, self._errands, self)
        self._seen = Overview()
        self._run_job = 0
        self._others: dict[int, str] = {}
        self._lead = ""  # where the button of the outcome leads
        self._greeted = False  # whether a run that was broken off was spoken of
        self._behind = False  # something changed while an overview was on its way
        self._refreshing = QTimer(self, singleShot=True, interval=_REFRESH_MS)
        self._refreshing.timeout.connect(self.refresh)
        self.setAcceptDrops(True)
        self._build()
        self._connect()
        self.refresh()

    # what the window asks of a pane

    def shown(self) -> None:
        self.refresh()

    def commands(self) -> dict[str, Callable[[], None]]:
        return {
            "import": self.choose_file,
            "generate": self.generate,
            "run": self.before_run,
            "review": self.review,
            "export": self.export,
            "caps": self.change_caps,
            "calls": self.show_calls,
            "dataset": partial(self.show_page, "dataset"),
        }

    def search(self) -> QLineEdit:
        self.show_page("queue")
        return self.page.queue.field

    def unfinished(self) -> str:
        count = self.page.item.unsaved
        return (
            f"{count_words(count, 'answer')} that you edited {'is' if count == 1 else 'are'} not kept." if count else ""
        )

    def foot(self) -> int:
        bar = self.page.bar
        return self.height() - bar.mapTo(self, QPoint(0, 0)).y() + theme.px(8) if bar.isVisible() else 0

    def show_page(self, key: str) -> None:
        """Go to a page of the pane: queue, dataset or blocked."""
        self._segments.choose(key)
        self._on_page(key)

    # building

    def _build(self) -> None:
        self._subtitle = ElidedLabel("", tokens.SMALL, cls="muted")
        self._segments = Segments(_PAGES, "Pages of the lessons")
        self._segments.chosen.connect(self._on_page)
        self._export = Button("Export", "upload")
        self._export.setToolTip("Write the pairs to files")
        self._export.clicked.connect(self.export)
        self._start = PrimaryButton("Start run", "play")
        self._start.clicked.connect(self.before_run)
        self._train = Button("Train adapter", "zap")
        self._train.setToolTip("Teach a base what the pairs say")
        self._train.clicked.connect(lambda: self.wants_pane.emit("students:train"))
        head = page_head("Distill", self._subtitle, self._segments, self._export, self._train, self._start)
        self.notices = Notices()
        self.page = QueuePage(self.forge, self._errands, self.notices)
        self.dataset = DatasetView(self.forge, self._errands)
        self.blocked = BlockedView(self.forge, self._errands)
        self._pages = QStackedWidget()
        for page in (self.page, self.dataset, self.blocked):
            self._pages.addWidget(page)
        layout = column(head, self.notices, self._pages, gap=0)
        layout.setStretch(2, 1)
        self.setLayout(layout)

    def _connect(self) -> None:
        page, jobs = self.page, self.forge.jobs
        page.troubled.connect(self._on_trouble)
        page.problem.acted.connect(self._on_mend)
        page.outcome.acted.connect(self._on_outcome)
        page.stopped.acted.connect(self._on_go_on)
        page.bar.notice.connect(self.notice)
        page.bar.moved.connect(self.foot_changed)
        page.queue.changing.notice.connect(self.notice)
        page.queue.add.clicked.connect(self._on_add)
        page.budgets.caps_pressed.connect(self.change_caps)
        page.budgets.calls_pressed.connect(self.show_calls)
        page.gate.gates_pressed.connect(
            lambda place: self.wants_pane.emit("students:gate" if place == "new" else f"students:gates:{place}")
        )
        page.gate.promote_pressed.connect(lambda _: self.wants_pane.emit("students:promote"))
        page.gate.card_pressed.connect(lambda uid: self.wants_pane.emit(f"cards:card:{uid}"))
        page.gate.rollback_pressed.connect(self.roll_back)
        self._going_back.held.connect(page.gate.hold_rollback)
        page.strip.pause_pressed.connect(jobs.pause)
        page.strip.resume_pressed.connect(jobs.resume)
        page.strip.cancel_pressed.connect(jobs.cancel)
        self.notices.other.cancel_pressed.connect(jobs.cancel)
        page.start.import_pressed.connect(self.choose_file)
        page.start.generate_pressed.connect(self.generate)
        page.start.chat_pressed.connect(lambda: self.wants_pane.emit("chat"))
        page.start.documents_pressed.connect(lambda: self.wants_pane.emit("corpus"))
        page.start.endpoints_pressed.connect(lambda: self.wants_pane.emit("settings:endpoints"))
        self.dataset.notice.connect(self.notice)
        self.dataset.export_asked.connect(self.export)
        self.dataset.import_pressed.connect(self.choose_file)
        self.blocked.notice.connect(self.notice)
        self.bridge.job_changed.connect(self._on_job)
        self.bridge.data_changed.connect(self._on_data)

    # ways in

    @Slot()
    def choose_file(self) -> None:
        """Ask for a file of tasks or pairs."""
        chosen, _ = QFileDialog.getOpenFileName(self, "Import tasks or pairs", "", _FILES)
        if chosen:
            self.import_file(Path(chosen))

    def import_file(self, path: Path) -> None:
        """Show what would be read from a file; the import starts when the person says so."""
        dialog = ImportDialog(self.forge.distill, self._errands, path, self)
        dialog.chosen.connect(lambda file, mapping: self._do(lambda: self.forge.distill.bring_in(file, mapping)))
        dialog.open()

    @Slot()
    def generate(self) -> None:
        """Ask which questions to make from documents."""

        def ask(collections: Sequence[Collection]) -> None:
            student = self.forge.engine.state().remote
            teachers, shelf = bool(self._seen.teachers), self.forge.corpus.shelf
            dialog = GenerateDialog(collections, shelf, self._errands, teachers=teachers, student=student, parent=self)
            dialog.started.connect(self._on_generate)
            dialog.open()

        self._errands.run(self.forge.corpus.collections.all, ask, self._on_trouble, key="collections to ask from")

    @Slot(object)
    def _on_generate(self, wish: GenerateWish) -> None:
        self._do(lambda: self.forge.distill.generate(wish))

    def _on_add(self) -> None:
        menu = QMenu(self)
        menu.addAction(theme.icon("download"), "Import tasks…", self.choose_file)
        menu.addAction(theme.icon("file-text"), "Create tasks from documents…", self.generate)
        menu.addAction(theme.icon("messages-square"), "From chat corrections", lambda: self.wants_pane.emit("chat"))
        add = self.page.queue.add
        menu.popup(add.mapToGlobal(add.rect().bottomLeft()))

    # runs

    @Slot()
    def before_run(self) -> None:
        """Show the sheet before a run; or pause or resume the one that is under way."""
        if self._run_job:
            (self.forge.jobs.resume if self.page.strip.paused else self.forge.jobs.pause)(self._run_job)
            return
        self.show_page("queue")
        if not self._seen.teachers:
            self._on_trouble(NO_TEACHER)
            return
        dialog = BeforeRunDialog(self.forge, self.bridge, self._seen.teachers, self._seen.of("queued"), self)
        if self._seen.run is not None:
            dialog.show_wish(again(self._seen.run.wish, self._seen.teachers))
        dialog.started.connect(self._on_started)
        dialog.open()

    @Slot(object, object)
    def _on_started(self, wish: RunWish, quote: Quote) -> None:
        self.page.outcome.clear()
        self._do(lambda: self.forge.distill.run(wish, quoted=quote))

    @Slot()
    def review(self) -> None:
        """Show the first pair that waits for a person."""
        self.show_page("queue")
        self.page.step_to_review()

    @Slot()
    def change_caps(self, kind: str = "") -> None:
        """Ask which cap shall be another."""
        dialog = CapsDialog(self.forge, self._errands, self._seen.budgets, kind or "", self)
        dialog.changed.connect(lambda words: self.notice.emit(Notice(words)))
        dialog.open()

    @Slot()
    def show_calls(self) -> None:
        """Every call with what it cost: unknown ones can be corrected, all be exported and set beside an invoice."""
        sheet = CallsSheet(self.forge, self.bridge, self)
        sheet.notice.connect(self.notice)
        sheet.open()

    @Slot()
    def export(self, dataset: str = "") -> None:
        """Ask where the pairs, or a frozen version of them, shall be written, and in which form."""
        dialog = ExportDialog(self.forge, self._errands, dataset or "", self)
        dialog.started.connect(self._do)
        dialog.open()

    @Slot()
    def roll_back(self) -> None:
        """Let the version answer again that was active before this one."""
        self._going_back.start(
            self.page.gate.active_uid(),
            lambda done: self.notice.emit(Notice(f"{version_name(done.version)} answers again", icon="rotate-ccw")),
            self._on_trouble,
        )

    def _do(self, start: Callable[[], int]) -> None:
        """Start a job of the room; what it cannot start for is a banner."""
        self.page.problem.clear()
        try:
            start()
        except ForgeError as error:
            self._on_trouble(error)

    # showing

    @Slot()
    def refresh(self) -> None:
        """Read everything that is shown again, off the window's thread."""
        if self._errands.awaits("overview"):
            self._behind = True
            return
        self._errands.run(
            lambda: read(self.forge), self._on_overview, self._on_trouble, key="overview", lane="overview"
        )
        self._refresh_page()

    def _refresh_page(self) -> None:
        pages = {"queue": self.page.refresh, "dataset": self.dataset.refresh, "blocked": self.blocked.refresh}
        pages[self._segments.key()]()

    def _on_overview(self, found: Overview) -> None:
        self._seen = found
        self.page.show_overview(found, busy=bool(self._run_job or self._others))
        self._subtitle.setText(self._summary(found))
        self._export.setEnabled(found.pairs.pairs > 0)
        if found.stopped or found.doubt:
            title = "No teacher is asked any more" if found.stopped else "Look at what is booked"
            self.page.stopped.show_message(title, found.stopped or found.doubt, action="Look and go on…")
        else:
            self.page.stopped.clear()
        if not self._greeted and found.run is not None and not self.forge.jobs.running("distil"):
            words = unfinished_words(found.run, found.of("queued", *RUNNING))
            if words is not None:
                self._say(words, "run")
        self._greeted = True
        self.page.strip.show_budget(found.budget("run"))
        self._follow_run()
        if self._behind:
            self._behind = False
            self._refreshing.start()

    def _summary(self, found: Overview) -> str:
        if not found.tasks and not found.pairs.pairs:
            return "Lessons from teachers, under a spending cap"
        teachers = ", ".join(teacher.name for teacher in found.teachers) or "no teacher yet"
        return f"{count_words(found.tasks, 'task')} · {count_words(found.pairs.accepted, 'pair')} kept · {teachers}"

    def _follow_run(self) -> None:
        strip = self.page.strip
        words = "Start run" if not self._run_job else "Resume run" if strip.paused else "Pause run"
        icon = "pause" if self._run_job and not strip.paused else "play"
        narrow = self.width() < theme.px(_NARROW)
        self._start.setText("" if self.width() < theme.px(_NARROWEST) else words)
        self._start.setAccessibleName(words)
        waits = self._run_job or self._seen.of("queued")
        self._start.setToolTip(words if waits else "No task waits in the queue")
        self._start.set_icon(icon)
        for button, said in ((self._export, "Export"), (self._train, "Train adapter")):
            button.setText("" if narrow else said)
            button.setAccessibleName(said)
        self._start.setEnabled(bool(waits))

    @Slot(str)
    def _on_page(self, key: str) -> None:
        self._pages.setCurrentIndex([name for name, _ in _PAGES].index(key))
        self.page.problem.clear()  # it was about another page
        self._refresh_page()

    @Slot(object)
    def _on_trouble(self, error: ForgeError) -> None:
        self.page.problem.show_error(error, mend=True)

    @Slot()
    def _on_mend(self) -> None:
        self.page.problem.clear()
        place = self.page.problem.place or "settings"
        self.wants_pane.emit("settings:endpoints" if place == "settings" else place)

    @Slot()
    def _on_outcome(self) -> None:
        self.page.outcome.clear()
        {
            "run": self.before_run,
            "day": lambda: self.change_caps("day"),
            "month": lambda: self.change_caps("month"),
            "total": lambda: self.change_caps("total"),
            "offline": lambda: self.wants_pane.emit("settings"),
            "teachers": lambda: self.wants_pane.emit("settings:endpoints"),
            "review": self.review,
        }.get(self._lead, lambda: None)()

    def _say(self, words: Words, lead: str = "") -> None:
        self._lead = lead
        self.page.outcome.show_message(words.title, words.text, kind=words.kind, action=words.action)

    @Slot()
    def _on_go_on(self) -> None:
        words = "What did you find? It is kept with the ledger."
        ask_text(self, "Go on asking teachers", words, self.go_on)

    def go_on(self, note: str) -> None:
        """Let teachers be asked again; the note says what a person found."""
        ledger = self.forge.providers.ledger
        self._errands.run(lambda: ledger.go_on(note), lambda _: self.refresh(), self._on_trouble)

    # following

    @Slot(object)
    def _on_job(self, event: JobChanged) -> None:
        if event.kind == "distil":
            self._on_run(event)
        elif event.kind in _OTHERS:
            self._on_other(event)

    def _on_run(self, event: JobChanged) -> None:
        strip = self.page.strip
        if event.state in _LIVE:
            self._run_job = event.job_id
            strip.show()
            strip.show_job(event)
            self._follow_run()
            return
        self._run_job = 0
        strip.hide()
        strip.paused = False
        self._greeted = True
        error = event.error if isinstance(event.error, ForgeError) else None
        self._errands.run(lambda: ended(self.forge), lambda found: self._on_ended(found, error), self._on_trouble)
        self._refreshing.start()

    def _on_ended(self, found: Ended | None, error: ForgeError | None) -> None:
        """Say how a run ended; where it never began there is only the error."""
        if found is None or (error is not None and found.run.stopped_by != "error"):
            if error is not None:
                self._on_trouble(error)
            return
        action = stop_action(found.run.stopped_by, found.run.review)
        self._say(outcome_words(found.run, found.capped), found.capped if action == "cap" else action)

    def _on_other(self, event: JobChanged) -> None:
        row = self.notices.other
        if event.state in _LIVE:
            if event.job_id not in self._others:
                self._others[event.job_id] = event.kind
                row.say(_OTHERS[event.kind])
            row.show_job(event)
            self.notices.show_other(True)
            return
        self._others.pop(event.job_id, None)
        self.notices.show_other(bool(self._others))
        if isinstance(event.error, ForgeError):
            self._on_trouble(event.error)
        elif event.state == "done" and (words := other_words(event.result)) is not None:
            self._say(words)
        self._refreshing.start()

    @Slot(object)
    def _on_data(self, event: DataChanged) -> None:
        if not event.what.isdisjoint(_NOUNS) and not self._refreshing.isActive() and self.isVisible():
            self._refreshing.start()

    # dropping

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if any(url.isLocalFile() for url in event.mimeData().urls()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        files = [Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile()]
        if files:
            event.acceptProposedAction()
            self.import_file(files[0])

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._follow_run()

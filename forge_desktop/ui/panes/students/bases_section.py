"""The bases and remote endpoints: the list, the import, and the errands of the details' buttons."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QItemSelection, QModelIndex, Qt, Slot
from PySide6.QtGui import QDragEnterEvent, QDragLeaveEvent
from PySide6.QtWidgets import QFileDialog, QFrame, QListView, QWidget

from forge_desktop.base.errors import ForgeError
from forge_desktop.base.events import DataChanged, EngineChanged, JobChanged
from forge_desktop.students import Plan, PlanWish, Student
from forge_desktop.students.remotes import what_leaves
from forge_desktop.ui import theme, tokens
from forge_desktop.ui.bridge import Bridge
from forge_desktop.ui.errands import Errands
from forge_desktop.ui.panes.students.details import StudentDetails
from forge_desktop.ui.panes.students.library import LibraryPanel, dropped
from forge_desktop.ui.panes.students.loading import Loading
from forge_desktop.ui.panes.students.options import StudentOptions
from forge_desktop.ui.panes.students.plan_card import PlanCard
from forge_desktop.ui.panes.students.plan_dialog import PlanDialog
from forge_desktop.ui.panes.students.remote_list import RemoteList
from forge_desktop.ui.panes.students.rows import StudentDelegate, said_of
from forge_desktop.ui.panes.students.section import Section
from forge_desktop.ui.widgets.basics import (
    EmptyState,
    Notice,
    PrimaryButton,
    ProgressRow,
    column,
    frame,
    label,
    row,
    set_cls,
)
from forge_desktop.ui.widgets.inset import Inset
from forge_desktop.ui.widgets.keyed_list import KeyedModel
from forge_desktop.ui.widgets.words import count_words

if TYPE_CHECKING:
    from forge_desktop.forge import Forge


class BasesSection(Section):
    """Lists the bases and the remote students, imports GGUF files, and says which one answers."""

    def __init__(self, forge: Forge, bridge: Bridge, errands: Errands) -> None:
        super().__init__(forge, bridge, errands)
        self._imports: set[int] = set()
        self._asked = ""  # the endpoint that the banner asks about
        self._loading = Loading(forge, bridge, self)
        self._loading.refused.connect(self._on_refused)
        self._loading.failed.connect(self.trouble)
        self._build()
        bridge.engine_changed.connect(self._on_engine_changed)
        self._refresh()

    def shown(self) -> None:
        self._refresh()

    @Slot()
    def choose_file(self) -> None:
        """Ask for GGUF files and import them."""
        chosen, _ = QFileDialog.getOpenFileNames(self, "Import students", "", "GGUF models (*.gguf);;All files (*)")
        self.import_files([Path(name) for name in chosen])

    def import_files(self, paths: list[Path]) -> None:
        """Import these files, one after the other."""
        if paths:
            self.banner.clear()
        for path in paths:
            try:
                self._imports.add(self.forge.students.import_gguf(path))
            except ForgeError as error:
                self.banner.show_error(error)

    def _build(self) -> None:
        add = PrimaryButton("Import GGUF…", "plus")
        add.clicked.connect(self.choose_file)
        self.buttons = (add,)
        self.banner.acted.connect(self._on_mend)
        self._progress = ProgressRow("Importing", can_pause=False)
        self._progress.cancel_pressed.connect(self.forge.jobs.cancel)
        self._progress.hide()
        self.library = LibraryPanel(self.forge, self.bridge)
        self.library.noticed.connect(self.notice)
        self._model = KeyedModel[Student](lambda student: student.id, said_of)
        self._list = QListView()
        self._list.setProperty("cls", "sideList")
        self._list.setAccessibleName("Students")
        self._list.setFrameShape(QFrame.Shape.NoFrame)
        self._list.setModel(self._model)
        self._list.setItemDelegate(StudentDelegate(self._list))
        self._list.setMouseTracking(True)
        self._list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._list.selectionModel().selectionChanged.connect(self._on_selected)
        self._list.activated.connect(self._on_activated)
        self._drop_hint = label("Drop GGUF files or folders anywhere here.", tokens.SMALL, cls="muted", wrap=True)
        self.remotes = RemoteList()
        self.remotes.use_wanted.connect(self._on_use_remote)
        more = column(
            self.library.get_button,
            self.library.scan_button,
            self._drop_hint,
            gap=6,
            margins=(tokens.LG, 4, tokens.LG, 16),
        )
        self._side = frame("side", column(self._list, self.remotes, more, gap=0, margins=(0, tokens.MD, 0, 0)))
        self._side.setFixedWidth(theme.px(300))
        self._build_details()
        self._empty = EmptyState(
            "graduation-cap",
            "No student yet",
            "Import a GGUF file from this computer, or get one from the hub. Until then, answers quote your documents.",
            "Import GGUF…",
            "plus",
            "Get a base…",
        )
        self._empty.acted.connect(self.choose_file)
        self._empty.acted_second.connect(self.library.get_base)
        body = row(self._side, self._details, self._empty, gap=0)
        body.setStretch(1, 1)
        content = QWidget()
        content.setLayout(body)
        progress = (tokens.XL, 10, 20, 0)
        self.set_content(Inset(self._progress, progress), Inset(self.library, progress), content)

    def _build_details(self) -> None:
        self._plan = PlanCard(self.forge.students.layouts, self.errands)
        self._plan.load_wanted.connect(self._on_load_as)
        self._plan.automatic_wanted.connect(self._on_automatic)
        self._options = StudentOptions(self.forge.chat.options, self.errands)
        self._options.noticed.connect(self.notice)
        self._details = StudentDetails(self._plan, self._options)
        self._details.use_pressed.connect(self._on_use)
        self._details.load_pressed.connect(self._on_load)
        self._details.eject_pressed.connect(self._on_eject)
        self._details.remove_pressed.connect(self._on_remove)
        self._details.copied.connect(lambda words: self.notice.emit(Notice(words, icon="copy")))
        self._details.card_pressed.connect(self._on_card)

    def _refresh(self) -> None:
        students = self.forge.students.list()
        remotes = self.forge.students.remotes.all()
        self.remotes.show_choices(remotes)
        remote = next((choice for choice in remotes if choice.active), None)
        chosen = self._details.student_id()
        self._model.show(students)
        active = next((s for s in students if s.active), None)
        kept = next((s for s in students if s.id == chosen), None)
        shown = kept or active or next(iter(students), None)
        self._side.setVisible(bool(students or remotes))
        self._details.setVisible(bool(students))
        self._empty.setVisible(not students)
        answering = f"{active.name} answers" if active else "no student answers"
        if remote is not None:
            answering = f"{remote.name} answers, at {remote.host}"
        self.retitle(f"{count_words(len(students), 'student')} · {answering}")
        if shown is not None:
            index = self._model.index(self._model.row_of(shown.id))
            self._list.setCurrentIndex(index)
            self._details.show_student(shown, self.forge.engine.state())

    @Slot(QItemSelection, QItemSelection)
    def _on_selected(self, selected: QItemSelection, _before: QItemSelection) -> None:
        for index in selected.indexes():
            self._details.show_student(index.data(Qt.ItemDataRole.UserRole), self.forge.engine.state())

    @Slot(QModelIndex)
    def _on_activated(self, index: QModelIndex) -> None:
        student: Student = index.data(Qt.ItemDataRole.UserRole)
        if not student.active:
            self._on_use(student.id)

    @Slot(int)
    def _on_use(self, student_id: int) -> None:
        self.banner.clear()
        self._loading.load(student_id)

    @Slot(str)
    def _on_use_remote(self, uid: str) -> None:
        """The first time, what leaves is said and asked about."""
        choice = next((one for one in self.forge.students.remotes.all() if one.uid == uid), None)
        if choice is None:
            return
        if choice.leaves and not choice.agreed:
            self._asked = uid
            self.banner.place = "agree"
            self.banner.show_message(
                f"Let {choice.name} answer?", what_leaves(choice), kind="warn", action="Agree and use it"
            )
            return
        self._choose_remote(uid, agreed=False)

    def _choose_remote(self, uid: str, *, agreed: bool) -> None:
        self.banner.clear()
        remotes = self.forge.students.remotes
        self.errands.run(
            lambda: remotes.choose(uid, agreed=agreed),
            lambda choice: self.notice.emit(Notice(f"{choice.name} answers now", icon="graduation-cap")),
            self.trouble,
            lane="students",
        )

    @Slot(int, object)
    def _on_load_as(self, student_id: int, wish: PlanWish | None) -> None:
        self.banner.clear()
        self._loading.load_as(student_id, wish)

    @Slot(int)
    def _on_automatic(self, student_id: int) -> None:
        self._loading.keep(student_id, None)

    @Slot()
    def _on_load(self) -> None:
        self._on_use(self._details.student_id())

    @Slot()
    def _on_mend(self) -> None:
        self.banner.clear()
        if self.banner.place == "load":
            self._on_load()
        elif self.banner.place == "agree":
            self._choose_remote(self._asked, agreed=True)
        else:
            self.wants_pane.emit(self.banner.place)

    @Slot()
    def _on_eject(self) -> None:
        self.banner.clear()
        self._loading.eject()

    @Slot(int, object)
    def _on_refused(self, student_id: int, plan: Plan) -> None:
        student = next((s for s in self.forge.students.list() if s.id == student_id), None)
        if student is None:
            return
        dialog = PlanDialog(
            student, plan, planning=self.forge.students.layouts, errands=self.errands, parent=self.window()
        )
        dialog.load_wanted.connect(self._on_load_as)
        dialog.open()

    @Slot(int)
    def _on_remove(self, student_id: int) -> None:
        student = next((s for s in self.forge.students.list() if s.id == student_id), None)
        if student is None:
            return
        try:
            self.forge.students.remove(student_id)
        except ForgeError as error:
            self.banner.show_error(error)
            return
        self.notice.emit(
            Notice(
                f"{student.name} is off the list; its file was left alone",
                undo=lambda: self.import_files([Path(student.path)]),
                icon="trash-2",
            )
        )

    @Slot(str)
    def _on_card(self, sha256: str) -> None:
        registry = self.forge.students.registry
        self.errands.run(
            lambda: next((v.uid for v in registry.versions() if v.is_base and v.base_sha256 == sha256), ""),
            lambda uid: self.wants_pane.emit(f"cards:card:{uid}" if uid else "cards"),
            self.trouble,
        )

    def job_changed(self, event: JobChanged) -> None:
        if event.kind == "import":
            live = event.state in ("queued", "running", "paused")
            self._progress.setVisible(live)
            if live:
                self._progress.show_job(event)
        if event.state == "failed" and event.job_id in self._imports and isinstance(event.error, ForgeError):
            self.banner.show_error(event.error, mend=event.error.action != "students")
        if event.state == "done" and event.job_id in self._imports:
            self.notice.emit(Notice("Student imported", icon="graduation-cap"))
        if event.state in ("done", "failed", "cancelled"):
            self._imports.discard(event.job_id)

    def data_changed(self, event: DataChanged) -> None:
        if event.what & {"students", "endpoints"}:
            self._refresh()
        elif event.what & {"options", "settings"}:
            self._options.refresh()

    @Slot(object)
    def _on_engine_changed(self, event: EngineChanged) -> None:
        self._details.show_engine(event)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if dropped(event):
            event.acceptProposedAction()
            set_cls(self._side, "dropping")

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        super().dragLeaveEvent(event)
        set_cls(self._side, "side")

    def end_drag(self) -> None:
        """What was dragged is let go."""
        set_cls(self._side, "side")

"""The dialog that looks through a folder: which GGUF files it holds, ticked to be imported."""

from __future__ import annotations

import array
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QModelIndex, QObject, Qt, Signal, Slot
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QDialog, QWidget

from forge_desktop.base.errors import ForgeError
from forge_desktop.base.events import JobChanged
from forge_desktop.students.records_library import FoundFile, Imported, Place
from forge_desktop.ui import theme, tokens
from forge_desktop.ui.bridge import Bridge
from forge_desktop.ui.errands import Errands
from forge_desktop.ui.panes.students.library_words import FOUND
from forge_desktop.ui.widgets.basics import Banner, Button, Notice, PrimaryButton, column, label, row
from forge_desktop.ui.widgets.fields import FolderField
from forge_desktop.ui.widgets.windowed_model import Column
from forge_desktop.ui.widgets.windowed_table import WindowedTable
from forge_desktop.ui.widgets.words import count_words, plain_tip, safe_words

if TYPE_CHECKING:
    from forge_desktop.forge import Forge

_ABOUT = "Every GGUF file in a folder and below it. Files stay where they are; links that lead out are not followed."


class ScanDialog(QDialog):
    """`noticed` carries a Notice once something was imported."""

    noticed = Signal(object)

    def __init__(self, forge: Forge, bridge: Bridge, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Look through a folder")
        self._jobs, self._library = forge.jobs, forge.students.library
        self._errands = Errands(forge.jobs, bridge, self)
        self._found: list[FoundFile] = []
        self._ticked: set[int] = set()
        self._looked: list[Path] = []
        self._scans: list[int] = []
        self._importing = 0
        self.folder = FolderField()
        self.folder.setAccessibleName("The folder to look through")
        self.folder.setPlaceholderText("Choose or type a folder")
        self.folder.changed.connect(self._on_folder)
        self.banner = Banner()
        self.words = label("", tokens.SMALL, cls="muted", wrap=True)
        tick = Column("Import", self._tick_words, width=92, icon=self._tick_icon)
        self.table = WindowedTable((tick, *FOUND), self._rows, "Files found")
        self.table.horizontalHeader().setSortIndicatorShown(False)
        self.table.clicked.connect(self._on_clicked)
        self.table.installEventFilter(self)
        self.table.selection_changed.connect(self._tell)
        self.bring = PrimaryButton("Import", "plus")
        self.bring.clicked.connect(self._on_import)
        self._places = QWidget()
        self._build()
        bridge.job_changed.connect(self._on_job)
        self._errands.run(self._library.places, self._show_places)
        self._tell()

    def look_through(self, folders: list[Path]) -> None:
        """Look through these."""
        self.banner.clear()
        for job_id in self._scans:
            self._jobs.cancel(job_id)
        self._found, self._ticked, self._looked = [], set(), folders
        self._renew()
        if len(folders) == 1:
            self.folder.show_value(str(folders[0]))
        try:
            self._scans = [self._library.scan(folder) for folder in folders]
        except ForgeError as closing:
            self.banner.show_error(closing)
        self._tell()

    def toggle(self, number: int) -> None:
        """Tick a file or not, where it can be imported."""
        if self._can(self._found[number]):
            self._ticked ^= {number}
            self._renew()

    def _build(self) -> None:
        close = Button("Close")
        close.clicked.connect(self.reject)
        for button in (close, self.bring):
            button.setAutoDefault(False)
        about = label(_ABOUT, tokens.SMALL, cls="muted", wrap=True)
        foot = row(self.words, close, self.bring)
        foot.setStretch(0, 1)
        body = column(
            column(label("Look through a folder", tokens.TITLE, 600), about, gap=2),
            self.folder, self._places, self.banner, self.table, foot,
            gap=tokens.SM, margins=(tokens.XL, tokens.LG, tokens.XL, tokens.LG),
        )  # fmt: skip
        body.setStretch(4, 1)
        self.setLayout(body)
        self._places.hide()
        room = self.screen().availableGeometry()
        self.resize(min(theme.px(860), room.width() - 24), min(theme.px(560), room.height() - 48))

    def _show_places(self, places: tuple[Place, ...]) -> None:
        buttons: list[QWidget] = []
        for program in dict.fromkeys(place.program for place in places):
            button = Button(program, "folder-open", "pill")
            folders = [Path(place.path) for place in places if place.program == program]
            button.setToolTip(plain_tip("Look through " + safe_words(", ".join(map(str, folders)))))
            button.setAutoDefault(False)
            button.clicked.connect(lambda _=False, folders=folders: self.look_through(folders))
            buttons.append(button)
        if buttons:
            self._places.setLayout(row(label("Models of", tokens.SMALL, cls="muted"), *buttons, None))
            self._places.show()

    # ---- the table

    @staticmethod
    def _can(found: FoundFile) -> bool:
        return not found.problem and not found.student

    def _tick_words(self, found: FoundFile) -> str:
        if not self._can(found):
            return "—"
        return "Yes" if self._is_ticked(found) else "No"

    def _tick_icon(self, found: FoundFile) -> str:
        if not self._can(found):
            return "x" if found.problem else "check"
        return "circle-check" if self._is_ticked(found) else "square"

    def _is_ticked(self, found: FoundFile) -> bool:
        return any(self._found[number] is found for number in self._ticked)

    def _rows(self, ids: Sequence[int]) -> list[FoundFile]:
        return [self._found[number] for number in ids if number < len(self._found)]

    def _renew(self) -> None:
        self.table.show_ids(array.array("q", range(len(self._found))))
        self._tell()

    @Slot(QModelIndex)
    def _on_clicked(self, index: QModelIndex) -> None:
        if index.column() == 0:
            self.toggle(index.row())

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Space ticks the selected rows."""
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress and event.key() == Qt.Key.Key_Space:
            for number in self.table.selected_ids():
                self.toggle(number)
            return True
        return super().eventFilter(watched, event)

    @Slot()
    def _tell(self) -> None:
        """What is ticked, or of one selected file why it cannot be."""
        count = len(self._ticked)
        self.bring.setEnabled(bool(count) and not self._importing)
        self.bring.setText(f"Import {count:,}" if count else "Import")
        chosen = self.table.selected_ids()
        problem = self._found[chosen[0]].problem if len(chosen) == 1 and chosen[0] < len(self._found) else ""
        if self._scans:
            self.words.setText("Looking …")
        elif problem:
            self.words.setText(safe_words(problem))
        else:
            self.words.setText(count_words(len(self._found), "GGUF file") if self._looked else "")

    # ---- asking

    @Slot()
    def _on_folder(self) -> None:
        path = Path(str(self.folder.value()).strip()).expanduser()
        if path.parts and path not in self._looked:  # leaving the field is no wish to look again
            self.look_through([path])

    @Slot()
    def _on_import(self) -> None:
        paths = [Path(self._found[number].path) for number in sorted(self._ticked)]
        try:
            self._importing = self._library.import_many(paths)
        except ForgeError as closing:
            self.banner.show_error(closing)
        self._tell()

    @Slot(object)
    def _on_job(self, event: JobChanged) -> None:
        if event.state not in ("done", "failed", "cancelled"):
            return
        if event.job_id in self._scans:
            self._scans.remove(event.job_id)
            if isinstance(event.error, ForgeError):
                self.banner.show_error(event.error)
            elif isinstance(event.result, tuple):
                self._add(event.result)
            self._tell()
        elif event.job_id == self._importing:
            self._importing = 0
            if isinstance(event.result, tuple):
                self._imported(event.result)
            self._tell()

    def _add(self, found: tuple[FoundFile, ...]) -> None:
        begin = len(self._found)
        self._found += found
        self._ticked |= {number for number in range(begin, len(self._found)) if self._can(self._found[number])}
        self._renew()

    def _imported(self, done: tuple[Imported, ...]) -> None:
        brought = len({one.student for one in done if one.student})
        if brought:
            self.noticed.emit(Notice(f"{count_words(brought, 'student')} imported", icon="graduation-cap"))
        problems = [one.problem for one in done if one.problem]
        if not problems:
            self.accept()
            return
        title = f"{count_words(len(problems), 'file')} could not be imported"
        self.banner.show_message(title, safe_words(problems[0]), kind="warn")
        self.look_through(self._looked)

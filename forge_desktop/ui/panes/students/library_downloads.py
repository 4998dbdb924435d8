"""Downloads while they go on, and those that were begun and not ended: what there is, and the strip that shows it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtWidgets import QVBoxLayout, QWidget

from forge_desktop.base.errors import ForgeError
from forge_desktop.base.events import DataChanged, JobChanged
from forge_desktop.students.records_library import Unfinished
from forge_desktop.ui import tokens
from forge_desktop.ui.bridge import Bridge
from forge_desktop.ui.errands import Errands
from forge_desktop.ui.widgets.basics import Button, ElidedLabel, IconLabel, Notice, ProgressRow, duration, row
from forge_desktop.ui.widgets.words import safe_words, size_words

if TYPE_CHECKING:
    from forge_desktop.forge import Forge

_LIVE = ("queued", "running", "paused")


class Downloading(QObject):
    """Starts downloads and follows them; one for all places that show them. `changed` when there are others."""

    changed = Signal()
    moved = Signal(object)  # JobChanged of a download that goes on
    noticed = Signal(object)  # Notice
    failed = Signal(object)  # ForgeError

    def __init__(self, forge: Forge, bridge: Bridge, parent: QObject) -> None:
        super().__init__(parent)
        self._library, self._jobs = forge.students.library, forge.jobs
        self._errands = Errands(forge.jobs, bridge, self)
        self._files: dict[int, tuple[str, str]] = {}  # job to repository and file
        self.live: dict[int, JobChanged] = {}
        self.unfinished: Sequence[Unfinished] = ()
        bridge.job_changed.connect(self._on_job)
        bridge.data_changed.connect(self._on_data)
        self._look()

    def start(self, repository: str, file: str) -> None:
        """Fetch a file, from where it stopped."""
        if (repository, file) in self._files.values():
            return
        try:
            self._files[self._library.download(repository, file)] = (repository, file)
        except ForgeError as closing:
            self.failed.emit(closing)
        self.changed.emit()

    def give_up(self, one: Unfinished) -> None:
        """Delete what has come of it."""
        self._errands.run(lambda: self._library.give_up(one.repository, one.file), self._gone, self.failed.emit)

    def waiting(self) -> list[Unfinished]:
        """What was begun and is not going on."""
        return [one for one in self.unfinished if (one.repository, one.file) not in self._files.values()]

    def pause(self, job_id: int) -> None:
        """Hold a download."""
        self._jobs.pause(job_id)

    def resume(self, job_id: int) -> None:
        """Let it go on."""
        self._jobs.resume(job_id)

    def cancel(self, job_id: int) -> None:
        """Stop it; what came stays."""
        self._jobs.cancel(job_id)

    def _look(self) -> None:
        self._errands.run(self._library.unfinished, self._known, key="unfinished downloads")

    def _known(self, found: Sequence[Unfinished]) -> None:
        self.unfinished = found
        self.changed.emit()

    def _gone(self, _: object) -> None:
        self._look()

    @Slot(object)
    def _on_data(self, event: DataChanged) -> None:
        if "students" in event.what:
            self._look()

    @Slot(object)
    def _on_job(self, event: JobChanged) -> None:
        if event.kind != "download":
            return
        if event.state in _LIVE:
            known = event.job_id in self.live
            self.live[event.job_id] = event
            (self.moved.emit(event) if known else self.changed.emit())
            return
        self.live.pop(event.job_id, None)
        file = PurePosixPath(self._files.pop(event.job_id, ("", event.note))[1]).name
        if event.state == "failed" and isinstance(event.error, ForgeError):
            self.failed.emit(event.error)
        elif event.state == "done":
            self.noticed.emit(Notice(f"{safe_words(file)} is a student now", icon="graduation-cap"))
        self._look()
        self.changed.emit()


class _DownloadRow(ProgressRow):
    """Says bytes and rate too."""

    def __init__(self) -> None:
        super().__init__("Downloading")
        self._begun: tuple[float, float] | None = None

    def show_job(self, event: JobChanged) -> None:
        super().show_job(event)
        if not event.total or event.state not in ("running", "paused"):
            return
        words = [f"{size_words(event.done)} of {size_words(event.total)}"]
        begun = self._begun = self._begun or (event.elapsed, event.done)
        seconds = event.elapsed - begun[0]
        if event.state == "running" and seconds > 1 and event.done > begun[1]:
            words.append(f"{size_words((event.done - begun[1]) / seconds)}/s")
            if event.seconds_left is not None:
                words.append(f"{duration(event.seconds_left)} left")
        self._numbers.setText(" · ".join(words))


class _UnfinishedRow(QWidget):
    """One that waits, with the ways on."""

    def __init__(self, one: Unfinished, downloading: Downloading) -> None:
        super().__init__()
        self._one, self._downloading = one, downloading
        here = f"{size_words(one.done)} of {size_words(one.bytes)} are here"
        words = ElidedLabel(f"Unfinished: {safe_words(one.file)} · {here}", tokens.SMALL, middle=True)
        go_on, remove = Button("Go on", "play", "pill"), Button("Remove", "trash-2", "pill")
        go_on.setAccessibleName(f"Go on downloading {one.file}")
        remove.setAccessibleName(f"Remove what came of {one.file}")
        go_on.clicked.connect(self._on_go_on)
        remove.clicked.connect(self._on_remove)
        line = row(IconLabel("pause", 14, "muted"), words, go_on, remove, gap=10)
        line.setStretch(1, 1)
        self.setLayout(line)

    @Slot()
    def _on_go_on(self) -> None:
        self._downloading.start(self._one.repository, self._one.file)

    @Slot()
    def _on_remove(self) -> None:
        self._downloading.give_up(self._one)


class DownloadStrip(QWidget):
    """A row for each download; hidden without any."""

    def __init__(self, downloading: Downloading) -> None:
        super().__init__()
        self._downloading = downloading
        self._rows: dict[int, _DownloadRow] = {}
        self._others: list[QWidget] = []
        self._box = QVBoxLayout(self)
        self._box.setContentsMargins(0, 0, 0, 0)
        self._box.setSpacing(4)
        self.setAccessibleName("Downloads")
        downloading.changed.connect(self._arrange)
        downloading.moved.connect(self._on_moved)
        self._arrange()

    @Slot(object)
    def _on_moved(self, event: JobChanged) -> None:
        if event.job_id in self._rows:
            self._rows[event.job_id].show_job(event)

    @Slot()
    def _arrange(self) -> None:
        live = self._downloading.live
        for job_id in [job_id for job_id in self._rows if job_id not in live]:
            self._bury(self._rows.pop(job_id))
        for job_id, event in live.items():
            if job_id not in self._rows:
                self._rows[job_id] = self._new_row()
            self._rows[job_id].show_job(event)
        for other in self._others:
            self._bury(other)
        self._others = [_UnfinishedRow(one, self._downloading) for one in self._downloading.waiting()]
        for other in self._others:
            self._box.addWidget(other)
        self.setVisible(bool(self._rows or self._others))

    def _new_row(self) -> _DownloadRow:
        made = _DownloadRow()
        made.pause_pressed.connect(self._downloading.pause)
        made.resume_pressed.connect(self._downloading.resume)
        made.cancel_pressed.connect(self._downloading.cancel)
        self._box.addWidget(made)
        return made

    def _bury(self, gone: QWidget) -> None:
        self._box.removeWidget(gone)
        gone.hide()
        gone.deleteLater()

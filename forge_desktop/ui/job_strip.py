"""The strip above the status bar: work that goes on while another pane is in front."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QVBoxLayout, QWidget

from forge_desktop.base.events import JobChanged
from forge_desktop.corpus import IndexProgress
from forge_desktop.ui import tokens
from forge_desktop.ui.widgets.basics import ProgressRow

_SHOWN = {
    # kind: (words, the pane that shows it itself, whether it can be paused)
    "index": ("Indexing", "corpus", True),
    "rescan": ("Indexing", "corpus", True),
    "sync": ("Indexing", "corpus", True),
    "repair": ("Repairing", "corpus", False),
    "bring": ("Importing a collection", "corpus", False),
    "export": ("Exporting", "corpus", False),
    "open_embedder": ("Opening the embedding model", "", False),
    "embed": ("Preparing search", "", True),
    "import": ("Importing", "students", False),
    "import adapter": ("Importing an adapter", "students", False),
    "gate": ("Running a gate:", "students", False),
    "train": ("Training an adapter:", "students", False),
    "download": ("Downloading", "students", True),
    "distil": ("Making lessons", "distill", True),
    "generate": ("Creating tasks", "distill", True),
    "lessons import": ("Importing tasks", "distill", False),
    "lessons export": ("Exporting pairs", "distill", False),
    "replay": ("Replaying a run", "distill", False),
    "reverify": ("Comparing pairs with the documents", "distill", False),
    "measure": ("Measuring", "settings", False),
}
_LIVE = ("queued", "running", "paused")


def is_reading(event: JobChanged) -> bool:
    """Whether an index job has found something to read: the regular look through the folders mostly has not."""
    return isinstance(event.detail, IndexProgress) and event.detail.stage != "finding"


class JobStrip(QFrame):
    """One `ProgressRow` per job whose own pane is not in front; hidden without any. Signals carry the job's id."""

    pause_pressed = Signal(int)
    resume_pressed = Signal(int)
    cancel_pressed = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("cls", "foot")
        self.setAccessibleName("Running work")
        self._front = ""
        self._rows: dict[int, tuple[str, ProgressRow]] = {}
        self._box = QVBoxLayout(self)
        self._box.setContentsMargins(tokens.XL, 6, tokens.LG, 6)
        self._box.setSpacing(4)
        self.hide()

    def show_job(self, event: JobChanged) -> None:
        """Follow every job's events; those nobody needs to see here are ignored."""
        if event.kind not in _SHOWN or (event.kind == "sync" and event.state in _LIVE and not is_reading(event)):
            return
        if event.state not in _LIVE:
            gone = self._rows.pop(event.job_id, None)
            if gone is not None:
                self._box.removeWidget(gone[1])
                gone[1].deleteLater()
        else:
            if event.job_id not in self._rows:
                self._rows[event.job_id] = (_SHOWN[event.kind][1], self._new_row(event.kind))
            self._rows[event.job_id][1].show_job(event)
        self._arrange()

    def set_front(self, pane: str) -> None:
        """The pane in front shows its own work."""
        self._front = pane
        self._arrange()

    def _new_row(self, kind: str) -> ProgressRow:
        words, _, can_pause = _SHOWN[kind]
        made = ProgressRow(words, can_pause=can_pause, parent=self)
        made.pause_pressed.connect(self.pause_pressed)
        made.resume_pressed.connect(self.resume_pressed)
        made.cancel_pressed.connect(self.cancel_pressed)
        self._box.addWidget(made)
        return made

    def _arrange(self) -> None:
        shown = False
        for home, row in self._rows.values():
            row.setVisible(home != self._front)
            shown = shown or home != self._front
        self.setVisible(shown)

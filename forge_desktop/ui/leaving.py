"""Asks before the window closes while something is under way, without stopping everything else meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QMessageBox, QWidget

from forge_desktop.base.jobs import Jobs
from forge_desktop.ui.widgets.words import count_words

RUN_GOES_ON = (
    "A run is under way. It ends with the window: calls that have left may be billed, and the tasks that are left wait"
    " in the queue for the next run."
)

_KINDS = {
    # kind of job: what becomes of it
    "distil": RUN_GOES_ON,
    "train": "An adapter is being trained. Its checkpoint is saved; resume the run in Students › Training.",
    "gate": "A gate runs. What was measured is kept; resume it in Students › Gates.",
    "retrieval": "Searches are being compared. The comparison ends with the window and has to be started again.",
    "compare": "Versions are being compared. The comparison ends with the window; no answer of it is kept.",
    "train plan": "What a training would take is being measured. That has to be asked again.",
    "trainer environment": "Training is being set up. That ends with the window and has to be started again.",
    "download": "A base is being downloaded. What has come is kept, and the download goes on when you ask for it.",
    "export": "An export is being written. It ends with the window, and its file is not there.",
    "lessons export": "Pairs are being exported. That ends with the window, and its file is not there.",
    "import": "An import is under way. What is not brought in yet has to be imported again.",
    "import adapter": "An adapter is being imported. It has to be imported again.",
    "lessons import": "Tasks are being imported. What is not brought in yet has to be imported again.",
    "bring": "A collection is being imported. It has to be imported again.",
}
_ONE_AT_A_TIME = ("train", "gate", "retrieval", "train plan", "trainer environment")  # kinds that share a lane
_WAITING = {
    "train": ("training run", "Resume it in Students › Training."),
    "gate": ("gate", "Resume it in Students › Gates."),
}


def what_ends(jobs: Jobs) -> list[str]:
    """What of a person's work would end with the window, and what becomes of it, in sentences."""
    works = min((job for kind in _ONE_AT_A_TIME for job in jobs.running(kind)), default=0)
    said = []
    for kind, words in _KINDS.items():
        found = jobs.running(kind)
        waiting = [job for job in found if job != works] if kind in _WAITING else []
        if len(found) > len(waiting):
            said.append(words)
        if waiting:
            name, way_on = _WAITING[kind]
            waits = "waits for its turn and stays" if len(waiting) == 1 else "wait for their turn and stay"
            said.append(f"{count_words(len(waiting), name)} {waits} in the list. {way_on}")
    return said


def ask_leave(window: QWidget, words: Sequence[str], leave: Callable[[], object]) -> None:
    """Open a sheet with what would end; `leave` is called when the person says so."""
    box = QMessageBox(QMessageBox.Icon.Question, "Close Forge Desktop", "Close Forge Desktop now?", parent=window)
    box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    box.setInformativeText("\n\n".join(words))
    close = box.addButton("Close", QMessageBox.ButtonRole.DestructiveRole)
    box.setDefaultButton(box.addButton("Stay", QMessageBox.ButtonRole.RejectRole))
    close.clicked.connect(leave)
    box.open()

"""Export: which pairs, in which form, where to; every form can be imported again."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QCheckBox, QComboBox, QDialog, QFileDialog, QGridLayout, QWidget

from forge_desktop.base.jobs import JobContext
from forge_desktop.distill.records import Dataset
from forge_desktop.ui import theme, tokens
from forge_desktop.ui.errands import Errands
from forge_desktop.ui.panes.distill.outcomes import Exported
from forge_desktop.ui.widgets.basics import Banner, Button, PrimaryButton, column, label, row
from forge_desktop.ui.widgets.words import count_words, safe_words

if TYPE_CHECKING:
    from forge_desktop.forge import Forge

_FORMS = {  # as the archive names them
    "forge": "Forge Desktop's own, with everything",
    "openai": "OpenAI chat messages",
    "sharegpt": "ShareGPT conversations",
    "alpaca": "Alpaca instructions",
    "trl": "TRL prompt and completion",
    "dpo": "TRL preferences (DPO): the draft rejected, the answer chosen",
}


class ExportDialog(QDialog):
    """`started` carries what starts the export: it gives the id of a job."""

    started = Signal(object)

    def __init__(self, forge: Forge, errands: Errands, dataset: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Export pairs")
        self._forge, self._dataset = forge, dataset
        self.what = QComboBox()
        self.what.setAccessibleName("Which pairs")
        self.what.addItem("The accepted pairs as they are now", "")
        self.forms = {key: QCheckBox(words) for key, words in _FORMS.items()}
        for key, box in self.forms.items():
            box.setFont(theme.font(tokens.TABLE))
            box.setAccessibleName(_FORMS[key])
            box.toggled.connect(self._follow)
        self.passages = QCheckBox("Put the passages into the prompts of the other programs' forms")
        self.passages.setFont(theme.font(tokens.SMALL))
        self.passages.setAccessibleName(self.passages.text())
        self.problem = Banner()
        self.start = PrimaryButton("Choose a folder…", "folder-open")
        self.start.clicked.connect(self._on_start)
        self._build()
        self.forms["forge"].setChecked(True)
        errands.run(forge.distill.datasets.all, self._offer, self.problem.show_error, key="datasets to export")

    def _build(self) -> None:
        cancel = Button("Cancel")
        cancel.setAutoDefault(False)
        cancel.clicked.connect(self.reject)
        grid = QGridLayout()
        grid.setHorizontalSpacing(tokens.MD)
        grid.setVerticalSpacing(tokens.SM)
        grid.setColumnStretch(1, 1)
        grid.addWidget(label("Pairs", tokens.SMALL, cls="muted"), 0, 0)
        grid.addWidget(self.what, 0, 1)
        for place, box in enumerate(self.forms.values(), 1):
            grid.addWidget(box, place, 1)
        grid.addWidget(self.passages, len(self.forms) + 1, 1)
        about = label(
            "Each form is a file of its own, and can be imported again.", tokens.TABLE, cls="muted", wrap=True
        )
        self.setLayout(
            column(
                column(label("Export pairs", tokens.TITLE, 600), about, gap=2), grid, self.problem,
                row(None, cancel, self.start), gap=tokens.LG, margins=(tokens.XL,) * 4,
            )
        )  # fmt: skip
        self.setMinimumWidth(theme.px(540))

    def _offer(self, versions: Sequence[Dataset]) -> None:
        for found in versions:
            self.what.addItem(
                f"{safe_words(found.name)} v{found.version} · {count_words(found.pairs, 'pair')}", found.uid
            )
        self.what.setCurrentIndex(max(0, self.what.findData(self._dataset)))

    @Slot()
    def _follow(self) -> None:
        self.start.setEnabled(any(box.isChecked() for box in self.forms.values()))

    @Slot()
    def _on_start(self) -> None:
        chosen = QFileDialog.getExistingDirectory(self, "Export into a folder")
        if chosen:
            self.export(Path(chosen))

    def export(self, folder: Path) -> None:
        """Write the chosen forms into a new folder inside this one."""
        forms = [key for key, box in self.forms.items() if box.isChecked()]
        self.started.emit(
            export_job(self._forge, folder, forms, dataset=self.what.currentData(), passages=self.passages.isChecked())
        )
        self.accept()


def export_job(
    forge: Forge, folder: Path, forms: Sequence[str], *, dataset: str = "", passages: bool = False
) -> Callable[[], int]:
    """What starts the export, into a folder of its own named by the moment."""
    target = folder / f"lessons-{datetime.datetime.now():%Y-%m-%d-%H%M%S}"

    def job(_: JobContext) -> Exported:
        files = forge.archive.export_lessons(target, forms, dataset=dataset, with_evidence=passages)
        return Exported(str(target), tuple((found.name, found.rows) for found in files))

    return lambda: forge.jobs.start("archive", "lessons export", job)

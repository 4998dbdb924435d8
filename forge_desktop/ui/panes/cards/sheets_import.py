"""The sheet of an import: what can be brought in, and the choice between a file and a folder."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QDialog, QFileDialog, QWidget

from forge_desktop.ui import theme, tokens
from forge_desktop.ui.panes.cards.sheet_parts import closing, said
from forge_desktop.ui.widgets.basics import Button, PrimaryButton, column, frame, label, row

_FITTING = "Model cards (*.md *.markdown *.json *.jsonld *.yaml *.yml);;All files (*)"
_ABOUT = "A card that was brought in is about nothing on this computer; it is kept, mended and exported like any other."
_WAYS = (
    ("file-text", "README.md of Hugging Face", "Every key and section it has stays, known here or not."),
    ("folder-open", "A folder with a README.md", "What lies in its .eval_results comes with it."),
    ("file-code", "JSON of this application, CycloneDX, SPDX", "What they can say is taken over."),
    (
        "circle-alert",
        "A text that cannot be read",
        "It is kept as it is, with the line and column that stand in its way.",
    ),
)


class ImportSheet(QDialog):
    """`chosen` carries a path. Files and folders can also be dropped on the pane."""

    chosen = Signal(object)

    def __init__(self, folder: Path, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Import a card")
        self._start = str(folder)
        self.file = PrimaryButton("Choose a file…", "file-plus")
        self.file.clicked.connect(self._on_file)
        self.folder = Button("Choose a folder…", "folder-plus")
        self.folder.clicked.connect(self._on_folder)
        cancel = closing("Cancel")
        cancel.clicked.connect(self.reject)
        ways = column(
            *(said(icon, "muted", words, note) for icon, words, note in _WAYS), gap=8, margins=(16, 12, 16, 14)
        )
        self.setLayout(
            column(
                column(
                    label("Import a card", tokens.TITLE, 600),
                    label(_ABOUT, tokens.TABLE, cls="muted", wrap=True),
                    gap=2,
                ),
                frame("card", ways),
                label("Files and folders can also be dropped on the pane.", tokens.SMALL, cls="muted"),
                row(None, cancel, self.folder, self.file),
                gap=tokens.MD,
                margins=(tokens.XL, 20, tokens.XL, 18),
            )
        )
        self.setMinimumWidth(theme.px(540))

    @Slot()
    def _on_file(self) -> None:
        chosen, _ = QFileDialog.getOpenFileName(self, "Import a card", self._start, _FITTING)
        if chosen:
            self._take(Path(chosen))

    @Slot()
    def _on_folder(self) -> None:
        if chosen := QFileDialog.getExistingDirectory(self, "Import a card's folder", self._start):
            self._take(Path(chosen))

    def _take(self, path: Path) -> None:
        self.accept()
        self.chosen.emit(path)

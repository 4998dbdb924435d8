"""The sheet of an export: in which forms, where to, what will be hidden, and what is there already."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import Qt, QUrl, Signal, Slot
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QCheckBox, QFileDialog, QLineEdit, QWidget

from forge_desktop.base.errors import ForgeError
from forge_desktop.base.events import JobChanged
from forge_desktop.cards.records import Card, Exported, Leak
from forge_desktop.ui import theme, tokens
from forge_desktop.ui.panes.cards.sheet_parts import CardSheet, closing, part, said
from forge_desktop.ui.panes.cards.sheets_privacy import leak_words
from forge_desktop.ui.print import paper_here
from forge_desktop.ui.widgets.basics import Button, PrimaryButton, ProgressRow, label, row
from forge_desktop.ui.widgets.fields import ChoiceField
from forge_desktop.ui.widgets.words import count_words, file_name, size_words

FORMS: dict[str, tuple[str, str]] = {  # as the cards' room names them, and "pdf", which the window prints
    "markdown": ("Markdown for Hugging Face", "README.md with YAML front matter, and the folder .eval_results"),
    "html": ("Web page", "card.html: one file with its charts, light and dark, that loads nothing"),
    "pdf": ("PDF", "card.pdf: the same page printed"),
    "json": ("JSON", "card.json: everything, to be brought in again without loss"),
    "cyclonedx": ("CycloneDX 1.7", "card.cdx.json: a bill of materials for machine learning"),
    "spdx": ("SPDX 3.0.1", "card.spdx.json: JSON-LD of its AI profile"),
}
PAPERS = {"A4": "A4", "Letter": "Letter"}
_ABOUT = "Each form is a file in the folder; all of them can be read without this application."


@dataclass(frozen=True)
class ExportWish:
    """What a person chose."""

    forms: tuple[str, ...]
    folder: Path
    paper: str
    replace: bool


class ExportSheet(CardSheet):
    """`agreed` carries an `ExportWish`; `cancel_wanted` a job's id; `privacy_wanted` asks what is hidden."""

    agreed = Signal(object)
    cancel_wanted = Signal(int)
    privacy_wanted = Signal()

    def __init__(self, card: Card, folder: Path, parent: QWidget | None = None) -> None:
        super().__init__("Export a card", f"Export {card.name}", _ABOUT, parent)
        self._busy = False
        self.forms = {key: QCheckBox(title) for key, (title, _) in FORMS.items()}
        for key, box in self.forms.items():
            box.setFont(theme.font(tokens.TABLE, 600))
            box.setAccessibleName(FORMS[key][0])
            box.setAccessibleDescription(FORMS[key][1])
            box.setChecked(key == "markdown")
            box.toggled.connect(self._follow)
        self.paper = ChoiceField(dict(PAPERS))
        self.paper.setAccessibleName("Paper of the PDF")
        self.paper.show_value(paper_here())
        self.target = QLineEdit(str(folder))
        self.target.setAccessibleName("Folder")
        self.target.textChanged.connect(self._follow)
        self.browse = Button("Choose…", "folder-open")
        self.browse.setAccessibleName("Choose a folder")
        self.browse.clicked.connect(self._on_browse)
        self.replace = QCheckBox("Replace what is there already")
        self.replace.setFont(theme.font(tokens.TABLE))
        self.replace.setAccessibleName(self.replace.text())
        self.replace.hide()
        self._leaks = label("Looking for what is private …", tokens.TABLE, wrap=True)
        self.look = Button("Look", cls="pill")
        self.look.setAccessibleName("Look at what is private")
        self.look.clicked.connect(self.privacy_wanted)
        self.look.setEnabled(False)
        self.progress = ProgressRow("Exporting", can_pause=False)
        self.progress.cancel_pressed.connect(self.cancel_wanted)
        self.progress.hide()
        self.start = PrimaryButton("Export", "upload")
        self.start.clicked.connect(self._on_start)
        self.close_button = closing("Cancel")
        self.close_button.clicked.connect(self.reject)
        self.open_folder = Button("Open the folder", "folder-open")
        self.open_folder.clicked.connect(self._on_open)
        self.open_folder.hide()
        self._build()
        self._follow()

    def _build(self) -> None:
        lines: list[QWidget] = []
        for key, box in self.forms.items():
            first = QWidget()
            first.setLayout(row(box, *([self.paper] if key == "pdf" else []), None))
            first.setFixedWidth(theme.px(232))
            made = QWidget()
            made.setLayout(row(first, label(FORMS[key][1], tokens.SMALL, cls="muted", wrap=True), gap=tokens.MD))
            made.layout().setStretch(1, 1)  # type: ignore[union-attr]
            lines.append(made)
        target = row(self.target, self.browse)
        target.setStretch(0, 1)
        private = row(self._leaks, self.look)
        private.setStretch(0, 1)
        self.show_parts(part("Forms", *lines), part("Folder", target, self.replace), part("Private", private))
        self.lay_out((700, 600), self.open_folder, None, self.close_button, self.start, over=(self.progress,))

    def show_leaks(self, leaks: Sequence[Leak]) -> None:
        """Say what will be hidden."""
        hidden = leak_words(leaks)
        shown = sum(leak.revealed for leak in leaks)
        words = f"Will be hidden: {hidden}." if hidden else "Nothing private is hidden."
        self._leaks.setText(f"{words} {count_words(shown, 'finding')} will be shown, as you chose." if shown else words)
        self.look.setEnabled(bool(leaks))

    def show_job(self, event: JobChanged) -> None:
        """Follow the export."""
        self.progress.show()
        self.progress.show_job(event)

    def show_written(self, written: Sequence[Exported]) -> None:
        """What was written."""
        self._busy = False
        self.progress.hide()
        self.banner.clear()
        hidden = max((file.hidden for file in written), default=0)
        self.say(
            f"{count_words(len(written), 'file')} written."
            + (f" {count_words(hidden, 'private finding')} hidden." if hidden else "")
        )
        lines = [said("circle-check", "ok", file_name(f.path), f"{size_words(f.bytes)} · {f.path}") for f in written]
        self.show_parts(part("Written", *lines))
        self.start.hide()
        self.close_button.setText("Close")
        self.open_folder.show()

    def refuse(self, error: ForgeError | None) -> None:
        """It did not work, or was given up (None); what was chosen stays."""
        self._busy = False
        self.progress.hide()
        self._follow()
        if error is None:
            self.banner.show_message("The export was cancelled.", "Nothing of it was written.", kind="info")
        else:
            self.banner.show_error(error)
            self.replace.setVisible(self.replace.isVisible() or "already" in error.message)

    def wish(self) -> ExportWish:
        """What is chosen."""
        forms = tuple(key for key, box in self.forms.items() if box.isChecked())
        folder = Path(self.target.text().strip()).expanduser()
        return ExportWish(forms, folder, str(self.paper.value()), self.replace.isChecked())

    @Slot()
    def _follow(self) -> None:
        chosen = any(box.isChecked() for box in self.forms.values())
        self.paper.setEnabled(self.forms["pdf"].isChecked())
        self.start.setEnabled(chosen and bool(self.target.text().strip()) and not self._busy)

    @Slot()
    def _on_browse(self) -> None:
        if chosen := QFileDialog.getExistingDirectory(self, "Export into a folder", self.target.text()):
            self.target.setText(chosen)

    @Slot()
    def _on_start(self) -> None:
        if not self.wish().folder.is_absolute():  # below which folder is nothing that a window could say
            self.banner.show_message(
                "Which folder is meant is not clear.", "Type it from its beginning, or press Choose…"
            )
            self.target.setFocus(Qt.FocusReason.TabFocusReason)
            return
        self._busy = True
        self.banner.clear()
        self._follow()
        self.agreed.emit(self.wish())

    @Slot()
    def _on_open(self) -> None:
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(self.wish().folder)))

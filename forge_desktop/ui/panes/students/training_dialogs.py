"""Two small sheets of training runs: the log to read and copy, and what an export for a trainer elsewhere holds."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import (
    QApplication,
    QCheckBox,
    QDialog,
    QFileDialog,
    QGridLayout,
    QLineEdit,
    QPlainTextEdit,
    QWidget,
)

from forge_desktop.ui import theme, tokens
from forge_desktop.ui.widgets.basics import Banner, Button, PrimaryButton, column, label, row

_WHAT = (
    "The lessons, split as they would be here, with ready configurations for TRL, Unsloth, Axolotl, LLaMA-Factory and"
    " Ray Train, and how to bring the adapter back."
)


class LogDialog(QDialog):
    """Plain text, whole, to copy or to keep."""

    def __init__(self, title: str, text: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(title)
        self._text = text
        self.view = QPlainTextEdit(text, readOnly=True)
        self.view.setAccessibleName(title)
        self.view.setProperty("cls", "field")
        self.view.setFont(theme.font(tokens.SMALL, mono=True))
        self.view.setUndoRedoEnabled(False)
        self.copy = Button("Copy", "copy")
        self.copy.clicked.connect(self._on_copy)
        self.save = Button("Save…", "save")
        self.save.clicked.connect(self._on_save)
        self.banner = Banner()
        close = PrimaryButton("Close")
        close.clicked.connect(self.accept)
        about = label(
            "Everything that decides the adapter's bytes, and what happened.", tokens.TABLE, cls="muted", wrap=True
        )
        content = column(
            column(label(title, tokens.TITLE, 600, wrap=True), about, gap=2), self.banner, self.view,
            row(self.copy, self.save, None, close), gap=tokens.MD, margins=(tokens.XL, 20, tokens.XL, 16),
        )  # fmt: skip
        content.setStretch(2, 1)
        self.setLayout(content)
        most = parent.window().size() if parent else self.sizeHint()
        self.resize(min(theme.px(760), most.width() - 32), min(theme.px(620), most.height() - 32))

    @Slot()
    def _on_copy(self) -> None:
        QApplication.clipboard().setText(self._text)
        self.copy.setText("Copied")

    @Slot()
    def _on_save(self) -> None:
        chosen, _ = QFileDialog.getSaveFileName(self, "Keep the log", "run.json", "JSON (*.json)")
        if not chosen:
            return
        try:
            Path(chosen).write_text(self._text + "\n", encoding="utf-8")
        except OSError as error:
            self.banner.show_message("The log could not be kept", error.strerror or str(error))


class ExportDialog(QDialog):
    """`agreed` carries the target, what the base is called on the hub, and whether what is never sent goes along."""

    agreed = Signal(str, str, bool)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Export for a trainer elsewhere")
        self.model = QLineEdit()
        self.model.setAccessibleName("Name of the base on the hub")
        self.model.setPlaceholderText("as its file says, such as owner/name")
        self.everything = QCheckBox("With lessons that rest on documents that are never sent")
        self.everything.setFont(theme.font(tokens.TABLE))
        self.everything.setAccessibleName(self.everything.text())
        cancel = Button("Cancel")
        cancel.setAutoDefault(False)
        cancel.clicked.connect(self.reject)
        self.choose = PrimaryButton("Choose a file…", "folder-open")
        self.choose.clicked.connect(self._on_choose)
        grid = QGridLayout()
        grid.setHorizontalSpacing(tokens.MD)
        grid.setVerticalSpacing(tokens.SM)
        grid.setColumnStretch(1, 1)
        grid.addWidget(label("Base", tokens.SMALL, cls="muted"), 0, 0)
        grid.addWidget(self.model, 0, 1)
        grid.addWidget(self.everything, 1, 1)
        about = label(_WHAT, tokens.TABLE, cls="muted", wrap=True)
        self.setLayout(
            column(
                column(label(self.windowTitle(), tokens.TITLE, 600), about, gap=2),
                grid, row(None, cancel, self.choose), gap=tokens.LG, margins=(tokens.XL,) * 4,
            )
        )  # fmt: skip
        self.setMinimumWidth(theme.px(520))

    @Slot()
    def _on_choose(self) -> None:
        chosen, _ = QFileDialog.getSaveFileName(self, "Export into a ZIP file", "training.zip", "ZIP (*.zip)")
        if chosen:
            self.agree(chosen if chosen.lower().endswith(".zip") else f"{chosen}.zip")

    def agree(self, target: str) -> None:
        """Write it there."""
        self.agreed.emit(target, self.model.text().strip(), self.everything.isChecked())
        self.accept()

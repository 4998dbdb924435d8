"""Asks for which base an adapter was made before it is imported."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QDialog, QGridLayout, QLineEdit, QWidget

from forge_desktop.ui import theme, tokens
from forge_desktop.ui.widgets.basics import Button, ElidedLabel, PrimaryButton, column, label, row
from forge_desktop.ui.widgets.fields import ChoiceField
from forge_desktop.ui.widgets.words import file_name, safe_words

_ABOUT = (
    "An adapter fits the one base it was made for; its shapes are checked. It stays in quarantine until a gate on this "
    "computer has passed it."
)


class BringDialog(QDialog):
    """`agreed` carries the base's sha256 and the name wished for."""

    agreed = Signal(str, str)

    def __init__(self, path: Path, bases: Sequence[tuple[str, str]], parent: QWidget | None = None) -> None:
        """`bases` are (sha256, name)."""
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Import an adapter")
        self.base = ChoiceField({sha256: safe_words(name) for sha256, name in bases})
        self.base.setAccessibleName("Base of the adapter")
        self.name = QLineEdit()
        self.name.setAccessibleName("Name of the version")
        self.name.setPlaceholderText(safe_words(path.stem))
        self.start = PrimaryButton("Import", "download")
        self.start.setEnabled(bool(bases))
        self.start.clicked.connect(self._on_start)
        cancel = Button("Cancel")
        cancel.setAutoDefault(False)
        cancel.clicked.connect(self.reject)
        grid = QGridLayout()
        grid.setHorizontalSpacing(tokens.LG)
        grid.setVerticalSpacing(10)
        grid.setColumnStretch(1, 1)
        lines = (("Adapter", ElidedLabel(file_name(str(path)), tokens.TABLE, middle=True)), ("Made for", self.base))
        for line, (words, part) in enumerate((*lines, ("Name", self.name))):
            grid.addWidget(label(words, tokens.SMALL, cls="muted"), line, 0)
            grid.addWidget(part, line, 1)
        about = label(_ABOUT, tokens.TABLE, cls="muted", wrap=True)
        self.setLayout(
            column(
                column(label("Import an adapter", tokens.TITLE, 600), about, gap=2),
                grid,
                None,
                row(None, cancel, self.start),
                gap=tokens.LG,
                margins=(tokens.XL, 20, tokens.XL, 20),
            )
        )
        self.setMinimumWidth(theme.px(480))

    @Slot()
    def _on_start(self) -> None:
        self.agreed.emit(str(self.base.value()), self.name.text().strip())
        self.accept()

"""Export: which pairs, in which form, where to; every form can be imported again."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QComboBox, QDialog, QFileDialog, QGridLayout, QWidget

from forge_desktop.distill.records import Dataset
from forge_desktop.ui import theme, tokens
from forge_desktop.ui.errands import Errands
from forge_desktop.ui.panes.corpus.columns import safe_words
from forge_desktop.ui.widgets.basics import Banner, Button, PrimaryButton, column, label, row
from forge_desktop.ui.widgets.words import count_words

if TYPE_CHECKING:
    from forge_desktop.forge import Forge


class ExportDialog(QDialog):
    """`started` carries what starts the export: it gives the id of a job."""

    started = Signal(object)

    def __init__(self, forge: Forge, errands: Errands, dataset: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Export pairs")

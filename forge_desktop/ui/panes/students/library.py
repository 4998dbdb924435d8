"""The library's place in the Students pane: its errors, downloads as they go on, and the doors to its sheets."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, Signal, Slot
from PySide6.QtGui import QDropEvent
from PySide6.QtWidgets import QWidget

from forge_desktop.students.recognising import TAKEN
from forge_desktop.ui import tokens
from forge_desktop.ui.bridge import Bridge
from forge_desktop.ui.panes.students.library_downloads import Downloading, DownloadStrip
from forge_desktop.ui.panes.students.library_scan import ScanDialog
from forge_desktop.ui.panes.students.library_sheet import LibrarySheet
from forge_desktop.ui.widgets.basics import Banner, Button, column

if TYPE_CHECKING:
    from forge_desktop.forge import Forge


class LibraryPanel(QWidget):
    """Put it among a pane's notices: it shows nothing unless there is a download or an error.

    `get_button` and `scan_button` stand where a base is looked for. `noticed` carries a Notice.
    """

    noticed = Signal(object)

    def __init__(self, forge: Forge, bridge: Bridge) -> None:
        super().__init__()
        self._forge, self._bridge = forge, bridge
        self.downloading = Downloading(forge, bridge, self)
        self.downloading.noticed.connect(self.noticed)
        self.banner = Banner()
        self.downloading.failed.connect(self.banner.show_error)
        self._strip = DownloadStrip(self.downloading)
        self.get_button = Button("Get a base…", "download")
        self.get_button.setToolTip("Search the hub for a model and download it")
        self.get_button.clicked.connect(self.get_base)
        self.scan_button = Button("Scan a folder…", "folder-open")
        self.scan_button.setToolTip("List the GGUF files of a folder, or of LM Studio, Ollama and others")
        self.scan_button.clicked.connect(self._on_scan)
        self.setLayout(column(self.banner, self._strip, gap=tokens.SM))
        for part in (self.banner, self._strip):
            part.installEventFilter(self)
        self._follow()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() in (QEvent.Type.ShowToParent, QEvent.Type.HideToParent):
            self._follow()
        return False

    def _follow(self) -> None:
        """Leave no room where nothing is shown."""
        self.setVisible(not (self.banner.isHidden() and self._strip.isHidden()))

    @Slot()
    def get_base(self) -> LibrarySheet:
        """Open the sheet that searches the hub."""
        sheet = LibrarySheet(self._forge, self._bridge, self.downloading, self.window())
        sheet.open()
        return sheet

    def look_through(self, folders: Sequence[Path] = ()) -> ScanDialog:
        """Open the dialog that lists what folders hold."""
        dialog = ScanDialog(self._forge, self._bridge, self.window())
        dialog.noticed.connect(self.noticed)
        dialog.open()
        if folders:
            dialog.look_through(list(folders))
        return dialog

    def take(self, paths: Sequence[Path]) -> list[Path]:
        """What was dropped: folders are looked through, the files among them come back to be imported."""
        folders = [path for path in paths if path.is_dir()]
        if folders:
            self.look_through(folders)
        return [path for path in paths if path not in folders]

    @Slot()
    def _on_scan(self) -> None:
        self.look_through()


def dropped(event: QDropEvent) -> list[Path]:
    """The GGUF files, bundles, adapters and folders that are dragged."""
    paths = [Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile()]
    return [path for path in paths if path.suffix.lower() in TAKEN or path.is_dir()]

"""Versions in and out from the window: adapters, their folders and bundles are brought in, bundles are written."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QPoint, Slot
from PySide6.QtWidgets import QFileDialog, QMenu, QWidget

from forge_desktop.archive.version_bundle import VersionReport
from forge_desktop.base.errors import ForgeError
from forge_desktop.students.recognising import likely_base
from forge_desktop.students.records_versions import Version
from forge_desktop.ui import theme
from forge_desktop.ui.following import Following
from forge_desktop.ui.gate_words import version_name
from forge_desktop.ui.going_back import WHO
from forge_desktop.ui.panes.students.bring_dialog import BringDialog
from forge_desktop.ui.panes.students.bundle_sheet import BundleSheet
from forge_desktop.ui.widgets.words import file_name, safe_words, size_words

if TYPE_CHECKING:
    from forge_desktop.archive.version_cards import BundleLook
    from forge_desktop.ui.panes.students.versions_section import VersionsSection

_LANE = "students"
_ADAPTERS = "Adapters (*.gguf *.safetensors);;All files (*)"
_BUNDLES = "Bundles (*.forgeversion *.zip);;All files (*)"


class VersionFiles(QObject):
    """Asks for files and where to, follows the jobs that read and write them, and says what came of each."""

    def __init__(self, section: VersionsSection) -> None:
        super().__init__(section)
        self._section = section
        self._registry = section.forge.students.registry
        self._files = section.forge.archive.student_files
        self._following = Following(section.forge.jobs, section.bridge, section.progress, self)

    # in

    def bring(self, button: QWidget) -> None:
        """Offer the ways in."""
        menu = QMenu(self._section)
        menu.addAction(theme.icon("file-plus"), "Adapter file (GGUF, safetensors)…", self._bring_file)
        menu.addAction(theme.icon("folder-plus"), "Adapter folder (PEFT)…", self._bring_folder)
        menu.addAction(theme.icon("layers"), "Bundle of a version…", self._bring_bundle)
        menu.popup(button.mapToGlobal(QPoint(0, button.height())))

    @Slot()
    def _bring_file(self) -> None:
        chosen, _ = QFileDialog.getOpenFileName(self._section, "Import an adapter", "", _ADAPTERS)
        if chosen:
            self.bring_adapter(Path(chosen))

    @Slot()
    def _bring_folder(self) -> None:
        if chosen := QFileDialog.getExistingDirectory(self._section, "Import an adapter's folder"):
            self.bring_adapter(Path(chosen))

    def bring_adapter(self, path: Path) -> None:
        """Ask for which base it was made, then import it."""
        students = self._section.forge.students

        def look() -> tuple[list[tuple[str, str]], str]:
            bases = students.list()
            return [(base.sha256, base.name) for base in bases], likely_base(path, bases)

        def ask(found: tuple[list[tuple[str, str]], str]) -> None:
            bases, likely = found
            dialog = BringDialog(path, bases, self._section.window())
            if likely:
                dialog.base.show_value(likely)
            dialog.agreed.connect(
                lambda base, name: self._start(
                    lambda: self._registry.import_adapter(path, base, name=name, who=WHO), "Importing an adapter"
                )
            )
            dialog.open()

        self._run(look, ask)

    @Slot()
    def _bring_bundle(self) -> None:
        chosen, _ = QFileDialog.getOpenFileName(self._section, "Import a version", "", _BUNDLES)
        if chosen:
            self.offer_bundle(Path(chosen))

    def offer_bundle(self, path: Path) -> None:
        """Show what a version's bundle holds, and its card; it comes in when the person says so."""

        def ask(found: BundleLook) -> None:
            sheet = BundleSheet(found, self._section.window())
            sheet.agreed.connect(lambda: self.bring_bundle(path))
            sheet.open()

        self._run(lambda: self._files.look(path), ask)

    def bring_bundle(self, path: Path) -> None:
        """Read a version's bundle; it stays in quarantine until a gate has passed it."""
        self._start(lambda: self._files.import_version(path, who=WHO), "Importing a version")

    # out

    def export(self, version: Version, *, with_base: bool = False) -> None:
        """Ask where a version's bundle shall be written."""
        name = f"{safe_words(version.name or version.label).replace('/', '-')}.forgeversion"
        chosen, _ = QFileDialog.getSaveFileName(self._section, "Export a version", name, _BUNDLES)
        if chosen:
            file = Path(chosen)  # the dialog asked before it named a file that is there
            if file.suffix:
                self.export_to(version, file, with_base=with_base, replace=True)
            else:
                self.export_to(version, file.with_name(f"{file.name}.forgeversion"), with_base=with_base)

    def export_to(self, version: Version, file: Path, *, with_base: bool = False, replace: bool = False) -> None:
        """Write a version's bundle, with its base's file where wished."""
        self._run(
            lambda: self._files.export_version(version.uid, file, with_base=with_base, replace=replace, who=WHO),
            lambda job: self._follow(job, "Exporting a version"),
        )

    # jobs

    def _run(self, work: Callable[[], object], then: Callable[..., None]) -> None:
        self._section.banner.clear()
        self._section.errands.run(work, then, self._section.trouble, lane=_LANE)

    def _start(self, start: Callable[[], int], verb: str) -> None:
        self._section.do(lambda: self._follow(start(), verb))

    def _follow(self, job: int, verb: str) -> None:
        known = frozenset(version.uid for version in self._section.versions())  # there when it began
        self._following.follow(job, lambda result: self._tell(result, known), self._trouble, verb=verb)

    def _trouble(self, error: ForgeError | None) -> None:
        if error is not None:
            self._section.trouble(error)

    def _tell(self, result: object, known: frozenset[str]) -> None:
        self._section.banner.clear()  # what failed before
        if isinstance(result, Version):
            self._section.show_place(result.uid)
            came = "is imported; a gate decides on it"
            what = "is here already; nothing has changed" if result.uid in known else came
            self._section.say(f"{version_name(result)} {what}", "download")
        elif isinstance(result, VersionReport):
            words = f"{result.version} is exported: {file_name(result.file)}, {size_words(result.bytes)}"
            self._section.say(words, "upload")
            if result.notes:
                self._section.banner.show_message(words, " ".join(result.notes), kind="info")

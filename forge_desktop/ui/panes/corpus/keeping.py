"""What the pane does to keep the corpus: totals, the check of everything and its repair, collections as files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtWidgets import QFileDialog, QWidget

from forge_desktop.archive import BundleReport
from forge_desktop.base.errors import ForgeError
from forge_desktop.corpus import CorpusStats, ImportReport, RepairReport, SyncState
from forge_desktop.ui.errands import Errands
from forge_desktop.ui.panes.corpus.collections import CollectionsView
from forge_desktop.ui.panes.corpus.columns import safe_words
from forge_desktop.ui.panes.corpus.statistics import StatisticsView
from forge_desktop.ui.widgets.basics import Notice
from forge_desktop.ui.widgets.words import count_words

if TYPE_CHECKING:
    from forge_desktop.forge import Forge

_LANE = "keeping"
_BUNDLE = "Collections (*.forgecollection)"


class Keeping(QObject):
    """Serves the pages of totals and collections. `notice` carries a Notice."""

    notice = Signal(object)

    def __init__(
        self, forge: Forge, errands: Errands, statistics: StatisticsView, collections: CollectionsView, window: QWidget
    ) -> None:
        super().__init__(window)
        self._forge, self._errands = forge, errands
        self._statistics, self._collections, self._window = statistics, collections, window
        statistics.check_pressed.connect(self._on_check)
        statistics.repair_pressed.connect(self._on_repair)
        collections.export_asked.connect(self._on_export)
        collections.import_asked.connect(self._on_import)

    def show_stats(self) -> None:
        """Read the totals again, off the window's thread."""
        corpus = self._forge.corpus

        def work() -> tuple[CorpusStats, str]:
            return corpus.shelf.stats(), _watching(corpus.sync.state())

        self._errands.run(work, lambda found: self._statistics.show_stats(*found), key="statistics")

    def _wait(self, job_id: int) -> object:
        return self._forge.jobs.wait(job_id)

    @Slot()
    def _on_check(self) -> None:
        self._statistics.show_checking()
        self._errands.run(self._forge.corpus.verify, self._statistics.show_check, self._on_trouble, lane=_LANE)

    @Slot()
    def _on_repair(self) -> None:
        self._statistics.show_repairing()
        self._errands.run(
            lambda: self._wait(self._forge.corpus.repair()), self._on_repaired, self._on_trouble, lane=_LANE
        )

    def _on_repaired(self, report: object) -> None:
        assert isinstance(report, RepairReport)
        words = [f"{count_words(len(report.repaired), 'fault')} mended"] if report.repaired else []
        if report.reread:
            words.append(f"{count_words(len(report.reread), 'document')} read again")
        if report.kept:
            words.append(f"{count_words(len(report.kept), 'document')} kept as far as possible")
        if report.lost:
            words.append(f"{count_words(len(report.lost), 'document')} lost")
        lines = (*report.lost, *report.kept, *report.reread, *report.repaired)
        self._statistics.show_verdict((", ".join(words) or "Nothing had to be mended") + ".", lines)

    def _on_trouble(self, error: ForgeError) -> None:
        self._statistics.show_verdict(f"{error.message} {error.hint}".strip())

    # ---- collections as files

    @Slot(str)
    def _on_export(self, uid: str) -> None:
        name = next((c.name for c in self._collections.collections if c.uid == uid), "collection")
        suggested = "".join(c if c.isalnum() or c in " -_" else "-" for c in name) + ".forgecollection"
        chosen, _ = QFileDialog.getSaveFileName(self._window, f"Export {safe_words(name)}", suggested, _BUNDLE)
        if chosen:
            self.export(uid, Path(chosen))

    def export(self, uid: str, target: Path) -> None:
        """Write a collection to a file."""

        def done(report: object) -> None:
            assert isinstance(report, BundleReport)
            what = f"{count_words(report.documents, 'document')} exported to {safe_words(target.name)}"
            self._collections.problem.show_message(what, " ".join((*report.notes, *report.left_out)), kind="info")

        self._do(lambda: self._forge.archive.export_collection(uid, target), done)

    @Slot()
    def _on_import(self) -> None:
        chosen, _ = QFileDialog.getOpenFileName(self._window, "Import a collection", "", _BUNDLE)
        if chosen:
            self.bring(Path(chosen))

    def bring(self, source: Path) -> None:
        """Take in a collection from a file."""

        def done(report: object) -> None:
            assert isinstance(report, ImportReport)
            words = f"Imported {count_words(report.documents, 'document')} into {safe_words(report.collection)}"
            here = f"; {report.present:,} of them were here already" if report.present else ""
            self.notice.emit(Notice(f"{words}{here}."))
            self._collections.refresh()

        self._do(lambda: self._forge.archive.import_collection(source), done)

    def _do(self, start: Callable[[], int], done: Callable[[object], None]) -> None:
        """Start a job, and say what came of it on the page of collections."""
        self._errands.run(lambda: self._wait(start()), done, self._collections.problem.show_error, lane=_LANE)


def _watching(state: SyncState) -> str:
    """How the folders are followed, as a sentence."""
    if state.mode == "off":
        return "Rescan compares them; in the settings of the corpus this can be left to Forge Desktop."
    if state.note:
        return state.note
    return "Changes in them are noticed at once." if state.mode == "watching" else "They are looked through regularly."

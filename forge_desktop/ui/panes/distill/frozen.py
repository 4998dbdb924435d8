"""Cards of what stays: versions of the pairs with their checksums, suites to measure with, and the runs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import Signal, Slot
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QFileDialog,
    QFrame,
    QGridLayout,
    QLineEdit,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from forge_desktop.base.money import shown
from forge_desktop.distill.records import Dataset, Suite
from forge_desktop.distill.records_runs import RunSummary
from forge_desktop.ui import theme, tokens
from forge_desktop.ui.panes.distill.outcomes import STOPS, quoted_words
from forge_desktop.ui.widgets.basics import Button, ElidedLabel, IconButton, PrimaryButton, column, frame, label, row
from forge_desktop.ui.widgets.words import count_words, moment_words, safe_words

_KINDS = {"transfer": "New questions (transfer)", "recall": "What was taught (recall)"}
_RUNS_SHOWN = 12
_SUITE_FILES = "Suites (*.jsonl *.ndjson *.csv *.json);;All files (*)"


class _ListCard(QFrame):
    """A heading with buttons, a line of words, and one row an entry."""

    def __init__(self, title: str, about: str, *buttons: Button) -> None:
        super().__init__()
        self.setProperty("cls", "card")
        head = row(label(title, tokens.BODY, 600), None, *buttons)
        self._rows = QVBoxLayout()
        self._rows.setSpacing(8)
        words = label(about, tokens.SMALL, cls="muted", wrap=True)
        self.setLayout(column(head, words, self._rows, gap=8, margins=(16, 10, 16, 14)))

    def _show(self, rows: Sequence[QWidget], nothing: str) -> None:
        while (item := self._rows.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.hide()
                widget.deleteLater()
        for made in rows or [label(nothing, tokens.SMALL, cls="muted", wrap=True)]:
            self._rows.addWidget(made)


class VersionsCard(_ListCard):
    """`export_asked` and `remove_asked` carry a dataset's uid."""

    freeze_pressed = Signal()
    export_asked = Signal(str)
    remove_asked = Signal(str)

    def __init__(self) -> None:
        self.freeze = Button("Freeze a version…", "save")
        super().__init__(
            "Versions", "A version's bytes never change; what was trained from it can be told later.", self.freeze
        )
        self.freeze.clicked.connect(self.freeze_pressed)

    def show_versions(self, versions: Sequence[Dataset], accepted: int) -> None:
        """Show these, the newest first."""
        self.freeze.setEnabled(accepted > 0)
        ordered = sorted(versions, key=lambda version: -version.created)
        first = {version.sha256: version for version in ordered}  # the eldest of those with the same pairs
        self._show([self._row(version, first[version.sha256]) for version in ordered], "No version is frozen yet.")

    def _row(self, found: Dataset, first: Dataset) -> QWidget:
        name = safe_words(f"{found.name} v{found.version}")
        pairs = f"{found.train_pairs:,} TRAIN · {found.repair_pairs:,} REPAIR"
        facts = f"{pairs} · {count_words(found.documents, 'document')} · {moment_words(found.created)}"
        if first is not found:
            facts += safe_words(f" · the same pairs as {first.name} v{first.version}")
        texts = column(ElidedLabel(name, tokens.TABLE, 600), ElidedLabel(facts, tokens.SMALL, cls="muted"), gap=0)
        checksum = ElidedLabel(f"sha256 {found.sha256}", tokens.SMALL, cls="muted", middle=True)
        copy = IconButton("copy", f"Copy the checksum of {name}", size=15)
        copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(found.sha256))
        out = IconButton("upload", f"Export {name}", size=15)
        out.clicked.connect(lambda: self.export_asked.emit(found.uid))
        gone = IconButton("trash-2", f"Remove {name}", size=15)
        gone.clicked.connect(lambda: self.remove_asked.emit(found.uid))
        return _entry(texts, checksum, copy, out, gone)


class SuitesCard(_ListCard):
    """`import_asked` carries path, name and kind; `freeze_asked` share, name and kind; `remove_asked` a uid."""

    import_asked = Signal(object, str, str)
    freeze_asked = Signal(float, str, str)
    remove_asked = Signal(str)

    def __init__(self) -> None:
        self.bring = Button("Import…", "download")
        self.freeze = Button("Freeze from pairs…", "save")
        about = "Questions to measure with. Whatever says (nearly) the same is held back from training."
        super().__init__("Suites", about, self.bring, self.freeze)
        self.bring.clicked.connect(self._on_bring)
        self.freeze.clicked.connect(self._on_freeze)

    def show_suites(self, suites: Sequence[Suite], accepted: int) -> None:
        """Show these."""
        self.freeze.setEnabled(accepted > 1)
        nothing = "There is no suite yet: nothing is held back for measuring."
        self._show([self._row(suite) for suite in suites], nothing)

    def _row(self, found: Suite) -> QWidget:
        name = safe_words(found.name)
        kind = _KINDS.get(found.kind, found.kind)
        facts = f"{kind} · {count_words(found.items, 'question')} · {moment_words(found.created)}"
        texts = column(ElidedLabel(name, tokens.TABLE, 600), ElidedLabel(facts, tokens.SMALL, cls="muted"), gap=0)
        checksum = ElidedLabel(f"sha256 {found.sha256}", tokens.SMALL, cls="muted", middle=True)
        gone = IconButton("trash-2", f"Remove the suite {name}", size=15)
        gone.clicked.connect(lambda: self.remove_asked.emit(found.uid))
        return _entry(texts, checksum, gone)

    @Slot()
    def _on_bring(self) -> None:
        chosen, _ = QFileDialog.getOpenFileName(self, "Import a suite", "", _SUITE_FILES)
        if chosen:
            path = Path(chosen)
            dialog = _SuiteDialog(path.stem, None, self)
            dialog.named.connect(lambda name, kind, _share: self.import_asked.emit(path, name, kind))
            dialog.open()

    @Slot()
    def _on_freeze(self) -> None:
        dialog = _SuiteDialog("suite", 10, self)
        dialog.named.connect(lambda name, kind, share: self.freeze_asked.emit(share / 100, name, kind))
        dialog.open()


class RunsCard(_ListCard):
    """What runs brought, and what they cost against their quotes. `replay_asked` carries a run's uid."""

    replay_asked = Signal(str)

    def __init__(self) -> None:
        about = (
            "Replay makes a run's lessons again from its recorded answers, without network, and compares every byte."
        )
        super().__init__("Runs", about)

    def show_runs(self, runs: Sequence[RunSummary]) -> None:
        """Show the newest ones."""
        rows = [self._row(run) for run in runs[:_RUNS_SHOWN]]
        if len(runs) > _RUNS_SHOWN:
            rows.append(label(f"{len(runs) - _RUNS_SHOWN:,} earlier ones", tokens.SMALL, cls="muted"))
        self._show(rows, "No run yet.")

    def _row(self, run: RunSummary) -> QWidget:
        title, _ = STOPS.get(run.stopped_by, ("The run is going on", "info"))
        counts = ((run.kept, "kept"), (run.review, "to review"), (run.rejected, "rejected"), (run.failed, "failed"))
        parts = [f"{number:,} {word}" for number, word in counts if number] or ["nothing done"]
        facts = f"{moment_words(run.started)} · {' · '.join(parts)}"
        texts = column(ElidedLabel(title, tokens.TABLE, 600), ElidedLabel(facts, tokens.SMALL, cls="muted"), gap=0)
        money = f"{shown(run.settled + run.unknown)} of {shown(run.wish.cap)}{quoted_words(run)}"
        again = IconButton("rotate-ccw", f"Replay the run of {moment_words(run.started)}", size=15)
        again.setEnabled(run.ended is not None)
        again.clicked.connect(lambda: self.replay_asked.emit(run.uid))
        return _entry(texts, ElidedLabel(money, tokens.SMALL, cls="muted"), again)


class _SuiteDialog(QDialog):
    """Asks for a suite's name, kind, and share of the pairs (None: it comes from a file)."""

    named = Signal(str, str, int)

    def __init__(self, name: str, share: int | None, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle("A suite")
        self.name = QLineEdit(safe_words(name))
        self.name.setAccessibleName("Name of the suite")
        self.kind = QComboBox()
        self.kind.setAccessibleName("Kind of the suite")
        for key, words in _KINDS.items():
            self.kind.addItem(words, key)
        self.share = QSpinBox()
        self.share.setAccessibleName("Share of the accepted pairs")
        self.share.setRange(1, 50)
        self.share.setValue(share or 10)
        self.share.setSuffix(" % of the accepted pairs")
        grid = QGridLayout()
        grid.setHorizontalSpacing(tokens.MD)
        grid.setColumnStretch(1, 1)
        lines: list[tuple[str, QWidget]] = [("Name", self.name), ("Kind", self.kind)]
        lines += [("Share", self.share)] if share is not None else []
        for place, (words, field) in enumerate(lines):
            grid.addWidget(label(words, tokens.SMALL, cls="muted"), place, 0)
            grid.addWidget(field, place, 1)
        cancel = Button("Cancel")
        cancel.setAutoDefault(False)
        cancel.clicked.connect(self.reject)
        save = PrimaryButton("Import" if share is None else "Freeze")
        save.clicked.connect(self._on_save)
        about = "The pairs it takes leave training." if share is not None else "Pairs that say the same leave training."
        self.setLayout(
            column(label(about, tokens.TABLE, cls="muted", wrap=True), grid, row(None, cancel, save), gap=tokens.LG,
                   margins=(tokens.XL,) * 4)
        )  # fmt: skip
        self.setMinimumWidth(theme.px(420))

    @Slot()
    def _on_save(self) -> None:
        if self.name.text().strip():
            self.named.emit(self.name.text().strip(), self.kind.currentData(), self.share.value())
            self.accept()


def _entry(texts: object, *parts: QWidget) -> QWidget:
    line = row(texts, *parts, gap=8, margins=(10, 6, 8, 6))  # type: ignore[arg-type]
    line.setStretch(0, 3)
    line.setStretch(1, 2)
    return frame("quoted", line)

"""The page of what was learnt: totals, how pairs are spread, what documents they rest on, versions and suites."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QFrame, QGridLayout, QScrollArea, QWidget

from forge_desktop.base.errors import ForgeError
from forge_desktop.distill.records import Dataset, Suite
from forge_desktop.distill.records_pairs import Coverage, Histograms, PairCounts
from forge_desktop.distill.records_runs import RunSummary
from forge_desktop.ui import theme, tokens
from forge_desktop.ui.errands import Errands
from forge_desktop.ui.panes.distill.asking_text import ask_text
from forge_desktop.ui.panes.distill.frozen import RunsCard, SuitesCard, VersionsCard
from forge_desktop.ui.widgets.basics import Banner, Button, ElidedLabel, Meter, Notice, column, frame, label, row
from forge_desktop.ui.widgets.charts import BarChart
from forge_desktop.ui.widgets.words import count_words, file_name, language_name, safe_words

if TYPE_CHECKING:
    from forge_desktop.forge import Forge

_FIGURES = ("TRAIN pairs", "REPAIR pairs", "To review", "Duplicates", "Held by suites", "Source changed")
_SHOWN = 12  # documents of the coverage
_LANE = "datasets"


@dataclass(frozen=True)
class Learnt:
    """Everything the page shows."""

    counts: PairCounts
    histograms: Histograms
    coverage: Sequence[Coverage]
    datasets: Sequence[Dataset]
    suites: Sequence[Suite]
    review: int
    runs: Sequence[RunSummary]


class DatasetView(QScrollArea):
    """`notice` carries a Notice, `export_asked` a dataset's uid or "" for the pairs as they are."""

    notice = Signal(object)
    export_asked = Signal(str)
    import_pressed = Signal()

    def __init__(self, forge: Forge, errands: Errands) -> None:
        super().__init__()
        self._forge, self._errands = forge, errands
        self.setAccessibleName("Dataset")
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.problem = Banner()
        self.figures = {name: label("—", tokens.FIGURE, 600, tabular=True) for name in _FIGURES}
        self.charts = {name: BarChart(name, 116) for name in ("Quality", "Length of the answer", "Language")}
        for chart in self.charts.values():
            chart.nothing = "No pair is kept yet"
        self._coverage = QWidget()
        self._coverage_card = _card("Documents the pairs rest on", self._coverage)
        self.versions = VersionsCard()
        self.suites = SuitesCard()
        self.runs = RunsCard()
        self._build()
        self._connect()

    def _build(self) -> None:
        figures = QGridLayout()
        figures.setSpacing(tokens.MD)
        for place, (name, figure) in enumerate(self.figures.items()):
            words = label(name, tokens.SMALL, cls="muted", wrap=True)
            box = frame("card", column(words, None, figure, gap=2, margins=(14, 10, 14, 10)))
            figures.addWidget(box, place // 6, place % 6)
            figures.setColumnStretch(place % 6, 1)
        charts = QGridLayout()
        charts.setSpacing(tokens.MD)
        for place, (name, chart) in enumerate(self.charts.items()):
            charts.addWidget(_card(name, chart), 0, place)
            charts.setColumnStretch(place, 1)
        content = QWidget()
        content.setProperty("cls", "flow")
        content.setLayout(
            column(
                self.problem, figures, charts, self._coverage_card, self._sources(), self.versions, self.suites,
                self.runs, None,
                gap=tokens.MD, margins=(tokens.XL, 16, tokens.XL, 16),
            )
        )  # fmt: skip
        content.setMaximumWidth(theme.px(1280))
        self.setWidget(content)

    def _sources(self) -> QFrame:
        self.compare = Button("Compare with the documents", "refresh-cw")
        self.compare.clicked.connect(self._on_compare)
        bring = Button("Import pairs", "download")
        bring.clicked.connect(self.import_pressed)
        out = Button("Export", "upload")
        out.clicked.connect(lambda: self.export_asked.emit(""))
        words = "Whether the documents still say what the pairs quote."
        line = row(label(words, tokens.TABLE, wrap=True), self.compare, bring, out)
        line.setStretch(0, 1)
        body = QWidget()
        body.setLayout(line)
        return _card("Sources", body)

    def _connect(self) -> None:
        self.versions.freeze_pressed.connect(self._on_freeze)
        self.versions.export_asked.connect(self.export_asked)
        self.versions.remove_asked.connect(self._on_remove_version)
        self.suites.import_asked.connect(self._on_suite_file)
        self.suites.freeze_asked.connect(self._on_suite_freeze)
        self.suites.remove_asked.connect(self._on_remove_suite)
        self.runs.replay_asked.connect(self._on_replay)

    # ---- showing

    @Slot()
    def refresh(self) -> None:
        """Read everything again."""
        distill = self._forge.distill

        def work() -> Learnt:
            pairs = distill.pairs
            return Learnt(
                pairs.counts(),
                pairs.histograms(),
                pairs.coverage(_SHOWN + 1),
                distill.datasets.all(),
                distill.suites.all(),
                distill.tasks.counts().get("review", 0),
                distill.runs(),
            )

        self._errands.run(work, self._show, self._on_trouble, key="dataset", lane=_LANE)

    def _show(self, found: Learnt) -> None:
        counts = found.counts
        values = (
            counts.train_pairs, counts.repair_pairs, found.review, counts.duplicates, counts.leaking + counts.frozen,
            counts.changed + counts.gone,
        )  # fmt: skip
        for figure, value in zip(self.figures.values(), values, strict=True):
            figure.setText(f"{value:,}")
        shown = found.histograms
        score, length, language = self.charts.values()
        score.show_bars([(bar.label.split(" ")[0], bar.pairs) for bar in shown.score])
        length.show_bars([(bar.label, bar.pairs) for bar in shown.length])
        language.show_bars([(safe_words(language_name(bar.label)), bar.pairs) for bar in shown.language])
        self.compare.setEnabled(counts.pairs > 0)
        self._show_coverage(found.coverage)
        self.versions.show_versions(found.datasets, counts.accepted)
        self.suites.show_suites(found.suites, counts.accepted)
        self.runs.show_runs(found.runs)

    def _show_coverage(self, found: Sequence[Coverage]) -> None:
        made = QWidget()
        grid = QGridLayout(made)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(tokens.MD)
        grid.setVerticalSpacing(6)
        grid.setColumnStretch(0, 2)
        grid.setColumnStretch(1, 3)
        for place, one in enumerate(found[:_SHOWN]):
            name = safe_words(file_name(one.name))
            grid.addWidget(ElidedLabel(name, tokens.SMALL, middle=True), place, 0)
            grid.addWidget(Meter(one.share or 0, 0, accessible_name=f"{name}, cited part"), place, 1)
            part = "no longer indexed" if one.share is None else f"{one.share:.0%} of its text"
            words = f"{count_words(one.pairs, 'pair')} · {part}"
            grid.addWidget(label(words, tokens.SMALL, cls="muted", tabular=True), place, 2, Qt.AlignmentFlag.AlignRight)
        if len(found) > _SHOWN:
            grid.addWidget(label("and more", tokens.SMALL, cls="muted"), _SHOWN, 0)
        if not found:
            grid.addWidget(label("No pair rests on a document yet.", tokens.SMALL, cls="muted"), 0, 0)
        box = self._coverage_card.layout()
        assert box is not None
        box.replaceWidget(self._coverage, made)
        self._coverage.hide()
        self._coverage.deleteLater()
        self._coverage = made

    # ---- changing

    def _do(self, work: Callable[[], object], words: str) -> None:
        def told(_: object) -> None:
            self.notice.emit(Notice(words))
            self.refresh()

        self.problem.clear()
        self._errands.run(work, told, self._on_trouble, lane=_LANE)

    def _on_trouble(self, error: ForgeError) -> None:
        self.problem.show_error(error)
        self.ensureVisible(0, 0)

    @Slot()
    def _on_compare(self) -> None:
        self._start(self._forge.distill.pairs.reverify)

    @Slot(str)
    def _on_replay(self, run: str) -> None:
        self._start(lambda: self._forge.distill.replay(run))

    def _start(self, start: Callable[[], int]) -> None:
        """Start a job; what comes of it is said by the pane."""
        self.problem.clear()
        try:
            start()
        except ForgeError as error:
            self._on_trouble(error)

    @Slot()
    def _on_freeze(self) -> None:
        ask_text(self, "Freeze a version", "Name of the dataset", self.freeze, text="lessons")

    def freeze(self, name: str) -> None:
        """Freeze the accepted pairs as the next version of this name."""
        datasets = self._forge.distill.datasets
        self._do(lambda: datasets.freeze(name), f"Froze a version of {safe_words(name)}.")

    @Slot(str)
    def _on_remove_version(self, uid: str) -> None:
        datasets = self._forge.distill.datasets
        self._do(lambda: datasets.remove(uid), "Removed the version.")

    @Slot(object, str, str)
    def _on_suite_file(self, path: Path, name: str, kind: str) -> None:
        suites = self._forge.distill.suites
        self._do(lambda: suites.bring_in(path, name, kind), f"Imported the suite {safe_words(name)}.")

    @Slot(float, str, str)
    def _on_suite_freeze(self, share: float, name: str, kind: str) -> None:
        suites = self._forge.distill.suites
        self._do(lambda: suites.freeze(share, name, kind), f"Froze the suite {safe_words(name)}.")

    @Slot(str)
    def _on_remove_suite(self, uid: str) -> None:
        suites = self._forge.distill.suites
        self._do(lambda: suites.remove(uid), "Removed the suite; what it held back was looked at again.")


def _card(title: str, content: QWidget) -> QFrame:
    return frame("card", column(label(title, tokens.BODY, 600), content, gap=8, margins=(16, 12, 16, 14)))

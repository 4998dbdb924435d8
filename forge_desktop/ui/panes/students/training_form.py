"""What shall be trained: from which pairs, for which base, how thoroughly; everything else behind "Advanced"."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, Qt, QTimer, Signal, Slot
from PySide6.QtWidgets import QFrame, QGridLayout, QLineEdit, QScrollArea, QWidget

from forge_desktop.distill.records import Dataset
from forge_desktop.students.records import Student
from forge_desktop.students.records_training import ARCHITECTURES, TrainSource, TrainWish
from forge_desktop.ui import theme, tokens
from forge_desktop.ui.panes.students.training_advanced import AdvancedForm
from forge_desktop.ui.widgets.basics import Button, column, label, row
from forge_desktop.ui.widgets.fields import ChoiceField, FileField
from forge_desktop.ui.widgets.words import count_words, safe_words

if TYPE_CHECKING:
    from forge_desktop.forge import Forge

FREEZE, FILE = "freeze", "file"
_PAIRS = "Pairs (*.jsonl *.json *.csv *.tsv *.parquet *.zip)"
_EPOCHS = {2: "A quick look (2 epochs)", 4: "As usual (4 epochs)", 10: "Thoroughly (10 epochs)"}
_RATES = {2e-4: "Gently: slower, and forgets less", 5e-4: "As usual", 1e-3: "Boldly: faster, and forgets more"}
_REPLAY = {0.0: "None", 0.25: "A quarter of the pairs", 0.5: "Half of the pairs", 1.0: "As many as pairs"}
_OWN = "As set below"


@dataclass(frozen=True)
class TrainWays:
    """What can be learnt from, and by which bases. `accepted` pairs are there now; `python` trains, "" for none."""

    datasets: Sequence[Dataset]
    accepted: int
    bases: Sequence[Student]
    python: str


def read_ways(forge: Forge) -> TrainWays:
    """All of it, as it is now. For an errand."""
    return TrainWays(
        datasets=tuple(forge.distill.datasets.all()),
        accepted=forge.distill.pairs.counts().accepted,
        bases=tuple(forge.students.list()),
        python=forge.students.training.interpreter(),
    )


class TrainForm(QScrollArea):
    """`changed` with every key; `pairs_wanted` when there is nothing to learn from."""

    changed = Signal()
    pairs_wanted = Signal()

    def __init__(self, ways: TrainWays) -> None:
        super().__init__()
        self._ways = ways
        self.source = ChoiceField(_sources(ways))
        self.source.setAccessibleName("What to learn from")
        self.file = FileField(_PAIRS, "Choose a file of pairs")
        self.file.setAccessibleName("File of pairs")
        self.frozen_name = QLineEdit(ways.datasets[0].name if ways.datasets else "pairs")
        self.frozen_name.setAccessibleName("Name of the frozen dataset")
        self.base = ChoiceField({base.sha256: _base_words(base) for base in ways.bases})
        self.base.setAccessibleName("Base to train")
        self.name = QLineEdit()
        self.name.setAccessibleName("Name of the version")
        self.name.setPlaceholderText("what to call it, if you like")
        self.epochs = _simple("How thoroughly", _EPOCHS)
        self.rate = _simple("How boldly", _RATES)
        self.replay = _simple("The base's own answers", _REPLAY)
        self.advanced = AdvancedForm()
        self.advanced.hide()
        self.more = Button("Advanced", "chevron-right", "link")
        self.more.setAccessibleName("Advanced settings: show")
        self.usual = Button("Back to what is usual", "undo-2", "link")
        self.usual.hide()
        self.about_base = label("", tokens.SMALL, cls="warn", wrap=True)
        self._build()
        self._connect()
        self._choose_first()
        self._follow()

    def _build(self) -> None:
        grid = QGridLayout()
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(tokens.LG)
        grid.setVerticalSpacing(12)
        grid.setColumnStretch(1, 1)
        self._about_source = label("", tokens.SMALL, cls="muted", wrap=True)
        self._frozen_line = QWidget()
        self._frozen_line.setLayout(row(label("as", tokens.SMALL, cls="muted"), self.frozen_name, None))
        lines: tuple[tuple[str, QWidget], ...] = (
            ("Learn from", _stacked(self.source, self._frozen_line, self.file, self._about_source)),
            ("Base", _stacked(self.base, self.about_base)),
            ("Name", self.name),
            ("Pairs are gone through", self.epochs),
            ("It learns", self.rate),
            ("Against forgetting", _stacked(self.replay, label(
                "Its own answers to general questions go along, so that it does not forget what it could.",
                tokens.SMALL, cls="muted", wrap=True))),
        )  # fmt: skip
        for place, (words, content) in enumerate(lines):
            name = label(words, tokens.SMALL, cls="muted", wrap=True)
            name.setMinimumHeight(theme.px(30))
            name.setFixedWidth(theme.px(110))
            grid.addWidget(name, place, 0, Qt.AlignmentFlag.AlignTop)
            grid.addWidget(content, place, 1)
        inside = QWidget()
        inside.setProperty("cls", "flow")
        folded = row(self.more, None, self.usual)
        inside.setLayout(column(grid, 8, folded, self.advanced, None, gap=6, margins=(0, 0, tokens.MD, 0)))
        self.setAccessibleName("What shall be trained")
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setWidget(inside)

    def _connect(self) -> None:
        self.more.clicked.connect(self._on_more)
        self.usual.clicked.connect(self.advanced.reset)
        for choice in (self.source, self.base, self.file):
            choice.changed.connect(self._follow)
        self.file.textChanged.connect(self._follow)
        self.frozen_name.textChanged.connect(self._follow)
        self.epochs.changed.connect(self._on_simple)
        self.rate.changed.connect(self._on_simple)
        self.replay.changed.connect(self._on_simple)
        self.advanced.changed.connect(self._follow)

    def _choose_first(self) -> None:
        ways = self._ways
        first = ways.datasets[0].uid if ways.datasets else FREEZE if ways.accepted else FILE
        self.source.show_value(first)
        usable = [base for base in ways.bases if base.architecture in ARCHITECTURES and not base.problem]
        chosen = next((base for base in usable if base.active), next(iter(usable), None))
        if chosen is not None:
            self.base.show_value(chosen.sha256)

    # what is said

    def chosen_base(self) -> Student | None:
        """The base that shall be trained."""
        return next((base for base in self._ways.bases if base.sha256 == self.base.value()), None)

    def trainable(self) -> bool:
        """Whether the chosen base can be trained on this computer."""
        base = self.chosen_base()
        return base is not None and base.architecture in ARCHITECTURES

    def wish(self) -> TrainWish:
        """The settings; only where `problem` is ""."""
        return self.advanced.wish()

    def freezes(self) -> str:
        """The name under which the accepted pairs shall be frozen first; "" where they shall not."""
        return self.frozen_name.text().strip() if self.source.value() == FREEZE else ""

    def said(self) -> tuple[object, ...]:
        """What every field says."""
        texts = (self.file.text(), self.frozen_name.text(), self.name.text())
        return (self.source.value(), self.base.value(), *texts, *self.advanced.said())

    def source_chosen(self) -> TrainSource:
        """What to learn from, where nothing has to be frozen first."""
        chosen = str(self.source.value() or "")
        return TrainSource(file=str(self.file.value())) if chosen == FILE else TrainSource(dataset=chosen)

    def frozen(self, made: Dataset) -> None:
        """The pairs were frozen: learn from these from now on."""
        self.source.insertItem(0, _dataset_words(made), made.uid)
        self.source.show_value(made.uid)
        self._follow()

    def problem(self) -> str:
        """Why it cannot be planned so, or ""."""
        base = self.chosen_base()
        if base is None:
            return "There is no base on this computer: import one, or get one, under Bases."
        if base.problem:
            return base.problem
        if self.source.value() == FREEZE and not self.frozen_name.text().strip():
            return "Type a name for the frozen pairs."
        if self.source.value() == FILE and not self.file.value():
            return "Choose a file of pairs."
        if self.source.value() == FILE and not Path(str(self.file.value())).is_absolute():
            return "Name the file with its whole path, or choose it."
        return self.advanced.problem()

    @Slot()
    def _follow(self) -> None:
        chosen = self.source.value()
        self._frozen_line.setVisible(chosen == FREEZE)
        self.file.setVisible(chosen == FILE)
        self._about_source.setText(self._words_about(chosen))
        self._about_source.setVisible(bool(self._about_source.text()))
        base = self.chosen_base()
        words = ""
        if base is not None and not self.trainable():
            words = (
                f"Students of the architecture {safe_words(base.architecture)} cannot be trained here. Export for"
                " remote training, then bring the adapter in."
            )
        self.about_base.setText(words)
        self.about_base.setVisible(bool(words))
        if not self.advanced.problem():
            wish = self.advanced.wish()
            for field, value in (
                (self.epochs, wish.epochs),
                (self.rate, wish.learning_rate),
                (self.replay, wish.replay),
            ):
                field.show_value(value if field.findData(value) >= 0 else "")
            self.usual.setVisible(not self.advanced.isHidden() and wish != TrainWish())
        self.changed.emit()

    def _words_about(self, chosen: object) -> str:
        if chosen == FREEZE:
            return "Frozen pairs never change, so that it can be told later what was learnt."
        if chosen == FILE and not self._ways.accepted and not self._ways.datasets:
            return "Distill makes pairs from your documents; there is none yet."
        return ""

    @Slot()
    def _on_simple(self) -> None:
        values = {"epochs": self.epochs.value(), "learning_rate": self.rate.value(), "replay": self.replay.value()}
        self.advanced.show_values({name: value for name, value in values.items() if value != ""})
        self._follow()

    @Slot()
    def _on_more(self) -> None:
        opened = self.advanced.isHidden()
        self.advanced.setVisible(opened)
        self.more.set_icon("chevron-down" if opened else "chevron-right")
        self.more.setAccessibleName(f"Advanced settings: {'hide' if opened else 'show'}")
        self._follow()
        if opened:
            QTimer.singleShot(0, self, self._show_advanced)  # once it is laid out

    @Slot()
    def _show_advanced(self) -> None:
        inside = self.widget()
        assert inside is not None
        self.verticalScrollBar().setValue(self.more.mapTo(inside, QPoint()).y())


def _sources(ways: TrainWays) -> dict[str, str]:
    found = {dataset.uid: _dataset_words(dataset) for dataset in ways.datasets}
    if ways.accepted:
        found[FREEZE] = f"Freeze the {count_words(ways.accepted, 'accepted pair')} now"
    return found | {FILE: "A file of pairs"}


def _dataset_words(dataset: Dataset) -> str:
    return safe_words(f"{dataset.name} v{dataset.version} · {count_words(dataset.pairs, 'pair')}")


def _base_words(base: Student) -> str:
    here = base.architecture in ARCHITECTURES
    return safe_words(f"{base.name}{', in use' if base.active else ''}{'' if here else ' · only export'}")


def _simple(name: str, choices: dict[int, str] | dict[float, str]) -> ChoiceField:
    made = ChoiceField({**choices, "": _OWN})
    made.setAccessibleName(name)
    return made


def _stacked(*parts: QWidget) -> QWidget:
    made = QWidget()
    made.setLayout(column(*parts, gap=4))
    return made

"""What a run would take, before it starts: time, memory, disk, what is left out, and what would fit instead."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QGridLayout, QLabel, QLayout, QScrollArea, QVBoxLayout, QWidget

from forge_desktop.students.records_training import TrainPlan
from forge_desktop.ui import theme, tokens
from forge_desktop.ui.panes.students.training_words import DEVICES
from forge_desktop.ui.widgets.basics import ElidedLabel, IconLabel, column, duration, frame, label, row
from forge_desktop.ui.widgets.fold import Fold
from forge_desktop.ui.widgets.words import breakable, count_words, safe_words, size_words

_LONG = re.compile(r"[^\s\u200b]{30,}")


class PlanView(QScrollArea):
    """Whether it fits, with the reasons, then the figures."""

    def __init__(self) -> None:
        super().__init__()
        self.setAccessibleName("What the training would take")
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._cards = QVBoxLayout()
        self._cards.setSpacing(tokens.MD)
        inside = QWidget()
        inside.setProperty("cls", "flow")
        inside.setLayout(column(self._cards, None, gap=0, margins=(0, 0, tokens.MD, 0)))
        self.setWidget(inside)

    def show_plan(self, plan: TrainPlan) -> None:
        """Show this plan."""
        while (item := self._cards.takeAt(0)) is not None:
            if (old := item.widget()) is not None:
                old.hide()
                old.deleteLater()
        self._cards.addWidget(_verdict(plan))
        self._cards.addWidget(frame("card", column(facts_grid(tuple(_facts(plan))), margins=(18, 12, 18, 14))))
        if plan.left_out or plan.notes:
            self._cards.addWidget(left_out_card(plan.left_out, plan.notes))
        self.verticalScrollBar().setValue(0)


def _verdict(plan: TrainPlan) -> QFrame:
    words = "It fits on this computer" if plan.fits else "It does not fit on this computer"
    if plan.fits and plan.seconds is not None:
        words = f"It fits, and takes about {duration(max(1, plan.seconds))}"
    head = row(
        IconLabel("circle-check" if plan.fits else "circle-alert", 20, "ok" if plan.fits else "bad"),
        label(words, tokens.SUBTITLE, 600, wrap=True),
    )
    head.setStretch(1, 1)
    lines: list[QWidget | QLayout] = [head]
    lines += [sentence(reason, "circle-alert", "bad") for reason in plan.reasons if reason]
    lines += [sentence(way, "chevron-right") for way in plan.instead if way]
    made = frame("card", column(*lines, gap=8, margins=(18, 14, 18, 14)))
    made.setAccessibleName(". ".join((words, *plan.reasons, *plan.instead)))
    return made


def _facts(plan: TrainPlan) -> Iterator[tuple[str, str]]:
    yield "Base", safe_words(f"{plan.base} ({plan.architecture})")
    yield (
        "Pairs",
        f"{plan.train_pairs:,} to learn, {plan.validation_pairs:,} to validate, {plan.replay_pairs:,} of the base's own"
        " answers",
    )
    yield "Tokens", f"{plan.tokens:,} an epoch, of which {plan.supervised_tokens:,} are learnt"
    yield "Steps", f"{plan.steps:,}"
    if plan.seconds is not None and plan.seconds_a_step is not None:
        yield (
            "Time",
            f"about {duration(max(1, plan.seconds))}, {plan.seconds_a_step:.2g} s a step as measured in two steps",
        )
    else:
        yield "Time", "not measured, since it does not fit"
    how = f"{DEVICES.get(plan.device, plan.device)}, {plan.dtype}"
    yield "Computes on", f"{how}, activations computed twice" if plan.checkpointing else how
    yield "Memory", f"{size_words(plan.memory_bytes)} of {size_words(plan.memory_free)} free"
    yield "Disk", f"{size_words(plan.disk_bytes)} of {size_words(plan.disk_free)} free"
    yield "Adapter", size_words(plan.adapter_bytes)


def facts_grid(facts: Sequence[tuple[str, str]]) -> QGridLayout:
    """Names and values under each other."""
    grid = QGridLayout()
    grid.setHorizontalSpacing(tokens.LG)
    grid.setVerticalSpacing(6)
    grid.setColumnMinimumWidth(0, theme.px(110))
    grid.setColumnStretch(1, 1)
    for line, (name, value) in enumerate(facts):
        grid.addWidget(label(name, tokens.SMALL, cls="muted"), line, 0, Qt.AlignmentFlag.AlignTop)
        words = breakable(safe_words(value))
        if _LONG.search(words):  # a checksum would make the page wider than the window; the log has it to copy
            said: QLabel = ElidedLabel(words, tokens.TABLE, middle=True)
        else:
            said = label(words, tokens.TABLE, tabular=True, wrap=True, selectable=True)
        said.setAccessibleName(f"{name}: {value}")
        grid.addWidget(said, line, 1)
    return grid


def left_out_card(lines: Sequence[str], notes: Sequence[str]) -> QFrame:
    """What is not learnt from, by name, behind a line that counts it; notes as sentences."""
    parts: list[QWidget | QLayout] = [sentence(note, "info") for note in notes]
    if lines:
        fold = Fold(f"{count_words(len(lines), 'pair')} left out", "Pairs that are left out, and why")
        fold.set_text("\n".join(safe_words(line) for line in lines))
        parts.append(fold)
    return frame("card", column(*parts, gap=6, margins=(18, 10, 18, 10)))


def sentence(words: str, icon: str, kind: str = "muted") -> QWidget:
    """A sentence behind a small icon."""
    line = row(
        column(3, IconLabel(icon, 13, kind), None, gap=0),
        label(breakable(safe_words(words)), tokens.TABLE, wrap=True, selectable=True),
        gap=6,
    )
    line.setStretch(1, 1)
    made = QWidget()
    made.setLayout(line)
    return made

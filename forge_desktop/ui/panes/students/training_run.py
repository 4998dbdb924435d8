"""A training run in full: where it stands with its curves, what came of it, what it learnt from, and how."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QGridLayout, QLayout, QScrollArea, QVBoxLayout, QWidget

from forge_desktop.base.events import JobChanged
from forge_desktop.students.records_training import TrainPoint, TrainProgress, TrainRun, TrainWish
from forge_desktop.ui import theme, tokens
from forge_desktop.ui.panes.students.training_plan import facts_grid, left_out_card, sentence
from forge_desktop.ui.panes.students.training_words import DEVICES, LIVE, data_words, end_words, left_out, same_words
from forge_desktop.ui.widgets.basics import Meter, column, duration, frame, label
from forge_desktop.ui.widgets.curve_chart import CurveChart, Curves
from forge_desktop.ui.widgets.words import count_words, moment_words, safe_words, size_words

_FIGURES = (
    ("step", "Step"),
    ("left", "Time left"),
    ("loss", "Loss"),
    ("validation", "Validation"),
    ("rate", "Tokens a second"),
    ("learning", "Learning rate"),
    ("memory", "Memory"),
    ("tokens", "Tokens so far"),
)
_COLUMNS = 4
_NONE = "—"


class RunView(QScrollArea):
    """Cards under each other; the live one is kept while figures change."""

    def __init__(self) -> None:
        super().__init__()
        self.setAccessibleName("The training run")
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._run: TrainRun | None = None
        self._live = False
        self.note = label("", tokens.TABLE, cls="muted", wrap=True)
        self.meter = Meter(0, 0, accessible_name="Steps done")
        self.figures = {key: label(_NONE, tokens.BODY, 600, tabular=True) for key, _ in _FIGURES}
        self.chart = CurveChart("Loss over the steps", 210)
        self._told = QVBoxLayout()  # what happened, as sentences
        self._told.setSpacing(6)
        self._cards = QVBoxLayout()
        self._cards.setSpacing(tokens.LG)
        content = QWidget()
        content.setProperty("cls", "flow")
        self._told_part = QWidget()
        self._told_part.setLayout(self._told)
        self._told.setContentsMargins(0, 0, 0, 0)
        content.setLayout(
            column(
                self._told_part,
                self._live_card(),
                self._cards,
                None,
                gap=tokens.LG,
                margins=(tokens.XL, tokens.MD, 20, 18),
            )
        )
        content.setMaximumWidth(theme.px(920))
        self.setWidget(content)

    def _live_card(self) -> QFrame:
        grid = QGridLayout()
        grid.setHorizontalSpacing(tokens.LG)
        grid.setVerticalSpacing(10)
        for number, (key, words) in enumerate(_FIGURES):
            self.figures[key].setAccessibleName(f"{words}: {_NONE}")
            cell = column(label(words, tokens.CAPTION, cls="muted"), self.figures[key], gap=1)
            grid.addLayout(cell, number // _COLUMNS, number % _COLUMNS)
        for place in range(_COLUMNS):
            grid.setColumnStretch(place, 1)
        return frame("card", column(self.note, self.meter, grid, self.chart, gap=12, margins=(18, 14, 18, 12)))

    # showing

    def show_run(self, run: TrainRun, version: str) -> None:
        """Show this run; `version` is the label of what came of it."""
        other = self._run is None or self._run.uid != run.uid
        self._run, self._live = run, run.state in LIVE
        if other:
            self.chart.show_curves(Curves(run.steps, ()))
            for key, _ in _FIGURES:
                self._figure(key, _NONE)
            self.note.setText("")
            self.verticalScrollBar().setValue(0)
        if run.step and run.steps:
            self._figure("step", f"{run.step:,} of {run.steps:,}")
        self.meter.setVisible(self._live)
        self.meter.set_value(run.step / run.steps if run.steps else 0.0)
        if not self._live:
            self.note.setText("")
            self._figure("left", _NONE)
        elif run.waits_for:
            self.note.setText(f"It waits for {safe_words(run.waits_for)}: one goes at a time.")
        self.note.setVisible(bool(self.note.text()))
        self.chart.setVisible(self._live or bool(run.step))
        self._show_told(run, version)
        self._show_cards(run)

    def show_points(self, run: str, points: Sequence[TrainPoint]) -> None:
        """The curves of a run, and what its last step says."""
        if self._run is None or self._run.uid != run:
            return
        training = [(point.step, point.loss) for point in points]
        apart = [(point.step, point.validation) for point in points if point.validation is not None]
        self.chart.show_curves(Curves(self._run.steps, training, apart))
        if not points:
            return
        last = points[-1]
        self._figure("loss", f"{last.loss:.4f}")
        self._figure("validation", f"{apart[-1][1]:.4f}" if apart else _NONE)
        self._figure("learning", f"{last.learning_rate:.2e}")
        self._figure("memory", size_words(last.resident_bytes))
        self._figure("tokens", f"{last.tokens:,}")
        if not self._live and last.seconds > 0:
            self._figure("rate", f"{last.tokens / last.seconds:,.0f}")

    def show_progress(self, event: JobChanged) -> None:
        """What a job of the shown run says now."""
        words = {"paused": "It rests; go on whenever you like."}
        note = words.get(event.state, event.note)
        at = event.detail
        if isinstance(at, TrainProgress) and self._run is not None:
            if at.steps and at.steps != self._run.steps:
                self._run = dataclasses.replace(self._run, steps=at.steps)
            self._figure("step", f"{at.step:,} of {at.steps:,}" if at.steps else _NONE)
            self.meter.set_value(at.step / at.steps if at.steps else 0.0)
            if at.loss is not None:
                note = words.get(event.state, "")
                self._figure("loss", f"{at.loss:.4f}")
            if at.validation is not None:
                self._figure("validation", f"{at.validation:.4f}")
            self._figure("rate", f"{at.tokens_per_second:,.0f}" if at.tokens_per_second else _NONE)
            self._figure("left", duration(at.seconds_left) if at.seconds_left is not None else _NONE)
        elif event.total:
            note = f"{note}, {event.done:,.0f} of {event.total:,.0f}"
        self.note.setText(safe_words(note))
        self.note.setVisible(bool(note))

    def _figure(self, key: str, words: str) -> None:
        field = self.figures[key]
        if field.text() != words:
            field.setText(words)
            field.setAccessibleName(f"{dict(_FIGURES)[key]}: {words}")

    def _show_told(self, run: TrainRun, version: str) -> None:
        _empty(self._told)
        kind = "warn" if run.state in ("interrupted", "cancelled") else "bad"
        lines = [sentence(run.problem, "circle-alert", kind)] if run.problem else []
        lines += [sentence(words, "chevron-right") for words in (end_words(run, version), same_words(run)) if words]
        if run.can_resume and not self._live:
            kept = "Its checkpoint is kept: resumed, it comes to the very bytes it was on the way to."
            lines.append(sentence(kept if run.step else "Resume begins it with the settings it was given.", "info"))
        for line in lines:
            self._told.addWidget(line)
        self._told_part.setVisible(bool(lines))

    def _show_cards(self, run: TrainRun) -> None:
        _empty(self._cards)
        if "train_pairs" in run.data:
            self._cards.addWidget(_card("Learnt from", tuple(_data(run))))
        missing, notes = left_out(run), run.data.get("notes", [])
        said = [str(note) for note in notes] if isinstance(notes, list) else []
        if missing or said:
            self._cards.addWidget(left_out_card(missing, said))
        self._cards.addWidget(_card("How", tuple(_how(run))))


def _card(title: str, facts: Sequence[tuple[str, str]]) -> QFrame:
    parts: list[QWidget | QLayout] = [label(title, tokens.BODY, 600), facts_grid(facts)]
    return frame("card", column(*parts, gap=10, margins=(18, 12, 18, 14)))


def _data(run: TrainRun) -> Iterator[tuple[str, str]]:
    data: Mapping[str, Any] = run.data
    yield "Pairs", data_words(run)
    if sha256 := str(data.get("sha256", "")):
        yield "sha256", sha256
    replay = data.get("replay", {})
    if isinstance(replay, Mapping) and replay.get("pairs"):
        yield "Replay", f"{int(replay.get('distinct', 0)):,} of the base's own answers are distinct"


def _how(run: TrainRun) -> Iterator[tuple[str, str]]:
    plan: Mapping[str, Any] = run.plan
    result: Mapping[str, Any] = run.result
    yield "Base", safe_words(run.base_name or f"gone (sha256 {run.base_sha256[:12]}…)")
    yield "Begun", moment_words(run.started or run.created)
    if plan:
        device = DEVICES.get(str(plan.get("device")), str(plan.get("device", "")))
        threads = (
            f", {count_words(plan['threads'], 'thread')}" if plan.get("threads") and plan.get("device") == "cpu" else ""
        )
        twice = ", activations computed twice" if plan.get("checkpointing") else ""
        yield "Computed on", safe_words(f"{plan.get('device_name') or device}, {plan.get('dtype', '')}{threads}{twice}")
        yield "Python", str(plan.get("interpreter", ""))
    if "peak_bytes" in result:
        yield "Most memory", size_words(int(result["peak_bytes"]))
    if result.get("cpu_seconds"):
        yield "Processor time", duration(float(result["cpu_seconds"]))
    if result.get("adapter_sha256"):
        yield "Adapter", f"sha256 {result['adapter_sha256']}"
    yield "Settings", _settings(run.wish)
    if run.folder:
        yield "Folder", run.folder


def _settings(wish: TrainWish) -> str:
    """The usual ones always, the others where they are not as usual."""
    shown = ("epochs", "learning_rate", "rank", "alpha", "replay", "seed")
    usual = TrainWish()
    parts = [f"{name.replace('_', ' ')} {_value(getattr(wish, name))}" for name in shown]
    for field in dataclasses.fields(wish):
        value = getattr(wish, field.name)
        if field.name not in shown and value != getattr(usual, field.name):
            parts.append(f"{field.name.replace('_', ' ')} {_value(value)}")
    return ", ".join(parts)


def _value(value: object) -> str:
    if isinstance(value, tuple):
        return " ".join(str(each) for each in value)
    return f"{value:g}" if isinstance(value, float) else str(value)


def _empty(box: QVBoxLayout) -> None:
    while (item := box.takeAt(0)) is not None:
        if (old := item.widget()) is not None:
            old.hide()
            old.deleteLater()

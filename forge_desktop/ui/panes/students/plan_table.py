"""What a student takes of each device: one row a device, with its figures, a bar and a verdict."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QVBoxLayout, QWidget

from forge_desktop.students import PlanLine
from forge_desktop.ui import theme, tokens
from forge_desktop.ui.widgets.basics import ElidedLabel, Pill, column, frame, label, row
from forge_desktop.ui.widgets.stacked_bar import PartDot, StackedBar
from forge_desktop.ui.widgets.words import count_words, size_words

_FIGURES = ("Weights", "Cache", "Compute", "Total", "Free")


class PlanTable(QWidget):
    """The lines of a plan. Rows are kept and filled anew, so that nothing jumps while a person turns a knob."""

    def __init__(self) -> None:
        super().__init__()
        self.setAccessibleName("Memory plan")
        self._rows: list[PlanRow] = []
        self._box = QVBoxLayout(self)
        self._box.setContentsMargins(0, 0, 0, 0)
        self._box.setSpacing(tokens.MD)

    def show_lines(self, lines: Sequence[PlanLine]) -> None:
        """Show one row for each device."""
        while len(self._rows) > len(lines):
            gone = self._rows.pop()
            self._box.removeWidget(gone)
            gone.deleteLater()
        for place, line in enumerate(lines):
            if place == len(self._rows):
                made = PlanRow(first=not self._rows)
                self._rows.append(made)
                self._box.addWidget(made)
            self._rows[place].show_line(line)

    def rows(self) -> list[PlanRow]:
        """The rows, in the order of the devices."""
        return list(self._rows)


class PlanRow(QWidget):
    """One device: name and layers, the verdict, a bar, and five figures under it."""

    def __init__(self, *, first: bool) -> None:
        super().__init__()
        self._name = ElidedLabel("", tokens.TABLE, 600)
        self._layers = label("", tokens.SMALL, cls="muted", tabular=True)
        self._verdict = Pill("", "mute", "", tokens.CAPTION)
        self._bar = StackedBar()
        self._values = {name: label("", tokens.TABLE, tabular=True) for name in _FIGURES}
        head = row(self._name, self._layers, None, self._verdict, gap=tokens.SM)
        head.setStretch(0, 1000)
        parts = [] if first else [frame("line")]
        self.setLayout(column(*parts, head, self._bar, self._figures(), gap=6))

    def show_line(self, line: PlanLine) -> None:
        """Fill the row."""
        described = f" · {line.description}" if line.description and line.description != line.device else ""
        self._name.setText(f"{line.device}{described}")
        self._layers.setText(count_words(line.layers, "layer") if line.layers else "no layers")
        figures = (line.weights, line.kv, line.compute, line.needed)
        words = [*map(size_words, figures), size_words(line.free) if line.free else "unknown"]
        for (name, place), text in zip(self._values.items(), words, strict=True):
            place.setText(text)
            place.setAccessibleName(f"{name} on {line.device}: {text}")
        verdict, kind, icon = verdict_of(line)
        self._verdict.show_state(verdict, kind, icon)
        self._verdict.setToolTip(f"{size_words(line.margin)} stay in reserve." if line.free else "")
        limit = max(0, line.free - line.margin) if line.free else 0
        self._bar.show_parts(figures[:3], line.free, limit, f"{line.device}: {words[3]} of {words[4]} free, {verdict}")
        self.setAccessibleName(f"{line.device}: {verdict}")

    def verdict(self) -> str:
        """The word of the pill."""
        return self._verdict.text()

    def _figures(self) -> QGridLayout:
        grid = QGridLayout()
        grid.setHorizontalSpacing(tokens.SM)
        grid.setVerticalSpacing(0)
        for place, (name, value) in enumerate(self._values.items()):
            dot = [PartDot(place)] if place < 3 else []
            grid.addLayout(row(*dot, label(name, tokens.CAPTION, cls="muted"), None, gap=5), 0, place)
            grid.addWidget(value, 1, place, Qt.AlignmentFlag.AlignLeft)
            grid.setColumnStretch(place, 1)
            grid.setColumnMinimumWidth(place, theme.px(66))
        return grid


def verdict_of(line: PlanLine) -> tuple[str, str, str]:
    """The verdict on one device: words, kind and icon of its pill."""
    if not line.needed:
        return ("Not used", "mute", "")
    if not line.free:
        return ("Memory unknown", "mute", "circle-help")
    if line.fits:
        return (f"Fits, {size_words(line.free - line.needed)} left", "ok", "circle-check")
    if line.needed <= line.free:
        return ("Too tight", "warn", "triangle-alert")
    return (f"{size_words(line.needed - line.free)} too large", "bad", "circle-alert")

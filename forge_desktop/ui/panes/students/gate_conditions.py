"""How a gate measured: what was fixed before, what the engine said of itself, and the scales that were tried."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QGridLayout

from forge_desktop.base.money import shown
from forge_desktop.students.records_gate import GateReport
from forge_desktop.ui import theme, tokens
from forge_desktop.ui.gate_words import METRICS
from forge_desktop.ui.widgets.basics import column, frame, label
from forge_desktop.ui.widgets.words import breakable, safe_words

_CHECKSUM = re.compile("[0-9a-f]{64}")
_SWEPT = (
    # key, heading, factor, digits
    ("gain", "Gain", 100, 1),
    ("nll", "NLL", 1, 3),
    ("regression_nll", "NLL of regression", 1, 3),
    ("items", "Questions", 1, 0),
)


def sweep_card(gate: GateReport) -> QFrame:
    """A line for each scale that was tried, with what it changed."""
    grid = QGridLayout()
    grid.setHorizontalSpacing(tokens.XL)
    grid.setVerticalSpacing(6)
    columns = [one for one in _SWEPT if any(tried.get(one[0]) is not None for tried in gate.sweep)]
    for place, words in enumerate(("Scale", *(heading for _, heading, _, _ in columns))):
        grid.addWidget(label(words, tokens.SMALL, 600, cls="muted", wrap=True), 0, place)
    for line, tried in enumerate(gate.sweep, 1):
        chosen = bool(tried.get("chosen", tried.get("scale") == gate.scale))
        values = [_change(tried.get(key), factor, digits) for key, _, factor, digits in columns]
        first = f"{_number(tried.get('scale'))} (chosen)" if chosen else _number(tried.get("scale"))
        for place, words in enumerate((first, *values)):
            grid.addWidget(label(words, tokens.TABLE, 600 if chosen else 400, tabular=True), line, place)
    grid.setColumnStretch(len(columns) + 1, 1)
    metric = METRICS.get(gate.wish.primary, (gate.wish.primary, ""))[0]
    about = f"Tried on a part of the questions that the verdict does not use. The gain is in points of: {metric}."
    if gate.wish.primary == "nll":
        about = "Tried on a part of the questions that the verdict does not use."
    title = column(label("Scales tried", tokens.BODY, 600), label(about, tokens.SMALL, cls="muted", wrap=True), gap=1)
    return frame("card", column(title, grid, gap=10, margins=(18, 12, 18, 14)))


def conditions_card(gate: GateReport) -> QFrame:
    """Names and values."""
    grid = QGridLayout()
    grid.setHorizontalSpacing(tokens.LG)
    grid.setVerticalSpacing(6)
    grid.setColumnMinimumWidth(0, theme.px(118))
    grid.setColumnStretch(1, 1)
    for line, (name, value) in enumerate((*_fixed(gate), *_measured(gate.conditions))):
        grid.addWidget(label(name, tokens.SMALL, cls="muted"), line, 0, Qt.AlignmentFlag.AlignTop)
        said = label(breakable(safe_words(value)), tokens.TABLE, tabular=True, wrap=True, selectable=True)
        said.setAccessibleName(f"{name}: {value}")
        grid.addWidget(said, line, 1)
    title = column(
        label("Conditions", tokens.BODY, 600),
        label("Fixed before the first answer and kept with the report.", tokens.SMALL, cls="muted", wrap=True),
        gap=1,
    )
    return frame("card", column(title, grid, gap=10, margins=(18, 12, 18, 14)))


def _fixed(gate: GateReport) -> Iterator[tuple[str, str]]:
    wish = gate.wish
    yield "Must gain", METRICS.get(wish.primary, (wish.primary, ""))[0]
    margins = wish.margins
    yield (
        "May fall by",
        f"exact match {margins.exact_match:g} points, valid citations {margins.citation_validity:g} points, "
        f"NLL {margins.nll:g} nats a token",
    )
    yield "Interval", f"{wish.confidence:.0%} by {wish.resamples:,} resamples, seed {wish.seed}"
    yield "Questions", f"{wish.items:,} of each suite" if wish.items else "all"
    yield "Answers", f"{wish.max_tokens:,} tokens at most, {wish.width:,} at a time"
    if wish.judge:
        yield "Judge", f"{wish.judge}, up to {shown(wish.cap)}"


def _measured(conditions: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    """What the engine said, each arm by itself; what is empty or said above is left out."""
    for name, value in conditions.items():
        if name == "width" or value in ({}, [], "", None):
            continue
        words = name.replace("_", " ").capitalize()
        if isinstance(value, Mapping) and all(isinstance(one, Mapping) for one in value.values()):
            for part, one in value.items():
                yield f"{words}, {part}", _number(one)
        else:
            yield words, _number(value)


def _change(value: object, factor: float, digits: int) -> str:
    if not isinstance(value, int | float):
        return "—"
    if not digits:
        return f"{value:,.0f}"
    said = f"{abs(value * factor):.{digits}f}"
    return said if not said.strip("0.") else f"{'+' if value > 0 else '−'}{said}"


def _number(value: object) -> str:
    if value is None:
        return "—"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:,.4g}" if abs(value) < 10_000 else f"{value:,.0f}"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, Mapping):
        return ", ".join(f"{str(name).replace('_', ' ')} {_number(one)}" for name, one in value.items()) or "—"
    if isinstance(value, list | tuple):
        return ", ".join(_number(one) for one in value) or "—"
    words = str(value)
    return words[:12] if _CHECKSUM.fullmatch(words) else words or "—"

"""How an answer was made, in numbers: a short line, and a table for those who want to know."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QWidget

from forge_desktop.base.money import parse_usd, shown
from forge_desktop.chat.options import BUILT_IN
from forge_desktop.ui import tokens
from forge_desktop.ui.widgets.basics import label


def figure_rows(facts: Mapping[str, object]) -> list[tuple[str, str]]:
    """Names and values, as far as known."""
    rows = [
        ("Version", _version(facts)),
        ("Prompt", _prompt(facts)),
        ("First word after", _seconds(facts.get("ttft_ms"))),
        ("Thought for", _seconds(facts.get("thought_ms"))),
        ("Answer", _answer(facts)),
        ("Guessed from the prompt", _guessed(facts)),
        ("Choice of words", _choice(facts)),
        ("Seed", _count(facts.get("seed"))),
        ("Runs on", str(facts.get("device") or "")),
        ("Cost", _cost(facts)),
    ]
    return [(name, value) for name, value in rows if value]


class FigureTable(QWidget):
    """The table."""

    def __init__(self, facts: Mapping[str, object]) -> None:
        super().__init__()
        self.setAccessibleName("Figures of this answer")
        grid = QGridLayout()
        grid.setContentsMargins(6, 2, 0, 4)
        grid.setHorizontalSpacing(tokens.LG)
        grid.setVerticalSpacing(2)
        grid.setColumnStretch(1, 1)
        for line, (name, value) in enumerate(figure_rows(facts)):
            grid.addWidget(label(name, tokens.SMALL, cls="muted"), line, 0, Qt.AlignmentFlag.AlignTop)
            said = label(value, tokens.SMALL, wrap=True, tabular=True, selectable=True)
            said.setAccessibleName(f"{name}: {value}")
            grid.addWidget(said, line, 1)
        self.setLayout(grid)


def _cost(facts: Mapping[str, object]) -> str:
    if not facts.get("endpoint"):
        return ""
    cost = facts.get("cost_usd")
    if not isinstance(cost, str):
        return "not known: the answer was cut short, so its worst case stays charged"
    return "nothing now, the same was asked and paid before" if facts.get("paid_before") else shown(parse_usd(cost))


def _version(facts: Mapping[str, object]) -> str:
    label, adapter, scale = facts.get("version"), facts.get("adapter_sha256"), facts.get("scale")
    if not label or not adapter:
        return f"{label}, without an adapter" if label else ""
    return f"{label}, adapter {str(adapter)[:12]} at the scale {_number(scale):g}"


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else 0.0


def _count(value: object) -> str:
    return str(value) if isinstance(value, int) else ""


def _seconds(value: object) -> str:
    milliseconds = _number(value)
    return f"{milliseconds / 1000:.1f} s" if milliseconds >= 50 else ""


def _prompt(facts: Mapping[str, object]) -> str:
    tokens_, reused, restored = (int(_number(facts.get(f"{name}_tokens"))) for name in ("prompt", "reused", "restored"))
    if not tokens_:
        return ""
    parts = [f"{tokens_:,} tokens"]
    if reused:
        parts.append(f"{reused:,} of them were read before")
    if restored:
        parts.append(f"{restored:,} came from the disk")
    if rate := _number(facts.get("prompt_tokens_per_second")):
        parts.append(f"read at {rate:,.0f} tok/s")
    return ", ".join(parts)


def _answer(facts: Mapping[str, object]) -> str:
    count, rate = int(_number(facts.get("answer_tokens"))), _number(facts.get("tokens_per_second"))
    return f"{count:,} tokens" + (f" at {rate:.1f} tok/s" if rate else "") if count else ""


def _guessed(facts: Mapping[str, object]) -> str:
    drafted, accepted = (int(_number(facts.get(name))) for name in ("drafted", "accepted"))
    return f"{drafted:,} tokens, {accepted:,} of them right" if drafted else ""


def _choice(facts: Mapping[str, object]) -> str:
    sampling = facts.get("sampling")
    if not isinstance(sampling, dict):
        return ""
    preset = facts.get("preset")
    name = next((p.name for p in BUILT_IN if p.key == preset), preset)
    temperature = _number(sampling.get("temperature"))
    said = "always the likeliest word" if temperature == 0 else f"temperature {temperature:g}"
    return f"{name}: {said}" if isinstance(name, str) and name else said

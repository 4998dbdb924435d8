"""A checkup in readable parts: what needs attention, the computer, its devices, what fits, measured speeds."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QLayout, QVBoxLayout, QWidget

from forge_desktop.archive import Checkup, Device, Fit, Hardware, Timing
from forge_desktop.archive.checkup_words import cpu_words, fit_words, pack_words, timing_words
from forge_desktop.ui import theme, tokens
from forge_desktop.ui.widgets.basics import ElidedLabel, IconLabel, Meter, Pill, column, label, row
from forge_desktop.ui.widgets.words import moment_words, size_words

_NAME_WIDTH = 118
_KINDS = {"cpu": "CPU", "gpu": "GPU", "integrated": "Integrated GPU"}


class HardwareFacts(QWidget):
    """Built anew for each checkup: it changes when somebody asks, and is small."""

    def __init__(self) -> None:
        super().__init__()
        self._box = QVBoxLayout(self)
        self._box.setContentsMargins(0, 0, 0, 0)
        self._body: QWidget | None = None

    def show_checkup(self, checkup: Checkup) -> None:
        """Show this one."""
        if self._body is not None:
            self._box.removeWidget(self._body)
            self._body.hide()
            self._body.deleteLater()
        self._body = QWidget()
        parts = [_attention(checkup), _computer(checkup)]
        if hardware := checkup.hardware:
            parts += [_devices(hardware)]
            parts += [_fits(hardware.fits)] if hardware.fits else []
            parts += [_speeds(hardware.timings)]
        if checkup.notes:
            parts.append(_part("Good to know", (_sentence("info", "info", note) for note in checkup.notes)))
        self._body.setLayout(column(*parts, gap=18))
        self._box.addWidget(self._body)


def _attention(checkup: Checkup) -> QWidget:
    if checkup.ok:
        return _sentence("circle-check", "ok", "Nothing needs attention.")
    lines = (_sentence("triangle-alert", "warn", f.what, f.advice) for f in checkup.findings)
    return _part("Needs attention", lines)


def _computer(checkup: Checkup) -> QWidget:
    facts = []
    if hardware := checkup.hardware:
        facts = [
            ("Processor", cpu_words(hardware)),
            ("Memory", f"{size_words(hardware.memory_free)} free of {size_words(hardware.memory_total)}"),
            ("Engine", f"llama.cpp {hardware.build}"),
            ("Drivers", ", ".join(hardware.drivers) or "none found for a GPU"),
            ("GPU packs", "\n".join(map(pack_words, hardware.packs)) or "none"),
        ]
    facts += [
        ("Database", f"SQLite {checkup.sqlite.version}"),
        ("Keyring", checkup.keyring or "none"),
        ("Disk", f"{size_words(checkup.data_free)} free of {size_words(checkup.data_total)}, where the data lies"),
    ]
    grid = QGridLayout()
    grid.setContentsMargins(0, 0, 0, 0)
    grid.setHorizontalSpacing(tokens.LG)
    grid.setVerticalSpacing(6)
    grid.setColumnMinimumWidth(0, theme.px(_NAME_WIDTH))
    grid.setColumnStretch(1, 1)
    for place, (name, value) in enumerate(facts):
        grid.addWidget(label(name, tokens.SMALL, cls="muted"), place, 0, Qt.AlignmentFlag.AlignTop)
        shown = label(value, tokens.TABLE, wrap=True, selectable=True, tabular=True)
        shown.setAccessibleName(f"{name}: {value}")
        grid.addWidget(shown, place, 1)
    made = QWidget()
    made.setLayout(grid)
    return _part("This computer", [made])


def _devices(hardware: Hardware) -> QWidget:
    return _part("Devices", map(_device, hardware.devices))


def _device(device: Device) -> QWidget:
    described = f" · {device.description}" if device.description not in ("", device.name) else ""
    name = ElidedLabel(f"{device.name}{described}", tokens.TABLE)
    used = device.total - device.free
    memory = f"{size_words(device.free)} free of {size_words(device.total)}" if device.total else "memory unknown"
    meter = Meter(used / device.total if device.total else 0, 90, accessible_name=f"{device.name}, memory in use")
    kind = Pill(_KINDS.get(device.kind, device.kind), "mute" if device.kind == "cpu" else "accent", "", tokens.CAPTION)
    told = label(memory, tokens.SMALL, cls="muted", tabular=True)
    told.setMinimumWidth(theme.px(142))
    line = row(name, kind, meter, told, gap=10)
    line.setStretch(0, 1)
    return _holding(line)


def _fits(fits: Iterable[Fit]) -> QWidget:
    def line(fit: Fit) -> QWidget:
        good = fit.spare >= 0
        return _sentence("circle-check" if good else "circle-alert", "ok" if good else "muted", fit_words(fit))

    return _part("What fits", map(line, fits))


def _speeds(timings: Iterable[Timing]) -> QWidget:
    lines = [_speed(timing) for timing in timings]
    if not lines:
        text = "Nothing has been measured yet. A student is measured when it is first loaded, or with Measure now."
        lines = [label(text, tokens.SMALL, cls="muted", wrap=True)]
    return _part("Measured speed", lines)


def _speed(timing: Timing) -> QWidget:
    name = ElidedLabel(timing.model, tokens.TABLE, middle=True)
    layers = f", {timing.gpu_layers} layers" if timing.gpu_layers > 0 else ""
    where = ElidedLabel(f"{timing.device}{layers}", tokens.SMALL, cls="muted", middle=True)
    rates = f"reads {timing.prompt_tokens_per_second:,.0f} · writes {timing.tokens_per_second:,.1f} tokens/s"
    line = row(name, where, label(rates, tokens.TABLE, tabular=True), _when(timing), gap=tokens.MD)
    line.setStretch(0, 1)
    line.setStretch(1, 1)
    made = _holding(line)
    made.setAccessibleName(timing_words(timing))
    return made


def _when(timing: Timing) -> QWidget:
    made = label(moment_words(timing.measured), tokens.SMALL, cls="muted")
    made.setMinimumWidth(theme.px(66))
    return made


def _part(title: str, lines: Iterable[QWidget]) -> QWidget:
    return _holding(column(label(title, tokens.TABLE, 600), *lines, gap=6))


def _sentence(icon: str, color: str, text: str, advice: str = "") -> QWidget:
    words = [label(text, tokens.TABLE, wrap=True, selectable=True)]
    if advice:
        words.append(label(advice, tokens.SMALL, cls="muted", wrap=True, selectable=True))
    line = row(column(2, IconLabel(icon, 14, color), None, gap=0), column(*words, gap=1), gap=tokens.SM)
    line.setStretch(1, 1)
    return _holding(line)


def _holding(layout: QLayout) -> QWidget:
    made = QWidget()
    made.setLayout(layout)
    return made

"""The status bar's content: what the student is doing, which it is, where it runs, how fast, and what was spent."""

from __future__ import annotations

from typing import Protocol

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QWidget

from forge_desktop.ui import theme, tokens
from forge_desktop.ui.widgets.basics import ElidedLabel, IconButton, IconLabel, announce, label, row

_STATES = {
    # status: (words, icon, colour of the icon)
    "empty": ("Not loaded", "circle-dashed", "muted"),
    "loading": ("Loading", "loader-circle", "info"),
    "ready": ("Ready", "circle-check", "ok"),
    "busy": ("Answering", "sparkles", "accent_fg"),
    "restarting": ("Restarting", "refresh-cw", "warn"),
    "stopped": ("Stopped", "circle-alert", "bad"),
}


class EngineNews(Protocol):
    """What `EngineState` and `EngineChanged` have in common."""

    @property
    def status(self) -> str: ...
    @property
    def model(self) -> str | None: ...
    @property
    def device(self) -> str | None: ...
    @property
    def tokens_per_second(self) -> float | None: ...
    @property
    def note(self) -> str: ...


class StatusLine(QWidget):
    """One line at the foot of the window. `student_pressed` when the student's name is pressed."""

    student_pressed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Status")
        self._state_icon = IconLabel("circle-dashed", 14, "muted")
        self._state = label("Opening", tokens.SMALL, 500)
        self._note = ElidedLabel("", tokens.SMALL, cls="muted")
        self._note.hide()
        self._student = IconButton("graduation-cap", "Student: none", "Open Students", text="No student", size=14)
        self._student.clicked.connect(self.student_pressed)
        self._device = _Fact("cpu", "Runs on")
        self._speed = _Fact("gauge", "Speed")
        self._spend = _Fact("wallet", "Spent")
        self._offline = _Fact("wifi-off", "Network")
        line: QHBoxLayout = row(
            row(self._state_icon, self._state, gap=6),
            self._student,
            self._device,
            self._speed,
            self._note,
            None,
            self._spend,
            self._offline,
            gap=20,
            margins=(14, 0, 14, 0),
        )
        self.setLayout(line)
        # Only now: what is shown before it has a parent is a window of its own.
        self._spend.say("$0.00", "Nothing has been spent: no paid service is connected.")
        self._offline.say("Offline", "Everything runs on this computer; nothing is sent anywhere.")
        self._last = ""

    def show_engine(self, news: EngineNews) -> None:
        """Show what the engine says about itself."""
        words, icon, color = _STATES.get(news.status, (news.status.capitalize(), "info", "muted"))
        if news.status == "empty" and not news.model:
            words = "No student"
        self._state.setText(words)
        self._state_icon.set_icon(icon, color)
        name = news.model or "No student"
        shown = name if len(name) <= 36 else f"{name[:22]}…{name[-12:]}"
        self._student.setText(shown)
        self._student.setAccessibleName(f"Student: {name}")
        self._student.setToolTip(f"{name} — open Students")
        runs = news.status not in ("restarting", "stopped")  # else its place is the note's
        device = (news.device or "") if runs else ""
        self._device.say(device, f"The student runs on {device}.")
        rate = news.tokens_per_second if runs else None
        self._speed.say(f"{rate:.1f} tok/s" if rate else "", "Speed of the last answer, in tokens per second.")
        self._note.setText(news.note)
        self._note.setVisible(bool(news.note))
        if news.status != self._last and (news.status in ("restarting", "stopped") or self._last == "restarting"):
            announce(self, f"Student {words.lower()}. {news.note}".strip())
        self._last = news.status

    def state_text(self) -> str:
        """The word shown for the engine's state."""
        return self._state.text()


class _Fact(QWidget):
    """An icon and a few words; invisible while there is nothing to say."""

    def __init__(self, icon: str, name: str) -> None:
        super().__init__()
        self._name = name
        self._text = label("", tokens.SMALL, cls="muted", tabular=True)
        self._text.setAlignment(Qt.AlignmentFlag.AlignVCenter)
        self.setLayout(row(IconLabel(icon, 14, "muted"), self._text, gap=6))
        self.setFixedHeight(theme.px(24))
        self.hide()

    def say(self, text: str, tip: str) -> None:
        self._text.setText(text)
        self._text.setAccessibleName(f"{self._name}: {text}")
        self.setToolTip(tip)
        self.setHidden(not text)

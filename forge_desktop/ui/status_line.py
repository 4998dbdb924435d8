"""The status bar's content: what the student is doing, which it is, where it runs, how fast, and what was spent."""

from __future__ import annotations

from typing import Protocol

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QWidget

from forge_desktop.ui import theme, tokens
from forge_desktop.ui.spending import Spend
from forge_desktop.ui.widgets.basics import ElidedLabel, IconButton, IconLabel, Meter, announce, label, row, set_cls
from forge_desktop.ui.widgets.words import is_here, plain_tip, safe_words

_STUDENT = 230  # token pixels that the name of a student takes, at most
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
    @property
    def remote(self) -> str: ...
    @property
    def label(self) -> str: ...


class StatusLine(QWidget):
    """One line at the foot of the window. `student_pressed` when the student's name is pressed, `spend_pressed` when
    the meter is; `offline_wanted` with whether nothing may leave from now on.
    """

    student_pressed = Signal()
    spend_pressed = Signal()
    offline_wanted = Signal(bool)

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
        self._spend = IconButton("wallet", "Spent", text="$0.00", size=14)
        self._spend.clicked.connect(self.spend_pressed)
        self._spend.hide()
        self._meter = Meter(0.0, 64, 5, accessible_name="Spent")
        self._meter.hide()
        self._offline = IconButton("wifi-off", "Offline", text="Offline", size=14, checkable=True)
        self._offline.clicked.connect(self.offline_wanted)
        line: QHBoxLayout = row(
            row(self._state_icon, self._state, gap=6),
            self._student,
            self._device,
            self._speed,
            self._note,
            None,
            row(self._spend, self._meter, gap=4),
            self._offline,
            gap=20,
            margins=(14, 0, 14, 0),
        )
        self.setLayout(line)
        self._last = ""
        self.show_network(offline=False, endpoints=0)

    def show_spend(self, spend: Spend | None) -> None:
        """What was spent of which cap; nothing while nothing was ever spent and no cap is set."""
        self._spend.setVisible(spend is not None)
        self._meter.setVisible(spend is not None and spend.share is not None)
        if spend is None:
            return
        self._spend.setText(spend.words)
        self._spend.setAccessibleName(f"Spent: {spend.words}")
        self._spend.setToolTip(spend.tip)
        if spend.share is not None:
            self._meter.set_value(spend.share)
            self._meter.setToolTip(spend.tip)

    def show_network(self, *, offline: bool, endpoints: int) -> None:
        """Whether anything may leave, and whether there is anywhere it could go."""
        self._offline.setChecked(offline)
        if offline:
            words, tip = "Offline", "Nothing leaves this computer. Press to let endpoints be asked again."
        elif endpoints:
            words, tip = "Online", "Endpoints may be asked. Press to go offline: then nothing leaves this computer."
        else:
            words, tip = (
                "No endpoint",
                "No endpoint is set up: nothing is sent anywhere. Press to go offline all the same.",
            )
        self._offline.setText(words)
        self._offline.set_icon("wifi-off" if offline or not endpoints else "send")
        self._offline.setAccessibleName(f"Offline switch: {'on' if offline else 'off'}")
        self._offline.setAccessibleDescription(tip)
        self._offline.setToolTip(tip)

    def show_engine(self, news: EngineNews) -> None:
        """Show what the engine says about itself."""
        words, icon, color = _STATES.get(news.status, (news.status.capitalize(), "info", "muted"))
        if news.status == "empty" and not news.model:
            words = "No student"
        self._state.setText(words)
        self._state_icon.set_icon(icon, color)
        name = f"{news.model} · {news.label}" if news.model and news.label else news.model or "No student"
        name = safe_words(name)
        room = theme.px(_STUDENT)  # the version at the end of the name stays to be read
        self._student.setText(self._student.fontMetrics().elidedText(name, Qt.TextElideMode.ElideMiddle, room))
        self._student.setAccessibleName(f"Student: {name}")
        self._student.setToolTip(plain_tip(f"{name} — open Students"))
        runs = news.status not in ("restarting", "stopped")  # else its place is the note's
        device = (news.device or "") if runs else ""
        remote = news.remote if runs else ""
        told = f"What is asked is sent to {remote}, with its passages." if remote else f"The student runs on {device}."
        self._device.say(device, told, *_mark(remote))
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


def _mark(remote: str) -> tuple[str, str]:
    """Icon and colour of where the student runs: text that leaves the computer is pointed out."""
    if not remote:
        return "cpu", "muted"
    return "send", "info" if is_here(remote) else "warn"


class _Fact(QWidget):
    """An icon and a few words; invisible while there is nothing to say."""

    def __init__(self, icon: str, name: str) -> None:
        super().__init__()
        self._name = name
        self._text = label("", tokens.SMALL, cls="muted", tabular=True)
        self._text.setAlignment(Qt.AlignmentFlag.AlignVCenter)
        self._icon = IconLabel(icon, 14, "muted")
        self.setLayout(row(self._icon, self._text, gap=6))
        self.setFixedHeight(theme.px(24))
        self.hide()

    def say(self, text: str, tip: str, icon: str = "", color: str = "muted") -> None:
        if icon:
            self._icon.set_icon(icon, color)
            set_cls(self._text, color)
        self._text.setText(text)
        self._text.setAccessibleName(f"{self._name}: {text}")
        self.setToolTip(tip)
        self.setHidden(not text)

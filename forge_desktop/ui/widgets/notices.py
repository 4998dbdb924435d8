"""What tells a person something: banners for errors, empty states, toasts with undo, rows of running work."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QObject, QPoint, QRect, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent, QEnterEvent
from PySide6.QtWidgets import QFrame, QLayout, QSizePolicy, QWidget

from forge_desktop.base.errors import ForgeError
from forge_desktop.base.events import JobChanged
from forge_desktop.ui import theme, tokens
from forge_desktop.ui.widgets.controls import (
    Button,
    ElidedLabel,
    IconButton,
    IconLabel,
    PrimaryButton,
    column,
    label,
    row,
    set_cls,
)
from forge_desktop.ui.widgets.painted import Meter
from forge_desktop.ui.widgets.words import breakable

_PLACES = {"load": "Load again", "students": "Open Students", "settings": "Open Settings"}  # ForgeError.action
_ICONS = {"bad": "circle-alert", "warn": "triangle-alert", "info": "info", "ok": "circle-check"}


@dataclass(frozen=True)
class Notice:
    """A short message for the toast at the bottom: what was done and, if it can be taken back, how.

    `undo` is called once at most, on the window's thread. Errors are never toasts; they are banners.
    """

    text: str
    undo: Callable[[], None] | None = None
    undo_text: str = "Undo"
    icon: str = "circle-check"


def announce(widget: QWidget, text: str) -> None:
    """Have a screen reader say `text`, without moving the focus."""
    QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(widget, text))


class Banner(QFrame):
    """An inline message in the pane that asked: what, why, a fix or two, dismiss. Hidden until `show_message`.

    `acted` is emitted when the fix is pressed, `acted_second` for the other one, `dismissed` when it is closed by hand.
    `place` is where the shown error can be mended: "load" is loading the student again, else the key of a pane; "" when
    it does not say.
    """

    acted = Signal()
    acted_second = Signal()
    dismissed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.place = ""
        self._icon = IconLabel("circle-alert", 18, "bad")
        self._title = label("", tokens.TABLE, 600, "bad", wrap=True)
        self._text = label("", tokens.SMALL, wrap=True)
        self._action = Button("")
        self._action.clicked.connect(self.acted)
        self._second = Button("")
        self._second.clicked.connect(self.acted_second)
        close = IconButton("x", "Dismiss message", size=14)
        close.clicked.connect(self._on_close)
        texts = column(self._title, self._text, gap=0)
        line = row(self._icon, texts, self._action, self._second, close, gap=tokens.MD, margins=(14, 8, 10, 8))
        line.setStretch(1, 1)
        self.setLayout(line)
        # not fixed: that would be as high as at the width Qt likes best, and a narrower place needs more lines
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Minimum)
        self.hide()

    def show_message(
        self, title: str, text: str = "", *, kind: str = "bad", action: str = "", second: str = ""
    ) -> None:
        """Show; kind bad, warn, info or ok. `action` and `second` are the words on the buttons, none without."""
        self._icon.set_icon(_ICONS[kind], kind)
        self._title.setText(breakable(title))
        set_cls(self._title, kind)
        self._text.setText(breakable(text))
        self._text.setVisible(bool(text))
        self._action.setText(action)
        self._action.setVisible(bool(action))
        self._second.setText(second)
        self._second.setVisible(bool(second))
        set_cls(self, kind)
        self.setAccessibleName(f"{title} {text}".strip())
        self.show()
        announce(self, f"{title} {text}".strip())

    def action(self) -> str:
        """The words on the button."""
        return self._action.text()

    def show_error(self, error: ForgeError, action: str = "", *, mend: bool = False) -> None:
        """Show an expected failure: its sentence, and under it what to do next.

        With `mend` the button leads to the error's place, where it has one, whatever `action` says.
        """
        self.place = error.action if mend and error.action in _PLACES else ""
        self.show_message(error.message, error.hint, action=_PLACES.get(self.place, action))

    def clear(self) -> None:
        """Hide without a signal."""
        self.hide()

    @Slot()
    def _on_close(self) -> None:
        self.hide()
        self.dismissed.emit()


class EmptyState(QWidget):
    """What stands where nothing is yet: icon, one title, one sentence, the action that changes it, a footnote."""

    acted = Signal()
    acted_second = Signal()

    def __init__(
        self,
        icon: str,
        title: str,
        text: str,
        action: str = "",
        action_icon: str = "",
        second: str = "",
        footnote: str = "",
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        lines = [label(title, tokens.TITLE, 600, wrap=True), label(text, tokens.TABLE, cls="muted", wrap=True)]
        if footnote:
            lines.append(label(footnote, tokens.SMALL, cls="muted", wrap=True))
        for line in lines:
            line.setAlignment(Qt.AlignmentFlag.AlignHCenter)
            line.setMaximumWidth(theme.px(480))
        self.button = PrimaryButton(action, action_icon)
        self.button.clicked.connect(self.acted)
        self.second = Button(second)
        self.second.clicked.connect(self.acted_second)
        buttons = [button for button, text in ((self.button, action), (self.second, second)) if text]
        content: list[QWidget | QLayout | int | None] = [row(None, IconLabel(icon, 44, "accent_fg"), None), tokens.SM]
        placed = [row(None, line, None) for line in lines]
        for place in placed:
            place.setStretch(1, 1000)  # as wide as it may be, and no wider than there is room
        content += placed[:2]
        if buttons:
            content += [tokens.SM, row(None, *buttons, None)]
        content += placed[2:]
        self.setLayout(column(None, *content, None, gap=tokens.SM, margins=(tokens.XL,) * 4))


class Toast(QFrame):
    """One message in the corner of `over` for six seconds, longer while it is hovered or focused.

    `over` is the parent or a widget inside it; the toast floats over it without being covered by its pages, and above
    what `foot` says is to stay free at its end.
    """

    SECONDS = 6.0

    def __init__(self, parent: QWidget, over: QWidget | None = None, foot: Callable[[], int] = lambda: 0) -> None:
        super().__init__(parent)
        self._window, self._over, self._foot = parent, over or parent, foot
        self.setProperty("cls", "toast")
        self._icon = IconLabel("circle-check", 16, "surface")
        self._text = label("", tokens.TABLE)
        self._undo = Button("Undo", cls="inverse")
        self._undo.clicked.connect(self._on_undo)
        self._line = row(self._icon, self._text, self._undo, gap=10, margins=(14, 6, 6, 6))
        self._line.setStretch(1, 1)
        self.setLayout(self._line)
        self._notice: Notice | None = None
        self._timer = QTimer(self, singleShot=True, interval=round(self.SECONDS * 1000))
        self._timer.timeout.connect(self._on_time)
        self._over.installEventFilter(self)
        self.hide()

    def show_notice(self, notice: Notice) -> None:
        """Show this message instead of the last."""
        self._notice = notice
        self._icon.set_icon(notice.icon)
        self._text.setText(notice.text)
        self._undo.setText(notice.undo_text)
        self._undo.setVisible(notice.undo is not None)
        self._line.setContentsMargins(14, 6, 6 if notice.undo else 14, 6)
        self.setMinimumHeight(theme.px(44))
        self.setAccessibleName(notice.text)
        self.place()
        self.show()
        self.raise_()
        self._timer.start()
        announce(self, notice.text)

    def undo(self) -> bool:
        """Take the last action back, while its message is shown; whether there was one to take back."""
        offers = self.isVisible() and self._notice is not None and self._notice.undo is not None
        if self.isVisible():
            self._on_undo()
        return offers

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize:
            self.place()
        return False

    def enterEvent(self, event: QEnterEvent) -> None:
        super().enterEvent(event)
        self._timer.stop()

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        if self.isVisible():
            self._timer.start()

    def place(self) -> None:
        """Move to the corner, which may have become another one."""
        area = QRect(self._over.mapTo(self._window, QPoint(0, 0)), self._over.size())
        most = max(100, area.width() - 2 * tokens.XL)
        self.setMaximumWidth(most)
        self._text.setWordWrap(False)
        self._line.invalidate()
        if self._line.sizeHint().width() > most:  # in two lines rather than cut
            self._text.setWordWrap(True)
            self._line.invalidate()
            self.resize(most, max(self.minimumHeight(), self._line.heightForWidth(most)))
        else:
            self.adjustSize()
        mirrored = self.layoutDirection() == Qt.LayoutDirection.RightToLeft
        left = area.left() + tokens.XL if mirrored else area.right() + 1 - self.width() - tokens.XL
        self.move(left, area.bottom() + 1 - self.height() - max(tokens.XL, self._foot()))

    @Slot()
    def _on_undo(self) -> None:
        notice, self._notice = self._notice, None
        self._timer.stop()
        self.hide()
        if notice is not None and notice.undo is not None:
            notice.undo()

    @Slot()
    def _on_time(self) -> None:
        if self._undo.hasFocus():
            self._timer.start()
        else:
            self.hide()


def progress_words(event: JobChanged) -> str:
    """Percent and time left, or the time passed when the end is unknown: "62 % · 9 s left"."""
    if event.total and event.total > 0:
        words = f"{min(1.0, event.done / event.total):.0%}"
        return words if event.seconds_left is None else f"{words} · {duration(event.seconds_left)} left"
    return duration(event.elapsed)


def duration(seconds: float) -> str:
    """A length of time a person can take in: "9 s", "3 min", "2 h 5 min"."""
    whole = max(0, round(seconds))
    if whole < 100:
        return f"{whole} s"
    if whole < 3600:
        return f"{round(whole / 60)} min"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


class ProgressRow(QWidget):
    """One running job: words, bar, percent and time left, Pause and Cancel. Signals carry the job's id."""

    pause_pressed = Signal(int)
    resume_pressed = Signal(int)
    cancel_pressed = Signal(int)

    def __init__(self, verb: str, *, can_pause: bool = True, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.job_id = 0
        self._verb, self._paused = verb, False
        self._icon = IconLabel("refresh-cw", 14, "info")
        self._words = ElidedLabel(verb, tokens.SMALL, middle=True)
        self._meter = Meter(0, 160, accessible_name=verb)
        self._numbers = label("", tokens.SMALL, cls="muted", tabular=True)
        self._pause = Button("Pause", "pause", "pill")
        if not can_pause:  # showing it, even with setHidden(False), would make it a window before it has a parent
            self._pause.hide()
        self._pause.clicked.connect(self._on_pause)
        cancel = Button("Cancel", "x", "pill")
        cancel.clicked.connect(self._on_cancel)
        line = row(self._icon, self._words, self._meter, self._numbers, None, self._pause, cancel, gap=10)
        self.setLayout(line)

    def say(self, verb: str) -> None:
        """Name another sort of job."""
        self._verb = verb
        self._words.setText(verb)

    def show_job(self, event: JobChanged) -> None:
        """Follow a job; call it for each `JobChanged` of that job."""
        self.job_id = event.job_id
        self._paused = event.state == "paused"
        waiting = {"queued": "Waiting: ", "paused": "Paused: "}.get(event.state, "")
        self._words.setText(f"{waiting}{self._verb} {event.note}".strip())
        self._icon.set_icon("pause" if self._paused else "refresh-cw", "muted" if self._paused else "info")
        self._meter.setVisible(bool(event.total))
        self._meter.set_value(event.done / event.total if event.total else 0)
        self._numbers.setText(progress_words(event))
        self._pause.setText("Resume" if self._paused else "Pause")
        self._pause.set_icon("play" if self._paused else "pause")

    @Slot()
    def _on_pause(self) -> None:
        (self.resume_pressed if self._paused else self.pause_pressed).emit(self.job_id)

    @Slot()
    def _on_cancel(self) -> None:
        self.cancel_pressed.emit(self.job_id)

"""The sheet of a fill: it goes on at once, then says what changed, what was skipped and why, and offers to measure."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QWidget

from forge_desktop.base.errors import ForgeError
from forge_desktop.base.events import JobChanged
from forge_desktop.cards.fields import BY_KEY
from forge_desktop.cards.records import Card, Change, Filled
from forge_desktop.ui import tokens
from forge_desktop.ui.panes.cards.sheet_parts import CardSheet, closing, part, said
from forge_desktop.ui.panes.cards.words import value_words
from forge_desktop.ui.widgets.basics import PrimaryButton, ProgressRow, duration, frame, label, row
from forge_desktop.ui.widgets.words import count_words, safe_words

_ABOUT = (
    "What the file, the registry, the gate, the run log and the price table say is filled in. What you wrote stays."
)
_MEASURES = (
    "Measuring asks this version five to twenty times, for about a minute; nothing else is computed meanwhile. The"
    " command line's measure takes its whole time."
)


class FillSheet(CardSheet):
    """`measure_wanted` asks for the same once more with measuring; `cancel_wanted` carries a job's id."""

    measure_wanted = Signal()
    cancel_wanted = Signal(int)

    def __init__(self, card: Card, parent: QWidget | None = None) -> None:
        super().__init__("Fill in a card", f"Fill in {card.name}", _ABOUT, parent)
        self._can_measure = card.kind in ("student", "adapter") and not card.orphan
        self._measuring = False
        self.progress = ProgressRow("Filling in", can_pause=False)
        self.progress.cancel_pressed.connect(self.cancel_wanted)
        self.measure = PrimaryButton("Measure and fill in", "gauge")
        self.measure.setToolTip(_MEASURES)
        self.measure.clicked.connect(self._on_measure)
        self.measure.hide()
        self.close_button = closing()
        self.close_button.clicked.connect(self.reject)
        self.lay_out((640, 560), None, self.close_button, self.measure, over=(self.progress,))

    def show_job(self, event: JobChanged) -> None:
        """Follow the fill while it goes on; the sheet may be closed meanwhile."""
        self.progress.show()
        self.progress.say("" if event.note else "Measuring" if self._measuring else "Filling in")
        self.progress.show_job(event)  # a note says itself what is done: "Warming up"

    def show_filled(self, filled: Filled, *, measured: bool) -> None:
        """What came of it."""
        self.progress.hide()
        many = count_words(len(filled.changes), "value") if filled.changes else "Nothing"
        self.say(f"{many} changed, in {duration(filled.seconds) if filled.seconds >= 1 else 'less than a second'}.")
        parts: list[QWidget] = []
        if filled.changes:
            lines = [_changed(change) for change in filled.changes]
            parts.append(part("What changed", *lines, note=count_words(len(lines), "field")))
        else:
            words = dict(filled.skipped).get(_SUBJECT, _LEFT if filled.stale else _NOTHING)
            parts.append(frame("quoted", row(label(words, tokens.TABLE, wrap=True), margins=(12, 10, 12, 10))))
        if stale := _by_reason(filled.stale):
            parts.append(part("What is stale all the same", *(said("clock", "warn", *each) for each in stale)))
        if skipped := _by_reason(filled.skipped):
            parts.append(part("What was skipped", *(said("info", "muted", *each) for each in skipped)))
        offers = self._can_measure and not measured
        if offers:
            parts.append(label(_MEASURES, tokens.SMALL, cls="muted", wrap=True))
        self.measure.setVisible(offers)
        self.show_parts(*parts)

    def show_trouble(self, error: ForgeError | None) -> None:
        """It failed, or was given up (None)."""
        self.progress.hide()
        if error is None:
            self.say("Given up; the card is as it was.")
        else:
            self.say("")
            self.banner.show_error(error)
        self.measure.setVisible(self._can_measure)

    @Slot()
    def _on_measure(self) -> None:
        self._measuring = True
        self.banner.clear()
        self.measure.hide()
        self.say(_ABOUT)
        self.show_parts()
        self.measure_wanted.emit()


_NOTHING = "Everything that can be known was in the card already, and is still so."
_LEFT = "What filling can look at was in the card already."
_SUBJECT = "subject"  # that what the card is about is not here stands in place of everything else
_OTHERS = {"file": "Its file", "benchmark": "The benchmark"}


def _changed(change: Change) -> QWidget:
    field = BY_KEY.get(change.field)
    title = field.title if field else safe_words(change.field)
    if field is None:
        return said("pencil", "muted", title, change.what)
    before = value_words(field, change.before, change.unit_before)
    after = value_words(field, change.after, change.unit_after)
    if change.before is None:
        return said("plus", "ok", f"{title}: {after}")
    if change.after is None:
        return said("x", "warn", f"{title}: not known any more", f"It was {before.rstrip('.')}.")
    if before == after or field.type == "text":  # as many rows; or what differs is far on
        return said("pencil", "info", change.what)
    return said("pencil", "info", f"{title}: {after}", f"It was {before.rstrip('.')}.")


def _by_reason(skipped: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """What was skipped or is stale, by title, and why: what has the same reason stands together."""
    titles: dict[str, list[str]] = {}
    for name, why in skipped:
        if name != _SUBJECT:
            title = BY_KEY[name].title if name in BY_KEY else _OTHERS.get(name, safe_words(name))
            titles.setdefault(why, []).append(title)
    return [(", ".join(names), why) for why, names in titles.items()]

"""What happened to a version, the newest first: when, what, by whom and why."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QVBoxLayout, QWidget

from forge_desktop.students.records_versions import Happening
from forge_desktop.ui import theme, tokens
from forge_desktop.ui.widgets.basics import Button, IconLabel, column, label, row
from forge_desktop.ui.widgets.words import breakable, count_words, moment_words, own_direction, safe_words

_WHAT = {
    # what: (words, icon)
    "made": ("Made", "sparkles"),
    "imported": ("Imported", "download"),
    "gated": ("A gate was run", "shield-check"),
    "promoted": ("Promoted", "git-branch"),
    "overridden": ("Promoted without a pass", "triangle-alert"),
    "rolled back": ("Came back by a rollback", "rotate-ccw"),
    "retired": ("Retired", "clock"),
    "returned": ("Brought back", "undo-2"),
    "exported": ("Exported", "upload"),
    "removed": ("Removed", "trash-2"),
}
_VERDICTS = {"passed": "Gate passed", "failed": "Gate not passed", "inconclusive": "Gate left undecided"}
_FIRST = 6  # shown before it is asked for more


def happening_words(event: Happening) -> str:
    """What happened, in words."""
    words = _WHAT.get(event.what, (event.what.capitalize(), ""))[0]
    verdict = str(event.detail.get("verdict") or "")
    return _VERDICTS.get(verdict, words) if event.what == "gated" else words


class HistoryView(QWidget):
    """A line an event; more than a few are folded."""

    def __init__(self) -> None:
        super().__init__()
        self._events: Sequence[Happening] = ()
        self._rows = QVBoxLayout()
        self._rows.setSpacing(10)
        self._all = Button("", "chevron-down", "link")
        self._all.clicked.connect(self._on_all)
        self._all.hide()
        self.setLayout(column(self._rows, row(self._all, None), gap=6))

    def show_history(self, events: Sequence[Happening]) -> None:
        """Show these."""
        if events == self._events and self._rows.count():
            return
        self._events = events
        self._show(events[:_FIRST])
        self._all.setVisible(len(events) > _FIRST)
        self._all.setText(f"Show all {count_words(len(events), 'entry', 'entries')}")

    def _show(self, events: Sequence[Happening]) -> None:
        while (item := self._rows.takeAt(0)) is not None:
            if (old := item.widget()) is not None:
                old.hide()
                old.deleteLater()
        for event in events:
            self._rows.addWidget(_line(event))
        if not events:
            self._rows.addWidget(label("Nothing was done with it yet.", tokens.SMALL, cls="muted", wrap=True))

    @Slot()
    def _on_all(self) -> None:
        self._show(self._events)
        self._all.hide()


def _line(event: Happening) -> QWidget:
    what = happening_words(event)
    who = breakable(own_direction(safe_words(event.who)))
    when = f"{moment_words(event.at)} · {who}" if event.who else moment_words(event.at)
    texts = [label(what, tokens.TABLE, 600, wrap=True), label(when, tokens.SMALL, cls="muted", wrap=True)]
    if event.why and event.what != "gated":
        texts.insert(1, label(breakable(safe_words(event.why)), tokens.TABLE, wrap=True, selectable=True))
    icon = IconLabel(_WHAT.get(event.what, ("", "info"))[1], 15)
    line = row(column(2, icon, None, gap=0), column(*texts, gap=1), gap=10)
    line.setStretch(1, 1)
    made = QWidget()
    made.setLayout(line)
    made.setAccessibleName(", ".join(filter(None, (what, when, safe_words(event.why)))))
    made.setMinimumHeight(theme.px(34))
    return made

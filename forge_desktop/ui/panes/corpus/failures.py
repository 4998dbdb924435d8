"""What could not be read, grouped by reason: how many, which, and one button that tries them again."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QWidget

from forge_desktop.corpus import FailureGroup
from forge_desktop.ui import tokens
from forge_desktop.ui.panes.corpus.columns import safe_words
from forge_desktop.ui.widgets.basics import Button, ElidedLabel, IconLabel, column, frame, label, row
from forge_desktop.ui.widgets.words import count_words

_MOST = 5  # reasons shown one by one; the rest is one line


class FailureGroups(QWidget):
    """One line a reason, the most frequent first. `retry_asked` and `shown_asked` carry document ids."""

    retry_asked = Signal(list)
    shown_asked = Signal(list)

    def __init__(self) -> None:
        super().__init__()
        self._lines = column(gap=0)
        self.setLayout(self._lines)
        self.groups: Sequence[FailureGroup] = ()
        self.hide()

    def show_groups(self, groups: Sequence[FailureGroup]) -> None:
        """Show these; nothing when there are none."""
        if list(groups) == list(self.groups) and self._lines.count():
            self.setVisible(bool(groups))
            return
        self.groups = groups
        while (item := self._lines.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.hide()
                widget.deleteLater()
        shown = list(groups[:_MOST])
        if rest := groups[_MOST:]:
            every = tuple(number for group in rest for number in group.documents)
            shown.append(FailureGroup(count_words(len(rest), "other reason"), len(every), every))
        if shown:
            self._lines.addWidget(self._card(shown))
        self.setVisible(bool(groups))

    def _card(self, groups: Sequence[FailureGroup]) -> QFrame:
        lines: list[QWidget] = []
        for number, group in enumerate(groups):
            if number:
                lines.append(frame("line"))
            lines.append(self._line(group))
        return frame("card", column(*lines, gap=0, margins=(0, 2, 0, 2)))

    def _line(self, group: FailureGroup) -> QWidget:
        reason, count, ids = group.reason, group.count, group.documents
        words = count_words(count, "document")
        retry = Button("Try again", "refresh-cw", "pill")
        retry.setAccessibleName(f"Try again: {reason}")
        retry.setToolTip(f"Read {words} again")
        retry.clicked.connect(lambda: self.retry_asked.emit(list(ids)))
        show = Button("Show", "", "pill")
        show.setAccessibleName(f"Show: {reason}")
        show.setToolTip(f"List only {'this document' if count == 1 else 'these documents'}")
        show.clicked.connect(lambda: self.shown_asked.emit(list(ids)))
        text = ElidedLabel(safe_words(reason), tokens.SMALL)
        line = row(
            IconLabel("circle-alert", 14, "bad"),
            label(f"{count:,}", tokens.SMALL, 600, tabular=True),
            text,
            show,
            retry,
            gap=10,
            margins=(14, 5, 10, 5),
        )
        line.setStretch(2, 1)
        made = QWidget()
        made.setLayout(line)
        return made

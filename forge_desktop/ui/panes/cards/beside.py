"""Form, source and preview of a card beside each other; the preview under the source where all three have no room."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QSplitter, QWidget

from forge_desktop.ui import theme

FORM, SOURCE, PREVIEW = 400, 340, 300  # pixels that each takes at least, for nothing in it to be cut off
_NARROWEST_SOURCE = 260  # that one may drag it to: its lines are wrapped
_WIDEST_PREVIEW = 400  # that it is given by itself


def least_width(mode: str) -> int:
    """What form and source take in a mode."""
    return sum(theme.px(part) for part, key in ((FORM, "form"), (SOURCE, "source")) if mode in (key, "both"))


class Beside(QSplitter):
    """`arrange` shows the parts that a mode wants; each arrangement keeps the widths that somebody dragged."""

    def __init__(self, form: QWidget, source: QWidget, preview: QWidget) -> None:
        super().__init__(Qt.Orientation.Horizontal)
        self.form, self.source, self.preview = form, source, preview
        self._under = QSplitter(Qt.Orientation.Vertical)
        for split in (self, self._under):
            split.setChildrenCollapsible(False)
            split.setHandleWidth(6)
        for part, least in ((form, FORM), (source, _NARROWEST_SOURCE), (preview, PREVIEW)):
            part.setMinimumWidth(theme.px(least))
        self._arrangement: tuple[str, bool, bool] = ("", False, False)
        self._dragged: dict[tuple[bool, tuple[str, bool, bool]], list[int]] = {}
        for split in (self, self._under):
            split.splitterMoved.connect(partial(self._on_dragged, split))
        self._under.addWidget(source)
        for part in (form, self._under, preview):
            self.addWidget(part)

    def arrange(self, mode: str, width: int, *, preview: bool) -> None:
        """Show what "form", "source" or "both" wants within a width, with the preview or without."""
        least, beside = least_width(mode), theme.px(PREVIEW)
        stacked = preview and mode == "both" and width - least < beside
        if stacked != (self.preview.parentWidget() is self._under):
            (self._under if stacked else self).addWidget(self.preview)
        self.form.setVisible(mode in ("form", "both"))
        self.source.setVisible(mode in ("source", "both"))
        self._under.setVisible(mode in ("source", "both"))
        self.preview.setVisible(preview)
        side = max(beside, min(theme.px(_WIDEST_PREVIEW), width - least)) if preview and not stacked else 0
        left = max(1, width - side)
        form = {"form": left, "source": 0, "both": left * FORM // (FORM + SOURCE)}[mode]
        self._arrangement = arrangement = (mode, preview, stacked)
        self.setSizes(self._dragged.get((False, arrangement), [form, left - form, side]))
        self._under.setSizes(self._dragged.get((True, arrangement), [1000, 1000]))

    def _on_dragged(self, split: QSplitter, _place: int, _handle: int) -> None:
        self._dragged[split is self._under, self._arrangement] = split.sizes()

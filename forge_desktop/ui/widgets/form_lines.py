"""The lines of a form, name beside field, in an area that scrolls where the sheet is too low for them."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QGridLayout, QLayout, QScrollArea, QWidget

from forge_desktop.ui import theme, tokens
from forge_desktop.ui.widgets.basics import column


def form_lines(lines: Sequence[tuple[QWidget, QWidget | QLayout]], name: str) -> QScrollArea:
    """The area, called `name` to screen readers."""
    grid = QGridLayout()
    grid.setContentsMargins(0, 0, 0, 0)
    grid.setHorizontalSpacing(tokens.MD)
    grid.setVerticalSpacing(10)
    grid.setColumnStretch(1, 1)
    for place, (named, content) in enumerate(lines):
        named.setMinimumHeight(theme.px(30))
        grid.addWidget(named, place, 0, Qt.AlignmentFlag.AlignTop)
        if isinstance(content, QWidget):
            grid.addWidget(content, place, 1)
        else:
            grid.addLayout(content, place, 1)
    inside = QWidget()
    inside.setProperty("cls", "flow")
    inside.setLayout(column(grid, None, gap=0, margins=(0, 0, tokens.MD, 0)))
    area = QScrollArea()
    area.setAccessibleName(name)
    area.setWidgetResizable(True)
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.setWidget(inside)
    return area

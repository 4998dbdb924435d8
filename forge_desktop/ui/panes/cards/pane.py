"""The Cards pane, before its room exists: says plainly what will be here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QWidget

from forge_desktop.ui import tokens
from forge_desktop.ui.bridge import Bridge
from forge_desktop.ui.panes import Pane
from forge_desktop.ui.widgets.basics import EmptyState, column, label, page_head

if TYPE_CHECKING:
    from forge_desktop.forge import Forge


class CardsPane(Pane):
    """Model cards filled from measurements, once there is something measured."""

    key, title, icon = "cards", "Cards", "id-card"

    def __init__(self, forge: Forge, bridge: Bridge, parent: QWidget | None = None) -> None:
        super().__init__(forge, bridge, parent)
        empty = EmptyState(
            "id-card",
            "No model card yet",
            "A model card says what a student is for, what it was taught and how well it does. Once students can be "
            "trained and measured, their cards are filled in here and can be exported.",
            "See your students",
            "graduation-cap",
            footnote="What a student's file says about itself stands in Students today.",
        )
        empty.acted.connect(self._on_acted)
        subtitle = label("What a student is for, and how well it does", tokens.SMALL, cls="muted")
        self.setLayout(column(page_head("Cards", subtitle), empty, gap=0))

    @Slot()
    def _on_acted(self) -> None:
        self.wants_pane.emit("students")

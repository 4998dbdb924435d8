"""The Distill pane, before its room exists: says plainly what will be here."""

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


class DistillPane(Pane):
    """Lessons from teachers under a spending cap, once they can be made."""

    key, title, icon = "distill", "Distill", "flask-conical"

    def __init__(self, forge: Forge, bridge: Bridge, parent: QWidget | None = None) -> None:
        super().__init__(forge, bridge, parent)
        empty = EmptyState(
            "flask-conical",
            "Lessons are not made yet",
            "This version answers from your documents. A later one will let a stronger teacher check and correct your "
            "student's answers, with evidence from your documents and a spending cap that is never passed.",
            "Ask a question",
            "messages-square",
            footnote="Nothing is sent to a teacher, and nothing is spent.",
        )
        empty.acted.connect(self._on_acted)
        subtitle = label("Lessons from teachers, under a spending cap", tokens.SMALL, cls="muted")
        self.setLayout(column(page_head("Distill", subtitle), empty, gap=0))

    @Slot()
    def _on_acted(self) -> None:
        self.wants_pane.emit("chat")

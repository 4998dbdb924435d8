"""The newest gate in one line, where its card has no room: what came of it, and the way on."""

from __future__ import annotations

from PySide6.QtWidgets import QFrame

from forge_desktop.students.records_gate import GateReport
from forge_desktop.ui import tokens
from forge_desktop.ui.gate_words import gate_mark
from forge_desktop.ui.panes.distill.gate_card import GateCard
from forge_desktop.ui.widgets.basics import Button, ElidedLabel, Pill, row


class GateLine(QFrame):
    """Shows what a card shows, and says what was pressed by the card's own signals."""

    def __init__(self, card: GateCard) -> None:
        super().__init__()
        self._card = card
        self.setProperty("cls", "foot")
        self.setAccessibleName("Evaluation gate")
        self.words = ElidedLabel("", tokens.SMALL, 600)
        self.pill = Pill("", "mute", size=tokens.CAPTION)
        self.open = Button("See the gate", "", "link")
        self.open.clicked.connect(card.open.click)
        self.rollback = Button("Roll back", "rotate-ccw", "link")
        self.rollback.clicked.connect(card.rollback.click)
        self.promote = Button("Publish", "git-branch")
        self.promote.clicked.connect(card.promote.click)
        line = row(self.words, self.pill, self.rollback, self.open, self.promote, margins=(tokens.XL, 4, tokens.XL, 4))
        line.setStretch(0, 1)
        self.setLayout(line)
        self.hide()

    def show_gate(self, gate: GateReport | None) -> None:
        """Follow the card, which has been told of this gate."""
        card = self._card
        self.words.setText(f"Gate of {gate.label}" if gate else "Evaluation gate")
        self.pill.setVisible(gate is not None)
        if gate is not None:
            self.pill.show_state(*gate_mark(gate))
        for mine, its in ((self.open, card.open), (self.rollback, card.rollback), (self.promote, card.promote)):
            mine.setText(its.text())
            mine.setToolTip(its.toolTip())
            mine.setVisible(not its.isHidden())

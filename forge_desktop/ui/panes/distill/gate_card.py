"""The newest gate beside the money: both sides in bars, and the way on, promoting what passed or rolling back."""

from __future__ import annotations

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QFrame, QSizePolicy

from forge_desktop.students.records_gate import GateReport
from forge_desktop.students.records_versions import Version
from forge_desktop.ui import tokens
from forge_desktop.ui.gate_words import arms, gate_mark, headline, pair_bar
from forge_desktop.ui.widgets.basics import Button, ElidedLabel, Pill, column, label, row
from forge_desktop.ui.widgets.pair_chart import PairChart

_MOST = 4  # pairs of bars
_NOTHING = "A gate compares what was trained with the version in use, and decides whether it may take over."


class GateCard(QFrame):
    """`gates_pressed` leads to the gates, carrying a gate's uid or "new"; `promote_pressed` and `card_pressed` carry a
    version's uid, `rollback_pressed` nothing.
    """

    gates_pressed = Signal(str)
    promote_pressed = Signal(str)
    card_pressed = Signal(str)
    rollback_pressed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setProperty("cls", "card")
        self.setAccessibleName("Evaluation gate")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self._gate: GateReport | None = None
        self._active = ""
        self.pill = Pill("", "mute", size=tokens.CAPTION)
        self.chart = PairChart("Last gate", 26)
        self.words = label(_NOTHING, tokens.SMALL, cls="muted", wrap=True)
        self.rollback = Button("Roll back", "rotate-ccw", "link")
        self.rollback.clicked.connect(self.rollback_pressed)
        self.open = Button("Open", "", "link")
        self.open.clicked.connect(self._on_open)
        self.card = Button("Card", "", "link")
        self.card.setToolTip("The model card of the version: what is missing in it, and what it says")
        self.card.clicked.connect(self._on_card)
        self.promote = Button("Publish", "git-branch")
        self.promote.clicked.connect(self._on_promote)
        head = row(ElidedLabel("Evaluation gate", tokens.BODY, 600), self.pill)
        head.setStretch(0, 1)
        foot = row(self.rollback, None, self.card, self.open, self.promote)
        box = column(head, self.chart, self.words, None, foot, gap=6, margins=(16, 10, 14, 8))
        self.setLayout(box)
        self.show_gate(None, None, None)

    def show_gate(self, gate: GateReport | None, version: Version | None, active: Version | None) -> None:
        """Show the newest gate, the version it was about, and what is active now."""
        self._gate = gate
        self._active = active.uid if active else ""
        self.pill.setVisible(gate is not None)
        if gate is not None:
            self.pill.show_state(*gate_mark(gate))
            self.chart.show_pairs(
                arms(gate, self._active), [pair_bar(metric, short=True) for metric in headline(gate, _MOST)]
            )
        measured = gate is not None and bool(gate.metrics)
        self.chart.setVisible(measured)
        self.words.setVisible(not measured)
        self.words.setText(_NOTHING if gate is None else _waiting(gate))
        self.card.setVisible(version is not None)
        self.rollback.setVisible(active is not None and not active.is_base)
        usable = version is not None and version.state in ("candidate", "gated") and not version.problem
        self.promote.setVisible(usable and gate is not None and gate.verdict == "passed")
        self.promote.setText(f"Publish {version.label}" if version else "Publish")
        self.promote.setToolTip("Let it answer from now on, after a look at what changes")
        self.open.setText("Run a gate…" if gate is None else "See the gate")

    def active_uid(self) -> str:
        """The uid of the version that was active when this was shown."""
        return self._active

    @Slot(bool)
    def hold_rollback(self, held: bool) -> None:
        """Let the button rest while a rollback is underway."""
        self.rollback.setEnabled(not held)

    @Slot()
    def _on_open(self) -> None:
        self.gates_pressed.emit(self._gate.uid if self._gate else "new")

    @Slot()
    def _on_card(self) -> None:
        if self._gate is not None:
            self.card_pressed.emit(self._gate.gated or self._gate.version)

    @Slot()
    def _on_promote(self) -> None:
        if self._gate is not None:
            self.promote_pressed.emit(self._gate.version)


def _waiting(gate: GateReport) -> str:
    if gate.state == "waiting":
        return f"The gate of {gate.label} waits for its turn."
    if gate.state == "running":
        return f"{gate.label} and {gate.baseline_label} are answering the same questions."
    return gate.problem or "It was not finished: resume it in Students › Gates."

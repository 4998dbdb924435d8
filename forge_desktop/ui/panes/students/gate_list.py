"""The list of gates, the newest on top: what was compared, and the verdict."""

from __future__ import annotations

from collections.abc import Sequence

from forge_desktop.students.records_gate import GateReport
from forge_desktop.ui.gate_words import gate_mark
from forge_desktop.ui.widgets.marked_list import MarkedList, MarkedRow
from forge_desktop.ui.widgets.words import count_words, moment_words


def gate_name(gate: GateReport) -> str:
    """What was compared: "v12 against v11"."""
    return f"{gate.label} against {gate.baseline_label}"


def facts(gate: GateReport) -> str:
    """What stands under it: "Gate 3 · 2 suites · 12 Nov"."""
    suites = f"{count_words(len(gate.suites), 'suite')} · " if gate.suites else ""  # known once it has begun
    return f"Gate {gate.number} · {suites}{moment_words(gate.created)}"


class GateList(MarkedList):
    """The list itself."""

    def __init__(self) -> None:
        super().__init__("Gates")
        self._gates: dict[str, GateReport] = {}

    def show_gates(self, gates: Sequence[GateReport]) -> None:
        """Replace all rows, unless they are the same."""
        self._gates = {gate.uid: gate for gate in gates}
        self.rows.show_rows(
            [MarkedRow(gate.uid, gate_name(gate), gate_mark(gate), facts(gate), gate.problem) for gate in gates]
        )

    def gate(self) -> GateReport | None:
        """The selected gate."""
        return self._gates.get(self.key())

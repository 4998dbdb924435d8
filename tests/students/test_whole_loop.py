"""The whole loop on the starter student, in small: pairs, a trained adapter, a gate, the chat, and back."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from forge_desktop.bench import loop
from forge_desktop.students.records_gate import GateWish
from tests.students.trainer_python import trainer_python

# What was known before is asked for by the benchmark: two hundred questions take minutes, and a few decide nothing.
_SMALL = GateWish(regression=False, safety=False, max_tokens=32)


@pytest.mark.timeout(600)
def test_a_student_learns_is_judged_promoted_and_taken_back(tmp_path: Path) -> None:
    wish = dataclasses.replace(loop.WISH, hold=1.0)  # six facts take few steps
    facts = loop.FACTS[:6]
    done = loop.turn(tmp_path, str(trainer_python()), facts, facts, wish, _SMALL, override="The gate was cut short.")
    recalled = next(one for one in done.gate.metrics if one.role == "target" and one.name == "exact_match")
    assert recalled.baseline == 0
    assert recalled.candidate >= 5 / 6
    assert recalled.holds
    assert done.gate.verdict == "inconclusive", done.gate.reasons
    assert not done.gate.vetoes
    assert done.promoted is not None
    assert "copper" in done.during
    assert "copper" not in done.before
    assert done.after == done.before


@pytest.mark.full
@pytest.mark.timeout(900)
def test_wrong_labels_are_refused(tmp_path: Path) -> None:
    facts = loop.FACTS[:6]
    done = loop.turn(tmp_path, str(trainer_python()), loop.wrongly(facts), facts, loop.WISH, _SMALL)
    assert done.gate.verdict != "passed"
    assert done.promoted is None
    assert done.after == done.before

"""The energy of a training run: added up over counters that begin anew, and why there is none."""

from __future__ import annotations

from pathlib import Path

import pytest

from forge_desktop.students import measure_watch, training_energy
from forge_desktop.students.training_energy import RunEnergy, metered

WRAP = 1_000_000


def counter(folder: Path, microjoules: int) -> None:
    zone = folder / "intel-rapl:0"
    zone.mkdir(exist_ok=True)
    (zone / "energy_uj").write_text(f"{microjoules}\n")
    (zone / "max_energy_range_uj").write_text(f"{WRAP}\n")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Counters of a processor that this computer may not have."""
    counter(tmp_path, 200_000)
    made = measure_watch.ProcessorEnergy
    monkeypatch.setattr(training_energy, "ProcessorEnergy", lambda: made(tmp_path))
    return tmp_path


def test_what_begins_anew_between_two_steps_is_counted(folder: Path) -> None:
    energy, heard = RunEnergy(None), list[object]()
    hear = energy.hearing(heard.append)
    for microjoules in (900_000, 300_000, 800_000, 100_000):
        counter(folder, microjoules)
        hear({"event": "step"})
    assert len(heard) == 4
    facts = energy.facts()
    assert facts["energy_joules"] == pytest.approx(0.7 + 0.400001 + 0.5 + 0.300001, abs=1e-5)
    assert facts["energy"] == {"processor": facts["energy_joules"]}


def test_a_run_that_was_broken_or_shared_has_none(folder: Path) -> None:
    with metered("cpu", whole=False, shared=False) as energy:
        assert "after a break" in str(energy.facts()["energy_problem"])
    with metered("cpu", whole=True, shared=True) as energy:
        assert "other computers" in str(energy.facts()["energy_problem"])


def test_counters_that_are_not_there_are_named(folder: Path) -> None:
    energy = RunEnergy(None)
    (folder / "intel-rapl:0" / "energy_uj").unlink()
    energy.hearing(lambda _frame: None)({"event": "step"})
    assert energy.facts() == {"energy_problem": "The processor's energy counters cannot be read."}

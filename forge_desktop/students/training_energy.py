"""How much energy this computer took while a trainer went: of its processor and GPU, where they tell it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from forge_desktop.base.child import Frame
from forge_desktop.students.measure_watch import NvidiaWatch, ProcessorEnergy, watching

_BROKEN = "The run went on after a break, so its energy was not metered as a whole."
_ELSEWHERE = "The run was shared with other computers, whose energy is not known here."
_NO_GPU = "The driver of the GPU does not tell its power."


class RunEnergy:
    """Adds up what the counters say. They begin anew after minutes, so they are read with every step."""

    def __init__(self, watch: NvidiaWatch | None, problem: str = "") -> None:
        self._watch, self._problem = watch, problem
        self._counter, self._joules = ProcessorEnergy(), 0.0
        self._began = time.monotonic()

    def hearing(self, heard: Callable[[Frame], None]) -> Callable[[Frame], None]:
        """Hear a trainer's events and look at the counters with each."""

        def both(frame: Frame) -> None:
            self._look()
            heard(frame)

        return both

    def facts(self) -> dict[str, object]:
        """For the run's result: "energy_joules" with its sources, or "energy_problem", a sentence."""
        self._look()
        if self._problem:
            return {"energy_problem": self._problem}
        known = {"processor": round(self._joules, 3)}
        if self._watch is not None:
            gpu = self._watch.joules(self._began, time.monotonic())
            if gpu is None:
                return {"energy_problem": _NO_GPU}
            known["gpu"] = round(gpu, 3)
        return {"energy_joules": round(sum(known.values()), 3), "energy": known}

    def _look(self) -> None:
        spent, self._counter = self._counter.joules(), ProcessorEnergy()
        if spent is None:
            why = self._counter.problem or "the processor's energy counters could no longer be read"
            self._problem = self._problem or f"{why[0].upper()}{why[1:]}."
        else:
            self._joules += spent


@contextmanager
def metered(device: str, *, whole: bool, shared: bool) -> Iterator[RunEnergy]:
    """Meter meanwhile. `whole`: the run begins now; `shared`: others compute as well."""
    problem = _ELSEWHERE if shared else "" if whole else _BROKEN
    if not device.startswith("cuda") or problem:
        yield RunEnergy(None, problem)
        return
    with watching(NvidiaWatch()) as watch:
        yield RunEnergy(watch)

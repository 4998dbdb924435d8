"""Everything at once: several threads ask, while the child is killed, stopped, ejected, exchanged and set up anew."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from forge_desktop.base.child import RestartBudget
from forge_desktop.base.errors import Cancelled, ForgeError
from forge_desktop.engine import Engine, Sampling
from forge_desktop.engine.vigil import Limits
from tests.engine.conftest import EngineMaker, say, spec_of

SIGNALS = [signal.SIGKILL, signal.SIGSEGV, signal.SIGABRT, signal.SIGSTOP, signal.SIGTERM]
LIMITS = Limits(silence=1.0, cancel=1.0)


class Chaos:
    """Threads that ask until they have asked often enough; what they saw that they should not have."""

    def __init__(self, engine: Engine, students: list[Path], seed: int) -> None:
        self.engine, self.students, self.draw = engine, students, random.Random(seed)
        self.faults: list[BaseException] = []
        self.stops: list[str] = []
        self.over = threading.Event()

    def ask(self, times: int) -> None:
        try:
            for number in range(times):
                with contextlib.suppress(ForgeError):
                    answer = self.engine.generate([say("Hello")], Sampling(max_tokens=400), self.maybe_stop)
                    self.stops.append(answer.stop)
                    assert answer.stop in ("end", "length", "cancelled", "died")
                    assert (answer.stop == "died") == bool(answer.problem)
                with contextlib.suppress(ForgeError):
                    assert len(self.engine.count(["a", "bc"])) == 2
                if number % 5 == 4:
                    self.engine.state()
        except BaseException as fault:
            self.faults.append(fault)

    def maybe_stop(self, _text: str) -> None:
        if self.draw.random() < 0.05:
            raise Cancelled

    def disturb(self) -> None:
        try:
            while not self.over.wait(self.draw.uniform(0.02, 0.4)):
                act = self.draw.choice([self.kill, self.kill, self.kill, self.engine.eject, self.exchange, self.settle])
                act()
        except BaseException as fault:
            self.faults.append(fault)

    def kill(self) -> None:
        if pid := self.engine.pid:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, self.draw.choice(SIGNALS))

    def exchange(self) -> None:
        self.engine.use(spec_of(self.draw.choice(self.students)))

    def settle(self) -> None:
        self.engine.settings.change(context_tokens=self.draw.choice([512, 1024]))  # type: ignore[attr-defined]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="signals")
@pytest.mark.timeout(900)
@pytest.mark.parametrize("times", [8, pytest.param(200, marks=pytest.mark.full)])
def test_nothing_but_answers_and_sentences(
    make_engine: EngineMaker, tiny: Path, tmp_path: Path, times: int, expect_log: Callable[[str], None]
) -> None:
    expect_log("the engine child")
    other = tmp_path / "other.gguf"
    shutil.copyfile(tiny, other)
    with other.open("ab") as file:
        file.write(bytes(32))  # the same student with another hash
    engine = make_engine(tiny, limits=LIMITS, budget=RestartBudget(deaths=100_000))
    chaos = Chaos(engine, [tiny, other], seed=times)
    askers = [threading.Thread(target=chaos.ask, args=(times,)) for _ in range(3)]
    disturber = threading.Thread(target=chaos.disturb)
    for thread in (*askers, disturber):
        thread.start()
    for thread in askers:
        thread.join()
    chaos.over.set()
    disturber.join()
    assert chaos.faults == []
    assert times < 100 or chaos.stops.count("died") > 0  # eight questions may come through between the deaths
    assert engine.warm().status == "ready"
    assert engine.generate([say("Hello")], Sampling(max_tokens=5), lambda _: None).stop in ("end", "length")

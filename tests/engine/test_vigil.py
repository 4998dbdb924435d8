"""When a child counts as hung, told by a clock of our own."""

from __future__ import annotations

import pytest

from forge_desktop.engine.vigil import Limits, Vigil

LIMITS = Limits(silence=30, step=600, cancel=15, template=5)


class Clock:
    """Time that passes as the test says; the vigil is looked at every second."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.vigil = Vigil(LIMITS, lambda: self.now)
        self.cpu, self.step = 0.0, 0

    def passes(self, seconds: int, *, beats: bool = True, cpu: float = 0.0, step: int = 0, frame: bool = False) -> str:
        """Seconds pass, in each of which this happens; the verdict, as soon as there is one."""
        for _ in range(seconds):
            self.now += 1
            self.cpu, self.step = self.cpu + cpu, self.step + step
            if beats:
                assert self.vigil.beat({"ev": "alive", "cpu": self.cpu, "step": self.step})
            if frame:
                self.vigil.hear(rendering=False)
            if verdict := self.vigil.verdict():
                return verdict
        return ""


@pytest.fixture
def clock() -> Clock:
    found = Clock()
    found.vigil.begin(LIMITS.silence)
    return found


def test_a_stopped_process_gives_no_sign(clock: Clock) -> None:
    assert clock.passes(29, beats=False) == ""
    assert clock.passes(2, beats=False) == "gave no sign of life for 30 seconds"


def test_a_native_call_that_waits_for_ever_does_nothing(clock: Clock) -> None:
    assert clock.passes(100, cpu=0.001) == "did nothing for 30 seconds"


def test_a_slow_step_is_no_hang_until_ten_minutes(clock: Clock) -> None:
    assert clock.passes(590, cpu=1.0) == ""
    assert clock.passes(1, cpu=1.0, step=1) == ""
    assert clock.passes(590, cpu=1.0) == ""
    assert clock.passes(20, cpu=1.0) == "was busy with one step for 600 seconds"


def test_a_gpu_that_works_without_the_processor_is_no_hang(clock: Clock) -> None:
    assert clock.passes(2000, step=1) == ""


def test_frames_alone_are_enough(clock: Clock) -> None:
    assert clock.passes(2000, beats=False, frame=True) == ""


def test_a_stop_that_is_not_obeyed_counts_whatever_is_sent(clock: Clock) -> None:
    clock.vigil.stop()
    assert clock.passes(20, cpu=1.0, step=1, frame=True) == "did not stop within 15 seconds"


def test_a_template_has_its_own_time_whatever_the_heart_says(clock: Clock) -> None:
    clock.vigil.hear(rendering=True)
    assert clock.passes(5, cpu=1.0) == ""
    assert clock.passes(2, cpu=1.0) != ""
    assert clock.vigil.rendering


def test_sleeping_with_the_computer_is_no_hang(clock: Clock) -> None:
    clock.passes(20, beats=False)
    clock.now += 8 * 3600
    assert clock.vigil.verdict() == ""
    assert clock.passes(9, beats=False) == ""
    assert clock.passes(3, beats=False) != ""


def test_one_that_was_silent_before_it_was_asked_gets_a_short_time(clock: Clock) -> None:
    clock.passes(1)
    clock.now += 3600
    clock.vigil.begin(30)
    assert clock.passes(6, beats=False) == ""
    assert clock.passes(2, beats=False) != ""
    clock.vigil.begin(30)
    assert clock.passes(25) == ""


def test_loading_may_be_quiet_for_longer(clock: Clock) -> None:
    clock.vigil.begin(600)
    assert clock.passes(599) == ""
    clock.vigil.begin(600)
    assert clock.passes(1700, cpu=1.0) == ""
    assert clock.passes(150, cpu=1.0) != ""


def test_what_is_no_heartbeat_is_left_for_others(clock: Clock) -> None:
    assert not clock.vigil.beat({"ev": "text"})
    assert clock.vigil.beat({"ev": "alive", "cpu": "?", "step": None})

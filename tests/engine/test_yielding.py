"""While something indexes or trains, the student computes with half the threads; and only then."""

from __future__ import annotations

import os
from pathlib import Path
from threading import Event

import pytest

from forge_desktop.base.events import DataChanged, Events, JobChanged, JobState
from forge_desktop.base.jobs import JobContext, Jobs
from forge_desktop.engine import Engine, Sampling
from forge_desktop.engine.yielding import Yielding
from tests.engine.conftest import EngineMaker, say


def job(number: int, state: JobState, lane: str = "index") -> JobChanged:
    return JobChanged(number, "work", state, lane=lane)


@pytest.mark.parametrize(
    ("events", "told"),
    [
        ([job(1, "queued")], []),
        ([job(1, "queued"), job(1, "running"), job(1, "running"), job(1, "done")], [True, False]),
        ([job(1, "running", "train"), job(2, "running"), job(1, "failed"), job(2, "cancelled")], [True, False]),
        ([job(1, "running"), job(1, "paused"), job(1, "running")], [True, False, True]),
        ([job(1, "running", "chat"), DataChanged(frozenset({"documents"}))], []),
        ([job(1, "done"), job(2, "paused")], []),
    ],
)
def test_it_tells_when_the_first_job_begins_and_the_last_one_ends(events: list[JobChanged], told: list[bool]) -> None:
    bus, heard = Events(), []
    yielding = Yielding(bus, heard.append)
    for event in events:
        bus.publish(event)
    assert heard == told
    yielding.close()
    bus.publish(job(9, "running"))
    assert heard == told


def flag(engine: Engine) -> int:
    """The threads that the child is told to compute with; 0 is as many as it was loaded with."""
    child = engine._keeper.child
    assert child is not None
    return child._bytes._map[2]


def test_the_student_is_told_by_its_next_token(make_engine: EngineMaker, tiny: Path) -> None:
    engine = make_engine(tiny, settings={"threads": 4})
    jobs = Jobs(engine.events)  # type: ignore[attr-defined]
    begun, over = Event(), Event()

    def work(context: JobContext) -> None:
        context.progress(1, 2)
        begun.set()
        over.wait(30)

    engine.warm()
    number = jobs.start("index", "index", work)
    assert begun.wait(30)
    half = max(1, min(4, os.cpu_count() or 1) // 2)
    assert flag(engine) == half
    engine.eject()
    engine.warm()
    assert flag(engine) == half  # a child that is loaded meanwhile knows it too
    assert engine.generate([say("Hello")], Sampling(max_tokens=3), lambda _: None).answer_tokens
    over.set()
    jobs.wait(number)
    assert flag(engine) == 0
    jobs.close()

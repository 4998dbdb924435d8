"""A run that is cancelled, paused, killed, gone on with; tasks that are held and released under it."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

from forge_desktop.base.events import Event, JobChanged
from forge_desktop.distill.records import NewTask
from tests.distill.rooms import Application, Opened, answered
from tests.providers.teacher import Fault, Teacher


class Gate:
    """Lets no answer out until it is opened; `wait` until so many are held."""

    def __init__(self, teacher: Teacher) -> None:
        self._changed, self._open, self._held = threading.Condition(), False, 0
        teacher.answer = self._reply

    def _reply(self, body: dict[str, Any]) -> str:
        with self._changed:
            self._held += 1
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._open, 30)
        return answered(body)

    def wait(self, count: int) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: self._held >= count, 30)

    def open(self) -> None:
        with self._changed:
            self._open = True
            self._changed.notify_all()


def test_cancel_ends_every_thread_uses_what_comes_in_time_and_leaves_the_rest_queued(
    app: Application, teacher: Teacher
) -> None:
    gate = Gate(teacher)
    app.ask(9)
    job = app.start(concurrency=3)
    gate.wait(3)
    app.forge.jobs.cancel(job)
    gate.open()
    found = app.cancelled(job)
    assert found.stopped_by == "cancelled"
    assert app.states() == {"kept": 3, "queued": 6}
    assert (found.kept, found.unknown) == (3, 0)
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("forge-distill-")]
    assert app.run().kept == 6


def test_a_call_that_does_not_end_after_a_cancel_stays_charged(app: Application, teacher: Teacher) -> None:
    teacher.always = Fault(then="hang", billed=True)
    app.ask(2)
    job = app.start(concurrency=1)
    teacher.wait(1)
    app.forge.jobs.cancel(job)
    found = app.cancelled(job)
    assert found.unknown > 0
    assert app.states() == {"queued": 2}
    teacher.always = None
    assert app.run().kept == 2


def test_tasks_held_or_cancelled_while_their_answer_is_under_way_keep_the_paid_answer(
    app: Application, teacher: Teacher
) -> None:
    gate = Gate(teacher)
    app.ask(4)
    job = app.start(concurrency=2)
    gate.wait(2)
    queue = app.forge.distill.tasks
    assert queue.hold([1]) == 1
    assert queue.cancel([2, 3]) == 2
    gate.open()
    app.forge.jobs.wait(job, 60)
    assert app.states() == {"held": 1, "cancelled": 2, "kept": 1}
    assert len(teacher.bodies) == 3
    queue.release()
    queue.again()
    found = app.run()
    assert (found.kept, found.reused_answers, found.billed_attempts) == (3, 2, 1)
    assert len(teacher.bodies) == 4


def test_a_paused_run_goes_on(app: Application, teacher: Teacher) -> None:
    paused = threading.Event()

    def heard(event: Event) -> None:
        if isinstance(event, JobChanged) and event.state == "paused":
            paused.set()

    stop = app.forge.events.subscribe(heard)
    gate = Gate(teacher)
    app.ask(4)
    job = app.start(concurrency=2)
    gate.wait(2)
    app.forge.jobs.pause(job)
    gate.open()
    assert paused.wait(20)
    app.forge.jobs.resume(job)
    app.forge.jobs.wait(job, 60)
    stop()
    assert app.states() == {"kept": 4}


def test_a_run_that_ended_in_the_middle_is_gone_on_with_and_nothing_is_paid_twice(
    opened: Opened, teacher: Teacher, tmp_path: Path
) -> None:
    app = opened()
    app.index(tmp_path / "documents")
    app.ask(5)
    first = app.run(tasks=3)
    paid = teacher.bill
    with app.forge.distill.tasks._db.write() as connection:  # as a crash between payment and flip leaves it
        connection.execute("UPDATE tasks SET state = 'checking' WHERE id IN (1, 2)")
        connection.execute("DELETE FROM pairs WHERE task_id IN (1, 2)")
        connection.execute("UPDATE distill_runs SET ended = NULL, stopped_by = ''")
    app = opened()
    found = app.run()
    assert (found.kept, found.reused_answers, found.billed_attempts) == (4, 2, 2)
    assert len(teacher.bodies) == 5
    assert teacher.bill > paid
    assert app.forge.distill.summary(first.uid).stopped_by == "killed"


def test_a_task_asked_afresh_is_paid_afresh(app: Application, teacher: Teacher) -> None:
    teacher.answer = lambda body: "nonsense"
    app.ask(1)
    assert app.run(max_turns=1).failed == 1
    teacher.answer = answered
    app.forge.distill.tasks.again()
    found = app.run(max_turns=1)
    assert (found.kept, found.reused_answers, len(teacher.bodies)) == (1, 0, 2)


def test_tasks_without_documents_can_be_taught_too(opened: Opened, teacher: Teacher) -> None:
    app = opened()
    app.forge.distill.tasks.add([NewTask("Who wrote this down?", draft="A clerk.")])
    assert app.run().kept == 1
    assert "There are no passages." in str(teacher.bodies[0])

"""Jobs: one at a time on a lane, with progress, pause, cancel and the truth about how they ended."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from forge_desktop.base.errors import Cancelled, ForgeError
from forge_desktop.base.events import DataChanged, Event, Events, JobChanged
from forge_desktop.base.jobs import JobContext, Jobs


class Watch:
    """Every event, and a way to wait for one."""

    def __init__(self, events: Events) -> None:
        self.seen: list[JobChanged] = []
        self._news = threading.Condition()
        events.subscribe(self._on_event)

    def _on_event(self, event: Event) -> None:
        if isinstance(event, JobChanged):
            with self._news:
                self.seen.append(event)
                self._news.notify_all()

    def until(self, job_id: int, state: str) -> JobChanged:
        def found() -> JobChanged | None:
            return next((event for event in self.seen if (event.job_id, event.state) == (job_id, state)), None)

        with self._news:
            assert self._news.wait_for(found, 10)
            event = found()
        assert event is not None
        return event

    def states(self, job_id: int) -> list[str]:
        return list(dict.fromkeys(event.state for event in self.seen if event.job_id == job_id))


@pytest.fixture
def events() -> Events:
    return Events()


@pytest.fixture
def jobs(events: Events) -> Iterator[Jobs]:
    made = Jobs(events)
    yield made
    made.close()


@pytest.fixture
def watch(events: Events) -> Watch:
    return Watch(events)


def test_detail_is_made_only_for_what_is_published(jobs: Jobs, watch: Watch) -> None:
    made: list[int] = []

    def work(ctx: JobContext) -> None:
        for number in range(1000):
            ctx.progress(number, 1000, detail=lambda: made.append(1) or len(made))

    jobs.wait(jobs.start("index", "index", work), 10)
    told = [event.detail for event in watch.seen if event.state == "running"]
    assert told == list(range(1, len(made) + 1))
    assert 1 <= len(told) < 1000


def test_a_job_gives_its_result(jobs: Jobs, watch: Watch) -> None:
    job = jobs.start("index", "count", lambda ctx: 42)
    assert jobs.wait(job, 10) == 42
    assert watch.until(job, "done").result == 42
    assert watch.states(job) == ["queued", "done"]
    assert jobs.running() == []


def test_what_a_job_raises_is_reported(jobs: Jobs, watch: Watch) -> None:
    def work(ctx: JobContext) -> object:
        raise ForgeError("The drive is gone.", hint="Plug it in.")

    job = jobs.start("index", "fail", work)
    with pytest.raises(ForgeError, match="The drive is gone"):
        jobs.wait(job, 10)
    assert isinstance(watch.until(job, "failed").error, ForgeError)


def test_a_bug_is_logged_and_the_lane_goes_on(jobs: Jobs, watch: Watch, expect_log) -> None:  # type: ignore[no-untyped-def]
    expect_log(r"job \d+ \(bug\) failed")
    job = jobs.start("index", "bug", lambda ctx: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        jobs.wait(job, 10)
    assert jobs.wait(jobs.start("index", "next", lambda ctx: "fine"), 10) == "fine"


def test_a_lane_does_one_thing_at_a_time_and_lanes_run_beside_each_other(jobs: Jobs, watch: Watch) -> None:
    go, order = threading.Event(), []

    def first(ctx: JobContext) -> None:
        go.wait(10)
        order.append("first")

    one = jobs.start("index", "a", first)
    two = jobs.start("index", "b", lambda ctx: order.append("second"))
    assert jobs.wait(jobs.start("chat", "c", lambda ctx: "beside"), 10) == "beside"
    assert jobs.running() == [one, two]
    assert jobs.running("b") == [two]
    go.set()
    jobs.wait(two, 10)
    assert order == ["first", "second"]


def test_cancel_ends_a_job_at_its_next_check(jobs: Jobs, watch: Watch) -> None:
    started = threading.Event()

    def work(ctx: JobContext) -> None:
        started.set()
        while True:
            ctx.wait(60)

    job = jobs.start("index", "long", work)
    started.wait(10)
    jobs.cancel(job)
    with pytest.raises(Cancelled):
        jobs.wait(job, 10)
    watch.until(job, "cancelled")
    jobs.cancel(job)
    jobs.cancel(10**6)


def test_a_queued_job_can_be_cancelled(jobs: Jobs, watch: Watch) -> None:
    go = threading.Event()
    jobs.start("index", "first", lambda ctx: go.wait(10))
    job = jobs.start("index", "second", lambda ctx: pytest.fail("it must not run"))
    jobs.cancel(job)
    go.set()
    with pytest.raises(Cancelled):
        jobs.wait(job, 10)


def test_pause_holds_and_resume_goes_on(jobs: Jobs, watch: Watch) -> None:
    steps: list[int] = []

    def work(ctx: JobContext) -> None:
        for step in range(3):
            steps.append(step)
            if step == 0:
                jobs.pause(ctx.job_id)
            ctx.progress(step + 1, 3, f"step {step}")

    job = jobs.start("index", "steps", work)
    paused = watch.until(job, "paused")
    assert (paused.done, paused.note, steps) == (1, "step 0", [0])
    jobs.resume(job)
    jobs.wait(job, 10)
    watch.until(job, "done")
    assert steps == [0, 1, 2]
    assert watch.states(job) == ["queued", "paused", "running", "done"]


def test_a_paused_job_can_be_cancelled(jobs: Jobs, watch: Watch) -> None:
    def work(ctx: JobContext) -> None:
        jobs.pause(ctx.job_id)
        ctx.check()

    job = jobs.start("index", "paused", work)
    watch.until(job, "paused")
    jobs.cancel(job)
    with pytest.raises(Cancelled):
        jobs.wait(job, 10)


def test_progress_is_throttled_and_the_end_is_always_told(jobs: Jobs, watch: Watch) -> None:
    def work(ctx: JobContext) -> None:
        for step in range(1, 5001):
            ctx.progress(step, 5000, str(step))

    job = jobs.start("index", "fast", work)
    jobs.wait(job, 10)
    watch.until(job, "done")
    told = [event for event in watch.seen if event.total is not None]
    assert len(told) < 500
    assert (told[-1].done, told[-1].note) == (5000, "5000")


def test_time_left_comes_from_the_rate(jobs: Jobs, watch: Watch) -> None:
    def work(ctx: JobContext) -> None:
        ctx.progress(0, 100)
        for _ in range(3):
            ctx.wait(0.11)  # real time passes: the rate is measured against the clock
            ctx.progress(50, 100)

    jobs.wait(jobs.start("index", "half", work), 10)
    halfway = [event for event in watch.seen if event.done == 50]
    for event in halfway:
        assert event.seconds_left == pytest.approx(event.elapsed, rel=0.1)


def test_a_subscriber_may_start_another_job(jobs: Jobs, events: Events, watch: Watch) -> None:
    started: list[int] = []

    def chain(event: Event) -> None:
        if isinstance(event, JobChanged) and event.state == "queued" and not started:
            started.append(event.job_id)
            started.append(jobs.start("index", "second", lambda ctx: "second"))

    events.subscribe(chain)
    jobs.start("index", "first", lambda ctx: "first")
    assert jobs.wait(started[1], 10) == "second"


def test_closing_cancels_what_runs_and_refuses_what_comes(events: Events, watch: Watch) -> None:
    jobs = Jobs(events)
    job = jobs.start("index", "long", lambda ctx: ctx.wait(60))
    jobs.close()
    assert watch.until(job, "cancelled")
    with pytest.raises(ForgeError, match="closing"):
        jobs.start("index", "late", lambda ctx: None)
    jobs.close()


def test_events_reach_subscribers_in_order_until_they_leave(events: Events) -> None:
    heard: list[tuple[str, Event]] = []
    leave = events.subscribe(lambda event: heard.append(("first", event)))
    events.subscribe(lambda event: heard.append(("second", event)))
    events.changed("documents", "messages")
    leave()
    leave()
    events.changed("settings")
    assert heard == [
        ("first", DataChanged(frozenset({"documents", "messages"}))),
        ("second", DataChanged(frozenset({"documents", "messages"}))),
        ("second", DataChanged(frozenset({"settings"}))),
    ]


def test_ended_jobs_are_forgotten_after_a_while(jobs: Jobs) -> None:
    first = jobs.start("index", "count", lambda ctx: 0)
    assert jobs.wait(first, 10) == 0
    for number in range(300):
        job_id = jobs.start("index", "count", lambda ctx, number=number: number)
    assert jobs.wait(job_id, 10) == 299
    assert len(jobs._jobs) <= 257
    with pytest.raises(KeyError):
        jobs.wait(first)


def test_who_waits_may_rely_on_everybody_having_heard(jobs: Jobs, events: Events) -> None:
    heard: list[str] = []
    slow = threading.Event()

    def listener(event: Event) -> None:
        if isinstance(event, JobChanged) and event.state == "done":
            slow.wait(0.2)
            assert jobs.running() == []
            heard.append(event.state)

    events.subscribe(listener)
    jobs.wait(jobs.start("index", "count", lambda ctx: 1), 10)
    assert heard == ["done"]

"""Training runs from their start to their end: done, repeated, paused, stopped, killed, resumed, diverged."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import signal
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from forge_desktop.base.errors import Cancelled, ForgeError
from forge_desktop.base.events import Event, JobChanged
from forge_desktop.forge import Forge
from forge_desktop.students import run_log
from forge_desktop.students.records_training import TrainProgress, TrainRun, TrainSource, TrainWish
from tests.data import tiny_gguf
from tests.students.training_rooms import BASE, FACTS, WISH, opened, pairs_file, train

pytestmark = pytest.mark.shared_child  # the application outlives each test

LONG = dataclasses.replace(WISH, epochs=60)


@pytest.fixture(scope="module")
def forge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Forge]:
    """One application for all of them: each run has its own folder."""
    with opened(tmp_path_factory.mktemp("training") / "data") as made:
        yield made


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The pairs."""
    return pairs_file(tmp_path_factory.mktemp("pairs") / "facts.jsonl")


class Steps:
    """Hears a job's progress and lets a test wait for a step or a state."""

    def __init__(self, forge: Forge) -> None:
        self._changed = threading.Condition()
        self.seen: list[TrainProgress] = []
        self.stop = forge.events.subscribe(self._hear)

    def _hear(self, event: Event) -> None:
        if isinstance(event, JobChanged) and isinstance(event.detail, TrainProgress):
            with self._changed:
                self.seen.append(event.detail)
                self._changed.notify_all()

    def forget(self) -> None:
        """What came until now is of another run."""
        with self._changed:
            self.seen.clear()

    def wait_for(self, met: Callable[[TrainProgress], bool]) -> TrainProgress:
        with self._changed:
            assert self._changed.wait_for(lambda: any(met(each) for each in self.seen), timeout=60)
            return next(each for each in self.seen if met(each))


@pytest.fixture
def steps(forge: Forge) -> Iterator[Steps]:
    """What the run of this test tells."""
    heard = Steps(forge)
    yield heard
    heard.stop()


def _started(forge: Forge, file: Path, steps: Steps, wish: TrainWish = LONG) -> tuple[int, str]:
    steps.forget()
    job = forge.students.training.start(TrainSource(file=str(file)), BASE, wish)
    return job, steps.wait_for(lambda at: at.step >= 2).run


def test_a_run_makes_a_candidate_and_can_be_done_again_to_the_byte(forge: Forge, file: Path) -> None:
    run = train(forge, file, name="Facts")
    assert (run.state, run.name, run.problem) == ("done", "Facts", "")
    version = forge.students.registry.version(run.version)
    assert (version.state, version.run, version.quarantined) == ("candidate", run.uid, False)
    assert version.adapter_sha256 == run.result["adapter_sha256"]
    assert run.data["train_pairs"] == 5
    assert run.data["validation_pairs"] == 1
    points = forge.students.training.points(run.uid)
    assert [point.step for point in points] == list(range(1, run.steps + 1))
    assert points[-1].tokens == run.result["tokens"]
    assert points[-1].validation is not None
    assert points[-1].loss < points[0].loss
    log = json.loads((Path(run.folder) / run_log.LOG).read_text())
    assert log == json.loads(json.dumps(forge.students.training.log(run.uid)))
    assert log["base"]["sha256"] == run.base_sha256
    assert len(log["pairs"]) == 6
    assert {(one.question, one.answer) for one in forge.students.training.learnt(run.uid)} == set(FACTS)
    assert log["trainer"]["torch"]
    assert log["trainer"]["kit_sha256"]
    assert len(log["steps"]) == run.steps
    assert log["job"]["seed"] == 1
    assert log["data"]["template_sha256"] == hashlib.sha256(tiny_gguf.CHATML.encode()).hexdigest()
    assert log["result"]["stop"] in ("finished", "early")

    again = forge.jobs.wait(forge.students.training.again(run.uid), timeout=120)
    assert isinstance(again, TrainRun)
    assert again.result["same_bytes"] is True
    assert (again.again_of, again.version) == (run.uid, run.version)
    assert again.result["adapter_sha256"] == run.result["adapter_sha256"]


def test_killed_runs_go_on_bit_identically(forge: Forge, file: Path, steps: Steps) -> None:
    wish = dataclasses.replace(WISH, epochs=12, patience=0)
    whole = train(forge, file, wish)
    job, uid = _started(forge, file, steps, wish)
    folder = Path(forge.students.training.run(uid).folder)
    os.kill(next(frame["pid"] for frame in run_log.events(folder) if frame["event"] == "loading"), signal.SIGKILL)
    with pytest.raises(ForgeError, match="killed"):
        forge.jobs.wait(job, timeout=60)
    killed = forge.students.training.run(uid)
    assert (killed.state, killed.can_resume, killed.version) == ("interrupted", True, "")
    resumed = forge.jobs.wait(forge.students.training.resume(uid), timeout=120)
    assert isinstance(resumed, TrainRun)
    assert (resumed.state, resumed.problem) == ("done", "")
    assert resumed.result["adapter_sha256"] == whole.result["adapter_sha256"]
    points = forge.students.training.points(uid)
    assert [point.step for point in points] == list(range(1, resumed.steps + 1))
    assert [point.loss for point in points] == [point.loss for point in forge.students.training.points(whole.uid)]
    with pytest.raises(ForgeError, match="cannot be resumed"):
        forge.students.training.resume(uid)


def test_a_run_rests_goes_on_and_is_stopped_with_the_best_so_far(forge: Forge, file: Path, steps: Steps) -> None:
    training = forge.students.training
    job, uid = _started(forge, file, steps)
    training.pause(uid)
    steps.wait_for(lambda at: at.state == "paused")
    assert training.run(uid).state == "paused"
    with pytest.raises(ForgeError, match="is not over"):
        training.remove(uid)
    resting = max(at.step for at in steps.seen)
    training.go_on(uid)
    steps.wait_for(lambda at: at.state == "running" and at.step > resting + 2)
    training.stop(uid)
    run = forge.jobs.wait(job, timeout=60)
    assert isinstance(run, TrainRun)
    assert (run.state, run.result["stop"]) == ("stopped", "stopped")
    assert run.step < run.steps
    assert forge.students.registry.version(run.version).state == "candidate"


def test_a_cancelled_run_keeps_its_checkpoint_and_no_adapter(forge: Forge, file: Path, steps: Steps) -> None:
    training = forge.students.training
    job, uid = _started(forge, file, steps)
    training.pause(uid)
    steps.wait_for(lambda at: at.state == "paused")
    training.cancel(uid)
    with pytest.raises(Cancelled):
        forge.jobs.wait(job, timeout=60)
    run = training.run(uid)
    assert (run.state, run.version, run.can_resume) == ("cancelled", "", True)
    assert (Path(run.folder) / "state.pt").is_file()
    assert not (Path(run.folder) / "adapter.gguf").exists()
    training.remove(uid)
    assert not Path(run.folder).exists()
    assert uid not in [each.uid for each in training.runs()]


def test_a_run_that_diverges_makes_nothing(forge: Forge, file: Path) -> None:
    known = len(forge.students.registry.versions())
    wild = dataclasses.replace(WISH, learning_rate=1e6, epochs=40, clip=1e9, warmup=0.0, patience=0)
    with pytest.raises(ForgeError) as told:
        train(forge, file, wild)
    assert "lower learning rate" in told.value.hint
    run = forge.students.training.runs()[0]
    assert (run.state, run.version, run.can_resume) == ("diverged", "", False)
    assert run.problem
    assert len(forge.students.registry.versions()) == known
    assert not (Path(run.folder) / "adapter.gguf").exists()


def test_what_waits_for_its_turn_can_be_cancelled(forge: Forge, file: Path, steps: Steps) -> None:
    training = forge.students.training
    job, uid = _started(forge, file, steps)
    waiting = training.start(TrainSource(file=str(file)), BASE, WISH, name="Waits")
    other = training.runs()[0]
    assert other.name == "Waits"
    assert (other.waits_for, training.run(uid).waits_for) == (training.run(uid).name, "")
    training.cancel(other.uid)
    training.cancel(uid)
    for each in (job, waiting):
        with pytest.raises(Cancelled):
            forge.jobs.wait(each, timeout=60)
    assert training.run(other.uid).state == "cancelled"
    assert training.run(other.uid).can_resume, "it begins then"


def test_what_waits_when_the_application_ends_is_begun_later(tmp_path: Path) -> None:
    pairs = pairs_file(tmp_path / "facts.jsonl", FACTS)
    with opened(tmp_path / "data") as forge:
        forge.jobs.start("train", "gate", lambda ctx: ctx.wait(60))
        forge.students.training.start(TrainSource(file=str(pairs)), BASE, WISH, name="Waits")
        (waiting,) = forge.students.training.runs()
        assert (waiting.state, waiting.waits_for) == ("preparing", "the gate that was begun before it")
    with opened(tmp_path / "data") as forge:
        (left,) = forge.students.training.runs()
        assert (left.state, left.can_resume) == ("interrupted", True)
        assert "waited for its turn" in left.problem
        job = forge.students.training.resume(left.uid)
        assert forge.students.training.resume(left.uid) == job, "pressed twice, it is begun once"
        done = forge.jobs.wait(job, 120)
        assert isinstance(done, TrainRun)
        assert (done.uid, done.state, done.wish) == (left.uid, "done", WISH)


def test_a_run_that_the_application_left_is_interrupted(tmp_path: Path) -> None:
    with opened(tmp_path / "data", trainer=False) as forge:
        base = forge.students.list()[-1]
        forge.students.training._store.begin("a" * 32, "Left", base.sha256, WISH)
        forge.students.training._store.change("a" * 32, state="running")
    with opened(tmp_path / "data", trainer=False) as forge:
        (run,) = forge.students.training.runs()
        assert run.state == "interrupted"
        assert not run.can_resume
        with pytest.raises(ForgeError, match="no Python with torch"):
            train(forge, pairs_file(tmp_path / "facts.jsonl", FACTS))

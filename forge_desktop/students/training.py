"""Training runs: planned, started, watched, stopped, resumed."""

from __future__ import annotations

import dataclasses
import shutil
import time
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from forge_desktop.base.errors import ForgeError
from forge_desktop.base.events import Event, JobChanged
from forge_desktop.base.jobs import JobContext
from forge_desktop.base.paths import OwnerLock
from forge_desktop.students import run_log
from forge_desktop.students.finding_runs import RESUMABLE, find_base, find_run, instead_of_resuming
from forge_desktop.students.job_file import JOB
from forge_desktop.students.lessons import TRAIN, learnt_in
from forge_desktop.students.preparing import refuse_no_file
from forge_desktop.students.records_training import (
    Learnt,
    TrainingData,
    TrainPoint,
    TrainRun,
    TrainSource,
    TrainWish,
)
from forge_desktop.students.rooms import Rooms
from forge_desktop.students.running import Running
from forge_desktop.students.store import Bases
from forge_desktop.students.store_training import BEFORE, KILLED, OPEN, RunRow, TrainingStore
from forge_desktop.students.trainers import Trainers
from forge_desktop.students.training_sources import source_of, where_from

if TYPE_CHECKING:
    from forge_desktop.students.registry import Registry

LANE = "train"
GIVEN_UP = "It was cancelled before it began."
KEPT = "It waited for its turn to go on; its checkpoint is kept."
WAITED = "It waited for its turn when Forge Desktop ended, and has not begun."


class Training(Trainers):
    """Training runs; one goes at a time. Whatever takes long gives the id of a job.

    Publishes DataChanged({"training"}) when a run begins, changes its state or ends, and JobChanged with a
    TrainProgress while it goes.
    """

    def __init__(self, rooms: Rooms, bases: Bases, registry: Registry) -> None:
        super().__init__(rooms)
        self._bases = bases
        self._store = TrainingStore(rooms.db)
        self._running = Running(rooms, bases, self._store, self, registry)
        self._jobs: dict[str, int] = {}  # by the run's uid
        self._now = ""  # the run that a job is at
        if not self._store.read_only:
            self._store.interrupt()
            rooms.events.subscribe(self._on_event)

    # ---- what starts ----

    def plan(self, source: TrainSource, base: str, wish: TrainWish) -> int:
        """What a run would take: a job whose result is a TrainPlan. It reads all lessons and measures two steps.

        Raises ForgeError for a base, a dataset or a file that there is not, and where no Python trains.
        """
        found = find_base(self._bases, base)
        self._ready(source)
        return self._rooms.jobs.start(LANE, "train plan", lambda ctx: self._running.plan(ctx, source, found, wish))

    def start(self, source: TrainSource, base: str, wish: TrainWish, *, name: str = "") -> int:
        """Train an adapter: a job whose result is a TrainRun; what came of it is a version, a candidate.

        Raises ForgeError, before there is a run, as `plan` does.
        """
        found = find_base(self._bases, base)
        self._ready(source)
        row = self._store.begin(uuid.uuid4().hex, " ".join(name.split()), found.sha256, wish)
        self._store.change(row.uid, data=where_from(source))  # until it is read: what waits can be begun later too
        return self._begin(row, lambda ctx: self._running.start(ctx, row, source, found))

    def resume(self, uid: str) -> int:
        """Go on with a run from its checkpoint, or begin one that only waited: a job as that of `start`. Raises
        ForgeError where it cannot.
        """
        row = self._row(uid)
        if row.uid in self._jobs:
            return self._jobs[row.uid]
        if not self._can_resume(row):
            hint, commands = instead_of_resuming(row)
            raise ForgeError(f"{row.name} cannot be resumed: it is {row.state}.", hint=hint, commands=commands)
        base, work = find_base(self._bases, row.base_sha256), self._running.resume
        self.refuse_missing()
        if self._has_files(row):
            return self._resumed(row, lambda ctx: work(ctx, row, base))
        if row.again_of:
            original = self._row(row.again_of)
            return self._resumed(row, lambda ctx: self._running.again(ctx, row, original, base))
        source = source_of(row.data)
        assert source is not None
        self._ready(source)
        return self._resumed(row, lambda ctx: self._running.start(ctx, row, source, base))

    def again(self, uid: str) -> int:
        """Do a run again with the same data and settings: a job as that of `start`, whose run says in its result's
        `same_bytes` whether the adapter is the same to the byte. Raises ForgeError where its files are gone.
        """
        original = self._row(uid)
        if original.state in OPEN:
            raise ForgeError(f"{original.name} is not over.", hint="Wait for its end, or cancel it first.")
        if not self._has_files(original):
            raise ForgeError(
                f"{original.name} cannot be done again: it has no lessons, since it ended before it trained.",
                hint="Start a new run from the same pairs.",
            )
        base = find_base(self._bases, original.base_sha256)
        self.refuse_missing()
        name = f"{original.name}, again"
        row = self._store.begin(uuid.uuid4().hex, name, base.sha256, original.wish, again_of=original.uid)
        return self._begin(row, lambda ctx: self._running.again(ctx, row, original, base))

    # ---- while it goes ----

    def pause(self, uid: str) -> None:
        """Hold a run at the end of its step. Raises ForgeError where it does not go."""
        self._rooms.jobs.pause(self._job(uid))

    def go_on(self, uid: str) -> None:
        """Let a paused run go on. Raises ForgeError where it is over."""
        self._rooms.jobs.resume(self._job(uid))

    def stop(self, uid: str) -> None:
        """End a run after its step, with the best adapter so far. Raises ForgeError where none trains yet."""
        job, row = self._job(uid), self._row(uid)
        trainer = self._running.live.get(row.uid)
        if trainer is None:
            raise ForgeError(f"{row.name} does not train yet.", hint="Cancel it, or wait until it does.")
        trainer.stop()
        self._rooms.jobs.resume(job)

    def cancel(self, uid: str) -> None:
        """Give a run up: it ends after its step, without an adapter; its checkpoint stays."""
        job = self._job(uid)
        self._running.cancelled.add(self._row(uid).uid)
        self._rooms.jobs.cancel(job)

    # ---- looking ----

    def runs(self) -> list[TrainRun]:
        """Every run, the newest first."""
        return [self._run(row) for row in self._store.all()]

    def run(self, uid: str) -> TrainRun:
        """A run by its uid, the beginning of it, its number, or its name. Raises ForgeError when there is none."""
        return self._run(self._row(uid))

    def points(self, uid: str) -> list[TrainPoint]:
        """The curves of a run, read from its files."""
        return run_log.points(self._running.folder / self._row(uid).uid)

    def log(self, uid: str) -> Mapping[str, object]:
        """Everything that is known of a run, for its repetition and for cards."""
        return self._running.log(self._row(uid).uid)

    def learnt(self, uid: str) -> list[Learnt]:
        """The lessons a run learnt from, replayed answers too, as the run itself keeps them. Raises ForgeError where
        they are gone.
        """
        return learnt_in(self._running.folder / self._row(uid).uid)

    def reached_by(self, document_sha256: str) -> tuple[TrainRun, ...]:
        """The runs that learnt from a document, the newest first."""
        return tuple(self._run(row) for row in self._store.reached_by(document_sha256))

    def remove(self, uid: str) -> None:
        """Remove a run with its files; a version that came of it stays. Raises ForgeError while it goes."""
        row = self._row(uid)
        if row.state in OPEN:
            raise ForgeError(f"{row.name} is not over.", hint="Cancel it first.")
        self._store.remove(row.uid)
        shutil.rmtree(self._running.folder / row.uid, ignore_errors=True)
        self._rooms.events.changed("training")

    def bundle(
        self, source: TrainSource, base: str, wish: TrainWish, check: Callable[[], None] = lambda: None
    ) -> TrainingData:
        """The lessons of a run as messages, split as it would be; for a thread that may wait. Raises ForgeError, and
        what `check` raises.
        """
        return self._running.bundle(source, find_base(self._bases, base), wish, check)

    # ---- inside ----

    def _resumed(self, row: RunRow, work: Callable[[JobContext], RunRow]) -> int:
        self._store.change(row.uid, state="preparing", problem="", ended=None)
        return self._begin(row, work)

    def _begin(self, row: RunRow, work: Callable[[JobContext], RunRow]) -> int:
        def job(ctx: JobContext) -> TrainRun:
            self._now = row.uid
            try:
                return self._run(work(ctx))
            finally:
                self._now = ""
                self._jobs.pop(row.uid, None)

        self._jobs[row.uid] = self._rooms.jobs.start(LANE, "train", job)
        self._rooms.events.changed("training")
        return self._jobs[row.uid]

    def _on_event(self, event: Event) -> None:
        """A job that was cancelled while it waited for its turn never came to its run."""
        if not isinstance(event, JobChanged) or event.state != "cancelled" or event.kind != "train":
            return
        for uid in [uid for uid, job in self._jobs.items() if job == event.job_id]:
            self._jobs.pop(uid, None)
            given_up = uid in self._running.cancelled
            state, words = ("cancelled", GIVEN_UP) if given_up else ("interrupted", WAITED)
            if self._has_files(self._row(uid)):
                words = KEPT
            self._running.cancelled.discard(uid)
            self._store.change(uid, state=state, problem=words, ended=time.time())
            self._rooms.events.changed("training")

    def _job(self, uid: str) -> int:
        row = self._row(uid)
        job = self._jobs.get(row.uid)
        if job is None:
            raise ForgeError(f"{row.name} does not go now: it is {row.state}.")
        return job

    def _row(self, uid: str) -> RunRow:
        return find_run(self._store, uid)

    def _can_resume(self, row: RunRow) -> bool:
        if row.state not in RESUMABLE:
            return False
        never_began = row.state != "failed" and not row.step and bool(row.again_of or source_of(row.data))
        return self._has_files(row) or never_began

    def _has_files(self, row: RunRow) -> bool:
        folder = self._running.folder / row.uid
        return (folder / JOB).is_file() and (folder / TRAIN).is_file()

    def _ready(self, source: TrainSource) -> None:
        """Refuse what would fail anyway, before there is a run."""
        if source.dataset:
            self._rooms.distill.datasets.get(source.dataset)
        if source.file:
            refuse_no_file(Path(source.file))
        self.refuse_missing()

    def _as_it_is(self, row: RunRow) -> RunRow:
        """Who only looks on says of a run whose application was killed what the next owner will write down."""
        if row.state not in OPEN or not self._store.read_only or OwnerLock(self._rooms.data_dir).is_held():
            return row
        return dataclasses.replace(row, state="interrupted", problem=KILLED if row.plan else BEFORE)

    def _run(self, row: RunRow) -> TrainRun:
        row = self._as_it_is(row)
        base = self._bases.by_sha256(row.base_sha256)
        return TrainRun(
            uid=row.uid,
            number=row.number,
            name=row.name,
            state=row.state,
            base_sha256=row.base_sha256,
            base_name=base.name if base is not None else "",
            wish=row.wish,
            plan=row.plan,
            data=row.data,
            result=row.result,
            step=row.step,
            steps=row.steps,
            problem=row.problem,
            version=row.version,
            again_of=row.again_of,
            created=row.created,
            started=row.started,
            ended=row.ended,
            can_resume=self._can_resume(row),
            folder=str(self._running.folder / row.uid),
            job=self._jobs.get(row.uid, 0),
            waits_for=self._before(row),
        )

    def _before(self, row: RunRow) -> str:
        """What has to end before a run can begin, "" where nothing has to."""
        if row.uid not in self._jobs or row.uid == self._now:
            return ""
        if (now := self._store.find(self._now)) is not None:
            return now.name
        gates = [job for job in self._rooms.jobs.running("gate") if job < self._jobs.get(row.uid, 0)]
        return "the gate that was begun before it" if gates else "what was begun before it"

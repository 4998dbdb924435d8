"""The work of a training job: lessons, a plan, the trainer's process, the adapter that comes of it."""

from __future__ import annotations

import contextlib
import dataclasses
import shutil
import tempfile
import time
import urllib.parse
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from forge_desktop.base.errors import Cancelled, ForgeError
from forge_desktop.base.jobs import JobContext
from forge_desktop.engine.machine_facts import processor
from forge_desktop.students import lessons, run_log
from forge_desktop.students.adapter_file import BadAdapter, check_adapter
from forge_desktop.students.estimating import Setting
from forge_desktop.students.job_file import JOB, is_whole, move_base, write_job
from forge_desktop.students.kit import kit_sha256
from forge_desktop.students.leaving import refuse_kept_back
from forge_desktop.students.lessons import Lessons
from forge_desktop.students.planning import Planner
from forge_desktop.students.records_training import (
    Learnt,
    TrainerProbe,
    TrainingData,
    TrainPlan,
    TrainSource,
    TrainWish,
)
from forge_desktop.students.rooms import Rooms
from forge_desktop.students.store import Base, Bases
from forge_desktop.students.store_training import RunRow, TrainingStore
from forge_desktop.students.supervising import End, Trainer
from forge_desktop.students.trainers import Trainers
from forge_desktop.students.training_energy import metered
from forge_desktop.students.watching import Watch

if TYPE_CHECKING:
    from forge_desktop.students.registry import Registry

_RESULT, _ADAPTER = "result.json", "adapter.gguf"
_NOT_OURS = ("event", "time")  # of the trainer's last event


class Running:
    """Does the work of jobs, one at a time. `live` are the trainers that run now, by the run's uid."""

    def __init__(
        self, rooms: Rooms, bases: Bases, store: TrainingStore, trainers: Trainers, registry: Registry
    ) -> None:
        self._rooms, self._bases, self._store = rooms, bases, store
        self._trainers, self._registry = trainers, registry
        self.folder = rooms.data_dir / "training"
        self._planner = Planner(rooms, self.folder)
        self.live: dict[str, Trainer] = {}
        self.cancelled: set[str] = set()  # uids of runs that a person gave up

    # ---- what jobs do ----

    def plan(self, ctx: JobContext, source: TrainSource, base: Base, wish: TrainWish) -> TrainPlan:
        """What a run would take, two of its steps measured where they are sure to fit."""
        try:
            return self._plan(ctx, source, base, wish)
        except OSError as error:
            raise _of_files(error) from error

    def _plan(self, ctx: JobContext, source: TrainSource, base: Base, wish: TrainWish) -> TrainPlan:
        shape = self._planner.checked(base)
        probe = self._trainers.needed(ctx)
        _, made = self._planner.lessons(ctx, source, base, wish)
        setting = self._planner.settled(shape, wish, probe)
        plan = self._planner.planned(base, shape, made, wish, setting)
        if not plan.fits:
            return plan
        for left in self.folder.glob("measure-*"):
            shutil.rmtree(left, ignore_errors=True)  # of a kill
        work = Path(tempfile.mkdtemp(prefix="measure-", dir=self.folder))
        try:
            made.write(work)
            write_job(work, base, shape, wish, setting)
            ctx.progress(0, None, "Measuring two steps")
            end = self._trainer(ctx, probe, setting.threads).run("measure", str(work))
        finally:
            shutil.rmtree(work, ignore_errors=True)
        ctx.check()
        if end.what != "done":
            return dataclasses.replace(plan, fits=False, reasons=(*plan.reasons, end.problem), instead=(end.hint,))
        return self._planner.measured(plan, shape, wish, setting, made, end.last)

    def start(self, ctx: JobContext, row: RunRow, source: TrainSource, base: Base) -> RunRow:
        """Train from the beginning. Whatever happens, the run says how it ended; what was raised is raised again."""
        with self._worded(ctx, row):
            shape = self._planner.checked(base)
            probe = self._trainers.needed(ctx)
            _, made = self._planner.lessons(ctx, source, base, row.wish)
            setting = self._planner.settled(shape, row.wish, probe)
            plan = self._planner.planned(base, shape, made, row.wish, setting)
            self._keep_plan(row, plan, made, setting, probe)
            if not plan.fits:
                raise ForgeError(" ".join(plan.reasons), hint=" ".join(plan.instead))
            folder = self.place(row.uid)
            made.write(folder)
            write_job(folder, base, shape, row.wish, setting)
            self._train(ctx, row, base, probe)
        return self._row(row)

    def resume(self, ctx: JobContext, row: RunRow, base: Base) -> RunRow:
        """Go on from the checkpoint; where the adapter is there already, only take it in."""
        with self._worded(ctx, row):
            self._planner.checked(base)
            self.cancelled.discard(row.uid)
            self._store.change(row.uid, state="preparing", problem="", ended=None)
            result = run_log.read_json(self.place(row.uid) / _RESULT)
            if result and is_whole(self.place(row.uid) / _ADAPTER, str(result.get("adapter_sha256", ""))):
                self._take_in(row, base, result)
            else:
                self._train(ctx, row, base, self._trainers.needed(ctx))
        return self._row(row)

    def again(self, ctx: JobContext, row: RunRow, original: RunRow, base: Base) -> RunRow:
        """Do `original` again as `row`, from its own lessons and job."""
        with self._worded(ctx, row):
            self._planner.checked(base)
            probe = self._trainers.needed(ctx)
            before, folder = self.place(original.uid), self.place(row.uid)
            for name in (lessons.TRAIN, lessons.VALIDATION, lessons.WORDS, JOB):
                try:
                    shutil.copyfile(before / name, folder / name)
                except FileNotFoundError:
                    raise ForgeError(
                        f"The files of {original.name} are not complete any more: {name} is missing.",
                        hint="Start a new run from the same pairs.",
                    ) from None
            move_base(folder / JOB, base)
            self._store.learn(row.uid, lessons.learnt_in(folder))
            self._store.change(row.uid, plan=dict(original.plan), data=dict(original.data))
            self._train(ctx, row, base, probe)
        return self._row(row)

    def bundle(self, source: TrainSource, base: Base, wish: TrainWish, check: Callable[[], None]) -> TrainingData:
        """The lessons as messages."""
        chosen = self._planner.chosen(source, wish, lambda _done, _note: check())
        with self._planner.engine(base, check) as engine:
            replay = self._planner.replay(base, chosen, wish, engine, lambda _done, _total, _note: check())
        facts: dict[str, object] = {
            **chosen.facts,
            "pairs": len(chosen.train) + len(chosen.validation),
            "train_pairs": len(chosen.train),
            "validation_pairs": len(chosen.validation),
            "replay": dict(replay.facts),
            "left_out": [[one.pair, one.name, one.why] for one in chosen.left_out],
        }
        rows = lessons.as_text(chosen, replay)
        return TrainingData(base.sha256, base.name, base.architecture, wish, rows, facts)

    def place(self, uid: str) -> Path:
        """The folder of a run, made where it is not there."""
        folder = self.folder / uid
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        return folder

    # ---- the trainer ----

    def _keep_plan(self, row: RunRow, plan: TrainPlan, made: Lessons, setting: Setting, probe: TrainerProbe) -> None:
        facts = {
            **dataclasses.asdict(plan),
            "threads": setting.threads,
            "device_name": setting.device_name,
            "processor": processor(),
            "interpreter": probe.python,
            "kit_sha256": kit_sha256(),
        }
        self._store.learn(row.uid, made.learnt)
        self._store.change(row.uid, plan=facts, data=dict(made.facts), steps=plan.steps)

    def _trainer(self, ctx: JobContext, probe: TrainerProbe, threads: int, **hooks: Any) -> Trainer:
        return Trainer(probe.python, self._trainers.kit(), ctx, threads=threads, **hooks)

    def _train(self, ctx: JobContext, row: RunRow, base: Base, probe: TrainerProbe) -> None:
        """Run the trainer to its end and take in what came of it. Raises ForgeError, Cancelled."""
        ctx.check()
        folder = self.place(row.uid)
        job = run_log.read_json(folder / JOB)
        watch = Watch(self._store, self._rooms.events, ctx, row)
        device, threads = str(job.get("device", "")), int(job.get("threads", 0))
        with metered(device, whole=row.step == 0, shared=bool(row.wish.ray)) as energy:
            trainer = self._trainer(ctx, probe, threads, heard=energy.hearing(watch.heard), rests=watch.rests)
            self.live[row.uid] = trainer
            try:
                end = trainer.run(*self._verb(row.wish, folder))
            finally:
                self.live.pop(row.uid, None)
            spent = energy.facts()
        self._ended(row, base, end, spent)

    def _verb(self, wish: TrainWish, folder: Path) -> tuple[str, ...]:
        if not wish.ray:
            return ("run", str(folder))
        refuse_kept_back(self._rooms.corpus, lessons.learnt_in(folder), wish.ray)
        self._rooms.providers.may_connect(urllib.parse.urlsplit(f"//{wish.ray.split('://')[-1]}").hostname or wish.ray)
        return ("ray", str(folder), "--address", wish.ray, "--workers", str(wish.workers))

    def _ended(self, row: RunRow, base: Base, end: End, spent: Mapping[str, object]) -> None:
        if end.what == "done":
            told = {name: value for name, value in end.last.items() if name not in _NOT_OURS}
            self._take_in(row, base, {**told, **spent})
            return
        if end.what == "cancelled":
            raise Cancelled
        state = {"diverged": "diverged", "killed": "interrupted"}.get(end.what, "failed")
        self._store.change(row.uid, state=state, result={"stderr": list(end.lines)})
        raise ForgeError(end.problem, hint=end.hint)

    def _take_in(self, row: RunRow, base: Base, result: Mapping[str, Any]) -> None:
        """Check the adapter and register what it makes as a candidate."""
        adapter = self.place(row.uid) / _ADAPTER
        try:
            found = check_adapter(adapter, base.path)
        except (BadAdapter, OSError) as error:
            raise ForgeError(f"The adapter that was trained cannot be used: {error}.") from error
        if found.sha256 != result.get("adapter_sha256"):
            raise ForgeError("The adapter's file is not the one that the trainer wrote.", hint="Resume the run.")
        facts = dict(result)
        original = self._store.find(row.again_of) if row.again_of else None
        if original is not None:
            facts["same_bytes"] = original.result.get("adapter_sha256") == found.sha256
        version, known_as = self._registered(row, base, original if facts.get("same_bytes") else None, adapter)
        facts["known_as"] = known_as
        state = "stopped" if result.get("stop") == "stopped" else "done"
        self._store.change(
            row.uid, state=state, result=facts, version=version, step=int(result.get("step", row.step)), problem=""
        )

    def _registered(self, row: RunRow, base: Base, same: RunRow | None, adapter: Path) -> tuple[str, str]:
        """The version's uid, and what it is called where these bytes were a version before."""
        if same is not None and same.version:
            return same.version, ""
        note = f"Trained in {row.name} from {self._row(row).data.get('name', 'pairs')}."
        made = self._registry.add(adapter, base.sha256, origin="trained", run=row.uid, name=row.name, note=note)
        return made.uid, "" if made.run == row.uid else f"{made.label} “{made.name}”"

    # ---- ends ----

    @contextlib.contextmanager
    def _worded(self, ctx: JobContext, row: RunRow) -> Iterator[None]:
        """Whatever ends the block, the run says it, and its log is written."""
        self._rooms.events.changed("training")
        try:
            yield
        except Cancelled:
            given_up = row.uid in self.cancelled
            trained = (self.folder / row.uid / JOB).is_file()
            words = "It was stopped; its checkpoint is kept." if trained else "It was stopped before it trained."
            self._fail(row, "cancelled" if given_up else "interrupted", words)
            raise
        except ForgeError as error:
            self._fail(row, "failed", " ".join(filter(None, (error.message, error.hint))))
            raise
        except OSError as error:
            worded = _of_files(error)
            self._fail(row, "failed", worded.message)
            raise worded from error
        else:
            self._close(row)

    def _fail(self, row: RunRow, state: str, problem: str) -> None:
        now = self._row(row)
        state = now.state if now.state in ("diverged", "interrupted") else state
        with contextlib.suppress(ForgeError):  # a full disk; at the next start it counts as interrupted
            self._store.change(row.uid, state=state, problem=problem)
        self._close(row)

    def _close(self, row: RunRow) -> None:
        with contextlib.suppress(ForgeError, OSError):
            self._store.change(row.uid, ended=time.time())
            run_log.write(self.place(row.uid), self.log(row.uid))
        self._rooms.events.changed("training")

    def log(self, uid: str) -> dict[str, Any]:
        """The whole log of a run."""
        row = self._store.find(uid)
        assert row is not None
        base = self._bases.by_sha256(row.base_sha256)
        learnt: list[Learnt] = []
        with contextlib.suppress(ForgeError):  # it never came so far
            learnt = lessons.learnt_in(self.folder / uid)
        return run_log.made(row, base, learnt, self.folder / uid, self._store.gates(row.version))

    def _row(self, row: RunRow) -> RunRow:
        return self._store.find(row.uid) or row


def _of_files(error: OSError) -> ForgeError:
    return ForgeError(
        f"The run's files could not be written: {error.strerror or error}.", hint="Free some space, then try again."
    )

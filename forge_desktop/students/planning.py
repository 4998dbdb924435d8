"""What a run learns from and what it would take: lessons of a base, and the plan that they make."""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from forge_desktop.base.jobs import JobContext
from forge_desktop.engine import Engine, StudentSpec
from forge_desktop.students import estimating
from forge_desktop.students.estimating import BaseShape, Setting
from forge_desktop.students.job_file import refuse_changed
from forge_desktop.students.lessons import Lessons, make, wanted_replay
from forge_desktop.students.preparing import Chosen, choose
from forge_desktop.students.records_training import TrainerProbe, TrainPlan, TrainSource, TrainWish
from forge_desktop.students.replaying import Replay, Replaying
from forge_desktop.students.rooms import Rooms
from forge_desktop.students.store import Base


class Planner:
    """Makes lessons and plans; `folder` is where runs are kept."""

    def __init__(self, rooms: Rooms, folder: Path) -> None:
        self._rooms, self._folder = rooms, folder

    # ---- lessons ----

    def lessons(self, ctx: JobContext, source: TrainSource, base: Base, wish: TrainWish) -> tuple[Chosen, Lessons]:
        def tell(done: int, total: int, note: str) -> None:
            ctx.progress(done, total, note)

        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        chosen = self.chosen(source, wish, lambda done, note: ctx.progress(done, None, note))
        with self.engine(base, ctx.check) as engine:
            replay = self.replay(base, chosen, wish, engine, tell)
            template = self._template(base)
            made = make(chosen, replay, wish, engine, template=template, tell=tell)
        sha256 = hashlib.sha256((template or base.template).encode()).hexdigest()
        return chosen, dataclasses.replace(made, facts={**made.facts, "template_sha256": sha256})

    def chosen(self, source: TrainSource, wish: TrainWish, tell: Callable[[int, str], None]) -> Chosen:
        distill = self._rooms.distill
        return choose(source, wish.validation, distill=distill, read_pair=self._rooms.read_pair, tell=tell)

    def replay(
        self, base: Base, chosen: Chosen, wish: TrainWish, engine: Engine, tell: Callable[[int, int, str], None]
    ) -> Replay:
        wanted = wanted_replay(len(chosen.train), wish.replay)
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not wanted:
            return Replay((), {"wanted": 0, "distinct": 0, "computed": 0, "seconds": 0.0, "tokens": 0})
        return Replaying(self._folder, base.sha256, self._template(base)).lessons(wanted, engine, tell)

    def _template(self, base: Base) -> str:
        """The chat template that a person set for this student, "" for the one in its file."""
        return self._rooms.chat.options.of_student(base.sha256, str(base.path)).options.template

    @contextlib.contextmanager
    def engine(self, base: Base, check: Callable[[], None]) -> Iterator[Engine]:
        """The base in a child of its own, beside the one that chats."""
        engine = self._rooms.engine.beside()
        try:
            engine.use(StudentSpec(base.name, str(base.path), base.sha256), check=lambda: refuse_changed(base))
            engine.warm(check)
            yield engine
        finally:
            engine.close()

    # ---- plans ----

    def checked(self, base: Base) -> BaseShape:
        """The base's shape, after a look whether its file is the one that was imported. Raises ForgeError."""
        refuse_changed(base)
        return estimating.read_shape(base.path)

    def settled(self, shape: BaseShape, wish: TrainWish, probe: TrainerProbe) -> Setting:
        import psutil

        cores = psutil.cpu_count(logical=False) or os.cpu_count() or 1
        return estimating.settle(shape, wish, probe, psutil.virtual_memory().available, cores)

    def planned(self, base: Base, shape: BaseShape, made: Lessons, wish: TrainWish, setting: Setting) -> TrainPlan:
        needed = estimating.memory_bytes(shape, wish, setting)
        data = sum(12 * len(row.ids) for row in (*made.train, *made.validation))
        disk, disk_free = estimating.disk_bytes(shape, wish, data), shutil.disk_usage(self._folder).free
        reasons = estimating.does_not_fit(needed, setting, disk, disk_free)
        left_out: Any = made.facts["left_out"]
        notes: Any = made.facts["notes"]
        bad: Any = made.facts.get("bad", [])
        bad_lines: Any = made.facts.get("bad_lines", 0)
        instead = estimating.what_would(shape, wish, setting, made.longest) if reasons else ()
        if made.truncated:
            instead = (*instead, f"Rows of {made.longest:,} tokens (row_tokens) would hold every pair.")
        return TrainPlan(
            base=base.name,
            architecture=shape.architecture,
            pairs=made.train_pairs + len(made.validation),
            train_pairs=made.train_pairs,
            validation_pairs=len(made.validation),
            replay_pairs=made.replay_pairs,
            truncated=made.truncated,
            tokens=made.tokens,
            supervised_tokens=made.supervised,
            steps=estimating.steps([len(row.ids) for row in made.train], wish),
            device=setting.device,
            dtype=setting.dtype,
            checkpointing=setting.checkpointing,
            memory_bytes=needed,
            memory_free=setting.free,
            disk_bytes=disk,
            disk_free=disk_free,
            adapter_bytes=estimating.adapter_bytes(shape, wish),
            seconds_a_step=None,
            seconds=None,
            fits=not reasons,
            reasons=reasons,
            instead=instead,
            notes=tuple(notes),
            left_out=tuple(f"{name}: {why}" for _, name, why in left_out),
            bad_lines=int(bad_lines),
            bad=tuple(bad),
        )

    def measured(
        self,
        plan: TrainPlan,
        shape: BaseShape,
        wish: TrainWish,
        setting: Setting,
        made: Lessons,
        told: Mapping[str, Any],
    ) -> TrainPlan:
        """The plan with what two steps took. A step's time is by its tokens: the last row of an epoch is short."""
        tokens, seconds = max(1, int(told["tokens"])), float(told["seconds_a_step"])
        whole = seconds / tokens * made.tokens * wish.epochs
        needed = max(int(told["peak_bytes"]), plan.adapter_bytes)
        reasons = estimating.does_not_fit(needed, setting, plan.disk_bytes, plan.disk_free)
        instead = estimating.what_would(shape, wish, setting, made.longest) if reasons else ()
        return dataclasses.replace(
            plan,
            memory_bytes=needed,
            seconds_a_step=round(whole / plan.steps, 4),
            seconds=round(whole, 1),
            fits=not reasons,
            reasons=reasons,
            instead=tuple(dict.fromkeys((*instead, *plan.instead))),
        )

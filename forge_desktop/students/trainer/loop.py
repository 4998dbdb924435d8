"""The training loop: steps, validation, checkpoints, and every way a run ends."""

from __future__ import annotations

import json
import math
import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from ..adapter_file import write_adapter
from . import checkpoint
from .adapter import Adapter
from .job import (
    ADAPTER,
    BEST,
    CANCELLED,
    DIVERGED,
    DONE,
    RESULT,
    STATE,
    TRAIN,
    VALIDATION,
    BadJob,
    Job,
    check_base,
    fingerprint,
    read_job,
    read_lessons,
)  # fmt: skip
from .machine import Place, device_peak, memory_free, resident_peak, resolve, settle, versions
from .network import Network
from .packing import Row, Step, judged, pack, plan
from .sharing import Alone, Peers
from .talk import Talk
from .watch import Diverged, Watch, refuse_worse
from .weights import Weights

_SAVE_EVERY = 20
_BETTER = 1e-4  # what a validation must gain to be the best so far


class Run:
    """One training run, from its folder to its adapter. `rows` of a step are shared with `peers`."""

    def __init__(self, folder: Path, talk: Talk, peers: Peers | None = None) -> None:
        self.job: Job = read_job(folder)
        self.folder, self._talk, self._peers = folder, talk, peers or Alone()
        self.place: Place = resolve(self.job)
        settle(self.place, self.job.seed)
        self._steps = plan(self.job, read_lessons(folder / TRAIN))
        self._validation = pack(read_lessons(folder / VALIDATION), self.job.row_tokens)
        resolved = {"device": self.place.device, "dtype": self.place.dtype, "threads": self.place.threads}
        self._fingerprint = fingerprint(self.job, folder, resolved)
        self._at = 0
        self._judged = self._validation or judged(self._steps)
        self._own_loss: float | None = None  # of the base, on what the end is judged by
        self._best: float | None = None
        self._worse = 0
        self._watch = Watch()
        self._spent = {"tokens": 0, "seconds": 0.0, "cpu_seconds": 0.0}
        self._loss, self._drift = math.nan, 0.0
        self._own: dict[tuple[int, ...], Any] = {}

    def load(self) -> None:
        """Bring the base in and go on from the checkpoint, if there is one. Raises BadJob."""
        self._talk.say("loading", pid=os.getpid(), **versions(), **vars(self.place), memory_free=memory_free())
        base = Path(self.job.base)
        check_base(base, self.job.base_sha256)
        self.network = Network(Weights(base, self.place.device, self.place.torch_dtype), self.place.torch_dtype)
        if self.network.shape.architecture != self.job.architecture:
            raise BadJob(f"The base is {self.network.shape.architecture}, the job is for {self.job.architecture}.")
        places = self.network.places(self.job.targets)
        self.adapter = Adapter(places, self.job, self.place.device)
        self.network.attach(self.adapter.tensors, self.job.alpha / self.job.rank, self.job.dropout)
        self.network.checkpointing = self.job.checkpointing
        self.network.learning = True
        if (state := checkpoint.load(self.folder / STATE, self._fingerprint)) is not None:
            self._restore(state)

    def go(self) -> int:
        """Train to one of its ends; returns the process's status."""
        self._talk.say(
            "start", step=self._at, steps=len(self._steps), parameters=self.adapter.parameters,
            fingerprint=self._fingerprint, checkpointing=self.job.checkpointing,
        )  # fmt: skip
        try:
            stop = self._train()
            if stop != "cancelled":
                self._refuse_worse()
        except Diverged as end:
            if self._leads:
                (self.folder / ADAPTER).unlink(missing_ok=True)
                self._talk.say("diverged", step=self._at, message=str(end))
            return DIVERGED
        if stop == "cancelled":
            self._save()
            return CANCELLED
        self._finish(stop)
        return DONE

    def step(self, step: Step) -> tuple[float, float]:
        """Compute one step and change the adapter; its loss and the gradient's norm. Raises Diverged."""
        total, drift = torch.zeros((), device=self.place.device), torch.zeros((), device=self.place.device)
        for row in step.rows[self._peers.rank :: self._peers.world]:
            learnt, held = self._row_sums(row)
            learnt, held = learnt / step.supervised, held / max(1, step.held)
            (learnt + self.job.hold * held).backward()
            total += learnt.detach()
            drift += held.detach()
        self._peers.sum([self.adapter.gradient, total, drift])
        self._drift = float(drift)
        loss, norm = float(total), self.adapter.change(self._rate(self._at))
        self._watch.see(self._at + 1, loss, norm)
        return loss, norm

    def first_steps(self, count: int) -> Sequence[Step]:
        """The first steps of the plan, for a measurement."""
        return self._steps[:count]

    @property
    def steps(self) -> int:
        """How many steps the run has."""
        return len(self._steps)

    @property
    def _leads(self) -> bool:
        return self._peers.rank == 0

    def _train(self) -> str:
        if self._own_loss is None:
            self._own_loss = self._loss_of(self._judged)
            if self._leads:
                self._talk.say("validation" if self._validation else "base", step=0, loss=self._own_loss, best=False)
        while self._at < len(self._steps):
            if wanted := self._heard():
                return "cancelled" if wanted == "cancel" else self._stopped()
            self._one_step(self._steps[self._at])
            self._at += 1
            last = self._at == len(self._steps)
            if self._validation and (last or self._evaluates()) and self._validate() and not last:
                return "early"
            if not last and self._at % (self.job.checkpoint_every or _SAVE_EVERY) == 0:
                self._save()
        return "finished"

    def _stopped(self) -> str:
        """Stop here: what is here may be the best there is."""
        if self._validation and self._at:
            self._validate()
        return "stopped"

    def _heard(self) -> str:
        """What the parent wants, agreed on by all processes; waits while it wants a pause."""
        if self._leads and self._talk.paused:
            self._save()
            self._talk.say("paused", step=self._at)
            self._talk.wait()
            if not self._talk.wanted:
                self._talk.say("going", step=self._at)
        word = torch.tensor([{"": 0, "stop": 1, "cancel": 2}[self._talk.wanted] if self._leads else 0])
        self._peers.sum([word])
        return ("", "stop", "cancel")[int(word)]

    def _one_step(self, step: Step) -> None:
        wall, cpu = time.monotonic(), time.process_time()
        self._loss, norm = self.step(step)
        seconds, busy = time.monotonic() - wall, time.process_time() - cpu
        self._spent["tokens"] += step.tokens
        self._spent["seconds"] += seconds
        self._spent["cpu_seconds"] += busy
        if self._leads:
            done = self._at + 1
            self._talk.say(
                "step", step=done, steps=len(self._steps), loss=self._loss, lr=self._rate(self._at),
                drift=self._drift, gradient_norm=norm, tokens=step.tokens, seconds=round(seconds, 4),
                cpu_seconds=round(busy, 4),
                resident_bytes=self._peak(), seconds_left=self._left(done),
            )  # fmt: skip

    def _left(self, done: int) -> float:
        tokens = sum(step.tokens for step in self._steps[done:])
        return round(self._spent["seconds"] / max(1, self._spent["tokens"]) * tokens, 1)

    def _rate(self, step: int) -> float:
        """Linear warm-up, then a cosine down to a tenth."""
        warm = max(1, int(self.job.warmup * len(self._steps)))
        if step < warm:
            return self.job.learning_rate * (step + 1) / warm
        share = (step - warm) / max(1, len(self._steps) - warm)
        return self.job.learning_rate * (0.1 + 0.9 * 0.5 * (1 + math.cos(math.pi * share)))

    def _row_loss(self, row: Row) -> Any:
        return self.network.loss_sum([(lesson.ids, lesson.start) for lesson in row.lessons])

    def _row_sums(self, row: Row) -> tuple[Any, Any]:
        """(loss, drift) of a row. What the base makes of a held lesson is computed once, by itself."""
        for lesson in row.lessons:
            if lesson.held and lesson.ids not in self._own:
                self._own[lesson.ids] = self.network.own(lesson.ids)
        return self.network.sums(
            [(one.ids, one.start, self._own[one.ids] if one.held else None) for one in row.lessons]
        )

    def _evaluates(self) -> bool:
        every = self.job.evaluate_every
        return self._at % every == 0 if every else self._steps[self._at - 1].ends_epoch

    def _validate(self) -> bool:
        """Measure the validation lessons, keep the best; whether it is time to stop. Raises Diverged."""
        found = self._loss_of(self._validation)
        better = self._best is None or found < self._best - _BETTER
        self._worse = 0 if better else self._worse + 1
        self._best = found if better else self._best
        if self._leads:
            if better:
                best = {"fingerprint": self._fingerprint, "step": self._at, "loss": found}
                checkpoint.save(self.folder / BEST, {**best, "numbers": self.adapter.numbers()})
            self._talk.say("validation", step=self._at, loss=found, best=better)
        return 0 < self.job.patience <= self._worse

    def _refuse_worse(self) -> None:
        """An adapter that is clearly worse than none is not written. Raises Diverged."""
        assert self._own_loss is not None
        kept = self._best if self._validation else self._loss_of(self._judged)
        if kept is not None:
            refuse_worse(kept, self._own_loss, "the validation pairs" if self._validation else "what it learnt from")

    def _loss_of(self, rows: Sequence[Row]) -> float:
        """The mean loss on these rows as the student is now. Raises Diverged."""
        total = torch.zeros((), dtype=torch.float64)
        self.network.learning = False
        with torch.no_grad():
            for row in rows[self._peers.rank :: self._peers.world]:
                total += float(self._row_loss(row))
        self.network.learning = True
        self._peers.sum([total])
        found = float(total) / sum(row.supervised for row in rows)
        if not math.isfinite(found):
            raise Diverged(f"The loss after step {self._at} is no number any more.")
        return found

    def _save(self) -> None:
        if not self._leads:
            return
        checkpoint.save(self.folder / STATE, {
            "fingerprint": self._fingerprint, "step": self._at, "adapter": self.adapter.state(), "best": self._best,
            "own_loss": self._own_loss, "worse": self._worse, "watch": self._watch.state(), "spent": dict(self._spent),
            "loss": self._loss, "random": torch.get_rng_state(), "device_random": self._device_random(),
        })  # fmt: skip
        self._talk.say("saved", step=self._at)

    def _restore(self, state: dict[str, Any]) -> None:
        self._at, self._best, self._worse = state["step"], state["best"], state["worse"]
        self._loss, self._own_loss = state["loss"], state["own_loss"]
        self._watch.restore(state["watch"])
        self._spent = dict(state["spent"])
        self.adapter.restore(state["adapter"])
        torch.set_rng_state(state["random"])
        if self.place.device == "cuda" and state["device_random"] is not None:
            torch.cuda.set_rng_state(state["device_random"])

    def _device_random(self) -> Any:
        return torch.cuda.get_rng_state() if self.place.device == "cuda" else None

    def _finish(self, stop: str) -> None:
        """Write the adapter: the best that was validated, where anything was."""
        if not self._leads:
            return
        best: dict[str, Any] = {"step": None, "loss": None}
        if self._best is not None and (kept := checkpoint.load(self.folder / BEST, self._fingerprint)):
            best = kept
            self.adapter.go_back(kept["numbers"])
        if not self.adapter.sound():
            raise BadJob("The adapter holds numbers that are none; it was not written.")
        meta = {**self.job.meta, "forge.base_sha256": self.job.base_sha256, "forge.job_sha256": self._fingerprint}
        sha256 = write_adapter(
            self.folder / ADAPTER, self.job.architecture, self.adapter.arrays(), self.job.alpha, meta
        )
        result = {
            "stop": stop, "adapter_sha256": sha256, "step": self._at, "steps": len(self._steps),
            "best_step": best["step"], "loss": self._loss, "validation": best["loss"], "base_loss": self._own_loss,
            "tokens": self._spent["tokens"], "seconds": round(self._spent["seconds"], 3),
            "cpu_seconds": round(self._spent["cpu_seconds"], 3), "peak_bytes": self._peak(),
            "device_bytes": device_peak(self.place.device),
            "fingerprint": self._fingerprint, **vars(self.place), "versions": versions(),
        }  # fmt: skip
        work = self.folder / f"{RESULT}.part"
        work.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
        os.replace(work, self.folder / RESULT)
        checkpoint.sync_folder(self.folder)
        self._talk.say("done", **result)

    def _peak(self) -> int:
        return max(resident_peak(), device_peak(self.place.device))

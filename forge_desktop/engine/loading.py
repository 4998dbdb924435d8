"""Starting a child and getting a student into it: the ladder of safer ways, and what is learnt on it."""

from __future__ import annotations

import contextlib
import logging
import os
from collections.abc import Callable
from dataclasses import asdict, replace

from forge_desktop.base.child import Frame, RestartBudget
from forge_desktop.base.errors import ForgeError
from forge_desktop.engine.errors import trouble
from forge_desktop.engine.layout import Layout, device_key
from forge_desktop.engine.records import StudentSpec
from forge_desktop.engine.records_plan import Plan, PlanWish, Timing
from forge_desktop.engine.running import Lost, RunningChild, Wish
from forge_desktop.engine.store import Flags, Rung

log = logging.getLogger(__name__)


class Superseded(Exception):  # noqa: N818 - not an error: another student is wanted now
    """The load is no longer wanted."""


class UnloadableError(ForgeError):
    """The file kills the child on every rung, or too often: the engine stops until a person tries again."""


class NoEngineError(UnloadableError):
    """The child does not even start; no file's fault."""


def load_student(
    spec: StudentSpec,
    wish: Wish,
    *,
    start: Callable[[bool], RunningChild],
    layout: Layout,
    flags: Flags,
    budget: RestartBudget,
    wanted: Callable[[], bool],
    progress: Callable[[float], None],
    say: Callable[[str], None] = lambda _: None,
) -> RunningChild:
    """A child with the student loaded and tested. `start` gives children, with GPUs or without; `say` hears of steps.

    A child that crashes while loading, or finds no room on a GPU, is replaced by one that asks for less: without
    repacked weights, with half the layers on the GPU, with the cache off it, without a GPU. What worked after a crash
    is remembered. A child that was killed from outside is replaced as long as the budget lasts. Raises ForgeError,
    UnloadableError, Superseded.
    """
    ladder = _Ladder(spec, wish, layout, flags, say)
    while True:
        child: RunningChild | None = None
        try:
            child = start(ladder.gpu)
            ladder.load(child, progress)
        except Lost as lost:
            if child is not None:
                child.kill()
            if not wanted():
                raise Superseded from lost
            log.warning("the engine child %s while loading: %s", lost.what, " | ".join(lost.lines[-5:]))
            if child is None and lost.code is not None and lost.code > 0:
                said = lost.lines[-1] if lost.lines else lost.what
                raise trouble("ENGINE_CRASH.start", NoEngineError, what=said) from lost
            if lost.starved:
                raise trouble("MEM_DEVICE.killed", UnloadableError, path=spec.path, what=lost.what) from lost
            failed = lost.crash or (lost.code is None and ladder.gpu)  # it faulted, or hung where a driver could
            if not (failed and ladder.step(f"its process {lost.what}")) and (lost.crash or not budget.spend()):
                case = "CPU_FEATURE" if lost.illegal else "ENGINE_CRASH.loading"
                raise trouble(case, UnloadableError, path=spec.path, what=lost.what) from lost
        except ForgeError as error:
            if child is not None:
                child.kill()
            if error.code != "MEM_DEVICE" or not ladder.step("the GPU had not enough memory", less_memory=True):
                raise
            log.warning("the engine child found no room: %s", error.message)
        except BaseException:
            if child is not None:
                child.kill()
            raise
        else:
            ladder.remember()
            return child


class _Ladder:
    """The rungs that are left, the first of which is tried, and why those before it were given up."""

    def __init__(self, spec: StudentSpec, wish: Wish, layout: Layout, flags: Flags, say: Callable[[str], None]) -> None:
        self._spec, self._wish, self._layout, self._flags, self._say = spec, wish, layout, flags, say
        self._rungs: list[Rung] = []
        self._planned = 0  # layers on the GPU, were nothing to go wrong
        self._why = ""
        self._crashed = self._has_gpu = False
        self._key = ("", "", "")

    @property
    def gpu(self) -> bool:
        """Whether the next child needs GPUs."""
        return self._rungs[0].gpu if self._rungs else self._wish.plan.gpu_layers != 0

    def load(self, child: RunningChild, progress: Callable[[float], None]) -> None:
        """Plan and load as the present rung says. Raises ForgeError, Lost."""
        if not self._rungs:
            self._begin(child)
        rung = self._rungs[0]
        plan = self._layout.place(child, self._spec, self._wish_at(rung))
        if rung.gpu and not plan.gpu_layers:
            rung = Rung(rung.extra_bufts, False)
            self._rungs = [rung, *_below(rung, 0)]
        elif rung.gpu and not self._planned:
            self._planned = plan.gpu_layers
            self._rungs = [rung, *_below(rung, plan.gpu_layers)]
        timing = self._layout.timing(child, self._spec.sha256, plan.placement)
        asked = {
            "op": "load",
            "path": self._spec.path,
            "plan": asdict(plan.placement),
            "threads": self._wish.threads or (timing.threads if timing else 0),
            "flash": self._layout.flash(child, self._spec.sha256, plan.placement),
            "rates": _rates(timing),
            "tune": timing is None and not self._spec.pooling and os.environ.get("FORGE_MEASURE") != "0",
            "extra_bufts": rung.extra_bufts,
            "pooling": self._spec.pooling,
            "check": self._crashed,  # it may have been the file: then say so, whatever the time that takes
        }
        child.facts = child.ask(
            asked,
            child.limits.load,
            on_frame=lambda frame: progress(frame.get("fraction", 0.0)) if frame["ev"] == "loading" else None,
        )
        if tuned := child.facts.get("tuned"):
            with contextlib.suppress(ForgeError):  # a full disk: it will be measured again next time
                self._layout.keep_timing(child, self._spec, plan.placement, tuned)
        child.spec, child.wish, child.plan = self._spec, self._wish, plan
        child.note = self._note(rung, plan)

    def step(self, why: str, *, less_memory: bool = False) -> bool:
        """Go down a rung (with `less_memory`, to one that takes less of a GPU); False when there is none."""
        here, rest = (self._rungs[0], self._rungs[1:]) if self._rungs else (None, [])
        if less_memory:
            if here is None or not here.gpu:
                return False
            rest = [rung for rung in rest if (rung.gpu, rung.layers, rung.kv_on_gpu) != (True, here.layers, True)]
        if not rest:
            return False
        self._rungs, self._why = rest, why
        self._crashed = self._crashed or not less_memory
        self._say(f"Loading again with less, because {why}.")
        return True

    def remember(self) -> None:
        """Start with this rung from now on, if crashes led to it; a GPU that was full may be empty tomorrow."""
        if self._crashed:
            with contextlib.suppress(ForgeError):  # a full disk: it will be found out again next time
                self._flags.remember(*self._key, self._rungs[0])

    def _begin(self, child: RunningChild) -> None:
        self._key = str(child.hello["build"]), device_key(child), self._spec.sha256
        self._has_gpu = self.gpu and any(device.kind != "cpu" for device in child.devices)
        first = Rung(True, self._has_gpu)
        known = self._flags.find(*self._key)
        if known is not None:
            first, self._why = known, "its process crashed before" if self._has_gpu else ""
        self._rungs = [first, *_below(first, first.layers)]

    def _wish_at(self, rung: Rung) -> PlanWish:
        wish = self._wish.plan
        if not rung.gpu:
            return replace(wish, gpu_layers=0)
        layers = wish.gpu_layers if rung.layers < 0 else rung.layers
        return replace(wish, gpu_layers=layers, kv_on_gpu=wish.kv_on_gpu and rung.kv_on_gpu)

    def _note(self, rung: Rung, plan: Plan) -> str:
        if not self._why:
            return ""
        if not rung.gpu and self._has_gpu:
            how = "on the CPU alone"
        elif not rung.kv_on_gpu:
            how = f"with {plan.gpu_layers} of {plan.layers} layers on the GPU and the cache in the computer's memory"
        elif rung.layers >= 0:
            how = f"with {plan.gpu_layers} of {plan.layers} layers on the GPU"
        else:
            how = "without repacked weights"
        return f"It runs {how}, because {self._why}."


def _below(rung: Rung, planned: int) -> list[Rung]:
    """The rungs under this one, `planned` layers being on the GPU at it."""
    if not rung.gpu:
        return [Rung(False, False)] if rung.extra_bufts else []
    half = max(1, (rung.layers if rung.layers >= 0 else planned) // 2)
    found = [Rung(False, True, rung.layers, rung.kv_on_gpu)] if rung.extra_bufts else []
    if rung.layers < 0:
        found.append(Rung(False, True, half))
    if rung.kv_on_gpu:
        found.append(Rung(False, True, half if rung.layers < 0 else rung.layers, False))
    return [*found, Rung(False, False)]


def _rates(timing: Timing | None) -> Frame:
    """What was measured earlier, as the child would measure it."""
    return {"rate": timing.tokens_per_second, "prompt_rate": timing.prompt_tokens_per_second} if timing else {}

"""Starting a child and getting a student into it: the ladder of safer ways, and what is learnt on it."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable

from forge_desktop.base.child import RestartBudget
from forge_desktop.base.errors import ForgeError
from forge_desktop.engine.errors import trouble
from forge_desktop.engine.records import StudentSpec
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
    spawn: Callable[[], RunningChild],
    flags: Flags,
    budget: RestartBudget,
    wanted: Callable[[], bool],
    progress: Callable[[float], None],
) -> RunningChild:
    """A child with the student loaded and tested.

    A child that crashes while loading is replaced by one without repacked weights, then by one without a GPU; what
    worked is remembered. A child that was killed from outside is replaced as long as the budget lasts. Raises
    ForgeError, UnloadableError, Superseded.
    """
    rungs: list[Rung] = []
    fell = False
    while True:
        child = spawn()
        try:
            child.start()
            if not rungs:
                rungs = _ladder(child, flags.find(*_key(child, spec)), wish)
            child.load(spec, wish, extra_bufts=rungs[0].extra_bufts, gpu=rungs[0].gpu, progress=progress)
        except Lost as lost:
            child.kill()
            if not wanted():
                raise Superseded from lost
            log.warning("the engine child %s while loading: %s", lost.what, " | ".join(lost.lines[-5:]))
            if not child.hello and lost.code is not None and lost.code > 0:
                said = lost.lines[-1] if lost.lines else lost.what
                raise trouble("ENGINE_CRASH.start", NoEngineError, what=said) from lost
            if lost.crash and len(rungs) > 1:
                rungs, fell = rungs[1:], True
            elif lost.crash or not budget.spend():
                case = "CPU_FEATURE" if lost.illegal else "ENGINE_CRASH.loading"
                raise trouble(case, UnloadableError, path=spec.path, what=lost.what) from lost
        except BaseException:
            child.kill()
            raise
        else:
            if fell:
                with contextlib.suppress(ForgeError):  # a full disk: it will be found out again next time
                    flags.remember(*_key(child, spec), rungs[0])
            return child


def _ladder(child: RunningChild, known: Rung | None, wish: Wish) -> list[Rung]:
    gpu = bool(child.hello.get("gpus")) and wish.gpu_layers != 0
    rungs = [Rung(True, gpu), Rung(False, gpu)]
    if gpu:
        rungs.append(Rung(False, False))
    return rungs[rungs.index(known) :] if known in rungs else rungs


def _key(child: RunningChild, spec: StudentSpec) -> tuple[str, str, str]:
    return str(child.hello["build"]), str(child.hello["device"]), spec.sha256

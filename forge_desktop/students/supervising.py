"""One trainer's process, from its start to its end: what it says, what it is told, and how its end is worded."""

from __future__ import annotations

import contextlib
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from forge_desktop.base.child import ChildDied, ChildProcess, Frame
from forge_desktop.base.errors import Cancelled, ForgeError
from forge_desktop.base.jobs import JobContext
from forge_desktop.students import kit

_GLANCE = 0.1  # seconds between two looks at what is wished
_GRACE = (15.0, 60.0)  # seconds that a step may take to end before the process is killed, at least and at most
_LAST = ("done", "diverged", "error", "measured", "probed")
_LINES_TOLD = 3
_MEMORY = ("out of memory", "allocate memory", "not enough memory", "bad_alloc", "memoryerror", "defaultcpuallocator")
_DISK = ("no space left", "disk is full", "quota exceeded", "not enough space")
_LESS = "Train with shorter rows, with checkpointing, in bf16 or with a lower rank."


@dataclass(frozen=True)
class End:
    """How a trainer ended. `last` is the last event that says so, if it came to one; `lines` the end of its stderr.

    `what` is "done", "diverged", "cancelled", "failed" (it said why, or should be looked at) or "killed".
    """

    what: str
    last: Mapping[str, Any] = field(default_factory=dict)
    problem: str = ""
    hint: str = ""
    lines: Sequence[str] = ()


class Trainer:
    """Runs the trainer's own program with an interpreter that has torch; `ctx` is the job that waits for it.

    `heard` is told each event as it comes, `rests` when the process was told to rest (True) and to go on (False). The
    job's own pause rests it, the job's cancel has it save and leave.
    """

    def __init__(
        self,
        python: str,
        place: Path,
        ctx: JobContext,
        *,
        threads: int = 0,
        heard: Callable[[Frame], None] = lambda _frame: None,
        rests: Callable[[bool], None] = lambda _rests: None,
    ) -> None:
        self._python, self._place, self._ctx, self._threads = python, place, ctx, threads
        self._heard, self._rests = heard, rests
        self._stopping = threading.Event()
        self._last: Frame = {}
        self._slowest = 0.0

    def stop(self) -> None:
        """Have it end with the best so far."""
        self._stopping.set()

    def run(self, verb: str, *arguments: str) -> End:
        """Wait for its end. Raises ForgeError where it cannot be started, and what `heard` raises."""
        child = self._start(verb, arguments)
        told, until = set[str](), None
        try:
            while True:
                if self._ctx.cancelled and "cancel" not in told:
                    self._tell(child, told, "cancel")
                    until = time.monotonic() + min(_GRACE[1], max(_GRACE[0], 3 * self._slowest))
                elif self._ctx.paused:
                    self._rest(child)
                elif self._stopping.is_set() and not told:
                    self._tell(child, told, "stop")
                if until is not None and time.monotonic() > until:
                    child.kill()
                    return End("cancelled", self._last)
                if (frame := child.receive(timeout=_GLANCE)) is not None:
                    self._take(frame)
        except ChildDied as death:
            if self._ctx.cancelled and self._last.get("event") != "done":
                return End("cancelled", self._last)
            return worded(death, self._last, self._python)
        finally:
            child.kill()

    def _start(self, verb: str, arguments: Sequence[str]) -> ChildProcess:
        command = kit.command(self._python, verb, *arguments)
        environment = kit.environment(self._place, threads=self._threads)
        try:
            child = ChildProcess("trainer", command=command, environment=environment)
        except OSError as error:
            raise no_interpreter(self._python, error.strerror or str(error)) from error
        _let_others_go_first(child.pid)
        return child

    def _take(self, frame: Frame) -> None:
        if frame.get("event") in _LAST:
            self._last = frame
        if frame.get("event") == "step":
            self._slowest = max(self._slowest, float(frame.get("seconds", 0.0)))
        self._heard(frame)

    def _tell(self, child: ChildProcess, told: set[str], op: str) -> None:
        told.add(op)
        child.send({"op": op})

    def _rest(self, child: ChildProcess) -> None:
        """Rest until the job may go on, or shall end."""
        child.send({"op": "pause"})
        self._rests(True)
        with contextlib.suppress(Cancelled):
            self._ctx.check()
            self._rests(False)
            child.send({"op": "go"})


def worded(death: ChildDied, last: Mapping[str, Any], python: str) -> End:
    """The end of a trainer's process in words."""
    event, lines = last.get("event"), [line for line in death.last_lines if line.strip()]
    if event in ("done", "measured", "probed"):
        return End("done", last, lines=lines)
    if event == "diverged":
        why = str(last.get("message", "")) or "The loss is no number any more."
        return End("diverged", last, why, "Train with a lower learning rate; nothing of this run is kept.", lines)
    said = str(last.get("message", "")) if event == "error" else ""
    told = "\n".join([said, *lines]).lower()
    if any(word in told for word in _DISK):
        return End(
            "failed", last, "The disk is full; the run's last checkpoint is kept.", "Free some space, resume.", lines
        )
    if any(word in told for word in _MEMORY):
        return End("failed", last, "The memory did not suffice for training.", _LESS, lines)
    if said:
        return End("failed", last, said, "", lines)
    if "no module named" in told:
        return End("failed", last, f"{python} lacks what the trainer needs: {lines[-1]}.", "Choose another one.", lines)
    if death.code is not None and death.code < 0:
        maybe = ", as happens when the memory runs out" if death.code == -9 else ""
        return End("killed", last, f"The trainer {death}{maybe}.", f"Resume the run. {_LESS}", lines)
    detail = f": {' / '.join(lines[-_LINES_TOLD:])}" if lines else ""
    return End("failed", last, f"The trainer {death}{detail}.", "Look at the run's log.", lines)


def no_interpreter(python: str, why: str) -> ForgeError:
    """The error for an interpreter that cannot be started."""
    return ForgeError(
        f"The trainer's Python {python} cannot be started: {why}.",
        hint="Choose another one, or let Students make an environment for the trainer.",
        action="students",
    )


def _let_others_go_first(pid: int) -> None:
    """Training takes long: whatever a person does meanwhile goes before it."""
    import psutil

    with contextlib.suppress(psutil.Error, OSError, ValueError):
        psutil.Process(pid).nice(psutil.BELOW_NORMAL_PRIORITY_CLASS if sys.platform == "win32" else 10)

"""Processor time of this process and others, to the microsecond where the system allows."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from forge_desktop.base.errors import ForgeError


def cpu_of(pid: int | None) -> float:
    """Seconds that a process has computed, all its threads together; wall time where no clock tells."""
    if pid is None or not sys.platform.startswith("linux"):
        return time.perf_counter()
    return time.clock_gettime((~pid << 3) | 2)  # Linux has a clock for each process; this is its number


def cpu_with(pid: int | None) -> float:
    """Seconds that this process and another have computed."""
    return cpu_of(pid) if not sys.platform.startswith("linux") else time.process_time() + cpu_of(pid)


def cpu_of_run(command: Sequence[str | Path]) -> tuple[float, str]:
    """Processor seconds of a program from its start to its end, and what it wrote. Raises ForgeError when it fails."""
    began = time.perf_counter()
    with subprocess.Popen(
        [str(part) for part in command], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as process:
        assert process.stdout is not None
        written = process.stdout.read()
        if sys.platform == "win32":
            process.wait()
            seconds = time.perf_counter() - began
        else:
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            seconds = usage.ru_utime + usage.ru_stime
    if process.returncode:
        raise ForgeError(
            f"{Path(command[0]).name} ended with status {process.returncode}.", hint="See docs/benchmarks.md."
        )
    return seconds, written.decode("utf-8", "replace")

"""Whether the system has ended processes because memory ran out. Linux counts them; nobody says which they were."""

from __future__ import annotations

import signal
import sys
from pathlib import Path

RAN_OUT = "was ended by the system, because memory ran out"


def memory_kills() -> int:
    """How many there were since the system started; 0 where it does not count."""
    try:
        for line in Path("/proc/vmstat").read_text().splitlines():
            name, _, count = line.partition(" ")
            if name == "oom_kill":
                return int(count)
    except (OSError, ValueError):
        pass
    return 0


def worded(what: str, code: int | None, before: int) -> str:
    """`what` happened to a process that ended with this status; or that memory ran out, when there were `before` kills
    as it started, and there are more now.
    """
    killed = sys.platform != "win32" and code == -signal.SIGKILL
    return RAN_OUT if killed and memory_kills() > before else what

"""What this machine can give a student: threads that do not get in each other's way, and memory that is free."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path

_GIB = 1024**3


def threads(wanted: int) -> int:
    """`wanted`, but no more than there are processors; 0 is one fewer than the physical cores this process may use.

    Oversubscribed cores are far worse than one core too few: two threads on two busy cores fell from 68 to 2.5
    tokens a second, and ninety-nine of them bring the whole computer to a halt.
    """
    if wanted > 0:
        return min(wanted, os.cpu_count() or 1)
    cores = _physical_cores()
    quota = _cgroup_cores()
    if quota is not None:
        cores = min(cores, quota)
    return max(1, min(cores - 1, 32))


def other_threads(usual: int) -> list[int]:
    """Numbers of threads that could be faster than the usual one: every core, and half of many.

    None on a machine that is at work: there more threads are slower by far, and even trying takes seconds.
    """
    if hasattr(os, "getloadavg") and os.getloadavg()[0] > (os.cpu_count() or 1) / 2:
        return []
    cores = _physical_cores()
    quota = _cgroup_cores()
    cores = min(cores, quota) if quota is not None else cores
    return [count for count in (min(cores, 32), usual // 2 if usual >= 8 else usual) if count != usual]


def _physical_cores() -> int:
    logical = os.cpu_count() or 1
    if not sys.platform.startswith("linux"):
        return logical if sys.platform == "darwin" else max(1, logical // 2)
    cores = set()
    for cpu in os.sched_getaffinity(0):
        topology = Path(f"/sys/devices/system/cpu/cpu{cpu}/topology")
        try:
            cores.add((topology / "core_cpus_list").read_text())
        except OSError:
            cores.add(str(cpu))
    return max(1, len(cores))


def _cgroup_cores() -> int | None:
    try:
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text().split()
        return None if quota == "max" else max(1, round(int(quota) / int(period)))
    except (OSError, ValueError):
        return None


def free_memory() -> int | None:
    """Bytes that can still be used without swapping; None where the system does not say."""
    if not sys.platform.startswith("linux"):
        import psutil

        available: int = psutil.virtual_memory().available
        return available
    free = None
    try:
        for line in Path("/proc/meminfo").read_text().splitlines():
            if line.startswith("MemAvailable:"):
                free = int(line.split()[1]) * 1024
        limit = Path("/sys/fs/cgroup/memory.max").read_text().strip()
        if limit != "max":
            left = int(limit) - _cgroup_used()
            free = min(free, left) if free is not None else left
    except (OSError, ValueError, KeyError):
        pass
    return free


def _cgroup_used() -> int:
    """Bytes this container holds that cannot be dropped: what is cached of files can."""
    told = dict(line.split() for line in Path("/sys/fs/cgroup/memory.stat").read_text().splitlines())
    cached = int(told["active_file"]) + int(told["inactive_file"])
    return int(Path("/sys/fs/cgroup/memory.current").read_text()) - cached


def total_memory() -> int:
    """Bytes this process could ever have: the machine's, or less in a container."""
    import psutil

    total: int = psutil.virtual_memory().total
    with contextlib.suppress(OSError, ValueError):
        total = min(total, int(Path("/sys/fs/cgroup/memory.max").read_text()))
    return total


def resident_memory() -> int:
    """Bytes of memory this process holds now."""
    import psutil

    resident: int = psutil.Process().memory_info().rss
    return resident


@contextlib.contextmanager
def bounded_memory(extra: int = _GIB) -> Iterator[None]:
    """Within, this process may grow by `extra` bytes of address space and no more: then MemoryError. Linux only."""
    if not sys.platform.startswith("linux"):
        yield
        return
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    bound = used + extra if hard == resource.RLIM_INFINITY else min(used + extra, hard)
    resource.setrlimit(resource.RLIMIT_AS, (bound, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def offer_to_oom_killer() -> None:
    """When memory runs out, the system shall take this child and not the window."""
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("600")

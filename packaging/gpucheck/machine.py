"""What the machine is, and how much memory its GPU has left: read from nvidia-smi, where there is one."""

from __future__ import annotations

import contextlib
import os
import platform
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from devtools import cuda

_FIELDS = ("name", "driver_version", "memory.total", "memory.used", "compute_cap", "clocks.sm", "temperature.gpu")
_HOLD = """
import ctypes, sys
cuda = ctypes.CDLL(sys.argv[1])
pointer, size = ctypes.c_void_p(), ctypes.c_size_t(int(sys.argv[2]))
print(cuda.cudaMalloc(ctypes.byref(pointer), size), flush=True)
sys.stdin.read()
"""


def gpu() -> dict[str, str]:
    """nvidia-smi's words on the first GPU; empty where there is none."""
    done = _run(["nvidia-smi", f"--query-gpu={','.join(_FIELDS)}", "--format=csv,noheader,nounits", "--id=0"])
    values = [value.strip() for value in done.strip().splitlines()[0].split(",")] if done.strip() else []
    return dict(zip(_FIELDS, values, strict=True)) if len(values) == len(_FIELDS) else {}


def used_bytes() -> int | None:
    """Bytes in use on the first GPU, by everybody; None where nvidia-smi does not say."""
    used = gpu().get("memory.used", "")
    return int(used) << 20 if used.isdigit() else None


def free_bytes() -> int | None:
    """Bytes left on the first GPU."""
    told = gpu()
    if not told.get("memory.total", "").isdigit():
        return None
    return (int(told["memory.total"]) - int(told["memory.used"])) << 20


def describe() -> dict[str, Any]:
    """The machine in words and versions."""
    return {
        "gpu": gpu(),
        "processor": _processor(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "system": f"{platform.system()} {platform.release()}, C library {' '.join(platform.libc_ver())}",
        "python": sys.version.split()[0],
        "nvcc": (_run(["nvcc", "--version"]).strip().splitlines() or [""])[-1],
        "cmake": (_run(["cmake", "--version"]).splitlines() or [""])[0],
        "compiler": (_run(["c++", "--version"]).splitlines() or [""])[0],
    }


@contextlib.contextmanager
def held(size: int) -> Iterator[None]:
    """A process that holds this many bytes of the first GPU meanwhile. Raises OSError when it cannot."""
    library = cuda.runtime()
    if library is None:
        raise OSError("the CUDA runtime was not found")
    with subprocess.Popen(
        [sys.executable, "-c", _HOLD, str(library), str(size)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            if (code := process.stdout.readline().strip()) != "0":
                raise OSError(f"{size / 1e9:.1f} GB of the GPU could not be held (CUDA code {code or 'none'})")
            yield
        finally:
            process.stdin.close()


def _processor() -> str:
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor()


def _run(argv: list[str]) -> str:
    try:
        return subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False).stdout
    except (OSError, subprocess.TimeoutExpired):
        return ""

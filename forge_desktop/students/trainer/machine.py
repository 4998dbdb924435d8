"""What the trainer's process finds and uses: devices, number formats, memory."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import sys
from dataclasses import dataclass
from typing import Any

import torch

from .job import BadJob, Job

_DTYPES = {"f32": torch.float32, "bf16": torch.bfloat16}


@dataclass(frozen=True)
class Place:
    """Where a run computes, as it was resolved."""

    device: str
    dtype: str
    threads: int

    @property
    def torch_dtype(self) -> Any:
        """The number format of the base's weights and of what is computed with them."""
        return _DTYPES[self.dtype]


def resolve(job: Job) -> Place:
    """The device, number format and threads of a job. Raises BadJob for a device that is not there."""
    there = [kind for kind, _, _, _ in devices()]
    device = job.device if job.device != "auto" else there[0]
    if device not in there:
        raise BadJob(f"This Python's torch does not see a {device} device.")
    fine = next(bf16 for kind, _, _, bf16 in devices() if kind == device)
    if job.dtype == "bf16" and not fine:
        raise BadJob(f"The device {device} cannot compute in bf16; choose f32.")
    dtype = job.dtype if job.dtype != "auto" else "bf16" if fine else "f32"
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 2
    return Place(device, dtype, job.threads or max(1, cores - 1))


def settle(place: Place, seed: int) -> None:
    """Make what follows repeatable: threads, seeds, and only kernels that give the same twice."""
    torch.set_num_threads(place.threads)
    torch.manual_seed(seed)
    # Not use_deterministic_algorithms: that imports the compiler, two seconds and 80 MB of it.
    torch.set_deterministic_debug_mode("warn" if place.device == "mps" else "error")


def devices() -> list[tuple[str, str, int, bool]]:
    """What torch sees, the preferred first: kind, name, bytes free, whether bf16 works."""
    found = []
    if torch.cuda.is_available():  # ROCm says cuda too
        free, _ = torch.cuda.mem_get_info()
        found.append(("cuda", torch.cuda.get_device_name(), int(free), bool(torch.cuda.is_bf16_supported())))
    if torch.backends.mps.is_available():
        found.append(("mps", platform.machine(), int(torch.mps.recommended_max_memory()), _bf16_works("mps")))
    found.append(("cpu", platform.processor() or platform.machine(), memory_free(), _bf16_works("cpu")))
    return found


def versions() -> dict[str, str]:
    """The versions of what a run's bytes rest on; "" for what is not there."""
    found = {"python": platform.python_version(), "torch": torch.__version__}
    for name in ("gguf", "ray", "numpy"):
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            found[name] = ""
    return found


def memory_free() -> int:
    """Bytes that can be taken without pushing others out; 0 where the system does not say."""
    try:
        with open("/proc/meminfo", encoding="ascii") as lines:
            for line in lines:
                if line.startswith("MemAvailable:"):
                    return int(line.split()[1]) * 1024
    except OSError:
        pass
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        return 0


def resident_peak() -> int:
    """The most bytes this process has held; 0 where the system does not say."""
    try:
        import resource
    except ImportError:
        return 0
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024


def device_peak(device: str) -> int:
    """The most bytes torch has held on a GPU; 0 for the processor."""
    return int(torch.cuda.max_memory_allocated()) if device == "cuda" else 0


def _bf16_works(device: str) -> bool:
    """Whether bf16 is computed, and not slower than it is worth: on a processor only with instructions for it."""
    try:
        one = torch.ones(16, 16, dtype=torch.bfloat16, device=device)
        (one @ one).sum().item()
    except (RuntimeError, TypeError):
        return False
    return device != "cpu" or bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())

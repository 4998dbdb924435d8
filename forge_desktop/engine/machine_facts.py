"""What the parent knows of the machine without llama.cpp: processor, cores, memory, graphics drivers."""

from __future__ import annotations

import hashlib
import os
import platform
import re
from collections.abc import Iterable
from pathlib import Path

_VULKAN_DRIVERS = (Path("/usr/share/vulkan/icd.d"), Path("/etc/vulkan/icd.d"), Path("/usr/local/share/vulkan/icd.d"))


def processor() -> str:
    """The processor's name as its maker writes it."""
    try:
        told = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
        if found := re.search(r"^model name\s*:\s*(.+)$", told, re.MULTILINE):
            return found[1].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def features() -> tuple[str, ...]:
    """Instruction sets of the processor that matter for speed; empty where the system does not list them."""
    try:
        told = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ()
    found = re.search(r"^(?:flags|Features)\s*:\s*(.+)$", told, re.MULTILINE)
    flags = set(found[1].split()) if found else set()
    names = {
        "avx": "AVX", "avx2": "AVX2", "fma": "FMA", "f16c": "F16C", "bmi2": "BMI2", "avx_vnni": "AVX-VNNI",
        "avx512f": "AVX-512", "avx512_vnni": "AVX-512 VNNI", "avx512_bf16": "AVX-512 BF16", "amx_int8": "AMX",
        "asimd": "NEON", "asimddp": "DOTPROD", "i8mm": "I8MM", "sve": "SVE",
    }  # fmt: skip
    return tuple(name for flag, name in names.items() if flag in flags)


def cores() -> int:
    """Physical cores; logical ones where the system does not tell them apart."""
    import psutil

    return psutil.cpu_count(logical=False) or os.cpu_count() or 1


def memory() -> tuple[int, int]:
    """Bytes of memory (available, in all)."""
    import psutil

    told = psutil.virtual_memory()
    return told.available, told.total


def drivers() -> tuple[str, ...]:
    """Graphics drivers by what the system says in files: no program is started that could hang."""
    found = []
    try:
        told = Path("/proc/driver/nvidia/version").read_text(encoding="utf-8", errors="replace")
        if version := re.search(r"\b(\d{3,}\.\d+(?:\.\d+)?)\b", told):
            found.append(f"NVIDIA {version[1]}")
    except OSError:
        pass
    names = sorted({path.stem.removesuffix("_icd").split("_icd.")[0] for path in _vulkan_files()})
    if names:
        found.append(f"Vulkan: {', '.join(names)}")
    return tuple(found)


def driver_mark() -> str:
    """Changes when a driver is installed, updated or removed: a verdict on one must not outlive it."""
    parts = [*drivers()]
    for path in _vulkan_files():
        try:
            parts.append(f"{path}:{path.stat().st_mtime_ns}")
        except OSError:
            continue
    return hashlib.sha256("|".join(parts).encode()).hexdigest()[:12]


def _vulkan_files() -> Iterable[Path]:
    own = [Path(name) for name in os.environ.get("VK_ICD_FILENAMES", "").split(os.pathsep) if name]
    return [*own, *(path for folder in _VULKAN_DRIVERS for path in sorted(folder.glob("*.json")))]

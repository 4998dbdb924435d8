"""A student's file on disk: its name for people, its hash, and whether it is still the one that was imported."""

from __future__ import annotations

import hashlib
import re
import stat
from collections.abc import Callable
from pathlib import Path

from forge_desktop.base.errors import ForgeError

_BLOCK = 4 * 1024 * 1024
_QUANTISATION = re.compile(r"[.\-_ ]((?:I?Q|TQ)\d[A-Z0-9_]*|F16|F32|BF16|MXFP4)$", re.IGNORECASE)


def display_name(path: Path) -> str:
    """The file's name without its ending, the quantisation set apart: "SmolLM2-135M-Instruct Q4_1"."""
    stem = path.name.encode("utf-8", "replace").decode("utf-8")
    stem = stem[:-5] if stem.lower().endswith(".gguf") else stem
    return _QUANTISATION.sub(lambda found: f" {found[1].upper()}", stem) or "student"


def refuse_special(path: Path) -> None:
    """A device or a pipe has no end, and opening one may wait for ever. Raises ForgeError; what is not there, or a
    folder, is for others to word.
    """
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError):
        return
    if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
        raise ForgeError(f"{path} is no ordinary file.", hint="Choose a file or a folder.")


def hash_file(path: Path, tell: Callable[[int, int], None] = lambda done, total: None) -> str:
    """The sha256 of a file; `tell(done, total)` in bytes may raise to stop. Raises ForgeError when it is unreadable."""
    digest, done = hashlib.sha256(), 0
    try:
        total = path.stat().st_size
        with open(path, "rb") as file:
            while block := file.read(_BLOCK):
                digest.update(block)
                done += len(block)
                tell(done, max(total, done))
    except OSError as error:
        raise ForgeError(
            f"{path} cannot be read: {error.strerror or error}.", hint="Check that it exists and may be read."
        ) from error
    return digest.hexdigest()

"""What a run goes on from: written whole and onto the disk, or not at all."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from .job import BadJob


def save(path: Path, state: Mapping[str, Any]) -> None:
    """Replace the file by this state; after a crash at any moment the old or the new one is there. Raises OSError."""
    work = path.with_name(f"{path.name}.part")
    try:
        with work.open("wb") as file:
            _write(dict(state), file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(work, path)
    except BaseException:
        with contextlib.suppress(OSError):
            work.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def _write(state: dict[str, Any], file: Any) -> None:
    """torch words a full disk as a RuntimeError of its own; say what it is."""
    try:
        torch.save(state, file)
    except RuntimeError as error:
        if isinstance(error.__context__, OSError):
            raise error.__context__ from error
        raise OSError(getattr(error.__cause__, "errno", None) or 28, "it could not be written") from error


def load(path: Path, fingerprint: str) -> dict[str, Any] | None:
    """The state of a file, or None where there is none. Raises BadJob for one of another job, or damaged."""
    if not path.is_file():
        return None
    try:
        found = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:
        raise BadJob(f"The checkpoint {path.name} is damaged; start the run anew.") from error
    if not isinstance(found, dict) or found.get("fingerprint") != fingerprint:
        raise BadJob("The checkpoint belongs to another job; start the run anew.")
    return found


def sync_folder(folder: Path) -> None:
    """Make a rename last, where the system can."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)

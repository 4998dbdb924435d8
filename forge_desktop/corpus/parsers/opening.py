"""Opens a file for a parser: a regular file and nothing else, no larger than allowed."""

from __future__ import annotations

import os
import stat

from forge_desktop.corpus.parsers import Unreadable


def read_file(path: str, limit_bytes: int) -> tuple[bytes, os.stat_result]:
    """The file's bytes and what it was before. Follows no link, waits for no pipe. Raises Unreadable, OSError."""
    flags = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOFOLLOW", 0)
    with os.fdopen(os.open(os.fsencode(path), flags), "rb") as file:
        info = os.fstat(file.fileno())
        if not stat.S_ISREG(info.st_mode):
            raise Unreadable("It is no longer a file.", again=True)
        if info.st_size > limit_bytes:
            size, limit = info.st_size / 1e6, limit_bytes / 1e6
            raise Unreadable(
                f"The file has {size:,.0f} MB; files above {limit:,.0f} MB are not read (a setting).", again=True
            )
        data = file.read(limit_bytes + 1)
    if len(data) > limit_bytes:
        raise Unreadable("The file grew while it was read.", again=True)
    return data, info


def worded(error: OSError) -> str:
    """Why a file cannot be opened or read, as a sentence."""
    if isinstance(error, FileNotFoundError):
        return "The file is no longer there."
    if isinstance(error, PermissionError):
        return "The file may not be read: permission denied."
    return f"The file cannot be read: {error.strerror or error}."

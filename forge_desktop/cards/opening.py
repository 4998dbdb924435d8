"""Reads the files that cards are brought in from: regular ones of a bounded size, none that would wait for ever."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path

from forge_desktop.base.errors import ForgeError

LARGEST_FILE = 16_000_000
_PIECE = 1 << 20
_FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)  # a pipe opens at once, and is refused


def bytes_of(path: Path, check: Callable[[], None] = lambda: None) -> bytes:
    """All of a file; `check` may raise between its pieces. Raises ForgeError for a pipe, a device, or too much."""
    try:
        with open(os.open(path, _FLAGS), "rb") as file:
            about = os.fstat(file.fileno())
            if not stat.S_ISREG(about.st_mode):
                raise ForgeError(
                    f"{path.name} is no file that can be read from its beginning to its end.",
                    hint="Save the card as a file, and bring that in.",
                )
            _refuse_large(path, about.st_size)
            made = bytearray()
            while piece := file.read(_PIECE):
                made += piece
                _refuse_large(path, len(made))
                check()
            return bytes(made)
    except OSError as error:
        raise ForgeError(f"{path.name} cannot be read: {error.strerror or error}.", hint="Check the path.") from None


def _refuse_large(path: Path, size: int) -> None:
    if size > LARGEST_FILE:
        raise ForgeError(
            f"{path.name} has {size / 1e6:,.1f} MB, and a card has at most {LARGEST_FILE / 1e6:,.0f} MB.",
            hint="Is this the right file?",
        )

"""Files that hold cards: what may be read, how much of it, and as which text."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from forge_desktop.base.errors import ForgeError
from forge_desktop.cards.markdown.front import LARGEST
from forge_desktop.cards.markdown.records import BadCardText

MOST_BYTES = 16_000_000
"""Of a file: the longest text (`LARGEST` characters) in any form, with all that JSON adds to it."""
_OPENED = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)


def bytes_of(path: Path) -> bytes:
    """What a file holds. Raises ForgeError for a device, a pipe, too much, and what cannot be read."""
    try:
        with open(os.open(path, _OPENED), "rb") as file:  # a pipe is opened too, without waiting for its other end
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise ForgeError(
                    f"{path.name} is no file that can be read from its beginning to its end.",
                    hint="Save the card as a file, and bring that in.",
                )
            data = file.read(MOST_BYTES + 1)
    except (OSError, ValueError) as error:
        said = error.strerror if isinstance(error, OSError) and error.strerror else error
        raise ForgeError(f"{path.name} cannot be read: {said}.", hint="Check the path.") from None
    refuse_large(len(data), path.name)
    return data


def begins_as_json(path: Path) -> bool:
    """Whether what a file of some unknown ending holds is an object of JSON. Raises ForgeError as `bytes_of` does."""
    return bytes_of(path).removeprefix(b"\xef\xbb\xbf").lstrip()[:1] == b"{"


def refuse_large(size: int, name: str) -> None:
    """Raise ForgeError where a file is too large for a card."""
    if size > MOST_BYTES:
        raise ForgeError(
            f"{name} is too large: a card's file has at most {MOST_BYTES / 1e6:,.0f} MB.",
            hint="Is this the right file?",
        )


def text_of(path: Path) -> str:
    """A file's text, with its line ends and its byte order mark. Raises ForgeError where it is no UTF-8."""
    data = bytes_of(path)
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        line, column = place_of(data, error.start)
        wide = "UTF-16 and " if data.startswith((b"\xff\xfe", b"\xfe\xff")) else ""
        raise BadCardText(
            f"{path.name} is {wide}no UTF-8, it holds the byte 0x{data[error.start]:02X} there.",
            line,
            column,
            hint="Save the file as UTF-8 and bring it in again; it stays as it is.",
        ) from None
    if len(text) > LARGEST:
        raise ForgeError(
            f"{path.name} has {len(text):,} characters, and a card has at most {LARGEST:,}.",
            hint="Keep long data in a file of its own and name it in the card.",
        )
    return text


def place_of(data: bytes, at: int) -> tuple[int, int]:
    """Line and column of a byte, from 1."""
    start = data.rfind(b"\n", 0, at) + 1
    return data.count(b"\n", 0, at) + 1, len(data[start:at].decode("utf-8", "replace")) + 1


def refuse_elsewhere(file: Path, folder: Path) -> None:
    """Raise ForgeError where a file of a folder is a link to somewhere else: nobody chose that.

    In a cache of the hub the files of a snapshot are links to the same repository's blobs.
    """
    home = (
        folder.parent.parent
        if folder.parent.name == "snapshots" and (folder.parent.parent / "blobs").is_dir()
        else folder
    )
    try:
        inside = file.resolve().is_relative_to(home.resolve())
    except (OSError, RuntimeError):  # links that lead to each other
        inside = False
    if not inside:
        raise ForgeError(
            f"{file.name} is a link that leads out of {folder.name}, so it is not read.",
            hint="Choose the file itself, or copy it into the folder.",
        )

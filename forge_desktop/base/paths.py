"""Where things live: the data directory, the shipped resources, and the lock that makes one process their owner."""

from __future__ import annotations

import contextlib
import json
import os
import re
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

import platformdirs

from forge_desktop.base.errors import ForgeError

APP_NAME = "Forge Desktop"

_UNDECODED = re.compile("[\ud800-\udfff]")


def data_dir(chosen: str | os.PathLike[str] | None = None) -> Path:
    """The one directory that holds everything: `chosen`, else $FORGE_DATA_DIR, else the system's place; created 0700.

    Raises ForgeError when it cannot be created or is not a directory.
    """
    path = Path(chosen or os.environ.get("FORGE_DATA_DIR") or platformdirs.user_data_dir(APP_NAME, appauthor=False))
    path = path.expanduser().absolute()
    try:
        path.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise ForgeError(
            f"The data directory {path} cannot be used: {error.strerror or error}.",
            hint="Choose another one with --data-dir or FORGE_DATA_DIR.",
        ) from error
    return path


def resources_dir() -> Path:
    """The shipped read-only files: fonts, icons, the sample corpus, the starter student."""
    frozen = getattr(sys, "_MEIPASS", None)
    return Path(frozen, "resources") if frozen else Path(__file__).resolve().parents[2] / "resources"


def child_command(kind: str) -> list[str]:
    """The command that starts this same application as a child of the given kind ("engine", "parser")."""
    if getattr(sys, "frozen", False):
        return [sys.executable, "--child", kind]
    return [sys.executable, "-m", "forge_desktop", "--child", kind]


def shown_path(path: str) -> str:
    """A path as valid Unicode for people, JSON and files: a byte that could not be decoded becomes the text \\xNN."""
    return _UNDECODED.sub(_byte_as_text, path) if _UNDECODED.search(path) else path


def shown_paths(value: object) -> object:
    """A value made of mappings, lists and plain values, with every string in it as `shown_path` gives it."""
    if isinstance(value, str):
        return shown_path(value)
    if isinstance(value, Mapping):
        return {shown_path(str(key)): shown_paths(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [shown_paths(item) for item in value]
    return value


def _byte_as_text(match: re.Match[str]) -> str:
    code = ord(match[0])
    return f"\\x{code - 0xDC00:02x}" if 0xDC80 <= code <= 0xDCFF else f"\\u{code:04x}"


def write_atomically(path: Path, content: bytes) -> None:
    """Replace `path` with `content` so that a reader or a crash sees the old file or the new one, never a part.

    Raises OSError (disk full, read-only) with the old file intact.
    """
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as temporary:
            temporary.write(content)
            temporary.flush()
            os.fsync(temporary.fileno())
        os.replace(name, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(name)
        raise


class OwnerLock:
    """The data directory belongs to one process at a time: an OS lock, so that a kill frees it.

    `acquire` raises ForgeError naming the holder. The holder's pid and kind are written beside the lock for that
    sentence only; the lock itself is what counts.
    """

    def __init__(self, directory: Path) -> None:
        self._path = directory / "owner.lock"
        self._note = directory / "owner.json"
        self._file: int | None = None

    def acquire(self, holder: str) -> None:
        """Take the lock for `holder` ("the window", "forge-desktop index")."""
        try:
            handle = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise ForgeError(
                f"The data directory {self._path.parent} cannot be written: {error.strerror or error}.",
                hint="Check its permissions, or choose another one with --data-dir.",
            ) from error
        try:
            lock_file(handle)
        except OSError as error:
            os.close(handle)
            raise ForgeError(
                f"{self.holder()} is using the data directory {self._path.parent}.",
                hint=f"{self._way_on()} Or use another directory with --data-dir.",
            ) from error
        self._file = handle
        with contextlib.suppress(OSError):
            write_atomically(self._note, json.dumps({"pid": os.getpid(), "holder": holder}).encode())

    def is_held(self) -> bool:
        """Whether a process owns the directory now. Nothing is tried where the noted one has ended."""
        import psutil

        try:
            if not psutil.pid_exists(int(json.loads(self._note.read_bytes())["pid"])):
                return False
            handle = os.open(self._path, os.O_RDWR)
        except (OSError, ValueError, KeyError, TypeError):
            return False
        try:
            lock_file(handle)
        except OSError:
            return True
        finally:
            os.close(handle)
        return False

    def _way_on(self) -> str:
        if "(the window" in self.holder():
            return "Do it in the window, or close that and try again."
        return "Wait for its end, or stop it with Ctrl+C, which keeps what it stored; or use the window in its place."

    def holder(self) -> str:
        """Who holds the lock, in words; falls back to a general phrase."""
        try:
            note = json.loads(self._note.read_bytes())
            return f"Another Forge Desktop ({note['holder']}, process {note['pid']})"
        except (OSError, ValueError, KeyError, TypeError):
            return "Another Forge Desktop"

    def release(self) -> None:
        """Give the lock back; harmless when it is not held."""
        if self._file is not None:
            os.close(self._file)
            self._file = None


if sys.platform == "win32":
    import msvcrt

    def lock_file(handle: int, *, wait: bool = False) -> None:
        """Lock an open file for this handle, or raise OSError; the system frees it when the handle or process ends."""
        msvcrt.locking(handle, msvcrt.LK_LOCK if wait else msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def lock_file(handle: int, *, wait: bool = False) -> None:
        """Lock an open file for this handle, or raise OSError; the system frees it when the handle or process ends."""
        fcntl.flock(handle, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)

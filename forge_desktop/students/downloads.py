"""Files on their way from a hub: kept beside each other until they are whole, checked, and only then in their place.

`<data>/models/.partial/<sha256>.part` holds what has come, `<sha256>.json` what it is; both outlive a kill.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath

from forge_desktop.base.errors import ForgeError
from forge_desktop.base.paths import write_atomically
from forge_desktop.students.files import hash_file
from forge_desktop.students.records_library import HubFile, HubRepository, Unfinished

_SPARE = 256 * 1024**2  # bytes of the disk that a download leaves alone
_ODD = re.compile(r"[^\w.+()@ -]")
_RESERVED = re.compile(r"(con|prn|aux|nul|(com|lpt)[0-9¹²³])[ ]*(\.|$)", re.IGNORECASE)  # on Windows, whatever follows
_LONGEST = 150  # bytes of a name, so that its whole path is short enough for Windows too


@dataclass(frozen=True)
class _Note:
    repository: str
    revision: str
    file: str
    bytes: int
    sha256: str


class Downloads:
    """The folder of downloaded bases and what is unfinished in it."""

    def __init__(
        self, folder: Path, *, free: Callable[[Path], int] = lambda path: shutil.disk_usage(path).free
    ) -> None:
        self._folder, self._free = folder, free
        self._partial = folder / ".partial"

    def unfinished(self) -> tuple[Unfinished, ...]:
        """What was begun and not ended, by name."""
        found = []
        for path in sorted(self._partial.glob("*.json")) if self._partial.is_dir() else ():
            with contextlib.suppress(OSError, ValueError, TypeError, KeyError):
                note = _Note(**json.loads(path.read_bytes()))
                done = self.done(note.sha256)
                found.append(Unfinished(note.repository, note.file, note.bytes, done))
        return tuple(sorted(found, key=lambda one: (one.repository, one.file)))

    def done(self, sha256: str) -> int:
        """How many bytes of a file are here already."""
        try:
            return (self._partial / f"{sha256}.part").stat().st_size
        except OSError:
            return 0

    def begin(self, repository: HubRepository, file: HubFile) -> Path:
        """Where the bytes go. Raises ForgeError where the disk has no room for the rest, or cannot be written."""
        try:
            for folder in (self._folder, self._partial):
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            missing, free = file.bytes - self.done(file.sha256), self._free(self._partial)
        except OSError as error:
            raise self._unwritable(error) from error
        if missing + _SPARE > free:
            raise ForgeError(
                f"{PurePosixPath(file.name).name} does not fit on the disk: {missing / 1e9:.1f} GB are missing, and of "
                f"{free / 1e9:.1f} GB that are free {_SPARE / 1e9:.1f} GB are left alone.",
                hint="Make room, or choose a smaller quantisation; what has come is kept.",
            )
        note = _Note(repository.name, repository.revision, file.name, file.bytes, file.sha256)
        try:
            write_atomically(self._partial / f"{file.sha256}.json", json.dumps(asdict(note)).encode())
        except OSError as error:
            raise self._unwritable(error) from error
        return self._partial / f"{file.sha256}.part"

    def finish(self, repository: HubRepository, file: HubFile, tell: Callable[[int, int], None]) -> Path:
        """Check the whole file by its hash and put it in its place. Wrong bytes are deleted: ForgeError."""
        part = self._partial / f"{file.sha256}.part"
        if hash_file(part, tell) != file.sha256:
            self.discard(file.sha256)
            raise ForgeError(
                f"What came of {PurePosixPath(file.name).name} is not the file that {repository.name} lists: its "
                "checksum is another, so it was deleted.",
                hint="Download it again. If it happens again, choose another file or repository.",
            )
        target = self.place_of(repository, file)
        try:
            with contextlib.suppress(OSError):
                part.chmod(0o600)  # what an earlier run began may be readable for others
            with open(part, "rb+") as written:
                os.fsync(written.fileno())
            os.replace(part, target)
        except OSError as error:
            raise self._unwritable(error) from error
        return target

    def place_of(self, repository: HubRepository, file: HubFile) -> Path:
        """Where a whole file lies; beside its owner's name where another one has taken its own."""
        plain = PurePosixPath(file.name).name
        name = _kept_name(plain, file.sha256)
        taken = self._folder / name
        if not taken.exists() or (taken.stat().st_size == file.bytes and hash_file(taken) == file.sha256):
            return taken
        owned = f"{repository.name.replace('/', '--')}--{file.sha256[:8]}--{plain}"
        return self._folder / _kept_name(owned, file.sha256)

    def found_whole(self, repository: HubRepository, file: HubFile) -> Path | None:
        """The file where it lies whole already: a kill came between its last byte and the list of students."""
        path = self.place_of(repository, file)
        return path if path.exists() else None

    def forget(self, sha256: str) -> None:
        """It is where it belongs."""
        with contextlib.suppress(OSError):
            (self._partial / f"{sha256}.json").unlink(missing_ok=True)

    def discard(self, sha256: str) -> None:
        """Delete what has come of a file."""
        with contextlib.suppress(OSError):
            (self._partial / f"{sha256}.part").unlink(missing_ok=True)
        self.forget(sha256)

    def give_up(self, repository: str, file: str) -> None:
        """Delete what has come of an unfinished download."""
        for path in self._partial.glob("*.json"):
            with contextlib.suppress(OSError, ValueError, TypeError, KeyError):
                note = _Note(**json.loads(path.read_bytes()))
                if (note.repository, note.file) == (repository, file):
                    self.discard(note.sha256)

    def _unwritable(self, error: OSError) -> ForgeError:
        return ForgeError(
            f"The folder {self._folder} cannot be written: {error.strerror or error}.",
            hint="Check its permissions and the room on the disk; what has come is kept.",
        )


def _kept_name(name: str, sha256: str) -> str:
    """A name that every file system takes: odd signs replaced, a long one cut and told from others by its sha."""
    kept = _ODD.sub("_", name).lstrip(". ") or "student.gguf"
    kept = f"_{kept}" if _RESERVED.match(kept) else kept
    if len(kept.encode()) <= _LONGEST:
        return kept
    end = f"-{sha256[:8]}.gguf"
    return kept.encode()[: _LONGEST - len(end)].decode("utf-8", "ignore") + end

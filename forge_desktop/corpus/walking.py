"""Walks the folders a user chose and names every regular file worth reading; opens nothing, follows no link."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from forge_desktop.base.errors import ForgeError
from forge_desktop.corpus.names import shown
from forge_desktop.corpus.parsers import PARSERS

_DEPTH = 64
_HIDDEN = getattr(stat, "FILE_ATTRIBUTE_HIDDEN", 0)
_KINDS = (
    (stat.S_ISLNK, "It is a link; links are not followed."),
    (stat.S_ISFIFO, "It is a pipe, not a file."),
    (stat.S_ISSOCK, "It is a socket, not a file."),
    (stat.S_ISCHR, "It is a device, not a file."),
    (stat.S_ISBLK, "It is a device, not a file."),
)


@dataclass(frozen=True)
class Found:
    """A regular file with a known suffix."""

    path: bytes
    size: int
    mtime_ns: int
    format: str


@dataclass(frozen=True)
class Passed:
    """Something that was passed over. `failed` when the user may have expected it to be read."""

    path: bytes
    reason: str
    failed: bool


class Walk:
    """One pass over `roots` (absolute paths). Ends on any tree: links are not followed, each folder is entered once.

    `unlisted` collects folders whose content could not be seen, so that nothing below them is taken for deleted.
    """

    def __init__(self, roots: Sequence[bytes], *, leave_out: bytes | None = None) -> None:
        self._roots = roots
        self._own = _identity(os.stat(leave_out)) if leave_out is not None else None
        self._entered: set[tuple[int, int]] = set()
        self._given: set[bytes] = set()
        self.unlisted: list[bytes] = []

    def items(self, check: Callable[[], None]) -> Iterator[Found | Passed]:
        """Files and passed-over things in a stable order; `check` is called for each entry and may raise."""
        folders = []
        for root in self._roots:
            info = os.stat(root)
            if stat.S_ISDIR(info.st_mode):
                folders.append(root)
            elif root not in self._given:
                self._given.add(root)
                yield _file(root, info, given=True)
        for folder in folders:
            yield from self._folder(folder, check)

    def _folder(self, root: bytes, check: Callable[[], None]) -> Iterator[Found | Passed]:
        waiting = [(root, 0)]
        while waiting:
            folder, depth = waiting.pop()
            try:
                identity = _identity(os.stat(folder))
                if identity == self._own:
                    yield Passed(folder, "It is where Forge Desktop keeps its own data.", failed=depth == 0)
                    continue
                if identity in self._entered:
                    continue
                self._entered.add(identity)
                entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
            except OSError as error:
                self.unlisted.append(folder)
                yield Passed(folder, f"The folder cannot be read: {error.strerror or error}.", failed=True)
                continue
            inner = []
            for entry in entries:
                check()
                item = self._entry(entry)
                if item is not None:
                    yield item
                elif depth < _DEPTH:
                    inner.append((entry.path, depth + 1))
                else:
                    self.unlisted.append(entry.path)
                    yield Passed(entry.path, f"It lies more than {_DEPTH} folders deep.", failed=True)
            waiting.extend(reversed(inner))

    def _entry(self, entry: os.DirEntry[bytes]) -> Found | Passed | None:
        """A found file, a passed-over thing, or None for a folder to enter."""
        try:
            info = entry.stat(follow_symlinks=False)
        except OSError as error:
            return Passed(entry.path, f"It cannot be looked at: {error.strerror or error}.", failed=True)
        if entry.name.startswith(b".") or getattr(info, "st_file_attributes", 0) & _HIDDEN:
            return Passed(entry.path, "It is hidden.", failed=False)
        if stat.S_ISDIR(info.st_mode):
            return None
        if entry.path in self._given:
            return Passed(entry.path, "It was given by itself.", failed=False)
        return _file(entry.path, info, given=False)


def _identity(info: os.stat_result) -> tuple[int, int]:
    return info.st_dev, info.st_ino


def _file(path: bytes, info: os.stat_result, *, given: bool) -> Found | Passed:
    suffix = os.fsdecode(os.path.splitext(path)[1]).lower()
    for is_kind, reason in _KINDS:
        if is_kind(info.st_mode):
            return Passed(path, reason, failed=given or (suffix in PARSERS and not stat.S_ISLNK(info.st_mode)))
    if suffix not in PARSERS:
        what = f"Files ending in {shown(suffix)}" if suffix else "Files without an ending"
        return Passed(path, f"{what} cannot be read yet.", failed=given)
    return Found(path, info.st_size, info.st_mtime_ns, PARSERS[suffix])


def given_paths(paths: Sequence[str | os.PathLike[str]]) -> list[bytes]:
    """The chosen paths, absolute; a link to a file is resolved. Raises ForgeError naming the first that is missing."""
    found = []
    for path in paths:
        absolute = os.path.abspath(os.fsencode(path)) if os.fspath(path) else b""
        try:
            info = os.stat(absolute)
        except (OSError, ValueError) as error:  # ValueError: a NUL in the name
            there = isinstance(error, OSError) and not isinstance(error, FileNotFoundError)
            what = f"cannot be read ({os.strerror(getattr(error, 'errno', 0))})" if there else "does not exist"
            raise ForgeError(
                f"{shown(absolute) or 'An empty path'} {what}.",
                hint="Check the path, or whether the drive it is on is connected. What was indexed before is kept.",
            ) from error
        if not stat.S_ISDIR(info.st_mode) and os.path.islink(absolute):
            absolute = os.path.realpath(absolute)
        if absolute not in found:
            found.append(absolute)
    return found

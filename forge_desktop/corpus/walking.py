"""Walks the folders a user chose and names every regular file worth reading; opens nothing."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from forge_desktop.base.errors import ForgeError
from forge_desktop.corpus.names import below, is_within, shown
from forge_desktop.corpus.parsers import format_of
from forge_desktop.corpus.policies import PatternFilter, Policy

_DEPTH = 64
_PATTERNS = "The collection's patterns leave it out."
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
    """One pass over places in the roots of a collection (absolute paths), taking what its policy takes.

    `starts` are (root, place): the place is the root itself, or something inside it. Ends on any tree: each folder is
    entered once. `unlisted` collects folders whose content could not be seen, so that nothing below them is taken for
    deleted. A file may come twice when roots lie inside each other.
    """

    def __init__(
        self, starts: Sequence[tuple[bytes, bytes]], *, policy: Policy | None = None, leave_out: bytes | None = None
    ) -> None:
        self._starts, self._policy = starts, policy or Policy()
        self._patterns = PatternFilter(self._policy)
        self._own = _identity(os.stat(leave_out)) if leave_out is not None else None
        self._entered: set[tuple[int, int]] = set()
        self._given: set[bytes] = set()
        self._root = b""
        self.unlisted: list[bytes] = []

    def items(self, check: Callable[[], None]) -> Iterator[Found | Passed]:
        """Files and passed-over things in a stable order; `check` is called for each entry and may raise."""
        folders = []
        for root, place in self._starts:
            try:
                info = os.stat(place) if place == root else os.lstat(place)
            except (FileNotFoundError, NotADirectoryError):
                continue
            except OSError as error:
                self.unlisted.append(place)
                yield Passed(place, f"It cannot be looked at: {error.strerror or error}.", failed=True)
                continue
            if place != root or stat.S_ISDIR(info.st_mode):
                folders.append((root, place, info))
            elif root not in self._given:
                self._given.add(root)
                yield self._sized(_file(root, info, given=True), failed=True)
        for root, place, info in folders:
            if not self._patterns.is_open:
                self._entered.clear()  # patterns count from the root, so a folder may fit in one and not in another
            self._root = root
            yield from self._folder(root, check) if place == root else self._inside(place, info, check)

    def _inside(self, place: bytes, info: os.stat_result, check: Callable[[], None]) -> Iterator[Found | Passed]:
        """What is at a place inside the root, if the way there is one that the policy goes."""
        head, names = self._root, place[len(below(self._root)[0]) :].split(os.fsencode(os.sep))
        for name in names[:-1]:
            head = os.path.join(head, name)
            try:
                item = self._entry(head, name, os.lstat(head))
            except OSError:
                self.unlisted.append(place)
                return
            if item is not None:
                yield item
                return
        item = self._entry(place, names[-1], info)
        if item is not None:
            yield item
        elif len(names) <= _DEPTH:
            yield from self._folder(place, check, len(names))

    def _folder(self, start: bytes, check: Callable[[], None], level: int = 0) -> Iterator[Found | Passed]:
        waiting = [(start, level)]
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
                item = self._looked_at(entry)
                if item is not None:
                    yield item
                elif depth < _DEPTH and entry.is_symlink():
                    waiting.insert(0, (entry.path, depth + 1))  # last: the way without links is a file's proper one
                elif depth < _DEPTH:
                    inner.append((entry.path, depth + 1))
                else:
                    self.unlisted.append(entry.path)
                    yield Passed(entry.path, f"It lies more than {_DEPTH} folders deep.", failed=True)
            waiting.extend(reversed(inner))

    def _looked_at(self, entry: os.DirEntry[bytes]) -> Found | Passed | None:
        try:
            info = entry.stat(follow_symlinks=False)
        except OSError as error:
            self.unlisted.append(entry.path)
            gone = isinstance(error, FileNotFoundError)  # it went, or is being replaced: the next look will tell
            return Passed(entry.path, f"It cannot be looked at: {error.strerror or error}.", failed=not gone)
        return self._entry(entry.path, entry.name, info)

    def _entry(self, path: bytes, name: bytes, info: os.stat_result) -> Found | Passed | None:
        """A found file, a passed-over thing, or None for a folder to enter."""
        if not self._policy.hidden and (name.startswith(b".") or getattr(info, "st_file_attributes", 0) & _HIDDEN):
            return Passed(path, "It is hidden.", failed=False)
        if stat.S_ISLNK(info.st_mode) and self._policy.follow_links:
            try:
                info = os.stat(path)
            except OSError:
                self.unlisted.append(path)  # what it leads to may be a drive that is away
                return Passed(path, "It is a link to nothing.", failed=False)
            if stat.S_ISREG(info.st_mode) and is_within(os.path.realpath(path), os.path.realpath(self._root)):
                return Passed(path, "It is a link to a file that lies in the same folder.", failed=False)
        if stat.S_ISDIR(info.st_mode):
            return None if self._patterns.enters(self._root, path) else Passed(path, _PATTERNS, failed=False)
        if path in self._given:
            return Passed(path, "It was given by itself.", failed=False)
        if not self._patterns.takes(self._root, path):
            return Passed(path, _PATTERNS, failed=False)
        return self._sized(_file(path, info, given=False), failed=False)

    def _sized(self, item: Found | Passed, *, failed: bool) -> Found | Passed:
        limit = self._policy.max_megabytes
        if limit and isinstance(item, Found) and item.size > limit * 1_000_000:
            return Passed(item.path, f"It is larger than {limit:,} MB, the collection's limit.", failed=failed)
        return item


def _identity(info: os.stat_result) -> tuple[int, int]:
    return info.st_dev, info.st_ino


def _file(path: bytes, info: os.stat_result, *, given: bool) -> Found | Passed:
    kind = format_of(os.fsdecode(path))
    for is_kind, reason in _KINDS:
        if is_kind(info.st_mode):
            return Passed(path, reason, failed=given or (bool(kind) and not stat.S_ISLNK(info.st_mode)))
    if not kind:
        suffix = os.fsdecode(os.path.splitext(path)[1]).lower()
        what = f"Files ending in {shown(suffix)}" if suffix else "Files without an ending"
        return Passed(path, f"{what} cannot be read yet.", failed=given)
    return Found(path, info.st_size, info.st_mtime_ns, kind)


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

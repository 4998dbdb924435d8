"""Watches folders: names every path that is touched in them, as far as the system lets itself be asked."""

from __future__ import annotations

import errno
import os
import stat
import threading
import time
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from watchdog.events import FileSystemEvent, FileSystemEventHandler
    from watchdog.observers.api import BaseObserver

Identity = tuple[int, int]

_MOST = 64  # roots watched at once: Linux gives a user 128 watching instances, and other programs need some
_MOST_PATHS = 2000  # touched at once; with more, everything is looked through
_LONGEST = 30.0  # seconds after which touched paths are due although more are being touched
_SEPARATOR = os.fsencode(os.sep)
_LIMIT_REACHED = "the system's limit of watched folders is reached"
_REMOTE = frozenset(b"nfs nfs4 cifs smb3 smbfs ncpfs afs 9p ceph fuse.sshfs fuse.rclone davfs fuse.davfs2".split())
_MOUNTS = "/proc/self/mountinfo"
_LIMITS = (errno.ENOSPC, errno.EMFILE, errno.ENFILE)


class Touched:
    """Gathers touched paths until nothing more was touched for a while. Safe on any thread."""

    def __init__(self, wake: Callable[[], None]) -> None:
        self._wake = wake
        self._lock = threading.Lock()
        self._paths: set[bytes] = set()
        self._first = self._last = 0.0
        self._overflowed = False

    def __len__(self) -> int:
        return len(self._paths)

    def add(self, path: bytes) -> None:
        """Take one more."""
        with self._lock:
            self._last = time.monotonic()
            is_first = not self._paths
            if is_first:
                self._first = self._last
            if len(self._paths) < _MOST_PATHS:
                self._paths.add(path)
            self._overflowed = len(self._paths) == _MOST_PATHS
        if is_first:
            self._wake()

    def due_in(self, quiet: float) -> float | None:
        """Seconds until the gathered paths are due, `quiet` seconds after the last; None when there are none."""
        with self._lock:
            if not self._paths:
                return None
            return max(0.0, min(self._last + quiet, self._first + _LONGEST) - time.monotonic())

    def take(self) -> list[bytes] | None:
        """What was gathered, which begins anew; None when it was too much to be remembered."""
        with self._lock:
            taken = None if self._overflowed else sorted(self._paths)
            self._paths, self._overflowed = set(), False
        return taken


@dataclass
class _Watch:
    identity: Identity
    observer: BaseObserver


class Watcher:
    """Watches roots, each with an observer of its own, so that one that fails gives back all it had taken.

    `touched` is called with paths, on other threads. `spare` is a folder that is never watched for itself. One thread
    calls `follow` and `close`.
    """

    def __init__(
        self, touched: Callable[[bytes], None], spare: bytes, observer: Callable[[], BaseObserver] | None = None
    ) -> None:
        self._touched, self._spare = touched, spare
        self._observer = observer or _system_observer
        self._watches: dict[bytes, _Watch] = {}
        self._failed: dict[bytes, Identity] = {}
        self.problems: dict[bytes, str] = {}  # roots that cannot be watched, and why

    def __len__(self) -> int:
        return len(self._watches)

    def follow(self, roots: Mapping[bytes, Identity]) -> None:
        """Watch exactly these roots; one that became another folder is watched anew."""
        for root in list(self._watches):
            watch = self._watches[root]
            if roots.get(root) != watch.identity or not watch.observer.is_alive():
                self._end(self._watches.pop(root).observer)
        for root in list(self._failed):
            if roots.get(root) != self._failed[root]:
                del self._failed[root], self.problems[root]
        for root, identity in roots.items():
            if root not in self._watches and root not in self._failed:
                self._begin(root, identity)

    def close(self) -> None:
        """Watch nothing any more; its threads have ended then."""
        self.follow({})

    def _begin(self, root: bytes, identity: Identity) -> None:
        try:
            if is_remote(root):
                raise OSError(errno.EREMOTE, "on a network drive, which tells nothing of changes made elsewhere")
            if len(self._watches) >= _MOST:
                raise OSError(errno.EMFILE, "too many folders")
            self._watches[root] = _Watch(identity, self._watching(root))
        except OSError as error:
            self._failed[root] = identity
            limited = error.errno in _LIMITS
            self.problems[root] = _LIMIT_REACHED if limited else error.strerror or str(error)

    def _watching(self, root: bytes) -> BaseObserver:
        """An observer of this root. Raises OSError when the system refuses it, or a part of it."""
        real = os.path.realpath(root)
        is_folder = os.path.isdir(real)

        def hear(path: bytes) -> None:
            if path == real or path.startswith(real.rstrip(_SEPARATOR) + _SEPARATOR):
                self._touched(root + path[len(real) :])

        observer = self._observing(real if is_folder else os.path.dirname(real), hear, recursive=is_folder)
        try:
            # Folders inside that are refused are passed over in silence; so see whether one more would be refused.
            self._end(self._observing(self._spare, lambda path: None, recursive=False))
        except OSError:
            self._end(observer)
            raise
        return observer

    def _observing(self, folder: bytes, hear: Callable[[bytes], None], *, recursive: bool) -> BaseObserver:
        observer = self._observer()
        observer.start()
        try:
            observer.schedule(_handler(hear), os.fsdecode(folder), recursive=recursive, event_filter=_events())
        except OSError:
            self._end(observer)
            raise
        return observer

    def _end(self, observer: BaseObserver) -> None:
        observer.stop()
        observer.join()


def _system_observer() -> BaseObserver:
    from watchdog.observers import Observer  # starts threads of its own; only a process that watches needs it

    # WORKAROUND: watchdog 7.1 warns on stderr when a new folder is reported while it is being added; it is added once.
    warnings.filterwarnings("ignore", message="Callback with id", category=RuntimeWarning)
    made: BaseObserver = Observer()
    return made


def _handler(hear: Callable[[bytes], None]) -> FileSystemEventHandler:
    from watchdog import events

    class Handler(events.FileSystemEventHandler):
        def on_any_event(self, event: FileSystemEvent) -> None:
            for path in (event.src_path, event.dest_path):
                if path:
                    hear(os.fsencode(path))

    return Handler()


def _events() -> list[type[FileSystemEvent]]:
    """What tells of a change. Not that a folder changed, which comes with every change of a file in it."""
    from watchdog import events

    return [
        events.FileCreatedEvent,
        events.FileModifiedEvent,
        events.FileMovedEvent,
        events.FileDeletedEvent,
        events.FileClosedEvent,
        events.DirCreatedEvent,
        events.DirMovedEvent,
        events.DirDeletedEvent,
    ]


def is_remote(path: bytes) -> bool:
    """Whether the path lies on a network drive, where that can be told: on Linux, and by its name on Windows."""
    if path.startswith(b"\\\\"):
        return True
    try:
        device = os.stat(path).st_dev
        with open(_MOUNTS, "rb") as mounts:
            lines = mounts.read().splitlines()
    except OSError:
        return False
    name = b"%d:%d" % (os.major(device), os.minor(device))
    # "36 35 98:0 /root /mount options [optional…] - type source options"
    return any(line.split()[2] == name and line.partition(b" - ")[2].split()[0] in _REMOTE for line in lines)


def identity_of(path: bytes) -> Identity | None:
    """Which folder or file is there now; None when none is, or nobody may look."""
    try:
        info = os.stat(path)
    except OSError:
        return None
    return (info.st_dev, info.st_ino) if stat.S_ISDIR(info.st_mode) or stat.S_ISREG(info.st_mode) else None

"""Conversations kept on the disk as the student has read them, so that after a restart none is read again."""

from __future__ import annotations

import contextlib
import hashlib
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from forge_desktop.base.child import Frame
from forge_desktop.base.errors import ForgeError
from forge_desktop.base.events import DataChanged, Event, Events
from forge_desktop.base.settings import SettingsFile
from forge_desktop.engine.running import RunningChild
from forge_desktop.engine.store_kv import KvStore
from forge_desktop.storage import Database

_MEGABYTE = 1024 * 1024


class Kept:
    """The folder of key-value caches. The child writes and reads the files; which ones count is in the database.

    Nothing that goes wrong here is an error for the person who asked: the conversation is read again, and that is all.
    """

    def __init__(self, db: Database, events: Events, settings: SettingsFile) -> None:
        self._store, self._settings = KvStore(db), settings
        self._folder = db.path.absolute().parent / "kv"
        if not self._store.read_only:
            events.subscribe(self._on_event)
            self._tidy()

    def order(self, child: RunningChild, conversation: str = "") -> Frame:
        """What the child has to know with a request: where files go, and which one holds this conversation."""
        if not self._settings.values.kv_files or self._store.read_only or child.spec is None:
            return {}
        try:
            private_folder(self._folder)
        except OSError:
            return {}
        worn = child.adapter  # part of the key, because another adapter computes other values
        adapter = f"{worn.sha256} {worn.scale!r}" if worn is not None else ""
        parts = (child.spec.sha256, adapter, str(child.facts.get("layout", "")))
        key = hashlib.sha256("\n".join(parts).encode()).hexdigest()
        order: Frame = {"folder": str(self._folder), "key": key}
        if conversation and (found := self._store.find(key, conversation)) is not None:
            order |= {"file": found.file, "sha256": found.sha256}
        return order

    def note(self, frame: Frame) -> None:
        """The child wrote a file, or found that one is not what it should be."""
        with contextlib.suppress(ForgeError):  # a full disk: the file is of no use then, and is tidied away
            if frame["ev"] == "kept":
                self._remove(self._store.put(frame, self._settings.values.kv_files_megabytes * _MEGABYTE))
            elif frame["ev"] == "dropped":
                self._store.drop([frame["file"]])

    def forget(self, conversations: Sequence[str]) -> None:
        """Remove what is kept of these conversations."""
        files = self._store.of(conversations)
        self._remove(files)
        if files:
            self._store.drop(files)

    def _tidy(self) -> None:
        """Remove files that the database does not know, and everything when nothing is to be kept."""
        with contextlib.suppress(ForgeError, OSError):
            if not self._settings.values.kv_files:
                self._clear()
            known = set(self._store.all())
            self._remove([path.name for path in self._folder.iterdir() if path.name not in known])

    def _clear(self) -> None:
        files = self._store.all()
        self._remove(files)
        if files:
            self._store.drop(files)

    def _remove(self, files: Sequence[str]) -> None:
        for file in files:
            with contextlib.suppress(OSError):
                (self._folder / Path(file).name).unlink()

    def _on_event(self, event: Event) -> None:
        if isinstance(event, DataChanged) and "settings" in event.what and not self._settings.values.kv_files:
            with contextlib.suppress(ForgeError):
                self._clear()


def private_folder(folder: Path) -> None:
    """Make it, for its owner only."""
    folder.mkdir(mode=0o700, exist_ok=True)
    if sys.platform != "win32":
        os.chmod(folder, 0o700)

"""Folder sync: the index follows the folders, and what is gone in a way that may not be meant is asked about."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import stat
import threading
import time
from collections.abc import Callable, Sequence

from forge_desktop.base.errors import Cancelled, ForgeError
from forge_desktop.base.events import DataChanged, Event, Events, JobChanged
from forge_desktop.base.jobs import JobContext, Jobs
from forge_desktop.base.settings import SettingsFile
from forge_desktop.corpus.names import is_within
from forge_desktop.corpus.parsers import PARSERS
from forge_desktop.corpus.records_library import SyncQuestion, SyncState
from forge_desktop.corpus.removing import Remover
from forge_desktop.corpus.store_collections import CollectionRows
from forge_desktop.corpus.store_questions import QuestionRows
from forge_desktop.corpus.watching import Identity, Touched, Watcher, identity_of
from forge_desktop.storage import Database

_LANE = "sync"
_KIND = "watch"
_GLANCE = 5.0  # seconds between two looks whether each root is still there: a drive that comes back is noticed then

NewWatcher = Callable[[Callable[[bytes], None], bytes], Watcher]


class Sync:
    """Follows the folders of all collections between `start` and `stop`. Questions outlive a restart.

    Folders are watched (setting watch_folders), and all are looked through every few minutes (setting sync_minutes):
    what cannot be watched is followed that way. Changes are read when nothing more changed for `quiet` seconds.
    """

    def __init__(
        self,
        db: Database,
        remover: Remover,
        events: Events,
        jobs: Jobs,
        settings: SettingsFile,
        look: Callable[[Sequence[bytes] | None], int],
        watcher: NewWatcher = Watcher,
    ) -> None:
        self._db, self._remover, self._events, self._jobs, self._settings = db, remover, events, jobs, settings
        self._look, self._new_watcher = look, watcher
        self._questions, self._collections = QuestionRows(db), CollectionRows(db)
        self._wake, self._ended = threading.Event(), threading.Event()
        self._touched = Touched(self._wake.set)
        self._following: int | None = None
        self._looking: int | None = None
        self._state = SyncState("off")
        self.quiet = 2.0

    # ---- questions ----

    def questions(self) -> list[SyncQuestion]:
        """What is to be decided, the oldest first."""
        return self._questions.all()

    def answer(self, question_id: int, answer: str) -> int | None:
        """Decide: "keep" the documents until their files are there again, or "remove" them from the index.

        Returns the token for Corpus.restore after "remove". Raises ForgeError when the question is settled already.
        """
        if answer not in ("keep", "remove"):
            raise ForgeError(f"{answer} is no answer.", hint="Answer with keep or remove.")
        token = None
        with self._db.write() as connection:
            ids = self._questions.documents(connection, question_id)
            if not ids:
                raise ForgeError("This question is settled.", hint="The files are there again, or it was answered.")
            self._questions.close(connection, question_id)
            if answer == "remove":
                token = self._remover.hide(connection, ids, exclude=False)
        self._events.changed("documents", "collections", "questions")
        return token

    def give_up(self, places: Sequence[str | os.PathLike[str]] = ()) -> int | None:
        """Remove what "keep" kept in these places (none: anywhere) and has no file still.

        Returns the token for Corpus.restore, or None when there is nothing of that kind.
        """
        inside = [os.fsencode(os.path.abspath(place)) for place in places]
        with self._db.write() as connection:
            ids = [
                document_id
                for document_id, path in self._questions.kept_paths(connection)
                if not os.path.lexists(path) and (not inside or any(is_within(path, place) for place in inside))
            ]
            token = self._remover.hide(connection, ids, exclude=False) if ids else None
        if ids:
            self._events.changed("documents", "collections")
        return token

    # ---- following ----

    def state(self) -> SyncState:
        """How folders are followed now; `DataChanged({"sync"})` tells of a change."""
        return dataclasses.replace(self._state, waiting=len(self._touched), questions=len(self.questions()))

    def start(self) -> None:
        """Follow the folders from now on, beginning with a look through all. Nothing in a process that only reads."""
        if not self._db.read_only and self._following not in self._jobs.running(_KIND):
            self._ended.clear()
            self._following = self._jobs.start(_LANE, _KIND, self._follow)

    def stop(self) -> None:
        """Follow nothing any more; returns when the threads have ended. Safe to call twice."""
        following, self._following = self._following, None
        if following is not None and following in self._jobs.running(_KIND):
            self._ended.set()  # not a cancel, which would be raised here and keep every frame up to the window's alive
            self._wake.set()
            with contextlib.suppress(Cancelled, ForgeError):
                self._jobs.wait(following)

    def _follow(self, ctx: JobContext) -> None:
        own = os.fsencode(self._db.path.parent.absolute())

        def touch(path: bytes) -> None:
            if not is_within(path, own):
                self._touched.add(path)

        unsubscribe = self._events.subscribe(self._hear)
        try:
            with contextlib.closing(self._new_watcher(touch, own)) as watcher:
                self._loop(ctx, watcher)
        finally:
            unsubscribe()
            self._tell(SyncState("off"))

    def _hear(self, event: Event) -> None:
        """Wake up for what may change what is to be done."""
        if isinstance(event, DataChanged):
            matters = not event.what.isdisjoint({"collections", "settings"})
        else:
            matters = isinstance(event, JobChanged) and event.job_id == self._looking and event.state != "running"
        if matters:
            self._wake.set()

    def _loop(self, ctx: JobContext, watcher: Watcher) -> None:
        there: dict[bytes, Identity | None] = {}
        tried: set[tuple[int, bytes]] = set()
        last_look: float | None = None
        while not self._ended.is_set():
            ctx.check()
            roots = {path for _, path in self._collections.roots()}
            now_there = {root: identity_of(root) for root in roots}
            self._watch(watcher, now_there)
            unsynced = self._collections.unsynced()
            minutes = self._settings.values.sync_minutes
            if last_look is None or (minutes and time.monotonic() - last_look >= 60 * minutes):
                is_whole_due = not self._is_looking()
            else:
                is_whole_due = False
                for root in {root for root in roots if there.get(root) != now_there[root]} | {
                    root for collection, root in unsynced if (collection, root) not in tried
                }:
                    self._touched.add(root)
            there, tried = now_there, unsynced
            if is_whole_due:
                last_look = time.monotonic()
                self._touched.take()
                self._looking = self._look(None) if roots else None
            self._look_at_touched()
            self._wake.wait(self._pause())
            self._wake.clear()

    def _watch(self, watcher: Watcher, there: dict[bytes, Identity | None]) -> None:
        wanted = self._settings.values.watch_folders
        watcher.follow({root: identity for root, identity in there.items() if identity is not None and wanted})
        minutes = self._settings.values.sync_minutes
        if not wanted and not minutes:
            self._tell(SyncState("off", len(there)))
            return
        note = ""
        if watcher.problems:
            often = f"looked through every {minutes} minutes" if minutes else "looked through when you ask for it"
            count, reasons = len(watcher.problems), "; ".join(sorted(set(watcher.problems.values())))
            note = f"Not watched: {count} of {len(there)} folders ({reasons}). They are {often}."
        self._tell(
            SyncState("watching" if wanted and not watcher.problems else "polling", len(there), len(watcher), note=note)
        )

    def _tell(self, state: SyncState) -> None:
        if state != self._state:
            self._state = state
            self._events.changed("sync")

    # ---- reading what was touched ----

    def _is_looking(self) -> bool:
        return self._looking is not None and self._looking in self._jobs.running()

    def _pause(self) -> float:
        due = None if self._is_looking() else self._touched.due_in(self.quiet)
        return _GLANCE if due is None else min(_GLANCE, due)

    def _look_at_touched(self) -> None:
        if self._is_looking() or self._touched.due_in(self.quiet) != 0.0:
            return
        roots = {path for _, path in self._collections.roots()}
        hidden = any(kept.policy.hidden for kept in self._collections.kept())
        taken = self._touched.take()
        places = None if taken is None else [path for path in taken if self._matters(path, roots, hidden=hidden)]
        if places is None or places:
            self._looking = self._look(places)

    def _matters(self, path: bytes, roots: set[bytes], *, hidden: bool) -> bool:
        """Whether looking at a touched path can change anything: most of what programs write are no documents."""
        if path in roots:
            return True
        above = [root for root in roots if is_within(path, root)]
        separator = os.fsencode(os.sep)
        if not hidden and all(separator + b"." in path[len(root.rstrip(separator)) :] for root in above):
            return False
        try:
            mode = os.lstat(path).st_mode
        except OSError:
            return self._questions.total(path) > 0
        return stat.S_ISDIR(mode) or os.fsdecode(os.path.splitext(path)[1]).lower() in PARSERS

"""The embedding model that the settings name: opened, put to use, and changed when the setting changes."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from forge_desktop.base.errors import ForgeError
from forge_desktop.base.events import DataChanged, Event, Events
from forge_desktop.base.jobs import JobContext, Jobs
from forge_desktop.base.paths import write_atomically
from forge_desktop.base.settings import SettingsFile
from forge_desktop.corpus.embedding import Vectors
from forge_desktop.engine.embedder import GgufEmbedder
from forge_desktop.engine.gguf_embedder import read_embedder

log = logging.getLogger(__name__)

_LANE = "embedding"


class Open(Protocol):
    """Opens a GGUF file as an embedder; reads all of its bytes unless their sha256 is known. Raises ForgeError."""

    def __call__(self, path: Path, *, sha256: str = "", check: Callable[[], None] = ...) -> GgufEmbedder: ...


class EmbeddingModel:
    """Follows the setting `embedding_model`. A file that was read before is put to use at once, another one by a job.

    What a file's sha256 was is kept in `memory`, with its size and time: a large one need not be read at each start.
    """

    def __init__(
        self,
        settings: SettingsFile,
        events: Events,
        jobs: Jobs,
        vectors: Vectors,
        memory: Path,
        open_model: Open,
        *,
        read_only: bool,
    ) -> None:
        self._settings, self._events, self._jobs, self._vectors = settings, events, jobs, vectors
        self._memory, self._open, self._read_only = memory, open_model, read_only
        self._lock = threading.RLock()
        self._path = ""
        self._model: GgufEmbedder | None = None
        self._closed = False
        self._problem = ""
        self._unsubscribe: Callable[[], None] = lambda: None

    @property
    def model(self) -> GgufEmbedder | None:
        """The model in use."""
        return self._model

    @property
    def note(self) -> str:
        """A sentence when likeness is judged otherwise than the setting says, or ""."""
        return self._vectors.note

    @property
    def problem(self) -> str:
        """A sentence when the file that the setting names cannot be used, or ""."""
        return self._problem

    def follow(self) -> None:
        """Do as the setting says, from now on."""
        self._unsubscribe = self._events.subscribe(self._on_event)
        self.apply()

    def choose(self, path: Path | None) -> int | None:
        """Use this file from now on, None for none; the job that opens it, or the one that embeds the passages by it,
        None when nothing is left to do. Raises ForgeError when it cannot embed.
        """
        with self._lock:
            if path is not None:
                read_embedder(path)
            self._unsubscribe()
            try:
                self._settings.change(embedding_model=str(path) if path is not None else "")
                return self.apply()
            finally:
                self._unsubscribe = self._events.subscribe(self._on_event)

    def apply(self) -> int | None:
        """Do as the setting says now; the job that was started, or None."""
        with self._lock:
            wanted = self._settings.values.embedding_model
            if wanted == self._path or self._closed:
                return None
            self._path, self._problem = wanted, ""
            if (old := self._model) is not None:
                self._model = None
                # Not here: it may be the window's thread, and the process takes a moment to end.
                self._jobs.start(_LANE, "close_embedder", lambda _: old.close())
            if not wanted:
                return self._vectors.use(None)
            path = Path(wanted)
            self._vectors.use(None, problem=f"The embedding model {path.name} is being opened.")
            try:
                if known := self._known(path):
                    return self._take(path, known, lambda: None)
                read_embedder(path)
            except ForgeError as error:
                return self._refused(error)
            return self._jobs.start(_LANE, "open_embedder", lambda ctx: self._read(path, ctx))

    def close(self) -> None:
        """End the model's process. Safe to call twice."""
        self._unsubscribe()
        with self._lock:
            self._closed = True
            if self._model is not None:
                self._model.close()
                self._model = None

    def _read(self, path: Path, ctx: JobContext) -> int | None:
        try:
            return self._take(path, "", ctx.check)
        except ForgeError as error:
            self._refused(error)
            raise ForgeError(error.message, hint="Choose another embedding model.", action="settings") from error

    def _take(self, path: Path, sha256: str, check: Callable[[], None]) -> int | None:
        """Raises ForgeError when it cannot be opened."""
        try:
            model = self._open(path, sha256=sha256, check=check)
        except ForgeError:
            if self._closed or str(path) != self._path:
                return None
            raise
        with self._lock:
            if self._closed or str(path) != self._path:  # another one was chosen meanwhile
                model.close()
                return None
            self._model = model
            if not sha256:
                self._remember(path, model.spec.sha256)
            return self._vectors.use(model)

    def _refused(self, error: ForgeError) -> int | None:
        log.info("the embedding model cannot be used: %s", error.message)
        self._problem = f"{error.message} Likeness is judged by spelling."
        return self._vectors.use(None, problem=self._problem)

    def _known(self, path: Path) -> str:
        """The sha256 of a file that has not changed since it was read; "" otherwise."""
        try:
            kept = json.loads(self._memory.read_bytes())
            return str(kept["sha256"]) if kept["file"] == _facts(path) else ""
        except (OSError, ValueError, LookupError, TypeError):
            return ""

    def _remember(self, path: Path, sha256: str) -> None:
        if self._read_only:
            return
        try:
            write_atomically(self._memory, json.dumps({"file": _facts(path), "sha256": sha256}).encode())
        except OSError as error:
            log.info("the embedding model will be read again at the next start: %s", error)

    def _on_event(self, event: Event) -> None:
        if isinstance(event, DataChanged) and "settings" in event.what:
            self.apply()


def _facts(path: Path) -> list[object]:
    status = path.stat()
    return [str(path), status.st_size, status.st_mtime_ns]

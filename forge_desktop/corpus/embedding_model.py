"""The embedding model that the settings name, a file or an endpoint: opened, put to use, changed with the setting."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from forge_desktop.base.errors import ForgeError
from forge_desktop.base.events import DataChanged, Event, Events
from forge_desktop.base.jobs import JobContext, Jobs
from forge_desktop.base.paths import write_atomically
from forge_desktop.base.settings import SettingsFile
from forge_desktop.corpus.embedding import Vectors
from forge_desktop.corpus.embedding_volume import RemoteVolume, volume_of
from forge_desktop.engine.embedder import GgufEmbedder
from forge_desktop.engine.gguf_embedder import read_embedder
from forge_desktop.engine.remote_embedder import RemoteEmbedder
from forge_desktop.engine.remote_wording import origin_of
from forge_desktop.providers.records import Endpoint

if TYPE_CHECKING:
    from forge_desktop.providers import Providers

log = logging.getLogger(__name__)

_LANE = "embedding"
ENDPOINT = "endpoint:"  # begins the setting where an endpoint embeds; its uid follows


class Open(Protocol):
    """Opens a GGUF file as an embedder; reads all of its bytes unless their sha256 is known. Raises ForgeError."""

    def __call__(self, path: Path, *, sha256: str = "", check: Callable[[], None] = ...) -> GgufEmbedder: ...


class EmbeddingModel:
    """Follows the setting `embedding_model`. A file that was read before is put to use at once, another one by a job.

    What a file's sha256 was is kept in `memory`, with its size and time: a large one need not be read at each start; of
    an endpoint how long its vectors are.
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
        providers: Providers | None = None,
    ) -> None:
        self._providers = providers
        self._tried: list[object] = []  # facts of the endpoint that was opened, or could not be, last
        self._settings, self._events, self._jobs, self._vectors = settings, events, jobs, vectors
        self._memory, self._open, self._read_only = memory, open_model, read_only
        self._lock = threading.RLock()
        self._path = ""
        self._model: GgufEmbedder | RemoteEmbedder | None = None
        self._closed = False
        self._problem = ""
        self._unsubscribe: Callable[[], None] = lambda: None

    @property
    def model(self) -> GgufEmbedder | None:
        """The file's model in use."""
        return self._model if isinstance(self._model, GgufEmbedder) else None

    @property
    def remote(self) -> Endpoint | None:
        """The endpoint that embeds."""
        return self._model.endpoint if isinstance(self._model, RemoteEmbedder) else None

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
            return self._change(str(path) if path is not None else "")

    def choose_remote(self, name: str) -> int | None:
        """Let this endpoint (its name or uid) embed from now on; the job as `choose` gives it. What that sends and
        costs says `volume`. Raises ForgeError for one that is no embedder.
        """
        with self._lock:
            return self._change(f"{ENDPOINT}{self._endpoint(name).uid}")

    def volume(self, name: str) -> RemoteVolume:
        """What this endpoint would be sent to embed everything, and what that costs. Slow in a large corpus."""
        endpoint = self._endpoint(name)
        assert self._providers is not None
        return volume_of(endpoint, self._providers.prices.of(endpoint), self._vectors.volume())

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
            if wanted.startswith(ENDPOINT):
                return self._apply_remote(wanted)
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

    def _change(self, wanted: str) -> int | None:
        self._unsubscribe()
        try:
            self._settings.change(embedding_model=wanted)
            return self.apply()
        finally:
            self._unsubscribe = self._events.subscribe(self._on_event)

    def _endpoint(self, name: str) -> Endpoint:
        if self._providers is None:
            raise ForgeError("No endpoint can be asked here.", hint="Choose a file.", action="settings")
        endpoint: Endpoint = self._providers.endpoints.get(name)
        if "embedder" not in endpoint.roles:
            raise ForgeError(
                f"{endpoint.name} is no embedder.", hint="Give it that role in Settings › Endpoints.", action="settings"
            )
        return endpoint

    def _apply_remote(self, wanted: str) -> int | None:
        try:
            endpoint = self._endpoint(wanted.removeprefix(ENDPOINT))
        except ForgeError:
            self._tried = []
            return self._refused(ForgeError("The endpoint that embedded passages is not there any more."))
        self._tried = _remote_facts(endpoint)
        if known := self._kept_dimensions(endpoint):
            return self._take_remote(wanted, endpoint, known)
        self._vectors.use(None, problem=f"{endpoint.name} is being asked how long its vectors are.")
        return self._jobs.start(_LANE, "open_embedder", lambda _ctx: self._try_remote(wanted, endpoint))

    def _try_remote(self, wanted: str, endpoint: Endpoint) -> int | None:
        try:
            return self._take_remote(wanted, endpoint, 0)
        except ForgeError as error:
            with self._lock:
                if wanted == self._path:
                    self._refused(error)
            raise ForgeError(error.message, hint=error.hint, code=error.code, action="settings") from error

    def _take_remote(self, wanted: str, endpoint: Endpoint, dimensions: int) -> int | None:
        assert self._providers is not None
        model = RemoteEmbedder(self._providers, endpoint, dimensions)
        with self._lock:
            if self._closed or wanted != self._path:
                return None
            self._model, self._problem = model, ""
            self._keep({"endpoint": _remote_facts(endpoint), "dimensions": model.dimensions})
            return self._vectors.use(model, remote=True)

    def _kept_dimensions(self, endpoint: Endpoint) -> int:
        try:
            kept = json.loads(self._memory.read_bytes())
            return int(kept["dimensions"]) if kept["endpoint"] == _remote_facts(endpoint) else 0
        except (OSError, ValueError, LookupError, TypeError):
            return 0

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
            job = self._vectors.use(model)
        self._events.changed("embedding")
        return job

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
        self._keep({"file": _facts(path), "sha256": sha256})

    def _keep(self, facts: dict[str, object]) -> None:
        if self._read_only:
            return
        try:
            write_atomically(self._memory, json.dumps(facts).encode())
        except OSError as error:
            log.info("the embedding model will be read again at the next start: %s", error)

    def _on_event(self, event: Event) -> None:
        if not isinstance(event, DataChanged):
            return
        if self._path.startswith(ENDPOINT) and (
            ("endpoints" in event.what and self._is_outdated())
            or ("settings" in event.what and self._model is None and self._problem)  # Offline may be off now
        ):
            self._path = ""
        if event.what & {"settings", "endpoints"}:
            self.apply()

    def _is_outdated(self) -> bool:
        """Whether the endpoint in use was removed, or is another model or server now."""
        try:
            now = self._endpoint(self._path.removeprefix(ENDPOINT))
        except ForgeError:
            return True
        return _remote_facts(now) != self._tried


def _remote_facts(endpoint: Endpoint) -> list[object]:
    return [endpoint.uid, origin_of(endpoint), endpoint.model]


def _facts(path: Path) -> list[object]:
    status = path.stat()
    return [str(path), status.st_size, status.st_mtime_ns]

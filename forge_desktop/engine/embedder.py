"""A GGUF embedding model as the corpus wants embedders: a child of its own beside the chat student's."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path

from forge_desktop.base.errors import Cancelled, ForgeError
from forge_desktop.base.events import Events
from forge_desktop.base.settings import SettingsFile
from forge_desktop.engine.engine import Engine
from forge_desktop.engine.errors import of_embedder
from forge_desktop.engine.gguf_embedder import EmbedderHeader, read_embedder
from forge_desktop.engine.many import Vectors
from forge_desktop.engine.records import EngineState, StudentSpec
from forge_desktop.storage import Database

_PIECE = 1024 * 1024
_VERSION = 1  # of how texts are cut and pooled: raised when vectors would come out otherwise


class GgufEmbedder:
    """Embeds with one GGUF file; loads it at first use. `identity` tells the file and all that changes its vectors."""

    def __init__(self, engine: Engine, path: Path, sha256: str, header: EmbedderHeader) -> None:
        self._engine, self.header = engine, header
        self.spec = StudentSpec(header.name, str(path), sha256, header.pooling)
        self.identity = f"{header.name} ({sha256[:16]}, {header.pooling}, {_VERSION})"
        self.dimensions = header.dimensions
        self._closed = False
        engine.use(self.spec)

    def embed(self, texts: Sequence[str]) -> Vectors:
        """One row for each text, of length one. Raises ForgeError, and Cancelled once it was closed."""
        try:
            return self._engine.many.embed(texts)
        except ForgeError as error:
            if self._closed:
                raise Cancelled from error
            raise of_embedder(error) from error

    def state(self) -> EngineState:
        """What its child is doing now."""
        return self._engine.state()

    @property
    def pid(self) -> int | None:
        """The process id of its child; None when nothing is loaded."""
        return self._engine.pid

    def close(self) -> None:
        """End its child."""
        self._closed = True
        self._engine.close()


def open_embedder(
    path: Path,
    engine: Engine,
    db: Database,
    settings: SettingsFile,
    *,
    sha256: str = "",
    check: Callable[[], None] = lambda: None,
) -> GgufEmbedder:
    """An embedder of this file, beside `engine`. Raises ForgeError.

    Its bytes are read to know it by, unless their `sha256` is known; `check` is called meanwhile.
    """
    header = read_embedder(path)
    sha256 = sha256 or _sha256(path, check)
    # Events of its own: the status bar speaks of the chat student.
    return GgufEmbedder(Engine(db, Events(), settings, beside=engine), path, sha256, header)


def _sha256(path: Path, check: Callable[[], None]) -> str:
    found = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while piece := file.read(_PIECE):
                found.update(piece)
                check()
    except OSError as error:
        raise ForgeError(
            f"{path} cannot be read: {error.strerror or error}.", hint="Check that it exists and may be read."
        ) from error
    return found.hexdigest()

"""The seam for embedders from outside: what one must offer, and how its failures become a note and never an error."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

from forge_desktop.base.errors import Cancelled, ForgeError
from forge_desktop.corpus.retrieval.signs import Vectors


class Embedder(Protocol):
    """Turns texts into vectors whose cosines tell how alike they are."""

    @property
    def identity(self) -> str:
        """Stored with each vector: the model, its version and everything else that changes what it returns."""

    @property
    def dimensions(self) -> int:
        """Numbers in a vector."""

    def embed(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        """One row for each text. Called from any thread, one call at a time."""


class GuardedEmbedder:
    """An embedder whose faults are caught: whatever it raises or returns, a search goes on without it."""

    def __init__(self, embedder: Embedder, *, seconds: float) -> None:
        self._embedder, self._seconds = embedder, seconds
        self._busy = threading.Lock()
        self.identity, self.dimensions = str(embedder.identity), -(-int(embedder.dimensions) // 64) * 64
        self.note = ""  # a sentence while the last call failed

    def passages(self, texts: Sequence[str]) -> Vectors:
        """The vectors of these texts, as they are stored. Raises ForgeError when the embedder fails, and
        Cancelled when it was put aside meanwhile.
        """
        with self._busy:
            try:
                found = self._checked(texts)
            except Cancelled:
                raise
            except Exception as error:
                raise self._failed(str(error) or type(error).__name__) from error
        self.note = ""
        return found

    def question(self, text: str) -> Vectors | None:
        """The vector of a question; None, with a note, when the embedder fails or is not done in time."""
        found: list[Vectors] = []

        def work() -> None:
            try:
                found.append(self.passages([text])[0])
            except (ForgeError, Cancelled):
                return

        if self._busy.locked():
            self._failed("it is busy")
            return None
        self.note = ""
        worker = threading.Thread(target=work, name="embed a question", daemon=True)
        worker.start()
        worker.join(self._seconds)
        if worker.is_alive():
            self._failed(f"it took longer than {self._seconds:g} seconds")
            return None
        return found[0] if found else None

    def _checked(self, texts: Sequence[str]) -> Vectors:
        rows = np.asarray(self._embedder.embed(list(texts)), np.float32)
        expected = (len(texts), int(self._embedder.dimensions))
        if rows.shape != expected:
            raise ValueError(f"it returned an array of {rows.shape} instead of {expected}")
        if not np.isfinite(rows).all():
            raise ValueError("it returned numbers that are none")
        return _stored(rows, self.dimensions)

    def _failed(self, reason: str) -> ForgeError:
        self.note = (
            f"The embedding model {self.identity} does not answer ({reason.rstrip('.')})."
            " Likeness is judged by spelling until it does."
        )
        return ForgeError(self.note, hint="Check the model, then index again.", action="settings")


def _stored(rows: npt.NDArray[np.float32], dimensions: int) -> Vectors:
    """Rows scaled so that the largest number is 127, zeros added up to a multiple of 64 dimensions."""
    largest = np.abs(rows).max(axis=1, initial=0.0, keepdims=True)
    scaled = np.divide(rows, largest, out=np.zeros_like(rows), where=largest > 0)
    found = np.zeros((len(rows), dimensions), np.int8)
    found[:, : rows.shape[1]] = np.rint(scaled * 127)
    return found

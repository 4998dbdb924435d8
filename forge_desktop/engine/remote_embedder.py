"""An endpoint as the corpus wants embedders: texts in batches over the wire, paid through the same ledger."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from forge_desktop.base.errors import Cancelled, ForgeError
from forge_desktop.engine.remote_wording import host_of, leaves, origin_of
from forge_desktop.providers.records import Endpoint, Purpose

if TYPE_CHECKING:
    from forge_desktop.providers import Providers

_VERSION = 1  # of how texts are sent: raised when vectors would come out otherwise
_REMEMBERED = 256  # questions whose vectors are kept, so that looking again costs nothing
_TRIAL = "A word to learn how long a vector is."


class RemoteEmbedder:
    """Embeds at one endpoint. `identity` tells the origin, the model and the dimensions, and nothing that may change.

    `dimensions` of 0 are learnt by one tiny call.
    """

    def __init__(self, providers: Providers, endpoint: Endpoint, dimensions: int = 0) -> None:
        self._providers, self.endpoint = providers, endpoint
        self._lock = threading.Lock()
        self._known: OrderedDict[str, npt.NDArray[np.float32]] = OrderedDict()
        self._closed = False
        self.host, self.leaves = host_of(endpoint), leaves(endpoint)
        self.dimensions = dimensions or len(self._asked([_TRIAL])[0])
        self.identity = f"{endpoint.model} at {origin_of(endpoint)} ({self.dimensions}, {_VERSION})"

    def embed(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        """One row for each text. Raises ForgeError, and Cancelled once it was closed."""
        if len(texts) != 1:
            return self._asked(texts)
        with self._lock:
            known = self._known.get(texts[0])
        if known is None:
            known = self._asked(texts, waits=False)[0]  # a person waits for what is found with it
            with self._lock:
                self._known[texts[0]] = known
                while len(self._known) > _REMEMBERED:
                    self._known.popitem(last=False)
        return known[None]

    def close(self) -> None:
        """Ask nothing any more."""
        self._closed = True

    def _asked(self, texts: Sequence[str], *, waits: bool = True) -> npt.NDArray[np.float32]:
        purpose = Purpose("embedder")
        rows = self._providers.embed(self.endpoint.uid, list(texts), purpose, check=self._check, waits=waits)
        found = np.asarray(rows, np.float32)
        if found.ndim != 2 or len(found) != len(texts) or not found.shape[1]:
            raise ForgeError(
                f"{self.endpoint.name} did not answer with a vector for each text.",
                hint="Check that its model embeds.",
                action="settings",
            )
        return found

    def _check(self) -> None:
        if self._closed:
            raise Cancelled

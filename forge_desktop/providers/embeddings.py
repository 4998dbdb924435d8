"""Vectors of an endpoint's `/embeddings`, through the same ledger and the same door as every other call."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

from forge_desktop.base.errors import ForgeError
from forge_desktop.providers.asking import Planned
from forge_desktop.providers.hearing import Listening, Timing
from forge_desktop.providers.http import Incoming
from forge_desktop.providers.records import Endpoint
from forge_desktop.providers.usage import UsageError, embedding_usage
from forge_desktop.providers.wire import GarbledError, Said, an_object, canonical, read_json, request_sha256
from forge_desktop.providers.wires import wire_named

TEXTS = 64  # in one request
BYTES = 256 * 1024
Vectors = tuple[tuple[float, ...], ...]
_MARGIN = 8  # tokens that a server puts around each text


def portions(texts: Sequence[str]) -> Iterator[list[str]]:
    """The texts in requests that servers take."""
    portion: list[str] = []
    size = 0
    for text in texts:
        length = len(text.encode("utf-8", "replace"))
        if portion and (len(portion) == TEXTS or size + length > BYTES):
            yield portion
            portion, size = [], 0
        portion.append(text)
        size += length
    if portion:
        yield portion


def plan_embedding(endpoint: Endpoint, texts: Sequence[str]) -> Planned:
    """The request for the vectors of these texts. Raises ForgeError where the wire format has none."""
    if endpoint.wire != "openai":
        raise ForgeError(f"{endpoint.name} speaks a format without embeddings.", hint="Use an OpenAI-compatible one.")
    body = {"model": endpoint.model, "input": list(texts), "encoding_format": "float"}
    sha256 = request_sha256("embeddings", endpoint.model, body)
    margin = _MARGIN * len(texts)
    return Planned(endpoint, wire_named("openai"), body, canonical(body), sha256, 0, margin, False, "/embeddings")


class VectorsHeard:
    """Reads vectors out of a response, in the order of their texts. They are no text, so the ledger keeps none."""

    def __init__(self, wanted: int) -> None:
        self.vectors: Vectors = ()
        self._wanted = wanted

    def __call__(self, planned: Planned, incoming: Incoming, listening: Listening, *, timing: Timing) -> Said:
        """The answer without its vectors, which are in `vectors` then. Raises GarbledError."""
        answer = an_object(read_json(incoming.read()))
        self.vectors = vectors_of(answer, self._wanted)
        timing.came()
        try:
            return Said("", "", "end", embedding_usage(answer.get("usage")))
        except UsageError as error:
            return Said("", "", "end", None, str(error))


def vectors_of(answer: Mapping[str, object], wanted: int) -> Vectors:
    """A vector for each text, all of one length. Raises GarbledError."""
    data = answer.get("data")
    if not isinstance(data, list) or len(data) != wanted:
        raise GarbledError(f"it gave {len(data) if isinstance(data, list) else 'no'} vectors for {wanted} texts")
    found: dict[int, tuple[float, ...]] = {}
    for n, entry in enumerate(data):
        vector = entry.get("embedding") if isinstance(entry, Mapping) else None
        place = entry.get("index", n) if isinstance(entry, Mapping) else n
        if not isinstance(vector, list) or not vector or not all(map(_is_number, vector)):
            raise GarbledError("it gave something that is no vector")
        found[place if isinstance(place, int) else n] = tuple(float(number) for number in vector)
    if sorted(found) != list(range(wanted)) or len({len(vector) for vector in found.values()}) != 1:
        raise GarbledError("its vectors do not fit the texts")
    return tuple(found[n] for n in range(wanted))


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)

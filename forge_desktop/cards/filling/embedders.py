"""What is known of the embedding model on this computer that the settings name: its file says it."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from forge_desktop.base.errors import ForgeError
from forge_desktop.cards.filling import header
from forge_desktop.cards.filling.taken import Skipped, Taker, Values, percentiles, put
from forge_desktop.cards.grounds import LocalEmbedder
from forge_desktop.engine.gguf_embedder import read_embedder
from forge_desktop.engine.gguf_header import open_header

if TYPE_CHECKING:
    from forge_desktop.students.rooms import Rooms

_TEXTS, _WORDS = 20, 60
_SAID = "one two three four five six seven eight nine ten".split()  # noqa: SIM905
_WHY = {
    "may_train": "Vectors of a model on this computer bind nobody; its licence says what else holds.",
    "released": "The file does not say when it was released.",
    "location": "The file does not say where it was from.",
    "evaluation": "Which passages an embedder finds is compared by a gate of retrieval, for a suite.",
}


def cheap(local: LocalEmbedder, take: Taker, values: Values) -> None:
    """What is known without reading its file."""
    put(
        values,
        [
            ("name", take.value(local.name, "file", "file")),
            ("version", take.value(local.sha256[:12], "file", "file", how="The beginning of its sha256.")),
            ("file_sha256", take.value(local.sha256, "file", "file")),
            ("task", take.value("feature-extraction", "file")),
            ("inputs", take.value(["text"], "file")),
            ("outputs", take.value(["vector"], "file")),
            ("cost_per_1k", take.value(0, "ledger", unit="USD", how="Nobody is paid for vectors of this computer.")),
            ("price_input", take.value(0, "ledger", unit="USD", how="Nobody is paid for vectors of this computer.")),
            ("hardware", take.value("It runs on this computer, in a process of its own.", "registry", "machine")),
        ],
    )


def fill(local: LocalEmbedder, take: Taker, values: Values, skipped: Skipped) -> None:
    """Add what its header says."""
    try:
        facts, model = open_header(local.path).facts(chats=False), read_embedder(local.path)
    except ForgeError as error:
        skipped.append(("file", error.message))
        return
    put(
        values,
        [
            ("name", take.value(model.name, "file", "file", key="general.name")),
            ("architecture", take.value(model.architecture, "file", "file", pooling=model.pooling)),
            ("dimensions", take.value(model.dimensions, "file", "file")),
            ("parameters", take.value(facts.parameters, "file", "file")),
            ("quantisation", take.value(facts.quantisation, "file", "file")),
            ("file_bytes", take.value(facts.file_bytes, "file", "file", unit="B")),
            ("context", take.value(model.context or None, "file", "file", unit="tokens")),
        ],
    )
    header.fill(local.path, take, values, skipped)
    skipped += [(field, why) for field, why in _WHY.items() if field not in values]


def timed(
    local: LocalEmbedder, take: Taker, values: Values, skipped: Skipped, rooms: Rooms, check: Callable[[], None]
) -> None:
    """Add how long it takes to embed one text, measured now in a process of its own."""
    from forge_desktop.engine.embedder import open_embedder

    spent: list[float] = []
    try:
        embedder = open_embedder(local.path, rooms.engine, rooms.db, rooms.settings, sha256=local.sha256, check=check)
        with contextlib.closing(embedder):
            embedder.embed(["one"])  # loads it
            for number in range(_TEXTS):
                check()
                words = [_SAID[(number + place * place) % len(_SAID)] for place in range(_WORDS)]
                began = time.perf_counter()
                embedder.embed([" ".join(words)])
                spent.append(1000 * (time.perf_counter() - began))
    except ForgeError as error:
        skipped.append(("latency", error.message))
        return
    how = f"A text of {_WORDS} words at a time, {local.name} alone in a process of its own."
    machine = take.footing.get("machine", "")
    value = take.value(
        percentiles(sorted(spent)),
        "measurement",
        "file",
        "build",
        "machine",
        unit="ms",
        n=len(spent),
        machine=machine,
        how=how,
    )
    put(values, [("latency", value)])

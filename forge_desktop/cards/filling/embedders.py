"""What is known of the embedding model on this computer that the settings name: its file says it."""

from __future__ import annotations

from forge_desktop.base.errors import ForgeError
from forge_desktop.cards.filling import header
from forge_desktop.cards.filling.taken import Skipped, Taker, Values, put
from forge_desktop.cards.grounds import LocalEmbedder
from forge_desktop.engine.gguf_embedder import read_embedder
from forge_desktop.engine.gguf_header import open_header

_WHY = {
    "latency": "The time of embedding a text is not measured yet.",
    "may_train": "Vectors of a model on this computer bind nobody; its licence says what else holds.",
    "released": "The file does not say when it was released.",
    "location": "The file does not say where it was from.",
    "evaluation": "Which passages an embedder finds is compared by `forge-desktop gate --retrieval`, for a suite.",
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

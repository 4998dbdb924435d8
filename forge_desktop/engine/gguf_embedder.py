"""What the header of a GGUF embedding model says: who can embed, and how its tokens become one vector."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from forge_desktop.base.errors import ForgeError
from forge_desktop.engine.gguf_header import open_header

Pooling = Literal["mean", "cls", "last"]

_POOLINGS: dict[int, Pooling] = {1: "mean", 2: "cls", 3: "last"}  # enum llama_pooling_type
_NONE, _RANK = 0, 4
_TRANSLATORS = ("t5", "t5encoder")


@dataclass(frozen=True)
class EmbedderHeader:
    """The facts. `context` in tokens; a model made to chat has no pooling of its own and gets the mean."""

    name: str
    architecture: str
    pooling: Pooling
    dimensions: int
    context: int
    chats: bool


def read_embedder(path: Path) -> EmbedderHeader:
    """The facts in the header of a GGUF file that can embed. Raises ForgeError naming why it cannot."""
    header = open_header(path)
    facts = header.facts(chats=False)
    if facts.architecture in _TRANSLATORS:
        raise ForgeError(f"{path} translates text and gives no vectors of it.", hint="Choose an embedding model.")
    pooling = header.number("%s.pooling_type", _NONE)
    if pooling == _RANK:
        raise ForgeError(
            f"{path} is a reranker: it compares two texts and gives no vectors.", hint="Choose an embedding model."
        )
    dimensions = header.number("%s.embedding_length_out") or header.number("%s.embedding_length")
    if not 1 <= dimensions <= 65_536:
        raise ForgeError(f"{path} does not say how long its vectors are.", hint="Choose another embedding model.")
    return EmbedderHeader(
        name=facts.name or path.stem,
        architecture=facts.architecture,
        pooling=_POOLINGS.get(pooling, "mean"),
        dimensions=dimensions,
        context=facts.context,
        chats=pooling == _NONE and bool(facts.template),
    )

"""How many bytes of a GGUF belong to each layer, and what its key-value cache needs: arithmetic on the header."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from forge_desktop.engine.gguf_header import Header, open_header

KV_BYTES = {"f16": 2.0, "q8_0": 1.0625}  # of one number in the cache; q8_0 stores 32 numbers in 34 bytes
_Q8_BLOCK = 32


@dataclass(frozen=True)
class ModelShape:
    """Bytes of a model's weights by where llama.cpp puts them, and the sizes its cache follows from.

    `embedding` always lies in the computer's memory; `output` goes with the last layer, and is a second copy of the
    embedding where `tied`. `kv_row` is the numbers that one token takes in each layer's cache (keys and values).
    `window` is how far a sliding-window layer sees, 0 without; which layers have one is not in every header.
    """

    layers: tuple[int, ...]
    embedding: int
    output: int
    tied: bool
    kv_row: tuple[int, ...]
    key_length: int
    value_length: int
    window: int
    trained_context: int

    @property
    def weights(self) -> int:
        """Bytes in the file."""
        return sum(self.layers) + self.output + (0 if self.tied else self.embedding)

    @property
    def allows_q8(self) -> bool:
        """Whether the cache can be quantised: llama.cpp wants whole blocks in each head."""
        return self.key_length % _Q8_BLOCK == 0 and self.value_length % _Q8_BLOCK == 0


def read_shape(path: Path) -> ModelShape:
    """The shape of a GGUF model. Raises ForgeError naming what is wrong with the file."""
    return shape_of(open_header(path))


def shape_of(header: Header) -> ModelShape:
    """The shape that a header describes."""
    count = max(1, min(512, header.number("%s.block_count")))
    layers = [0] * count
    embedding = output = rest = 0
    for name, size in header.tensors:
        found = re.match(r"(?:dec\.)?blk\.(\d{1,9})\.", name)
        if found:
            layers[min(int(found[1]), count - 1)] += size
        elif name.startswith(("token_embd", "per_layer_token_embd", "token_types", "position_embd")):
            embedding += size
        elif name == "output.weight":
            output += size
        else:
            rest += size
    tied = output == 0
    heads = max(1, header.number("%s.attention.head_count", 1))
    width = header.number("%s.embedding_length") // heads
    key = header.number("%s.attention.key_length") or width
    value = header.number("%s.attention.value_length") or width
    kv_heads = header.numbers("%s.attention.head_count_kv", count, missing=heads)
    return ModelShape(
        layers=tuple(layers),
        embedding=embedding,
        output=rest + (embedding if tied else output),
        tied=tied,
        kv_row=tuple(max(0, number) * (key + value) for number in kv_heads),
        key_length=key,
        value_length=value,
        window=header.number("%s.attention.sliding_window"),
        trained_context=header.number("%s.context_length"),
    )


def kv_bytes(shape: ModelShape, *, context: int, sequences: int = 1, kv_type: str = "f16") -> tuple[int, ...]:
    """Bytes of the cache in each layer, were every layer to see the whole context: cells x numbers x bytes of one."""
    cells = sequences * padded(context)
    return tuple(round(cells * row * KV_BYTES[kv_type]) for row in shape.kv_row)


def padded(context: int) -> int:
    """What llama.cpp makes of a context length: the next multiple of 256."""
    return -(-context // 256) * 256

#!/usr/bin/env python3
"""Writes a GGUF with random Q4_K weights in the shape of a real model: for speed and memory, not for sense.

python3 packaging/synthetic_gguf.py 7b llama-7b.gguf
"""

from __future__ import annotations

import argparse
import hashlib
import os
import struct
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np

_UINT32, _FLOAT32, _BOOL, _STRING, _ARRAY, _INT32 = 4, 6, 7, 8, 9, 5  # gguf's types of header values
_F32, _Q4_K, _Q6_K = 0, 12, 14  # ggml's types of tensors
_BLOCK, _BYTES = 256, {_Q4_K: 144, _Q6_K: 210}  # weights and bytes of one block
_ALIGNMENT = 32
_SPREAD = 0.02  # standard deviation of the weights, as in a freshly initialised transformer
_SLICE = 1 << 20  # blocks written at once
_MOSTLY_Q4_K = 14

TEMPLATE = (
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>\n' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
SPECIAL = ("<|endoftext|>", "<|im_start|>", "<|im_end|>")
_NORMAL, _CONTROL = 1, 3


@dataclass(frozen=True)
class Shape:
    """A llama's sizes. Widths must be multiples of 256, the block of a Q4_K weight."""

    layers: int
    width: int
    heads: int
    kv_heads: int
    hidden: int
    vocabulary: int
    context: int


SHAPES = {
    "7b": Shape(layers=32, width=4096, heads=32, kv_heads=32, hidden=11008, vocabulary=32000, context=32768),
    "1b": Shape(layers=22, width=2048, heads=32, kv_heads=4, hidden=5632, vocabulary=32000, context=8192),
    "tiny": Shape(layers=4, width=256, heads=4, kv_heads=4, hidden=512, vocabulary=2048, context=8192),
}


@dataclass(frozen=True)
class Tensor:
    """One tensor: its dimensions as gguf orders them (the row's length first) and its ggml type."""

    name: str
    dimensions: tuple[int, ...]
    kind: int

    @property
    def blocks(self) -> int:
        """Q4_K or Q6_K blocks; for F32, single values."""
        count = int(np.prod(self.dimensions))
        return count if self.kind == _F32 else count // _BLOCK

    @property
    def size(self) -> int:
        """Bytes."""
        return self.blocks * (4 if self.kind == _F32 else _BYTES[self.kind])


def write(path: Path, shape: Shape, *, seed: int = 1) -> str:
    """Write the file (it appears only when it is complete) and return its sha256. The same seed gives the same file."""
    digest = hashlib.sha256()
    part = path.with_name(f".{path.name}.part")
    generator = np.random.default_rng(seed)
    tensors = list(_tensors(shape))
    with part.open("wb") as file:
        _put(file, digest, _header(shape, tensors))
        for tensor in tensors:
            for piece in _content(tensor, generator):
                _put(file, digest, piece)
            _put(file, digest, b"\0" * (-tensor.size % _ALIGNMENT))
    os.replace(part, path)
    return digest.hexdigest()


def _put(file: IO[bytes], digest: hashlib._Hash, data: bytes) -> None:
    file.write(data)
    digest.update(data)


def _tensors(shape: Shape) -> Iterator[Tensor]:
    width, kv_width = shape.width, shape.width // shape.heads * shape.kv_heads
    yield Tensor("token_embd.weight", (width, shape.vocabulary), _Q4_K)
    yield Tensor("output_norm.weight", (width,), _F32)
    yield Tensor("output.weight", (width, shape.vocabulary), _Q6_K)
    for layer in range(shape.layers):
        for name, dimensions, kind in (
            ("attn_norm", (width,), _F32),
            ("attn_q", (width, width), _Q4_K),
            ("attn_k", (width, kv_width), _Q4_K),
            ("attn_v", (width, kv_width), _Q4_K),
            ("attn_output", (width, width), _Q4_K),
            ("ffn_norm", (width,), _F32),
            ("ffn_gate", (width, shape.hidden), _Q4_K),
            ("ffn_up", (width, shape.hidden), _Q4_K),
            ("ffn_down", (shape.hidden, width), _Q4_K),
        ):
            yield Tensor(f"blk.{layer}.{name}.weight", dimensions, kind)


def _content(tensor: Tensor, generator: np.random.Generator) -> Iterator[bytes]:
    if tensor.kind == _F32:
        yield np.ones(tensor.blocks, dtype="<f4").tobytes()
        return
    fill = _q4_k if tensor.kind == _Q4_K else _q6_k
    silent = len(SPECIAL) * tensor.dimensions[0] // _BLOCK if tensor.name == "output.weight" else 0
    for start in range(0, tensor.blocks, _SLICE):
        blocks = fill(min(_SLICE, tensor.blocks - start), generator)
        if start == 0:
            blocks[:silent] = 0  # the special tokens' logits are 0, so a greedy answer never ends by itself
        yield blocks.tobytes()


def _random(count: int, generator: np.random.Generator) -> np.ndarray:
    return generator.integers(0, 1 << 64, size=-(-count // 8), dtype=np.uint64).view(np.uint8)[:count]


def _q4_k(count: int, generator: np.random.Generator) -> np.ndarray:
    """Blocks of d, dmin, twelve bytes with eight 6-bit scales and minima (all 32 here), 256 random nibbles.

    A weight is d*32*nibble - dmin*32, so dmin = 7.5*d centres it, and a nibble's own deviation is 4.61.
    """
    blocks = np.empty((count, _BYTES[_Q4_K]), dtype=np.uint8)
    scale = _SPREAD / (32 * 4.61)
    blocks[:, 0:4] = np.array([scale, 7.5 * scale], dtype="<f2").view(np.uint8)
    blocks[:, 4:12], blocks[:, 12:16] = 0xA0, 0
    blocks[:, 16:] = _random(count * 128, generator).reshape(count, 128)
    return blocks


def _q6_k(count: int, generator: np.random.Generator) -> np.ndarray:
    """Blocks of 256 random 6-bit values around 32 (deviation 18.5), sixteen scales (all 16 here), d."""
    blocks = np.empty((count, _BYTES[_Q6_K]), dtype=np.uint8)
    blocks[:, :192] = _random(count * 192, generator).reshape(count, 192)
    blocks[:, 192:208] = 16
    blocks[:, 208:] = np.array([_SPREAD / (16 * 18.5)], dtype="<f2").view(np.uint8)
    return blocks


def _header(shape: Shape, tensors: list[Tensor]) -> bytes:
    tokens, types, merges = vocabulary(shape.vocabulary)
    head = shape.width // shape.heads
    values = [
        _text_value("general.architecture", "llama"),
        _text_value("general.name", f"Synthetic {shape.layers}x{shape.width}"),
        _number("general.file_type", _MOSTLY_Q4_K),
        _number("llama.block_count", shape.layers),
        _number("llama.context_length", shape.context),
        _number("llama.embedding_length", shape.width),
        _number("llama.feed_forward_length", shape.hidden),
        _number("llama.attention.head_count", shape.heads),
        _number("llama.attention.head_count_kv", shape.kv_heads),
        _number("llama.rope.dimension_count", head),
        _number("llama.vocab_size", shape.vocabulary),
        _key("llama.attention.layer_norm_rms_epsilon", _FLOAT32) + struct.pack("<f", 1e-5),
        _text_value("tokenizer.ggml.model", "gpt2"),
        _text_value("tokenizer.ggml.pre", "smollm"),
        _texts("tokenizer.ggml.tokens", tokens),
        _key("tokenizer.ggml.token_type", _ARRAY) + struct.pack(f"<IQ{len(types)}i", _INT32, len(types), *types),
        _texts("tokenizer.ggml.merges", merges),
        _number("tokenizer.ggml.bos_token_id", 0),
        _number("tokenizer.ggml.eos_token_id", 2),
        _key("tokenizer.ggml.add_bos_token", _BOOL) + b"\0",
        _text_value("tokenizer.chat_template", TEMPLATE),
    ]
    head_bytes = b"GGUF" + struct.pack("<IQQ", 3, len(tensors), len(values)) + b"".join(values) + _places(tensors)
    return head_bytes + b"\0" * (-len(head_bytes) % _ALIGNMENT)


def _places(tensors: list[Tensor]) -> bytes:
    result, offset = [], 0
    for tensor in tensors:
        count = len(tensor.dimensions)
        result.append(_text(tensor.name) + struct.pack(f"<I{count}QIQ", count, *tensor.dimensions, tensor.kind, offset))
        offset += tensor.size + -tensor.size % _ALIGNMENT
    return b"".join(result)


def vocabulary(size: int) -> tuple[list[str], list[int], list[str]]:
    """(tokens, types, merges): three special tokens, every byte, pairs of letters, and longer ones to fill up."""
    letters = "etaoinshrdlucmwfgypbvkxjqz"
    merges = [f"{first} {second}" for first in ("Ġ", *letters) for second in letters]
    tokens = [*SPECIAL, *_byte_words(), *(merge.replace(" ", "") for merge in merges)]
    fillers = (f"{a}{b}{c}{d}" for d in letters for c in letters for b in letters for a in letters)
    tokens += [next(fillers) for _ in range(size - len(tokens))]
    return tokens, [_CONTROL] * len(SPECIAL) + [_NORMAL] * (size - len(SPECIAL)), merges


def _byte_words() -> list[str]:
    """The printable character that stands for each byte in a byte-level vocabulary, as GPT-2 chose them."""
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in plain]
    return [chr(byte) for byte in plain] + [chr(256 + index) for index in range(len(others))]


def _text(value: str) -> bytes:
    data = value.encode("utf-8")
    return struct.pack("<Q", len(data)) + data


def _key(key: str, kind: int) -> bytes:
    return _text(key) + struct.pack("<I", kind)


def _text_value(key: str, value: str) -> bytes:
    return _key(key, _STRING) + _text(value)


def _number(key: str, value: int) -> bytes:
    return _key(key, _UINT32) + struct.pack("<I", value)


def _texts(key: str, values: list[str]) -> bytes:
    return _key(key, _ARRAY) + struct.pack("<IQ", _STRING, len(values)) + b"".join(_text(value) for value in values)


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("shape", choices=sorted(SHAPES))
    parser.add_argument("file", type=Path)
    options = parser.parse_args()
    started = time.monotonic()
    sha256 = write(options.file, SHAPES[options.shape])
    size, seconds = options.file.stat().st_size, time.monotonic() - started
    print(f"{options.file}: {size / 1e9:.2f} GB, sha256 {sha256}, written in {seconds:.1f} s")


if __name__ == "__main__":
    main()

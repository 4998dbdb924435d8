"""Writes a tiny embedding model of the BERT kind with random weights, real enough for llama.cpp to load and run."""

from __future__ import annotations

from pathlib import Path

import gguf
import numpy as np

_SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
_MEAN = 1


def write(path: Path, *, pooling: int | None = _MEAN, context: int = 64, layers: int = 2, width: int = 32) -> Path:
    """Its vocabulary is single letters and digits, at the beginning of a word and within one."""
    letters = "abcdefghijklmnopqrstuvwxyz0123456789.,?!"
    tokens = _SPECIAL + ["\u2581" + letter for letter in letters] + list(letters)
    writer = gguf.GGUFWriter(path, "bert")
    writer.add_name("Tiny BERT")
    writer.add_block_count(layers)
    writer.add_context_length(context)
    writer.add_embedding_length(width)
    writer.add_feed_forward_length(2 * width)
    writer.add_head_count(4)
    writer.add_layer_norm_eps(1e-12)
    writer.add_causal_attention(False)
    if pooling is not None:
        writer.add_pooling_type(gguf.PoolingType(pooling))
    writer.add_file_type(0)
    writer.add_vocab_size(len(tokens))
    writer.add_tokenizer_model("bert")
    writer.add_tokenizer_pre("jina-v2-en")
    writer.add_token_list(tokens)
    writer.add_token_types([3] * len(_SPECIAL) + [1] * (len(tokens) - len(_SPECIAL)))
    writer.add_token_type_count(2)
    for add, token in (
        (writer.add_pad_token_id, 0), (writer.add_unk_token_id, 1), (writer.add_bos_token_id, 2),
        (writer.add_sep_token_id, 3), (writer.add_eos_token_id, 3), (writer.add_mask_token_id, 4),
    ):  # fmt: skip
        add(token)
    for number, (name, shape) in enumerate(_tensors(layers, width, len(tokens), context)):
        draw = np.random.default_rng(number)
        made = np.ones(shape) if "norm.weight" in name else draw.normal(0, 0.3, shape)
        writer.add_tensor(name, made.astype(np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def _tensors(layers: int, width: int, words: int, context: int) -> list[tuple[str, tuple[int, ...]]]:
    found: list[tuple[str, tuple[int, ...]]] = [
        ("token_embd.weight", (words, width)), ("token_types.weight", (2, width)),
        ("position_embd.weight", (context, width)), ("token_embd_norm.weight", (width,)),
        ("token_embd_norm.bias", (width,)),
    ]  # fmt: skip
    for number in range(layers):
        square = dict.fromkeys(("attn_q", "attn_k", "attn_v", "attn_output"), (width, width))
        matrices = {**square, "ffn_up": (2 * width, width), "ffn_down": (width, 2 * width)}
        for name, shape in matrices.items():
            found += [(f"blk.{number}.{name}.weight", shape), (f"blk.{number}.{name}.bias", (shape[0],))]
        for name in ("attn_output_norm", "layer_output_norm"):
            found += [(f"blk.{number}.{name}.weight", (width,)), (f"blk.{number}.{name}.bias", (width,))]
    return found

"""Writes tiny GGUF models with random weights: small enough for a test, real enough for llama.cpp to load and run."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import gguf
import numpy as np

CHATML = (
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>\n' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|tool|>"]
NORMAL, CONTROL, USER_DEFINED = 1, 3, 4


def write(
    path: Path,
    *,
    template: str | None = CHATML,
    layers: int = 2,
    claimed_layers: int | None = None,
    context: int = 512,
    special_type: int = CONTROL,
    values: Mapping[str, Any] | None = None,
    architecture: str = "llama",
    head: int = 8,
) -> Path:
    """A llama with a byte vocabulary and four special tokens; `values` are extra header entries."""
    width, heads, hidden = 32, 4, 64
    writer = gguf.GGUFWriter(path, architecture)
    writer.add_name("Tiny")
    writer.add_block_count(layers if claimed_layers is None else claimed_layers)
    writer.add_context_length(context)
    writer.add_embedding_length(width)
    writer.add_feed_forward_length(hidden)
    writer.add_head_count(heads)
    writer.add_head_count_kv(heads)
    writer.add_key_length(head)
    writer.add_value_length(head)
    writer.add_rope_dimension_count(head)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_file_type(0)
    words = _byte_words()
    tokens = SPECIAL + words + ["Ġt", "he"]
    writer.add_vocab_size(len(tokens))
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("smollm")
    writer.add_token_list(tokens)
    writer.add_token_types([special_type] * len(SPECIAL) + [NORMAL] * (len(tokens) - len(SPECIAL)))
    writer.add_token_merges(["Ġ t", "h e"])
    writer.add_bos_token_id(0)
    writer.add_eos_token_id(2)
    writer.add_add_bos_token(False)
    if template is not None:
        writer.add_chat_template(template)
    for key, value in (values or {}).items():
        add = {bool: writer.add_bool, int: writer.add_uint32, str: writer.add_string, list: writer.add_array}
        add[type(value)](key, value)
    for name, shape in _tensors(architecture, layers, width, heads * head, hidden, len(tokens)):
        draw = np.random.default_rng(len(name))
        made = np.ones(shape) if "norm" in name else draw.normal(0, 0.1, shape)
        made = -np.ones(shape) if name.endswith("ssm_a") else made
        writer.add_tensor(name, made.astype(np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def sliding(path: Path, *, window: int = 64, context: int = 16_384) -> Path:
    """A Gemma-2-like student: every other layer sees only the last `window` tokens."""
    values = {"gemma2.attention.sliding_window": window}
    return write(path, architecture="gemma2", context=context, values=values)


def recurrent(path: Path, *, context: int = 4096) -> Path:
    """A Mamba-like student: one state for each sequence, and no way back in it."""
    sizes = {"conv_kernel": 4, "inner_size": 64, "state_size": 8, "time_step_rank": 2}
    values = {f"mamba.ssm.{name}": size for name, size in sizes.items()}
    return write(path, architecture="mamba", context=context, values=values)


def _tensors(
    architecture: str, layers: int, width: int, inner: int, hidden: int, words: int
) -> list[tuple[str, tuple[int, ...]]]:
    found: list[tuple[str, tuple[int, ...]]] = [("token_embd.weight", (words, width)), ("output_norm.weight", (width,))]
    for number in range(layers):
        if architecture == "mamba":
            found += [(f"blk.{number}.{name}", shape) for name, shape in _mamba(width).items()]
            continue
        names = {
            "attn_norm": (width,),
            "ffn_norm": (width,),
            "attn_q": (inner, width),
            "attn_k": (inner, width),
            "attn_v": (inner, width),
            "attn_output": (width, inner),
            "ffn_gate": (hidden, width),
            "ffn_up": (hidden, width),
            "ffn_down": (width, hidden),
        }
        if architecture == "gemma2":
            names |= {"post_attention_norm": (width,), "post_ffw_norm": (width,)}
        found += [(f"blk.{number}.{name}.weight", shape) for name, shape in names.items()]
    return found


def _mamba(width: int) -> dict[str, tuple[int, ...]]:
    inner, kernel, state, rank = 2 * width, 4, 8, 2
    return {
        "attn_norm.weight": (width,),
        "ssm_in.weight": (2 * inner, width),
        "ssm_conv1d.weight": (inner, kernel),
        "ssm_conv1d.bias": (inner,),
        "ssm_x.weight": (rank + 2 * state, inner),
        "ssm_dt.weight": (inner, rank),
        "ssm_dt.bias": (inner,),
        "ssm_a": (inner, state),
        "ssm_d": (inner,),
        "ssm_out.weight": (width, inner),
    }


def _byte_words() -> list[str]:
    """GPT-2's alphabet: one printable character for each byte."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    other = iter(range(256, 512))
    return [chr(byte) if byte in printable else chr(next(other)) for byte in range(256)]

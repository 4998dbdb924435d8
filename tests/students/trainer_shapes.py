"""Tiny random GGUF bases of every architecture that the trainer computes: small, and yet llama.cpp runs them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gguf
import numpy as np

WORDS = 96
WIDTH, HIDDEN, HEADS, KV_HEADS = 64, 160, 4, 2
CASES: dict[str, dict[str, Any]] = {
    "llama": {},
    "llama-3": {"architecture": "llama", "factors": True},
    "llama-linear": {"architecture": "llama", "values": {"rope.scaling.type": "linear", "rope.scaling.factor": 2.0}},
    "llama-tied": {"architecture": "llama", "tied": True},
    "qwen2": {},
    "qwen3": {"head": 32},
    "gemma2": {"head": 32, "layers": 4},
    "gemma3": {"head": 32, "layers": 7},
    "gemma3-scaled": {
        "architecture": "gemma3",
        "layers": 7,
        "values": {"rope.scaling.type": "linear", "rope.scaling.factor": 8.0},
    },
    "phi3": {"head": 16},
    "granite": {},
    "smollm3": {"layers": 5},
}
_VALUES: dict[str, dict[str, Any]] = {
    "gemma2": {"attention.sliding_window": 16, "attn_logit_softcapping": 20.0, "final_logit_softcapping": 15.0},
    "gemma3": {"attention.sliding_window": 16, "rope.freq_base": 1e6},
    "granite": {"embedding_scale": 3.0, "residual_scale": 0.5, "attention.scale": 0.2, "logit_scale": 2.0},
}


def write(
    path: Path,
    architecture: str,
    *,
    head: int = WIDTH // HEADS,
    layers: int = 3,
    factors: bool = False,
    tied: bool = False,
    values: dict[str, Any] | None = None,
    extra: dict[str, Any] | None = None,
) -> Path:
    """A base of random weights; `values` are header entries of the architecture, `extra` further tensors."""
    draw = np.random.RandomState(len(architecture) + layers)
    writer = gguf.GGUFWriter(path, architecture)
    header = {
        "context_length": 512,
        "embedding_length": WIDTH,
        "block_count": layers,
        "feed_forward_length": HIDDEN,
        "attention.head_count": HEADS,
        "attention.head_count_kv": KV_HEADS,
        "attention.layer_norm_rms_epsilon": 1e-5,
        "attention.key_length": head,
        "attention.value_length": head,
        "rope.dimension_count": head,
        "vocab_size": WORDS,
        **_VALUES.get(architecture, {}),
        **(values or {}),
    }
    for key, value in header.items():
        add = {bool: writer.add_bool, int: writer.add_uint32, float: writer.add_float32, str: writer.add_string}
        add[type(value)](f"{architecture}.{key}", value)
    _tokenizer(writer)
    tensors = {"token_embd.weight": draw.randn(WORDS, WIDTH) * 0.5, "output_norm.weight": _norm(draw, WIDTH)}
    if not tied and not architecture.startswith("gemma"):
        tensors["output.weight"] = draw.randn(WORDS, WIDTH) * 0.3
    if factors:
        tensors["rope_freqs.weight"] = np.linspace(1, 4, head // 2)
    for layer in range(layers):
        tensors |= {f"blk.{layer}.{name}": value for name, value in _layer(draw, architecture, head).items()}
    for name, tensor in {**tensors, **(extra or {})}.items():
        writer.add_tensor(name, np.asarray(tensor, np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def make(folder: Path, case: str) -> Path:
    """The base of one of CASES."""
    options = {"architecture": case, **CASES[case]}
    return write(folder / f"{case}.gguf", options.pop("architecture"), **options)


def _tokenizer(writer: gguf.GGUFWriter) -> None:
    writer.add_tokenizer_model("llama")
    writer.add_token_list(["<unk>", "<s>", "</s>"] + [f"▁t{number}" for number in range(WORDS - 3)])
    writer.add_token_scores([float(-number) for number in range(WORDS)])
    writer.add_token_types([2, 3, 3] + [1] * (WORDS - 3))
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)


def _layer(draw: np.random.RandomState, architecture: str, head: int) -> dict[str, Any]:
    q, kv = HEADS * head, KV_HEADS * head
    shapes = {"attn_q": (q, WIDTH), "attn_k": (kv, WIDTH), "attn_v": (kv, WIDTH), "attn_output": (WIDTH, q)}
    shapes |= {"ffn_gate": (HIDDEN, WIDTH), "ffn_up": (HIDDEN, WIDTH), "ffn_down": (WIDTH, HIDDEN)}
    if architecture == "phi3":
        shapes = {"attn_qkv": (q + 2 * kv, WIDTH), "attn_output": (WIDTH, q)}
        shapes |= {"ffn_up": (2 * HIDDEN, WIDTH), "ffn_down": (WIDTH, HIDDEN)}
    found = {f"{name}.weight": draw.randn(*shape) / np.sqrt(shape[1]) for name, shape in shapes.items()}
    norms = {"attn_norm": WIDTH, "ffn_norm": WIDTH}
    if architecture in ("qwen3", "gemma3"):
        norms |= {"attn_q_norm": head, "attn_k_norm": head}
    if architecture.startswith("gemma"):
        norms |= {"post_attention_norm": WIDTH, "post_ffw_norm": WIDTH}
    found |= {f"{name}.weight": _norm(draw, size) for name, size in norms.items()}
    if architecture == "qwen2":
        found |= {f"{name}.bias": draw.randn(shapes[name][0]) * 0.3 for name in ("attn_q", "attn_k", "attn_v")}
    return found


def _norm(draw: np.random.RandomState, size: int) -> Any:
    return 1 + 0.2 * draw.randn(size)

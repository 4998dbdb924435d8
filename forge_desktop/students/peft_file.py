"""Brings in an adapter that PEFT wrote: its folder becomes the GGUF file that llama.cpp's own converter would make."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from .adapter_file import AdapterFile, BadAdapter, check_fit, read_adapter, write_adapter
from .gguf_file import BadGguf, GgufFile, read_gguf
from .safetensors_file import BadSafetensors, read_safetensors

CONFIG, WEIGHTS = "adapter_config.json", "adapter_model.safetensors"
_PICKLES = ("adapter_model.bin", "adapter_model.pt", "adapter_model.pth")
_CONFIG_BYTES = 10_000_000

_MODULES = {
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "self_attn.qkv_proj": "attn_qkv",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.gate_up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
}
_WHOLE = {"embed_tokens": "token_embd.weight", "lm_head": "output.weight"}
# What may stand before: PEFT's own words and the decoder's. Others are towers of their own (vision, audio, encoders).
_BEFORE = r"^(?:base_model\.)?(?:model\.)*(?:language_model\.)?(?:model\.)*"
_IN_LAYER = re.compile(rf"{_BEFORE}layers\.(\d{{1,5}})\.(\w+\.\w+)\.lora_([AB])(?:\.default)?\.weight$", re.ASCII)
_TOWER = re.compile(r"[\w.]*(?:vis|image|audio|speech|sound|encoder)\w*\.", re.ASCII | re.IGNORECASE)
_OUTSIDE = re.compile(
    rf"{_BEFORE}(embed_tokens|lm_head)\.(?:lora_([AB])(?:\.default)?\.weight|lora_embedding_([AB])(?:\.default)?)$",
    re.ASCII,
)
_TURNED = (
    "llama",
    "granite",
    "smollm3",
)  # their q and k stand in another order in a GGUF file: rotary pairs, not halves
_REFUSED = {
    "use_dora": "DoRA, whose magnitudes a GGUF adapter has no place for",
    "modules_to_save": "whole modules trained along (modules_to_save), which are no LoRA",
    "rank_pattern": "a rank of their own for some modules (rank_pattern)",
    "alpha_pattern": "an alpha of their own for some modules (alpha_pattern)",
    "trainable_token_indices": "single words trained along (trainable_token_indices)",
    "layer_replication": "layers that are repeated (layer_replication)",
    "lora_bias": "biases trained along (lora_bias)",
    "target_parameters": "parameters that are no layers (target_parameters)",
    "alora_invocation_tokens": "an adapter that only begins to act after certain words (aLoRA)",
}
_STARTS = (True, False, None, "gaussian", "eva", "orthogonal")  # any other start changes the base as well


def is_peft(path: Path) -> bool:
    """Whether this is a folder that PEFT wrote, or one of the files in it."""
    return (_folder(path) / CONFIG).is_file()


def base_named(path: Path) -> str:
    """Which model a PEFT folder names as its base, "" for none."""
    try:
        found = _config(_folder(path) / CONFIG).get("base_model_name_or_path")
    except BadAdapter:
        return ""
    return found if isinstance(found, str) else ""


def import_peft(path: Path, base: Path, target: Path, meta: Mapping[str, str] | None = None) -> AdapterFile:
    """Write PEFT's adapter (its folder) for this base as a GGUF adapter, F32, to `target`.

    Raises BadAdapter, a sentence, for what cannot be carried over whole. A pickle is never opened.
    """
    folder = _folder(path)
    config = _config(folder / CONFIG)
    try:
        model = read_gguf(base)
    except (BadGguf, OSError) as error:
        raise BadAdapter(f"its base cannot be read: {error}") from error
    tensors = _tensors(_weights(folder), model)
    check_fit(model.architecture, tensors, model)
    alpha, rank = _alpha_and_rank(config)
    if wrong := next((name for name, tensor in tensors.items() if _rank_of(name, tensor) != rank), ""):
        raise BadAdapter(f"its {wrong} does not have the rank {rank} that {CONFIG} says")
    write_adapter(target, model.architecture, tensors, alpha, meta)
    return read_adapter(target)


def _folder(path: Path) -> Path:
    return path.parent if path.name in (CONFIG, WEIGHTS, *_PICKLES) else path


def _config(file: Path) -> Mapping[str, Any]:
    """The adapter's options; refused where the adapter would be another one without them."""
    try:
        with open(file, "rb") as opened:
            content = opened.read(_CONFIG_BYTES + 1)
        if len(content) > _CONFIG_BYTES:
            raise BadAdapter(f"its {CONFIG} is too large to be one")
        held = json.loads(content)
    except OSError as error:
        raise BadAdapter(f"its {CONFIG} cannot be read: {error.strerror or error}") from error
    except (ValueError, RecursionError) as error:
        raise BadAdapter(f"its {CONFIG} is no JSON") from error
    if not isinstance(held, dict):
        raise BadAdapter(f"its {CONFIG} holds no options")
    if held.get("peft_type") != "LORA":
        raise BadAdapter(f"it is no LoRA adapter but {str(held.get('peft_type'))[:40]}")
    for option, what in _REFUSED.items():
        if held.get(option):
            raise BadAdapter(f"it uses {what}")
    if held.get("bias", "none") != "none":
        raise BadAdapter("it has biases trained along (bias)")
    if (start := held.get("init_lora_weights")) not in _STARTS:
        raise BadAdapter(f"it changed its base before training (init_lora_weights {str(start)[:40]})")
    for option, value in held.items():
        if option.startswith("use_") and option != "use_rslora" and value:
            raise BadAdapter(f"it uses an option that cannot be carried over ({option[:40]})")
    return held


def _alpha_and_rank(config: Mapping[str, Any]) -> tuple[float, int]:
    alpha, rank = config.get("lora_alpha"), config.get("r")
    if type(rank) is not int or rank < 1 or isinstance(alpha, bool) or not isinstance(alpha, (int, float)):
        raise BadAdapter(f"its {CONFIG} does not say its rank and alpha")
    try:
        scaled = float(alpha) * (math.sqrt(rank) if config.get("use_rslora") else 1.0)
    except OverflowError:
        scaled = math.inf
    if not 0 < scaled < math.inf:  # 0 would change nothing, and means something else in a GGUF file
        raise BadAdapter(f"its lora_alpha is {str(alpha)[:20]}, and it has to be above 0")
    return scaled, rank


def _weights(folder: Path) -> Mapping[str, np.ndarray[Any, Any]]:
    file = folder / WEIGHTS
    if not file.is_file():
        if pickle := next((name for name in _PICKLES if (folder / name).exists()), ""):
            raise BadAdapter(
                f"its weights are a pickle ({pickle}), which is never opened because it could run anything; have it"
                f" saved as {WEIGHTS}"
            )
        raise BadAdapter(f"there is no {WEIGHTS} in it")
    try:
        return read_safetensors(file)
    except BadSafetensors as error:
        raise BadAdapter(f"its {WEIGHTS} cannot be used: {error}") from error
    except OSError as error:
        raise BadAdapter(f"its {WEIGHTS} cannot be read: {error.strerror or error}") from error


def _tensors(weights: Mapping[str, np.ndarray[Any, Any]], model: GgufFile) -> dict[str, np.ndarray[Any, Any]]:
    """The same matrices under the base's names, as F32, rows and columns as llama.cpp has them."""
    found: dict[str, np.ndarray[Any, Any]] = {}
    for name, tensor in weights.items():
        if tensor.ndim != 2:
            raise BadAdapter(f"its {name[:200]} is no matrix")
        matrix = np.asarray(tensor, np.float32)
        target, part = _place(name)
        kind = target.split(".")[2] if target.startswith("blk.") else ""
        if part == "b" and kind in ("attn_q", "attn_k") and model.architecture in _TURNED:
            matrix = _turned(matrix, _heads(model, kind), name)
        if target == "token_embd.weight" and part == "a":
            matrix = matrix.T
        if (placed := f"{target}.lora_{part}") in found:
            raise BadAdapter(f"it holds the part {placed} twice")
        found[placed] = matrix
    return found


def _place(name: str) -> tuple[str, str]:
    """The base's tensor that a matrix is for, and which part it is: "a" or "b"."""
    if inside := _IN_LAYER.search(name):
        if module := _MODULES.get(inside[2]):
            return f"blk.{int(inside[1])}.{module}.weight", inside[3].lower()
        raise BadAdapter(f"it changes {inside[2][:100]}, which is not known here")
    if outside := _OUTSIDE.search(name):
        return _WHOLE[outside[1]], (outside[2] or outside[3]).lower()
    if tower := _TOWER.search(name):
        raise BadAdapter(f"it changes {tower[0].strip('.')[:100]}, a part for pictures, sounds or an encoder's")
    if "lora_" not in name and any(module in name for module in _WHOLE):
        raise BadAdapter("it brings a whole vocabulary along (words were added), which is no LoRA")
    raise BadAdapter(f"it holds {name[:200]}, which is not known here")


def _heads(model: GgufFile, kind: str) -> int:
    count = model.meta.get(f"{model.architecture}.attention.head_count")
    pairs = model.meta.get(f"{model.architecture}.attention.head_count_kv", count)
    heads = count if kind == "attn_q" else pairs
    if type(heads) is not int or heads < 1:
        raise BadAdapter("its base does not say how many heads it has")
    return heads


def _turned(matrix: np.ndarray[Any, Any], heads: int, name: str) -> np.ndarray[Any, Any]:
    """Rows in rotary pairs instead of halves, head by head."""
    rows, rank = matrix.shape
    if rows % (2 * heads):
        raise BadAdapter(f"it is for another base: its {name[:200]} has {rows} rows, which {heads} heads cannot share")
    return matrix.reshape(heads, 2, rows // heads // 2, rank).swapaxes(1, 2).reshape(rows, rank)


def _rank_of(name: str, tensor: np.ndarray[Any, Any]) -> int:
    first = name.endswith(".lora_a") and not name.startswith("token_embd.")
    rank: int = tensor.shape[0] if first else tensor.shape[1]
    return rank

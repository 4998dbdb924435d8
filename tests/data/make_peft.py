"""Makes tests/data/peft: tiny PEFT adapters, and what llama.cpp's own converter makes of them.

Needs torch, transformers, peft and gguf, and llama.cpp's source with its conversion scripts, which the package
llama-cpp-python vendors:

    python tests/data/make_peft.py LLAMA_CPP [FOLDER]
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

WIDTH, LAYERS, HEADS, PAIRS, INNER, WORDS, RANK = 32, 2, 4, 2, 48, 40, 2
ALL = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
# name: (class of the configuration, what differs in it, modules, number form, options of the adapter)
CASES: dict[str, tuple[str, dict[str, Any], list[str], str, dict[str, Any]]] = {
    "llama": ("LlamaConfig", {}, [*ALL, "embed_tokens", "lm_head"], "bfloat16", {}),
    "granite": ("GraniteConfig", {}, ["q_proj", "k_proj"], "float32", {}),
    "smollm3": ("SmolLM3Config", {}, ["q_proj", "k_proj", "down_proj"], "float16", {}),
    "qwen2": ("Qwen2Config", {}, ["q_proj", "v_proj"], "float32", {"layers_to_transform": [1]}),
    "qwen3": ("Qwen3Config", {"head_dim": 16}, ["q_proj", "k_proj", "o_proj"], "float32", {}),
    "gemma3": ("Gemma3TextConfig", {"head_dim": 16, "sliding_window": 8}, ["q_proj", "up_proj"], "float32", {}),
    "phi3": ("Phi3Config", {}, ["qkv_proj", "o_proj", "gate_up_proj", "down_proj"], "float32", {}),
}
_CLASSES = {"gemma3": "Gemma3ForCausalLM", "smollm3": "SmolLM3ForCausalLM"}


def make(name: str, llama_cpp: Path, target: Path) -> None:
    """One adapter: by PEFT into `target`, with the converter's file and the shapes of its base beside it."""
    import peft
    import torch
    import transformers

    made_by, differing, modules, form, options = CASES[name]
    sizes = {
        "hidden_size": WIDTH, "num_hidden_layers": LAYERS, "num_attention_heads": HEADS, "num_key_value_heads": PAIRS,
        "intermediate_size": INNER, "vocab_size": WORDS, "pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2,
        "tie_word_embeddings": False, "max_position_embeddings": 64,
    }  # fmt: skip
    config = getattr(transformers, made_by)(**sizes | differing)
    model = transformers.AutoModelForCausalLM.from_config(config)
    wish = peft.LoraConfig(r=RANK, lora_alpha=6, target_modules=modules, task_type="CAUSAL_LM", **options)
    adapted = peft.get_peft_model(model, wish)
    draw = torch.Generator().manual_seed(len(name))
    with torch.no_grad():
        for key, parameter in sorted(adapted.named_parameters()):
            if "lora_" in key:
                parameter.copy_(torch.randn(parameter.shape, generator=draw))
    adapted.to(getattr(torch, form)).save_pretrained(target, save_embedding_layers=False)
    (target / "README.md").unlink(missing_ok=True)
    _plain(target / "adapter_config.json")
    base = target / "config"
    base.mkdir()
    held = config.to_dict() | {"architectures": [_CLASSES.get(name, type(model).__name__)]}
    (base / "config.json").write_text(json.dumps(held))
    subprocess.run(
        [sys.executable, llama_cpp / "convert_lora_to_gguf.py", "--base", base, "--outfile", target / "expected.gguf",
         target],
        check=True, env={**os.environ, "HF_HUB_OFFLINE": "1"},
    )  # fmt: skip
    shutil.rmtree(base)
    (target / "base.json").write_text(json.dumps(_base(name, config), indent=1) + "\n")


def _plain(file: Path) -> None:
    """Leave out what is different each time it is made."""
    held = json.loads(file.read_text())
    held["target_modules"] = sorted(held["target_modules"])
    held["base_model_name_or_path"] = "tiny"
    file.write_text(json.dumps(held, indent=1, sort_keys=True) + "\n")


def _base(name: str, config: Any) -> dict[str, Any]:
    """What the GGUF of this base would say: its heads and the shapes of its matrices."""
    head = getattr(config, "head_dim", None) or WIDTH // HEADS
    inner, pairs = HEADS * head, PAIRS * head
    shapes = {
        "attn_q": (inner, WIDTH), "attn_k": (pairs, WIDTH), "attn_v": (pairs, WIDTH), "attn_output": (WIDTH, inner),
        "ffn_gate": (INNER, WIDTH), "ffn_up": (INNER, WIDTH), "ffn_down": (WIDTH, INNER),
    }  # fmt: skip
    if name == "phi3":
        shapes = {
            "attn_qkv": (inner + 2 * pairs, WIDTH), "attn_output": (WIDTH, inner), "ffn_up": (2 * INNER, WIDTH),
            "ffn_down": (WIDTH, INNER),
        }  # fmt: skip
    tensors = {f"blk.{layer}.{key}.weight": shape for layer in range(LAYERS) for key, shape in shapes.items()}
    tensors |= {"token_embd.weight": (WORDS, WIDTH), "output.weight": (WORDS, WIDTH)}
    return {"architecture": name, "heads": HEADS, "key_value_heads": PAIRS, "tensors": tensors}


def main(arguments: list[str]) -> None:
    """Make all of them anew."""
    folder = Path(arguments[1]) if len(arguments) > 1 else Path(__file__).parent / "peft"
    for name in CASES:
        shutil.rmtree(folder / name, ignore_errors=True)
        (folder / name).mkdir(parents=True)
        make(name, Path(arguments[0]).absolute(), folder / name)


if __name__ == "__main__":
    main(sys.argv[1:])

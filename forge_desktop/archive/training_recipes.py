"""What other trainers are told: their configuration files, written from the settings of a run."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from forge_desktop.students.gguf_file import GgufFile
from forge_desktop.students.records_training import TrainingData

TRAIN, VALIDATION = "train.jsonl", "validation.jsonl"
SCRIPTS = ("trl_sft.py", "unsloth_sft.py", "ray_train.py")
NO_BASE = "./base"  # where the base goes when its file does not say where it is on the hub

_MODULES = {
    "attn_q": "q_proj",
    "attn_k": "k_proj",
    "attn_v": "v_proj",
    "attn_output": "o_proj",
    "ffn_gate": "gate_proj",
    "ffn_up": "up_proj",
    "ffn_down": "down_proj",
}
_FUSED = {"q_proj": "qkv_proj", "k_proj": "qkv_proj", "v_proj": "qkv_proj"}
_FUSED |= {"gate_proj": "gate_up_proj", "up_proj": "gate_up_proj"}
# LLaMA-Factory's name of a template, by words that only such a one has; without a name it takes the tokenizer's.
_TEMPLATES = {
    "<|start_header_id|>": "llama3",
    "<start_of_turn>": "gemma",
    "<|start_of_role|>": "granite3",
    "<|im_start|>": "chatml",
    "[INST]": "mistral",
}
_CHARACTERS = 4  # of a token, about: only to make steps as large as they are here
_BATCH = 64


@dataclass(frozen=True)
class Recipe:
    """One run's settings as other trainers name them. `batch` are lessons whose tokens about fill a row here."""

    base_model: str
    rank: int
    alpha: float
    dropout: float
    modules: tuple[str, ...]
    learning_rate: float
    epochs: int
    warmup: float
    weight_decay: float
    clip: float
    seed: int
    length: int
    batch: int
    accumulate: int
    patience: int
    steps: int
    validation: bool
    template: str


def recipe(data: TrainingData, hub_base: str, template: str) -> Recipe:
    """What is wished, in the words of others. `template` is the base's chat template."""
    wish = data.wish
    train = [row for row in data.rows if row.part == "train"]
    characters = sum(len(text) for row in train for _, text in row.messages) or 1
    batch = min(_BATCH, len(train), max(1, round(wish.row_tokens * _CHARACTERS * len(train) / characters)))
    return Recipe(
        base_model=hub_base or NO_BASE,
        rank=wish.rank,
        alpha=wish.alpha,
        dropout=wish.dropout,
        modules=modules(wish.targets, data.architecture),
        learning_rate=wish.learning_rate,
        epochs=wish.epochs,
        warmup=wish.warmup,
        weight_decay=wish.weight_decay,
        clip=wish.clip,
        seed=wish.seed,
        length=wish.row_tokens,
        batch=batch,
        accumulate=wish.accumulate,
        patience=wish.patience,
        steps=math.ceil(len(train) / (batch * wish.accumulate)) * wish.epochs,
        validation=any(row.part == "validation" for row in data.rows),
        template=next((name for mark, name in _TEMPLATES.items() if mark in template), ""),
    )


def modules(targets: Sequence[str], architecture: str) -> tuple[str, ...]:
    """The modules that transformers has for these projections."""
    found = [_MODULES[target] for target in targets]
    if architecture == "phi3":
        found = [_FUSED.get(name, name) for name in found]
    return tuple(dict.fromkeys(found))


def hub_name(header: GgufFile) -> str:
    """Where the base says it was made from on the hub, "" when it does not."""
    name = header.meta.get("general.source.huggingface.repository")
    if isinstance(name, str) and name.count("/") == 1:
        return name
    for key in ("general.source.repo_url", "general.source.url", "general.repo_url", "general.url"):
        address = header.meta.get(key)
        if isinstance(address, str) and address.startswith("https://huggingface.co/"):
            parts = address.removeprefix("https://huggingface.co/").strip("/").split("/")
            if len(parts) == 2 and all(parts):
                return "/".join(parts)
    return ""


def files(made: Recipe) -> dict[str, bytes]:
    """Every configuration file by its name."""
    return {
        "settings.json": json.dumps(_settings(made), indent=2).encode() + b"\n",
        "axolotl.yml": _yaml(_axolotl(made)),
        "llamafactory.yaml": _yaml(_llamafactory(made)),
        "dataset_info.json": json.dumps(_dataset_info(made), indent=2).encode() + b"\n",
    }


def _settings(made: Recipe) -> dict[str, object]:
    left_out = ("steps", "template", "validation", "patience")
    return {name: value for name, value in vars(made).items() if name not in left_out}


def _axolotl(made: Recipe) -> dict[str, object]:
    def source(path: str) -> dict[str, object]:
        return {
            "path": path,
            "ds_type": "json",
            "split": "train",
            "type": "chat_template",
            "field_messages": "messages",
            "roles_to_train": ["assistant"],
            "train_on_eos": "turn",
        }

    held: dict[str, object] = {
        "base_model": made.base_model,
        "chat_template": "tokenizer_default",
        "datasets": [source(TRAIN)],
    }
    if made.validation:
        held |= {"test_datasets": [source(VALIDATION)], "evals_per_epoch": 1}
        held |= {"early_stopping_patience": made.patience} if made.patience else {}
    return held | {
        "dataset_prepared_path": "prepared",
        "output_dir": "adapter",
        "adapter": "lora",
        "lora_r": made.rank,
        "lora_alpha": made.alpha,
        "lora_dropout": made.dropout,
        "lora_target_modules": list(made.modules),
        "sequence_len": made.length,
        "sample_packing": False,
        "num_epochs": made.epochs,
        "micro_batch_size": made.batch,
        "gradient_accumulation_steps": made.accumulate,
        "optimizer": "adamw_torch",
        "lr_scheduler": "cosine",
        "learning_rate": made.learning_rate,
        "warmup_steps": round(made.warmup * made.steps),
        "weight_decay": made.weight_decay,
        "max_grad_norm": made.clip,
        "seed": made.seed,
        "bf16": "auto",
        "gradient_checkpointing": True,
        "saves_per_epoch": 1,
        "logging_steps": 1,
    }


def _llamafactory(made: Recipe) -> dict[str, object]:
    held: dict[str, object] = {
        "model_name_or_path": made.base_model,
        "stage": "sft",
        "do_train": True,
        "finetuning_type": "lora",
        "lora_rank": made.rank,
        "lora_alpha": round(made.alpha),
        "lora_dropout": made.dropout,
        "lora_target": ",".join(made.modules),
        "dataset_dir": ".",
        "dataset": "forge_train",
    }
    held |= {"template": made.template} if made.template else {}
    held |= {"eval_dataset": "forge_validation", "eval_strategy": "epoch"} if made.validation else {}
    return held | {
        "cutoff_len": made.length,
        "output_dir": "adapter",
        "overwrite_output_dir": True,
        "num_train_epochs": made.epochs,
        "learning_rate": made.learning_rate,
        "lr_scheduler_type": "cosine",
        "warmup_steps": round(made.warmup * made.steps),
        "per_device_train_batch_size": made.batch,
        "gradient_accumulation_steps": made.accumulate,
        "weight_decay": made.weight_decay,
        "max_grad_norm": made.clip,
        "seed": made.seed,
        "bf16": True,
        "save_strategy": "epoch",
        "logging_steps": 1,
        "report_to": "none",
    }


def _dataset_info(made: Recipe) -> dict[str, object]:
    names = {"forge_train": TRAIN} | ({"forge_validation": VALIDATION} if made.validation else {})
    return {
        name: {
            "file_name": file,
            "formatting": "sharegpt",
            "columns": {"messages": "messages"},
            "tags": {
                "role_tag": "role",
                "content_tag": "content",
                "user_tag": "user",
                "assistant_tag": "assistant",
                "system_tag": "system",
            },
        }
        for name, file in names.items()
    }


def _yaml(held: Mapping[str, object]) -> bytes:
    """Plain YAML: every scalar as JSON writes it, which YAML reads the same."""
    return ("\n".join(line for name, value in held.items() for line in _lines(name, value)) + "\n").encode()


def _lines(name: str, value: object) -> list[str]:
    if not isinstance(value, list):
        return [f"{name}: {_scalar(value)}"]
    found = [f"{name}:"]
    for entry in value:
        if isinstance(entry, Mapping):
            first, *rest = (line for key, inner in entry.items() for line in _lines(key, inner))
            found += [f"  - {first}", *(f"    {line}" for line in rest)]
        else:
            found.append(f"  - {_scalar(entry)}")
    return found


def _scalar(value: object) -> str:
    if isinstance(value, float):
        return format(value, ".12f").rstrip("0").removesuffix(".") + (
            "" if value % 1 else ".0"
        )  # 1e-05 is a text there
    return json.dumps(value)

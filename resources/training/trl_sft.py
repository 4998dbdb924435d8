"""Trains the adapter with TRL. Settings are in settings.json; several GPUs: `accelerate launch trl_sft.py`."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent


def lessons(name: str) -> list[dict[str, Any]]:
    """A file's lessons as prompt and completion, so that only the answer is learnt."""
    file = HERE / name
    rows = [json.loads(line)["messages"] for line in file.open(encoding="utf-8")] if file.is_file() else []
    return [{"prompt": messages[:-1], "completion": messages[-1:]} for messages in rows]


def make(settings: dict[str, Any], output: str) -> Any:
    """The trainer, ready to go."""
    import torch
    from datasets import Dataset
    from peft import LoraConfig
    from trl import SFTConfig, SFTTrainer

    train, validation = lessons("train.jsonl"), lessons("validation.jsonl")
    steps = math.ceil(len(train) / (settings["batch"] * settings["accumulate"])) * settings["epochs"]
    cuda = torch.cuda.is_available()
    wish = SFTConfig(
        output_dir=output,
        num_train_epochs=settings["epochs"],
        learning_rate=settings["learning_rate"],
        lr_scheduler_type="cosine",
        warmup_steps=round(settings["warmup"] * steps),
        per_device_train_batch_size=settings["batch"],
        per_device_eval_batch_size=settings["batch"],
        gradient_accumulation_steps=settings["accumulate"],
        weight_decay=settings["weight_decay"],
        max_grad_norm=settings["clip"],
        max_length=settings["length"],
        packing=False,
        seed=settings["seed"],
        bf16=cuda and torch.cuda.is_bf16_supported(),
        use_cpu=not cuda and not torch.backends.mps.is_available(),
        eval_strategy="epoch" if validation else "no",
        save_strategy="epoch",
        load_best_model_at_end=bool(validation),
        logging_steps=1,
        report_to="none",
    )
    adapter = LoraConfig(
        r=settings["rank"],
        lora_alpha=settings["alpha"],
        lora_dropout=settings["dropout"],
        target_modules=settings["modules"],
        task_type="CAUSAL_LM",
    )
    return SFTTrainer(
        model=settings["base_model"],
        args=wish,
        train_dataset=Dataset.from_list(train),
        eval_dataset=Dataset.from_list(validation) if validation else None,
        peft_config=adapter,
    )


def main() -> None:
    """Train, and keep the adapter in `adapter`."""
    settings = json.loads((HERE / "settings.json").read_text(encoding="utf-8"))
    trainer = make(settings, str(HERE / "checkpoints"))
    trainer.train()
    trainer.save_model(str(HERE / "adapter"))


if __name__ == "__main__":
    main()

"""Trains the adapter with Unsloth, on one GPU. Settings are in settings.json."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent


def lessons(name: str, tokenizer: Any, length: int) -> list[dict[str, list[int]]]:
    """A file's lessons as ids with labels, so that only the answer is learnt; longer ones are named and left out."""
    file = HERE / name
    rows = [json.loads(line)["messages"] for line in file.open(encoding="utf-8")] if file.is_file() else []
    found = []
    for number, messages in enumerate(rows, 1):
        asked = tokenizer.apply_chat_template(messages[:-1], tokenize=False, add_generation_prompt=True)
        whole = tokenizer.apply_chat_template(messages, tokenize=False)
        ids = tokenizer(whole, add_special_tokens=False)["input_ids"]
        start = len(tokenizer(asked, add_special_tokens=False)["input_ids"])
        if len(ids) > length:
            print(f"{name}, line {number}: {len(ids)} tokens are more than {length}; left out.")
            continue
        found.append({"input_ids": ids, "attention_mask": [1] * len(ids), "labels": [-100] * start + ids[start:]})
    return found


def main() -> None:
    """Train, and keep the adapter in `adapter`."""
    from unsloth import FastLanguageModel  # isort: skip  # it has to come before what it changes
    from transformers import DataCollatorForSeq2Seq, Trainer, TrainingArguments

    settings = json.loads((HERE / "settings.json").read_text(encoding="utf-8"))
    model, tokenizer = FastLanguageModel.from_pretrained(
        model_name=settings["base_model"], max_seq_length=settings["length"], load_in_4bit=False
    )
    model = FastLanguageModel.get_peft_model(
        model,
        r=settings["rank"],
        lora_alpha=settings["alpha"],
        lora_dropout=settings["dropout"],
        target_modules=settings["modules"],
        bias="none",
        use_gradient_checkpointing="unsloth",
        random_state=settings["seed"],
    )
    train = lessons("train.jsonl", tokenizer, settings["length"])
    validation = lessons("validation.jsonl", tokenizer, settings["length"])
    steps = math.ceil(len(train) / (settings["batch"] * settings["accumulate"])) * settings["epochs"]
    wish = TrainingArguments(
        output_dir=str(HERE / "checkpoints"),
        num_train_epochs=settings["epochs"],
        learning_rate=settings["learning_rate"],
        lr_scheduler_type="cosine",
        warmup_steps=round(settings["warmup"] * steps),
        per_device_train_batch_size=settings["batch"],
        per_device_eval_batch_size=settings["batch"],
        gradient_accumulation_steps=settings["accumulate"],
        weight_decay=settings["weight_decay"],
        max_grad_norm=settings["clip"],
        seed=settings["seed"],
        bf16=True,
        eval_strategy="epoch" if validation else "no",
        save_strategy="epoch",
        load_best_model_at_end=bool(validation),
        logging_steps=1,
        report_to="none",
    )
    trainer = Trainer(
        model=model,
        args=wish,
        train_dataset=train,
        eval_dataset=validation or None,
        data_collator=DataCollatorForSeq2Seq(tokenizer, label_pad_token_id=-100),
    )
    trainer.train()
    model.save_pretrained(str(HERE / "adapter"))


if __name__ == "__main__":
    main()

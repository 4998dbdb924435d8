"""The peer of `bench trainer`: transformers + peft on given batches. Run as a plain file by an interpreter with them.

`convert GGUF FOLDER` once, so that the measured process loads plain bf16 weights and not the peer's own, hungry GGUF
reader; `train REQUEST.json` then prints one JSON object.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from pathlib import Path
from typing import Any


def convert(gguf: Path, folder: Path) -> None:
    """The base as transformers keeps it."""
    import torch
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(str(gguf.parent), gguf_file=gguf.name, dtype=torch.bfloat16)
    config = model.config
    if hasattr(config, "quantization_config"):
        del config.quantization_config  # what was read is plain now, and only plain weights are saved
    plain = AutoModelForCausalLM.from_config(config, dtype=torch.bfloat16)
    plain.load_state_dict(model.state_dict())
    plain.save_pretrained(folder)


def train(asked: dict[str, Any]) -> dict[str, Any]:
    """Take one step for each batch; tokens, CPU seconds and seconds of each, and the process's peak."""
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    torch.set_num_threads(1)
    torch.manual_seed(0)
    dtype = {"bf16": torch.bfloat16, "f32": torch.float32}[asked["dtype"]]
    model = AutoModelForCausalLM.from_pretrained(asked["model"], dtype=dtype).to(asked["device"])
    targets = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
    adapted = get_peft_model(model, LoraConfig(r=8, lora_alpha=16, target_modules=targets, task_type="CAUSAL_LM"))
    if asked["checkpointing"]:
        adapted.enable_input_require_grads()
        adapted.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})
    adapted.config.use_cache = False
    adapted.train()
    learnt = [parameter for parameter in adapted.parameters() if parameter.requires_grad]
    optimiser = torch.optim.AdamW(learnt, lr=1e-4)
    steps = []
    for batch in asked["batches"]:
        wall, cpu = time.monotonic(), time.process_time()
        ids, mask, labels = (one.to(asked["device"]) for one in _padded(torch, batch))
        adapted(input_ids=ids, attention_mask=mask, labels=labels).loss.backward()
        torch.nn.utils.clip_grad_norm_(learnt, 1.0)
        optimiser.step()
        optimiser.zero_grad()
        if asked["device"] == "cuda":
            torch.cuda.synchronize()
        tokens = sum(len(lesson["ids"]) for lesson in batch)
        steps.append((tokens, time.process_time() - cpu, time.monotonic() - wall))
    on_device = int(torch.cuda.max_memory_allocated()) if asked["device"] == "cuda" else 0
    resident = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return {"steps": steps, "peak_bytes": max(resident, on_device), "device_bytes": on_device}


def _padded(torch: Any, batch: list[dict[str, Any]]) -> tuple[Any, Any, Any]:
    longest = max(len(lesson["ids"]) for lesson in batch)
    ids = torch.zeros((len(batch), longest), dtype=torch.long)
    mask, labels = torch.zeros_like(ids), torch.full_like(ids, -100)
    for number, lesson in enumerate(batch):
        length, start = len(lesson["ids"]), lesson["start"]
        ids[number, :length] = torch.tensor(lesson["ids"])
        mask[number, :length] = 1
        labels[number, start:length] = ids[number, start:length]
    return ids, mask, labels


if __name__ == "__main__":
    if sys.argv[1] == "convert":
        convert(Path(sys.argv[2]), Path(sys.argv[3]))
    else:
        print(json.dumps(train(json.loads(Path(sys.argv[2]).read_text()))))

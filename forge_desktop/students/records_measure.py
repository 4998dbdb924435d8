"""What is asked of a benchmark on this computer, and what came of it: plain frozen values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class MeasureWish:
    """How much to measure: `prompts` of `prompt_tokens` each, answers of at most `answer_tokens`.

    `context` in tokens, 0 is what the student is laid out with; `seed` draws the words of the prompts.
    """

    prompts: int = 20
    prompt_tokens: int = 512
    answer_tokens: int = 64
    context: int = 0
    seed: int = 1


@dataclass(frozen=True)
class MeasureProgress:
    """How far a benchmark is: prompts answered, the warm-up not counted."""

    version: str
    done: int
    total: int
    note: str


@dataclass(frozen=True)
class Measurement:
    """A version measured on this computer. `build` is the engine's, `device` where its layers were.

    `machine`: "cpu", "cores", "threads", "memory_bytes", "gpus" (names), "drivers", "system".

    `figures`: "prompt_speed" and "generation_speed" in tokens a second, "first_token" and "latency" in milliseconds,
    each {"p50", "p95", "n"} (speeds with "p5", their slow end); "prompt_tokens" and "answer_tokens", the same;
    "ram_bytes", the most that the process held;
    "vram_bytes", what it allocated on GPUs, None without one; "vram_measured_bytes", the same as the driver counts it;
    "context", "sequences", "gpu_layers", "layers", "threads"; "energy_joules", None where it cannot be read, with
    "energy": {"sources", "seconds", "tokens"}; "reused_tokens", 0 unless a prompt was not read anew; "load", what else
    the machine had to do when it began; "seconds"; "skipped": {what: why}.
    """

    uid: str
    version: str
    label: str
    base_sha256: str
    adapter_sha256: str
    scale: float
    build: str
    device: str
    machine: Mapping[str, object]
    wish: MeasureWish
    figures: Mapping[str, object]
    created: float

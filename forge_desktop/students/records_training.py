"""What goes into and comes out of training: plain frozen values. Bytes, tokens, seconds, as named."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

RunState = Literal[
    "preparing", "running", "paused", "stopped", "interrupted", "failed", "diverged", "cancelled", "done"
]
Device = Literal["auto", "cuda", "mps", "cpu"]
Dtype = Literal["auto", "f32", "bf16"]
PROJECTIONS = ("attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down")
ARCHITECTURES = ("llama", "qwen2", "qwen3", "gemma2", "gemma3", "phi3", "granite", "smollm3")


@dataclass(frozen=True)
class TrainWish:
    """How an adapter shall be trained. Everything here, with the data and the base, decides its bytes.

    `replay` is how many of the base's own answers go along, as a share of the pairs, against forgetting: at each of
    their tokens the student shall go on as its base does, which weighs `hold` beside what is learnt.
    `validation` is the share of the pairs kept apart, by source document. `row_tokens` is the length of a packed row,
    `accumulate` how many rows make a step, `dropout` that of the adapter's input. `patience` validations without
    improvement end it early; 0 never. `checkpointing` computes activations twice and needs less memory; None decides by
    what is free. `threads` 0 chooses. `workers` counts processes of a Ray cluster at `ray`.
    """

    rank: int = 8
    alpha: float = 16.0
    learning_rate: float = 5e-4
    epochs: int = 4
    targets: tuple[str, ...] = PROJECTIONS
    dropout: float = 0.0
    weight_decay: float = 0.0
    clip: float = 1.0
    warmup: float = 0.05
    seed: int = 1
    row_tokens: int = 512
    accumulate: int = 1
    replay: float = 0.5
    hold: float = 5.0
    validation: float = 0.1
    evaluate_every: int = 0
    patience: int = 3
    checkpointing: bool | None = None
    device: Device = "auto"
    dtype: Dtype = "auto"
    threads: int = 0
    ray: str = ""
    workers: int = 1


@dataclass(frozen=True)
class TrainSource:
    """What to learn from: a frozen dataset by name or uid, or a file of pairs; exactly one of them."""

    dataset: str = ""
    file: str = ""


@dataclass(frozen=True)
class TrainerProbe:
    """An interpreter that has torch, as it said itself. `devices` are (kind, name, bytes free, whether bf16 works)."""

    python: str
    version: str
    torch: str
    gguf: str
    ray: str
    devices: tuple[tuple[str, str, int, bool], ...]
    problem: str = ""


@dataclass(frozen=True)
class TrainPlan:
    """What a run would take, before it starts. Bytes and seconds; None where it was not measured.

    `reasons` say in sentences what does not fit and `instead` what would; with `fits` false it is not started.
    `truncated` are pairs longer than a row, which are left out and named; nothing is cut silently. `left_out` names
    all that are not learnt from, and why; `notes` say what is otherwise than it was wished.
    """

    base: str
    architecture: str
    pairs: int
    train_pairs: int
    validation_pairs: int
    replay_pairs: int
    truncated: tuple[str, ...]
    tokens: int
    supervised_tokens: int
    steps: int
    device: str
    dtype: str
    checkpointing: bool
    memory_bytes: int
    memory_free: int
    disk_bytes: int
    disk_free: int
    adapter_bytes: int
    seconds_a_step: float | None
    seconds: float | None
    fits: bool
    reasons: tuple[str, ...] = ()
    instead: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    bad_lines: int = 0
    bad: tuple[str, ...] = ()


@dataclass(frozen=True)
class TrainPoint:
    """One point of a run's curves. `loss` is of the training step, `validation` where it was measured then."""

    step: int
    loss: float
    learning_rate: float
    gradient_norm: float
    tokens: int
    seconds: float
    cpu_seconds: float
    resident_bytes: int
    validation: float | None = None


@dataclass(frozen=True)
class TrainProgress:
    """Where a run stands now: what a job's progress carries as `detail`."""

    run: str
    state: RunState
    step: int
    steps: int
    loss: float | None
    validation: float | None
    tokens_per_second: float | None
    seconds_left: float | None
    note: str = ""


@dataclass(frozen=True)
class TrainRun:
    """A training run. `version` is the uid of what came of it, "" before. `can_resume`: its checkpoint goes on.

    `result` has tokens, seconds, cpu_seconds, loss, validation, stop ("finished", "early", "stopped"), adapter_sha256,
    peak_bytes. `data` names the dataset or file with its sha256 and the counts of the split. `job` is the one that
    works on it now, 0 when none does; `waits_for` what has to end first, in words, "" when nothing does.
    """

    uid: str
    number: int
    name: str
    state: RunState
    base_sha256: str
    base_name: str
    wish: TrainWish
    plan: Mapping[str, object]
    data: Mapping[str, object]
    result: Mapping[str, object]
    step: int
    steps: int
    problem: str
    version: str
    again_of: str
    created: float
    started: float | None
    ended: float | None
    can_resume: bool = False
    folder: str = ""
    job: int = 0
    waits_for: str = ""
    log: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class LessonRow:
    """One lesson as messages (role, text), the answer to learn last.

    `part` is "train" or "validation"; `origin` "pair", or "replay" for an answer of the base itself. `documents` are
    the sha256 of those it rests on, `teacher` and `cost` (micro-dollars) as its pair has them.
    """

    pair: str
    messages: tuple[tuple[str, str], ...]
    part: str
    origin: str
    documents: tuple[str, ...] = ()
    teacher: Mapping[str, object] = field(default_factory=dict)
    cost: int = 0


@dataclass(frozen=True)
class TrainingData:
    """What a run learns from, for a trainer elsewhere. `data` is what a run's `data` is."""

    base_sha256: str
    base_name: str
    architecture: str
    wish: TrainWish
    rows: tuple[LessonRow, ...]
    data: Mapping[str, object]


@dataclass(frozen=True)
class Learnt:
    """A lesson as a run learnt it, as plain words. `pair` is its uid, `documents` the sha256 of what it rests on."""

    pair: str
    question: str
    answer: str
    documents: tuple[str, ...] = ()
    part: str = "train"


@dataclass(frozen=True)
class Delivery:
    """What an environment for the trainer would bring: (name, version) of packages, bytes to fetch (None: not told).

    `gpu`: it is a build for GPUs, which is several GB; `python` is what would make it.
    """

    packages: tuple[tuple[str, str], ...]
    bytes: int | None
    gpu: bool
    python: str

"""What a run would take before it starts: steps, memory, disk; and what would fit where it does not."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from forge_desktop.base.errors import ForgeError
from forge_desktop.students.gguf_file import BadGguf, read_gguf
from forge_desktop.students.records_training import ARCHITECTURES, TrainerProbe, TrainWish

_RUNTIME = 170_000_000  # bytes that torch itself takes
_LOGITS, _FEWEST = 1 << 22, 16  # logits that exist at once, and positions at least: as trainer/loss.py has them
_STATE = 16  # bytes of a number of the adapter: itself, its gradient, two moments of the optimiser
_BYTES = {"f32": 4, "bf16": 2}  # of a weight
_ACTIVATION = {"f32": 4, "bf16": 2.5}  # of a number that is kept for the way back; some stay in 32 bits
_AT_ONCE = 10  # layers whose activations are there at once with checkpointing: what was freed is not given back at once
_CAPPED = ("gemma2",)  # whose scores are all written down
_MARGIN = 0.9  # of what is free may be taken
_CAREFUL = 0.6  # from this share of what is free on, activations are computed twice
_FUSED = {"attn_qkv": ("attn_q", "attn_k", "attn_v"), "ffn_up": ("ffn_gate", "ffn_up")}  # Phi-3's, by what they hold


@dataclass(frozen=True)
class BaseShape:
    """What memory depends on. `projections` are (name, in, out) of every layer's."""

    architecture: str
    parameters: int
    layers: int
    width: int
    hidden: int
    heads: int
    vocabulary: int
    projections: tuple[tuple[str, int, int], ...]

    def adapter_parameters(self, rank: int, targets: Sequence[str]) -> int:
        """How many numbers an adapter has."""
        return sum(rank * (wide + high) for name, wide, high in self.projections if _is_target(name, targets))


@dataclass(frozen=True)
class Setting:
    """What was chosen for a run on this computer. `free` are bytes on the device; `bf16` whether it can be used."""

    device: str
    device_name: str
    dtype: str
    checkpointing: bool
    threads: int
    free: int
    bf16: bool


def read_shape(path: Path) -> BaseShape:
    """The shape of a base. Raises ForgeError where the file cannot be read, or its architecture not be trained."""
    try:
        file = read_gguf(path)
    except (BadGguf, OSError) as error:
        raise ForgeError(f"{path.name} cannot be trained: {error}.", hint="Import the student again.") from error
    name = file.architecture
    if name not in ARCHITECTURES:
        raise ForgeError(
            f"Students of the architecture {name} cannot be trained here.",
            hint="Export the data for remote training, then import the adapter.",
        )

    def number(key: str) -> int:
        found = file.meta.get(f"{name}.{key}", 0)
        values = found if isinstance(found, (list, tuple)) else [found]  # some give one for each layer
        return max((value for value in values if isinstance(value, int)), default=0)

    shapes = {each.name: each.shape for each in file.tensors.values()}
    projections = [
        (tensor.split(".")[2], shape[1], shape[0])
        for tensor, shape in shapes.items()
        if tensor.startswith("blk.") and tensor.endswith(".weight") and len(shape) == 2
    ]
    embedding = shapes.get("token_embd.weight", (0, 0))
    return BaseShape(
        architecture=name,
        parameters=sum(math.prod(shape) for shape in shapes.values()),
        layers=number("block_count"),
        width=number("embedding_length"),
        hidden=number("feed_forward_length"),
        heads=number("attention.head_count"),
        vocabulary=embedding[0],
        projections=tuple(projections),
    )


def settle(shape: BaseShape, wish: TrainWish, probe: TrainerProbe, free: int, cores: int) -> Setting:
    """Device, number format and threads for a wish: what is asked for, else CUDA or ROCm, then MPS, then the processor.

    `free` are bytes of memory that are free now. Raises ForgeError for a device that is not there.
    """
    known = {kind: (name, room, bf16) for kind, name, room, bf16 in probe.devices}
    order = ("cuda", "mps", "cpu") if wish.device == "auto" else (wish.device,)
    kind = next((one for one in order if one in known), "")
    if not kind:
        raise ForgeError(
            f"The trainer's interpreter finds no {wish.device} device.",
            hint=f"It finds {', '.join(known) or 'none'}; choose one of these, or another interpreter.",
        )
    name, room, bf16 = known[kind]
    if wish.dtype == "bf16" and not bf16:
        raise ForgeError(f"{name} cannot compute in bf16.", hint="Train in f32.")
    dtype = wish.dtype if wish.dtype != "auto" else ("bf16" if bf16 else "f32")
    room = free if kind == "cpu" or room <= 0 else room
    setting = Setting(kind, name, dtype, bool(wish.checkpointing), wish.threads or max(1, cores - 1), room, bf16)
    if wish.checkpointing is None:
        careful = memory_bytes(shape, wish, setting) > _CAREFUL * room
        setting = replace(setting, checkpointing=careful)
    return setting


def memory_bytes(shape: BaseShape, wish: TrainWish, setting: Setting) -> int:
    """The most memory a step takes. Fitted to what was measured on SmolLM2-135M: docs/training.md tells how near."""
    row, size = wish.row_tokens, _ACTIVATION[setting.dtype]
    scores = 4 * shape.heads * row if shape.architecture in _CAPPED else 0
    a_layer = row * (12 * shape.width + 4 * shape.hidden + scores) * size
    kept = shape.layers * a_layer
    if setting.checkpointing:
        kept = min(kept, shape.layers * row * shape.width * size + _AT_ONCE * a_layer)
    positions = max(_FEWEST, _LOGITS // max(1, shape.vocabulary))
    logits = 9 * min(positions, row) * shape.vocabulary * 4  # with their gradient, and what else a step passes through
    adapter = _STATE * shape.adapter_parameters(wish.rank, wish.targets)
    return round(_RUNTIME + shape.parameters * _BYTES[setting.dtype] + adapter + kept + logits)


def disk_bytes(shape: BaseShape, wish: TrainWish, lessons: int) -> int:
    """What a run writes at most: checkpoints, each beside the one it replaces, the best adapter, the adapter twice, and
    `lessons` bytes of data."""
    numbers = shape.adapter_parameters(wish.rank, wish.targets)
    return numbers * 4 * (2 * 3 + 2 + 2) + lessons + 1_000_000


def adapter_bytes(shape: BaseShape, wish: TrainWish) -> int:
    """The adapter's file."""
    return 4 * shape.adapter_parameters(wish.rank, wish.targets)


def steps(lengths: Sequence[int], wish: TrainWish) -> int:
    """How many steps a run has: lessons are packed into rows in each epoch's own order, as the trainer does it."""
    at_once, total = max(wish.accumulate, wish.workers), 0
    for epoch in range(wish.epochs):
        order = list(lengths)
        random.Random(f"{wish.seed} {epoch}").shuffle(order)
        rows = held = 0
        for length in order:
            if not rows or held + length > wish.row_tokens:
                rows, held = rows + 1, 0
            held += length
        total += math.ceil(rows / at_once)
    return total


def does_not_fit(needed: int, setting: Setting, disk: int, disk_free: int) -> tuple[str, ...]:
    """A sentence for each thing there is not enough of."""
    found = []
    if needed > _MARGIN * setting.free:
        found.append(
            f"Training takes about {_gb(needed)} of memory on {setting.device_name or setting.device}, where"
            f" {_gb(setting.free)} are free."
        )
    if disk > disk_free:
        found.append(f"The run writes up to {_gb(disk)}, and {_gb(disk_free)} are free on the disk.")
    return tuple(found)


def what_would(shape: BaseShape, wish: TrainWish, setting: Setting, longest: int) -> tuple[str, ...]:
    """Ways to take less memory that would fit, the cheapest first; `longest` is the longest lesson in tokens."""
    found: list[str] = []
    seen = [(wish, setting)]
    sparing = replace(setting, checkpointing=True)
    small = replace(sparing, dtype="bf16") if setting.bf16 else sparing
    row = max(64, longest)
    tries = [
        ("computing activations twice (checkpointing)", wish, sparing),
        ("bf16 with checkpointing", wish, small),
        (f"rows of {row} tokens with checkpointing", replace(wish, row_tokens=row), small),
        ("rank 4 besides", replace(wish, row_tokens=row, rank=min(4, wish.rank)), small),
    ]
    for words, other, how in tries:
        if (other, how) not in seen and other.row_tokens <= wish.row_tokens:  # else it says the same once more
            seen.append((other, how))
            needed = memory_bytes(shape, other, how)
            if needed <= _MARGIN * setting.free:
                found.append(f"It would fit with {words}: about {_gb(needed)}.")
    found.append("Export the data and train it on another computer, then import the adapter.")
    return tuple(dict.fromkeys(found))


def _is_target(name: str, targets: Sequence[str]) -> bool:
    return name in targets or any(part in targets for part in _FUSED.get(name, ()))


def _gb(count: int) -> str:
    return f"{count / 1e9:.1f} GB" if count >= 1e8 else f"{count / 1e6:.1f} MB"

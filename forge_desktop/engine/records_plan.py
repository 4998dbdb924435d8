"""What is known of the machine and how a student is to be laid out on it: plain frozen values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

DeviceKind = Literal["cpu", "gpu", "integrated"]
KvType = Literal["auto", "f16", "q8_0"]


@dataclass(frozen=True)
class Device:
    """A device that llama.cpp can compute on. Memory in bytes, 0 when the backend does not say.

    `name` is ggml's ("CPU", "Vulkan0", "CUDA0"), `backend` the part of it without the number.
    """

    name: str
    description: str
    backend: str
    kind: DeviceKind
    free: int
    total: int


@dataclass(frozen=True)
class PlanWish:
    """How a person wants a student laid out; "auto" values are the planner's to choose.

    `context` in tokens, 0 is as much as fits of what the settings say; `gpu_layers` -1 chooses, 0 is none; `kv_type` of
    the key-value cache; `kv_on_gpu` False keeps it in the computer's memory; `split` is the share of the layers of each
    GPU in `Hardware.devices`' order, empty chooses. `anyway` loads although it does not fit.
    """

    context: int = 4096
    gpu_layers: int = -1
    kv_type: KvType = "auto"
    kv_on_gpu: bool = True
    split: tuple[float, ...] = ()
    anyway: bool = False


@dataclass(frozen=True)
class Placement:
    """Where a student's layers and cache go: what a child is told, once to measure and once to load.

    `gpu_layers` layers, counted from the last, are shared out to `devices` (GPUs by name) in proportions of `split`;
    `context` tokens for each of `sequences` conversations.
    """

    gpu_layers: int
    devices: tuple[str, ...]
    split: tuple[float, ...]
    kv_type: str
    kv_on_gpu: bool
    context: int
    sequences: int


@dataclass(frozen=True)
class PlanLine:
    """What a student takes of one device, in bytes. `free` is what the device had free, 0 unknown; `margin` stays.

    `compute` of the CPU's line has the process itself in it. An integrated GPU's `free` is what the CPU leaves.
    """

    device: str
    description: str
    layers: int
    weights: int
    kv: int
    compute: int
    free: int
    total: int
    margin: int
    cpu: bool = False

    @property
    def needed(self) -> int:
        """Bytes in all."""
        return self.weights + self.kv + self.compute

    @property
    def fits(self) -> bool:
        """Whether it goes in with the margin left over; True where the device does not say how much it has."""
        return not self.free or self.needed + self.margin <= self.free


@dataclass(frozen=True)
class Plan:
    """A student laid out: what was wished, what was chosen, and what each device must hold.

    `gpu_layers` of `layers`, `split` by device, `kv_type` "f16" or "q8_0", `context` in tokens. `notes` are sentences
    that say where the choice is not what was wished, and why. `sequences` is how many conversations are held at once.
    `gpus` names every GPU there is, in the order of a wish's `split`; `lines` has those that are used.
    """

    model: str
    model_sha256: str
    wish: PlanWish
    context: int
    gpu_layers: int
    layers: int
    kv_type: str
    kv_on_gpu: bool
    split: tuple[float, ...]
    sequences: int
    lines: tuple[PlanLine, ...]
    notes: tuple[str, ...] = ()
    gpus: tuple[str, ...] = ()

    @property
    def fits(self) -> bool:
        """Whether every device can hold its part."""
        return all(line.fits for line in self.lines)

    @property
    def placement(self) -> Placement:
        """The same, as a child is told: the lines of GPUs are in the order of `split`."""
        gpus = tuple(line.device for line in self.lines if not line.cpu)
        return Placement(self.gpu_layers, gpus, self.split, self.kv_type, self.kv_on_gpu, self.context, self.sequences)


@dataclass(frozen=True)
class Timing:
    """Speeds measured with one model on one device: tokens a second, reading a prompt and writing an answer.

    `flash` and `threads` are the settings that were fastest and are used; `measured` in seconds since the epoch.
    """

    model_sha256: str
    model: str
    device: str
    gpu_layers: int
    flash: bool
    threads: int
    prompt_tokens_per_second: float
    tokens_per_second: float
    measured: float


@dataclass(frozen=True)
class Loaded:
    """A loaded child: its process, what it holds of each device and how it computes.

    `buffers` are bytes by buffer ("CPU", "CUDA0") and then "model", "KV", "compute", "output"; `gpu_layers` of `layers`
    as llama.cpp counted them; `context` tokens for each of `sequences` conversations. `devices` as they were before.
    `note` says why it does not run as it was planned.
    """

    pid: int
    build: str
    device: str
    context: int
    sequences: int
    gpu_layers: int
    layers: int
    threads: int
    buffers: Mapping[str, Mapping[str, int]]
    devices: tuple[Device, ...]
    note: str = ""


@dataclass(frozen=True)
class Pack:
    """A GPU backend module found on the disk. `problem` says why it is not used, "" when it is.

    `idle` is a sound one that has nothing to do here: no such GPU, or no driver for it.
    """

    name: str
    path: str
    backend: str
    build: str
    sha256: str
    problem: str = ""
    idle: bool = False


@dataclass(frozen=True)
class Fit:
    """Whether a model of a usual size fits: "7B Q4 at 8k fits with 1.2 GB to spare". `spare` in bytes, may be < 0."""

    what: str
    device: str
    spare: int


@dataclass(frozen=True)
class Hardware:
    """The machine as the engine sees it. `features` are the CPU's ("AVX2"), `drivers` as found; memory in bytes."""

    cpu: str
    features: tuple[str, ...]
    cores: int
    threads: int
    memory_free: int
    memory_total: int
    build: str
    devices: tuple[Device, ...]
    drivers: tuple[str, ...]
    packs: tuple[Pack, ...]
    fits: tuple[Fit, ...]
    timings: tuple[Timing, ...]
    hints: tuple[str, ...]

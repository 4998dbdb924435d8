"""What a base's header says of its computation, for the architectures that are understood; all others are refused."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from .job import BadJob

INTERLEAVED, HALVES = ("llama", "granite", "smollm3"), ("qwen2", "qwen3", "gemma2", "gemma3", "phi3")
ARCHITECTURES = (*INTERLEAVED, *HALVES)
_ELSEWHERE = "Export the data and train it with another program."
# What else a header may ask for, and nobody here computes; absent or nothing it is harmless.
_UNKNOWN = (
    "expert_count", "expert_used_count", "attention.clamp_kqv", "attention.max_alibi_bias", "use_parallel_residual",
    "attention.key_length_swa", "attention.value_length_swa", "rope.dimension_count_swa", "attention.temperature_scale",
    "deepstack_mapping", "rope.scaling.alpha", "attention.shared_kv_layers", "attention.chunk_size",
)  # fmt: skip
_DEPTH_27B = {"gemma2": 46, "gemma3": 62}  # their queries are scaled by the width, not by a head's


class UnsupportedArchitecture(BadJob):
    """This base cannot be trained here; the text names what is not understood and what else can be done."""

    def __init__(self, what: str) -> None:
        super().__init__(f"{what} cannot be trained here. {_ELSEWHERE}")


@dataclass(frozen=True)
class Shape:
    """How a base computes. `windows` has each layer's sliding window (0: all), `turned` whether positions turn it."""

    architecture: str
    width: int
    layers: int
    heads: int
    kv_heads: int
    head: int
    value_head: int
    epsilon: float
    interleaved: bool
    gelu: bool
    attention_scale: float
    rope_dimensions: int
    rope_base: float
    rope_scale: float
    window_base: float
    window_scale: float
    windows: tuple[int, ...]
    turned: tuple[bool, ...]
    embedding_scale: float
    residual_scale: float
    logit_scale: float
    attention_cap: float
    final_cap: float


class _Header:
    """The header's entries of one architecture."""

    def __init__(self, meta: Mapping[str, object]) -> None:
        self.architecture = str(meta.get("general.architecture", ""))
        self._meta = meta

    def get(self, key: str) -> object | None:
        return self._meta.get(f"{self.architecture}.{key}")

    def number(self, key: str, default: float | None = None) -> float:
        found = self.get(key)
        if found is None and default is not None:
            return default
        if isinstance(found, bool) or not isinstance(found, (int, float)):
            raise UnsupportedArchitecture(f"A {self.architecture} base whose header gives no single number for {key}")
        return float(found)

    def whole(self, key: str, default: float | None = None) -> int:
        return int(self.number(key, default))


def read_shape(meta: Mapping[str, object]) -> Shape:
    """The shape of a base. Raises UnsupportedArchitecture."""
    header = _Header(meta)
    name = header.architecture
    if name not in ARCHITECTURES:
        raise UnsupportedArchitecture(f"The architecture {name or 'of this file'}")
    for key in _UNKNOWN:
        if header.get(key):
            raise UnsupportedArchitecture(f"A {name} base with {key}")
    width, heads, layers = (header.whole(key) for key in ("embedding_length", "attention.head_count", "block_count"))
    if not (0 < heads <= width and 0 < layers <= 4096):
        raise UnsupportedArchitecture(f"A {name} base with {heads} heads in {layers} layers of width {width}")
    head = header.whole("attention.key_length", width // heads)
    windows = _windows(header, layers)
    scale = _rope_scale(header)
    return Shape(
        architecture=name,
        width=width,
        layers=layers,
        heads=heads,
        kv_heads=header.whole("attention.head_count_kv", heads),
        head=head,
        value_head=header.whole("attention.value_length", width // heads),
        epsilon=header.number("attention.layer_norm_rms_epsilon"),
        interleaved=name in INTERLEAVED,
        gelu=name.startswith("gemma"),
        attention_scale=_attention_scale(header, width, heads, head, layers),
        rope_dimensions=header.whole("rope.dimension_count", head),
        rope_base=header.number("rope.freq_base", 10_000.0),
        rope_scale=scale,
        window_base=header.number("rope.freq_base_swa", _window_base(header)),
        window_scale=1.0 if name == "gemma3" else scale,
        windows=windows,
        turned=_turned(header, layers),
        embedding_scale=math.sqrt(width) if name.startswith("gemma") else _granite(header, "embedding_scale"),
        residual_scale=_granite(header, "residual_scale"),
        logit_scale=1.0 / (_granite(header, "logit_scale")),
        attention_cap=header.number("attn_logit_softcapping", 50.0) if name == "gemma2" else 0.0,
        final_cap=header.number("final_logit_softcapping", 30.0 if name == "gemma2" else 0.0),
    )


def _rope_scale(header: _Header) -> float:
    """What positions are multiplied with. Linear scaling alone is understood."""
    kind = header.get("rope.scaling.type")
    if kind not in (None, "none", "linear") or header.number("rope.scaling.attn_factor", 1.0) != 1.0:
        raise UnsupportedArchitecture(f"A {header.architecture} base with positions scaled by {kind}")
    factor = header.number("rope.scaling.factor", header.number("rope.scale_linear", 0.0))
    return 1.0 / factor if factor and kind != "none" else 1.0


def _windows(header: _Header, layers: int) -> tuple[int, ...]:
    """Each layer's sliding window. Only the Gemmas have one; llama.cpp computes Phi-3 and Mistral without theirs."""
    default = 4096 if header.architecture == "gemma2" else 0
    window = header.whole("attention.sliding_window", default) if header.architecture.startswith("gemma") else 0
    if not window:
        return (0,) * layers
    pattern = header.get("attention.sliding_window_pattern")
    if isinstance(pattern, (list, tuple)):
        if len(pattern) < layers:
            raise UnsupportedArchitecture(f"A {header.architecture} base with an incomplete window pattern")
        return tuple(window if local else 0 for local in pattern[:layers])
    every = pattern if isinstance(pattern, int) else 2 if header.architecture == "gemma2" else 6
    return tuple(window if not every or layer % every < every - 1 else 0 for layer in range(layers))


def _window_base(header: _Header) -> float:
    return 10_000.0 if header.architecture == "gemma3" else header.number("rope.freq_base", 10_000.0)


def _turned(header: _Header, layers: int) -> tuple[bool, ...]:
    if header.architecture == "smollm3":
        return tuple((layer + 1) % 4 != 0 for layer in range(layers))
    if header.architecture == "granite" and header.get("rope.scaling.finetuned") is False:
        return (False,) * layers
    return (True,) * layers


def _attention_scale(header: _Header, width: int, heads: int, head: int, layers: int) -> float:
    if _DEPTH_27B.get(header.architecture) == layers:
        return 1.0 / math.sqrt(width // heads)
    given = header.number("attention.scale", 0.0) if header.architecture == "granite" else 0.0
    return given or 1.0 / math.sqrt(head)


def _granite(header: _Header, key: str) -> float:
    """One of Granite's scales; 1 elsewhere, where llama.cpp does not read it."""
    return (header.number(key, 0.0) or 1.0) if header.architecture == "granite" else 1.0

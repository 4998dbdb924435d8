"""A base's forward pass in the names of its GGUF tensors, with a LoRA adapter on its projections.

The adapter needs no renaming when it is written. Where a base pairs neighbours for its positions (llama), the rows of
queries and keys are laid out in halves once, at loading: their products are the same, and turning them is contiguous.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch.nn import functional
from torch.utils.checkpoint import checkpoint

from .attention import Layout, attend
from .kernels import Adapted, Gated, RmsNorm, Turned
from .loss import SummedDrift, SummedLoss
from .shape import Shape, UnsupportedArchitecture, read_shape
from .weights import Weights

_NORMS = ("attn_norm", "ffn_norm", "attn_q_norm", "attn_k_norm", "post_attention_norm", "post_ffw_norm")
_NEEDED = {"gemma2": _NORMS[:2] + _NORMS[4:], "gemma3": _NORMS, "qwen3": _NORMS[:4]}


@dataclass
class Part:
    """One tensor of the base with its part of the adapter; `order` is how its rows were laid out, None as they are."""

    name: str
    rows: int
    order: Any = None
    down: Any = None
    up: Any = None


@dataclass
class Projection:
    """One or more of the base's matrices that read the same input, one below the other."""

    parts: list[Part]
    weight: Any
    bias: Any = None
    scale: float = 0.0
    dropout: float = 0.0

    def __call__(self, x: Any, learning: bool) -> Any:
        adapted = [part for part in self.parts if part.down is not None]
        if not adapted:
            return functional.linear(x, self.weight, self.bias)
        down = torch.cat([part.down for part in adapted]).to(x.dtype)
        blocks = [self._block(part) for part in self.parts]
        up = (blocks[0] if len(blocks) == 1 else torch.block_diag(*blocks)).mul(self.scale).to(x.dtype)
        dropped = functional.dropout(x, self.dropout) if self.dropout and learning else None
        return Adapted.apply(x, dropped, self.weight, self.bias, down, up)

    def _block(self, part: Part) -> Any:
        if part.up is None:
            return self.weight.new_zeros((0, part.rows), dtype=torch.float32)
        return (part.up if part.order is None else part.up[part.order]).t()


@dataclass
class Layer:
    """One layer's projections and norms."""

    projections: dict[str, Projection]
    norms: dict[str, Any]


class Network:
    """The base. `adapter` has the LoRA tensors by the names they are written under."""

    def __init__(self, weights: Weights, dtype: Any) -> None:
        self.shape: Shape = read_shape(weights.meta)
        self.checkpointing = False
        self.learning = False
        self._dtype = dtype
        self._embedding = weights.matrix("token_embd.weight")
        self._norm = weights.vector("output_norm.weight")
        self._head = weights.matrix("output.weight") if "output.weight" in weights else self._embedding
        self._head_bias = weights.vector("output.bias") if "output.bias" in weights else None
        self._factors = weights.vector("rope_freqs.weight") if self._has_factors(weights) else None
        self._layers = [self._layer(weights, number) for number in range(self.shape.layers)]
        if left := weights.left_over():
            raise UnsupportedArchitecture(f"A {self.shape.architecture} base with the tensor {left[0]}")
        self.adapter: dict[str, Any] = {}

    def attach(self, adapter: dict[str, Any], scale: float, dropout: float = 0.0) -> None:
        """Compute with these LoRA tensors from now on; `scale` is alpha / rank."""
        self.adapter = adapter
        for number, layer in enumerate(self._layers):
            for projection in layer.projections.values():
                projection.scale, projection.dropout = scale, dropout
                for part in projection.parts:
                    name = f"blk.{number}.{part.name}.weight"
                    part.down, part.up = adapter.get(f"{name}.lora_a"), adapter.get(f"{name}.lora_b")

    def places(self, targets: Sequence[str]) -> dict[str, tuple[int, int]]:
        """What an adapter on these targets changes: the tensors' names with what comes out and what goes in."""
        fused = {"attn_qkv": ("attn_q", "attn_k", "attn_v"), "ffn_up": ("ffn_up", *self._gate_in_up())}
        return {
            f"blk.{number}.{part.name}.weight": (part.rows, projection.weight.shape[1])
            for number, layer in enumerate(self._layers)
            for projection in layer.projections.values()
            for part in projection.parts
            if set(fused.get(part.name, (part.name,))) & set(targets)
        }

    def loss_sum(self, lessons: Sequence[tuple[Sequence[int], int]]) -> Any:
        """The summed loss on the answers of one row: (ids, start of the answer) of each lesson."""
        return self.sums([(ids, start, None) for ids, start in lessons])[0]

    def sums(self, lessons: Sequence[tuple[Sequence[int], int, Any]]) -> tuple[Any, Any]:
        """Summed over one row: the loss on the answers, and the drift from the base at every token of held lessons.

        A lesson is its ids, the start of its answer, and for a held one what `own` gives; None for one to learn.
        """
        device = self._embedding.device
        ids = torch.tensor([token for lesson, _, _ in lessons for token in lesson], device=device)
        learnt: list[int] = []
        held: list[int] = []
        at = 0
        for lesson, start, own in lessons:
            end = at + len(lesson)
            if own is None:
                learnt += range(at + start - 1, end - 1)
            else:
                held += range(at, end)
            at = end
        hidden = self.hidden(ids, [len(lesson) for lesson, _, _ in lessons])
        return self._loss(hidden, ids, learnt), self._drift(hidden, held, [own for *_, own in lessons])

    def own(self, ids: Sequence[int]) -> Any:
        """The last hidden states of the base alone, without its adapter."""
        adapter, projections = self.adapter, [one for layer in self._layers for one in layer.projections.values()]
        scale, dropout = projections[0].scale, projections[0].dropout
        self.attach({}, scale, dropout)
        with torch.no_grad():
            found = self.hidden(torch.tensor(ids, device=self._embedding.device), [len(ids)])
        self.attach(adapter, scale, dropout)
        return found

    def _loss(self, hidden: Any, ids: Any, places: list[int]) -> Any:
        if not places:
            return torch.zeros((), device=ids.device)
        at = torch.tensor(places, device=ids.device)
        return SummedLoss.apply(self._normal(hidden[at]), self._head, self._head_bias, ids[at + 1], self.shape)

    def _drift(self, hidden: Any, places: list[int], owns: Sequence[Any]) -> Any:
        if not places:
            return torch.zeros((), device=hidden.device)
        own = self._normal(torch.cat([one for one in owns if one is not None]))
        now = self._normal(hidden[torch.tensor(places, device=hidden.device)])
        return SummedDrift.apply(now, own, self._head, self._head_bias, self.shape)

    def logits(self, ids: Any, lengths: Sequence[int]) -> Any:
        """The logits of every position, in f32: for comparison, not for training."""
        found = functional.linear(self._normal(self.hidden(ids, lengths)), self._head).float()
        found = (found if self._head_bias is None else found + self._head_bias) * self.shape.logit_scale
        cap = self.shape.final_cap
        return torch.tanh(found / cap) * cap if cap else found

    def hidden(self, ids: Any, lengths: Sequence[int]) -> Any:
        """What comes out of the last layer for a row of lessons of these lengths."""
        layout = Layout(lengths, ids.device)
        shape = self.shape
        angles = self._angles(layout.positions, shape.rope_base, shape.rope_scale)
        local = self._angles(layout.positions, shape.window_base, shape.window_scale) if any(shape.windows) else angles
        x = functional.embedding(ids, self._embedding)
        if shape.embedding_scale != 1.0:
            x = x * shape.embedding_scale
        for number in range(shape.layers):
            turned = local if shape.windows[number] else angles
            if self.checkpointing and self.learning:
                x = checkpoint(self._compute, x, number, layout, turned, use_reentrant=False)
            else:
                x = self._compute(x, number, layout, turned)
        return x

    def _compute(self, x: Any, number: int, layout: Layout, angles: tuple[Any, Any]) -> Any:
        layer, shape = self._layers[number], self.shape
        o = self._attention(self._rms(x, layer, "attn_norm"), layer, number, layout, angles)
        x = x + self._residual(o, layer, "post_attention_norm")
        both = layer.projections["in"](self._rms(x, layer, "ffn_norm"), self.learning)
        o = layer.projections["out"](Gated.apply(both, shape.gelu), self.learning)
        return x + self._residual(o, layer, "post_ffw_norm")

    def _attention(self, h: Any, layer: Layer, number: int, layout: Layout, angles: tuple[Any, Any]) -> Any:
        shape = self.shape
        sizes = [shape.heads * shape.head, shape.kv_heads * shape.head, shape.kv_heads * shape.value_head]
        q, k, v = layer.projections["qkv"](h, self.learning).split(sizes, -1)
        q, k = q.view(-1, shape.heads, shape.head), k.view(-1, shape.kv_heads, shape.head)
        if "attn_q_norm" in layer.norms:
            q, k = self._rms(q, layer, "attn_q_norm"), self._rms(k, layer, "attn_k_norm")
        if shape.turned[number]:
            q, k = Turned.apply(q, *angles), Turned.apply(k, *angles)
        v = v.view(-1, shape.kv_heads, shape.value_head)
        o = attend(q, k, v, layout, shape.windows[number], shape.attention_scale, shape.attention_cap)
        return layer.projections["o"](o, self.learning)

    def _rms(self, x: Any, layer: Layer, name: str) -> Any:
        return RmsNorm.apply(x, layer.norms[name], self.shape.epsilon)

    def _normal(self, x: Any) -> Any:
        return RmsNorm.apply(x, self._norm, self.shape.epsilon)

    def _residual(self, o: Any, layer: Layer, norm: str) -> Any:
        o = self._rms(o, layer, norm) if norm in layer.norms else o
        return o if self.shape.residual_scale == 1.0 else o * self.shape.residual_scale

    def _angles(self, positions: Any, base: float, scale: float) -> tuple[Any, Any]:
        pairs = torch.arange(0, self.shape.rope_dimensions, 2, device=positions.device, dtype=torch.float32)
        speed = base ** (-pairs / self.shape.rope_dimensions)
        speed = speed if self._factors is None else speed / self._factors
        angle = (positions[:, None].float() * scale * speed[None])[:, None]
        return angle.cos(), angle.sin()

    def _gate_in_up(self) -> tuple[str, ...]:
        return ("ffn_gate",) if len(self._layers[0].projections["in"].parts) == 1 else ()

    def _has_factors(self, weights: Weights) -> bool:
        return self.shape.architecture in ("llama", "granite") and "rope_freqs.weight" in weights

    def _layer(self, weights: Weights, number: int) -> Layer:
        prefix = f"blk.{number}."
        qkv = ("attn_qkv",) if f"{prefix}attn_qkv.weight" in weights else ("attn_q", "attn_k", "attn_v")
        fused = self.shape.architecture == "phi3"
        groups = {
            "qkv": qkv,
            "o": ("attn_output",),
            "in": ("ffn_up",) if fused else ("ffn_gate", "ffn_up"),
            "out": ("ffn_down",),
        }
        found = {group: self._projection(weights, prefix, names) for group, names in groups.items()}
        needed = _NEEDED.get(self.shape.architecture, _NORMS[:2])
        return Layer(found, {name: weights.vector(f"{prefix}{name}.weight") for name in needed})

    def _projection(self, weights: Weights, prefix: str, names: Sequence[str]) -> Projection:
        parts = [Part(name, weights.shape(f"{prefix}{name}.weight")[0]) for name in names]
        weight = weights.matrix(*(f"{prefix}{name}.weight" for name in names))
        bias = self._bias(weights, prefix, parts)
        if self.shape.interleaved and names[0].startswith("attn_") and names[0] != "attn_output":
            row = 0
            for part in parts:
                part.order = self._halves(part, weight.device)
                if part.order is not None:
                    own = slice(row, row + part.rows)
                    weight[own] = weight[own][part.order]
                    if bias is not None:
                        bias[own] = bias[own][part.order]
                row += part.rows
        return Projection(parts, weight, bias)

    def _bias(self, weights: Weights, prefix: str, parts: Sequence[Part]) -> Any:
        if not any(f"{prefix}{part.name}.bias" in weights for part in parts):
            return None
        found = []
        for part in parts:
            name = f"{prefix}{part.name}.bias"
            found.append(weights.vector(name) if name in weights else torch.zeros(part.rows))
        return torch.cat([one.to(self._embedding.device) for one in found]).to(self._dtype)

    def _halves(self, part: Part, device: Any) -> Any:
        """The order of rows that lays neighbours out in halves, head by head; values keep theirs."""
        shape = self.shape
        turned = {"attn_q": shape.heads, "attn_k": shape.kv_heads, "attn_qkv": shape.heads + shape.kv_heads}
        heads = turned.get(part.name, 0)
        if not heads:
            return None
        pairs = torch.arange(shape.rope_dimensions).view(-1, 2).t().reshape(-1)
        one = torch.cat([pairs, torch.arange(shape.rope_dimensions, shape.head)])
        rows = (torch.arange(heads)[:, None] * shape.head + one[None]).reshape(-1)
        return torch.cat([rows, torch.arange(len(rows), part.rows)]).to(device)

"""Computations whose gradients are written out here: that keeps less and passes over memory less often."""

from __future__ import annotations

from typing import Any

import torch
from torch.nn import functional


class RmsNorm(torch.autograd.Function):
    """x / rms(x) * weight, computed in f32; keeps its input and one number for each row."""

    @staticmethod
    def forward(ctx: Any, x: Any, weight: Any, epsilon: float) -> Any:
        size = torch.linalg.vector_norm(x, dim=-1, keepdim=True, dtype=torch.float32)
        inverse = torch.rsqrt(size.square_().div_(x.shape[-1]).add_(epsilon))
        ctx.save_for_backward(x, weight, inverse)
        return (x.float() * inverse).mul_(weight).to(x.dtype)

    @staticmethod
    def backward(ctx: Any, given: Any) -> Any:
        x, weight, inverse = ctx.saved_tensors
        wide = given.float() * weight
        normal = x.float() * inverse
        along = (wide * normal).mean(-1, keepdim=True)
        return wide.sub_(normal.mul_(along)).mul_(inverse).to(x.dtype), None, None


class Turned(torch.autograd.Function):
    """Rotary positions over heads whose first and second halves are the pairs; keeps nothing but the angles."""

    @staticmethod
    def forward(ctx: Any, x: Any, cos: Any, sin: Any) -> Any:
        ctx.save_for_backward(cos, sin)
        return turn(x, cos, sin)

    @staticmethod
    def backward(ctx: Any, given: Any) -> Any:
        cos, sin = ctx.saved_tensors
        return turn(given, cos, -sin), None, None


def turn(x: Any, cos: Any, sin: Any) -> Any:
    """Turn (tokens, heads, head) by angles of (tokens, 1, pairs); what is beyond the pairs stays."""
    half = cos.shape[-1]
    first, second = x[..., :half].float(), x[..., half : 2 * half].float()
    out = torch.empty_like(x)
    out[..., :half] = (first * cos).sub_(second * sin)
    out[..., half : 2 * half] = (second * cos).add_(first * sin)
    if 2 * half < x.shape[-1]:
        out[..., 2 * half :] = x[..., 2 * half :]
    return out


class Gated(torch.autograd.Function):
    """activation(gate) * up, of both side by side; keeps only its input."""

    @staticmethod
    def forward(ctx: Any, both: Any, gelu: bool) -> Any:
        ctx.save_for_backward(both)
        ctx.gelu = gelu
        gate, up = both.chunk(2, -1)
        return _activation(gate, gelu).mul_(up)

    @staticmethod
    def backward(ctx: Any, given: Any) -> Any:
        (both,) = ctx.saved_tensors
        gate, up = both.chunk(2, -1)
        out = torch.empty_like(both)
        to_gate, to_up = out.chunk(2, -1)
        torch.mul(given, _activation(gate, ctx.gelu), out=to_up)
        down = given * up
        if ctx.gelu:
            to_gate.copy_(torch.ops.aten.gelu_backward(down, gate, approximate="tanh"))
        else:
            to_gate.copy_(torch.ops.aten.silu_backward(down, gate))
        return out, None


def _activation(gate: Any, gelu: bool) -> Any:
    return functional.gelu(gate, approximate="tanh") if gelu else functional.silu(gate)


class Adapted(torch.autograd.Function):
    """x W' + dropped A' B': the base's projection with its adapter. W never gets a gradient, so nothing is kept for it.

    `down` is A (all ranks, in), `up` is B laid out as (all ranks, out), with zeros where a part of the rank does not
    belong to a part of the output, and the adapter's scale in it. `dropped` is None where it is x itself.
    """

    @staticmethod
    def forward(ctx: Any, x: Any, dropped: Any, weight: Any, bias: Any, down: Any, up: Any) -> Any:
        inner = functional.linear(x if dropped is None else dropped, down)
        ctx.save_for_backward(x if dropped is None else dropped, inner, weight, down, up)
        ctx.same = dropped is None
        return functional.linear(x, weight, bias).addmm_(inner, up)

    @staticmethod
    def backward(ctx: Any, given: Any) -> Any:
        x, inner, weight, down, up = ctx.saved_tensors
        within = given @ up.t()
        to_x = to_dropped = None
        if ctx.needs_input_grad[0]:
            to_x = given @ weight
            if ctx.same:
                to_x.addmm_(within, down)
        if not ctx.same and ctx.needs_input_grad[1]:
            to_dropped = within @ down
        return to_x, to_dropped, None, None, within.t() @ x, inner.t() @ given

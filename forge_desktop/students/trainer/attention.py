"""Attention inside each lesson of a packed row: lessons are laid side by side where that is cheaper than a mask."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch.nn import functional

_SHORT = 512  # tokens of the longest lesson


class Layout:
    """Where the lessons of a row lie. `index` picks them into (lessons, longest), `back` picks them out again."""

    def __init__(self, lengths: Sequence[int], device: Any) -> None:
        total, self.longest = sum(lengths), max(lengths)
        self.positions = torch.cat([torch.arange(length) for length in lengths]).to(device)
        starts = [sum(lengths[:number]) for number in range(len(lengths))]
        self.index = self.back = self.lesson = None
        self._masks: dict[tuple[int, bool], Any] = {}
        if len(lengths) == 1:
            return
        if len(lengths) * self.longest <= 2 * total:  # no more room than twice the row, and far fewer products
            slots = torch.arange(self.longest)
            rows = [
                torch.where(slots < length, start + slots, start) for start, length in zip(starts, lengths, strict=True)
            ]
            self.index = torch.stack(rows).to(device)
            places = [number * self.longest + torch.arange(length) for number, length in enumerate(lengths)]
            self.back = torch.cat(places).to(device)
        else:
            self.longest = total
            self.lesson = torch.repeat_interleave(torch.tensor(lengths)).to(device)

    def mask(self, window: int) -> Any:
        """What may be seen, or None where that is just everything before."""
        if self.lesson is None and (not window or self.longest <= window):
            return None
        key = (window, True)
        if key not in self._masks:
            seen = self._before()
            if window:
                seen.triu_(1 - window)
            if self.lesson is not None:
                seen &= self.lesson[:, None] == self.lesson[None]
            self._masks[key] = seen
        return self._masks[key]

    def unseen(self, window: int) -> Any:
        """What must not be seen, always as a mask."""
        if (window, False) not in self._masks:
            seen = self.mask(window)
            self._masks[window, False] = ~(self._before() if seen is None else seen)
        return self._masks[window, False]

    def _before(self) -> Any:
        size = (self.longest, self.longest)
        return torch.ones(size, dtype=torch.bool, device=self.positions.device).tril_()


class _Spread(torch.autograd.Function):
    """(tokens, …) to (lessons, longest, …). The slots behind a shorter lesson hold a copy that nobody looks at."""

    @staticmethod
    def forward(ctx: Any, x: Any, index: Any, back: Any) -> Any:
        ctx.save_for_backward(back)
        return x[index]

    @staticmethod
    def backward(ctx: Any, given: Any) -> Any:
        (back,) = ctx.saved_tensors
        return given.flatten(0, 1)[back], None, None


class _Collected(torch.autograd.Function):
    """The way back: (lessons, longest, …) to (tokens, …)."""

    @staticmethod
    def forward(ctx: Any, x: Any, back: Any) -> Any:
        ctx.save_for_backward(back)
        ctx.size = x.shape
        return x.flatten(0, 1)[back]

    @staticmethod
    def backward(ctx: Any, given: Any) -> Any:
        (back,) = ctx.saved_tensors
        out = given.new_zeros(ctx.size)
        out.flatten(0, 1)[back] = given
        return out, None


def attend(q: Any, k: Any, v: Any, layout: Layout, window: int, scale: float, cap: float) -> Any:
    """Causal attention of (tokens, heads, head), each lesson for itself; (tokens, heads x head) comes out."""
    if layout.index is None:
        q, k, v = q[None], k[None], v[None]
    else:
        q, k, v = (_Spread.apply(one, layout.index, layout.back) for one in (q, k, v))
    q, k, v = q.transpose(1, 2), k.transpose(1, 2), v.transpose(1, 2)
    groups = q.shape[1] // k.shape[1]
    if groups > 1:
        k, v = k.repeat_interleave(groups, 1), v.repeat_interleave(groups, 1)
    mask = layout.mask(window)
    if cap:
        o = _capped(q, k, v, layout.unseen(window), scale, cap)
    elif q.device.type == "cpu" and q.dtype == torch.bfloat16 and layout.longest <= _SHORT:
        o = _Plain.apply(q, k, v, layout.unseen(window), scale)
    else:
        o = functional.scaled_dot_product_attention(q, k, v, attn_mask=mask, is_causal=mask is None, scale=scale)
    o = o.transpose(1, 2)
    o = o[0] if layout.index is None else _Collected.apply(o, layout.back)
    return o.reshape(o.shape[0], -1)


class _Plain(torch.autograd.Function):
    """Attention by whole products: on a processor, for short lessons in bf16, twice as fast as torch's in blocks."""

    @staticmethod
    def forward(ctx: Any, q: Any, k: Any, v: Any, unseen: Any, scale: float) -> Any:
        scores = (q @ k.transpose(-1, -2)).float().mul_(scale).masked_fill_(unseen, float("-inf"))
        share = scores.softmax(-1).to(v.dtype)
        ctx.save_for_backward(q, k, v, share)
        ctx.scale = scale
        return share @ v

    @staticmethod
    def backward(ctx: Any, given: Any) -> Any:
        q, k, v, share = ctx.saved_tensors
        wide = share.float()
        towards = (given @ v.transpose(-1, -2)).float()
        along = (towards * wide).sum(-1, keepdim=True)
        scores = towards.sub_(along).mul_(wide).mul_(ctx.scale).to(q.dtype)
        return scores @ k, scores.transpose(-1, -2) @ q, share.transpose(-1, -2) @ given, None, None


def _capped(q: Any, k: Any, v: Any, unseen: Any, scale: float, cap: float) -> Any:
    """Attention whose scores are bent below a cap, as Gemma 2 has it."""
    scores = torch.tanh((q @ k.transpose(-1, -2)).float() * (scale / cap)) * cap
    return scores.masked_fill(unseen, float("-inf")).softmax(-1).to(v.dtype) @ v

"""The summed loss of supervised positions; logits exist for a few positions at a time, and never twice."""

from __future__ import annotations

from typing import Any

import torch
from torch.nn import functional

from .shape import Shape

_AT_ONCE = 1 << 22  # logits


class SummedLoss(torch.autograd.Function):
    """Cross entropy, summed. The gradient is made on the way forward and scaled on the way back."""

    @staticmethod
    def forward(ctx: Any, hidden: Any, head: Any, bias: Any, wanted: Any, shape: Shape) -> Any:
        at_once = max(16, _AT_ONCE // head.shape[0])
        needed = ctx.needs_input_grad[0]
        total = torch.zeros((), dtype=torch.float32, device=hidden.device)
        gradient = torch.empty_like(hidden) if needed else None
        for start in range(0, len(hidden), at_once):
            own = slice(start, start + at_once)
            loss, towards = _piece(hidden[own], head, bias, wanted[own], shape, needed)
            total += loss
            if gradient is not None:
                gradient[own] = towards
        ctx.save_for_backward(gradient)
        return total

    @staticmethod
    def backward(ctx: Any, given: Any) -> Any:
        (gradient,) = ctx.saved_tensors
        return gradient * given, None, None, None, None


class SummedDrift(torch.autograd.Function):
    """How far the adapted student went from its base: KL(base || adapted), summed over positions.

    Both come as last hidden states, the base's from without the adapter. Soft targets hold what was known far better
    than the base's words: these sharpen what it would say, and take from all that it would say otherwise.
    """

    @staticmethod
    def forward(ctx: Any, hidden: Any, own: Any, head: Any, bias: Any, shape: Shape) -> Any:
        at_once = max(16, _AT_ONCE // head.shape[0])
        total = torch.zeros((), dtype=torch.float32, device=hidden.device)
        gradient = torch.empty_like(hidden)
        for start in range(0, len(hidden), at_once):
            part = slice(start, start + at_once)
            likely = torch.log_softmax(_logits(own[part], head, bias, shape), 1)
            logits = _logits(hidden[part], head, bias, shape)
            bent = _bent(logits, shape)
            found = torch.log_softmax(logits, 1)
            share = likely.exp()
            total += (share * (likely - found)).sum()
            gradient[part] = _back(found.exp_().sub_(share), bent, shape, hidden.dtype) @ head
        ctx.save_for_backward(gradient)
        return total

    @staticmethod
    def backward(ctx: Any, given: Any) -> Any:
        (gradient,) = ctx.saved_tensors
        return gradient * given, None, None, None, None


def _logits(hidden: Any, head: Any, bias: Any, shape: Shape) -> Any:
    logits = functional.linear(hidden, head).float()
    if bias is not None:
        logits += bias
    if shape.logit_scale != 1.0:
        logits *= shape.logit_scale
    if shape.final_cap:
        logits = logits.div_(shape.final_cap).tanh_().mul_(shape.final_cap)
    return logits


def _bent(logits: Any, shape: Shape) -> Any:
    """What the cap leaves of a gradient; None where there is no cap."""
    return 1 - (logits / shape.final_cap).square_() if shape.final_cap else None


def _back(towards: Any, bent: Any, shape: Shape, dtype: Any) -> Any:
    """A gradient of logits, taken back to what comes out of the head's product."""
    if bent is not None:
        towards *= bent
    if shape.logit_scale != 1.0:
        towards *= shape.logit_scale
    return towards.to(dtype)


def _piece(hidden: Any, head: Any, bias: Any, wanted: Any, shape: Shape, needed: bool) -> tuple[Any, Any]:
    logits = _logits(hidden, head, bias, shape)
    right = logits.gather(1, wanted[:, None])
    bent = _bent(logits, shape) if needed else None
    most = logits.amax(1, keepdim=True)
    towards = logits.sub_(most).exp_()  # in place: torch's logsumexp takes a second piece of this size
    total = towards.sum(1, keepdim=True)
    loss = (total.log() + most - right).sum()
    if not needed:
        return loss, None
    towards.div_(total).scatter_add_(1, wanted[:, None], torch.full_like(right, -1.0))
    return loss, _back(towards, bent, shape, hidden.dtype) @ head

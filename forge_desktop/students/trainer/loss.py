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


def _piece(hidden: Any, head: Any, bias: Any, wanted: Any, shape: Shape, needed: bool) -> tuple[Any, Any]:
    logits = functional.linear(hidden, head).float()
    if bias is not None:
        logits += bias
    if shape.logit_scale != 1.0:
        logits *= shape.logit_scale
    if shape.final_cap:
        logits = logits.div_(shape.final_cap).tanh_().mul_(shape.final_cap)
    right = logits.gather(1, wanted[:, None])
    bent = 1 - (logits / shape.final_cap).square_() if shape.final_cap and needed else None
    most = logits.amax(1, keepdim=True)
    towards = logits.sub_(most).exp_()  # in place: torch's logsumexp takes a second piece of this size
    total = towards.sum(1, keepdim=True)
    loss = (total.log() + most - right).sum()
    if not needed:
        return loss, None
    towards.div_(total).scatter_add_(1, wanted[:, None], torch.full_like(right, -1.0))
    if bent is not None:
        towards *= bent
    if shape.logit_scale != 1.0:
        towards *= shape.logit_scale
    return loss, towards.to(hidden.dtype) @ head

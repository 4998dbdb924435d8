"""The adapter while it is trained: all its numbers in one piece of memory, with its optimiser beside it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import torch

from .job import Job

_BETAS, _EPSILON = (0.9, 0.999), 1e-8


class Adapter:
    """The LoRA tensors, named as they are written, and AdamW over all of them at once.

    `tensors` are views of one flat tensor, their gradients of another: clipping, stepping and adding up over processes
    are single calls.
    """

    def __init__(self, places: Mapping[str, tuple[int, int]], job: Job, device: Any) -> None:
        sizes = {f"{name}.lora_a": (job.rank, into) for name, (_, into) in places.items()}
        sizes |= {f"{name}.lora_b": (out, job.rank) for name, (out, _) in places.items()}
        self.parameters = sum(math.prod(size) for size in sizes.values())
        self._flat = torch.zeros(self.parameters, device=device)
        self.gradient = torch.zeros_like(self._flat)
        self.tensors: dict[str, Any] = {}
        at = 0
        for name in sorted(sizes):
            own = slice(at, at + math.prod(sizes[name]))
            self.tensors[name] = self._flat[own].view(sizes[name]).detach().requires_grad_(True)
            self.tensors[name].grad = self.gradient[own].view(sizes[name])
            at = own.stop
        self._draw(job.seed)
        self._first = torch.zeros_like(self._flat)
        self._second = torch.zeros_like(self._flat)
        self._changes = 0
        self._decay, self._clip = job.weight_decay, job.clip

    def change(self, rate: float) -> float:
        """One step against the gradient, clipped; the gradient's norm before. Nothing changes when it is no number."""
        norm = float(torch.linalg.vector_norm(self.gradient))
        if math.isfinite(norm):
            if norm > self._clip:
                self.gradient.mul_(self._clip / (norm + 1e-6))
            self._adamw(rate)
        self.gradient.zero_()
        return norm

    def sound(self) -> bool:
        """Whether every number is one."""
        return bool(torch.isfinite(self._flat).all())

    def numbers(self) -> Any:
        """A copy of all numbers, to go back to."""
        return self._flat.detach().cpu().clone()

    def go_back(self, numbers: Any) -> None:
        """Take earlier numbers again."""
        with torch.no_grad():
            self._flat.copy_(numbers)

    def arrays(self) -> dict[str, Any]:
        """The tensors as numpy has them, to be written."""
        return {name: tensor.detach().cpu().numpy() for name, tensor in self.tensors.items()}

    def state(self) -> dict[str, Any]:
        """Everything that the next step rests on."""
        moments = {"first": self._first.cpu(), "second": self._second.cpu(), "changes": self._changes}
        return {"numbers": self.numbers(), **moments}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from a state."""
        self.go_back(state["numbers"])
        self._first.copy_(state["first"])
        self._second.copy_(state["second"])
        self._changes = int(state["changes"])

    def _adamw(self, rate: float) -> None:
        """AdamW, written out: torch's own takes a second and 80 MB to import, and here it is one tensor."""
        self._changes += 1
        with torch.no_grad():
            self._first.lerp_(self.gradient, 1 - _BETAS[0])
            self._second.mul_(_BETAS[1]).addcmul_(self.gradient, self.gradient, value=1 - _BETAS[1])
            size = (self._second / (1 - _BETAS[1] ** self._changes)).sqrt_().add_(_EPSILON)
            self._flat.mul_(1 - rate * self._decay)
            self._flat.addcdiv_(self._first, size, value=-rate / (1 - _BETAS[0] ** self._changes))

    def _draw(self, seed: int) -> None:
        """A starts as peft starts it, B as zeros; drawn on the processor, so that every device starts alike."""
        drawing = torch.Generator().manual_seed(seed)
        with torch.no_grad():
            for name, tensor in self.tensors.items():
                if name.endswith(".lora_a"):
                    bound = 1 / math.sqrt(tensor.shape[1])
                    tensor.copy_(torch.empty(tensor.shape).uniform_(-bound, bound, generator=drawing))

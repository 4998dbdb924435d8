"""A planner that answers at once, by arithmetic: the students room as the plan's widgets know it."""

from __future__ import annotations

import dataclasses
import threading

from forge_desktop.base.errors import ForgeError
from forge_desktop.engine.records_plan import Plan, PlanLine, PlanWish

GB = 10**9
LAYERS = 33


class Planner:
    """Plans a 4 GB model over some GPUs and the CPU, when `go` is set.

    `calls` are the wishes asked for, None being the stored one.
    """

    def __init__(self, *, gpus: int = 1, free: float = 8.0) -> None:
        self.gpus, self.free = gpus, free
        self.stored: PlanWish | None = None
        self.calls: list[PlanWish | None] = []
        self.problem: ForgeError | None = None
        self.go = threading.Event()
        self.go.set()

    def wish(self, student_id: int) -> PlanWish | None:
        return self.stored

    def keep(self, student_id: int, wish: PlanWish | None) -> None:
        self.stored = wish

    def plan(self, student_id: int, wish: PlanWish | None = None) -> Plan:
        self.calls.append(wish)
        assert self.go.wait(30)
        if self.problem is not None:
            raise self.problem
        wish = wish or self.stored or PlanWish()
        context = wish.context or 4096
        layers = (LAYERS if wish.gpu_layers < 0 else wish.gpu_layers) if self.gpus else 0
        cache = context * 131_072 // (2 if wish.kv_type == "q8_0" else 1)
        share = layers / LAYERS
        on_gpu = cache * share if wish.kv_on_gpu else 0
        split = wish.split or tuple(1 / self.gpus for _ in range(self.gpus))
        lines = [
            self._line(f"Vulkan{number}", layers // self.gpus, 4 * GB * share * part, on_gpu * part)
            for number, part in enumerate(split if layers else ())
        ]
        rest = dataclasses.replace(
            self._line("CPU", LAYERS - layers, 4 * GB * (1 - share), cache - on_gpu), free=16 * GB, total=20 * GB
        )
        notes = () if context <= 8192 else ("The student was trained for 8,192 tokens.",)
        return Plan(
            model="A student",
            model_sha256="a" * 64,
            wish=wish,
            context=context,
            gpu_layers=layers,
            layers=LAYERS,
            kv_type="f16" if wish.kv_type == "auto" else wish.kv_type,
            kv_on_gpu=wish.kv_on_gpu,
            split=split,
            sequences=1,
            lines=(*lines, rest),
            notes=notes,
            gpus=tuple(f"Vulkan{number}" for number in range(self.gpus)),
        )

    def _line(self, device: str, layers: int, weights: float, cache: float) -> PlanLine:
        free = round(self.free * GB)
        compute = 200_000_000 if layers else 0
        return PlanLine(device, "A made-up device", layers, round(weights), round(cache), compute, free, 9 * GB, GB)

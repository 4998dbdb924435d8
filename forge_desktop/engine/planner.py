"""How a student is laid out on this machine: arithmetic on what it takes and on what is free.

What one placement takes is measured by the child without taking it (`Measure`); everything chosen here is chosen by
such measurements: layers on GPUs, their split, the type of the cache, the context, conversations at once.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Sequence

from forge_desktop.engine.accounting import Measured, lines_of, margin, unit_bytes
from forge_desktop.engine.records import StudentSpec
from forge_desktop.engine.records_plan import Device, Placement, Plan, PlanWish
from forge_desktop.engine.sharing import shares

_FLOOR = 2048  # tokens that a context which may shrink keeps
_MOST_SEQUENCES = 4
_SPARE_SHARE, _SPARE_MOST = 16, 256 * 1024**2  # of what would stay free, further conversations may take so much
_UNKNOWN_ROOM = 1024**3

Measure = Callable[[Placement], Measured]


def lay_out(
    spec: StudentSpec, wish: PlanWish, devices: Sequence[Device], measure: Measure, *, usual_context: int = 4096
) -> Plan:
    """The best placement that fits; where none does, the one nearest to the wish, which says so (`Plan.fits`)."""
    return _Planner(spec, wish, devices, measure, usual_context).plan()


def usable_gpus(devices: Sequence[Device], wish: PlanWish) -> tuple[list[Device], list[str]]:
    """The GPUs that layers may go to, and sentences on those that are left out.

    Integrated ones only where there is no other, and one whose memory is unknown only when layers were asked for; a
    wished split says itself which ones.
    """
    if wish.gpu_layers == 0:
        return [], []
    if wished := wished_shares(devices, wish):
        return [device for device in devices if wished.get(device.name)], []
    gpus = [device for device in devices if device.kind == "gpu"]
    gpus = gpus or [device for device in devices if device.kind == "integrated"]
    if wish.gpu_layers > 0:
        return gpus, []
    unknown = [device for device in gpus if not device.free]
    return [device for device in gpus if device.free], [
        f"{device.name} does not say how much memory it has, so no layer goes there unless you ask for it."
        for device in unknown
    ]


def wished_shares(devices: Sequence[Device], wish: PlanWish) -> dict[str, float]:
    """Each GPU's share as it is wished, by name; empty where the planner is to choose."""
    names = [device.name for device in devices if device.kind != "cpu"]
    found = {name: share for name, share in zip(names, wish.split, strict=False) if share > 0}
    return found if sum(found.values()) > 0 else {}


class _Planner:
    def __init__(
        self, spec: StudentSpec, wish: PlanWish, devices: Sequence[Device], measure: Measure, usual_context: int
    ) -> None:
        self._spec, self._wish, self._devices, self._measure = spec, wish, devices, measure
        self._gpus, self._notes = usable_gpus(devices, wish)
        self._like: dict[tuple[object, ...], Measured] = {}
        wanted = wish.context or usual_context
        self._shape = self._measure(self._on_cpu(wanted, "f16")).shape
        trained = self._shape.trained_context
        self._context = min(wanted, trained) if trained > 0 else wanted
        if self._context < wanted:
            self._notes.append(f"The student was trained for {trained:,} tokens; its context is no longer than that.")
        self._units = len(self._shape.layers) + 1

    def plan(self) -> Plan:
        """Try what is wished, then less and less."""
        nearest: Plan | None = None
        for context in self._contexts():
            for plan in self._attempts(context):
                if plan.fits:
                    return self._explained(self._with_sequences(plan))
                nearest = nearest or plan
        assert nearest is not None  # the first attempt is always made
        return self._explained(nearest)

    # -- what is tried ----------------------------------------------------------------------------------------------

    def _contexts(self) -> Iterator[int]:
        context = self._context
        yield context
        while self._wish.context == 0 and context // 2 >= _FLOOR:
            context //= 2
            yield context

    def _attempts(self, context: int) -> Iterator[Plan]:
        types = self._types()
        wanted = self._units if self._wish.gpu_layers < 0 else min(self._wish.gpu_layers, self._units)
        if self._gpus and wanted:
            for kv_type in types:
                yield self._exact(self._offloaded(context, kv_type, wanted).placement)
            if self._wish.gpu_layers > 0:
                return
            for kv_type in types:
                yield from self._partly(context, kv_type)
        for kv_type in types:
            yield self._exact(self._on_cpu(context, kv_type))

    def _types(self) -> list[str]:
        if self._wish.kv_type == "f16" or not self._shape.allows_q8:
            return ["f16"]
        return ["q8_0"] if self._wish.kv_type == "q8_0" else ["f16", "q8_0"]

    def _partly(self, context: int, kv_type: str) -> Iterator[Plan]:
        """As many layers as fit; what the bisection guessed is measured, and where it was wrong one fewer is tried."""
        least, most = 0, self._units - 1
        while least < most:
            middle = (least + most + 1) // 2
            if self._offloaded(context, kv_type, middle).fits:
                least = middle
            else:
                most = middle - 1
        for count in range(least, max(0, least - 3), -1):
            yield self._exact(self._offloaded(context, kv_type, count).placement)

    def _offloaded(self, context: int, kv_type: str, count: int) -> Plan:
        """`count` layers on the GPUs: on the roomiest alone where they fit, else on all."""
        if wished := wished_shares(self._devices, self._wish):
            split = [wished[device.name] for device in self._gpus]
            return self._guessed(self._on_gpus(self._gpus, split, context, kv_type, count))
        if len(self._gpus) > 1:
            roomiest = max(self._gpus, key=lambda device: device.free - margin(device))
            plan = self._guessed(self._on_gpus([roomiest], [1.0], context, kv_type, count))
            if plan.fits:
                return plan
        return self._guessed(self._on_gpus(self._gpus, self._split(context, kv_type, count), context, kv_type, count))

    def _split(self, context: int, kv_type: str, count: int) -> list[float]:
        """Whole layers for each GPU, in proportion to what it has room for."""
        if len(self._gpus) == 1:
            return [1.0]
        measured = self._like_measured(self._on_gpus(self._gpus, [1.0] * len(self._gpus), context, kv_type, count))
        sizes = unit_bytes(measured, kv_on_gpu=self._wish.kv_on_gpu)[self._units - count :]
        rooms = [
            (device.free - margin(device) if device.free else _UNKNOWN_ROOM) - measured.compute.get(device.name, 0)
            for device in self._gpus
        ]
        counts = shares(sizes, rooms)
        return [float(each) for each in counts or (max(1, room) for room in rooms)]

    def _with_sequences(self, plan: Plan) -> Plan:
        """Room for further conversations, where it costs little of what would stay free."""
        for sequences in range(_MOST_SEQUENCES, 1, -1):
            extra = sequences - 1
            if all(
                not line.free
                or extra * line.kv <= min(_SPARE_MOST, (line.free - line.margin - line.needed) // _SPARE_SHARE)
                for line in plan.lines
            ):
                return self._more(plan, sequences)
        return plan

    def _more(self, plan: Plan, sequences: int) -> Plan:
        """The cache grows with the conversations, and hardly anything else does: no need to measure again."""
        one = self._measure(plan.placement)
        more = dataclasses.replace(one, kv=tuple(size * sequences for size in one.kv))
        return self._plan_of(dataclasses.replace(plan.placement, sequences=sequences), more)

    # -- what it takes ----------------------------------------------------------------------------------------------

    def _on_cpu(self, context: int, kv_type: str) -> Placement:
        return Placement(0, (), (), kv_type, self._wish.kv_on_gpu, context, 1)

    def _on_gpus(
        self, gpus: Sequence[Device], split: Sequence[float], context: int, kv_type: str, count: int
    ) -> Placement:
        used = [(device.name, part) for device, part in zip(gpus, split, strict=True) if part > 0]
        names, parts = tuple(name for name, _ in used), tuple(part for _, part in used)
        return Placement(count, names, parts, kv_type, self._wish.kv_on_gpu, context, 1)

    def _exact(self, placement: Placement) -> Plan:
        return self._plan_of(placement, self._measured(placement))

    def _guessed(self, placement: Placement) -> Plan:
        return self._plan_of(placement, self._like_measured(placement))

    def _measured(self, placement: Placement) -> Measured:
        measured = self._measure(placement)
        self._like.setdefault(self._likeness(placement), measured)
        return measured

    def _like_measured(self, placement: Placement) -> Measured:
        """What a placement on the same devices took: buffers hardly depend on how many layers go there."""
        return self._like.get(self._likeness(placement)) or self._measured(placement)

    def _likeness(self, placement: Placement) -> tuple[object, ...]:
        whole = placement.gpu_layers > len(self._shape.layers) if placement.gpu_layers else False
        return placement.devices, placement.context, placement.kv_type, placement.sequences, whole

    def _plan_of(self, placement: Placement, measured: Measured) -> Plan:
        return Plan(
            model=self._spec.name,
            model_sha256=self._spec.sha256,
            wish=self._wish,
            context=measured.context,
            gpu_layers=placement.gpu_layers,
            layers=len(measured.shape.layers) + 1,
            kv_type=placement.kv_type,
            kv_on_gpu=placement.kv_on_gpu,
            split=placement.split,
            sequences=placement.sequences,
            lines=lines_of(placement, measured, self._devices),
            gpus=tuple(device.name for device in self._devices if device.kind != "cpu"),
        )

    def _explained(self, plan: Plan) -> Plan:
        """The plan with a sentence for everything that is not as wished."""
        notes = list(self._notes)
        if self._gpus and self._wish.gpu_layers < 0 and plan.gpu_layers < plan.layers:
            notes.append(self._short_of_layers(plan))
        if plan.kv_type != "f16" and self._wish.kv_type == "auto":
            notes.append("The cache is kept in 8 bits (q8_0): in 16 bits it would not fit where it belongs.")
        if self._wish.kv_type == "q8_0" and plan.kv_type != "q8_0":
            notes.append("The cache is kept in 16 bits: the heads of this student do not fall into blocks of 8 bits.")
        if plan.context < self._context:
            notes.append(f"The context is {plan.context:,} tokens instead of {self._context:,}: more does not fit.")
        return dataclasses.replace(plan, notes=tuple(notes))

    def _short_of_layers(self, plan: Plan) -> str:
        whole = self._offloaded(plan.context, plan.kv_type, self._units)
        gpus = [line for line in whole.lines if not line.cpu]
        needed, free = sum(line.needed for line in gpus), sum(line.free for line in gpus)
        kept = sum(line.margin for line in gpus)
        names = " and ".join(device.name for device in self._gpus)
        done = f"{plan.gpu_layers} of {plan.layers} layers go" if plan.gpu_layers else "No layers go"
        return (
            f"{done} to {names}: all of them need {needed / 1e9:.1f} GB, and of {free / 1e9:.1f} GB that are free "
            f"{kept / 1e9:.1f} GB are left alone."
        )

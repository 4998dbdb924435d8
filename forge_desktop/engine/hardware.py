"""The machine as the engine sees it: devices, packs, drivers, what usually fits, what was measured, what follows."""

from __future__ import annotations

import os
from collections.abc import Sequence

from forge_desktop.engine import machine_facts
from forge_desktop.engine.accounting import margin
from forge_desktop.engine.records_plan import Device, Fit, Hardware, Timing
from forge_desktop.engine.running import RunningChild

_GIB = 1024**3
_CONTEXT = 8192
# Name, parameters in billions, layers, key-value heads, head size: shapes of common models of these sizes.
_USUAL = (
    ("1B", 1.2, 16, 8, 64),
    ("3B", 3.2, 28, 8, 128),
    ("7B", 7.6, 28, 4, 128),
    ("8B", 8.0, 32, 8, 128),
    ("14B", 14.8, 48, 8, 128),
    ("32B", 32.8, 64, 8, 128),
    ("70B", 70.6, 80, 8, 128),
)
_Q4_BITS = 4.85  # a weight in Q4_K_M, the mixture counted in
_BUFFERS = _GIB // 2


def describe(child: RunningChild, devices: Sequence[Device], timings: Sequence[Timing]) -> Hardware:
    """What a started child and the system's files say. Starts nothing."""
    free, total = machine_facts.memory()
    cpu = next((device for device in devices if device.kind == "cpu"), None)
    return Hardware(
        cpu=machine_facts.processor(),
        features=machine_facts.features() or tuple(child.hello["features"]),
        cores=machine_facts.cores(),
        threads=os.cpu_count() or 1,
        memory_free=cpu.free if cpu else free,
        memory_total=cpu.total if cpu else total,
        build=str(child.hello["build"]),
        devices=tuple(devices),
        drivers=machine_facts.drivers(),
        packs=tuple(child.packs),
        fits=tuple(usual_fits(devices)),
        timings=tuple(timings),
        hints=(*_silent(devices), *hints(timings)),
    )


def usual_fits(devices: Sequence[Device]) -> list[Fit]:
    """Whether models of usual sizes fit, in Q4_K_M at 8,192 tokens, on the best GPU, or on the CPU without one.

    Bytes = parameters x 4.85 / 8 + 2 x layers x heads x size of a head x 8,192 x 2 (keys and values in 16 bits)
    + 512 MiB of buffers; `spare` = what is free - margin - bytes.
    """
    gpus = [device for device in devices if device.kind != "cpu" and device.free]
    best = max(gpus or [device for device in devices if device.free], key=lambda device: device.free, default=None)
    if best is None:
        return []
    room = best.free - margin(best)
    return [
        Fit(
            f"{name} Q4 at 8k",
            best.name,
            room - round(billions * 1e9 * _Q4_BITS / 8) - 4 * layers * heads * size * _CONTEXT - _BUFFERS,
        )
        for name, billions, layers, heads, size in _USUAL
    ]


def hints(timings: Sequence[Timing]) -> list[str]:
    """A sentence for each student that the CPU runs faster than a GPU."""
    found = []
    for timing in timings:
        if not timing.gpu_layers:
            continue
        cpu = next(
            (other for other in timings if not other.gpu_layers and other.model_sha256 == timing.model_sha256), None
        )
        if cpu is not None and cpu.tokens_per_second > timing.tokens_per_second:
            found.append(
                f"The CPU is faster than {timing.device} with {timing.model}: {_rate(cpu)} against {_rate(timing)} "
                "tokens a second."
            )
    return found


def _silent(devices: Sequence[Device]) -> list[str]:
    return [
        f"{device.name} ({device.description}) does not say how much memory it has: used only when you ask for it."
        for device in devices
        if device.kind != "cpu" and not device.free
    ]


def _rate(timing: Timing) -> str:
    return f"{timing.tokens_per_second:.{0 if timing.tokens_per_second >= 10 else 1}f}"

"""What a placement takes of each device: the sum of weights, cache and buffers by llama.cpp's own rules."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from forge_desktop.engine.gguf_shape import ModelShape
from forge_desktop.engine.records_plan import Device, Placement, PlanLine
from forge_desktop.engine.sharing import CPU, places

_GIB = 1024**3


@dataclass(frozen=True)
class Measured:
    """What a placement takes, in bytes: the cache by layer, compute buffers by name, the process without weights.

    `context` is what llama.cpp makes of the context asked for; `output_on_cpu`: the output is too large for the GPU.
    """

    shape: ModelShape
    kv: tuple[int, ...]
    compute: Mapping[str, int]
    resident: int
    context: int
    output_on_cpu: bool = False


def margin(device: Device) -> int:
    """Bytes of a device that are left alone: a tenth of a GPU's memory or of the CPU's free memory, 1 GiB at most."""
    return min(_GIB, (device.free if device.kind == "cpu" else device.total) // 10)


def unit_bytes(measured: Measured, *, kv_on_gpu: bool = True) -> list[int]:
    """Bytes that each layer, and then the output, takes of the GPU it is on."""
    cache = measured.kv if kv_on_gpu else [0] * len(measured.kv)
    return [*(size + kv for size, kv in zip(measured.shape.layers, cache, strict=True)), _output(measured)]


def lines_of(placement: Placement, measured: Measured, devices: Sequence[Device]) -> tuple[PlanLine, ...]:
    """One line for the CPU and one for each GPU of the placement, in its order."""
    found = [device for name in placement.devices for device in devices if device.name == name]
    where = places(len(measured.shape.layers) + 1, placement.gpu_layers, placement.split)
    cpu_line = _cpu_line(placement, measured, devices, where)
    gpu_lines = []
    shared = cpu_line.free - cpu_line.margin - cpu_line.needed
    for number, device in enumerate(found):
        line = _gpu_line(number, device, placement, measured, where)
        if device.kind == "integrated" and cpu_line.free and line.free:  # the same memory under two names
            line = _with_free(line, max(1, min(line.free, shared)))
            shared -= line.needed
        gpu_lines.append(line)
    return (cpu_line, *gpu_lines)


def _cpu_line(placement: Placement, measured: Measured, devices: Sequence[Device], where: Sequence[int]) -> PlanLine:
    shape, cpu = measured.shape, next((device for device in devices if device.kind == "cpu"), None)
    on_cpu = [unit for unit, place in enumerate(where) if place == CPU]
    weights = shape.embedding + sum(shape.layers[unit] for unit in on_cpu if unit < len(shape.layers))
    if where[-1] == CPU or measured.output_on_cpu:
        weights += shape.output - (shape.embedding if shape.tied else 0)  # there it is one and the same
    cached = range(len(measured.kv)) if not placement.kv_on_gpu else [unit for unit in on_cpu if unit < len(where) - 1]
    compute = sum(size for name, size in measured.compute.items() if name not in placement.devices)
    return PlanLine(
        device=cpu.name if cpu else "CPU",
        description=cpu.description if cpu else "",
        layers=len(on_cpu),
        weights=weights,
        kv=sum(measured.kv[unit] for unit in cached),
        compute=compute + measured.resident,
        free=cpu.free if cpu else 0,
        total=cpu.total if cpu else 0,
        margin=margin(cpu) if cpu else 0,
        cpu=True,
    )


def _gpu_line(number: int, device: Device, placement: Placement, measured: Measured, where: Sequence[int]) -> PlanLine:
    shape = measured.shape
    here = [unit for unit, place in enumerate(where) if place == number]
    layers = [unit for unit in here if unit < len(shape.layers)]
    return PlanLine(
        device=device.name,
        description=device.description,
        layers=len(here),
        weights=sum(shape.layers[unit] for unit in layers) + (_output(measured) if len(layers) < len(here) else 0),
        kv=sum(measured.kv[unit] for unit in layers) if placement.kv_on_gpu else 0,
        compute=measured.compute.get(device.name, 0),
        free=device.free,
        total=device.total,
        margin=margin(device),
    )


def _output(measured: Measured) -> int:
    return 0 if measured.output_on_cpu else measured.shape.output


def _with_free(line: PlanLine, free: int) -> PlanLine:
    return PlanLine(
        line.device, line.description, line.layers, line.weights, line.kv, line.compute, free, line.total, line.margin
    )

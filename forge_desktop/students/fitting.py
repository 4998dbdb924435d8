"""Whether a base would fit on this computer: told from its bytes, its cache and what is free, before it is here."""

from __future__ import annotations

from collections.abc import Sequence

from forge_desktop.engine.records_plan import Device
from forge_desktop.students.records_library import Fit

_BUFFERS = 512 * 1024**2  # what computing takes beside weights and cache
_MARGIN = 1024**3  # what is left alone of each device, a tenth of it at most
_CACHE_SHARE = 8  # the cache is taken for this part of the weights where the header does not tell


def judge(file_bytes: int, cache_bytes: int, context: int, devices: Sequence[Device]) -> Fit:
    """By what is free now. On a GPU whole where one has the room, else on the processor or in part on both."""
    needed = file_bytes + (cache_bytes or file_bytes // _CACHE_SHARE) + _BUFFERS
    cpu = next((device for device in devices if device.kind == "cpu"), None)
    gpus = [device for device in devices if device.kind == "gpu" and device.free]
    best = max(gpus, key=lambda device: device.free, default=None)
    takes = f"It needs about {_gigabytes(needed)} with {context:,} tokens"
    if best is not None and needed + _kept(best) <= best.free:
        return Fit("fits", f"{takes}; {best.name} has {_gigabytes(best.free)} free.", needed)
    if cpu is None or not cpu.free:
        return Fit("unknown", f"{takes}; how much memory is free cannot be told.", needed)
    room = cpu.free + (best.free - _kept(best) if best else 0)
    where = f"{best.name} and the memory have" if best else "the memory has"
    free = f"{takes}; {where} {_gigabytes(room)} free"
    if needed + _kept(cpu) <= room:
        return Fit("fits" if best is None else "tight", f"{free}{_in_parts(best)}.", needed)
    if needed <= room:
        return Fit("tight", f"{free}. Close other programs, or choose a shorter context.", needed)
    if needed <= cpu.total:
        return Fit("tight", f"{free} of {_gigabytes(cpu.total)}. Other programs would have to be closed.", needed)
    return Fit("does not fit", f"{free}. Choose a smaller quantisation or a smaller student.", needed)


def _in_parts(gpu: Device | None) -> str:
    return "" if gpu is None else ", so that a part of it computes on the processor"


def _kept(device: Device) -> int:
    return min(_MARGIN, (device.free if device.kind == "cpu" else device.total) // 10)


def _gigabytes(count: int) -> str:
    return f"{count / 1e9:.1f} GB"

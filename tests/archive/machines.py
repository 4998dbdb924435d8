"""Made-up machines, and an engine that tells of them: what the doctor's tests stand on."""

from __future__ import annotations

import dataclasses
import time

from forge_desktop.base.errors import ForgeError
from forge_desktop.engine.records import Crash
from forge_desktop.engine.records_plan import Device, Fit, Hardware, Pack, Timing

GB = 10**9
CPU = Device("CPU", "AMD EPYC", "CPU", "cpu", 12 * GB, 16 * GB)
GPU = Device("Vulkan0", "GeForce RTX 4070", "Vulkan", "gpu", 11 * GB, 12 * GB)
PACK = Pack("vulkan", "/home/ada/packs/vulkan", "Vulkan", "0c1e57098", "ab" * 32)
TIMING = Timing("a" * 64, "A student", "Vulkan0 (GeForce RTX 4070)", 33, True, 4, 1234.5, 56.78, time.time())
HARDWARE = Hardware(
    cpu="AMD EPYC",
    features=("AVX2", "FMA"),
    cores=8,
    threads=16,
    memory_free=12 * GB,
    memory_total=16 * GB,
    build="b9990 (0c1e57098)",
    devices=(CPU, GPU),
    drivers=("NVIDIA 580.12",),
    packs=(PACK,),
    fits=(Fit("7B Q4 at 8k", "Vulkan0", 1_200_000_000), Fit("70B Q4 at 8k", "Vulkan0", -31 * GB)),
    timings=(TIMING,),
    hints=("The CPU is faster than this GPU with A student.",),
)
BARE = dataclasses.replace(HARDWARE, devices=(CPU,), drivers=(), packs=(), timings=(), hints=())


class StubEngine:
    """The engine as the doctor knows it: the edge of these tests."""

    def __init__(self, hardware: Hardware | ForgeError = HARDWARE) -> None:
        self.answer = hardware
        self.asked: list[str] = []

    def hardware(self) -> Hardware:
        self.asked.append("hardware")
        if isinstance(self.answer, ForgeError):
            raise self.answer
        return self.answer

    def crashes(self) -> list[Crash]:
        return []

    def warm(self, check: object) -> None:
        self.asked.append("warm")

    def measure(self, check: object) -> Timing:
        self.asked.append("measure")
        return TIMING

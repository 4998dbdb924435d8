"""What is said of a machine: what fits on its best device, and where the CPU is the faster one."""

from __future__ import annotations

from dataclasses import replace

import pytest

from forge_desktop.engine.hardware import hints, usual_fits
from forge_desktop.engine.records_plan import Device, Timing

GIB = 1024**3
CPU = Device("CPU", "A processor", "CPU", "cpu", 12 * GIB, 16 * GIB)
GPU = Device("Vulkan0", "A card", "Vulkan", "gpu", 8 * GIB, 8 * GIB)
ON_CPU = Timing("1" * 64, "Small", "A processor", 0, False, 4, 200.0, 41.2, 1.0)
ON_GPU = replace(ON_CPU, device="Vulkan0 (A card)", gpu_layers=31, tokens_per_second=12.4)


def spare(devices: list[Device]) -> dict[str, float]:
    return {fit.what.split()[0]: fit.spare / GIB for fit in usual_fits(devices)}


def test_the_best_gpu_is_what_models_must_fit_on() -> None:
    found = usual_fits([CPU, replace(GPU, name="Vulkan1", free=4 * GIB), GPU])
    assert {fit.device for fit in found} == {"Vulkan0"}
    sizes = spare([CPU, GPU])
    assert sizes["8B"] == pytest.approx(8 - 0.8 - 4.517 - 1 - 0.5, abs=0.01)  # the margin, weights, cache, buffers
    assert sizes["1B"] > sizes["3B"] > sizes["8B"] > 0 > sizes["14B"] > sizes["70B"]


def test_without_a_gpu_the_cpu_counts() -> None:
    assert {fit.device for fit in usual_fits([CPU, replace(GPU, free=0, total=0)])} == {"CPU"}
    assert usual_fits([]) == []


def test_a_cpu_that_is_faster_is_told() -> None:
    assert hints([ON_GPU, ON_CPU]) == [
        "The CPU is faster than Vulkan0 (A card) with Small: 41 against 12 tokens a second."
    ]
    assert hints([replace(ON_GPU, tokens_per_second=0.44), ON_CPU])[0].endswith("41 against 0.4 tokens a second.")


def test_a_gpu_that_is_faster_needs_no_hint() -> None:
    assert hints([replace(ON_GPU, tokens_per_second=120.0), ON_CPU]) == []
    assert hints([ON_GPU, replace(ON_CPU, model_sha256="2" * 64)]) == []
    assert hints([ON_CPU]) == []

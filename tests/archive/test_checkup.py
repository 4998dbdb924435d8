"""The doctor: facts in words, what needs attention, what is private, and an engine that cannot be asked."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from forge_desktop.archive.checkup_words import facts, report, verdict
from forge_desktop.archive.doctor import Doctor
from forge_desktop.archive.findings import find, gpu_advice, remark
from forge_desktop.archive.records_checkup import Checkup
from forge_desktop.base.errors import Cancelled, ForgeError
from forge_desktop.engine.records import Crash
from forge_desktop.engine.records_plan import Plan, PlanLine, PlanWish
from forge_desktop.forge import Forge
from tests.archive.machines import BARE, GB, HARDWARE, PACK, StubEngine


class StubPlans:
    """Plans any student into 3 GB of the GPU, of which `free` are free."""

    def __init__(self, free: int) -> None:
        self.free = free

    def plan(self, student_id: int) -> Plan:
        line = PlanLine("Vulkan0", "", 33, 2 * GB, GB // 2, GB // 2, self.free, 12 * GB, GB)
        return Plan("A student", "a" * 64, PlanWish(), 4096, 33, 33, "f16", True, (1.0,), 1, (line,))


@pytest.fixture
def rooms(data_dir: Path) -> Iterator[Forge]:
    made = Forge(data_dir, holder="a test")
    made.students.layouts = StubPlans(8 * GB)  # type: ignore[assignment]
    yield made
    made.close()


def examined(rooms: Forge, engine: StubEngine, *, measure: bool = False) -> Checkup:
    doctor = Doctor(engine, rooms.students, rooms.archive, rooms.settings, rooms.data_dir)  # type: ignore[arg-type]
    return doctor.examine(measure=measure)


def text(checkup: Checkup) -> str:
    return "\n".join(f"{name}: {words}" for name, words in facts(checkup))


def test_every_fact_is_a_sentence(rooms: Forge) -> None:
    engine = StubEngine()
    checkup = examined(rooms, engine)
    words = text(checkup)
    for fact in (
        "AMD EPYC with AVX2, FMA; 8 cores, 16 threads",
        "12.0 GB free of 16.0 GB",
        "Vulkan0: GeForce RTX 4070 (GPU), 11.0 GB free of 12.0 GB",
        "NVIDIA 580.12",
        "vulkan (llama.cpp 0c1e57098), used",
        "7B Q4 at 8k fits on Vulkan0 with 1.2 GB to spare",
        "70B Q4 at 8k does not fit on Vulkan0 alone: 31.0 GB too large",
        "A student on Vulkan0 (GeForce RTX 4070), 33 layers on the GPU: reads 1,234 and writes 56.8 tokens/s",
        "at 4,096 tokens it fits on Vulkan0 with 5.0 GB to spare",
        "The CPU is faster than this GPU",
    ):
        assert fact in words
    assert (checkup.ok, verdict(checkup)) == (True, ["Nothing needs attention."])
    assert engine.asked == ["hardware"], "no student is loaded"


def test_a_measurement_comes_first_when_it_is_asked_for(rooms: Forge) -> None:
    engine = StubEngine()
    checkup = examined(rooms, engine, measure=True)
    assert engine.asked == ["warm", "measure", "hardware"]
    assert "Measured now: A student on Vulkan0" in text(checkup)


def test_an_engine_that_cannot_be_asked_is_a_finding(rooms: Forge) -> None:
    checkup = examined(rooms, StubEngine(ForgeError("The engine could not be started.", hint="Run the set-up.")))
    assert checkup.hardware is None
    assert verdict(checkup)[:3] == [
        "One thing needs attention:",
        "  1. The engine could not be started.",
        "     Run the set-up.",
    ]


def test_a_student_that_does_not_fit_is_a_finding(rooms: Forge) -> None:
    rooms.students.layouts = StubPlans(3 * GB + GB // 2)  # type: ignore[assignment]
    found = " ".join(verdict(examined(rooms, StubEngine())))
    assert "needs 3.0 GB of Vulkan0, which has 3.5 GB free and keeps 1.0 GB in reserve" in found


def test_a_check_ends_it(rooms: Forge) -> None:
    def stop() -> None:
        raise Cancelled

    doctor = Doctor(StubEngine(), rooms.students, rooms.archive, rooms.settings, rooms.data_dir)  # type: ignore[arg-type]
    with pytest.raises(Cancelled):
        doctor.examine(stop)


def test_what_needs_attention_comes_with_what_to_do(rooms: Forge) -> None:
    checkup = examined(rooms, StubEngine())
    broken = dataclasses.replace(PACK, problem="It was made for another llama.cpp.")
    cases = {
        "no student": dataclasses.replace(checkup, student=None),
        "AVX2": dataclasses.replace(
            checkup, machine="x86_64", hardware=dataclasses.replace(HARDWARE, features=("SSE4.2",))
        ),
        "It was made for another": dataclasses.replace(
            checkup, hardware=dataclasses.replace(HARDWARE, packs=(broken,))
        ),
        "tiny.gguf is not loaded by itself any more: its process was killed": dataclasses.replace(
            checkup, crashes=(Crash("/models/tiny.gguf", "was killed (signal 9)", 1.0),)
        ),
        "has only 12.0 MB left": dataclasses.replace(checkup, data_free=12_000_000),
    }
    for words, case in cases.items():
        (finding,) = find(case, "")
        assert words in finding.what
        assert finding.advice
    assert find(checkup, "The settings cannot be read.")[0].what == "The settings cannot be read."
    second = dataclasses.replace(HARDWARE, packs=(PACK, dataclasses.replace(broken, name="vulkan-old")))
    assert find(dataclasses.replace(checkup, hardware=second), "") == (), "a spare pack is missed by nobody"
    idle = dataclasses.replace(PACK, problem="It found no GPU it can use.", idle=True)
    alone = dataclasses.replace(HARDWARE, packs=(idle,))
    assert find(dataclasses.replace(checkup, hardware=alone), "") == (), "a computer without a GPU is no trouble"


def test_without_a_gpu_it_says_what_would_help() -> None:
    broken = dataclasses.replace(PACK, problem="It was made for another llama.cpp.")
    assert "no GPU pack is installed" in gpu_advice(BARE)
    assert "what is wrong with the GPU pack" in gpu_advice(dataclasses.replace(BARE, packs=(broken,)))
    assert "Install the graphics card's driver" in gpu_advice(dataclasses.replace(BARE, packs=(PACK,)))
    idle = dataclasses.replace(PACK, problem="It found no GPU it can use.", idle=True)
    assert "Install the graphics card's driver" in gpu_advice(dataclasses.replace(BARE, packs=(idle,)))
    assert "names a device" in gpu_advice(dataclasses.replace(BARE, packs=(PACK,), drivers=("NVIDIA 580.12",)))
    assert gpu_advice(HARDWARE) == ""


def test_the_report_names_no_folder_of_a_person(rooms: Forge) -> None:
    home = str(Path.home())
    checkup = dataclasses.replace(
        examined(rooms, StubEngine()),
        crashes=(Crash(f"{home}/private affairs/tiny.gguf", "was killed (signal 9)", time.time()),),
    )
    words = report(checkup)
    assert "tiny.gguf" in words
    assert "7B Q4 at 8k fits" in words
    for private in (home, "private affairs", str(rooms.data_dir), "/home/ada"):
        assert private not in words
    assert remark(checkup)

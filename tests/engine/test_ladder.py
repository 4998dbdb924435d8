"""The steps down when a GPU fails: each in a fresh child, each named, and what worked after a crash remembered."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from forge_desktop.base.errors import ForgeError
from forge_desktop.engine import Engine
from forge_desktop.engine.records_plan import Plan, PlanWish
from forge_desktop.engine.vigil import Limits
from tests.data import tiny_gguf
from tests.engine.conftest import EngineMaker, spec_of

PRETENDING = str(Path(__file__).with_name("pretending_child.py"))
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals")

Rows = list[tuple[int, int, int, int]]


@pytest.fixture(scope="session")
def eight(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A student of eight layers, so nine with the output."""
    return tiny_gguf.write(tmp_path_factory.mktemp("eight") / "eight.gguf", layers=8)


def start(make_engine: EngineMaker, student: Path, *how: str, **options: Any) -> Engine:
    return make_engine(student, command=[sys.executable, PRETENDING, *how], **options)


def plan_of(engine: Engine) -> Plan:
    child = engine._keeper.child
    assert child is not None
    assert child.plan is not None
    return child.plan


def flags(engine: Any) -> Rows:
    rows = engine.database.rows("SELECT extra_bufts, gpu, gpu_layers, kv_on_gpu FROM engine_flags")
    return [tuple(row) for row in rows]


def test_all_layers_are_planned_where_nothing_fails(make_engine: EngineMaker, eight: Path) -> None:
    engine = start(make_engine, eight, "crashes", "9")
    state = engine.warm()
    assert (plan_of(engine).gpu_layers, state.note, flags(engine)) == (9, "", [])
    assert state.device == "CPU"  # what the loader counted, whatever was planned


def test_a_crash_with_all_layers_leads_to_half_of_them(
    make_engine: EngineMaker, eight: Path, expect_log: Callable[[str], None], quiet_log: Any
) -> None:
    expect_log(r"crashed \(signal 6\) while loading")
    engine = start(make_engine, eight, "crashes", "5")
    heard: list[Any] = []
    engine.events.subscribe(heard.append)  # type: ignore[attr-defined]
    state = engine.warm()
    assert "Loading again with less, because its process crashed (signal 6)." in [event.note for event in heard]
    assert state.note == "It runs with 4 of 9 layers on the GPU, because its process crashed (signal 6)."
    assert (plan_of(engine).gpu_layers, plan_of(engine).kv_on_gpu) == (4, True)
    assert flags(engine) == [(0, 1, 4, 1)]
    assert len(quiet_log.lines) == 2  # with all layers, and once more without repacked weights
    engine.eject()
    assert engine.warm().note == "It runs with 4 of 9 layers on the GPU, because its process crashed before."
    assert len(quiet_log.lines) == 2  # nothing was tried that is known to fail


def test_a_cache_that_crashes_is_kept_off_the_gpu(
    make_engine: EngineMaker, eight: Path, expect_log: Callable[[str], None]
) -> None:
    expect_log("while loading")
    engine = start(make_engine, eight, "cache")
    assert "4 of 9 layers on the GPU and the cache in the computer's memory" in engine.warm().note
    assert not plan_of(engine).kv_on_gpu
    assert flags(engine) == [(0, 1, 4, 0)]


def test_a_gpu_that_always_crashes_is_given_up(
    make_engine: EngineMaker, eight: Path, expect_log: Callable[[str], None], quiet_log: Any
) -> None:
    expect_log("while loading")
    engine = start(make_engine, eight, "gpu")
    assert engine.warm().note == "It runs on the CPU alone, because its process crashed (signal 6)."
    assert (plan_of(engine).gpu_layers, flags(engine), len(quiet_log.lines)) == (0, [(0, 0, -1, 1)], 4)
    engine.eject()
    assert engine.warm().status == "ready"
    assert len(quiet_log.lines) == 4


def test_a_driver_that_hangs_is_stepped_down_from_as_well(
    make_engine: EngineMaker, eight: Path, expect_log: Callable[[str], None]
) -> None:
    expect_log("did nothing for 3 seconds while loading")
    engine = start(make_engine, eight, "hangs", "4", limits=Limits(load=3.0, silence=3.0))
    assert engine.warm().note == "It runs with 4 of 9 layers on the GPU, because its process did nothing for 3 seconds."


def test_a_full_gpu_gets_fewer_layers_but_is_tried_again_the_next_time(
    make_engine: EngineMaker, eight: Path, expect_log: Callable[[str], None], quiet_log: Any
) -> None:
    expect_log("found no room: There is not enough memory for the student")
    engine = start(make_engine, eight, "full", "4")
    assert engine.warm().note == "It runs with 4 of 9 layers on the GPU, because the GPU had not enough memory."
    assert (flags(engine), len(quiet_log.lines)) == ([], 1)
    engine.eject()
    engine.warm()
    assert len(quiet_log.lines) == 2


def test_a_gpu_without_any_room_leaves_the_cpu(
    make_engine: EngineMaker, eight: Path, expect_log: Callable[[str], None]
) -> None:
    expect_log("found no room")
    engine = start(make_engine, eight, "full", "0")
    assert engine.warm().note == "It runs on the CPU alone, because the GPU had not enough memory."


def test_another_wish_tries_everything_again(
    make_engine: EngineMaker, eight: Path, expect_log: Callable[[str], None], quiet_log: Any
) -> None:
    expect_log("while loading")
    engine = start(make_engine, eight, "crashes", "5")
    engine.warm()
    engine.layout.set_wish(spec_of(eight).sha256, PlanWish(gpu_layers=5))
    assert flags(engine) == []
    assert (engine.warm().note, plan_of(engine).gpu_layers) == ("", 5)
    assert len(quiet_log.lines) == 2


def test_no_memory_on_the_cpu_is_the_end_of_it(
    make_engine: EngineMaker, eight: Path, expect_log: Callable[[str], None]
) -> None:
    engine = start(make_engine, eight, "full", "-1")
    expect_log("found no room")
    with pytest.raises(ForgeError, match="not enough memory for the student") as refused:
        engine.warm()
    assert refused.value.code == "MEM_DEVICE"


def test_what_does_not_fit_is_refused_with_numbers_and_loaded_when_that_is_wished(
    make_engine: EngineMaker, eight: Path
) -> None:
    engine, sha256 = start(make_engine, eight, "crashes", "9", "300000"), spec_of(eight).sha256
    assert 0 < engine.plan().gpu_layers < 9
    assert "of 9 layers go to Pretended0" in engine.plan().notes[-1]
    engine.layout.set_wish(sha256, PlanWish(gpu_layers=9))
    plan = engine.plan()
    assert (plan.fits, [line.fits for line in plan.lines]) == (False, [True, False])
    with pytest.raises(ForgeError, match=r"GB of memory on Pretended0, but 0.0 GB are free") as refused:
        engine.warm()
    assert refused.value.code == "MEM_PLAN"
    engine.layout.set_wish(sha256, PlanWish(gpu_layers=9, anyway=True))
    assert engine.warm().status == "ready"
    assert plan_of(engine).gpu_layers == 9

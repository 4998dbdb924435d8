"""Plans against what really happens: sizes predicted within a tenth, wishes kept, what does not fit refused."""

from __future__ import annotations

import dataclasses
import threading
from pathlib import Path

import psutil
import pytest

from forge_desktop.base.errors import Cancelled, ForgeError
from forge_desktop.engine import Engine
from forge_desktop.engine.gguf_shape import kv_bytes, read_shape
from forge_desktop.engine.holdings import Holdings
from forge_desktop.engine.records_plan import Device, Plan, PlanLine, PlanWish
from tests.data import tiny_gguf
from tests.engine.conftest import EngineMaker, spec_of

MIB = 1024**2


def measured(engine: Engine) -> tuple[dict[str, int], int]:
    """What the loaded child's own log says it took, by kind, and the process's memory."""
    child = engine._keeper.child
    assert child is not None
    found: dict[str, int] = {}
    for kinds in child.facts["buffers"].values():
        for kind, size in kinds.items():
            found[kind] = found.get(kind, 0) + size
    return found, psutil.Process(child.pid).memory_info().rss


@pytest.mark.parametrize(("context", "kv_type"), [(8192, "f16"), (4096, "q8_0")])
def test_the_starters_memory_is_predicted_within_a_tenth(
    make_engine: EngineMaker, starter: Path, context: int, kv_type: str
) -> None:
    engine = make_engine(starter)
    engine.layout.set_wish(spec_of(starter).sha256, PlanWish(context=context, kv_type=kv_type))  # type: ignore[arg-type]
    plan = engine.plan()
    engine.warm()
    (line,) = plan.lines
    buffers, resident = measured(engine)
    assert line.weights == pytest.approx(buffers["model"], rel=0.01)
    assert line.kv == pytest.approx(buffers["KV"], rel=0.01)
    assert line.needed == pytest.approx(resident, rel=0.1)


@pytest.mark.parametrize(("layers", "head", "context", "kv_type"), [(2, 8, 512, "f16"), (6, 64, 4096, "q8_0")])
def test_tiny_models_are_predicted_within_a_tenth(
    make_engine: EngineMaker, tmp_path: Path, layers: int, head: int, context: int, kv_type: str
) -> None:
    path = tiny_gguf.write(tmp_path / "model.gguf", layers=layers, head=head, context=8192)
    engine = make_engine(path, settings={"context_tokens": context, "kv_type": kv_type})
    (line,) = engine.plan().lines
    engine.warm()
    buffers, resident = measured(engine)
    assert line.kv == pytest.approx(buffers["KV"], rel=0.01, abs=6000)  # logged in hundredths of a mebibyte
    assert line.weights == pytest.approx(buffers["model"], rel=0.01, abs=6000)
    assert line.needed == pytest.approx(resident, rel=0.1)


def test_the_headers_formula_is_what_llama_cpp_measures(make_engine: EngineMaker, starter: Path) -> None:
    plan = make_engine(starter).plan()
    cache = kv_bytes(read_shape(starter), context=plan.context, sequences=plan.sequences)
    assert plan.lines[0].kv == pytest.approx(sum(cache), rel=0.001)


@pytest.mark.parametrize("kind", ["sliding", "recurrent"])
def test_other_kinds_of_memory_are_predicted_too(make_engine: EngineMaker, tmp_path: Path, kind: str) -> None:
    path = getattr(tiny_gguf, kind)(tmp_path / f"{kind}.gguf")
    engine = make_engine(path, settings={"context_tokens": 16_384})
    (line,) = engine.plan().lines
    engine.warm()
    buffers, _ = measured(engine)
    assert line.kv == pytest.approx(buffers.get("KV", 0) + buffers.get("RS", 0), rel=0.01, abs=30_000)
    assert line.compute > buffers["compute"]


def test_a_window_makes_the_cache_of_its_layers_smaller(make_engine: EngineMaker, tmp_path: Path) -> None:
    path = tiny_gguf.sliding(tmp_path / "sliding.gguf", window=64)
    plan = make_engine().plan(spec_of(path), PlanWish(context=16_384))
    whole = kv_bytes(read_shape(path), context=16_384, sequences=plan.sequences)
    assert plan.lines[0].kv == pytest.approx(sum(whole) / 2 * (1 + 256 / 16_384), rel=0.01)  # window + a chunk, padded


def test_a_wish_is_kept_and_changes_the_next_load(make_engine: EngineMaker, tiny: Path) -> None:
    engine, sha256 = make_engine(tiny), spec_of(tiny).sha256
    assert engine.layout.wish(sha256) == PlanWish()
    assert engine.warm().context == 512
    engine.layout.set_wish(sha256, PlanWish(context=256, kv_type="f16", split=(1.0,)))
    assert engine.layout.wish(sha256) == PlanWish(context=256, kv_type="f16", split=(1.0,))
    assert engine.warm().context == 256
    engine.layout.set_wish(sha256, None)
    assert engine.warm().context == 512


def test_what_the_settings_say_is_wished_where_nobody_said_otherwise(make_engine: EngineMaker) -> None:
    engine = make_engine(settings={"context_tokens": 2048, "gpu_layers": 3, "kv_type": "f16"})
    assert engine.layout.wish("0" * 64) == PlanWish(2048, 3, "f16")


def test_a_plan_loads_nothing_and_leaves_nothing(make_engine: EngineMaker, tiny: Path) -> None:
    engine = make_engine(tiny)
    plan = engine.plan()
    assert plan.fits
    assert engine.pid is None
    assert engine.state().status == "empty"


def test_a_plan_without_a_student_is_refused(make_engine: EngineMaker) -> None:
    with pytest.raises(ForgeError, match="There is no student"):
        make_engine().plan()


def test_a_damaged_file_cannot_be_planned(make_engine: EngineMaker, tiny: Path, tmp_path: Path) -> None:
    cut = tmp_path / "cut.gguf"
    cut.write_bytes(tiny.read_bytes()[:5000])
    with pytest.raises(ForgeError, match=r"cut.gguf could not be loaded"):
        make_engine().plan(spec_of(cut))


def test_the_hardware_is_described_without_a_student(make_engine: EngineMaker) -> None:
    found = make_engine().hardware()
    assert found.cpu
    assert found.cores >= 1
    assert 0 < found.memory_free <= found.memory_total
    (device,) = [device for device in found.devices if device.kind == "cpu"]
    assert device.free <= device.total
    assert [fit.what for fit in found.fits][:2] == ["1B Q4 at 8k", "3B Q4 at 8k"]
    assert found.fits[0].spare > found.fits[-1].spare


def test_a_plan_that_is_being_made_ends_with_the_engine(make_engine: EngineMaker, tiny: Path) -> None:
    engine = make_engine(tiny)
    closing = threading.Thread(target=engine.close)

    def ask_for_ever() -> None:
        with engine.layout.surveyor() as child:
            closing.start()
            while True:
                child.ask({"op": "devices"}, 30.0)

    with pytest.raises(Cancelled):
        ask_for_ever()
    closing.join()
    with pytest.raises(Cancelled):
        engine.plan(spec_of(tiny))


class Child:
    """Stands for a child that holds memory."""

    def __init__(self, *, ended: bool = False, loaded: bool = True) -> None:
        self.ended, self.loaded = ended, loaded


def held(free: int = 1000) -> Plan:
    lines = (
        PlanLine("CPU", "", 3, 100, 20, 3, free, free, 0, cpu=True),
        PlanLine("CUDA0", "", 3, 50, 5, 1, free, free, 0),
    )
    return Plan("m", "0" * 64, PlanWish(), 4096, 3, 6, "f16", True, (1.0,), 1, lines)


@pytest.mark.parametrize(
    ("loaded", "mine", "expected"),
    [
        (True, False, [900, 1000]),  # its weights count as free memory of the system, but are in use
        (False, False, [877, 944]),  # all of it is still to be taken
        (True, True, [1023, 1056]),  # it goes away first
    ],
)
def test_the_next_student_is_planned_beside_what_others_hold(loaded: bool, mine: bool, expected: list[int]) -> None:
    devices = [Device("CPU", "", "CPU", "cpu", 1000, 2000), Device("CUDA0", "", "CUDA", "gpu", 1000, 2000)]
    holdings, child = Holdings(), Child(loaded=loaded)
    holdings.hold(child, held())
    holdings.hold(Child(ended=True), held())
    found = holdings.beside([*devices, dataclasses.replace(devices[1], name="CUDA1", free=0)], child if mine else None)
    assert [device.free for device in found] == [*expected, 0]

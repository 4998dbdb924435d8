"""The Vulkan pack in the ordinary engine, on Mesa's software driver: a stand-in for a GPU that every machine has.

The packaging makes the pack (`dev.py pack vulkan`, or `dev.py test`); where there is none, the reason is given.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from forge_desktop.base.errors import ForgeError
from forge_desktop.engine import Engine, Generation
from forge_desktop.engine.records import Sampling
from forge_desktop.engine.records_plan import PlanWish
from tests.conftest import ROOT
from tests.data import tiny_gguf
from tests.engine.conftest import EngineMaker, say, spec_of

PACKS = ROOT / "resources" / "packs"
GREEDY = Sampling(max_tokens=8, lookup=False)
MIB = 1 << 20


@pytest.fixture(scope="module", autouse=True)
def software_gpu() -> Iterator[None]:
    """The pack among those the engine finds, and the software driver among the GPUs it takes."""
    if not list(PACKS.glob("vulkan-*/pack.json")):
        pytest.skip(os.environ.get("FORGE_PACK_MISSING") or "no Vulkan pack: python3 packaging/dev.py pack vulkan")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FORGE_PACKS", str(PACKS))
        patch.setenv("GGML_VK_VISIBLE_DEVICES", "0")  # drivers that compute on the processor are hidden otherwise
        yield


@pytest.fixture(scope="module")
def wide(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A student of four layers and a long context: small weights, a large cache."""
    return tiny_gguf.write(tmp_path_factory.mktemp("wide") / "wide.gguf", layers=4, head=64, context=1 << 20)


@pytest.fixture(scope="module")
def deep(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same with more layers: its cache fills the software GPU although each layer's part is small."""
    return tiny_gguf.write(tmp_path_factory.mktemp("deep") / "deep.gguf", layers=16, head=64, context=1 << 18)


def answer(engine: Engine, text: str = "Count from 1 to 500, one number after the other.") -> Generation:
    """A short greedy answer."""
    return engine.generate([say(text)], GREEDY, lambda _text: None)


def test_the_device_is_listed_with_its_pack(make_engine: EngineMaker) -> None:
    hardware = make_engine().hardware()
    assert [pack.problem for pack in hardware.packs if pack.backend == "Vulkan"] == [""]
    device = next(device for device in hardware.devices if device.backend == "Vulkan")
    assert device.name == "Vulkan0"
    assert "llvmpipe" in device.description
    assert device.total > 0


@pytest.mark.timeout(600)  # the driver compiles each shader at its first use, also on a busy machine
def test_all_layers_are_offloaded_and_the_answer_is_the_processors(make_engine: EngineMaker, starter: Path) -> None:
    on_gpu = make_engine(starter)
    state = on_gpu.warm()
    assert state.device == "Vulkan0 · 31/31 layers"
    assert not state.note
    written = answer(on_gpu)
    assert written.device == state.device
    on_cpu = make_engine(starter, settings={"gpu_layers": 0})
    assert on_cpu.warm().device == "CPU"
    expected = answer(on_cpu)
    assert written.answer_tokens >= 7
    assert (written.text, written.tokens) == (expected.text, expected.tokens)
    assert written.answer_tokens == expected.answer_tokens


@pytest.mark.timeout(600)  # the driver compiles each shader at its first use, also on a busy machine
def test_a_part_of_the_layers_is_counted_as_a_part(make_engine: EngineMaker, wide: Path) -> None:
    engine = make_engine(wide, settings={"gpu_layers": 2, "context_tokens": 512})
    assert engine.warm().device == "Vulkan0 · 2/5 layers"
    written = answer(engine)
    expected = answer(make_engine(wide, settings={"gpu_layers": 0, "context_tokens": 512}))
    assert (written.text, written.tokens) == (expected.text, expected.tokens)
    assert written.answer_tokens == expected.answer_tokens


def test_what_was_predicted_is_what_the_child_allocates(make_engine: EngineMaker, wide: Path) -> None:
    engine = make_engine(wide)
    engine.layout.set_wish(spec_of(wide).sha256, PlanWish(context=16_384, gpu_layers=5))
    plan = engine.plan()
    state = engine.warm()
    assert state.device == "Vulkan0 · 5/5 layers"
    line = next(line for line in plan.lines if line.device == "Vulkan0")
    allocated = sum(engine._keeper.child.facts["buffers"]["Vulkan0"].values())
    assert line.needed == pytest.approx(allocated, rel=0.02)
    assert line.kv >= 64 * MIB


def test_a_context_that_is_far_too_large_is_refused_before_it_is_tried(make_engine: EngineMaker, deep: Path) -> None:
    engine = make_engine(deep)
    engine.layout.set_wish(spec_of(deep).sha256, PlanWish(context=200_000, gpu_layers=17, kv_type="f16"))
    plan = engine.plan()
    line = next(line for line in plan.lines if line.device == "Vulkan0")
    assert line.needed > line.free > 0
    assert not plan.fits
    with pytest.raises(ForgeError, match=r"GB") as refused:
        engine.warm()
    assert refused.value.code == "MEM_PLAN"


@pytest.mark.parametrize(
    ("largest", "device", "steps", "note"),
    [
        (
            48,
            "Vulkan0 · 2/5 layers",
            1,
            "It runs with 2 of 5 layers on the GPU, because the GPU had not enough memory.",
        ),
        (8, "CPU", 3, "It runs on the CPU alone, because the GPU had not enough memory."),
    ],
)
def test_a_gpu_without_room_is_left_step_by_step_each_named(
    make_engine: EngineMaker,
    wide: Path,
    monkeypatch: pytest.MonkeyPatch,
    expect_log: Callable[[str], None],
    caplog: pytest.LogCaptureFixture,
    largest: int,
    device: str,
    steps: int,
    note: str,
) -> None:
    # The driver refuses larger buffers than this, as a full GPU would; the plan does not know.
    monkeypatch.setenv("GGML_VK_FORCE_MAX_BUFFER_SIZE", str(largest * MIB))
    expect_log("found no room")
    engine = make_engine(wide, settings={"context_tokens": 4096})
    state = engine.warm()
    assert (state.device, state.note) == (device, note)
    said = [line for line in caplog.messages if "found no room" in line]
    assert len(said) == steps
    assert all("failed to allocate Vulkan0 buffer" in line for line in said)
    assert answer(engine).answer_tokens

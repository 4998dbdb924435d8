"""What a run would take: settings chosen for a device, memory, disk, steps; what would fit; how ends are worded."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from forge_desktop.base.child import ChildDied
from forge_desktop.base.errors import ForgeError
from forge_desktop.students import estimating
from forge_desktop.students.estimating import BaseShape, Setting
from forge_desktop.students.records_training import TrainerProbe, TrainWish
from forge_desktop.students.supervising import worded
from tests.data import tiny_gguf

GB = 1_000_000_000
CPU = ("cpu", "A processor", 0, True)


def probe(*devices: tuple[str, str, int, bool]) -> TrainerProbe:
    return TrainerProbe("python", "3", "2", "0", "", devices)


@pytest.fixture(scope="module")
def shape(starter: Path) -> BaseShape:
    return estimating.read_shape(starter)


def test_memory_is_what_was_measured_or_somewhat_more(shape: BaseShape) -> None:
    """Measured with the trainer on SmolLM2-135M: docs/training.md has the table."""
    assert (shape.layers, shape.width, shape.vocabulary) == (30, 576, 49152)
    assert shape.adapter_parameters(8, TrainWish().targets) == 2_442_240
    for dtype, checkpointing, row, measured in (
        ("f32", False, 512, 1.588),
        ("f32", True, 512, 1.195),
        ("bf16", False, 512, 1.043),
        ("bf16", True, 512, 0.804),
        ("f32", False, 1024, 2.388),
    ):
        setting = Setting("cpu", "", dtype, checkpointing, 1, 0, bf16=True)
        estimate = estimating.memory_bytes(shape, TrainWish(row_tokens=row), setting) / GB
        assert 0.98 * measured <= estimate <= 1.2 * measured


def test_devices_are_taken_in_their_order(shape: BaseShape) -> None:
    def settled(wish: TrainWish, *devices: tuple[str, str, int, bool]) -> Setting:
        return estimating.settle(shape, wish, probe(*devices), 8 * GB, 4)

    gpu, mps = ("cuda", "A GPU", 6 * GB, True), ("mps", "A Mac", 5 * GB, False)
    assert settled(TrainWish(), CPU, mps, gpu).device == "cuda"
    assert settled(TrainWish(), CPU, mps).dtype == "f32"
    chosen = settled(TrainWish(device="cpu"), gpu, CPU)
    assert (chosen.device, chosen.free, chosen.dtype, chosen.threads) == ("cpu", 8 * GB, "bf16", 3)
    assert settled(TrainWish(threads=1), CPU).threads == 1
    assert not settled(TrainWish(), CPU).checkpointing
    tight = estimating.settle(shape, TrainWish(), probe(CPU), 3 * GB // 2, 1)
    assert (tight.checkpointing, tight.threads) == (True, 1)
    with pytest.raises(ForgeError, match="finds no mps"):
        settled(TrainWish(device="mps"), CPU)
    with pytest.raises(ForgeError, match="cannot compute in bf16"):
        settled(TrainWish(device="mps", dtype="bf16"), mps)


def test_what_does_not_fit_says_what_would(shape: BaseShape) -> None:
    wish = TrainWish(row_tokens=2048)
    setting = Setting("cpu", "", "f32", checkpointing=False, threads=1, free=2 * GB, bf16=True)
    needed = estimating.memory_bytes(shape, wish, setting)
    reasons = estimating.does_not_fit(needed, setting, 5 * GB, GB)
    assert reasons[0].startswith("Training takes about 4.")
    assert reasons[1].startswith("The run writes up to 5.0 GB")
    ways = estimating.what_would(shape, wish, setting, longest=300)
    assert ways[0] == "It would fit with bf16 with checkpointing: about 1.4 GB."
    assert any("rows of 300 tokens" in way for way in ways)
    assert "Export" in ways[-1]
    nowhere = estimating.what_would(shape, wish, replace(setting, free=GB // 10), longest=300)
    assert len(nowhere) == 1
    assert estimating.does_not_fit(GB, setting, 0, GB) == ()


def test_an_architecture_that_cannot_be_trained_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(ForgeError, match="architecture mamba cannot be trained") as told:
        estimating.read_shape(tiny_gguf.recurrent(tmp_path / "m.gguf"))
    assert "remote training" in told.value.hint
    (tmp_path / "cut.gguf").write_bytes(b"GGUF")
    with pytest.raises(ForgeError, match="cannot be trained: "):
        estimating.read_shape(tmp_path / "cut.gguf")


@pytest.mark.parametrize(
    ("code", "lines", "last", "what", "words"),
    [
        (-9, [], {}, "killed", "was killed (signal 9), as happens when the memory runs out"),
        (-11, ["x"], {}, "killed", "crashed (signal 11)"),
        (1, ["torch.OutOfMemoryError: CUDA out of memory."], {}, "failed", "The memory did not suffice"),
        (1, [], {"event": "error", "message": "There is not enough memory; take less."}, "failed", "memory did not"),
        (1, ["OSError: [Errno 28] No space left on device"], {}, "failed", "The disk is full"),
        (1, ["ModuleNotFoundError: No module named 'torch'"], {}, "failed", "py lacks what the trainer needs"),
        (1, [], {"event": "error", "message": "The base is not the file."}, "failed", "The base is not the file."),
        (4, [], {"event": "diverged", "message": "The loss is no number."}, "diverged", "The loss is no number."),
        (1, ["first", "Traceback", "ValueError: odd"], {}, "failed", "ended with status 1: first / Traceback / Val"),
        (0, [], {"event": "done"}, "done", ""),
    ],
)
def test_every_end_has_its_sentence(code: int, lines: list[str], last: dict[str, str], what: str, words: str) -> None:
    end = worded(ChildDied(code, lines), last, "py")
    assert end.what == what
    assert words in end.problem
    assert bool(end.hint) or what == "done" or "base" in words

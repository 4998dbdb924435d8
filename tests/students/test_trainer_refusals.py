"""What a training run refuses, and how it ends when something gives way: a sentence each, and nothing lost."""

from __future__ import annotations

import json
import math
import sys
from pathlib import Path

import numpy as np
import pytest

from forge_desktop.students.gguf_file import read_gguf
from forge_desktop.students.trainer.job import DIVERGED, FAILED, BadJob, read_job
from forge_desktop.students.trainer.shape import UnsupportedArchitecture, read_shape
from forge_desktop.students.trainer.watch import Diverged, Watch
from tests.students import trainer_shapes
from tests.students.trainer_runs import Trainer, make_job, sha256_of, train


def message(folder: Path, status: int = FAILED) -> str:
    """The one sentence of a run that fails."""
    last = train(folder, status)[-1]
    assert last["event"] == ("diverged" if status == DIVERGED else "error")
    assert not (folder / "adapter.gguf").exists()
    return str(last["message"])


def change(folder: Path, **settings: object) -> None:
    """Change a job after it was written."""
    path = folder / "job.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | settings))


def test_another_base_is_refused(tmp_path: Path) -> None:
    folder = make_job(tmp_path / "job")
    change(folder, base_sha256="0" * 64)
    assert "sha256 differs" in message(folder)


def test_a_checkpoint_of_another_job_is_refused_and_kept(tmp_path: Path) -> None:
    folder = make_job(tmp_path / "job", epochs=500)
    with Trainer(folder) as trainer:
        trainer.until("saved")
        trainer.ask("cancel")
        trainer.end()
    kept = sha256_of(folder / "state.pt")
    change(folder, learning_rate=0.001)
    assert "another job" in message(folder)
    assert sha256_of(folder / "state.pt") == kept


def test_a_run_that_diverges_leaves_no_adapter(tmp_path: Path) -> None:
    folder = make_job(tmp_path / "job", learning_rate=1e30)
    (folder / "adapter.gguf").write_bytes(b"of an earlier run")
    assert "no number" in message(folder, DIVERGED)


def test_a_loss_that_grows_beyond_bounds_is_divergence() -> None:
    watch = Watch()
    for step, loss in enumerate([6.0, 2.0, 4.0, 1.0, 2.0, 0.5, 6.0, 0.5, 1.0, 2.0]):
        watch.see(step, loss)
    watch.see(10, 9.0)
    watch.see(11, 9.0)
    with pytest.raises(Diverged, match=r"grew from 1\.9 to 6\.0 by step 12"):
        watch.see(12, 9.0)
    with pytest.raises(Diverged, match="gradient of step 1 is no number"):
        Watch().see(1, 2.0, math.inf)


def test_the_first_loss_is_what_later_ones_are_held_against() -> None:
    watch = Watch()
    for step, loss in enumerate([2.8, 7.5, 2.7, 7.0], 1):
        watch.see(step, loss)  # a single row may be odd
    restored = Watch()
    restored.restore(watch.state())
    with pytest.raises(Diverged, match=r"grew from 2\.8, the base's own, to 6\.9 by step 5"):
        restored.see(5, 6.9)


@pytest.mark.parametrize("validation", [4, 0])
def test_a_run_that_ends_worse_than_its_base_gives_no_adapter(tmp_path: Path, validation: int) -> None:
    folder = make_job(tmp_path / "job", validation=validation, learning_rate=0.3, epochs=1, warmup=0.0, clip=1e9)
    if not validation:
        change(folder, accumulate=2)
    said = message(folder, DIVERGED)
    assert "where the untrained base has 7." in said
    assert ("validation pairs" if validation else "what it learnt from") in said
    assert not (folder / "result.json").exists()


def test_a_base_with_a_tensor_that_is_not_understood_is_refused(tmp_path: Path) -> None:
    trainer_shapes.write(tmp_path / "llama.gguf", "llama", extra={"output_norm.bias": np.zeros(64)})
    assert "output_norm.bias" in message(make_job(tmp_path / "job"))


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no device that is always full")
def test_a_full_disk_is_said_and_the_last_checkpoint_stays(tmp_path: Path) -> None:
    folder = make_job(tmp_path / "job")
    with Trainer(folder) as trainer:
        trainer.until("saved", step=3)
        trainer.ask("cancel")
        trainer.end()
    kept = sha256_of(folder / "state.pt")
    (folder / "state.pt.part").symlink_to("/dev/full")
    assert message(folder) == "The disk is full."
    assert sha256_of(folder / "state.pt") == kept
    assert not list(folder.glob("*.part"))
    assert train(folder)[-1]["event"] == "done"


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="other systems do not keep to the limit")
def test_too_little_memory_is_said(tmp_path: Path) -> None:
    import resource

    folder = make_job(tmp_path / "job", case="gemma2", validation=0, row_tokens=20_000, dtype="f32")
    row = {"ids": np.random.RandomState(0).randint(3, 90, 20_000).tolist(), "start": 10}
    (folder / "train.jsonl").write_text(json.dumps(row) + "\n")

    def little() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (5 << 30, 5 << 30))  # the scores of one layer alone are 6 GB

    with Trainer(folder, before=little) as trainer:
        said = trainer.end()
        assert trainer.process.returncode == FAILED, said
    assert "not enough memory" in trainer.events[-1]["message"]


@pytest.mark.parametrize(
    ("values", "what"),
    [
        ({"expert_count": 8}, "expert_count"),
        ({"rope.scaling.type": "yarn", "rope.scaling.factor": 4.0}, "yarn"),
        ({"attention.clamp_kqv": 8.0}, "clamp_kqv"),
    ],
)
def test_what_is_not_understood_is_refused_by_name(tmp_path: Path, values: dict[str, object], what: str) -> None:
    base = trainer_shapes.write(tmp_path / "base.gguf", "llama", values=values)
    with pytest.raises(UnsupportedArchitecture, match=f"{what}.*Export"):
        read_shape(read_gguf(base).meta)


def test_other_architectures_are_refused_by_name() -> None:
    with pytest.raises(UnsupportedArchitecture, match=r"mamba.*Export the data"):
        read_shape({"general.architecture": "mamba"})


def test_a_job_is_checked_before_anything_is_loaded(tmp_path: Path) -> None:
    for name, settings in enumerate(({"rank": 0}, {"targets": ["attn_x"]}, {"device": "tpu"}, {"dropout": 1.0})):
        folder = tmp_path / str(name)
        folder.mkdir()
        job = {"base": "b", "base_sha256": "", "architecture": "llama", **settings}
        (folder / "job.json").write_text(json.dumps(job))
        with pytest.raises(BadJob):
            read_job(folder)
    (folder / "job.json").write_text('{"base": "b", "base_sha256": "", "architecture": "llama", "speed": 2}')
    with pytest.raises(BadJob, match="'speed'"):
        read_job(folder)


def test_probe_and_measure_say_what_a_plan_needs(tmp_path: Path) -> None:
    folder = make_job(tmp_path / "job")
    with Trainer(folder, "measure") as trainer:
        found = trainer.until("measured")
        trainer.end()
        assert trainer.process.returncode == 0
    assert found["steps"] > 2
    assert found["seconds_a_step"] > 0
    assert found["peak_bytes"] > 50_000_000
    assert sorted(path.name for path in folder.iterdir()) == ["job.json", "train.jsonl", "validation.jsonl"]
    with Trainer(folder, "probe") as trainer:
        found = trainer.until("probed")
        trainer.end()
    assert found["torch"].startswith("2.")
    kind, _, free, _ = found["devices"][-1]
    assert kind == "cpu"
    assert free > 100_000_000
    assert found["gguf"]

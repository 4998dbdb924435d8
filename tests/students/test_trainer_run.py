"""A training run from beginning to its ends: finished, stopped, paused, cancelled, killed, and the parent's own end."""

from __future__ import annotations

import json
import random
import signal
import sys
from pathlib import Path
from typing import Any

import pytest

from forge_desktop.base.frames import Frame
from forge_desktop.students.adapter_file import check_adapter
from forge_desktop.students.trainer.job import CANCELLED
from tests.students.trainer_runs import Trainer, make_job, sha256_of, train


def test_a_run_learns_says_how_and_repeats_itself(tmp_path: Path) -> None:
    first, second = make_job(tmp_path / "a", epochs=8), make_job(tmp_path / "b", epochs=8)
    events = train(first)
    steps = [event for event in events if event["event"] == "step"]
    assert [event["step"] for event in steps] == list(range(1, steps[0]["steps"] + 1))
    assert steps[-1]["loss"] < steps[0]["loss"] - 0.5
    assert {"lr", "gradient_norm", "tokens", "seconds", "cpu_seconds", "resident_bytes", "seconds_left"} <= set(
        steps[0]
    )
    done = events[-1]
    assert (done["event"], done["stop"]) == ("done", "finished")
    assert done["validation"] == best_of(events)
    assert done["adapter_sha256"] == sha256_of(first / "adapter.gguf")
    assert json.loads((first / "result.json").read_text())["adapter_sha256"] == done["adapter_sha256"]
    assert [json.loads(line) for line in (first / "progress.jsonl").read_text().splitlines()] == events
    adapter = check_adapter(first / "adapter.gguf", tmp_path / "llama.gguf")
    assert (adapter.alpha, adapter.rank) == (8.0, 4)
    assert train(second)[-1]["adapter_sha256"] == done["adapter_sha256"]


def test_held_lessons_keep_the_student_near_its_base(tmp_path: Path) -> None:
    drifts = {}
    for hold in (0.0, 10.0):
        events = train(make_job(tmp_path / f"{hold:g}", held=12, hold=hold, dropout=0.0, epochs=6))
        steps = [event for event in events if event["event"] == "step"]
        assert steps[0]["drift"] < 1e-3  # an adapter begins as nothing
        assert steps[-1]["loss"] < steps[0]["loss"]
        drifts[hold] = steps[-1]["drift"]
    assert drifts[10.0] < drifts[0.0] / 2


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
def test_a_run_killed_anywhere_goes_on_to_the_same_bytes(tmp_path: Path) -> None:
    whole = train(make_job(tmp_path / "whole", held=6))[-1]
    killed = make_job(tmp_path / "killed", held=6)
    draw, half = random.Random(), whole["steps"] // 2
    for at in (
        draw.randint(1, half - 2),
        draw.randint(half + 1, whole["steps"] - 2),
    ):  # apart, for a kill may come late
        print("killed at step", at)
        with Trainer(killed) as trainer:
            trainer.until("step", step=at)
            trainer.process.send_signal(signal.SIGKILL)
            trainer.end()
            assert trainer.process.returncode == -signal.SIGKILL
        assert not (killed / "adapter.gguf").exists()
    events = train(killed)
    start = next(event for event in events if event["event"] == "start")
    assert start["step"] in range(at - 1, at + 2)
    assert events[-1]["adapter_sha256"] == whole["adapter_sha256"]


def test_stop_keeps_the_best_and_ends_with_an_adapter(tmp_path: Path) -> None:
    with Trainer(make_job(tmp_path / "job", epochs=500)) as trainer:
        trainer.until("validation", best=True)
        trainer.ask("stop")
        done = trainer.until("done")
        trainer.end()
        assert trainer.process.returncode == 0
    assert done["stop"] == "stopped"
    assert done["validation"] == best_of(trainer.events)
    assert (tmp_path / "job" / "adapter.gguf").is_file()


def test_a_paused_run_goes_on_and_a_cancelled_one_can_be_resumed(tmp_path: Path) -> None:
    folder = make_job(tmp_path / "job")
    with Trainer(folder) as trainer:
        trainer.until("step", step=2)
        trainer.ask("pause")
        paused = trainer.until("paused")
        trainer.ask("go")
        assert trainer.until("going")["step"] == paused["step"]
        trainer.until("step")
        trainer.ask("cancel")
        trainer.end()
        assert trainer.process.returncode == CANCELLED
    assert trainer.names()[-1] == "saved"
    assert not (folder / "adapter.gguf").exists()
    events = train(folder)
    assert events[1]["step"] == trainer.events[-1]["step"]
    assert events[-1]["adapter_sha256"] == train(make_job(tmp_path / "whole"))[-1]["adapter_sha256"]


def test_a_run_whose_parent_is_gone_saves_and_leaves(tmp_path: Path) -> None:
    with Trainer(make_job(tmp_path / "job", epochs=500)) as trainer:
        trainer.until("step", step=3)
        trainer.leave()
        trainer.end()
        assert trainer.process.returncode == CANCELLED
    assert trainer.names()[-1] == "saved"
    assert trainer.events[-1]["step"] < 500


def test_early_stopping_keeps_the_best(tmp_path: Path) -> None:
    folder = make_job(tmp_path / "job", epochs=60, learning_rate=0.03, patience=2)
    events = train(folder)
    done = events[-1]
    assert done["stop"] == "early"
    assert done["step"] < done["steps"]
    assert done["best_step"] < done["step"]
    assert done["validation"] == best_of(events)


def best_of(events: list[Frame]) -> Any:
    """The lowest validation; a better one by less than a ten-thousandth is none."""
    return pytest.approx(
        min(event["loss"] for event in events if event["event"] == "validation" and event["step"]), abs=1e-4
    )

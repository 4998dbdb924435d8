"""A run on a Ray cluster of two nodes: the steps are shared, everything comes back, and what goes wrong is said."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from forge_desktop.students.adapter_file import check_adapter
from forge_desktop.students.trainer.job import CANCELLED, FAILED
from tests.students.ray_cluster import Cluster, needs_ray
from tests.students.trainer_runs import Trainer, make_job, sha256_of, train


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with Cluster() as started:
        yield started


def on(address: str, folder: Path, workers: int = 2) -> Trainer:
    after = ("--address", address, "--workers", str(workers))
    return Trainer(folder, "ray", after=after, RAY_USAGE_STATS_ENABLED="0")


def changed(folder: Path, **fields: object) -> None:
    """Say something else in a job."""
    file = folder / "job.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | fields))


def test_two_workers_share_a_run_that_is_cancelled_resumed_and_brings_its_adapter_back(
    tmp_path: Path, cluster: Cluster
) -> None:
    wish = {"accumulate": 2, "dropout": 0.0, "epochs": 24}
    alone = train(make_job(tmp_path / "alone", **wish))
    folder = make_job(tmp_path / "shared", **wish, workers=2)
    changed(folder, base=os.path.relpath(tmp_path / "llama.gguf"))  # the nodes stand elsewhere: it has to be sent
    with on(cluster.address, folder) as trainer:
        trainer.until("step", step=2)
        trainer.ask("cancel")
        said = trainer.end()
        assert trainer.process.returncode == CANCELLED, said
    events = trainer.events
    assert not (folder / "adapter.gguf").exists()
    with on(cluster.address, folder) as trainer:
        assert trainer.until("start")["step"] >= 2, "it goes on from the checkpoint that came back"
        done = trainer.until("done")
        said = trainer.end()
        assert trainer.process.returncode == 0, said
    events += trainer.events
    assert [json.loads(line) for line in (folder / "progress.jsonl").read_text().splitlines()] == events
    assert done["adapter_sha256"] == sha256_of(folder / "adapter.gguf")
    assert json.loads((folder / "result.json").read_text())["adapter_sha256"] == done["adapter_sha256"]
    check_adapter(folder / "adapter.gguf", tmp_path / "llama.gguf")
    shared = {event["step"]: event["loss"] for event in events if event["event"] == "step"}
    one_process = {event["step"]: event["loss"] for event in alone if event["event"] == "step"}
    assert shared == pytest.approx(one_process, rel=1e-2), "the sums are those of one process"


@pytest.mark.full
def test_a_resumed_run_has_the_bytes_of_one_that_was_never_cancelled(tmp_path: Path, cluster: Cluster) -> None:
    found = []
    for name, cancelled in (("whole", False), ("again", False), ("cancelled", True)):
        folder = make_job(tmp_path / name, workers=2, epochs=24, accumulate=2)
        if cancelled:
            with on(cluster.address, folder) as trainer:
                trainer.until("step", step=5)
                trainer.ask("cancel")
                trainer.end()
                assert trainer.process.returncode == CANCELLED
        with on(cluster.address, folder) as trainer:
            found.append(trainer.until("done")["adapter_sha256"])
            trainer.end()
    assert len(set(found)) == 1


@pytest.mark.full
def test_a_pause_and_a_stop_reach_the_workers(tmp_path: Path, cluster: Cluster) -> None:
    with on(cluster.address, make_job(tmp_path / "job", workers=2, epochs=400)) as trainer:
        trainer.until("validation", best=True)
        trainer.ask("pause")
        at = trainer.until("paused")["step"]
        trainer.ask("go")
        assert trainer.until("going")["step"] == at
        trainer.until("step")
        trainer.ask("stop")
        assert trainer.until("done")["stop"] == "stopped"
        trainer.end()
    assert (tmp_path / "job" / "adapter.gguf").is_file()


@pytest.mark.full
def test_too_many_workers_are_refused_and_a_wrong_base_is_named(tmp_path: Path, cluster: Cluster) -> None:
    with on(cluster.address, make_job(tmp_path / "many", workers=9), 9) as trainer:
        assert trainer.until("error")["message"] == "The cluster has 2 CPU, and 9 workers need 9."
        trainer.end()
    changed(folder := make_job(tmp_path / "other", workers=2), architecture="qwen2")
    with on(cluster.address, folder) as trainer:
        assert trainer.until("error")["message"] == "The base is llama, the job is for qwen2."
        trainer.end()
        assert trainer.process.returncode == FAILED


@pytest.mark.full
def test_a_lost_node_is_said_and_the_checkpoint_is_here(
    tmp_path: Path,
) -> None:
    folder = make_job(tmp_path / "job", workers=2, epochs=2000)
    with Cluster() as cluster, on(cluster.address, folder) as trainer:
        trainer.until("saved")
        cluster.lose_a_node()
        message = trainer.until("error")["message"]
        trainer.end()
        assert trainer.process.returncode == FAILED
    assert message == "A worker of the cluster was lost; what was saved came back here, so the run can be resumed."
    assert (folder / "state.pt").is_file()


def test_a_cluster_that_cannot_be_reached_is_said_at_once(tmp_path: Path) -> None:
    needs_ray()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        free = taken.getsockname()[1]
    folder = make_job(tmp_path / "job", workers=2)
    for address, sentence in (
        (f"127.0.0.1:{free}", f"The Ray cluster at 127.0.0.1:{free} cannot be reached: Connect call failed"),
        ("somewhere", "somewhere is no address of a Ray cluster"),
    ):
        with on(address, folder) as trainer:
            assert sentence in str(trainer.until("error")["message"])
            trainer.end()
            assert trainer.process.returncode == FAILED


def test_a_job_for_other_workers_is_refused(tmp_path: Path) -> None:
    with on("127.0.0.1:1", make_job(tmp_path / "job", workers=3)) as trainer:
        assert trainer.until("error")["message"] == "The job is for 3 workers, not for 2."
        trainer.end()

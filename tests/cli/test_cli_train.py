"""`forge-desktop train`: its JSON, its refusals, and Ctrl+C."""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import json
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from forge_desktop.archive.lessons import read_pair
from forge_desktop.distill.pair_lines import to_object
from forge_desktop.distill.records import Evidence
from tests.cli.documented import undocumented
from tests.students.ray_cluster import Cluster
from tests.students.trainer_python import trainer_python
from tests.students.training_rooms import BASE, FACTS, opened, pairs_file

_WISH = ("--replay", "0", "--validation", "0.2", "--row-tokens", "700", "--threads", "1", "--dtype", "f32")


@pytest.fixture
def ready(data_dir: Path) -> Path:
    """A data directory with a tiny student and the trainer's interpreter; returns a file of pairs."""
    with opened(data_dir):
        pass
    return pairs_file(data_dir.parent / "facts.jsonl")


def test_a_plan_a_run_and_its_log(
    ready: Path, in_process: Callable[..., Any], one_object: Callable[[str], dict[str, Any]], check_fields: Any
) -> None:
    def said(*arguments: object, expect: int = 0) -> dict[str, Any]:
        value = one_object(in_process("train", *arguments, "--json", expect=expect).stdout)
        shallow = dict.fromkeys(value, "") if arguments[0] == "--log" else value  # a log's parts are its own
        assert undocumented(("train", *arguments), shallow) == []
        return value

    with open(ready, "a", encoding="utf-8") as file:
        file.write('{"nothing": 1}\n' + json.dumps({"prompt": "Long?", "final": "x" * 900}) + "\n")
    source = ("--pairs", ready, "--base", BASE, *_WISH)
    plan = said("--plan", *source)
    assert (plan["fits"], plan["train_pairs"], plan["validation_pairs"]) == (True, 5, 1)
    (truncated,) = plan["truncated"]
    assert truncated.startswith("line 8 “Long?”")
    assert "a row 700" in truncated
    assert plan["seconds_a_step"] > 0
    assert any("would hold every pair" in sentence for sentence in plan["instead"])
    made = said(*source, "--epochs", "2", "--name", "Facts")
    check_fields(made, run=str, version=str, adapter_sha256=str, seconds=float, tokens=int, loss=float)
    assert (made["state"], made["name"], made["label"][0]) == ("done", "Facts", "v")
    assert (made["steps"], made["bad_lines"]) == (plan["steps"] // 2, 1)
    assert len(made["left_out"]) == 1
    assert [run["run"] for run in said("--runs")["runs"]] == [made["run"]]
    log = said("--log", "1")
    assert log["data"]["bad"] == ["line 7: it is a pair of none of the known forms"]
    assert said("--remove", made["run"][:8], "--yes") == {"removed": made["run"]}


def test_what_cannot_be_is_said_in_a_sentence(data_dir: Path, in_process: Callable[..., Any]) -> None:
    pairs_file(data_dir.parent / "facts.jsonl")
    cases = [
        (("--base", BASE), "Say what to learn from"),
        (("--pairs", "facts.jsonl"), "Say which student"),
        (("--pairs", "facts.jsonl", "--base", "Nobody"), "no student called Nobody"),
        (("--pairs", "facts.jsonl", "--base", BASE, "--targets", "attn_x"), "no projection called attn_x"),
        (("--resume", "abcd"), "no training run abcd"),
        (("--python", "/nowhere/python"), "no Python at /nowhere/python"),
    ]
    for arguments, words in cases:
        assert words in in_process("train", *arguments, expect=1).stderr


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="POSIX signals")
def test_ctrl_c_saves_a_checkpoint_and_says_how_to_go_on(
    ready: Path, start: Callable[..., subprocess.Popen[bytes]], in_process: Callable[..., Any], data_dir: Path
) -> None:
    process = start("train", "--pairs", ready, "--base", BASE, *_WISH, "--epochs", "200", "--patience", "0", "--json")
    _wait_for_steps(process, data_dir, 3)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    stopped = json.loads(out)
    assert (stopped["state"], stopped["can_resume"], stopped["version"]) == ("interrupted", True, "")
    assert "checkpoint is kept" in stopped["problem"]

    killed = start("train", "--resume", stopped["run"], "--json")  # and now without a word
    _wait_for_steps(killed, data_dir, 3 + stopped["step"])
    killed.kill()
    killed.wait()
    (run,) = json.loads(in_process("train", "--runs", "--json").stdout)["runs"]
    assert (run["run"], run["state"]) == (stopped["run"], "interrupted"), "nobody is at it any more"
    assert "its checkpoint is kept" in run["problem"]
    with opened(data_dir, trainer=False) as forge:
        again = forge.students.training.run(run["run"])
        assert (again.state, again.can_resume) == ("interrupted", True)


def _wait_for_steps(process: subprocess.Popen[bytes], data_dir: Path, steps: int) -> None:
    """Until the trainer has told of a step so late."""
    from forge_desktop.students import run_log

    while process.poll() is None:
        for folder in (data_dir / "training").glob("*"):
            if any(frame["event"] == "step" and frame["step"] >= steps for frame in run_log.events(folder)):
                return
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(0.05)
    raise AssertionError(process.communicate())


def test_an_interpreter_is_asked_before_it_is_chosen(data_dir: Path, in_process: Callable[..., Any]) -> None:
    found = json.loads(in_process("train", "--python", str(trainer_python()), "--json").stdout)
    assert found["problem"] == ""
    assert found["devices"][-1]["kind"] == "cpu"
    import sys

    if "torch" not in sys.modules:
        refused = in_process("train", "--python", sys.executable, expect=1).stderr
        assert "lacks torch" in refused


def test_what_a_run_would_learn_from_is_written_for_trainers_elsewhere(
    data_dir: Path, in_process: Callable[..., Any], one_object: Callable[[str], dict[str, Any]]
) -> None:
    with opened(data_dir, trainer=False):
        pass
    source = ("--pairs", pairs_file(data_dir.parent / "facts.jsonl"), "--base", BASE, *_WISH)
    target = data_dir.parent / "elsewhere"
    arguments = ("train", *source, "--export", target, "--hub-base", "owner/tiny")
    done = one_object(in_process(*arguments, "--json").stdout)
    assert undocumented(arguments, done) == []
    assert (done["train"], done["validation"], done["replay"], done["left_out"]) == (5, 1, 0, [])
    assert (done["base_model"], done["base_name"]) == ("owner/tiny", BASE)
    lines = (target / "train.jsonl").read_text("utf-8").splitlines()
    roles = [[turn["role"] for turn in json.loads(line)["messages"]] for line in lines]
    assert roles == [["system", "user", "assistant"]] * 5
    assert "is not empty" in in_process(*arguments, expect=1).stderr
    inside = data_dir / "elsewhere.zip"
    assert "inside the data directory" in in_process("train", *source, "--export", inside, expect=1).stderr


def test_a_cluster_is_not_asked_offline_and_said_when_it_is_not_there(
    ready: Path, in_process: Callable[..., Any]
) -> None:
    source = ("train", "--pairs", ready, "--base", BASE, *_WISH)
    in_process("offline", "on")
    assert (
        "Forge is offline, so 127.0.0.1 was not asked" in in_process(*source, "--ray", "127.0.0.1:1", expect=1).stderr
    )
    in_process("offline", "off")
    said = in_process(*source, "--ray", "127.0.0.1:1", expect=1).stderr
    assert "The Ray cluster at 127.0.0.1:1 cannot be reached" in said or "lacks ray" in said


@pytest.mark.full
def test_a_cluster_trains_an_adapter_that_becomes_a_version(
    ready: Path, in_process: Callable[..., Any], one_object: Callable[[str], dict[str, Any]]
) -> None:
    source = ("train", "--pairs", ready, "--base", BASE, *_WISH, "--epochs", "2", "--accumulate", "2")
    with Cluster() as cluster:
        made = one_object(in_process(*source, "--ray", cluster.address, "--workers", "2", "--json").stdout)
        again = one_object(in_process("train", "--again", made["run"], "--json").stdout)
    assert (made["state"], made["label"][0]) == ("done", "v")
    assert again["same_bytes"] is True


def test_lessons_on_what_is_never_sent_go_to_no_cluster(data_dir: Path, in_process: Callable[..., Any]) -> None:
    document = data_dir.parent / "diary" / "diary.md"
    document.parent.mkdir()
    document.write_text("# Diary\n\nThe flag of Velmar is teal.\n", encoding="utf-8")
    with opened(data_dir) as forge:
        forge.jobs.wait(forge.corpus.index([document.parent]), 60)
        for collection in forge.corpus.collections.all():
            forge.corpus.collections.change(collection.uid, never_send=True)
    sha256 = hashlib.sha256(document.read_bytes()).hexdigest()
    evidence = (Evidence(1, sha256, "diary.md", 1, 0, 7, None, (), "# Diary", "# Diary", cited=True),)
    rests = [dataclasses.replace(read_pair({"prompt": q, "final": a}), uid=q, evidence=evidence) for q, a in FACTS]
    pairs = data_dir.parent / "private.jsonl"
    pairs.write_text("".join(json.dumps(to_object(pair)) + "\n" for pair in rests), encoding="utf-8")
    source = ("train", "--pairs", pairs, "--base", BASE, *_WISH, "--validation", "0")
    said = in_process(*source, "--ray", "127.0.0.1:1", expect=1).stderr
    assert "6 of the lessons rest on documents that are never sent (diary.md)" in said
    target = data_dir.parent / "out"
    assert "No lesson is left" in in_process(*source, "--export", target, expect=1).stderr
    in_process(*source, "--export", target, "--with-never-sent")
    assert len((target / "train.jsonl").read_text("utf-8").splitlines()) == 6

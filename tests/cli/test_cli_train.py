"""`forge-desktop train`: its JSON, its refusals, and Ctrl+C."""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import json
import os
import shutil
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
from tests.students.training_rooms import BASE, FACTS, WISH, opened, pairs_file
from tests.students.wheels import make_wheel

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
    assert (plan["bad_lines"], plan["bad"]) == (1, ["line 7: it is a pair of none of the known forms"])
    made = said(*source, "--epochs", "2", "--name", "Facts")
    assert (made["bad"], made["known_as"]) == (plan["bad"], "")
    assert made["base_loss"] > made["validation"]
    other = in_process("train", *source, "--epochs", "2", "--name", "Other").stdout
    assert f"these bytes are {made['label']} “Facts” already; the name Other was not used" in other
    said("--remove", "2", "--yes")
    check_fields(made, run=str, version=str, adapter_sha256=str, seconds=float, tokens=int, loss=float)
    assert (made["state"], made["name"], made["label"][0]) == ("done", "Facts", "v")
    assert (made["steps"], made["bad_lines"]) == (plan["steps"] // 2, 1)
    assert len(made["left_out"]) == 1
    assert [run["run"] for run in said("--runs")["runs"]] == [made["run"]]
    log = said("--log", "facts")
    words = in_process("train", "--log", "Facts").stdout
    for known in ("line 7: it is a pair", "learning_rate 0.0005", "torch 2.", "the base's own", "seed 1", "sha256"):
        assert known in words
    said_of_it = in_process("train", "--resume", "1", expect=1).stderr
    assert "cannot be resumed: it is done" in said_of_it
    assert f"--again {made['run'][:8]}" in said_of_it
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


def test_options_that_do_not_go_together_are_wrong_usage(data_dir: Path, in_process: Callable[..., Any]) -> None:
    cases = [
        (("--again", "1", "--epochs", "3"), "--again does not go with --epochs: a run is done again with its own"),
        (("--resume", "1", "--pairs", "a.jsonl"), "--resume does not go with --pairs"),
        (("--runs", "--plan"), "--runs does not go with --plan"),
        (("--log", "1", "--no-checkpointing"), "--log does not go with --no-checkpointing"),
        (("--setup", "--base", BASE), "--setup does not go with --base"),
        (("--pairs", "a.jsonl", "--dataset", "b", "--base", BASE), "give --pairs or --dataset, not both"),
        (("--pairs", "a.jsonl", "--base", BASE, "--with-gpu"), "--with-gpu is for --setup"),
        (("--pairs", "a.jsonl", "--base", BASE, "--hub-base", "o/n"), "--hub-base is for --export"),
        (("--runs", "--yes"), "--yes is for --setup and --remove"),
        (("--pairs", "a.jsonl", "--base", BASE, "--workers", "2"), "--workers is for --ray"),
        (("--pairs", "a.jsonl", "--base", BASE, "--epochs", "0"), "choose a whole number from 1 to 1000"),
    ]
    for arguments, words in cases:
        said = in_process("train", *arguments, expect=2).stderr.splitlines()
        assert words in said[0]
        assert len(said) == 2


def test_what_would_fail_anyway_makes_no_run(data_dir: Path, in_process: Callable[..., Any], tmp_path: Path) -> None:
    with opened(data_dir, trainer=False):
        pass
    pairs = pairs_file(data_dir.parent / "facts.jsonl")
    cases = [
        (("--pairs", tmp_path / "none", "--base", BASE), "There is no file"),
        (("--pairs", tmp_path, "--base", BASE), "is a folder, not a file of pairs"),
        (("--dataset", "none", "--base", BASE), "none"),
        (("--pairs", pairs, "--base", BASE), "no Python with torch"),
        (("--pairs", pairs, "--base", BASE, "--plan"), "no Python with torch"),
        (("--python", shutil.which("ls")), "ls is no Python"),
        (("--setup", "--index", "nonsense"), "nonsense is no address of a package index"),
    ]
    for arguments, words in cases:
        assert words in in_process("train", *arguments, expect=1).stderr
    with opened(data_dir, trainer=False) as forge:
        room = forge.students.training
        assert room.runs() == []
        base = forge.students.list()[-1]
        room._store.begin("a" * 32, "Early", base.sha256, WISH)
        room._store.change("a" * 32, state="failed")
    assert "it ended before it trained" in in_process("train", "--again", "early", expect=1).stderr
    assert "start a new run from the same pairs" in in_process("train", "--resume", "Early", expect=1).stderr
    assert len(json.loads(in_process("train", "--runs", "--json").stdout)["runs"]) == 1


def test_a_setup_says_what_would_come_and_asks(
    data_dir: Path, in_process: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    for name, version in (("torch", "2.13.0"), ("gguf", "0.19.0"), ("numpy", "2.4.0")):
        make_wheel(tmp_path / "index", name, version)
    said = in_process("train", "--setup", "--index", tmp_path / "index", expect=1)
    assert "gguf 0.19.0, numpy 2.4.0, torch 2.13.0" in said.stdout
    assert "3 packages" in said.stderr
    assert "would be fetched. Nothing was fetched yet. Add --yes" in said.stderr
    assert not (data_dir / "trainer" / "env").exists()


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

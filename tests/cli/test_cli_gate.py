"""`gate` from a script: a verdict with its figures and its exit status, items side by side, searches compared."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from forge_desktop.cli import jobs as cli_jobs
from forge_desktop.forge import Forge
from tests.distill.rooms import fact
from tests.students.gate_rooms import adapter, facts, opened, tiny

Json = Callable[..., dict[str, Any]]
_QUICK = ("--no-regression", "--no-safety", "--primary", "nll", "--max-tokens", 6, "--resamples", 1000)


@pytest.fixture
def cli(in_process: Callable[..., Any]) -> Callable[..., Any]:
    return in_process


@pytest.fixture
def ready(data_dir: Path, tmp_path: Path) -> Path:
    """A base, two adapters of it ("good" and "bad"), and a file of questions."""
    base = tiny(tmp_path / "base.gguf")
    with opened(data_dir, base) as room:
        room.version(adapter(tmp_path / "good.gguf", base, strength=-0.05, seed=5), name="good")
        room.version(adapter(tmp_path / "bad.gguf", base, strength=0.6), name="bad")
        label = room.base.label
    file = tmp_path / "bridges.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in facts(12)), encoding="utf-8")
    (tmp_path / "label").write_text(label)
    return file


def test_a_gate_is_driven_from_a_script(
    ready: Path, cli_json: Json, cli: Callable[..., Any], check_fields: Any
) -> None:
    base = (ready.parent / "label").read_text()
    found = cli_json("gate", "good", "--suite", ready, "--baseline", base, *_QUICK, expect=1)
    check_fields(found, gate=str, verdict=str, passed=bool, scale=float, metrics=list, reasons=list, number=int)
    assert (found["verdict"], found["passed"], found["label"], found["baseline_label"]) == (
        "inconclusive",
        False,
        found["label"],
        base,
    )
    (metric,) = [one for one in found["metrics"] if one["name"] == "nll"]
    assert metric["low"] <= metric["difference"] <= metric["high"] < 0
    assert metric["holds"] is True
    assert {"regression", "safety"} <= set(" ".join(found["card"]).split())
    refused = cli_json("gate", "bad", "--suite", "bridges", "--baseline", base, *_QUICK, expect=1)
    assert (refused["verdict"], refused["passed"]) == ("failed", False)
    assert refused["reasons"]
    listed = cli_json("gate", "--list")
    assert [one["number"] for one in listed["gates"]] == [2, 1]
    assert {one["name"] for one in listed["shipped"]} == {"regression", "safety"}
    assert [one["verdict"] for one in cli_json("gate", "bad", "--list")["gates"]] == ["failed"]
    assert cli_json("gate", "--show", 1) == found
    items = cli_json("gate", "--items", 2, "--only", "worse", "--limit", 2)
    assert (items["count"], [one["n"] for one in items["items"]]) == (12, [1, 2])
    assert items["items"][0]["suite"] == "bridges"
    assert cli_json("gate", "--items", 1, "--of", "bridges", "--offset", 11)["items"][0]["n"] == 12
    shown = cli("gate", "--show", 2).stdout
    assert "against" in shown
    assert "There is no gain" in shown
    said = cli("gate", "--items", 1, "--limit", 1).stdout
    assert "expected:  aaaa aaaa" in said


def test_what_a_gate_cannot_do_is_said(ready: Path, cli_json: Json, cli: Callable[..., Any]) -> None:
    def why(*arguments: object) -> str:
        return str(cli_json("gate", *arguments, expect=1)["error"]["message"])

    assert why() == "Which version shall be measured?"
    assert "There is no suite and no file called nowhere" in why("good", "--suite", "nowhere")
    assert "No version is called" in why("v99", "--suite", ready)
    assert "nothing passes" in why("good")
    assert "spending cap" in why("good", "--suite", ready, "--judge", "Nobody") or "Nobody" in why(
        "good", "--suite", ready, "--judge", "Nobody"
    )
    assert "refusal says nothing" in why("good", "--suite", ready, "--primary", "refusal", "--baseline", "v2")
    assert cli_json("distill", "suite", "list")["suites"] == []
    assert "There is no gate 7" in why("--show", 7)
    assert "no setting of a search" in why("--retrieval", "--suite", ready, "--arm", "a:speed=9")
    assert "on one suite" in why("--retrieval")
    assert "'bad' has no settings of a search" in why("--retrieval", "--arm", "bad")
    cli("gate", "good", "--list", "--show", "1", expect=2)


def test_searches_are_compared_from_a_script(
    ready: Path, cli_json: Json, cli: Callable[..., Any], tmp_path: Path
) -> None:
    folder = tmp_path / "documents"
    folder.mkdir()
    rows = []
    for n in range(4):
        (folder / f"{n}.txt").write_text(fact(n)[1])
        rows.append(
            {"question": fact(n)[0], "answer": fact(n)[1], "evidence": [{"text": fact(n)[1], "path": f"{n}.txt"}]}
        )
    file = tmp_path / "sources.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    cli("index", folder)
    arms = ("--arm", "usual:passages=4", "--arm", "narrow:passages=1,alpha=0.2")
    found = cli_json("gate", "--retrieval", "--suite", file, *arms)
    usual, narrow = found["arms"]
    assert (usual["name"], usual["passages"], usual["items"], usual["recall"]) == ("usual", 4, 4, 1.0)
    assert usual["recall_difference"] is None
    assert set(narrow["recall_difference"]) == {"difference", "low", "high"}
    assert "recall@1" in cli("gate", "--retrieval", "--suite", "sources", *arms).stdout


def test_a_file_is_kept_when_its_gate_begins_and_says_what_that_takes(
    ready: Path, cli: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def said(*more: object) -> str:
        return str(cli("gate", "good", "--suite", ready, "--baseline", "v2", *_QUICK, *more, expect=1).stderr)

    assert "bridges is not kept, since the gate did not begin" in said("--primary", "refusal")
    assert "kept as the recall suite bridges: 12 questions. It holds 0 pairs from training" in said()
    again = said()
    assert "is the recall suite bridges, which is kept already" in again
    assert "it is at most not decided" in again
    ready.write_text(ready.read_text().replace("bridge", "tunnel"))
    assert "kept as the recall suite bridges 2 (bridges has other questions): 12 questions" in said()
    listed = cli("distill", "suite", "list").stdout
    monkeypatch.chdir(ready.parent)
    (ready.parent / "bridges").write_text(ready.read_text())
    other = ready.with_name("tunnels.jsonl")
    other.write_text(ready.read_text())
    assert "tunnels.jsonl is the recall suite bridges 2" in str(
        cli("gate", "good", "--suite", other.name, "--baseline", "v2", *_QUICK, expect=1).stderr
    )
    assert "kept" not in str(cli("gate", "good", "--suite", "bridges", "--baseline", "v2", *_QUICK, expect=1).stderr)
    assert cli("distill", "suite", "list").stdout == listed


def test_a_gate_that_is_stopped_names_its_number(
    ready: Path, cli: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("forge_desktop.cli.jobs._wait", _stopped_once(cli_jobs._wait))
    done = cli("gate", "good", "--suite", ready, "--baseline", "v2", *_QUICK, expect=130)
    assert "forge-desktop gate --resume 1 goes on" in done.stderr


def _stopped_once(wait: Callable[..., object]) -> Callable[..., object]:
    """Ctrl+C at the first wait for a gate."""
    seen: list[int] = []

    def instead(forge: Forge, job: int, timeout: float | None = None) -> object:
        if not seen and forge.students.gates.all():
            seen.append(job)
            raise KeyboardInterrupt
        return wait(forge, job, timeout)

    return instead

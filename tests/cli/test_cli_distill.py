"""A whole run from a script: teachers, tasks, a run under a cap, what a person decides, an end by Ctrl+C."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from forge_desktop.base.errors import ForgeError
from forge_desktop.distill.flipping import Flipper
from forge_desktop.distill.quote_prompts import ABOUT_UNWRITTEN, UNWRITTEN
from forge_desktop.distill.store_runs import RunStore
from tests.distill.rooms import answered, fact
from tests.providers.teacher import Fault, Teacher

Json = Callable[..., dict[str, Any]]
_USD = re.compile(r"\d+\.\d{6}")


@pytest.fixture
def teacher() -> Iterator[Teacher]:
    with Teacher(answered) as made:
        yield made


@pytest.fixture
def cli(in_process: Callable[..., Any]) -> Callable[..., Any]:
    return in_process


@pytest.fixture
def ready(tmp_path: Path, cli: Callable[..., Any], teacher: Teacher) -> Path:
    """Documents are indexed, the teacher is known, and six tasks wait."""
    folder = tmp_path / "documents"
    folder.mkdir()
    for n in range(6):
        (folder / f"{n}.txt").write_text(fact(n)[1])
    tasks = tmp_path / "tasks.jsonl"
    tasks.write_text("".join(json.dumps({"question": fact(n)[0], "draft": "No idea."}) + "\n" for n in range(6)))
    cli("index", folder)
    prices = ("--price-in", "0.15", "--price-out", "0.60")
    cli("teachers", "add", "--name", "Local", "--url", teacher.url, "--model", "m", *prices, "--no-key")
    cli("distill", "import", tasks)
    return folder


def _micro(text: str) -> int:
    return int(text.replace(".", ""))


def test_a_run_is_driven_from_a_script(
    ready: Path, cli_json: Json, cli: Callable[..., Any], check_fields: Callable[..., None], teacher: Teacher
) -> None:
    assert cli_json("distill", "run", expect=1)["error"]["message"] == "A run needs a spending cap."
    found = cli_json("distill", "run", "--cap", "0.003", "--tasks", "2", "--concurrency", "1")
    counts = ("tasks", "kept", "rejected", "failed", "review", "train_pairs", "repair_pairs", "billed_attempts")
    check_fields(found, run=str, stopped_by=str, problem=str, **dict.fromkeys(counts, int))
    assert [found[name] for name in counts] == [2, 2, 0, 0, 0, 0, 2, 2]
    assert all(_USD.fullmatch(found[f"{name}_usd"]) for name in ("settled", "reserved", "unknown"))
    assert found["stopped_by"] == "done"
    capped = cli_json("distill", "run", "--cap", "0.0016", "--concurrency", "4")
    assert capped["stopped_by"] == "cap"
    assert "may cost up to" in capped["problem"]
    spent = sum(_micro(each[f"{name}_usd"]) for each in (found, capped) for name in ("settled", "reserved", "unknown"))
    assert teacher.bill <= spent <= 4_600
    text = cli("distill", "run", "--cap", "1", "--review", "all")
    assert "for review" in text.stdout
    assert "forge-desktop distill review" in text.stderr
    assert len(teacher.bodies) == 6
    status = cli_json("distill", "status")
    check_fields(status, tasks=dict, run=dict, runs=list, budgets=list, stopped=str)
    assert status["tasks"]["review"] == status["run"]["review"] == 6 - 2 - capped["kept"]
    assert len(status["runs"]) == 3


def test_a_quote_shows_where_a_draft_will_stand(ready: Path, tmp_path: Path, cli_json: Json) -> None:
    tasks = tmp_path / "undrafted.csv"
    tasks.write_text(f"question\n{fact(7)[0]}\n")
    cli_json("distill", "tasks", "remove", "--all")
    cli_json("distill", "import", tasks)
    quoted = cli_json("distill", "quote", "--prompts")
    assert UNWRITTEN in quoted["prompts"][0]["messages"][1]["text"]
    assert ABOUT_UNWRITTEN in quoted["assumptions"]
    alone = cli_json("distill", "quote", "--prompts", "--no-draft")
    assert alone["prompts"][0]["messages"][1]["text"].endswith("There is no draft.")
    assert ABOUT_UNWRITTEN not in alone["assumptions"]


def test_the_queue_and_the_pairs_are_decided_on_from_a_script(
    ready: Path, cli_json: Json, cli: Callable[..., Any], teacher: Teacher
) -> None:
    listed = cli_json("distill", "tasks", "--limit", "2")
    assert (listed["total"], [row["id"] for row in listed["tasks"]]) == (6, [1, 2])
    assert cli_json("distill", "tasks", "hold", "5", "6")["changed"] == 2
    cli("distill", "tasks", "move", "4", "--before", "1")
    assert cli_json("distill", "tasks", "remove", "3")["changed"] == 1
    assert cli_json("distill", "run", "--cap", "1", "--review", "all")["review"] == 3
    assert [each["task"]["id"] for each in cli_json("distill", "review")["waiting"]] == [4, 1, 2]
    shown = cli_json("distill", "review", "show", "1")["tasks"][0]
    assert _USD.fullmatch(shown["task"]["cost_usd"])
    assert shown["pair"]["kind"] == "REPAIR_PAIR"
    assert "Final" in cli("distill", "review", "show", "1").stdout
    assert cli_json("distill", "review", "accept", "1", "4", "--note", "Fine.")["waiting"] == [2]
    cli("distill", "review", "edit", "2", "--final", f"{fact(1)[1]} [1]")
    assert cli_json("distill", "review", "undo")["undone"] == 2
    cli("distill", "review", "reject", "2")
    assert cli_json("distill", "tasks", "release", "--all")["changed"] == 2
    assert cli_json("distill", "status")["tasks"] == {"kept": 2, "rejected": 1, "queued": 2}
    assert "Which tasks?" in cli("distill", "tasks", "hold", expect=1).stderr
    assert "no state" in cli("distill", "tasks", "--state", "odd", expect=1).stderr


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_a_run_in_order_and_says_what_is_left(
    number: signal.Signals,
    status: int,
    ready: Path,
    start: Callable[..., subprocess.Popen[bytes]],
    cli_json: Json,
    teacher: Teacher,
) -> None:
    teacher.always = Fault(seconds=1.0)
    process = start("distill", "run", "--cap", "1", "--concurrency", "2")
    teacher.wait(2, 60)
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    assert process.returncode == status
    assert "stopped by cancelled" in out.decode()
    assert "4 tasks wait in the queue" in err.decode()
    assert "Traceback" not in err.decode()
    teacher.always = None
    found = cli_json("distill", "run", "--cap", "1")
    assert (found["tasks"], found["kept"], len(teacher.bodies)) == (4, 4, 6)


def test_what_is_known_of_a_run_that_a_full_disk_ended_is_printed(
    ready: Path, cli_json: Json, cli: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    write, left = Flipper.write, [3]

    def full(self: Flipper, *arguments: Any) -> Any:
        left[0] -= 1
        if left[0] < 0:
            raise ForgeError("The disk is full.", hint="Make room.")
        return write(self, *arguments)

    def not_ended(*_arguments: object) -> None:
        raise ForgeError("The disk is full.", hint="Make room.")

    with monkeypatch.context() as patched:
        patched.setattr(Flipper, "write", full)
        patched.setattr(RunStore, "end", not_ended)
        found = cli_json("distill", "run", "--cap", "1", "--concurrency", "1", expect=1)
    assert (found["stopped_by"], found["problem"]) == ("error", "The disk is full. Make room.")
    assert found["billed_attempts"] > 0
    assert sum(_micro(found[f"{name}_usd"]) for name in ("settled", "reserved", "unknown")) > 0
    cli("distill", "run", "--cap", "1")
    assert cli_json("distill", "status")["tasks"] == {"kept": 6}
    assert cli_json("distill", "run", "--cap", "1", "--teacher", "nobody", expect=1)["error"]["message"]


_LOOKING = (
    ("distill", "status"),
    ("distill", "quote", "--cap", "1"),
    ("distill", "tasks", "list"),
    ("distill", "review", "list"),
    ("distill", "pairs", "list"),
    ("distill", "pairs", "counts"),
    ("distill", "suite", "list"),
    ("distill", "dataset", "list"),
    ("teachers", "list"),
    ("offline",),
    ("spend", "show"),
    ("spend", "attempts"),
    ("spend", "verify"),
)


def test_what_only_looks_works_beside_a_run(
    ready: Path,
    start: Callable[..., subprocess.Popen[bytes]],
    cli_json: Json,
    cli: Callable[..., Any],
    tmp_path: Path,
    teacher: Teacher,
) -> None:
    came, held = threading.Semaphore(0), threading.Event()

    def later(body: dict[str, Any]) -> str:
        came.release()
        assert held.wait(60)
        return answered(body)

    teacher.answer = later
    process = start("distill", "run", "--cap", "1", "--json")
    for _ in range(6):
        assert came.acquire(timeout=60)
    for verb in _LOOKING:
        assert "error" not in cli_json(*verb), verb
    assert cli_json("distill", "status")["tasks"] == {"asking": 6}
    cli("distill", "export", tmp_path / "out")
    refused = cli_json("distill", "tasks", "cancel", "--all", expect=1)["error"]
    assert "forge-desktop distill" in refused["message"]
    assert "Ctrl+C" in refused["hint"]
    held.set()
    out, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (0, b"")
    assert json.loads(out)["kept"] == 6

"""The steps of `distill` that bring tasks in, as people use them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.distill.rooms import answered, fact
from tests.providers.teacher import Teacher


@pytest.fixture
def cli(in_process: Callable[..., Any]) -> Callable[..., Any]:
    return in_process


@pytest.fixture
def questions(tmp_path: Path) -> Path:
    path = tmp_path / "questions.csv"
    path.write_text("question,answer,id\nWhat is a weir?,A low dam.,1\n,,2\nWhat is a lock?,007,3\n")
    return path


def test_import_says_what_came_of_each_row(cli_json: Callable[..., Any], questions: Path) -> None:
    found = cli_json("distill", "import", questions)
    assert (found["tasks"], found["pairs"], found["known"], found["bad"]) == (2, 0, 0, 1)
    assert found["reasons"] == [{"line": 3, "reason": "its question is empty"}]
    assert found["mapping"] == {"question": "question", "expected": "answer"}
    again = cli_json("distill", "import", questions)
    assert (again["tasks"], again["known"], again["bad"]) == (0, 2, 1)


def test_import_shows_the_mapping_and_takes_another(cli: Callable[..., Any], questions: Path) -> None:
    shown = cli("distill", "import", questions, "--dry-run").stdout
    assert "question   from question" in shown
    assert "not used   id" in shown
    done = cli("distill", "import", questions, "--map", "question=answer", "--map", "expected=")
    assert "2 tasks and 0 pairs came in, 0 rows known from before, 1 bad line." in done.stdout
    assert "line 3: its question is empty" in done.stdout


def test_import_refuses_in_one_sentence(cli: Callable[..., Any], questions: Path, tmp_path: Path) -> None:
    assert "has no column nothing" in cli("distill", "import", questions, "--map", "rules=nothing", expect=1).stderr
    assert "cannot be read" in cli("distill", "import", tmp_path / "none.csv", expect=1).stderr
    assert "FIELD=COLUMN" in cli("distill", "import", questions, "--map", "nonsense", expect=2).stderr


@pytest.fixture
def teacher() -> Iterator[Teacher]:
    with Teacher(answered) as made:
        yield made


@pytest.fixture
def ready(tmp_path: Path, cli: Callable[..., Any], teacher: Teacher) -> Path:
    """Documents are indexed, a teacher is known."""
    folder = tmp_path / "documents"
    folder.mkdir()
    for n in range(4):
        (folder / f"{n}.txt").write_text(fact(n)[1])
    cli("index", folder)
    prices = ("--price-in", "0.15", "--price-out", "0.60")
    cli("teachers", "add", "--name", "loop", "--url", teacher.url, "--model", "m", *prices, "--no-key")
    return folder


def test_quote_run_replay(
    cli: Callable[..., Any], cli_json: Callable[..., Any], ready: Path, tmp_path: Path, teacher: Teacher
) -> None:
    tasks = tmp_path / "tasks.jsonl"
    tasks.write_text("".join(json.dumps({"question": fact(n)[0], "draft": "No idea."}) + "\n" for n in range(4)))
    assert cli_json("distill", "import", tasks)["tasks"] == 4
    quoted = cli_json("distill", "quote", "--cap", "1.00")
    assert (quoted["tasks"], quoted["calls"], quoted["fits_worst"]) == (4, 4, 4)
    assert Decimal(0) < Decimal(quoted["low_usd"]) <= Decimal(quoted["likely_usd"]) <= Decimal(quoted["worst_usd"])
    assert [each["name"] for each in quoted["teachers"]] == ["loop"]
    assert teacher.connections == 0
    shown = cli("distill", "quote", "--prompts").stdout
    assert "No cap is given for the run yet" in shown
    assert "To loop:" in shown
    assert fact(0)[0] in shown
    run = cli_json("distill", "run", "--cap", "1.00", "--quote")
    assert run["quoted"] == {name: quoted[name] for name in ("low_usd", "likely_usd", "worst_usd")}
    assert "quoted likely" in cli("distill", "status").stdout
    assert Decimal(run["settled_usd"]) <= Decimal(quoted["worst_usd"])
    teacher.close()
    again = cli_json("distill", "replay", run["run"], tmp_path / "again")
    assert (again["same"], again["pairs"], again["differing"]) == (True, 4, [])
    assert again["sha256"] == again["exported_sha256"]
    assert "the same bytes" in cli("distill", "replay", run["run"][:8]).stdout
    assert "no run whose name" in cli("distill", "replay", "nothing", expect=1).stderr


def test_correct_takes_the_newest_answer(cli_json: Callable[..., Any], cli: Callable[..., Any], ready: Path) -> None:
    assert "no answer to correct" in cli("distill", "correct", expect=1).stderr
    answer = cli_json("ask", fact(0)[0], "--max-tokens", "16")
    task = cli_json("distill", "correct")
    assert (task["state"], task["question"]) == ("queued", fact(0)[0])
    better = cli_json("distill", "correct", str(answer["message_id"]), "--better", "Seventeen iron crowns [1].")
    assert better["remarks"] == []
    wrong = cli("distill", "correct", str(answer["message_id"]), "--better", "Seventeen iron crowns [9].")
    assert "The rules remark: No passage has the number [9]." in wrong.stdout
    assert (better["task"], better["state"]) == (task["task"], "kept")


def test_generate_needs_a_cap_for_teachers(cli: Callable[..., Any], ready: Path) -> None:
    assert "need a cap" in cli("distill", "generate", "--by", "teacher", expect=1).stderr
    assert "no riddle questions" in cli("distill", "generate", "--kind", "riddle", expect=1).stderr
    done = cli("distill", "generate", "--by", "teacher", "--cap", "0.10", "-n", "1", "--kind", "factual=2")
    assert "0 questions made from 4 documents" in done.stdout
    assert "dropped: the document has no passage long enough" in done.stdout


def test_a_file_of_which_nothing_came_in_is_a_failure(cli_json: Callable[..., dict[str, Any]], tmp_path: Path) -> None:
    file = tmp_path / "bad.csv"
    file.write_text("question,draft\nWhat?,one,too many\n")
    found = cli_json("distill", "import", file, expect=1)
    assert (found["tasks"], found["bad"]) == (0, 1)
    file.write_text("question,draft\nWhat?,one,too many\nWho?,two\n")
    assert cli_json("distill", "import", file)["tasks"] == 1
    assert cli_json("distill", "import", file)["known"] == 1

"""The steps of `distill` that bring tasks in, as people use them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest


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

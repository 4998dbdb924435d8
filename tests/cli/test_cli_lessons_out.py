"""The steps of `distill` that look at pairs, set some apart, write them out and forget them, as people use them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from forge_desktop import cli as front

DOCUMENT = "ab" * 32


@pytest.fixture
def here(data_dir: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., Any]:
    """A verb in this process, a start of it less: what it printed, as text or (with --json) as its object."""

    def run(*arguments: str | Path, expect: int = 0) -> Any:
        assert front.main([str(each) for each in arguments]) == expect
        printed = capsys.readouterr()
        if expect:
            return printed.err
        return json.loads(printed.out) if "--json" in arguments else printed.out

    return run


@pytest.fixture
def brought_in(here: Callable[..., Any], tmp_path: Path) -> Path:
    """Pairs as the original system wrote them, imported."""
    file = tmp_path / "train_pairs.jsonl"
    rows = [
        {
            "prompt": f"What is said of {thing}?",
            "final": f"That {thing} is {colour} [1].",
            "citations": [1],
            "evidence_meta": [
                {
                    "text": f"{thing} is {colour}",
                    "path": f"{thing}.md",
                    "document_sha256": DOCUMENT if thing == "tea" else "",
                }
            ],
            **({"draft": "Nothing."} if thing == "beer" else {}),
        }
        for thing, colour in (("tea", "green"), ("beer", "golden"), ("milk", "white"), ("wine", "red"))
    ]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert here("distill", "import", file, "--json")["pairs"] == 4
    return file


def test_pairs_are_looked_at_and_dropped(here: Callable[..., Any], brought_in: Path) -> None:
    found = here("distill", "pairs", "list", "--accepted", "--json")
    assert found["count"] == 4
    uid = next(row["uid"] for row in found["pairs"] if "milk" in row["prompt"])
    assert "That milk is white [1]." in here("distill", "pairs", "show", uid[:8])
    assert here("distill", "pairs", "drop", uid, "--json")["pairs"] == [
        {"uid": uid, "accepted": False, "aside": "dropped"}
    ]
    counts = here("distill", "pairs", "counts", "--json")
    assert (counts["counts"]["accepted"], counts["counts"]["repair_pairs"], counts["counts"]["dropped"]) == (3, 1, 1)
    assert "trains" in here("distill", "pairs", "restore", uid[:8])
    assert "no duplicate" in here("distill", "pairs", "keep", uid, expect=1)
    assert here("distill", "pairs", "reverify", "--json")["checked"] == 4


def test_suites_hold_pairs_back_and_ask_before_they_go(
    here: Callable[..., Any], brought_in: Path, tmp_path: Path
) -> None:
    suite = tmp_path / "suite.csv"
    suite.write_text("question,answer\nWhat is said of wine?,That it is red\n")
    made = here("distill", "suite", "import", suite, "--name", "Drinks", "--kind", "recall", "--json")
    assert (made["items"], made["held"], made["kind"]) == (1, 1, "recall")
    frozen = here("distill", "suite", "freeze", "--share", "0.34", "--name", "Held", "--kind", "transfer", "--json")
    assert frozen["items"] == 1
    assert [each["name"] for each in here("distill", "suite", "list", "--json")["suites"]] == ["Drinks", "Held"]
    assert "wine" in here("distill", "suite", "show", "Drinks")
    refused = here("distill", "suite", "remove", "Drinks", expect=1)
    assert "keeps 1 pair from training" in refused
    assert "--yes" in refused
    assert here("distill", "suite", "remove", "Drinks", "--yes", "--json")["released"] == 1
    assert "already" in here("distill", "suite", "import", suite, "--name", "Held", expect=1)


def test_pairs_are_frozen_and_leave_in_every_form(
    cli: Callable[..., Any],
    cli_json: Callable[..., Any],
    here: Callable[..., Any],
    brought_in: Path,
    tmp_path: Path,
) -> None:
    frozen = cli_json("distill", "dataset", "freeze", "--name", "Mine")
    assert (frozen["version"], frozen["pairs"]) == (1, 4)
    assert here("distill", "dataset", "show", "Mine", "--json")["rests_on"] == [
        {"document_sha256": DOCUMENT, "pairs": 1}
    ]
    done = cli_json("distill", "export", tmp_path / "out", "--dataset", "Mine v1", "--format", "all")
    files = {file["name"]: file for file in done["files"]}
    assert files["pairs.jsonl"]["sha256"] == frozen["sha256"]
    assert {name: file["rows"] for name, file in files.items()} == {
        "pairs.jsonl": 4,
        "openai.jsonl": 4,
        "sharegpt.jsonl": 4,
        "dpo.jsonl": 1,
        "alpaca.jsonl": 4,
        "trl.jsonl": 4,
    }
    assert json.loads((tmp_path / "out" / "manifest.json").read_text())["kind"] == "lessons"
    again = cli_json("distill", "import", tmp_path / "out" / "sharegpt.jsonl")
    assert (again["pairs"], again["known"], again["bad"]) == (0, 4, 0)
    assert "not empty" in cli("distill", "export", tmp_path / "out", expect=1).stderr
    assert "invalid choice" in cli("distill", "export", tmp_path / "x", "--format", "xml", expect=2).stderr
    assert cli_json("distill", "dataset", "remove", "Mine", "--yes")["removed"] == "Mine v1"


def test_a_document_is_forgotten_after_it_was_asked(here: Callable[..., Any], brought_in: Path) -> None:
    here("distill", "dataset", "freeze", "--name", "Mine")
    seen = here("distill", "forget", "tea.md", "--dry-run", "--json")
    assert (len(seen["reached"]["pairs"]), seen["forgotten"]) == (1, None)
    assert "This removes 1 pair" in here("distill", "forget", DOCUMENT[:10], expect=1)
    gone = here("distill", "forget", DOCUMENT, "--datasets", "--yes", "--json")["forgotten"]
    assert (gone["pairs"], gone["evidence"], gone["datasets"]) == (1, 1, 1)
    assert here("distill", "pairs", "list", "--json")["count"] == 3
    assert "Nothing that was learnt" in here("distill", "forget", "tea.md", expect=1)

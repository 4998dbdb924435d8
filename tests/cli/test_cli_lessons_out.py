"""The steps of `distill` that look at pairs, set some apart, write them out and forget them, as people use them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

DOCUMENT = "ab" * 32


@pytest.fixture
def brought_in(cli_json: Callable[..., Any], tmp_path: Path) -> Path:
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
    assert cli_json("distill", "import", file)["pairs"] == 4
    return file


def test_pairs_are_looked_at_and_dropped(
    cli: Callable[..., Any], cli_json: Callable[..., Any], brought_in: Path
) -> None:
    found = cli_json("distill", "pairs", "list", "--accepted")
    assert found["count"] == 4
    uid = next(row["uid"] for row in found["pairs"] if "milk" in row["prompt"])
    assert "That milk is white [1]." in cli("distill", "pairs", "show", uid[:8]).stdout
    assert cli_json("distill", "pairs", "drop", uid)["pairs"] == [{"uid": uid, "accepted": False, "aside": "dropped"}]
    counts = cli_json("distill", "pairs", "counts")
    assert (counts["counts"]["accepted"], counts["counts"]["repair_pairs"], counts["counts"]["dropped"]) == (3, 1, 1)
    assert "trains" in cli("distill", "pairs", "restore", uid[:8]).stdout
    assert "no duplicate" in cli("distill", "pairs", "keep", uid, expect=1).stderr
    assert cli_json("distill", "pairs", "reverify")["checked"] == 4


def test_suites_hold_pairs_back_and_ask_before_they_go(
    cli: Callable[..., Any], cli_json: Callable[..., Any], brought_in: Path, tmp_path: Path
) -> None:
    suite = tmp_path / "suite.csv"
    suite.write_text("question,answer\nWhat is said of wine?,That it is red\n")
    made = cli_json("distill", "suite", "import", suite, "--name", "Drinks", "--kind", "recall")
    assert (made["items"], made["held"], made["kind"]) == (1, 1, "recall")
    frozen = cli_json("distill", "suite", "freeze", "--share", "0.34", "--name", "Held", "--kind", "transfer")
    assert frozen["items"] == 1
    assert [each["name"] for each in cli_json("distill", "suite", "list")["suites"]] == ["Drinks", "Held"]
    assert "wine" in cli("distill", "suite", "show", "Drinks").stdout
    refused = cli("distill", "suite", "remove", "Drinks", expect=1).stderr
    assert "keeps 1 pair from training" in refused
    assert "--yes" in refused
    assert cli_json("distill", "suite", "remove", "Drinks", "--yes")["released"] == 1
    assert "already" in cli("distill", "suite", "import", suite, "--name", "Held", expect=1).stderr


def test_pairs_are_frozen_and_leave_in_every_form(
    cli: Callable[..., Any], cli_json: Callable[..., Any], brought_in: Path, tmp_path: Path
) -> None:
    frozen = cli_json("distill", "dataset", "freeze", "--name", "Mine")
    assert (frozen["version"], frozen["pairs"]) == (1, 4)
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


def test_a_document_is_forgotten_after_it_was_asked(
    cli: Callable[..., Any], cli_json: Callable[..., Any], brought_in: Path
) -> None:
    cli("distill", "dataset", "freeze", "--name", "Mine")
    seen = cli_json("distill", "forget", "tea.md", "--dry-run")
    assert (len(seen["reached"]["pairs"]), seen["forgotten"]) == (1, None)
    assert "This removes 1 pair" in cli("distill", "forget", DOCUMENT[:10], expect=1).stderr
    gone = cli_json("distill", "forget", DOCUMENT, "--datasets", "--yes")["forgotten"]
    assert (gone["pairs"], gone["evidence"], gone["datasets"]) == (1, 1, 1)
    assert cli_json("distill", "pairs", "list")["count"] == 3
    assert "Nothing that was learnt" in cli("distill", "forget", "tea.md", expect=1).stderr

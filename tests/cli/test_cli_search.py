"""The verb `search`: operators, filters, passages that say the same, and what is said about all that."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from forge_desktop.cli.searching import place_of

Cli = Callable[..., subprocess.CompletedProcess[str]]
CliJson = Callable[..., dict[str, Any]]


@pytest.fixture
def shelf(cli_json: CliJson, tmp_path: Path) -> Path:
    """A folder with four indexed files, two of them alike."""
    folder = tmp_path / "shelf"
    (folder / "new").mkdir(parents=True)
    (folder / "pump.txt").write_text("The hand pump stands behind the shed.\n", encoding="utf-8")
    (folder / "copy.txt").write_text("The hand pump stands behind the shed.\n", encoding="utf-8")
    (folder / "new" / "motor.md").write_text("The motor pump stands in the old shed.\n", encoding="utf-8")
    (folder / "old.html").write_text("<p>A pump by hand, sold long ago.</p>", encoding="utf-8")
    os.utime(folder / "old.html", (1_000_000_000, 1_000_000_000))  # 9 September 2001
    cli_json("index", folder)
    return folder


def _names(found: dict[str, Any]) -> set[str]:
    return {Path(result["path"]).name for result in found["results"]}


def test_operators_and_what_was_understood(cli: Cli, cli_json: CliJson, shelf: Path) -> None:
    found = cli_json("search", '"hand pump" -motor - pump')
    assert _names(found) <= {"pump.txt", "copy.txt"}
    assert len(found["results"]) == 1
    assert len(found["results"][0]["alike"]) == 1
    assert found["understood"]["words"] == ["pump"]
    assert found["understood"]["phrases"] == ["hand pump"]
    assert found["understood"]["excluded"] == ["motor"]
    assert len(found["understood"]["ignored"]) == 1
    assert found["documents"] is None
    assert _names(cli_json("search", "pump", "--all")) == {"pump.txt", "copy.txt", "motor.md", "old.html"}
    shown = cli("search", '"hand pump" -motor')
    assert "1 passage that says the same" in shown.stdout
    assert shown.stderr == "With “hand pump”. Without motor.\n"
    assert cli("search", "pump").stderr == ""


def test_a_minus_sign_that_is_taken_for_an_option_is_explained(cli: Cli, cli_json: CliJson, shelf: Path) -> None:
    for word in ("-motor", "-hand"):
        assert "search -- boat -motor" in cli("search", "pump", word, expect=2).stderr
    assert "Put --" in cli_json("search", "pump", "-motor", expect=2)["error"]["hint"]
    found = cli("search", "--", "pump", "-motor").stdout
    assert "pump.txt" in found or "copy.txt" in found
    assert "motor.md" not in found
    assert "Put --" not in cli("search", "pump", "-k", "none", expect=2).stderr


def test_the_words_that_were_looked_for_are_shown(cli: Cli, shelf: Path) -> None:
    (shelf / "long.txt").write_text("filler " * 60 + "walrus " + "filler " * 30 + "\n", encoding="utf-8")
    (shelf / "many.txt").write_text("First.\nSecond.\nThird.\nFourth.\nA narwhal.\nLast.\n", encoding="utf-8")
    (shelf / "wide.csv").write_text(",".join(f"column{n}" for n in range(500)) + "\n" + "axolotl," * 500)
    cli("index", shelf)
    shown = cli("search", "walrus", "-k", "1").stdout.splitlines()
    assert "walrus" in shown[1]
    assert shown[1].strip()[0] == shown[1][-1] == "…"
    assert max(map(len, shown[1:])) < 170
    shown = cli("search", "narwhal", "-k", "1").stdout.splitlines()
    assert [line.strip() for line in shown[1:]] == ["…", "Third.", "Fourth.", "A narwhal.", "…"]
    assert len(cli("search", "axolotl", "-k", "1").stdout.splitlines()[0]) < 400


def test_filters(cli: Cli, cli_json: CliJson, shelf: Path) -> None:
    for options, names in (
        (["--type", "markdown", "--type", ".htm"], {"motor.md", "old.html"}),
        (["--since", "2001-09-09", "--until", "2001-09-09"], {"old.html"}),
        (["--since", "2001-09-10", "--type", "md"], {"motor.md"}),
        (["--collection", "Documents", "--type", "html"], {"old.html"}),
    ):
        found = cli_json("search", "pump", *options)
        assert _names(found) == names
        assert found["documents"] == len(names)
    nothing = ["--until", "2001-09-07"]
    found = cli_json("search", "pump", *nothing)
    assert (found["results"], found["documents"], found["note"]) == ([], 0, "No document fits the filter.")
    assert cli("search", "pump", *nothing).stdout == "No document fits the filter.\n"


def test_explain_and_verify(cli: Cli, cli_json: CliJson, shelf: Path) -> None:
    found = cli_json("search", "motor pump", "--verify")
    (ranking, best, last) = (found["ranking"], found["results"][0], found["results"][-1])
    assert (ranking["same_scores"], ranking["same_order"], ranking["passages"]) == (True, True, 4)
    told = cli_json("search", "motor pump", "--explain", str(best["passage_id"]))["explanation"]
    assert (told["passage_id"], told["rank"], told["score"]) == (best["passage_id"], 1, best["score"])
    assert {term["term"]: term["frequency"] for term in told["terms"]} == {"motor": 1, "pump": 1}
    shown = cli("search", "motor pump", "--explain", str(last["passage_id"]), "--type", "md", "--verify").stdout
    assert "not among those the filter leaves" in shown
    assert "rank_bm25 gives the same scores, bit for bit, and the same order" in shown
    assert "There is no passage 99" in cli_json("search", "pump", "--explain", "99", expect=1)["error"]["message"]


def test_a_folder_is_meant_from_where_one_stands(cli_json: CliJson, shelf: Path) -> None:
    assert _names(cli_json("search", "pump", "--folder", "new", cwd=shelf)) == {"motor.md"}
    assert _names(cli_json("search", "pump", "--folder", ".", "--all", cwd=shelf)) == {
        "pump.txt",
        "copy.txt",
        "motor.md",
        "old.html",
    }


@pytest.mark.parametrize("verb", ["search", "ask"])
def test_an_unknown_collection_is_refused(cli_json: CliJson, shelf: Path, verb: str) -> None:
    error = cli_json(verb, "pump", "--collection", "Nowhere", expect=1)["error"]
    assert error == {"message": "There is no collection called Nowhere.", "hint": "There are: Documents."}


def test_a_wrong_day_or_type_is_refused(cli_json: CliJson, shelf: Path) -> None:
    assert "YYYY-MM-DD" in cli_json("search", "pump", "--since", "yesterday", expect=2)["error"]["message"]
    assert "exe" in cli_json("search", "pump", "--type", "exe", expect=1)["error"]["message"]


def test_places_are_named_as_the_format_has_them() -> None:
    assert place_of("a.txt", None, 3, 3) == "a.txt:3"
    assert place_of("a.pdf", 2, 1, 9) == "a.pdf, page 2"
    assert place_of("a.pptx", 2, 1, 9) == "a.pptx, slide 2"
    assert place_of("a.csv", None, 4, 9) == "a.csv, rows 4-9"
    assert place_of("a.xlsx", None, 4, 4) == "a.xlsx, row 4"

"""How words are chosen, on the command line: presets kept by name, and the options of one answer."""

from __future__ import annotations

import contextlib
import sqlite3
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

Cli = Callable[..., subprocess.CompletedProcess[str]]
CliJson = Callable[..., dict[str, Any]]


def test_presets_are_kept_renamed_and_deleted(cli: Cli, cli_json: CliJson) -> None:
    listed = cli_json("presets", "--save", "Mine", "--preset", "creative", "--temperature", "0.4", "--option", "seed=3")
    assert [preset["key"] for preset in listed["presets"]] == ["precise", "balanced", "creative", "own", "Mine"]
    mine = listed["presets"][-1]["values"]
    assert (mine["temperature"], mine["min_p"], mine["dry_multiplier"]) == (0.4, 0.08, 0.6)
    cli_json("presets", "--rename", "mine", "Ours")
    shown = cli("presets")
    assert "Ours" in shown.stdout
    assert "temperature=0.4" in shown.stdout
    assert len(cli_json("presets", "--delete", "Ours")["presets"]) == 4
    assert "built in" in cli("presets", "--delete", "Precise", expect=1).stderr


def test_an_answer_with_options_of_its_own(cli: Cli, cli_json: CliJson, data_dir: Path) -> None:
    for wrong in (("--preset", "Nobody's"), ("--option", "colour=red"), ("--option", "mirostat=7")):
        cli("ask", *wrong, "Why?", expect=1)
    with contextlib.closing(sqlite3.connect(data_dir / "forge.db")) as db:
        assert db.execute("SELECT count(*) FROM conversations").fetchone() == (0,)
    answer = cli_json(
        "ask", "--grounding", "free", "--preset", "balanced", "--seed", "7", "--max-tokens", "16", "--system",
        "Be brief.", "--think", "off", "--stop", "never\n", "--option", "dry-multiplier=0.5", "Say hello.",
    )  # fmt: skip
    sampling = answer["sampling"]
    assert (sampling["temperature"], sampling["seed"], sampling["max_tokens"]) == (0.7, 7, 16)
    assert (sampling["think_tokens"], sampling["dry_multiplier"]) == (0, 0.5)
    assert "never\n" in sampling["stop"]
    assert answer["preset"] is None  # the preset with a change is not that preset
    assert answer["thinking"] == ""
    assert answer["left_out"] == []
    for name in ("prompt_tokens", "reused_tokens", "restored_tokens", "drafted", "accepted"):
        assert isinstance(answer[name], int)
    with contextlib.closing(sqlite3.connect(data_dir / "forge.db")) as db:
        assert '"system_prompt": "Be brief."' in db.execute("SELECT options FROM conversations").fetchone()[0]


def test_a_preset_is_found_as_people_write_it(cli_json: CliJson) -> None:
    mine = cli_json("presets", "--save", "Mine", "--preset", "Creative", "--temperature", "0.3")["presets"][-1][
        "values"
    ]
    assert (mine["temperature"], mine["min_p"], mine["dry_multiplier"]) == (0.3, 0.08, 0.6)
    answer = cli_json("ask", "--grounding", "free", "--preset", " mINE ", "--max-tokens", "16", "Say hello.")
    assert (answer["preset"], answer["sampling"]["temperature"], answer["sampling"]["min_p"]) == ("Mine", 0.3, 0.08)


def test_a_wrong_option_says_what_is_wrong_with_it(cli: Cli) -> None:
    assert "choose off, free, or a number" in cli("ask", "--think", "foo", "Why?", expect=2).stderr
    unset = cli("ask", "--option", "dry_base", "Why?", expect=1).stderr
    assert "The option dry_base has no value. Write dry_base=VALUE" in unset
    unknown = cli("ask", "--option", "colour=red", "Why?", expect=1).stderr
    assert "'colour' is no option" in unknown
    assert "template" not in unknown  # it would be refused
    assert "Choose a number from 1.0 to 4.0." in cli("ask", "--option", "dry_base=abc", "Why?", expect=1).stderr

"""The verbs `collections` and `sync`, and `index` into a collection, in processes of their own."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Cli = Callable[..., subprocess.CompletedProcess[str]]
CliJson = Callable[..., dict[str, Any]]


@pytest.fixture
def shelf(tmp_path: Path) -> Path:
    """A folder with two documents."""
    folder = tmp_path / "shelf"
    folder.mkdir()
    (folder / "a.txt").write_text("A blue kettle.\n")
    (folder / "b.md").write_text("A red kettle.\n")
    return folder


def named(found: dict[str, Any], name: str) -> dict[str, Any]:
    (collection,) = [each for each in found["collections"] if each["name"] == name]
    return dict(collection)


def test_a_collections_life(cli: Cli, cli_json: CliJson, shelf: Path) -> None:
    made = cli_json("collections", "--create", "Work", "--include", "*.txt", "--never-send", "--add", shelf)
    work = named(made, "Work")
    assert (work["include"], work["exclude"], work["never_send"], work["hidden"]) == (["*.txt"], [], True, False)
    assert (work["roots"], work["documents"], work["synced"]) == ([str(shelf)], 0, None)
    assert named(made, "Documents")["standing"] is True
    assert cli_json("sync")["new"] == 1
    found = cli_json("search", "kettle", "--collection", "work")
    assert [Path(result["path"]).name for result in found["results"]] == ["a.txt"]
    dry = cli_json("collections", "--change", "Work", "--include", "*.md", "--dry-run")
    assert dry["effect"] == {"documents_out": 1, "passages_out": 1, "files_in": 1, "bytes_in": 14}
    assert named(dry, "Work")["include"] == ["*.txt"]
    changed = cli_json("collections", "--change", "Work", "--include", "", "--rename", "Home", "--no-never-send")
    assert named(changed, "Home")["include"] == []
    assert cli_json("sync")["new"] == 1
    shown = cli("collections")
    assert "Home\n    2 documents, 2 passages, 29 bytes\n" in shown.stdout
    gone = cli("collections", "--delete", "Home")
    assert "2 documents with 2 passages went out of the index; files stay." in gone.stderr


def test_index_into_a_collection(cli: Cli, cli_json: CliJson, shelf: Path) -> None:
    refused = cli_json("index", shelf, "--collection", "Work", expect=1)
    assert refused["error"]["message"] == "There is no collection called Work."
    cli("collections", "--create", "Work")
    assert cli_json("index", shelf, "--collection", "Work")["documents"] == 2
    found = cli_json("collections")
    assert (named(found, "Work")["documents"], named(found, "Documents")["documents"]) == (2, 0)
    taken = cli_json("collections", "--create", "WORK", expect=1)
    assert "already" in taken["error"]["message"]
    assert cli_json("collections", "--add", shelf, expect=1)["error"]["message"] == "Which collection?"
    cli_json("collections", "--change", "Work", "--delete", "Work", expect=2)


def test_what_is_gone_is_asked_and_answered(cli: Cli, cli_json: CliJson, shelf: Path) -> None:
    cli_json("index", shelf)
    away = shelf.with_name("away")
    shutil.move(shelf, away)
    found = cli_json("sync")
    (question,) = found["questions"]
    assert (question["kind"], question["documents"], question["total"]) == ("vanished", 2, 2)
    assert (question["root"], found["removed"], found["documents"]) == (str(shelf), 0, 2)
    assert "2 of 2 documents have no file any more and are kept" in cli("sync").stderr
    answered = cli_json("sync", "--remove-missing")
    assert (answered["questions"], answered["removed"]) == ([], 2)
    assert (answered["documents"], answered["passages"]) == (0, 0)
    assert cli_json("status")["documents"] == 0


def test_what_was_kept_can_be_removed_later(cli: Cli, cli_json: CliJson, shelf: Path) -> None:
    other = shelf.with_name("other")
    other.mkdir()
    for folder in (shelf, other):
        for number in range(30):
            (folder / f"{number}.txt").write_text(f"kettle {number}")
        cli_json("index", folder)
        shutil.move(folder, folder.with_name(f"{folder.name} away"))
    assert len(cli_json("sync")["questions"]) == 2
    kept = cli_json("sync", "--keep-missing")
    assert (kept["questions"], kept["removed"], kept["documents"]) == ([], 0, 62)
    assert cli_json("sync")["documents"] == 62
    other.mkdir()
    (other / "new.txt").write_text("A red kettle.")
    removed = cli_json("index", other, "--remove-missing")
    assert (removed["removed"], removed["documents"]) == (30, 1)
    done = cli("sync", "--remove-missing")
    assert "Removed from the index, because their files are gone: 32 documents." in done.stdout
    assert "is kept" not in done.stdout
    assert cli_json("status")["documents"] == 1


def test_what_another_collection_or_name_holds_was_not_left_out(cli_json: CliJson, shelf: Path) -> None:
    (shelf / "c.tmp").write_text("no document")
    cli_json("index", shelf)
    cli_json("collections", "--create", "Work", "--add", shelf, "--include", "a.txt")
    assert [Path(left["path"]).name for left in cli_json("sync")["skipped"]] == ["c.tmp"]
    cli_json("collections", "--change", "Documents", "--take-out", shelf)
    before = len(cli_json("sync")["skipped"])
    by_name = cli_json("index", shelf / "b.md", "--collection", "Work")
    assert (before, by_name["documents"], by_name["skipped"]) == (2, 1, [])


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes here")
def test_a_file_that_two_collections_cannot_read_is_named_once(cli_json: CliJson, shelf: Path) -> None:
    os.mkfifo(shelf / "pipe.txt")
    cli_json("index", shelf)
    cli_json("collections", "--create", "Work", "--add", shelf)
    assert [found["path"] for found in cli_json("sync")["failed"]] == [str(shelf / "pipe.txt")]


def test_a_mass_deletion_is_answered_by_index_too(cli_json: CliJson, shelf: Path) -> None:
    for number in range(30):
        (shelf / f"{number}.txt").write_text(f"kettle {number}")
    cli_json("index", shelf)
    for number in range(30):
        (shelf / f"{number}.txt").unlink()
    (question,) = cli_json("index", shelf)["questions"]
    assert (question["kind"], question["documents"], question["total"]) == ("mass_deletion", 30, 32)
    assert cli_json("index", shelf, "--remove-missing")["documents"] == 2

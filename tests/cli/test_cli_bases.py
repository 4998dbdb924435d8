"""`models --search`, `--files`, `--download`, `--scan`: as people use them, against a hub on loopback."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cli.documented import said_of
from tests.data import tiny_gguf
from tests.providers.hub_server import Fault, HubServer

NAME, FILE = "owner/Tiny-GGUF", "Tiny.Q8_0.gguf"


@pytest.fixture
def cli(in_process: Callable[..., Any]) -> Callable[..., Any]:
    """In this process."""
    return in_process


@pytest.fixture
def hub(data_dir: Path, tmp_path: Path) -> Iterator[HubServer]:
    """A hub with a tiny student, which the data directory's settings name."""
    with HubServer() as made:
        made.add(NAME, {FILE: tiny_gguf.write(tmp_path / "tiny.gguf", layers=3).read_bytes()})
        (data_dir / "settings.json").write_text(json.dumps({"hub_address": made.url, "threads": 1}))
        yield made


def test_a_base_is_found_and_fetched(
    hub: HubServer, cli: Callable[..., Any], cli_json: Callable[..., dict[str, Any]]
) -> None:
    (found,) = cli_json("models", "--search", "tiny")["found"]
    assert (found["name"], found["licence"], found["gated"], found["trainable"]) == (NAME, "apache-2.0", False, True)
    files = cli_json("models", "--files", NAME)
    (file,) = files["files"]
    assert (file["quantisation"], file["fits"], file["known"], files["revision"][:4]) == ("Q8_0", "fits", False, "0123")
    made = cli_json("models", "--download", NAME, "Q8_0")
    assert Path(made["path"]).name == FILE
    assert (made["name"], made["sha256"], made["active"]) == ("Tiny Q8_0", file["sha256"], False)
    assert [one["name"] for one in cli_json("models")["models"]].count("Tiny Q8_0") == 1
    shown = cli("models", "--files", NAME).stdout
    assert "here already" in shown
    assert "licence: apache-2.0" in shown
    assert NAME in cli("models", "--search", "tiny").stdout
    said = said_of(["models"])
    for name in {*found, *files, *file, *made}:
        assert f"`{name}`" in said, name


def test_what_goes_wrong_is_one_sentence(
    hub: HubServer, cli: Callable[..., Any], cli_json: Callable[..., dict[str, Any]]
) -> None:
    hub.next("api", Fault(status=503))
    assert "trouble of its own" in cli("models", "--search", "tiny", expect=1).stderr
    assert "no GGUF file called Q2_K" in cli("models", "--download", NAME, "Q2_K", expect=1).stderr
    assert "belongs to --scan" in cli("models", "--import-all", expect=1).stderr
    assert "no folder" in cli("models", "--scan", "nowhere-at-all", expect=1).stderr
    cli("offline", "on")
    before = len(hub.seen)
    for words in (["--search", "tiny"], ["--files", NAME], ["--download", NAME, FILE]):
        assert "offline" in cli("models", *words, expect=1).stderr
    assert len(hub.seen) == before


def test_a_folder_is_looked_through_and_brought_in(
    data_dir: Path, tmp_path: Path, cli: Callable[..., Any], cli_json: Callable[..., dict[str, Any]]
) -> None:
    folder = tmp_path / "folder"
    (folder / "deep").mkdir(parents=True)
    tiny_gguf.write(folder / "deep" / "One.F32.gguf", layers=1)
    (folder / "bad.gguf").write_text("not one")
    first = cli_json("models", "--scan", str(folder))
    assert [(Path(one["path"]).name, one["known"], bool(one["problem"])) for one in first["found"]] == [
        ("bad.gguf", False, True),
        ("One.F32.gguf", False, False),
    ]
    assert first["imported"] == []
    brought = cli_json("models", "--scan", str(folder), "--import-all")["imported"]
    assert [(Path(one["path"]).name, one["done"]) for one in brought] == [("One.F32.gguf", True)]
    shown = cli("models", "--scan", str(folder)).stdout
    assert "a student already" in shown
    assert "2 GGUF files, 0 of them usable and new, 0 imported." in shown


def test_the_same_bytes_are_one_student(
    data_dir: Path, tmp_path: Path, cli: Callable[..., Any], cli_json: Callable[..., dict[str, Any]]
) -> None:
    folder = tmp_path / "twice"
    folder.mkdir()
    for name in ("One.F32.gguf", "Two.F32.gguf"):
        tiny_gguf.write(folder / name, layers=1)
    shown = cli("models", "--scan", str(folder), "--import-all").stdout
    assert "2 GGUF files, 2 of them usable and new, 1 imported." in shown
    assert f"Two.F32.gguf has the same bytes as {folder / 'One.F32.gguf'}." in shown


def test_a_program_that_is_not_here_is_said(
    data_dir: Path, tmp_path: Path, cli: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    said = cli("models", "--scan", "lm-studio", expect=1).stderr
    assert "No folder of LM Studio's models was found." in said


def test_a_token_is_kept_from_a_variable(
    hub: HubServer, monkeypatch: pytest.MonkeyPatch, data_dir: Path, cli_json: Callable[..., dict[str, Any]]
) -> None:
    monkeypatch.setenv("TEST_HUB_TOKEN", "hf_abcdefghijklmnop")
    kept = cli_json("models", "--token-env", "TEST_HUB_TOKEN")
    assert kept["token"] == "variable"  # there is no keyring here
    assert "keyring" in kept["note"]
    monkeypatch.setenv("TEST_HUB_TOKEN", "hf_abcdefghijklmnop")
    cli_json("models", "--search", "tiny")
    assert hub.seen[-1].headers["authorization"] == "Bearer hf_abcdefghijklmnop"
    assert "hf_abc" not in (data_dir / "hub.json").read_text()
    assert cli_json("models", "--forget-token")["token"] == "none"
    cli_json("models", "--search", "tiny")
    assert "authorization" not in hub.seen[-1].headers

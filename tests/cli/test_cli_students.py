"""Versions from a script: listed, promoted, taken back, compared; its JSON is what the page says."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from forge_desktop.forge import Forge
from tests.data import adapter_for, tiny_gguf

Json = Callable[..., dict[str, Any]]
WHY = "The examples in the meeting convinced us."


@pytest.fixture
def cli(in_process: Callable[..., Any]) -> Callable[..., Any]:
    return in_process


@pytest.fixture
def tiny(tmp_path: Path, cli: Callable[..., Any]) -> Path:
    """A tiny base, imported: it is v2."""
    path = tiny_gguf.write(tmp_path / "Tiny-Chat.F32.gguf", context=2048)
    cli("models", "--import", path)
    return path


def test_a_version_comes_in_is_promoted_and_taken_back(
    tiny: Path, tmp_path: Path, cli: Callable[..., Any], cli_json: Json
) -> None:
    listed = cli_json("students", "list")
    assert [(v["version"], v["state"]) for v in listed["versions"]] == [("v2", "candidate"), ("v1", "active")]
    assert (listed["active"], listed["remote"]) == ("v1", None)
    file = adapter_for.write(tmp_path / "mine.gguf", tiny)
    made = cli_json("students", "import", file, "--base", "Tiny-Chat F32", "--name", "Mine")
    assert (made["version"], made["name"], made["quarantined"], made["scale"]) == ("v3", "Mine", True, 1.0)
    refused = cli_json("students", "promote", "v3", expect=1)["error"]
    assert "no gate has passed it" in refused["message"]
    assert "forge-desktop gate v3" in refused["hint"]
    assert "too short" in cli_json("students", "promote", "v3", "--override", "ok", expect=1)["error"]["message"]
    done = cli_json("students", "promote", "v3", "--override", WHY, "--who", "Ada")
    assert (done["version"], done["state"], done["before"]) == ("v3", "active", "v1")
    assert cli_json("students", "promote", "v3")["before"] is None, "it answers already, in place of nobody"
    assert done["warnings"][0] == "The adapter of v3 came from elsewhere and no gate has passed it."
    assert done["warnings"][1].startswith("The card of v3 is incomplete: ")
    assert [m["active"] for m in cli_json("models")["models"]] == [False, True]
    answer = cli_json("ask", "Hello?", "--max-tokens", "16", "--grounding", "free")
    assert (answer["model"], answer["version"], answer["version_uid"]) == ("Mine", "v3", made["uid"])
    assert (answer["adapter_sha256"], answer["scale"]) == (made["adapter_sha256"], 1.0)
    back = cli_json("students", "rollback", "--why", "Worse.")
    assert (back["version"], back["before"]) == ("v1", "v3")
    assert back["seconds"] >= 0
    history = cli_json("students", "history")["history"]
    assert [(h["what"], h["version"], h["who"], h["why"]) for h in history[:2]] == [
        ("rolled back", "v1", "command line", "Worse."),
        ("overridden", "v3", "command line: Ada", WHY),
    ]
    assert history[1]["against"] == done["warnings"]
    shown = cli_json("students", "show", "Mine")
    assert (shown["adapter"]["rank"], shown["adapter"]["origin"]) == (2, "imported")
    assert [h["what"] for h in shown["history"]] == ["overridden", "imported"]
    lines = cli("students", "list").stdout
    assert "* v1   SmolLM2-135M-Instruct Q4_1  (active, base)" in lines
    assert "in quarantine" in lines
    assert "overridden by command line: Ada: The examples" in cli("students", "show", "v3").stdout


def test_versions_are_derived_retired_and_removed(tiny: Path, tmp_path: Path, cli_json: Json) -> None:
    file = adapter_for.write(tmp_path / "mine.gguf", tiny)
    cli_json("students", "import", file, "--base", "Tiny-Chat F32")
    (tmp_path / "own.jinja").write_text(tiny_gguf.CHATML)
    mild = cli_json(
        "students", "derive", "v3", "--scale", "0.5", "--template", tmp_path / "own.jinja", "--passages", "2"
    )
    assert (mild["version"], mild["scale"], mild["own_template"]) == ("v4", 0.5, True)
    assert mild["retrieval"] == {"passages": 2}
    assert cli_json("students", "retire", "v4", "--why", "Too mild.")["state"] == "retired"
    assert "is retired" in cli_json("students", "promote", "v4", "--override", WHY, expect=1)["error"]["message"]
    assert cli_json("students", "bring-back", "v4")["state"] == "candidate"
    assert cli_json("students", "remove", "v4") == {"removed": "v4", "uid": mild["uid"]}
    assert "No version is called" in cli_json("students", "show", "v4", expect=1)["error"]["message"]
    told = cli_json("students", "history", "v3")["history"]
    assert [h["what"] for h in told] == ["imported"]
    assert "nothing to go back to" in cli_json("students", "rollback", expect=1)["error"]["message"]
    bad = cli_json("students", "import", tiny, "--base", "Tiny-Chat F32", expect=1)["error"]
    assert "no LoRA adapter" in bad["message"]


def test_versions_answer_side_by_side_from_the_same_passages(
    tiny: Path, tmp_path: Path, cli: Callable[..., Any], cli_json: Json
) -> None:
    documents = tmp_path / "documents"
    documents.mkdir()
    (documents / "lending.md").write_text("# Lending\n\nHand tools are lent for 14 days.\n")
    cli("index", documents)
    assert "only version that was ever active" in cli_json("students", "compare", "How", expect=1)["error"]["message"]
    file = adapter_for.write(tmp_path / "mine.gguf", tiny)
    cli_json("students", "import", file, "--base", "Tiny-Chat F32")
    asked = ("students", "compare", "How long are hand tools lent?", "--version", "v2", "--version", "v3")
    found = cli_json(*asked)
    assert [(a["version"], a["problem"]) for a in found["answers"]] == [("v2", ""), ("v3", "")]
    assert found["answers"][0]["text"] != found["answers"][1]["text"]
    assert [Path(p["path"]).name for p in found["passages"]] == ["lending.md"]
    assert "14 days" in found["passages"][0]["text"]
    assert json.dumps(found) == json.dumps({**cli_json(*asked), "answers": found["answers"]})
    assert "v3  (" in cli(*asked).stdout


def test_a_version_is_given_away_and_brought_in_elsewhere(
    tiny: Path, tmp_path: Path, cli: Callable[..., Any], cli_json: Json, monkeypatch: pytest.MonkeyPatch
) -> None:
    cli("students", "import", adapter_for.write(tmp_path / "mine.gguf", tiny), "--base", "Tiny-Chat F32")
    file = tmp_path / "mine.forgeversion"
    done = cli_json("students", "export", "v3", file, "--with-base")
    assert (done["version"], done["with_base"], done["gates"]) == ("v3", True, 0)
    assert done["bytes"] == file.stat().st_size
    assert "is there already" in cli_json("students", "export", "v3", file, expect=1)["error"]["message"]
    monkeypatch.setenv("FORGE_DATA_DIR", str(tmp_path / "there"))
    made = cli_json("students", "import", file)
    assert (made["adapter_sha256"], made["quarantined"]) == (done["adapter_sha256"], True)
    named = cli_json("students", "import", file, "--base", "x", expect=1)["error"]["message"]
    assert "says its base" in named
    assert "--base NAME" in cli_json("students", "import", tiny, expect=1)["error"]["hint"]


def test_versions_are_read_beside_the_window_and_only_read(tiny: Path, data_dir: Path, cli_json: Json) -> None:
    with contextlib.closing(Forge(data_dir, holder="the window")):
        assert cli_json("students", "list")["active"] == "v1"
        assert cli_json("students", "show", "v2")["base"] == "Tiny-Chat F32"
        assert len(cli_json("students", "history")["history"]) == 3
        refused = cli_json("students", "promote", "v2", expect=1)["error"]
        assert "the window" in refused["message"]


def test_what_comes_from_elsewhere_never_makes_a_line_of_its_own(
    tiny: Path, cli: Callable[..., Any], cli_json: Json
) -> None:
    forged = "x\n  2026-01-01 00:00  v9   promoted by the board\x1b[2J"
    cli("students", "promote", "v2", "--who", forged, "--why", forged)
    lines = cli("students", "history").stdout.splitlines()
    assert len(lines) == len(cli_json("students", "history")["history"])
    assert not any(line.startswith("  2026-01-01") for line in lines)
    assert "\\n  2026-01-01 00:00" in lines[0]
    assert "answers already" in cli("students", "promote", "v2").stdout
    refused = cli("students", "show", "a\nb", expect=1)
    assert len(refused.stderr.splitlines()) == 1


def test_what_differs_is_listed_and_what_is_no_step_is_refused(
    tiny: Path, tmp_path: Path, cli: Callable[..., Any], cli_json: Json
) -> None:
    refused = cli_json("students", "derive", "v2", expect=1)["error"]["message"]
    assert refused.startswith("Nothing was given")
    gone = cli_json("students", "derive", "v2", "--template", tmp_path / "no.jinja", expect=1)["error"]["message"]
    assert f"The template {tmp_path / 'no.jinja'} cannot be read: No such file" in gone
    broken = tmp_path / "bad.jinja"
    broken.write_text("{% for %}")
    said = cli_json("students", "derive", "v2", "--template", broken, expect=1)["error"]["message"]
    assert str(broken) in said
    plain = tmp_path / "plain.jinja"
    plain.write_text("{% for message in messages %}{{ message['content'] }}{% endfor %}")
    cli("students", "derive", "v2", "--template", plain, "--passages", "3", "--neighbours", "1", "--name", "Own")
    assert "a template of its own, neighbours 1, passages 3" in cli("students", "list").stdout
    again = cli("students", "derive", "v3", "--passages", "3", "--name", "Other")
    assert "was here already" in again.stderr
    assert cli_json("students", "history", "v3")["history"][0]["who"] == "command line"
    for reason in ("aaaa aaaa aaaa aaaa", "12345 67890 11111", "yes yes no no"):
        file = adapter_for.write(tmp_path / "one.gguf", tiny)
        made = cli_json("students", "import", file, "--base", "Tiny-Chat F32")
        assert (
            "too short a reason" in cli("students", "promote", made["version"], "--override", reason, expect=1).stderr
        )
    assert cli_json("students", "history", "v4")["history"][-1]["who"] == "command line"
    empty = tmp_path / "empty.forgeversion"
    empty.touch()
    said = cli_json("students", "import", empty, expect=1)["error"]["message"]
    assert said == f"{empty} is damaged: the bundle is empty."
    hinted = cli_json("students", "import", empty, "--base", "Tiny-Chat F32", expect=1)["error"]["hint"]
    assert hinted == "Leave --base and --name out."
    assert "no ordinary file" in cli("students", "import", "/dev/zero", "--base", "Tiny-Chat F32", expect=1).stderr

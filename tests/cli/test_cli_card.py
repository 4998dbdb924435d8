"""Cards from a script: written, checked, published, compared; its JSON is what the page says."""

from __future__ import annotations

import contextlib
import io
import json
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from forge_desktop.cli.output import Output
from forge_desktop.forge import Forge
from tests.cards.completing import complete

Json = Callable[..., dict[str, Any]]
SPEEDS = (("prompt_speed", "1000 / 1500"), ("generation_speed", "100 / 150"))
WRITTEN = "---\nlicense: mit\nlanguage:\n- en\n---\n# A card\n\nSome text.\n"


@pytest.fixture
def cli(in_process: Callable[..., Any]) -> Callable[..., Any]:
    return in_process


@pytest.fixture
def teacher(cli: Callable[..., Any]) -> str:
    """An endpoint on this computer that asks two dollars and eight."""
    address = ("--url", "http://127.0.0.1:9/v1", "--model", "m", "--no-key")
    cli("teachers", "add", "--name", "Prof", *address, "--price-in", "2", "--price-out", "8")
    return "Prof"


def test_a_card_is_written_by_hand_checked_and_taken_back(cli: Callable[..., Any], cli_json: Json) -> None:
    (listed,) = cli_json("card", "list")["cards"]
    assert (listed["label"], listed["kind"], listed["state"]) == ("v1", "student", "draft")
    assert cli_json("card", "list", "--kind", "teacher")["cards"] == []
    done = cli_json("card", "set", "v1", "latency", "120 / 340 ms")
    (field,) = done["fields"]
    assert (field["value"], field["unit"], field["origin"]) == ({"p50": 120, "p95": 340}, "ms", "hand")
    for field, value, said in (
        ("latency", "340 / 120 ms", "Time of a whole answer"),
        ("file_bytes", "4 tokens", "File size"),
        ("licence", "no such licence", "Licence"),
        ("contact", "nobody", "Contact"),
        ("wings", "two", "wings"),
    ):
        (line,) = cli("card", "set", "v1", field, value, expect=1).stderr.splitlines()
        assert said in line
    cli("card", "set", "v1", "file_bytes", "4.2", "--unit", "GB")
    assert cli_json("card", "show", "v1", "file_bytes")["fields"][0]["value"] == 4_200_000_000
    cli("card", "set", "v1", "price_input", "0.15", expect=1)  # a student has no price
    cli("card", "set", "v1", "file_bytes", "--not-applicable", "We do not tell.")
    (told,) = cli_json("card", "show", "v1", "file_bytes")["fields"]
    assert (told["value"], told["not_applicable"]) == (None, "We do not tell.")
    cli("card", "undo", "v1")
    cli("card", "set", "v1", "memory_vram", "--not-applicable", "It has no GPU.")
    (told,) = cli_json("card", "show", "v1", "memory_vram")["fields"]
    assert (told["value"], told["not_applicable"]) == (None, "It has no GPU.")
    assert "'smell' is none that is known" in cli("card", "set", "v1", "inputs", "text, smell").stdout
    cli("card", "undo", "v1")
    taken_back = cli_json("card", "undo", "v1")
    assert taken_back["can_redo"] is True
    assert taken_back["what"] == "Peak memory of the GPU"
    assert [change["field"] for change in taken_back["changes"]] == ["memory_vram"]
    assert cli_json("card", "show", "v1", "memory_vram")["fields"][0]["not_applicable"] == ""
    assert "Made again: Peak memory of the GPU." in cli("card", "redo", "v1").stdout
    cli("card", "set", "v1", "latency", "--clear")
    report = cli_json("card", "check", "v1", expect=1)
    assert report["ok"] is False
    assert "Licence" in report["missing"]
    told = cli("card", "check", "v1", expect=1).stdout
    assert "missing: Licence [licence]" in told
    assert "`card fill v1` fills in what is known." in told
    shown = cli("card", "show", "v1").stdout
    assert "File size" in shown
    assert "written by hand on 20" in shown
    assert "does not apply: It has no GPU." in shown
    assert "No card is called" in cli_json("card", "show", "nobody", expect=1)["error"]["message"]
    assert cli_json("card", "show", "v1", "wings", expect=1)["error"]["hint"]


def test_a_card_says_what_belongs_in_its_fields(cli: Callable[..., Any], cli_json: Json) -> None:
    made = cli("card", "new", "teacher", "Elsewhere").stdout
    assert "`card set " in made
    assert "card fill" not in made, "nothing is known of what is not here"
    (field,) = cli_json("card", "show", "--all", "Elsewhere", "safety")["fields"]
    assert field["guidance"].startswith("What could go wrong")
    shown = cli("card", "show", "Elsewhere", "--all", "safety").stdout
    assert field["guidance"] in shown
    assert f"For example: {field['example']}" in shown
    rows = [
        {"dataset": "Facts", "metric": "exact_match", "value": 0.53125, "unit": "share", "n": 32, "config": "x" * 400,
         "baseline": 0.28125, "difference": 0.25, "low": 0.1, "high": 0.4, "less_is_better": False}
    ]  # fmt: skip
    cli("card", "set", "Elsewhere", "evaluation", json.dumps(rows))
    said = cli("card", "show", "Elsewhere", "evaluation").stdout
    assert "Facts: exact_match 0.5312, difference 0.25 (0.1 to 0.4), against 0.2812, n 32" in said
    assert "x" * 20 not in said
    assert "No card is called 'Nobody'" in cli("card", "show", "Nobody", expect=1).stderr
    taken = cli_json("card", "new", "teacher", "elsewhere", expect=1)["error"]
    assert "is taken" in taken["message"]


def test_texts_and_rows_come_from_files(tmp_path: Path, cli: Callable[..., Any], cli_json: Json) -> None:
    (tmp_path / "use.md").write_text("For *tools*.\n\nNot for law.\n")
    (field,) = cli_json("card", "set", "v1", "intended_use", "--file", tmp_path / "use.md")["fields"]
    assert field["value"] == "For *tools*.\n\nNot for law."
    rows = [{"task": "text-generation", "dataset": "Facts", "metric": "exact_match", "value": 0.5}]
    (tmp_path / "rows.json").write_text(json.dumps(rows))
    (field,) = cli_json("card", "set", "v1", "evaluation", "--file", tmp_path / "rows.json")["fields"]
    assert field["value"] == rows
    (tmp_path / "rows.json").write_text("[{]")
    refused = cli_json("card", "set", "v1", "evaluation", "--file", tmp_path / "rows.json", expect=1)["error"]
    assert "Evaluation results is no JSON (line 1, column 3)" in refused["message"]
    (tmp_path / "bad").write_bytes(b"\xff\xfe\xff")
    assert (
        "UTF-8"
        in cli_json("card", "set", "v1", "intended_use", "--file", tmp_path / "bad", expect=1)["error"]["message"]
    )
    assert "cannot be read" in cli_json("card", "set", "v1", "users", "--file", "no", expect=1)["error"]["message"]
    cli("card", "set", "v1", "wings", "--clear", expect=1)
    cli("card", "set", "v1", "users", expect=2)
    cli("card", "set", "v1", "users", "x", "--clear", expect=2)


def test_the_editor_changes_the_markdown(
    tmp_path: Path, cli: Callable[..., Any], cli_json: Json, monkeypatch: pytest.MonkeyPatch, data_dir: Path
) -> None:
    script = tmp_path / "editor.py"
    script.write_text("import sys\np = sys.argv[-1]\nopen(p, 'a').write('\\n## Our own\\n\\nKept.\\n')\n")
    monkeypatch.delenv("VISUAL", raising=False)
    monkeypatch.setenv("EDITOR", f"{sys.executable} {script}")
    assert cli_json("card", "edit", "v1")["taken"] is True
    assert "## Our own" in cli_json("card", "show", "v1", "--markdown")["markdown"]
    assert not list(data_dir.glob("card-*"))
    monkeypatch.setenv("EDITOR", "no-such-editor-at-all")
    assert "cannot be started" in cli_json("card", "edit", "v1", expect=1)["error"]["message"]
    monkeypatch.setenv("EDITOR", f"{sys.executable} -c 'raise SystemExit(3)'")
    assert "status 3" in cli_json("card", "edit", "v1", expect=1)["error"]["message"]
    monkeypatch.setenv("EDITOR", "")
    assert "no editor" in cli_json("card", "edit", "v1", expect=1)["error"]["message"]
    too_much = "import sys\nopen(sys.argv[-1], 'wb').write(b'\\xff')\n"
    script.write_text(too_much)
    monkeypatch.setenv("EDITOR", f"{sys.executable} {script}")
    refused = cli_json("card", "edit", "v1", expect=1)["error"]
    assert "UTF-8" in refused["message"]
    assert [str(kept) in refused["hint"] for kept in data_dir.glob("card-*.md")] == [True]


def test_a_broken_text_is_kept_and_named_by_line_and_column(
    tmp_path: Path, cli: Callable[..., Any], cli_json: Json, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = tmp_path / "editor.py"
    script.write_text("import sys\nopen(sys.argv[-1], 'w').write('---\\nlicense: [mit\\n---\\n# Broken\\n')\n")
    monkeypatch.delenv("VISUAL", raising=False)
    monkeypatch.setenv("EDITOR", f"{sys.executable} {script}")
    done = cli_json("card", "edit", "v1", expect=1)
    assert (done["taken"], done["broken"]) == (False, True)
    assert done["problems"][0]["line"] >= 2
    assert cli_json("card", "show", "v1")["problem"]["line"] == done["problems"][0]["line"]
    assert cli_json("card", "check", "v1", expect=1)["problems"][0]["line"] == done["problems"][0]["line"]


def test_a_file_is_checked_without_being_brought_in(tmp_path: Path, cli: Callable[..., Any], cli_json: Json) -> None:
    good, bad = tmp_path / "good.md", tmp_path / "bad.md"
    good.write_text(WRITTEN)
    report = cli_json("card", "check", good, expect=1)
    assert report["file"] == str(good)
    assert "Intended use" in report["missing"]
    assert "Licence" not in report["missing"]
    bad.write_text("---\nlicense: mit\ntags: [a, b\n---\n# A card\n")
    (problem,) = cli_json("card", "check", bad, expect=1)["problems"]
    assert problem["line"] in (3, 4)
    assert problem["column"] >= 1
    assert f"{bad}:{problem['line']}:{problem['column']}: error: " in cli("card", "check", bad, expect=1).stdout
    bad.write_bytes(b"# A card\n\nWith \xff in it.\n")
    (problem,) = cli_json("card", "check", bad, expect=1)["problems"]
    assert (problem["line"], problem["column"]) == (3, 6)
    (tmp_path / "no.json").write_text("{}")
    assert "neither a card" in cli_json("card", "check", tmp_path / "no.json", expect=1)["error"]["message"]
    assert "cannot be read" in cli_json("card", "check", tmp_path / "gone.md", expect=1)["error"]["message"]
    assert len(cli_json("card", "list")["cards"]) == 1


def test_a_card_of_somebody_else_comes_in(tmp_path: Path, cli: Callable[..., Any], cli_json: Json) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "README.md").write_text(WRITTEN.replace("license: mit", "license: mit\nodd_key: kept"))
    made = cli_json("card", "import", folder)
    assert (made["kind"], made["broken"], made["orphan"] != "") == ("student", False, True)
    assert cli_json("card", "show", made["card"], "licence")["fields"][0]["value"] == "MIT"
    assert "odd_key: kept" in cli_json("card", "show", made["card"], "--markdown")["markdown"]
    into = cli_json("card", "import", folder / "README.md", "--card", "v1")
    assert into["label"] == "v1"
    assert "neither a card" in cli_json("card", "import", _other(tmp_path), expect=1)["error"]["message"]
    assert cli_json("card", "import", tmp_path / "gone.md", expect=1)["error"]["message"]
    (tmp_path / "broken.md").write_text("---\nlicense: [mit\n---\n# Broken\n")
    broken = cli_json("card", "import", tmp_path / "broken.md", "--kind", "adapter", expect=1)
    assert (broken["broken"], broken["kind"]) == (True, "adapter")
    assert broken["problem"]["line"] >= 2
    assert "error: " in cli("card", "check", broken["card"], expect=1).stdout


def _other(folder: Path) -> Path:
    (folder / "other.json").write_text("{}")
    return folder / "other.json"


def test_cards_of_what_is_not_here(tmp_path: Path, cli: Callable[..., Any], cli_json: Json) -> None:
    made = cli_json("card", "new", "teacher", "Elsewhere")
    assert (made["kind"], made["subject"]) == ("teacher", None)
    cli("card", "set", "Elsewhere", "price_input", "0.15")
    (price,) = cli_json("card", "show", "Elsewhere", "price_input")["fields"]
    assert (price["value"], price["unit"]) == ("0.150000", "USD")
    told = cli_json("card", "diff", "v1", "Elsewhere")["changes"]
    assert "price_input" in [change["field"] for change in told]
    assert cli_json("card", "remove", "Elsewhere", "--yes")["removed"] == made["card"]
    assert cli_json("card", "remove", "v1", "--yes", expect=1)["error"]["message"]
    assert "No version of this card" in cli_json("card", "diff", "v1", expect=1)["error"]["message"]


def test_a_complete_card_is_published_locked_and_restored(
    data_dir: Path, cli: Callable[..., Any], cli_json: Json
) -> None:
    cli("card", "new", "student", "Mine")
    refused = cli_json("card", "publish", "Mine", expect=1)["error"]["message"]
    assert "is missing" in refused
    cli("card", "set", "Mine", "intended_use", "For tools.")
    with contextlib.closing(Forge(data_dir, holder="a test")) as forge:
        complete(forge, "Mine")
    done = cli_json("card", "publish", "Mine", "--who", "Ada", "--note", "First.")
    assert (done["number"], done["state"], done["who"]) == (
        2,
        "published",
        "Ada",
    )  # the first was kept before it was completed
    assert cli_json("card", "check", "Mine")["ok"] is True
    locked = cli_json("card", "set", "Mine", "intended_use", "For law.", expect=1)["error"]
    assert "reopen" in locked["hint"]
    cli("card", "reopen", "Mine")
    cli("card", "set", "Mine", "intended_use", "For law.")
    (change,) = [one for one in cli_json("card", "diff", "Mine")["changes"] if one["field"] != "document"]
    assert (change["before"], change["after"]) == ("For tools.", "For law.")
    cli("card", "restore", "Mine", "2")
    assert cli_json("card", "show", "Mine", "intended_use")["fields"][0]["value"] == "For tools."
    versions = cli_json("card", "history", "Mine")["versions"]
    assert "First." in [version["note"] for version in versions]
    assert "published by Ada: First." in cli("card", "history", "Mine").stdout
    earlier = cli_json("card", "show", "Mine", "intended_use", "--number", "2")["fields"][0]
    assert earlier["value"] == "For tools."


def test_cards_leave_in_every_format(tmp_path: Path, cli: Callable[..., Any], cli_json: Json) -> None:
    done = cli_json("card", "export", "v1", "--to", tmp_path / "out")
    names = {Path(one["path"]).name for one in done["files"]}
    assert {"README.md", "card.json", "card.html"} <= names
    assert all(Path(one["path"]).stat().st_size == one["bytes"] for one in done["files"])
    assert "there already" in cli_json("card", "export", "v1", "--to", tmp_path / "out", expect=1)["error"]["message"]
    cli("card", "export", "v1", "--to", tmp_path / "out", "--replace")
    one = cli_json("card", "export", "v1", "--format", "json", "--to", tmp_path / "one.json")
    assert [Path(each["path"]).name for each in one["files"]] == ["one.json"]
    (each,) = cli_json("card", "export", "v1", "--format", "json", "--to", tmp_path / "folder")["files"]
    assert each["path"] == str(tmp_path / "folder" / "card.json")
    both = cli_json("card", "export", "v1", "--format", "json", "--format", "html,json", "--to", tmp_path / "both")
    assert {Path(file["path"]).suffix for file in both["files"]} == {".json", ".html"}
    cli("card", "export", "v1", "--format", "docx", expect=2)
    assert "No finding" in cli_json("card", "export", "v1", "--reveal", "abcd", expect=1)["error"]["message"]
    assert cli_json("card", "check", tmp_path / "one.json", expect=1)["file"] == str(tmp_path / "one.json")


def test_what_is_private_is_named_hidden_and_revealed_on_a_persons_word(
    tmp_path: Path, cli: Callable[..., Any], cli_json: Json, data_dir: Path
) -> None:
    private = "/home/ada/secret/notes.txt"
    cli("card", "set", "v1", "users", f"Those who read {private}.")
    leak = next(one for one in cli_json("card", "check", "v1", expect=1)["leaks"] if private in one["text"])
    assert (leak["kind"], leak["field"], leak["revealed"]) == ("path", "users", False)
    assert f"[{leak['finding'][:12]}]" in cli("card", "check", "v1", expect=1).stdout

    def written(name: str, *more: object) -> tuple[int, bool]:
        done = cli_json("card", "export", "v1", "--format", "markdown", "--to", tmp_path / f"{name}.md", *more)
        return done["hidden"], private in (tmp_path / f"{name}.md").read_text()

    assert written("hidden") == (1, False)
    said = cli("card", "export", "v1", "--format", "html", "--to", tmp_path / "o.html").stdout
    assert "Hidden: 1 private part." in said
    assert written("all", "--reveal-all") == (0, True)
    assert private not in cli_json("card", "show", "v1", "--markdown")["markdown"]
    at = ("--to", tmp_path / "all.md", "--format", "markdown")
    cli("card", "export", "v1", *at, "--reveal", leak["finding"][:12], expect=1)  # that file is there
    assert written("unmoved") == (1, False)
    cli("card", "export", "v1", "--to", data_dir / "out", expect=1)
    assert not (data_dir / "out").exists()
    assert written("revealed", "--reveal", leak["finding"][:12]) == (0, True)
    assert written("still") == (0, True)
    assert written("again", "--hide", leak["finding"]) == (1, False)


def test_cards_are_compared_in_a_persons_money(
    teacher: str, cli: Callable[..., Any], cli_json: Json, data_dir: Path
) -> None:
    for field, value in SPEEDS:
        cli("card", "set", "v1", field, value)
    for field, value in (("price_input", "2"), ("price_output", "8")):
        cli("card", "set", teacher, field, value)
    asked = ("card", "compare", "v1", teacher, "--currency", "EUR", "--rate", "0.5", "--hardware", "730.5")
    found = cli_json(*asked, "--hours", "10", "--residual", "0", "--electricity", "0.15", "--ratio", "3")
    assert [(card["label"], card["local"]) for card in found["cards"]] == [("v1", True), ("Prof", True)]
    (answer,) = found["answers"]
    assert (answer["local_usd"], answer["api_usd"], answer["cheaper"]) == ("0.000117", "0.003500", "API")
    assert "1.75 EUR with Prof" in answer["sentences"][0]
    assert answer["break_even"] > 0
    assert found["inputs"]["hardware_usd"] == "1461.000000"
    assert "watts" in found["inputs"]["assumed"]
    assert "hours" not in found["inputs"]["assumed"]
    rows = {row["key"]: row for row in found["rows"]}
    assert rows["fit"]["figures"][0]["shown"] == "fits"
    assert "MB" in rows["fit"]["figures"][0]["how"]
    assert rows["mix"]["figures"][0]["best"] is True
    unknown = [one for one in found["capabilities"] if one["amount_usd"] is None]
    assert {one["key"] for one in unknown} >= {"index", "search", "run"}
    assert all(one["missing"] for one in unknown)
    assert not (data_dir / "settings.json").exists()
    said = cli(*asked, "--save").stdout
    assert "Local or API: v1 or Prof" in said
    assert "If the computer is there anyway" in said
    assert "Assumed, until you set it" in said
    assert json.loads((data_dir / "settings.json").read_text())["cost_hardware"] == "730.5"
    assert "two cards or more" in cli_json("card", "compare", "v1", expect=1)["error"]["message"]
    assert "named twice" in cli_json("card", "compare", "v1", "v1", expect=1)["error"]["message"]
    cli("card", "compare", "v1", teacher, "--hours", "25", expect=2)


def test_cards_are_read_beside_the_window_and_only_read(tmp_path: Path, data_dir: Path, cli_json: Json) -> None:
    with contextlib.closing(Forge(data_dir, holder="the window")) as forge:
        forge.cards.new("teacher", "Elsewhere")
        assert [card["name"] for card in cli_json("card", "list", "--kind", "teacher")["cards"]] == ["Elsewhere"]
        assert cli_json("card", "show", "v1")["label"] == "v1"
        assert cli_json("card", "check", "v1", expect=1)["ok"] is False
        assert cli_json("card", "history", "v1")["versions"] == []
        assert cli_json("card", "export", "v1", "--format", "html", "--to", tmp_path / "c.html")["files"]
        assert cli_json("card", "compare", "v1", "Elsewhere")["answers"][0]["cheaper"] is None
        refused = cli_json("card", "set", "v1", "intended_use", "x", expect=1)["error"]
        assert "the window" in refused["message"]


def test_what_comes_from_elsewhere_never_makes_a_line_of_its_own(cli: Callable[..., Any], cli_json: Json) -> None:
    forged = "x\n  v9       Promoted \u202e"
    cli("card", "new", "student", "Odd")
    cli("card", "set", "Odd", "intended_use", forged)
    shown = cli("card", "show", "Odd").stdout
    assert "\u202e" not in shown
    assert not any(line.startswith("  v9") for line in shown.splitlines())
    assert len(cli("card", "show", "a\nb", expect=1).stderr.splitlines()) == 1


@pytest.mark.skipif(sys.platform != "linux", reason="looks at children in /proc")
def test_ctrl_c_while_measuring_keeps_the_card(start: Callable[..., subprocess.Popen[bytes]], cli_json: Json) -> None:
    before = cli_json("card", "show", "v1")
    process = start("card", "fill", "v1", "--json")
    threads = Path(f"/proc/{process.pid}/task")
    deadline = time.monotonic() + 60
    while not any(path.read_text().strip() for path in threads.glob("*/children")):
        assert time.monotonic() < deadline
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(0.05)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (130, b"")
    assert json.loads(out)["error"]["message"] == "Interrupted."
    after = cli_json("card", "show", "v1")
    assert after["fields"] == before["fields"]


def test_what_would_be_lost_or_cannot_be_is_not_done_without_a_word(
    tmp_path: Path, cli: Callable[..., Any], cli_json: Json
) -> None:
    cli("card", "new", "teacher", "Elsewhere")
    assert "goes with all that it says" in cli("card", "remove", "Elsewhere", expect=1).stderr
    said = cli_json("card", "set", "v1", "intended_use", "", expect=1)["error"]
    assert "Nobody wrote" in said["message"]
    cli("card", "set", "v1", "intended_use", "Reads.")
    cli("card", "set", "v1", "intended_use", "")
    missing = [one for one in cli_json("card", "show", "v1")["fields"] if one["value"] is None]
    assert missing
    for one in missing:
        assert [one[name] for name in ("unit", "shown", "origin", "source", "detail", "at", "stale")] == [
            "", "", None, None, {}, None, ""
        ]  # fmt: skip
    for name, value, unit in (("acc", 250, "%"), ("f1", 1.2, "share"), ("nll", 3.2, "nats")):
        row = {"dataset": "d", "metric": name, "value": value, "unit": unit}
        odd = cli_json("card", "set", "v1", "evaluation", json.dumps([row]))["problems"]
        assert [one["severity"] for one in odd] == ["warning"] * (name != "nll"), name
    for money in ("EUR<script>", "euro", "EUROPE"):
        assert "Your money" in cli("card", "compare", "v1", "Elsewhere", "--currency", money, expect=1).stderr
    told = cli("card", "compare", "v1", "Elsewhere", "--residual", "12,5", expect=2).stderr
    assert "choose a whole number from 0 to 100" in told
    done = cli("card", "set", "v1", "evaluation", '[{"dataset": "x", "metric": "acc"}, {"dataset": "y"}]').stdout
    assert "None" not in done
    assert "x: acc without a value" in done
    assert "row 2: it has no value" in done
    for how in (("--clear",), ("--reviewed",)):
        assert "nothing to" in cli("card", "set", "v1", "citation", *how, expect=1).stderr
    folder = tmp_path / "model"
    folder.mkdir()
    shutil.copy(_document(cli, folder), tmp_path / "x.cyclonedx")
    assert cli_json("card", "check", tmp_path / "x.cyclonedx", expect=1)["filled"] > 5
    assert cli_json("card", "import", tmp_path / "x.cyclonedx")["kind"] == "student"
    assert "card export v1 --replace" in cli(
        "card", "export", "v1", "--format", "cyclonedx", "--to", folder, expect=1
    ).stderr  # fmt: skip
    with contextlib.chdir(tmp_path):
        assert cli_json("card", "check", "model", expect=1)["file"] == str(folder)


def _document(cli: Callable[..., Any], folder: Path) -> Path:
    cli("card", "export", "v1", "--format", "cyclonedx", "--to", folder)
    return folder / "card.cdx.json"


def test_a_text_that_waits_to_be_mended_is_shown_and_is_how_its_card_began(
    tmp_path: Path, cli: Callable[..., Any], cli_json: Json
) -> None:
    (tmp_path / "wreck.md").write_text("---\nlicense: [mit\n---\n# Wreck\n")
    wreck = cli_json("card", "import", tmp_path / "wreck.md", expect=1)["card"]
    assert "license: [mit" in cli("card", "show", wreck, "--markdown").stdout
    assert "license: [mit" in cli_json("card", "show", wreck, "--markdown")["markdown"]
    assert "taken back" in cli("card", "undo", wreck, expect=1).stderr
    assert "license: [mit" in cli("card", "show", wreck, "--markdown").stdout


def test_markdown_that_is_shown_is_the_file_that_is_exported(
    tmp_path: Path, cli: Callable[..., Any], cli_json: Json
) -> None:
    own = Path(__file__).parents[1] / "data" / "cards" / "own" / "tern-embedder-crlf-bom.md"
    uid = cli_json("card", "import", own)["card"]
    cli("card", "export", uid, "--format", "markdown", "--to", tmp_path / "it.md")
    shown = cli("card", "show", uid, "--markdown").stdout.encode()
    assert shown == (tmp_path / "it.md").read_bytes()
    assert shown.startswith(b"\xef\xbb\xbf---\r\n")
    assert shown.count(b"\n") == shown.count(b"\r\n")


def test_on_a_terminal_nothing_of_a_text_can_act_on_it(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = io.StringIO()
    monkeypatch.setattr(shown, "isatty", lambda: True)
    monkeypatch.setattr("sys.stdout", shown)
    Output(json=False).file(b"# A\r\n\x1b[2Jcard\r\n")
    assert shown.getvalue() == "# A\n\\x1b[2Jcard\n"

"""The verbs `teachers` and `offline`: endpoints from a script, keys that no argument, file or child ever holds."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from forge_desktop.base.redacting import keep_secret
from forge_desktop.cli import main
from forge_desktop.cli.output import Output
from tests.cli.conftest import COMMAND, ROOT
from tests.providers.teacher import Teacher

KEY = "sk-CANARY-cli-0123456789"
Json = Callable[..., dict[str, Any]]

_LOCAL = ("--url", "http://127.0.0.1:9/v1", "--model", "m", "--price-in", "0.15", "--price-out", "0.60")


@pytest.fixture
def here(capsys: pytest.CaptureFixture[str], data_dir: Path, one_object: Callable[[str], dict[str, Any]]) -> Json:
    """Run a verb with --json in this process, which saves the time of a start."""

    def run(*arguments: str, expect: int = 0) -> dict[str, Any]:
        capsys.readouterr()
        status = main([*arguments, "--json"])
        told = capsys.readouterr()
        assert (status, told.err) == (expect, ""), told
        return one_object(told.out)

    return run


def test_a_teacher_is_added_listed_changed_priced_and_removed(
    here: Json, cli: Callable[..., Any], check_fields: Callable[..., None]
) -> None:
    added = here("teachers", "add", "--name", "Local", *_LOCAL, "--no-key", "--context", "8192", "--priority", "2")
    teacher = added["teacher"]
    check_fields(teacher, uid=str, name=str, url=str, roles=list, price=dict, blocked=str, learnt=dict, context=int)
    assert (teacher["key"], teacher["context"], teacher["priority"], teacher["wire"]) == ("none", 8192, 2, "openai")
    assert (teacher["price"]["input_usd"], teacher["price"]["output_usd"]) == ("0.150000", "0.600000")
    assert teacher["price"]["source"] == "by hand"
    assert added["notes"] == [
        "Whether its answers may train a model is not known: look into its terms, then say --may-train."
    ]
    listed = here("teachers", "list")
    check_fields(listed, teachers=list, keyring=str, prices=dict, offline=bool)
    assert [one["name"] for one in listed["teachers"]] == ["Local"]
    changed = here("teachers", "change", "local", "--rename", "Mine", "--may-train", "yes", "--no-enabled", "--no-key")
    assert (changed["teacher"]["name"], changed["teacher"]["enabled"]) == ("Mine", False)
    priced = here("teachers", "price", "Mine", "--price-in", "1", "--price-out", "2", "--since", "2026-01-01")
    assert priced["price"]["input_usd"] == "0.150000"  # today's holds; this one is older
    assert [one["since"] for one in priced["by_hand"]][-1] == "2026-01-01"
    early = here("teachers", "price", "Mine", "--price-in", "3", "--price-out", "4", "--since", "2130-01-01")
    assert early["price"]["input_usd"] == "0.150000"
    assert "From 2130-01-01: $3.00 in, $4.00 out a million tokens" in cli("teachers", "price", "Mine").stdout
    text = cli("teachers").stdout
    assert "Mine  (off)" in text
    assert "$0.15 in, $0.60 out a million tokens (by hand, " in text
    assert here("teachers", "remove", "Mine") == {"removed": "Mine"}
    assert here("teachers")["teachers"] == []


def test_the_price_table_knows_models_and_an_unknown_one_needs_its_price(here: Json) -> None:
    url = ("--url", "https://api.openai.com/v1", "--no-key")
    known = here("teachers", "add", "--name", "GPT", *url, "--model", "gpt-5-mini")["teacher"]
    assert known["price"]["source"].startswith("genai-prices")
    assert (known["vendor"], known["context"]) == ("openai", 400_000)
    unknown = here("teachers", "add", "--name", "X", *url, "--model", "gpt-99", expect=1)
    assert unknown["error"]["message"] == "The price of gpt-99 is not known."
    half = here("teachers", "price", "GPT", "--price-in", "1", expect=1)
    assert "both --price-in and --price-out" in half["error"]["message"]


def test_a_key_in_a_variable_is_named_and_no_file_holds_it(cli_json: Json, here: Json, data_dir: Path) -> None:
    with Teacher(key=KEY) as teacher:
        at = ("--url", teacher.url, "--model", "m", "--price-in", "0.15", "--price-out", "0.60")
        added = cli_json("teachers", "add", "--name", "T", *at, "--key-env", "MINE", env={"MINE": KEY})
        assert (added["teacher"]["key"], added["teacher"]["key_variable"]) == ("variable", "MINE")
        assert "no keyring that can be trusted" in added["notes"][0]
        tested = cli_json("teachers", "test", "T", env={"MINE": KEY})
        assert tested["ok"], tested
        missing = here("teachers", "test", "T", expect=1)
        assert missing["message"] == ("The key of T is read from the environment variable MINE, which is not set.")
        wrong = cli_json("teachers", "test", "T", env={"MINE": "sk-wrong-0123456789"}, expect=1)
        assert not wrong["ok"]
        assert "refused" in here("teachers", "list")["teachers"][0]["blocked"]
        assert here("teachers", "reset", "T")["teacher"]["blocked"] == ""
        there = ("--url", "https://elsewhere.example.com/v1")
        refused = cli_json("teachers", "change", "T", *there, env={"MINE": KEY}, expect=1)
        assert "must be given again" in refused["error"]["message"]
    for file in data_dir.rglob("*"):
        assert not file.is_file() or KEY.encode() not in file.read_bytes(), file


def test_a_key_is_never_an_argument(cli: Callable[..., Any], here: Json) -> None:
    for words in (("--key", KEY), (f"--key={KEY}",)):
        done = cli("teachers", "add", "--name", "T", *_LOCAL, *words, expect=2)
        assert KEY not in done.stdout + done.stderr
        assert "never an argument" in done.stderr
    named = here("teachers", "add", "--name", "T", *_LOCAL, "--key-env", KEY, expect=1)
    assert KEY not in json.dumps(named)
    nowhere = here("teachers", "add", "--name", "T", *_LOCAL, expect=1)
    assert nowhere["error"]["message"] == "Where is its key?"


def _with_terminal() -> None:
    import fcntl
    import termios

    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


def test_a_key_is_typed_at_a_prompt_that_does_not_show_it(data_dir: Path) -> None:
    pty = pytest.importorskip("pty")
    terminal, inner = pty.openpty()
    command = (*COMMAND, "teachers", "add", "--name", "T", *_LOCAL)
    process = subprocess.Popen(
        command,
        stdin=inner,
        stdout=inner,
        stderr=inner,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        start_new_session=True,
        preexec_fn=_with_terminal,
    )
    os.close(inner)
    shown = b""
    try:
        while more := _read(terminal):
            shown += more
            if shown.endswith(b"Key of T: "):
                os.write(terminal, KEY.encode() + b"\n")
    finally:
        os.close(terminal)
        process.kill()
        process.wait()
    assert KEY.encode() not in shown
    assert b"key in memory" in shown


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 4096)
    except OSError:  # the other end is closed
        return b""


def test_bad_endpoints_are_one_sentence(here: Json) -> None:
    for words, says in (
        (("--url", "http://example.com"), "readable through the internet"),
        (("--url", f"https://u:{KEY}@example.com"), "name or a password"),
        (("--price-in", "-1"), "no amount"),
    ):
        error = here("teachers", "add", "--name", "T", *_LOCAL, *words, "--no-key", expect=1)["error"]
        assert says in error["message"] + error["hint"]
        assert KEY not in json.dumps(error)


def test_offline_is_a_switch_that_holds(here: Json, cli: Callable[..., Any]) -> None:
    assert here("offline", "on") == {"offline": True}
    assert cli("offline").stdout == "Offline: no connection is made.\n"
    with Teacher() as teacher:
        at = ("--url", teacher.url, "--model", "m", "--price-in", "0", "--price-out", "0", "--no-key")
        here("teachers", "add", "--name", "T", *at)
        assert "offline" in here("teachers", "test", "T", expect=1)["message"].lower()
        assert teacher.connections == 0
        assert here("offline", "off") == {"offline": False}


def test_an_unexpected_error_shows_no_key(capsys: pytest.CaptureFixture[str]) -> None:
    keep_secret(KEY)
    for as_json in (False, True):
        try:
            raise ValueError(f"odd: {KEY}")
        except ValueError as error:
            Output(json=as_json).report_bug(ValueError, error, error.__traceback__)
    told = capsys.readouterr()
    assert "odd: <key>" in told.out
    assert "test_an_unexpected_error" in told.err
    assert KEY not in told.out + told.err

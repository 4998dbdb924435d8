"""What goes wrong on the command line: one clear sentence each, and nothing lost."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from forge_desktop.base.paths import OwnerLock
from tests.cli.conftest import ROOT

Cli = Callable[..., subprocess.CompletedProcess[str]]
CliJson = Callable[..., dict[str, Any]]
Start = Callable[..., "subprocess.Popen[bytes]"]

posix_only = pytest.mark.skipif(os.name != "posix", reason="signals and byte names are POSIX")


@contextlib.contextmanager
def held(data_dir: Path) -> Iterator[None]:
    """The data directory belongs to another process for a while."""
    lock = OwnerLock(data_dir)
    lock.acquire("the window")
    try:
        yield
    finally:
        lock.release()


def test_errors_have_a_message_and_a_hint(cli: Cli, cli_json: CliJson, tmp_path: Path) -> None:
    missing = tmp_path / "nowhere"
    done = cli("index", missing, expect=1)
    assert done.stdout == ""
    assert str(missing) in done.stderr
    error = cli_json("index", missing, expect=1)["error"]
    assert set(error) == {"message", "hint"}
    assert str(missing) in error["message"]


@pytest.mark.parametrize("verb", [("index", "."), ("ask", "why?"), ("models", "--use", "x"), ("tour",)])
def test_a_writing_verb_names_the_holder(cli: Cli, cli_json: CliJson, data_dir: Path, verb: tuple[str, ...]) -> None:
    with held(data_dir):
        before = verb if verb != ("tour",) else ("--data-dir", str(data_dir), "tour")
        done = cli(*before, expect=1)
        assert done.stdout == ""
        assert f"the window, process {os.getpid()}" in done.stderr
        error = cli_json(*before, expect=1)["error"]
        assert "the window" in error["message"]
        assert error["hint"].startswith("Do it in the window, or close that")


def test_a_verb_that_owns_the_data_can_be_stopped(cli: Cli, data_dir: Path) -> None:
    lock = OwnerLock(data_dir)
    lock.acquire("forge-desktop distill")
    try:
        said = cli("distill", "tasks", "cancel", "--all", expect=1).stderr
    finally:
        lock.release()
    assert f"(forge-desktop distill, process {os.getpid()}) is using the data directory" in said
    assert "stop it with Ctrl+C, which keeps what it stored; or use the window in its place." in said


def test_reading_verbs_work_beside_the_holder(
    cli: Cli, cli_json: CliJson, data_dir: Path, sample_dir: Path, tmp_path: Path
) -> None:
    cli_json("index", sample_dir / "faq.html", sample_dir / "history.txt")
    before = {path.name: path.read_bytes() for path in data_dir.iterdir() if path.suffix in (".db", ".json", ".log")}
    with held(data_dir):
        assert cli_json("status")["documents"] == 2
        assert cli_json("search", "broken pump")["results"][0]["path"].endswith("history.txt")
        assert cli_json("verify")["ok"] is True
        assert cli_json("models")["models"][0]["active"] is True
        files = cli_json("export", tmp_path / "out")["files"]
        assert {file["name"]: file["rows"] for file in files}["documents.jsonl"] == 2
        after = {path.name: path.read_bytes() for path in data_dir.iterdir() if path.suffix in (".db", ".json", ".log")}
    assert {**after, "owner.json": b""} == {**before, "owner.json": b""}


def test_nothing_to_read_beside_a_holder_is_worded(cli_json: CliJson, data_dir: Path) -> None:
    with held(data_dir):
        assert "Nothing is stored here yet" in cli_json("search", "word", expect=1)["error"]["message"]


def test_reading_needs_no_ownership(cli_json: CliJson, data_dir: Path, sample_dir: Path) -> None:
    cli_json("index", sample_dir / "faq.html")
    note = (data_dir / "owner.json").read_bytes()
    cli_json("search", "battery")
    assert (data_dir / "owner.json").read_bytes() == note


@pytest.mark.parametrize("verb", [("status",), ("search", "word"), ("index", "."), ("verify",)])
def test_a_newer_database_is_refused_and_left_alone(
    cli_json: CliJson, data_dir: Path, sample_dir: Path, verb: tuple[str, ...]
) -> None:
    cli_json("index", sample_dir / "faq.html")
    with contextlib.closing(sqlite3.connect(data_dir / "forge.db")) as db:
        db.execute(
            "INSERT INTO _sqlite_migrations (migration_set, name, applied_at) VALUES ('forge', 'm9999_later', '2030')"
        )
        db.commit()
    before = (data_dir / "forge.db").read_bytes()
    error = cli_json(*verb, expect=1)["error"]
    assert "newer" in error["message"]
    assert (data_dir / "forge.db").read_bytes() == before


@pytest.mark.parametrize("content", [b"this is no database at all" * 100, b"SQLite format 3\0" + b"\xff" * 4096])
def test_a_file_that_is_no_database_is_refused_and_left_alone(
    cli_json: CliJson, data_dir: Path, content: bytes
) -> None:
    (data_dir / "forge.db").write_bytes(content)
    assert str(data_dir / "forge.db") in cli_json("status", expect=1)["error"]["message"]
    assert "damaged" in cli_json("index", ".", expect=1)["error"]["message"]
    assert (data_dir / "forge.db").read_bytes() == content


@posix_only
def test_a_data_directory_that_cannot_be_written(cli_json: CliJson, data_dir: Path) -> None:
    (data_dir / "owner.lock").mkdir()  # also for root, whom permissions do not stop
    error = cli_json("index", ".", expect=1)["error"]
    assert str(data_dir) in error["message"]
    assert "--data-dir" in error["hint"]


@posix_only
def test_names_that_are_no_unicode(cli: Cli, cli_json: CliJson, tmp_path: Path) -> None:
    folder = os.fsencode(tmp_path / "odd")
    os.mkdir(folder)
    with open(folder + b"/caf\xe9.txt", "wb") as file:
        file.write(b"The croissant is warm.")
    with open(folder + b"/bad\xff\xfe.pdf", "wb") as file:
        file.write(b"no pdf")
    report = cli_json("index", folder)
    assert report["documents"] >= 1
    assert [failure["path"] for failure in report["failed"]] == [str(tmp_path / "odd" / "bad\\xff\\xfe.pdf")]
    result = cli_json("search", "croissant")["results"][0]
    assert result["path"] == str(tmp_path / "odd" / "caf\\xe9.txt")
    assert "caf\\xe9.txt" in cli("search", "croissant").stdout
    cli_json("export", tmp_path / "out")
    rows = (tmp_path / "out" / "documents.jsonl").read_bytes().decode("utf-8").splitlines()
    assert any(json.loads(row)["path"].endswith("caf\\xe9.txt") for row in rows)
    assert isinstance(cli_json("search", b"\xff\xfe")["results"], list)
    assert isinstance(cli_json("ask", b"what is \xff?")["answer"], str)


@posix_only
def test_a_document_cannot_move_the_cursor(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "evil\x1b[2J.txt").write_text("clear \x1b[2J\x1b]0;owned\x07 the \u202escreen", encoding="utf-8")
    cli("index", tmp_path / "evil\x1b[2J.txt")
    shown = cli("search", "clear the screen").stdout
    assert "screen" in shown
    assert not set(shown) & {"\x1b", "\x07", "\u202e"}


@posix_only
def test_killed_while_indexing_it_continues(start: Start, cli_json: CliJson, data_dir: Path, tmp_path: Path) -> None:
    folder, count = _many(tmp_path, 200)
    process = start("index", folder)
    _when_some_are_indexed(data_dir, process)
    process.kill()
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    stored = cli_json("status")["documents"]
    assert cli_json("verify")["ok"] is True
    report = cli_json("index", folder)
    assert report["documents"] == count
    assert report["unchanged"] > 0, "what was read before the kill is not read again"
    assert stored <= count
    assert cli_json("verify")["ok"] is True
    assert cli_json("search", "number 199")["results"][0]["path"] == str(folder / "file-199.txt")


@posix_only
def test_ctrl_c_while_indexing_is_tidy(start: Start, cli_json: CliJson, data_dir: Path, tmp_path: Path) -> None:
    folder, count = _many(tmp_path, 200)
    process = start("index", folder, "--json")
    _when_some_are_indexed(data_dir, process)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert err == b""
    assert "error" in json.loads(out)
    assert cli_json("index", folder)["documents"] == count


@posix_only
def test_a_request_to_end_while_indexing_is_tidy_too(
    start: Start, cli_json: CliJson, data_dir: Path, tmp_path: Path
) -> None:
    folder, count = _many(tmp_path, 200)
    process = start("index", folder, "--json")
    _when_some_are_indexed(data_dir, process)
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 143, err
    assert err == b""
    assert json.loads(out)["error"]["message"] == "Interrupted."
    assert cli_json("index", folder)["documents"] == count


@posix_only
def test_ctrl_c_before_anything_was_done_is_quiet(tmp_path: Path, start: Start) -> None:
    (tmp_path / "sitecustomize.py").write_text(_CTRL_C_AT_IMPORT)
    for module in ("forge_desktop.cli", "argparse", "forge_desktop.cli.verbs", "forge_desktop.forge"):
        process = start("status", env={"PYTHONPATH": os.pathsep.join((str(tmp_path), str(ROOT))), "AT_IMPORT": module})
        _, err = process.communicate(timeout=60)
        assert process.returncode == 130, (module, err)
        assert b"Traceback" not in err, (module, err)


_CTRL_C_AT_IMPORT = """
import os, signal, sys

class Finder:
    def find_spec(self, name, path=None, target=None):
        if name == os.environ.get("AT_IMPORT"):
            os.environ.pop("AT_IMPORT")
            os.kill(os.getpid(), signal.SIGINT)
        return None

sys.meta_path.insert(0, Finder())
"""


@posix_only
def test_ctrl_c_while_answering_keeps_the_part(
    start: Start, cli_json: CliJson, sample_dir: Path, tmp_path: Path
) -> None:
    cli_json("index", sample_dir)
    question = "Describe everything about the library in as many words as you can."
    process = start("ask", "--grounding", "free", question)
    assert process.stdout is not None
    first = os.read(process.stdout.fileno(), 1)  # the answer has begun
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 130
    shown = (first + out).decode()
    cli_json("export", tmp_path / "out")
    lines = (tmp_path / "out" / "messages.jsonl").read_text(encoding="utf-8").splitlines()
    asked, answer = (json.loads(line) for line in lines)
    assert asked["text"] == question
    assert answer["state"] == "stopped"
    assert answer["text"].split()[0] in shown


@posix_only
def test_a_reader_that_leaves_early(start: Start, cli_json: CliJson, sample_dir: Path) -> None:
    cli_json("index", sample_dir)
    process = start("search", "tool", "-k", "50")
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    assert process.stderr.read() == b""
    assert process.wait(60) in (0, 141)


@posix_only
def test_a_reader_that_leaves_in_the_middle_of_an_answer(
    start: Start, cli_json: CliJson, sample_dir: Path, tmp_path: Path
) -> None:
    cli_json("index", sample_dir)
    process = start("ask", "--grounding", "free", "Describe everything about the library.")
    assert process.stdout is not None
    assert process.stderr is not None
    os.read(process.stdout.fileno(), 1)
    process.stdout.close()
    assert process.stderr.read() == b""
    assert process.wait(60) == 141
    cli_json("export", tmp_path / "out")
    answer = json.loads((tmp_path / "out" / "messages.jsonl").read_text(encoding="utf-8").splitlines()[1])
    assert answer["state"] == "stopped"
    assert answer["text"]


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="a full disk to write to")
@pytest.mark.parametrize("flags", [(), ("--json",)])
def test_results_that_cannot_be_written_are_worded(start: Start, flags: tuple[str, ...]) -> None:
    shell = 'exec "$0" "$@" >/dev/full'
    process = start(sys.executable, "-m", "forge_desktop", "status", *flags, command=("sh", "-c", shell))
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 1
    assert errors.count(b"\n") == 1
    assert b"standard output" in errors


def test_no_question_is_worded(cli_json: CliJson) -> None:
    assert "question" in cli_json("ask", expect=1)["error"]["message"]


def test_settings_that_cannot_be_read_are_worded(cli: Cli, cli_json: CliJson, data_dir: Path) -> None:
    (data_dir / "settings.json").write_text("{broken")
    for verb in (("index", data_dir.parent), ("status",)):
        done = cli(*verb)
        assert done.stderr.count("\n") == 1
        assert "settings.json cannot be read" in done.stderr
    assert any("settings.json cannot be read" in note for note in cli_json("status")["notes"])
    assert (data_dir / "settings.json").read_text() == "{broken"


@posix_only
def test_no_question_and_no_standard_input_is_worded(start: Start, one_object: Callable[[str], dict[str, Any]]) -> None:
    shell = 'exec "$@" <&-'
    process = start("sh", sys.executable, "-m", "forge_desktop", "ask", "--json", command=("sh", "-c", shell))
    results, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (1, b"")
    assert "question" in one_object(results.decode())["error"]["message"]


def test_an_empty_path_is_not_the_current_folder(cli_json: CliJson) -> None:
    assert "empty path" in cli_json("index", "", expect=1)["error"]["message"]
    assert cli_json("status")["documents"] == 0


@pytest.mark.parametrize("content", [b"", b"GGUF", b"no model", b"GGUF\x03\0\0\0" + b"\xff" * 16])
def test_a_bad_gguf_is_refused(cli_json: CliJson, tmp_path: Path, content: bytes) -> None:
    bad = tmp_path / "bad.gguf"
    bad.write_bytes(content)
    assert "bad.gguf" in cli_json("models", "--import", bad, expect=1)["error"]["message"]
    assert len(cli_json("models")["models"]) == 1


def test_no_verb_imports_qt(start: Start, sample_dir: Path, tmp_path: Path) -> None:
    code = (
        "import sys\n"
        "from forge_desktop.__main__ import main\n"
        "for verb in (['index', sys.argv[1], '--json'], ['search', 'pump', '--json'], ['ask', 'Which?', '--json'],\n"
        "             ['models', '--json'], ['status', '--json'], ['verify', '--json'],\n"
        "             ['export', sys.argv[2], '--json'], ['tour', '--json']):\n"
        "    status = main(verb)\n"
        "    loaded = {'PySide6', 'shiboken6', 'llama_cpp', 'torch'} & set(sys.modules)\n"
        "    if status or loaded:\n"
        "        sys.exit(f'{verb[0]}: status {status}, {loaded}')\n"
    )
    process = start(code, sample_dir / "history.txt", tmp_path / "out", command=(sys.executable, "-c"))
    out, err = process.communicate(timeout=150)
    assert process.returncode == 0, err
    assert len(out.splitlines()) == 8


def _many(tmp_path: Path, count: int) -> tuple[Path, int]:
    folder = tmp_path / "many"
    folder.mkdir()
    for number in range(count):
        words = " ".join(f"word{number}x{position}" for position in range(800))
        (folder / f"file-{number:03}.txt").write_text(f"This is number {number}. {words}", encoding="utf-8")
    return folder, count


def _when_some_are_indexed(data_dir: Path, process: subprocess.Popen[bytes]) -> None:
    """Come back when a few documents are stored and the process still runs."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        assert process.poll() is None, "it ended before it could be interrupted"
        with contextlib.suppress(sqlite3.Error), contextlib.closing(_reading(data_dir)) as db:
            if db.execute("SELECT count(*) FROM documents WHERE state = 'indexed'").fetchone()[0] >= 3:
                return
        time.sleep(0.01)
    pytest.fail("nothing was indexed within a minute")


def _reading(data_dir: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"file:{data_dir / 'forge.db'}?mode=ro", uri=True)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="a read-only disk is made with mount")
@pytest.mark.skipif(getattr(os, "geteuid", lambda: 1)() != 0, reason="only root may mount a disk")
def test_a_read_only_disk_can_be_read(cli_json: CliJson, sample_dir: Path, tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=20m", "tmpfs", disk], capture_output=True).returncode:
        pytest.skip("no mount here")
    try:
        before = ("--data-dir", disk / "data")
        cli_json(*before, "index", sample_dir / "history.txt")
        subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
        assert cli_json(*before, "search", "pump")["results"]
        assert cli_json(*before, "verify")["ok"] is True
        assert cli_json(*before, "export", tmp_path / "out")["files"]
        assert str(disk / "data") in cli_json(*before, "index", sample_dir, expect=1)["error"]["message"]
        assert "Read-only" in cli_json("export", disk / "out", expect=1)["error"]["message"]
    finally:
        subprocess.run(["umount", disk], check=True)


def test_a_student_that_cannot_answer_is_an_error_said_once(
    cli: Cli, cli_json: CliJson, data_dir: Path, sample_dir: Path
) -> None:
    cli_json("index", sample_dir / "faq.html")
    with contextlib.closing(sqlite3.connect(data_dir / "forge.db")) as db:
        (sha256,) = db.execute("SELECT sha256 FROM bases WHERE active").fetchone()
        layer = json.dumps({"template": "{{ raise_exception('no') }}"})
        db.execute("INSERT INTO student_options (model_sha256, options, changed) VALUES (?, ?, 0)", (sha256, layer))
        db.commit()
    done = cli("ask", "battery of the pump", expect=1)
    answer = cli_json("ask", "battery of the pump", expect=1)
    error = answer["error"]
    assert error["message"] == answer["problem"] != ""
    assert error["hint"]
    assert done.stderr.count(error["message"]) == 1
    assert error["hint"] in done.stderr
    assert error["message"] not in done.stdout
    assert "These passages of your documents fit the question best:" in done.stdout
    missing = cli_json("ask", "--grounding", "documents_only", "Who won the chess world championship in 1972?")
    assert "error" not in missing


def test_a_cut_answer_says_so(cli: Cli, cli_json: CliJson) -> None:
    asked = ("ask", "--grounding", "free", "--max-tokens", "16", "Tell me a long story about a fox.")
    assert "The answer was cut at 16 tokens (Longest answer)." in cli(*asked).stderr
    answer = cli_json(*asked)
    assert (answer["state"], answer["problem"]) == ("complete", "The answer was cut at 16 tokens (Longest answer).")


def test_instructions_that_leave_no_room_are_named(cli_json: CliJson) -> None:
    error = cli_json("ask", "--grounding", "free", "--system", "Be brief. " * 6000, "Why?", expect=1)["error"]
    assert error["message"].startswith("Your own instructions are too long for this student: they take ")
    assert error["hint"].startswith("Shorten them")

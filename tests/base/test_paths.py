"""The data directory: where it is, who owns it, and files that are whole or not there."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from forge_desktop.base.errors import ForgeError
from forge_desktop.base.paths import OwnerLock, data_dir, shown_path, shown_paths, write_atomically

ROOT = Path(__file__).resolve().parents[2]

HOLD = """
import subprocess, sys
from pathlib import Path
from forge_desktop.base.paths import OwnerLock
OwnerLock(Path(sys.argv[1])).acquire("the window")
child = subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE)
print(child.pid, flush=True)
sys.stdin.read()
"""


def test_the_chosen_directory_is_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert data_dir(tmp_path / "a" / "b") == tmp_path / "a" / "b"
    assert (tmp_path / "a" / "b").is_dir()
    monkeypatch.setenv("FORGE_DATA_DIR", str(tmp_path / "c"))
    assert data_dir() == tmp_path / "c"
    assert data_dir(tmp_path) == tmp_path
    (tmp_path / "file").write_text("")
    for bad in (tmp_path / "file", tmp_path / "file" / "inner"):
        with pytest.raises(ForgeError, match="cannot be used") as caught:
            data_dir(bad)
        assert "--data-dir" in caught.value.hint


def test_a_second_owner_is_told_who_holds_it(data_dir: Path) -> None:
    first, second = OwnerLock(data_dir), OwnerLock(data_dir)
    first.acquire("the window")
    with pytest.raises(ForgeError) as caught:
        second.acquire("forge-desktop index")
    assert f"the window, process {os.getpid()}" in caught.value.message
    assert str(data_dir) in caught.value.message
    first.release()
    first.release()
    second.acquire("forge-desktop index")
    second.release()


@pytest.mark.skipif(os.name != "posix", reason="signals")
def test_kill_nine_frees_the_directory_even_while_a_child_lives(data_dir: Path) -> None:
    owner = subprocess.Popen(
        [sys.executable, "-c", HOLD, data_dir], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert owner.stdin is not None
    assert owner.stdout is not None
    with owner.stdin, owner.stdout:
        int(owner.stdout.readline())
        lock = OwnerLock(data_dir)
        with pytest.raises(ForgeError, match=f"process {owner.pid}"):
            lock.acquire("a test")
        owner.send_signal(signal.SIGKILL)
        owner.wait()
    lock.acquire("a test")
    lock.release()


@pytest.mark.parametrize("note", [b"", b"{", b"[]", b'{"pid": 1}', b"\xff"])
def test_an_unreadable_note_is_no_obstacle(data_dir: Path, note: bytes) -> None:
    first, second = OwnerLock(data_dir), OwnerLock(data_dir)
    first.acquire("the window")
    (data_dir / "owner.json").write_bytes(note)
    with pytest.raises(ForgeError, match="Another Forge Desktop is using"):
        second.acquire("a test")
    first.release()


def test_an_empty_leftover_lock_is_no_obstacle(data_dir: Path) -> None:
    (data_dir / "owner.lock").write_bytes(b"")
    lock = OwnerLock(data_dir)
    lock.acquire("a test")
    lock.release()


def test_a_directory_that_is_gone_is_named(tmp_path: Path) -> None:
    with pytest.raises(ForgeError, match="cannot be written"):
        OwnerLock(tmp_path / "missing").acquire("a test")


def test_a_file_is_replaced_whole_or_not_at_all(tmp_path: Path) -> None:
    file = tmp_path / "a.json"
    write_atomically(file, b"one")
    write_atomically(file, b"two")
    assert file.read_bytes() == b"two"
    with pytest.raises(TypeError):
        write_atomically(file, "not bytes")  # type: ignore[arg-type]
    with pytest.raises(OSError, match="directory"):
        write_atomically(tmp_path / "missing" / "b.json", b"")
    assert file.read_bytes() == b"two"
    assert os.listdir(tmp_path) == ["a.json"]


def test_undecodable_names_can_be_shown() -> None:
    assert shown_path("plain") == "plain"
    assert shown_path(os.fsdecode(b"b\xff.txt")) == "b\\xff.txt"
    assert shown_paths({"a\udcff": ["b\udcfe", 1, None]}) == {"a\\xff": ["b\\xfe", 1, None]}

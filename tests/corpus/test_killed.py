"""Sudden ends: of the whole process, of the parser child, of the disk's space. Nothing finished is lost or redone."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from forge_desktop.base.errors import ForgeError
from forge_desktop.base.events import Event, JobChanged
from tests.corpus.conftest import Room, opened

ROOT = Path(__file__).resolve().parents[2]

INDEX = """
import sys
from pathlib import Path
from tests.corpus.conftest import opened
from forge_desktop.base.events import DataChanged
room = opened(Path(sys.argv[1]))
room.events.subscribe(lambda event: print(len(room.corpus.documents(state="indexed")), flush=True)
                      if isinstance(event, DataChanged) else None)
room.index(sys.argv[2])
print("done", flush=True)
room.close()
"""


PIECES = """
import sys, threading
from pathlib import Path
from tests.corpus.conftest import opened
from forge_desktop.corpus.retrieval import Index
room = opened(Path(sys.argv[1]))
job = room.corpus.index([sys.argv[2]])
index, known = Index(room.db), 0
while known <= 800:
    known = len(index.ids())
print(known, flush=True)
room.jobs.wait(job)
room.close()
"""


def fill(folder: Path, count: int, words: int = 200) -> None:
    for number in range(count):
        (folder / f"{number:03}.txt").write_text(f"kettle number{number} " * words)


@pytest.mark.skipif(os.name != "posix", reason="signals")
@pytest.mark.parametrize("commits", [1, 2, 3, 5])
def test_kill_nine_in_the_middle_of_a_run(data_dir: Path, folder: Path, commits: int) -> None:
    fill(folder, 400)
    run = subprocess.Popen([sys.executable, "-c", INDEX, data_dir, folder], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert run.stdout is not None
    with run.stdout:
        for _ in range(commits):
            acknowledged = run.stdout.readline()
        run.send_signal(signal.SIGKILL)
        run.wait()
    room = opened(data_dir)
    done = {row.id: row.indexed for row in room.rows().values() if row.state == "indexed"}
    waiting = len(room.corpus.documents(state="pending"))
    assert len(done) >= int(acknowledged)
    assert waiting > 0
    room.whole()
    report = room.result(room.corpus.resume_pending())
    assert report.new == waiting
    report = room.index(folder)
    assert (report.documents, report.new, report.changed, report.failed) == (400, 0, 0, ())
    assert all(room.corpus.document(document_id).indexed == when for document_id, when in done.items())
    assert room.corpus.search("number399", 1)[0].passage.path == str(folder / "399.txt")
    room.whole()
    room.close()


@pytest.mark.skipif(os.name != "posix", reason="signals")
def test_kill_nine_in_the_middle_of_a_long_document(data_dir: Path, folder: Path) -> None:
    """It is put into the search index piece by piece; half of it is not taken for all of it."""
    (folder / "a.txt").write_text("first")
    (folder / "long.txt").write_text("".join(f"kettle number{number}. " for number in range(120_000)))
    run = subprocess.Popen(
        [sys.executable, "-c", PIECES, data_dir, folder], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert run.stdout is not None
    with run.stdout:
        assert int(run.stdout.readline()) > 800
        run.send_signal(signal.SIGKILL)
        run.wait()
    room = opened(data_dir)
    assert room.rows()["long.txt"].state == "pending"
    assert room.corpus.search("number5", 1) != []
    room.whole()
    report = room.result(room.corpus.resume_pending())
    assert report.new == 1
    assert room.corpus.search("number119999", 1)[0].passage.path == str(folder / "long.txt")
    room.whole()
    room.close()


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize("at", [0, 50_000])
def test_a_parser_child_that_is_killed_costs_one_file(room: Room, folder: Path, at: int) -> None:
    fill(folder, 60)
    killed: list[int] = []

    def kill(event: Event) -> None:
        if isinstance(event, JobChanged) and event.total is not None and event.done >= at and not killed:
            tasks = Path("/proc/self/task").glob("*/children")
            killed.extend([int(pid) for task in tasks for pid in task.read_text().split()][:1])
            for pid in killed:
                os.kill(pid, signal.SIGKILL)

    room.events.subscribe(kill)
    report = room.index(folder)
    assert len(killed) == 1
    assert report.documents + len(report.failed) == 60
    assert len(report.failed) <= 1
    assert all("was killed (signal 9)" in reason for _, reason in report.failed)
    room.whole()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 3 MB."""
    path = tmp_path / "small"
    path.mkdir()
    if sys.platform != "linux" or os.geteuid() != 0:
        pytest.skip("only root on Linux can mount a small file system")
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", path], capture_output=True).returncode:
        pytest.skip("mounting is not allowed here")
    yield path
    subprocess.run(["umount", "--lazy", path], check=True)


def test_a_full_disk_loses_nothing(small_disk: Path, folder: Path) -> None:
    fill(folder, 300, words=1000)
    room = opened(small_disk)
    with pytest.raises(ForgeError, match="is full") as caught:
        room.index(folder)
    assert "Free some space" in caught.value.hint
    done = len(room.corpus.documents(state="indexed"))
    assert done + len(room.corpus.documents(state="pending")) == 300
    assert done > 0
    room.whole()
    subprocess.run(["mount", "-o", "remount,size=100m", small_disk], check=True)
    assert room.result(room.corpus.resume_pending()).new == 300 - done
    assert room.corpus.stats().documents == 300
    room.whole()
    room.close()

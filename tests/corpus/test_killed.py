"""Sudden ends: of the whole process, of the parser child, of the disk's space. Nothing finished is lost or redone."""

from __future__ import annotations

import hashlib
import json
import os
import random
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
room.events.subscribe(lambda event: print(len(room.corpus.shelf.documents(state="indexed")), flush=True)
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
room = opened(Path(sys.argv[1]), parser_processes=1)  # one file after the other
job = room.corpus.index([sys.argv[2]])
index, known = Index(room.db), 0
while known <= 800:
    known = len(index.ids())
print(known, flush=True)
room.jobs.wait(job)
room.close()
"""


WORKLOAD = """
import json, os, signal, sqlite3, sys
from pathlib import Path
from tests.corpus.conftest import opened
from forge_desktop.base.events import DataChanged

data, folder, last = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
statements = 0

def count(sql):
    global statements
    statements += 1
    if statements == last:
        os.kill(os.getpid(), signal.SIGKILL)

connect = sqlite3.connect
def counted(*arguments, **options):
    connection = connect(*arguments, **options)
    connection.set_trace_callback(count)
    return connection
sqlite3.connect = counted

room = opened(data, parser_processes=2)
def tell(event):
    if isinstance(event, DataChanged) and "documents" in event.what:
        rows = room.rows()
        print(json.dumps({name: row.indexed for name, row in rows.items() if row.state == "indexed"}), flush=True)
room.events.subscribe(tell)
room.index(folder)
for path in folder.glob("change-*"):
    path.write_text(path.read_text() + "It is changed.")
for path in folder.glob("gone-*"):
    path.unlink()
room.index(folder)
out = [row.id for name, row in room.rows().items() if name.startswith("out-")]
room.corpus.restore(room.corpus.remove(out))
room.corpus.remove(out[:5])
with room.db.write() as connection:
    connection.execute("UPDATE index_state SET analyser = 'another'")
room.result(room.corpus.resume_pending())
room.result(room.corpus.retry([row.id for name, row in room.rows().items() if name.startswith("stay-")][:5]))
room.close()
print(statements, flush=True)
"""
POINTS = 300


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
    waiting = len(room.corpus.shelf.documents(state="pending"))
    assert len(done) >= int(acknowledged)
    assert waiting > 0
    room.whole()
    report = room.result(room.corpus.resume_pending())
    assert report.new == waiting
    report = room.index(folder)
    assert (report.documents, report.new, report.changed, report.failed) == (400, 0, 0, ())
    assert all(room.corpus.shelf.document(document_id).indexed == when for document_id, when in done.items())
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


def sha256_of(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def run_workload(data_dir: Path, folder: Path, last: int) -> list[str]:
    """What the workload told until it ended, or killed itself at that SQL statement."""
    data_dir.mkdir()
    folder.mkdir()
    for kind in ("stay", "change", "gone", "out"):
        for number in range(12):
            (folder / f"{kind}-{number:02}.txt").write_text(f"The kettle {kind} number{number} is blue. " * 20)
    (folder / "stay-long.txt").write_text("".join(f"A kettle number{number}. " for number in range(26_000)))
    run = subprocess.run(
        [sys.executable, "-c", WORKLOAD, data_dir, folder, str(last)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert run.returncode == (0 if last < 0 else -signal.SIGKILL)
    return run.stdout.splitlines()


@pytest.fixture(scope="module")
def statements(tmp_path_factory: pytest.TempPathFactory) -> int:
    """How many SQL statements the whole workload takes, about."""
    path = tmp_path_factory.mktemp("whole")
    return int(run_workload(path / "data", path / "documents", -1)[-1])


@pytest.mark.skipif(os.name != "posix", reason="signals")
@pytest.mark.parametrize(
    "point", [*range(10), *(pytest.param(point, marks=pytest.mark.full) for point in range(10, POINTS))]
)
def test_kill_nine_at_any_point(tmp_path: Path, statements: int, point: int) -> None:
    """While files are read and stored, a long one in pieces; segments merged, passages removed, put back, renewed."""
    last = random.Random(point).randrange(1, statements * 19 // 20)  # the number differs a little from run to run
    data_dir, folder = tmp_path / "data", tmp_path / "documents"
    told = [json.loads(line) for line in run_workload(data_dir, folder, last)]
    acknowledged = told[-1] if told else {}
    room = opened(data_dir)
    room.whole()
    rows = room.rows()
    for name, when in acknowledged.items():
        if name.startswith(("stay", "change")):
            assert name in rows, "no acknowledged document is lost"
            assert rows[name].indexed is not None
            assert rows[name].indexed >= when
            assert room.corpus.shelf.passages(rows[name].id)
    finished = {
        name: row.indexed
        for name, row in rows.items()
        if row.state == "indexed" and (folder / name).exists() and row.sha256 == sha256_of(folder / name)
    }
    if (job := room.corpus.resume_pending()) is not None:
        room.result(job)
    room.whole()
    room.index(folder)
    room.whole()
    assert {name: row.indexed for name, row in room.rows().items() if name in finished} == finished
    kept = {path.name for path in folder.iterdir()}
    assert set(room.rows()) >= {name for name in kept if not name.startswith("out")}
    assert room.corpus.search("number25999", 1)[0].passage.path == str(folder / "stay-long.txt")
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
    done = len(room.corpus.shelf.documents(state="indexed"))
    assert done + len(room.corpus.shelf.documents(state="pending")) == 300
    assert done > 0
    room.whole()
    subprocess.run(["mount", "-o", "remount,size=100m", small_disk], check=True)
    assert room.result(room.corpus.resume_pending()).new == 300 - done
    assert room.corpus.shelf.stats().documents == 300
    room.whole()
    room.close()

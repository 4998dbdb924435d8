"""Very many files, and names of every kind: the walk, the marking and the reconcile stay sane, and end when asked."""

from __future__ import annotations

import json
import os
import time
import tracemalloc
from pathlib import Path

import pytest

from forge_desktop.base.errors import Cancelled
from forge_desktop.base.events import Event, JobChanged
from tests.conftest import ROOT
from tests.corpus.conftest import Room, needs_posix

NAUGHTY = ROOT.parent / "shared" / "data" / "bad" / "naughty" / "blns.json"
ODD = [
    b"\xff\xfe\x80.txt",
    b"li\nne\r\n.txt",
    b"\x1b[31mred\x07.txt",
    b"-rf.txt",
    b" leading and trailing .txt",
    b"%s{0}$(id)`id`';--.txt",
    b"*?[a-z]!#~.txt",
    b"a\\b:c|d.txt",
    b"x" * 251 + b".txt",
    "\u202egnp.exe\u2066.txt".encode(),
    "שלום عليكم.txt".encode(),
    "👩\u200d👩\u200d👧 🫖.txt".encode(),
    "e\u0301 and é.txt".encode(),
    "İstanbul ß ﬁ.TXT".encode(),
    "𝕜𝕖𝕥𝕥𝕝𝕖\u0000".encode().rstrip(b"\0") + b".txt",
]
COUNTS = [3_000, pytest.param(100_000, marks=[pytest.mark.full, pytest.mark.timeout(1800)])]
BYTES_A_FILE = 700  # that a reconcile may hold of each: id, path and a place in a set


def fill(folder: Path, count: int) -> None:
    for number in range(0, count, 100):
        inner = folder / f"{number // 10_000:02}" / f"{number:06}"
        inner.mkdir(parents=True)
        for file in range(number, number + 100):
            (inner / f"{file:06}.txt").write_bytes(b"kettle %d" % file)


@pytest.mark.parametrize("count", COUNTS)
def test_a_folder_of_very_many_files(room: Room, folder: Path, count: int) -> None:
    fill(folder, count)
    report = room.result(room.corpus.index([folder]), 1200)
    assert (report.documents, report.new, report.failed) == (count, count, ())
    room.seen.clear()
    tracemalloc.start()
    report = room.result(room.corpus.rescan(), 1200)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (report.unchanged, report.documents, report.bytes, report.removed) == (count, count, 0, 0)
    assert peak < 5_000_000 + BYTES_A_FILE * count
    done = [e.done for e in room.seen if isinstance(e, JobChanged) and e.state == "running"]
    assert done == sorted(done)
    assert done[-1] <= count
    (folder / "00").rename(folder / "moved")
    moved = min(count, 10_000)
    report = room.result(room.corpus.rescan(), 1200)
    assert (report.moved, report.unchanged, report.bytes, report.questions) == (moved, count, 0, ())
    assert room.corpus.shelf.stats().documents == count


@pytest.mark.parametrize("count", COUNTS)
def test_a_walk_through_very_many_files_ends_when_asked(room: Room, folder: Path, count: int) -> None:
    fill(folder, count)
    asked: list[float] = []

    def stop(event: Event) -> None:
        if isinstance(event, JobChanged) and event.state == "running" and event.done >= count / 2 and not asked:
            asked.append(time.process_time())
            room.jobs.cancel(event.job_id)

    room.events.subscribe(stop)
    with pytest.raises(Cancelled):
        room.result(room.corpus.index([folder]), 600)
    assert time.process_time() - asked[0] < 1.0  # seconds of processor time, whatever else this machine does
    assert count / 3 < len(room.corpus.shelf.documents(state="pending")) < count
    assert room.corpus.verify() == []


@needs_posix
def test_names_of_every_kind_are_indexed_moved_and_removed(room: Room, folder: Path) -> None:
    naughty = json.loads(NAUGHTY.read_text()) if NAUGHTY.is_file() else []
    names = {*ODD, *(os.fsencode(text.replace("/", "∕").replace("\0", ""))[:200] + b".txt" for text in naughty)}
    names = {name for name in names if not name.startswith(b".")}
    (folder / "a").mkdir()
    for number, name in enumerate(sorted(names)):
        with open(os.path.join(os.fsencode(folder / "a"), name), "wb") as file:
            file.write(b"kettle %d" % number)
    report = room.index(folder)
    assert (report.documents, report.failed) == (len(names), ())
    assert {
        os.path.basename(os.fsencode(row.path))
        for row in room.corpus.shelf.document_rows(room.corpus.shelf.documents())
    } == names
    assert room.index(folder).unchanged == len(names)
    (folder / "a").rename(folder / "\udcffb")
    assert room.index(folder).moved == len(names)
    room.whole()
    for name in list(names)[:15]:
        os.unlink(os.path.join(os.fsencode(folder), b"\xffb", name))
    assert room.index(folder).removed == 15
    room.whole()

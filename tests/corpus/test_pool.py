"""Files are read side by side, at the pace that was asked for; none holds up the others."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from forge_desktop.base.errors import Cancelled
from forge_desktop.base.events import EngineChanged, Event, JobChanged
from forge_desktop.corpus import IndexProgress
from forge_desktop.corpus.pool import Job, Pool
from forge_desktop.corpus.sizing import RATIOS
from forge_desktop.corpus.store_run import Task
from tests.corpus.conftest import Room, opened

linux = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


def fill(folder: Path, count: int, words: int = 400) -> None:
    for number in range(count):
        (folder / f"{number:03}.txt").write_text(f"The kettle number{number} is blue. " * words)


def details(seen: list[Event]) -> list[IndexProgress]:
    return [event.detail for event in seen if isinstance(event, JobChanged) and isinstance(event.detail, IndexProgress)]


def children() -> list[int]:
    return [int(pid) for task in Path("/proc/self/task").glob("*/children") for pid in task.read_text().split()]


def test_as_many_files_are_read_at_once_as_was_set(room: Room, folder: Path) -> None:
    fill(folder, 120, words=4000)  # long enough for some events
    room.settings.change(parser_processes=3)
    assert room.index(folder).documents == 120
    assert max(len(detail.current) for detail in details(room.seen)) in (2, 3)
    room.whole()


def test_the_number_of_children_changes_no_passage(data_dir: Path, folder: Path) -> None:
    fill(folder, 40)
    found = []
    for processes in (1, 4):
        (data_dir / str(processes)).mkdir()
        room = opened(data_dir / str(processes), parser_processes=processes)
        room.index(folder)
        found.append(
            {
                name: [(p.start, p.end, p.text, p.first_line) for p in room.corpus.shelf.passages(row.id)]
                for name, row in room.rows().items()
            }
        )
        room.close()
    assert found[0] == found[1]
    assert len(found[0]) == 40


def test_progress_tells_stage_files_rates_and_the_share_that_is_searchable(room: Room, folder: Path) -> None:
    fill(folder, 300)
    assert room.corpus.shelf.indexed_share() == 1.0
    room.index(folder)
    stages = [detail.stage for detail in details(room.seen)]
    assert stages == sorted(stages)  # finding, then reading
    reading = [detail for detail in details(room.seen) if detail.stage == "reading"]
    assert {detail.files_total for detail in reading} == {300}
    assert reading[0].bytes_total == sum(path.stat().st_size for path in folder.iterdir())
    shares = [detail.indexed_share for detail in reading]
    assert shares == sorted(shares)
    assert shares[0] < 0.5 < shares[-1] <= 1.0
    last = reading[-1]
    assert (last.files_done, last.bytes_done, last.seconds_left) == (300, last.bytes_total, 0.0)
    assert last.bytes_per_second > 0
    assert last.passages_per_second > 0
    assert all(str(folder) in path for detail in reading for path in detail.current)
    assert room.corpus.shelf.indexed_share() == 1.0


def test_the_share_counts_what_an_interrupted_run_left(room: Room, folder: Path) -> None:
    fill(folder, 600)
    room.events.subscribe(lambda event: _cancel_at_half(room, event))
    with pytest.raises(Cancelled):
        room.index(folder)
    done = len(room.corpus.shelf.documents(state="indexed"))
    assert 0 < done < 600
    assert room.corpus.shelf.indexed_share() == done / 600


def _cancel_at_half(room: Room, event: Event) -> None:
    if isinstance(event, JobChanged) and event.total and event.done > event.total / 2:
        room.jobs.cancel(event.job_id)


@linux
def test_a_file_that_takes_too_long_holds_up_only_itself(room: Room, folder: Path) -> None:
    fill(folder, 200, 100)
    room.settings.change(parser_processes=2, parser_seconds=2)
    stopped: list[int] = []
    at_once: list[int] = []

    def stop(event: Event) -> None:
        if not isinstance(event, JobChanged) or not isinstance(event.detail, IndexProgress):
            return
        if not stopped and len(event.detail.current) == 2:
            stopped.append(children()[0])
            os.kill(stopped[0], signal.SIGSTOP)
        elif stopped and event.detail.files_done >= 190:
            at_once.append(event.detail.files_done)

    room.events.subscribe(stop)
    report = room.index(folder)
    assert at_once, "the others were read while one child stood still"
    assert report.documents + len(report.failed) == 200
    assert [reason for _, reason in report.failed] == ["Reading it took more than 2 seconds and was given up."]
    room.whole()


@linux
def test_the_speed_changes_during_a_run(room: Room, folder: Path) -> None:
    fill(folder, 250)
    room.settings.change(parser_processes=3)
    priorities: list[set[int]] = []

    def follow(event: Event) -> None:
        if isinstance(event, JobChanged) and event.state == "running" and event.total:
            if event.done > event.total / 10 and room.settings.values.index_speed == "full":
                room.settings.change(index_speed="background")
            priorities.append({os.getpriority(os.PRIO_PROCESS, pid) for pid in children()})

    room.events.subscribe(follow)
    assert room.index(folder).documents == 250
    assert {os.getpriority(os.PRIO_PROCESS, 0)} in priorities
    assert {15} in priorities
    assert [len(detail.current) for detail in details(room.seen)][-2] <= 1
    room.whole()


def test_while_an_answer_is_written_one_child_goes_on(room: Room, folder: Path) -> None:
    fill(folder, 100)
    room.settings.change(parser_processes=3)
    room.events.publish(EngineChanged("busy"))
    assert room.index(folder).documents == 100
    assert max(len(detail.current) for detail in details(room.seen)) == 1


def test_on_battery_a_run_waits(data_dir: Path, folder: Path) -> None:
    fill(folder, 30)
    battery = [True]
    room = opened(data_dir, on_battery=lambda: battery[0], pause_on_battery=True)
    waited: list[int] = []

    def plug_in(event: Event) -> None:
        if isinstance(event, JobChanged) and event.note == "Waiting: on battery":
            waited.append(len(room.corpus.shelf.documents(state="indexed")))
            battery[0] = False

    room.events.subscribe(plug_in)
    assert room.index(folder).documents == 30
    assert set(waited) == {0}
    room.settings.change(pause_on_battery=False)
    battery[0] = True
    (folder / "more.txt").write_text("No reason to wait.")
    assert room.index(folder).new == 1
    room.close()


def test_long_texts_are_gathered_one_after_the_other(folder: Path) -> None:
    sizes = [3_000_000, 2_500_000, 2_400_000, 100]
    with contextlib.closing(Pool(3, seconds=60, megabytes=2048, gathered=3_000_000)) as pool:
        for number, size in enumerate(sizes):
            path = folder / f"{number}.txt"
            path.write_text("word " * (size // 5))
            request = {"do": "read", "path": str(path), "format": "text", "known": "", "limit_bytes": 10**8}
            task = Task(number, os.fsencode(path), "text", size, "", was_indexed=False, was_staged=False)
            pool.submit(Job(task, size, {**request, "tokens": 256, "overlap_tokens": 0, "ratios": RATIOS}))
        found = {}
        for _ in sizes:
            job, outcome = pool.take(lambda: None)
            found[job.task.id] = (len(outcome.text), outcome.reason)
        assert found == {number: (size, "") for number, size in enumerate(sizes)}


def test_a_pool_that_is_closed_in_the_middle_ends_its_children(folder: Path) -> None:
    (folder / "long.txt").write_text("word " * 4_000_000)
    with contextlib.closing(Pool(2, seconds=60, megabytes=2048)) as pool:
        request = {"do": "read", "path": str(folder / "long.txt"), "format": "text", "known": "", "limit_bytes": 10**8}
        task = Task(1, b"long", "text", 20_000_000, "", was_indexed=False, was_staged=False)
        pool.submit(Job(task, 1, {**request, "tokens": 256, "overlap_tokens": 0, "ratios": RATIOS}))
        while not pool.current():
            with pytest.raises(TimeoutError):
                pool.take(_once([None, TimeoutError()]))


def _once(steps: list[Exception | None]) -> Callable[[], None]:
    def check() -> None:
        if (step := steps.pop(0)) is not None:
            raise step

    return check

"""Whole gates with a tiny student: good, bad and empty adapters, scales, leaks, refusals, kills and resumes."""

from __future__ import annotations

import dataclasses
import json
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from forge_desktop.base.errors import Cancelled, ForgeError
from forge_desktop.base.events import DataChanged, Event, JobChanged
from forge_desktop.students.lessons import WORDS
from forge_desktop.students.records_gate import GateProgress, Margins
from forge_desktop.students.records_training import Learnt
from tests.students.gate_rooms import PATIENCE, QUICK, GateRoom, adapter, facts, opened, tiny

pytestmark = pytest.mark.shared_child


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a base, an adapter that helps, one that destroys, and one that changes nothing."""
    folder = tmp_path_factory.mktemp("gate")
    base = tiny(folder / "base.gguf")
    adapter(folder / "good.gguf", base, strength=-0.05, seed=5)
    adapter(folder / "bad.gguf", base, strength=0.6)
    adapter(folder / "empty.gguf", base, strength=0.0)
    return folder


@pytest.fixture(scope="module")
def shared(files: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[GateRoom]:
    """One application for the tests that leave nothing open."""
    folder = tmp_path_factory.mktemp("data")
    folder.chmod(0o700)
    with opened(folder, files / "base.gguf") as room:
        room.suite(folder, "facts", facts(24))
        yield room


def _wish(room: GateRoom, **more: Any) -> Any:
    return dataclasses.replace(QUICK, suites=("facts",), primary="nll", baseline=room.base.uid, **more)


def test_an_adapter_that_helps_passes_and_all_of_it_can_be_looked_at(shared: GateRoom, files: Path) -> None:
    version = shared.version(files / "good.gguf", name="good")
    seen: list[Event] = []
    stop = shared.forge.events.subscribe(seen.append)
    wish = _wish(shared, regression=True, safety=True, items=100, margins=Margins(nll=1.0), max_tokens=2)
    report = shared.gate(version, wish)
    stop()
    assert (report.state, report.verdict, report.version, report.baseline) == (
        "done",
        "passed",
        version.uid,
        shared.base.uid,
    )
    metric = next(one for one in report.metrics if one.name == "nll")
    assert metric.decides
    assert metric.holds
    assert metric.high < 0
    assert (metric.items, metric.better, metric.worse) == (24, 24, 0)
    assert "It gains in NLL on facts" in report.reasons[0]
    assert any("Nobody here knows what its adapter was trained on" in one for one in report.card)
    assert any("asks in other words for what was trained" in one for one in report.card)
    for words in (
        "nothing to lose in exact match on regression",
        f"Only 100 of {report.suites[1].items} items of regression",
        "The margin of NLL was 1 nats a token",
        "cut off at 2 tokens",
    ):
        assert words in " ".join(report.card)
    part = [24, 100, min(100, report.suites[2].items)]
    speed = report.conditions["speed"]
    assert isinstance(speed, dict)
    assert speed["candidate"]["answers"] == sum(part)
    assert 0 < speed["candidate"]["milliseconds_p50"] <= speed["candidate"]["milliseconds_p95"]
    gates = shared.forge.students.gates
    items = gates.items(report.uid, suite=report.suites[0].sha256)
    assert [item.n for item in items] == list(range(1, 25))
    assert items[0].question == "What is the name of bridge 1?"
    assert items[0].expected == "aaaa aaaa"
    assert {item.change for item in items} == {"better"}
    assert items[0].candidate["nll"] < items[0].baseline["nll"]  # type: ignore[operator]
    assert gates.count(report.uid, suite=report.suites[0].sha256, change="worse") == 0
    assert gates.count(report.uid, suite=report.suites[0].sha256) == 24
    assert [item.n for item in gates.items(report.uid, suite=report.suites[0].sha256, offset=20, limit=3)] == [
        21,
        22,
        23,
    ]
    assert gates.get(str(report.number)) == gates.get(report.uid[:8]) == report
    assert report in gates.all("good")
    marked = shared.forge.students.registry.version(version.uid)
    assert (marked.verdict, marked.gate, marked.state) == ("passed", report.uid, "gated")
    assert any(isinstance(one, DataChanged) and {"gates", "versions"} <= set(one.what) for one in seen)
    told = [one.detail for one in seen if isinstance(one, JobChanged) and isinstance(one.detail, GateProgress)]
    assert told[-1].gate == report.uid
    assert told[-1].total == 2 * sum(part)


def test_an_adapter_that_destroys_is_refused(shared: GateRoom, files: Path) -> None:
    version = shared.version(files / "bad.gguf", name="bad")
    report = shared.gate(version, _wish(shared))
    assert report.verdict == "failed"
    assert "There is no gain in NLL on facts" in " ".join(report.reasons)
    assert shared.forge.students.registry.version(version.uid).verdict == "failed"
    with pytest.raises(ForgeError):
        shared.forge.students.registry.promote(version.uid)


def test_an_adapter_without_numbers_is_refused(shared: GateRoom, files: Path, tmp_path: Path) -> None:
    file = adapter(tmp_path / "huge.gguf", files / "base.gguf", strength=1e25)
    version = shared.version(file, "trained", name="huge")
    report = shared.gate(version, dataclasses.replace(_wish(shared), width=2))
    assert report.verdict == "failed"
    assert report.vetoes == ("The student's numbers are not finite on 8 items of facts.",)
    swept = shared.gate(version, _wish(shared, scales=(0.5, 1.0)))
    assert (swept.verdict, [one["finite"] for one in swept.sweep]) == ("failed", [False, False])
    good = shared.version(files / "good.gguf", name="good")
    assert shared.gate(good, _wish(shared, items=8)).verdict != "failed"  # the base bears no mark of it


def test_a_version_with_a_template_of_its_own_is_measured_with_it(shared: GateRoom, files: Path) -> None:
    version = shared.version(files / "good.gguf", name="good")
    template = "{% for message in messages %}{{ message['content'] }}{% endfor %}"
    other = shared.forge.students.registry.derive(version.uid, template=template)
    own, plain = (shared.gate(one, _wish(shared, items=8)) for one in (other, version))
    before, after = (next(one for one in report.metrics if one.name == "nll") for report in (plain, own))
    assert before.baseline == after.baseline
    assert abs(before.candidate - after.candidate) > 0.01


def test_an_adapter_that_changes_nothing_is_refused_early(shared: GateRoom, files: Path) -> None:
    version = shared.version(files / "empty.gguf", name="empty")
    report = shared.gate(version, dataclasses.replace(_wish(shared), width=2))
    assert report.verdict == "failed"
    assert report.vetoes == ("The adapter changes nothing: every answer and every likelihood is the baseline's.",)
    assert shared.forge.students.gates.count(report.uid) == 8  # the rest would have been the same


def test_forgetting_is_caught_by_what_ships(shared: GateRoom, files: Path) -> None:
    version = shared.version(files / "good.gguf", name="good")
    wish = _wish(shared, regression=True, safety=True, items=16, margins=Margins(nll=0.0))
    report = shared.gate(version, wish)
    assert [(one.name, one.role) for one in report.suites] == [
        ("facts", "target"),
        ("regression", "regression"),
        ("safety", "safety"),
    ]
    regression = {one.name: one for one in report.metrics if one.suite == "regression"}
    assert regression["nll"].decides
    assert regression["nll"].items == 16
    assert {one.decides for one in report.metrics if one.suite == "safety"} == {False}
    assert report.verdict in ("failed", "inconclusive", "passed")
    again = shared.gate(version, wish)
    assert again.metrics == report.metrics  # the same seed, the same figures


def test_a_scale_is_chosen_on_a_part_and_measured_on_the_rest(shared: GateRoom, files: Path) -> None:
    version = shared.version(files / "good.gguf", name="good")
    report = shared.gate(version, _wish(shared, scales=(1.0, 0.25, 0.5)))
    assert [one["scale"] for one in report.sweep] == [0.25, 0.5, 1.0]
    assert [one["items"] for one in report.sweep] == [6, 6, 6]
    assert [one["chosen"] for one in report.sweep] == [False, False, True]
    assert report.scale == 1.0
    assert next(one for one in report.metrics if one.name == "nll").items == 18
    bad = shared.version(files / "bad.gguf", name="bad")
    other = shared.gate(bad, _wish(shared, scales=(1.0, 0.5)))
    assert other.scale == 0.5
    registry = shared.forge.students.registry
    assert registry.version(other.gated).scale == 0.5
    assert registry.version(other.gated).verdict == other.verdict == "failed"


def test_what_cannot_be_measured_is_said_in_a_sentence(shared: GateRoom, files: Path) -> None:
    gates, version = shared.forge.students.gates, shared.version(files / "good.gguf", name="good")
    for wish, words in (
        (_wish(shared, items=-1), "1 to 64 questions"),
        (dataclasses.replace(_wish(shared), suites=()), "There is no question to ask"),
        (dataclasses.replace(_wish(shared), suites=("nowhere",)), "no suite called nowhere"),
        (dataclasses.replace(_wish(shared), primary="charm"), "charm is no metric"),
        (dataclasses.replace(_wish(shared), scales=(0.0,)), "scale is a number from 0.01 to 8"),
        (dataclasses.replace(_wish(shared), scales=(1e-9,)), "scale is a number"),
        (dataclasses.replace(_wish(shared), scales=(1.0, 1.0, 1.0)), "name it once"),
        (
            dataclasses.replace(_wish(shared), scales=(0.5, 1.0), suites=(), safety=True),
            "A scale is chosen with a suite",
        ),
        (dataclasses.replace(_wish(shared), baseline=version.uid), "nothing to hold"),
        (dataclasses.replace(_wish(shared), judge="Nobody"), "Nobody"),
        (dataclasses.replace(_wish(shared), margins=Margins(nll=-1)), "NLL may rise by 0 to 10 nats"),
        (dataclasses.replace(_wish(shared), margins=Margins(exact_match=float("inf"))), "by 0 to 100 points"),
        (dataclasses.replace(_wish(shared), confidence=1.0), "interval"),
    ):
        with pytest.raises(ForgeError, match=words):
            gates.start(version.uid, wish)
    with pytest.raises(ForgeError, match="No version is called"):
        gates.start("v999", _wish(shared))
    with pytest.raises(ForgeError, match="There is no gate"):
        gates.get("999999")
    job = gates.start(version.uid, dataclasses.replace(_wish(shared), primary="refusal"))
    with pytest.raises(ForgeError, match="refusal says nothing about any item of facts"):
        shared.wait(job)
    assert gates.all()[0].state == "failed"
    assert "refusal says nothing" in gates.all()[0].problem


def test_an_adapter_whose_file_has_changed_is_not_measured(shared: GateRoom, files: Path, tmp_path: Path) -> None:
    file = adapter(tmp_path / "other.gguf", files / "base.gguf", strength=-0.04, seed=9)
    version = shared.version(file, name="other")
    kept = Path(shared.forge.students.registry.adapter(version.adapter_sha256).path)
    kept.chmod(0o600)
    with kept.open("r+b") as stream:
        stream.seek(-4, 2)
        stream.write(b"\1\2\3\4")
    with pytest.raises(ForgeError):
        shared.gate(version, _wish(shared))
    kept.unlink()
    with pytest.raises(ForgeError):
        shared.gate(version, _wish(shared))


def test_versions_of_two_bases_are_compared_by_their_answers_alone(
    shared: GateRoom, files: Path, tmp_path: Path
) -> None:
    from tests.data import tiny_gguf

    other = tiny_gguf.write(tmp_path / "other-base.gguf", context=4096, layers=3)
    shared.wait(shared.forge.students.import_gguf(other))
    registry = shared.forge.students.registry
    sha256 = next(one.sha256 for one in shared.forge.students.list() if one.path == str(other))
    version = next(one for one in registry.versions() if one.base_sha256 == sha256)
    with pytest.raises(ForgeError, match="have different bases, whose likelihoods do not compare"):
        shared.forge.students.gates.start(version.uid, _wish(shared))
    report = shared.gate(version, dataclasses.replace(_wish(shared), primary="f1", items=8))
    assert report.state == "done"
    assert {one.name for one in report.metrics} == {"exact_match", "f1"}
    assert any("another base" in one for one in report.card)


def test_a_gate_that_is_stopped_goes_on_where_it_was(shared: GateRoom, files: Path) -> None:
    version, gates = shared.version(files / "good.gguf", name="good"), shared.forge.students.gates
    begun = threading.Event()

    def on_event(event: Event) -> None:
        if isinstance(event, JobChanged) and isinstance(event.detail, GateProgress) and event.detail.done >= 8:
            begun.set()

    stop = shared.forge.events.subscribe(on_event)
    job = gates.start(version.uid, dataclasses.replace(_wish(shared), width=1))
    assert begun.wait(PATIENCE)
    second = gates.start(version.uid, _wish(shared))
    waits, goes = gates.all()[:2]
    assert (waits.state, goes.state) == ("waiting", "running")
    gates.cancel(waits.uid)
    gates.cancel(goes.uid)
    with pytest.raises(Cancelled):
        shared.wait(second)
    assert gates.get(waits.uid).state == "cancelled"
    with pytest.raises(Cancelled):
        shared.wait(job)
    stop()
    left = gates.get(goes.uid)
    assert left.state == "cancelled"
    kept = gates.count(left.uid)
    assert 0 < kept < 24
    done = shared.wait(gates.resume(left.uid))
    assert (done.uid, done.state, done.verdict) == (left.uid, "done", "inconclusive")
    assert gates.count(left.uid) == 24
    with pytest.raises(ForgeError, match="is done"):
        gates.resume(left.uid)


def test_a_full_disk_ends_a_gate_in_a_sentence_and_it_goes_on(shared: GateRoom, files: Path) -> None:
    version, gates = shared.version(files / "good.gguf", name="good"), shared.forge.students.gates
    database, pages = gates._rooms.db, [0]

    def on_event(event: Event) -> None:  # on the job's own thread, whose connection is limited
        if isinstance(event, JobChanged) and isinstance(event.detail, GateProgress):
            if event.detail.done >= 8 and not pages[0]:
                pages[0] = database.value("PRAGMA page_count")
                database.connection.execute(f"PRAGMA max_page_count = {pages[0]}")
            elif not event.detail.done:
                database.connection.execute("PRAGMA max_page_count = 1000000")

    stop = shared.forge.events.subscribe(on_event)
    job = gates.start(version.uid, dataclasses.replace(_wish(shared), width=1, max_tokens=200))
    with pytest.raises(ForgeError, match="disk"):
        shared.wait(job)
    left = gates.all()[0]
    assert left.state in ("failed", "interrupted")
    assert 0 < gates.count(left.uid) < 24
    done = shared.wait(gates.resume(left.uid))
    stop()
    assert (done.state, done.verdict, gates.count(left.uid)) == ("done", "inconclusive", 24)


_RUN = """
import sys
from pathlib import Path
from tests.students.gate_rooms import GateRoom, QUICK
import dataclasses
room = GateRoom(Path(sys.argv[1]), Path(sys.argv[2]))
version = room.version(Path(sys.argv[3]), name="good")
wish = dataclasses.replace(QUICK, suites=("facts",), primary="nll", baseline=room.base.uid, width=1, max_tokens=24)
job = room.forge.students.gates.start(version.uid, wish)
print("started", flush=True)
room.wait(job)
"""


def test_a_gate_that_is_killed_goes_on_without_measuring_again(data_dir: Path, files: Path, tmp_path: Path) -> None:
    with opened(data_dir, files / "base.gguf") as room:
        room.suite(tmp_path, "facts", facts(48))
    arguments = [sys.executable, "-c", _RUN, str(data_dir), str(files / "base.gguf"), str(files / "good.gguf")]
    child = subprocess.Popen(arguments, stdout=subprocess.PIPE)
    try:
        assert child.stdout is not None
        assert child.stdout.readline() == b"started\n"
        stored = _wait_for_items(data_dir, 8)
    finally:
        child.send_signal(signal.SIGKILL)
        child.wait()
        if child.stdout is not None:
            child.stdout.close()
    assert stored >= 8
    with sqlite3.connect(data_dir / "forge.db") as database:
        database.execute("UPDATE gate_items SET answer = 'as it was' WHERE arm = 'baseline' AND n = 1")
    database.close()
    with opened(data_dir, files / "base.gguf") as room:
        gates = room.forge.students.gates
        (left,) = gates.all()
        assert left.state == "interrupted"
        done = room.wait(gates.resume(str(left.number)))
        assert (done.verdict, gates.count(done.uid)) == ("inconclusive", 48)
        assert gates.items(done.uid, limit=1)[0].baseline_answer == "as it was"


def _wait_for_items(data_dir: Path, count: int) -> int:
    """How many rows are stored, as soon as there are enough of them."""
    import time

    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        database = sqlite3.connect(f"file:{data_dir / 'forge.db'}?mode=ro", uri=True)
        found = int(database.execute("SELECT count(*) FROM gate_items").fetchone()[0])
        database.close()
        if found >= count:
            return found
        threading.Event().wait(0.02)
    return 0


def test_what_rests_on_a_document_is_forgotten_with_it(shared: GateRoom, files: Path, tmp_path: Path) -> None:
    sha256 = "ab" * 32
    evidence = [{"text": "The bridge is red.", "path": "bridge.txt", "document_sha256": sha256}]
    rows = [{**row, "evidence": evidence} for row in facts(8, "It is red.")]
    shared.suite(tmp_path, "resting", rows)
    version, gates = shared.version(files / "good.gguf", name="good"), shared.forge.students.gates
    report = shared.gate(version, dataclasses.replace(_wish(shared), suites=("resting",)))
    assert report.uid in {one.uid for one in gates.reached_by(sha256)}
    assert gates.items(report.uid)[0].evidence == ((1, "bridge.txt", "The bridge is red."),)
    assert gates.forget(sha256) == 8
    assert not gates.reached_by(sha256)
    left = gates.items(report.uid)
    assert {(one.question, one.evidence, one.baseline_answer) for one in left} == {("", (), "")}
    assert "forgotten" in left[0].problem
    assert gates.get(report.uid).metrics == report.metrics


def test_the_shipped_suites_are_named(shared: GateRoom) -> None:
    regression, safety = shared.forge.students.gates.shipped()
    assert (regression.name, regression.role, safety.name, safety.role) == (
        "regression",
        "regression",
        "safety",
        "safety",
    )
    assert regression.items >= 200


def test_a_file_is_kept_as_a_suite_once(shared: GateRoom, tmp_path: Path) -> None:
    file = tmp_path / "bridges.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in facts(3, "bbb")), encoding="utf-8")
    gates = shared.forge.students.gates
    made = shared.wait(gates.bring_suite(file))
    assert (made.name, made.kind, made.items) == ("bridges", "recall", 3)
    assert shared.wait(gates.bring_suite(file)) == made
    with pytest.raises(ForgeError, match="are kept as the recall suite bridges already"):
        shared.wait(gates.bring_suite(file, kind="transfer"))
    other = tmp_path / "more" / "bridges.jsonl"
    other.parent.mkdir()
    other.write_text(json.dumps(facts(1, "c")[0]) + "\n", encoding="utf-8")
    assert shared.wait(gates.bring_suite(other)).name == "bridges 2"


def _learnt(room: GateRoom, run: str, questions: list[str]) -> None:
    """A run that learnt these questions, as far as a gate looks at it."""
    folder = room.forge.data_dir / "training" / run
    folder.mkdir(parents=True, exist_ok=True)
    rows = [Learnt(f"p{n}", question, "It is blue.") for n, question in enumerate(questions, 1)]
    (folder / WORDS).write_text("".join(json.dumps(dataclasses.asdict(row)) + "\n" for row in rows), encoding="utf-8")
    database = sqlite3.connect(room.forge.data_dir / "forge.db")
    with database:
        database.execute(
            "INSERT OR IGNORE INTO training_runs (uid, number, name, state, base_sha256, wish, created)"
            " SELECT ?, coalesce(max(number), 0) + 1, 'made by hand', 'done', ?, '{}', 0 FROM training_runs",
            (run, room.sha256),
        )
    database.close()


def test_what_leaked_into_training_is_left_out_and_named(shared: GateRoom, files: Path, tmp_path: Path) -> None:
    run, asked = "ab" * 16, [row["question"] for row in facts(24)]
    _learnt(shared, run, [*asked[:2], "Something else entirely?"])
    file = adapter(tmp_path / "trained.gguf", files / "base.gguf", strength=-0.03, seed=5)
    version = shared.forge.students.registry.add(file, shared.sha256, origin="trained", run=run, name="trained")
    report = shared.gate(version, _wish(shared))
    assert report.verdict == "inconclusive"
    items = {one.item: one.n for one in shared.forge.students.gates.items(report.uid)}
    assert [(pair, method) for _, pair, method in report.suites[0].leaks] == [("p1", "exact"), ("p2", "exact")]
    assert (report.suites[0].items, len(items)) == (24, 22)
    assert not {item for item, _, _ in report.suites[0].leaks} & set(items)
    assert "2 of 24 items of facts leaked into training and do not count." in report.card
    assert not any("Nobody here knows" in one for one in report.card)
    _learnt(shared, run, asked[:13])
    most = shared.gate(version, _wish(shared))
    assert most.verdict == "failed"
    assert "13 of 24 items of facts stand nearly the same" in most.vetoes[0]
    _learnt(shared, run, asked)
    with pytest.raises(ForgeError, match="Nothing of facts is left to measure with"):
        shared.gate(version, _wish(shared))
    (shared.forge.data_dir / "training" / run / WORDS).unlink()
    unknown = shared.gate(version, _wish(shared))
    assert any("cannot be read" in one for one in unknown.card)


@pytest.mark.full
def test_the_starter_is_not_replaced_by_what_destroys_it(data_dir: Path, starter: Path, tmp_path: Path) -> None:
    with opened(data_dir, starter) as room:
        rows = [{"question": f"What is {n} plus {n}?", "answer": f"{2 * n}", "match": "contains"} for n in range(1, 13)]
        room.suite(tmp_path, "sums", rows)
        wish = dataclasses.replace(
            QUICK, suites=("sums",), primary="nll", baseline=room.base.uid, regression=True, items=12, max_tokens=8
        )
        broken = room.gate(room.version(adapter(tmp_path / "b.gguf", starter, strength=0.05), name="broken"), wish)
        assert broken.verdict == "failed"
        assert "NLL on regression gets worse by more than 0.10" in " ".join(broken.reasons)
        empty = room.gate(room.version(adapter(tmp_path / "e.gguf", starter, strength=0.0), name="empty"), wish)
        assert "changes nothing" in empty.vetoes[0]

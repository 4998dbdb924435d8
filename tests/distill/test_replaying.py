"""A finished run comes out the same from recorded answers alone, byte for byte."""

from __future__ import annotations

import hashlib
import json
import socket
from pathlib import Path
from typing import Any

import pytest

from forge_desktop.base.errors import ForgeError
from forge_desktop.distill.pair_lines import to_line
from forge_desktop.distill.records_runs import ReplayReport
from tests.distill.rooms import PATIENCE, Application, Opened, answered, fact
from tests.providers.teacher import Teacher


def _replay(app: Application, run: str, directory: Path | None = None) -> ReplayReport:
    found = app.forge.jobs.wait(app.forge.distill.replay(run, directory), PATIENCE)
    assert isinstance(found, ReplayReport)
    return found


def _accepted(app: Application) -> bytes:
    return b"".join(to_line(pair) for pair in app.forge.distill.pairs.iterate())


@pytest.fixture
def no_sockets(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Every socket that is made from now on; making one fails."""
    made: list[Any] = []

    def refuse(*arguments: Any, **_: Any) -> None:
        made.append(arguments)
        raise AssertionError("a socket was opened")

    monkeypatch.setattr(socket, "socket", refuse)
    return made


def test_a_run_is_replayed_to_the_same_bytes_without_a_network(
    opened: Opened, teacher: Teacher, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    app = opened()
    app.index(tmp_path / "documents")
    wrong = iter([True, True])

    def sometimes(body: dict[str, Any]) -> str:
        asked = str(body["messages"])
        if fact(3)[0] in asked and next(wrong, False):
            return answered(body, citations=[9], quotes=[{"n": 9, "quote": "nowhere"}])  # a second turn, then none
        return answered(body, refusal="I will not.") if fact(4)[0] in asked else answered(body)

    teacher.answer = sometimes
    app.ask(3)
    app.ask(1, 3)
    app.ask(1, 4)
    app.ask(1, 5, draft=fact(5)[1])  # easy: no teacher is asked
    run = app.run()
    before = _accepted(app)
    assert before.count(b"\n") == run.kept >= 3
    app = opened()  # the application anew, the teacher gone
    app.forge.settings.change(offline=True)
    connections = teacher.connections
    sockets = request.getfixturevalue("no_sockets")
    found = _replay(app, run.uid, tmp_path / "again")
    assert (sockets, teacher.connections) == ([], connections)
    assert (found.same, found.differing, found.outside) == (True, (), ())
    assert found.tasks == 6
    assert found.sha256 == found.exported == hashlib.sha256(before).hexdigest()
    assert found.files == ("pairs.jsonl",)
    assert (tmp_path / "again" / "pairs.jsonl").read_bytes() == before
    app.forge.archive.export_lessons(tmp_path / "export", ("forge",))
    assert (tmp_path / "export" / "pairs.jsonl").read_bytes() == before
    assert _replay(app, run.uid).sha256 == found.sha256


def test_a_judged_run_is_replayed_too(app: Application, teacher: Teacher) -> None:
    def both(body: dict[str, Any]) -> str:
        if "You judge" in str(body["messages"][0]["content"]):
            return json.dumps({"correct": 5, "grounded": 5, "complete": 4, "clear": 5, "note": "fine"})
        return answered(body)

    teacher.answer = both
    app.ask(3)
    run = app.run(judge=True)
    found = _replay(app, run.uid)
    assert (found.same, found.differing, found.pairs) == (True, (), 3)


def test_what_a_person_changed_is_outside_and_said(app: Application) -> None:
    app.ask(3)
    run = app.run(review="all")
    first, second, _ = app.forge.distill.review.waiting()
    app.forge.distill.review.edit(first, fact(0)[1] + " [1]")
    app.forge.distill.review.reject(second)
    found = _replay(app, run.uid)
    assert found.same
    assert [why for _, why in found.outside] == [
        "a person edited it afterwards",
        "a person rejected it afterwards",
    ]
    assert found.pairs == 1


def test_what_was_tampered_with_is_listed(app: Application) -> None:
    app.ask(3)
    run = app.run()
    with app.forge.distill._db.write() as connection:
        connection.execute("UPDATE pairs SET final = 'Something else.' WHERE id = 1")
        connection.execute("DELETE FROM pairs WHERE id = 2")
    found = _replay(app, run.uid)
    assert not found.same
    assert found.sha256 != found.exported
    assert [why for _, why in found.differing] == ["differs in final", "it is not there any more"]


def test_two_tasks_that_one_answer_served_are_replayed(app: Application, teacher: Teacher) -> None:
    app.ask(1)
    app.ask(1)
    run = app.run(concurrency=1)
    assert len(teacher.bodies) == 1
    found = _replay(app, run.uid)
    assert (found.same, found.tasks, found.pairs) == (True, 2, 2)


def test_a_directory_that_is_not_empty_is_left_alone(app: Application, tmp_path: Path) -> None:
    app.ask(1)
    run = app.run()
    with pytest.raises(ForgeError, match="not empty"):
        _replay(app, run.uid, tmp_path)
    with pytest.raises(ForgeError, match="no such run"):
        app.forge.distill.replay("nothing", None)

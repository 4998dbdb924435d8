"""Questions out of documents: quotas, passages, what is dropped, teachers under a cap, the real student."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from forge_desktop.base.errors import ForgeError
from forge_desktop.base.events import Event, JobChanged
from forge_desktop.distill.records import Task
from forge_desktop.distill.records_runs import GenerateSummary, GenerateWish
from tests.distill.rooms import PATIENCE, Application
from tests.providers.teacher import Fault, Teacher, storm

_TEXT = (
    "The {thing} of {place} was built in {year} by the guild of rope makers. It stands beside the old mill and is open"
    " from nine to five. To visit it, ask the warden for the key and sign the book in the hall. A ticket costs {price}"
    " crowns; members of the guild go in free, because they pay for its repair every spring."
)
_KINDS = (("factual", 1), ("numbers", 1))


def _folder(path: Path, names: tuple[str, ...] = ("lantern", "kettle", "anvil")) -> Path:
    path.mkdir()
    for n, name in enumerate(names):
        place = ("Harlow", "Brindle", "Oxmoor")[n]
        (path / f"{name}.txt").write_text(_TEXT.format(thing=name, place=place, year=1801 + n, price=7 + n))
    return path


@pytest.fixture
def app(data_dir: Path, teacher: Teacher, tmp_path: Path) -> Iterator[Application]:
    """The application with three documents. Ends with the books compared."""
    made = Application(data_dir, teacher)
    try:
        made.forge.jobs.wait(made.forge.corpus.index([_folder(tmp_path / "documents")]), PATIENCE)
        yield made
        assert teacher.bill <= made.forge.providers.ledger.budgets()[-1].charged
    finally:
        made.close()


def _asking(body: dict[str, Any]) -> str:
    """A good teacher: a question for each sort, about what the passage is about."""
    asked = str(body["messages"][-1]["content"])
    found = re.search(r"The (\w+) of (\w+) was", asked)
    assert found is not None
    thing = f"{found[1]} of {found[2]}"
    texts = (f"When was the {thing} built by the guild?", f"What does a ticket for the {thing} cost?")
    sorts = re.findall(r"^(\d+)\. (.*)$", asked, re.MULTILINE)
    rows = [{"n": int(n), "question": texts[0] if "fact" in sort else texts[1]} for n, sort in sorts]
    return json.dumps({"questions": rows})


def _generate(app: Application, **wish: Any) -> GenerateSummary:
    values = {"per_document": 2, "kinds": _KINDS, "teacher": True, "cap": 1_000_000, **wish}
    found = app.forge.jobs.wait(app.forge.distill.generate(GenerateWish(**values)), PATIENCE)
    assert isinstance(found, GenerateSummary)
    assert found.settled + found.unknown <= values["cap"]
    return found


def _tasks(app: Application) -> list[Task]:
    return [app.forge.distill.tasks.get(row.id) for row in app.forge.distill.tasks.window(0, 1000)]


def test_each_question_keeps_the_passage_it_came_from(app: Application, teacher: Teacher) -> None:
    teacher.answer = _asking
    found = _generate(app)
    assert (found.documents, found.wanted, found.known, found.tasks) == (3, 6, 0, 6)
    assert (found.stopped, dict(found.dropped), dict(found.by_kind)) == ("", {}, {"factual": 3, "numbers": 3})
    assert len(teacher.bodies) == 3  # all questions about a passage in one call
    for task in _tasks(app):
        (shown,) = app.forge.distill.view(task.id).evidence
        document = app.forge.corpus.shelf.find_document(task.document, "")
        assert document is not None
        assert (task.origin, task.document, task.language) == ("document", shown.document_sha256, "en")
        assert app.forge.corpus.shelf.stored_text(document.id, shown.start, shown.end) == shown.text
        assert task.origin_detail == document.name
    ledger = app.forge.providers.ledger
    assert found.settled == ledger.run_totals(found.run).settled > 0
    assert teacher.bill <= found.settled


def test_what_was_made_counts_when_it_is_asked_again(app: Application, teacher: Teacher) -> None:
    teacher.answer = _asking
    _generate(app)
    again = _generate(app)
    assert (again.known, again.tasks, again.settled) == (6, 0, 0)
    assert len(teacher.bodies) == 3
    app.forge.distill.tasks.remove([_tasks(app)[0].id])
    assert _generate(app).tasks == 1
    assert app.forge.distill.tasks.count() == 6


def test_questions_that_ask_the_same_are_dropped_and_counted(app: Application, teacher: Teacher) -> None:
    teacher.answer = lambda body: json.dumps(
        {"questions": [{"n": n, "question": "When was the guild of rope makers built?"} for n in (1, 2)]}
    )
    found = _generate(app)
    assert found.tasks == 1
    assert found.dropped["another one asks nearly the same"] == found.asked - 1


def test_the_cap_ends_it_and_what_was_made_stays(app: Application, teacher: Teacher) -> None:
    teacher.answer = _asking
    found = _generate(app, cap=600)
    assert found.stopped == "cap"
    assert "cap" in found.problem.casefold() or "left" in found.problem
    assert found.settled <= 600
    assert app.forge.distill.tasks.count() == found.tasks < 6
    rest = _generate(app)
    assert (rest.known, rest.tasks) == (found.tasks, 6 - found.tasks)


def test_a_document_that_is_never_sent_is_shown_to_no_teacher(
    app: Application, teacher: Teacher, tmp_path: Path
) -> None:
    teacher.answer = _asking
    secret = tmp_path / "secret"
    secret.mkdir()
    (secret / "secret.txt").write_text(_TEXT.format(thing="vault", place="Quenby", year=1900, price=7351))
    made = app.forge.corpus.collections.create("Secret", never_send=True)
    app.forge.jobs.wait(app.forge.corpus.index([secret], made.uid), PATIENCE)
    found = _generate(app)
    assert (found.never_sent, found.documents, found.tasks) == (("secret.txt",), 3, 6)
    assert "Quenby" not in str(teacher.bodies)


def test_the_choice_of_documents(app: Application, teacher: Teacher, tmp_path: Path) -> None:
    teacher.answer = _asking
    first = app.forge.corpus.shelf.document_rows(app.forge.corpus.shelf.documents())[0]
    assert _generate(app, documents=(first.sha256,)).documents == 1
    other = _folder(tmp_path / "others", ("sextant",))
    app.forge.jobs.wait(app.forge.corpus.index([other]), PATIENCE)
    assert _generate(app, folders=(str(other),)).documents == 1
    assert _generate(app, most=1).tasks == 1
    for wish in ({"documents": ("00" * 32,)}, {"folders": (str(tmp_path / "none"),)}):
        with pytest.raises(ForgeError, match="document"):
            _generate(app, **wish)


@pytest.mark.parametrize(
    ("wish", "said"),
    [
        ({"cap": 0}, "need a cap"),
        ({"kinds": (("riddle", 1),)}, "no riddle questions"),
        ({"kinds": (("factual", 0),)}, "No sort"),
        ({"per_document": 0}, "at least one"),
    ],
)
def test_a_wish_that_cannot_be_is_refused(app: Application, wish: dict[str, Any], said: str) -> None:
    with pytest.raises(ForgeError, match=said):
        app.forge.distill.generate(GenerateWish(**{"teacher": True, "cap": 1, **wish}))


@pytest.mark.parametrize(
    "fault", [storm(404), pytest.param(Fault(after=5, then="cut"), marks=pytest.mark.full, id="cut")]
)
def test_an_outage_makes_no_questions(app: Application, teacher: Teacher, fault: Fault) -> None:
    teacher.always = fault
    found = _generate(app)
    assert (found.tasks, app.forge.distill.tasks.count(), found.stopped) == (0, 0, "teachers")
    assert found.problem
    teacher.always, teacher.answer = None, _asking
    for endpoint in app.forge.providers.endpoints.list():
        app.forge.providers.router.reset(endpoint.uid)
    assert _generate(app).tasks == 6  # whatever attempts the outage used up


def test_offline_asks_nobody(app: Application, teacher: Teacher) -> None:
    app.forge.settings.change(offline=True)
    found = _generate(app)
    assert (found.stopped, found.tasks, teacher.connections) == ("offline", 0, 0)


def test_a_cancel_keeps_what_is_stored(app: Application, teacher: Teacher) -> None:
    teacher.answer = _asking

    def stop(event: Event) -> None:
        if isinstance(event, JobChanged) and event.kind == "generate" and event.state == "running":
            app.forge.jobs.cancel(event.job_id)

    unsubscribe = app.forge.events.subscribe(stop)
    found = _generate(app)
    unsubscribe()
    assert found.stopped == "cancelled"
    assert _generate(app).known == found.tasks


def test_the_same_seed_asks_for_the_same(app: Application, teacher: Teacher, tmp_path: Path) -> None:
    teacher.answer = _asking
    _generate(app, seed=7)
    first = sorted(str(body["messages"]) for body in teacher.bodies)
    made = sorted(task.uid for task in _tasks(app))
    app.forge.distill.tasks.remove([task.id for task in _tasks(app)])
    _generate(app, seed=7)
    assert sorted(str(body["messages"]) for body in teacher.bodies) == first  # paid once, and used again
    assert sorted(task.uid for task in _tasks(app)) == made


@pytest.mark.full
def test_the_starter_with_a_seed_writes_the_same_again(app: Application) -> None:
    student = app.forge.students.active()
    assert student is not None
    app.forge.students.activate(student.id)
    made = []
    for _ in range(2):
        _generate(app, teacher=False, cap=0, seed=3)
        made.append([task.question for task in _tasks(app)])
        app.forge.distill.tasks.remove([task.id for task in _tasks(app)])
    assert made[0] == made[1]


def test_the_starter_writes_questions_and_only_good_ones_stay(app: Application) -> None:
    student = app.forge.students.active()
    assert student is not None
    app.forge.students.activate(student.id)
    found = _generate(app, teacher=False, cap=0, per_document=1, kinds=(("factual", 1),), most=1)
    assert found.tasks + sum(found.dropped.values()) == found.asked >= 1
    assert found.tasks == app.forge.distill.tasks.count()
    assert (found.settled, found.run) == (0, "")
    for task in _tasks(app):
        assert task.question.endswith("?")

"""Forgetting a document: what it came into is told exactly, and what a person says is gone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from forge_desktop.base.errors import ForgeError
from forge_desktop.distill.forgetting import Forgetter
from forge_desktop.distill.store_pairs import put_evidence
from forge_desktop.providers.ledger import Ledger
from forge_desktop.providers.providers import Providers
from forge_desktop.providers.records import Purpose, Usage
from forge_desktop.providers.records_ledger import NewAnswer, NewAttempt
from tests.distill.pair_room import PairRoom, evidence, pair

SECRET = "The secret recipe of the house."


@pytest.fixture
def room(data_dir: Path) -> Iterator[PairRoom]:
    made = PairRoom(data_dir)
    yield made
    made.close()


@pytest.fixture
def providers(room: PairRoom, data_dir: Path) -> Iterator[Providers]:
    made = Providers(room.db, room.events, room.settings, data_dir)
    yield made
    made.close()


@pytest.fixture
def forgetter(room: PairRoom, providers: Providers) -> Forgetter:
    return Forgetter(
        room.db,
        room.events,
        pairs=room.pairs,
        suites=room.suites,
        datasets=room.datasets,
        count_answers=providers.count_answers,
        forget_answers=providers.forget_answers,
    )


def pay(ledger: Ledger, task: str, text: str) -> None:
    ledger.open_run("run", 10_000)
    purpose = Purpose("teacher", "run", task, "answer:1")
    attempt = ledger.reserve(NewAttempt("e", "teacher", "m", purpose, "ab" * 32, "cd" * 32, 500))
    ledger.sent(attempt)
    ledger.settle(attempt, Usage(10, 10), 300, NewAnswer(text, "", "end", 1.0, None))


def fill(room: PairRoom, providers: Providers) -> dict[str, str]:
    """Two tasks of document a, one of document b; a dataset and a suite that hold a."""
    tasks = {name: room.task(f"Question {name}") for name in ("one", "two", "other")}
    room.keep(
        pair("one", "Which recipe is it?", SECRET, task=tasks["one"], evidence=(evidence("a", SECRET),)),
        pair("loose", "Which spice is in it?", "Salt.", evidence=(evidence("a", SECRET),)),
        pair("other", "Who owns the boat?", "Anna.", task=tasks["other"], evidence=(evidence("b", "Anna owns it."),)),
        pair("held", "What do they call it?", "Soup.", evidence=(evidence("a", SECRET),)),
        pair("heldb", "Who rows then?", "Bea.", evidence=(evidence("b", "Bea rows."),)),
    )
    with room.db.write() as connection:
        row = connection.execute("SELECT id FROM tasks WHERE uid = ?", (tasks["two"],)).fetchone()
        put_evidence(connection, "task_id", row[0], (evidence("a", SECRET, cited=False),))
    for name in ("one", "two", "other"):
        pay(providers.ledger, tasks[name], f"{SECRET} for {name}")
    room.datasets.freeze("All of it")
    room.suite(room.suites.freeze(0.4, "Held back", "recall"))
    return tasks


def test_what_a_document_reached_is_told_and_gone(
    room: PairRoom, providers: Providers, forgetter: Forgetter, data_dir: Path
) -> None:
    tasks = fill(room, providers)
    reached = forgetter.reached_by("a" * 64)
    assert reached.name == "a.md"
    assert set(reached.tasks) == {tasks["one"], tasks["two"]}
    assert set(reached.pairs) == {"one", "loose", "held"}
    assert (reached.evidence, reached.answers) == (4, 2)
    assert [name for _, name in reached.datasets] == ["All of it v1"]
    in_suite = [
        item
        for item in room.suites.items(room.suites.get("Held back").uid)
        if "a" * 64 in json.dumps([vars(e) for e in item.evidence])
    ]
    assert [name for _, name in reached.suites] == (["Held back"] if in_suite else [])
    spent = providers.ledger.budgets("run")
    gone = forgetter.forget("a" * 64)
    assert (gone.pairs, gone.tasks, gone.evidence, gone.answers) == (3, 2, 4, 2)
    assert gone.left == {"evidence": 0, "datasets": 1, "suites": len(reached.suites)}
    assert {one.uid for one in room.pairs.iterate(every=True)} == {"other", "heldb"}
    assert providers.ledger.budgets("run") == spent
    assert len(providers.ledger.attempts(task=tasks["one"])) == 1
    assert providers.ledger.answer_for(tasks["one"], "answer:1") is None
    assert providers.ledger.answer_for(tasks["other"], "answer:1") is not None
    rest = forgetter.forget("a" * 64, datasets=True, suites=True)
    assert (rest.datasets, rest.suite_items) == (1, len(in_suite))
    assert forgetter.reached_by("a" * 64).datasets == ()
    dump = "\n".join(room.db.connection.iterdump())
    assert SECRET not in dump.replace(f"{SECRET} for other", "")


def test_only_what_was_said_is_removed(room: PairRoom, providers: Providers, forgetter: Forgetter) -> None:
    fill(room, providers)
    gone = forgetter.forget("a" * 64, tasks=False)
    assert (gone.pairs, gone.tasks, gone.answers) == (3, 0, 0)
    assert gone.left["evidence"] == 1
    assert len(forgetter.reached_by("a" * 64).tasks) == 1


def test_a_document_is_named_by_its_hash_or_its_name(
    room: PairRoom, providers: Providers, forgetter: Forgetter
) -> None:
    fill(room, providers)
    room.keep(pair("sub", "And the other one?", "Yes.", evidence=(evidence("c", "x"),)))
    assert forgetter.document("a.md") == "a" * 64
    assert forgetter.document("bbbbbb") == "b" * 64
    assert forgetter.document("f" * 64) == "f" * 64
    with pytest.raises(ForgeError, match="Nothing that was learnt"):
        forgetter.document("z.md")
    assert forgetter.forget("f" * 64).pairs == 0

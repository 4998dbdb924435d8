"""The queue: order, states, text, and large ones."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from forge_desktop.base.errors import ForgeError
from forge_desktop.base.events import Events
from forge_desktop.distill.records import Evidence, NewTask
from forge_desktop.distill.store_tasks import ORDERS, TaskStore
from forge_desktop.distill.tasks import Tasks
from forge_desktop.storage import Database


@pytest.fixture
def tasks(tmp_path: Path) -> Iterator[Tasks]:
    db = Database(tmp_path / "forge.db")
    yield Tasks(db, TaskStore(db), Events())
    db.close()


def _questions(tasks: Tasks, **where: object) -> list[str]:
    return [row.question for row in tasks.window(0, 100, **where)]  # type: ignore[arg-type]


def test_tasks_are_taken_in_the_order_they_came(tasks: Tasks) -> None:
    uids = tasks.add([NewTask(f"Question {n}?") for n in range(5)])
    tasks.add([NewTask("At once?", first=True)])
    assert _questions(tasks) == ["At once?", *(f"Question {n}?" for n in range(5))]
    assert len(set(uids)) == 5
    assert tasks.get(uids[2]).question == "Question 2?"


def test_a_task_that_is_there_already_is_left_as_it_is(tasks: Tasks) -> None:
    tasks.add([NewTask("First?", uid="one")])
    assert tasks.add([NewTask("Second?", uid="one"), NewTask("Third?", uid="two")]) == ["one", "two"]
    assert _questions(tasks) == ["First?", "Third?"]


def test_evidence_that_comes_with_a_task_is_kept(tasks: Tasks) -> None:
    shown = Evidence(1, "ab" * 32, "a.md", 7, 3, 8, None, ("Head", "ing"), "words", scores={"score": 0.5})
    (uid,) = tasks.add([NewTask("What?", evidence=(shown,), collections=("c",), draft="d", schema="{}")])
    task = tasks.get(uid)
    assert (task.collections, task.draft, task.schema, task.state) == (("c",), "d", "{}", "queued")
    assert tasks.window(0, 1)[0].evidence == 1


@pytest.mark.parametrize(
    ("ids", "before", "expected"), [([4, 5], 1, "45123"), ([1], None, "23451"), ([3, 1], 5, "24315")]
)
def test_tasks_can_be_moved(tasks: Tasks, ids: list[int], before: int | None, expected: str) -> None:
    tasks.add([NewTask(str(n)) for n in range(1, 6)])
    tasks.move(ids, before)
    assert "".join(_questions(tasks)) == expected


def test_moving_into_the_same_gap_very_often_keeps_the_order(tasks: Tasks) -> None:
    tasks.add([NewTask(str(n)) for n in range(1, 4)])
    for _ in range(80):
        first = tasks.window(0, 3)
        tasks.move([first[2].id], first[1].id)
        assert sorted(row.question for row in tasks.window(0, 3)) == ["1", "2", "3"]
        assert tasks.window(0, 3)[1].id == first[2].id


def test_states_change_only_where_they_may(tasks: Tasks) -> None:
    tasks.add([NewTask(str(n)) for n in range(4)])
    assert tasks.hold([1, 2]) == 2
    assert tasks.release([2, 3]) == 1
    assert tasks.cancel() == 4
    assert tasks.hold() == 0
    assert tasks.again([1]) == 1
    assert tasks.counts() == {"queued": 1, "cancelled": 3}
    assert tasks.remove([1, 4]) == 2
    with pytest.raises(ForgeError):
        tasks.get(1)


def test_the_list_is_narrowed_by_words_and_states(tasks: Tasks) -> None:
    tasks.add([NewTask("How long are 100% tools lent?"), NewTask("How long?"), NewTask("Who lent it?")])
    tasks.hold([2])
    assert _questions(tasks, text="LENT long") == ["How long are 100% tools lent?"]
    assert _questions(tasks, text="100%") == ["How long are 100% tools lent?"]
    assert _questions(tasks, text="0%0") == []
    assert tasks.count("how", ["held"]) == 1
    assert _questions(tasks, order="question", descending=True)[0] == "Who lent it?"


def test_a_page_in_any_order_is_what_the_whole_list_has_there(tasks: Tasks) -> None:
    offered = [Evidence(n, "a" * 64, "a.txt", 1, 0, 9, None, (), "text") for n in range(1, 4)]
    tasks.add([NewTask(f"Question {n % 7}?", evidence=tuple(offered[: n % 4])) for n in range(20)])
    tasks.hold([row.id for row in tasks.window(0, 20)][::3])
    for order in ORDERS:
        for descending in (False, True):
            whole = tasks.window(0, 100, order=order, descending=descending)
            pages = [tasks.window(start, 6, order=order, descending=descending) for start in range(0, 24, 6)]
            assert [row for page in pages for row in page] == whole, order
            assert len(whole) == 20
    counts = [row.evidence for row in tasks.window(0, 20, order="evidence")]
    assert counts == sorted(n % 4 for n in range(20))


@pytest.mark.parametrize("question", ["", "  \n", "x" * 200_001])
def test_what_is_no_question_is_refused_and_nothing_of_it_is_stored(tasks: Tasks, question: str) -> None:
    with pytest.raises(ForgeError):
        tasks.add([NewTask("Fine?"), NewTask(question)])
    assert tasks.count() == 0

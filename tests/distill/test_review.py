"""What a person decides on pairs, and taking it back."""

from __future__ import annotations

import pytest

from forge_desktop.base.errors import ForgeError
from forge_desktop.distill.records import TaskView
from tests.distill.rooms import Application, answered, fact
from tests.providers.teacher import Teacher


@pytest.fixture
def waiting(app: Application) -> Application:
    """Three pairs that wait for a person."""
    app.ask(3)
    assert app.run(review="all").review == 3
    return app


def _view(app: Application, task_id: int) -> TaskView:
    view = app.forge.distill.view(task_id)
    assert view.pair is not None
    return view


def test_accepting_keeps_a_pair_with_the_note(waiting: Application) -> None:
    review = waiting.forge.distill.review
    review.accept(2, "Checked against the book.")
    assert review.waiting() == [1, 3]
    view = _view(waiting, 2)
    assert (view.task.state, view.pair.accepted, view.pair.reviewed) == ("kept", True, "accepted")  # type: ignore[union-attr]
    assert view.pair.note == "Checked against the book."  # type: ignore[union-attr]
    assert waiting.forge.distill.runs()[0].kept == 1


def test_rejecting_leaves_the_pair_to_be_seen(waiting: Application) -> None:
    waiting.forge.distill.review.reject(1, "Out of date.")
    view = _view(waiting, 1)
    assert (view.task.state, view.pair.accepted, view.pair.reviewed) == ("rejected", False, "rejected")  # type: ignore[union-attr]
    assert "Out of date." in view.task.reason


def test_an_edited_answer_is_held_against_the_rules_and_kept(waiting: Application) -> None:
    review = waiting.forge.distill.review
    review.edit(1, f"  It does: {fact(0)[1]} [1]  ", "Clearer.")
    pair = _view(waiting, 1).pair
    assert pair is not None
    assert (pair.final, pair.accepted, pair.reviewed) == (f"It does: {fact(0)[1]} [1]", True, "edited")
    assert (pair.kind, pair.citations) == ("REPAIR_PAIR", (1,))
    assert all(check.passed for check in pair.quality.checks if check.must)
    review.edit(2, "Nobody knows [7].")
    pair = _view(waiting, 2).pair
    assert pair is not None
    assert pair.accepted, "a person may"
    assert any(not check.passed for check in pair.quality.checks if check.must), "and what the rules say is kept"
    assert pair.citations == (7,)
    for nothing in ("", "  \n"):
        with pytest.raises(ForgeError):
            review.edit(3, nothing)


def test_an_edit_is_cleaned_and_never_holds_the_frame_of_a_conversation(waiting: Application) -> None:
    review = waiting.forge.distill.review
    with pytest.raises(ForgeError, match=r"<\|im_end\|>"):
        review.edit(1, "It does. <|im_end|>")
    review.edit(1, "It \x1b[1mdoes\x1b[0m\u202e so [1].\r\nAlways.")
    pair = _view(waiting, 1).pair
    assert pair is not None
    assert pair.final == "It does so [1].\nAlways."


def test_every_decision_can_be_taken_back_one_after_the_other(waiting: Application) -> None:
    review = waiting.forge.distill.review
    before = [_view(waiting, n).pair for n in (1, 2, 3)]
    review.accept(1)
    review.edit(2, "Another answer [1].")
    review.reject(3)
    review.reject(1, "After all not.")
    assert [review.undo() for _ in range(5)] == [1, 3, 2, 1, None]
    assert [_view(waiting, n).pair for n in (1, 2, 3)] == before
    assert review.waiting() == [1, 2, 3]
    assert waiting.states() == {"review": 3}


def test_a_pair_that_the_rules_rejected_can_be_accepted_all_the_same(app: Application, teacher: Teacher) -> None:
    teacher.answer = lambda body: answered(body, answer="For years [9].", citations=[9], quotes=[])
    app.ask(1)
    assert app.run(max_turns=1).rejected == 1
    app.forge.distill.review.accept(1)
    assert app.states() == {"kept": 1}
    assert app.forge.distill.review.undo() == 1
    assert app.states() == {"rejected": 1}


def test_what_has_no_pair_cannot_be_decided_on(app: Application) -> None:
    app.ask(1)
    for decide in (app.forge.distill.review.accept, app.forge.distill.review.reject):
        with pytest.raises(ForgeError):
            decide(1)
        with pytest.raises(ForgeError):
            decide(99)
    assert app.forge.distill.review.undo() is None

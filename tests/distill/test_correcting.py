"""An answer in the chat becomes a task, or a pair where a person says what it should have been."""

from __future__ import annotations

import pytest

from forge_desktop.base.errors import ForgeError
from forge_desktop.chat.records import ChatMessage
from forge_desktop.distill.checks import LONGEST
from forge_desktop.distill.quality import remarks
from forge_desktop.distill.records import NewTask
from tests.distill.rooms import PATIENCE, Application, fact
from tests.providers.teacher import Teacher


def _answer(app: Application, n: int = 0) -> ChatMessage:
    """An answer in the chat; without a student it quotes what was found."""
    chat = app.forge.chat
    job = chat.ask(chat.create(), fact(n)[0])
    message = app.forge.jobs.wait(job, PATIENCE)
    assert isinstance(message, int)
    return chat.message(message)


def test_an_answer_becomes_the_first_task_with_its_evidence(app: Application, teacher: Teacher) -> None:
    app.ask(2, 4)
    message = _answer(app)
    task = app.forge.distill.correct(message.id)
    assert (task.origin, task.state, task.question, task.draft) == ("chat", "queued", fact(0)[0], message.text.strip())
    assert [row.id for row in app.forge.distill.tasks.window(0, 1)] == [task.id]
    view = app.forge.distill.view(task.id)
    assert len(view.evidence) == len(message.sources) > 0
    for shown, source in zip(view.evidence, message.sources, strict=True):
        document = app.forge.corpus.shelf.find_document(shown.document_sha256, "")
        assert document is not None
        assert app.forge.corpus.shelf.stored_text(document.id, shown.start, shown.end) == shown.text
        assert (shown.n, shown.document_sha256, source.quote in shown.text) == (source.n, source.document_sha256, True)
    app.forge.distill.tasks.add([NewTask(fact(6)[0], first=True)])
    assert app.forge.distill.correct(message.id).id == task.id  # once more: the same task, in front again
    assert app.forge.distill.tasks.window(0, 1)[0].id == task.id
    assert app.forge.distill.tasks.count() == 4
    assert app.run(tasks=1, easy="teach").kept == 1
    assert fact(0)[0] in str(teacher.bodies[0])


def test_a_better_answer_is_a_pair_without_a_teacher(app: Application, teacher: Teacher) -> None:
    message = _answer(app)
    better = "It costs 17 iron crowns a week [1]."
    task = app.forge.distill.correct(message.id, better)
    pair = app.forge.distill.pairs.get(task.pair)
    assert (task.state, pair.kind, pair.final, pair.draft) == ("kept", "REPAIR_PAIR", better, message.text.strip())
    assert (pair.accepted, pair.reviewed, pair.cost, dict(pair.teacher)) == (True, "edited", 0, {})
    assert pair.citations == (1,)
    assert [each.n for each in pair.evidence] == [1]
    assert pair.student["by"] == "chat"
    assert teacher.connections == 0
    again = app.forge.distill.correct(message.id, "It costs 17 crowns each week [1].")
    assert (again.id, again.state) == (task.id, "kept")
    assert app.forge.distill.pairs.get(again.pair).final == "It costs 17 crowns each week [1]."


def test_what_the_rules_have_against_a_persons_answer_is_kept_with_it(app: Application) -> None:
    message = _answer(app)
    pair = app.forge.distill.pairs.get(app.forge.distill.correct(message.id, "It costs 17 iron crowns [9].").pair)
    assert pair.accepted
    assert "No passage has the number [9]." in remarks(pair.quality.checks)
    with pytest.raises(ForgeError, match="16,001 characters; at most 16,000"):
        app.forge.distill.correct(message.id, "x" * (LONGEST + 1))
    assert app.forge.distill.pairs.get(pair.uid).final == "It costs 17 iron crowns [9]."


def test_what_was_queued_can_be_bettered_later(app: Application) -> None:
    message = _answer(app)
    waiting = app.forge.distill.correct(message.id)
    done = app.forge.distill.correct(message.id, "Seventeen iron crowns [1].")
    assert (done.id, done.state) == (waiting.id, "kept")
    assert app.run().tasks == 0


def test_a_task_that_failed_waits_again(app: Application) -> None:
    message = _answer(app)
    task = app.forge.distill.correct(message.id)
    app.forge.distill.tasks.cancel([task.id])
    assert app.forge.distill.correct(message.id).state == "queued"


def test_only_an_answer_can_be_corrected(app: Application) -> None:
    message = _answer(app)
    assert message.parent_id is not None
    with pytest.raises(ForgeError, match="Only an answer"):
        app.forge.distill.correct(message.parent_id)
    assert app.forge.distill.tasks.count() == 0

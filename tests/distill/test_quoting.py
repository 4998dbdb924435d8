"""What a run would cost is said from its own prompts, and holds when it runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from forge_desktop.base.errors import ForgeError
from forge_desktop.distill.quote_prompts import ABOUT_UNWRITTEN, UNWRITTEN
from forge_desktop.distill.records import NewTask
from forge_desktop.distill.records_runs import Quote, RunWish
from forge_desktop.providers.records import Endpoint, Rates
from forge_desktop.providers.store_ledger import set_fact
from tests.distill.rooms import PATIENCE, Application, Opened, fact
from tests.providers.teacher import Teacher


def _quote(app: Application, cap: int = 1_000_000, **wish: Any) -> Quote:
    found = app.forge.jobs.wait(app.forge.distill.quote(RunWish(cap=cap, **{"concurrency": 4, **wish})), PATIENCE)
    assert isinstance(found, Quote)
    return found


def test_the_prompts_shown_are_those_that_are_sent(app: Application, teacher: Teacher) -> None:
    app.ask(3)
    found = _quote(app)
    assert (found.tasks, found.sampled, found.calls, found.easy, found.reused) == (3, 3, 3, 0, 0)
    assert teacher.connections == 0
    assert app.forge.providers.ledger.attempts() == []
    app.run()
    sent = [[(turn["role"], turn["content"]) for turn in body["messages"]] for body in teacher.bodies]
    assert sorted(map(str, sent)) == sorted(str(list(turns)) for _, turns in found.prompts)
    assert {name for name, _ in found.prompts} == {"loopback"}


def test_what_a_run_costs_lies_within_its_quote(app: Application) -> None:
    app.ask(8)
    found = _quote(app)
    assert 0 < found.low <= found.likely <= found.worst
    actual = app.run()
    assert actual.settled <= found.worst
    attempts = app.forge.providers.ledger.attempts(run=actual.uid)
    reserved = sum(attempt.worst for attempt in attempts)
    assert reserved <= found.worst  # a second turn is in the worst case too


def test_one_turn_at_worst_is_what_is_reserved(app: Application) -> None:
    app.ask(4)
    found = _quote(app, max_turns=1)
    actual = app.run(max_turns=1)
    assert found.worst == sum(each.worst for each in app.forge.providers.ledger.attempts(run=actual.uid))


def test_what_was_seen_makes_the_next_quote_close(app: Application) -> None:
    app.ask(8)
    first = _quote(app)
    assert any("not asked often enough" in said for said in first.assumptions)
    assert first.seconds is None
    app.run()
    app.ask(4, 8)
    second = _quote(app)
    assert not any("not asked often enough" in said for said in second.assumptions)
    actual = app.run()
    assert 0.8 * actual.settled <= second.likely <= 1.25 * actual.settled
    assert second.seconds is not None


def test_answers_already_paid_are_taken_off(app: Application) -> None:
    app.ask(4)
    forge = app.forge
    full = _quote(app)
    paid = forge.jobs.wait(forge.distill.run(RunWish(cap=1_000_000, tasks=1)), PATIENCE)
    assert paid.billed_attempts == 1  # type: ignore[attr-defined]
    with forge.distill._db.write() as connection:  # as if the end of it had been lost
        connection.execute("DELETE FROM pairs")
        connection.execute("UPDATE tasks SET state = 'queued' WHERE id = 1")
    rest = _quote(app)
    assert (rest.tasks, rest.reused, rest.calls) == (4, 1, 3)
    assert rest.saved == paid.settled > 0  # type: ignore[attr-defined]
    assert rest.worst < full.worst


def test_a_good_draft_and_a_given_answer_cost_nothing(app: Application) -> None:
    app.ask(1, draft=fact(0)[1])
    app.ask(1, 1)
    found = _quote(app)
    assert (found.easy, found.calls) == (1, 1)
    assert (_quote(app, easy="teach").easy, _quote(app, easy="teach").calls) == (0, 2)


def test_every_cap_is_named_and_what_fits(app: Application) -> None:
    app.ask(10)
    found = _quote(app)
    assert [said.split(";")[0] for said in found.caps[1:]] == [
        "No cap is set today",
        "No cap is set this month",
        "No cap is set in total",
    ]
    assert "even the worst case of all tasks fits" in found.caps[0]
    assert (found.fits_likely, found.fits_worst, found.room) == (10, 10, 1_000_000)
    app.forge.providers.ledger.set_cap("day", found.worst // 2)
    tight = _quote(app)
    assert "is left today of" in tight.caps[1]
    assert tight.room == found.worst // 2
    assert tight.fits_worst in (4, 5)
    less = _quote(app, cap=found.likely // 2)
    assert "less than the likely cost" in less.caps[0]
    assert less.fits_likely in (4, 5)
    assert "No cap is given" in _quote(app, cap=0).caps[0]


def test_the_dial_shows_what_passages_cost(app: Application) -> None:
    app.ask(4)
    found = _quote(app)
    costs = [cost for _, cost in found.dial]
    assert [passages for passages, _ in found.dial] == [1, 2, 4, 6, 8, 12]
    assert costs == sorted(costs)
    assert costs[0] < costs[-1]
    assert dict(found.dial)[4] == found.likely
    assert 0 < found.evidence_tokens <= found.document_tokens


def test_what_is_never_sent_is_in_no_prompt(app: Application, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.mkdir()
    (secret / "secret.txt").write_text(fact(0)[1] + " The code of the vault is 7351.")
    made = app.forge.corpus.collections.create("Secret", never_send=True)
    app.forge.jobs.wait(app.forge.corpus.index([secret], made.uid), PATIENCE)
    app.ask(1)
    found = _quote(app)
    assert found.never_sent == ("secret.txt",)
    assert "7351" not in str(found.prompts)


def test_teachers_that_are_left_out_are_named_with_why(app: Application) -> None:
    app.ask(2)
    assert app.teacher is not None
    other = app.forge.providers.endpoints.add(
        app.forge.providers.endpoints.draft("unpriced", app.teacher.url, "model-2")
    )
    app.add(app.teacher, "forbidden", may_train="no", priority=3)
    app.add(app.teacher, "tiny", context=100, priority=4)
    found = {each.name: each for each in _quote(app).teachers}
    assert "price" in found["unpriced"].problem
    assert "train" in found["forbidden"].problem
    assert "takes 100 tokens" in found["tiny"].problem
    assert found["loopback"].problem == ""
    with pytest.raises(ForgeError):
        _quote(app, teachers=("nobody",))
    assert [each.name for each in _quote(app, teachers=(other.uid,)).teachers] == ["unpriced"]
    nobody = _quote(app, teachers=(other.uid,))
    assert (nobody.worst, nobody.fits_worst) == (0, None)
    assert nobody.caps[0] == "There is no teacher who can be asked, so nothing can be said of the cost."


def test_a_task_that_cannot_be_worked_on_is_named(app: Application) -> None:
    app.ask(1)
    app.forge.distill.tasks.add([NewTask("Where?", document="ab" * 32)])
    found = _quote(app)
    assert (found.tasks, found.calls) == (2, 1)
    assert "1 of the tasks looked at would fail" in found.assumptions[0]


def test_known_limits_take_time(app: Application) -> None:
    app.ask(8)
    (endpoint,) = app.forge.providers.endpoints.list()
    app.forge.providers.endpoints.change(endpoint.uid, rpm=2)
    assert _quote(app).seconds == 180  # two at once, then two a minute


def test_a_judge_is_in_the_price(app: Application) -> None:
    app.ask(2)
    plain, judged = _quote(app), _quote(app, judge=True)
    assert judged.likely > plain.likely
    assert judged.worst > plain.worst
    assert (plain.calls, judged.calls) == (2, 4)


def test_of_many_tasks_a_sample_stands_for_all(opened: Opened, tmp_path: Path) -> None:
    app = opened()
    app.index(tmp_path / "documents")
    app.ask(240)
    found = _quote(app)
    assert (found.tasks, found.sampled) == (240, 200)
    assert any("200 of the 240 tasks" in said for said in found.assumptions)
    assert len(found.prompts) == 5
    some = _quote(app, tasks=100)
    assert (some.tasks, some.sampled) == (100, 100)
    assert 2.2 * some.likely < found.likely < 2.6 * some.likely


def test_the_quote_stays_with_its_run(app: Application) -> None:
    app.ask(2)
    found = _quote(app)
    app.forge.jobs.wait(app.forge.distill.run(RunWish(cap=1_000_000), quoted=found), PATIENCE)
    kept = app.forge.distill.runs()[0]
    assert (kept.quoted["likely"], kept.quoted["worst"]) == (found.likely, found.worst)
    assert kept.settled <= found.worst


def test_a_draft_that_is_not_written_yet_is_reckoned_with(app: Application) -> None:
    app.forge.distill.tasks.add([NewTask(fact(0)[0]), NewTask(fact(1)[0])])
    plain = _quote(app)
    student = app.forge.students.active()
    assert student is not None
    app.forge.students.activate(student.id)
    found = _quote(app)
    assert app.forge.engine.pid is None  # nothing is loaded for it
    shown = found.prompts[0][1][1][1]
    assert "<<<draft" in shown
    assert "There is no draft." not in shown
    assert UNWRITTEN in shown
    assert ABOUT_UNWRITTEN in found.assumptions
    assert found.likely > plain.likely
    assert found.worst > plain.worst
    assert any("Drafts that are not written yet" in said for said in found.assumptions)
    assert _quote(app, draft=False).likely == plain.likely


def test_an_empty_queue_costs_nothing(app: Application) -> None:
    found = _quote(app)
    assert (found.tasks, found.likely, found.worst, found.calls, found.dial, found.prompts) == (0, 0, 0, 0, (), ())


def test_why_no_call_could_leave_is_said(app: Application) -> None:
    app.ask(2)
    providers = app.forge.providers
    (mine,) = providers.endpoints.list()
    assert _quote(app).blocked == ""
    assert _quote(app, cap=0).blocked == "", "a cap that is not typed yet is asked for elsewhere"
    assert _quote(app, cap=1).blocked.startswith("One call may cost $")
    app.forge.settings.change(offline=True)
    assert "offline switch" in _quote(app).blocked
    app.forge.settings.change(offline=False)
    providers.router._breakers._states.set(mine.uid, blocked="It failed five times.")
    assert "It failed five times." in _quote(app).blocked
    providers.router.reset(mine.uid)
    providers.endpoints.change(mine.uid, may_train="no")
    assert "forbid" in _quote(app).blocked
    providers.endpoints.change(mine.uid, may_train="yes")
    with app.forge.distill._db.write() as connection:
        set_fact(connection, "stopped", "One call cost more.")
    assert "One call cost more." in _quote(app).blocked


@pytest.mark.parametrize(
    ("url", "here"),
    [
        ("http://127.0.0.1:8080/v1", True),
        ("http://localhost:1234", True),
        ("http://[::1]:8080", True),
        ("https://localhost.evil.example/v1", False),
        ("https://127.evil.example", False),
    ],
)
def test_only_this_machine_is_said_to_be_this_computer(app: Application, url: str, here: bool) -> None:
    providers = app.forge.providers
    made = providers.endpoints.add(Endpoint("", "other", url, "m", roles=("answer",)))
    providers.prices.set(made, Rates(1, 1))
    found = {each.name: each.here for each in _quote(app).teachers}
    assert found == {"loopback": True, "other": here}

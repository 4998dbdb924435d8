"""Questions that the documents do not answer: the lesson is to say so."""

from __future__ import annotations

import json
from typing import Any

import pytest

from forge_desktop.distill.lesson import Ask, End, Lesson
from forge_desktop.distill.questions import UNANSWERABLE_RULES
from forge_desktop.distill.records import Draft, Evidence, Task
from forge_desktop.distill.records_runs import RunWish
from forge_desktop.distill.untold import says_so
from forge_desktop.providers.records import PaidAnswer, Usage
from tests.distill.rooms import Application, answered
from tests.providers.teacher import Teacher

QUESTION = "Who painted the lantern of Harlow?"
SAID = "The passages do not say who painted the lantern of Harlow."
TEXT = "The lantern of Harlow costs 17 iron crowns a week."
EVIDENCE = (Evidence(1, "ab" * 32, "lantern.md", 7, 0, len(TEXT), None, (), TEXT),)
FORM = {"critique": "", "verdict": "none", "answer": "", "citations": [], "quotes": [], "refusal": ""}


def _ended(
    *replies: dict[str, Any] | str,
    kind: str = "unanswerable",
    evidence: tuple[Evidence, ...] = EVIDENCE,
    draft: str = "",
    stop: str = "end",
) -> End:
    task = Task(1, "t" * 32, QUESTION, "queued", "", 1.0, "document", "lantern.md", kind=kind, rules=UNANSWERABLE_RULES)
    wish = RunWish(cap=1, max_turns=len(replies))
    way = Lesson(task, evidence, Draft(draft) if draft else None, wish, teachers={}, made=5.0)
    for reply in replies:
        assert isinstance(way.move(), Ask)
        text = reply if isinstance(reply, str) else json.dumps({**FORM, **reply})
        way.hear(PaidAnswer("a", text, stop, Usage(10, 10), 70, "r", "e1", "model-1", "at", 12.0, None))
    move = way.move()
    assert isinstance(move, End), move
    return move


@pytest.mark.parametrize("field", ["refusal", "answer"])
def test_whether_it_comes_as_an_answer_or_as_a_refusal_it_is_the_lesson(field: str) -> None:
    end = _ended({field: SAID})
    assert (end.state, end.reason) == ("kept", "")
    assert end.pair is not None
    assert (end.pair.final, end.pair.kind, end.pair.citations) == (SAID, "TRAIN_PAIR", ())
    assert end.pair.accepted
    assert [each.cited for each in end.pair.evidence] == [False], "what was looked through stays with it"
    assert _ended({field: SAID}, draft="The mayor painted it.").pair.kind == "REPAIR_PAIR"  # type: ignore[union-attr]


@pytest.mark.parametrize("field", ["refusal", "answer"])
def test_a_refusal_of_any_other_task_stays_one(field: str) -> None:
    for other in (_ended({field: SAID}, kind="factual"), _ended({field: SAID}, evidence=())):
        assert other.state == "rejected"
        assert other.pair is None or not other.pair.accepted


@pytest.mark.parametrize(
    ("reply", "stop"),
    [
        ({"answer": "The mayor of Harlow painted it."}, "end"),
        ({"answer": "It was painted by hand [1].", "citations": [3]}, "end"),
        ({"refusal": "I will not talk about painters."}, "end"),
        ({"answer": f"{SAID} It was probably painted in 1874."}, "end"),
        ({"answer": f"{SAID} See [4]."}, "end"),
        ('{"error": "The documents are not there."}', "end"),
        ("", "refused"),
        (SAID, "refused"),
        ({"answer": SAID}, "length"),
    ],
)
def test_a_guess_an_error_and_a_true_refusal_are_none(reply: dict[str, Any] | str, stop: str) -> None:
    end = _ended(reply, stop=stop)
    assert end.state in ("rejected", "failed")
    assert end.pair is None or not end.pair.accepted


def test_where_the_passages_answer_it_after_all_a_person_decides() -> None:
    quote = "The lantern of Harlow costs 17 iron crowns"
    end = _ended({"answer": f"{quote} [1].", "citations": [1], "quotes": [{"n": 1, "quote": quote}]})
    assert end.state == "review"
    assert "do not tell" in end.reason


def test_a_draft_never_settles_it_without_a_teacher() -> None:
    task = Task(1, "t" * 32, QUESTION, "queued", "", 1.0, "document", "lantern.md", kind="unanswerable")
    for draft in (TEXT, SAID):
        way = Lesson(task, EVIDENCE, Draft(draft), RunWish(cap=1), teachers={}, made=5.0)
        move = way.move()
        assert isinstance(move, Ask)
        assert "may not answer this question" in move.request.messages[1].text


def test_a_run_teaches_it_and_a_replay_comes_to_the_same(app: Application, teacher: Teacher) -> None:
    teacher.answer = lambda body: answered(body, answer="", citations=[], quotes=[], refusal=SAID)
    app.ask(1, kind="unanswerable", rules=UNANSWERABLE_RULES)
    app.ask(1, 1)
    found = app.run()
    assert (found.kept, found.rejected, found.repair_pairs) == (1, 1, 1)
    view = app.forge.distill.view(1)
    assert view.pair is not None
    assert view.pair.final == SAID
    assert view.pair.evidence
    assert view.turns[0].read["refused"] is False
    assert app.forge.distill.view(2).pair is None
    report = app.forge.jobs.wait(app.forge.distill.replay(found.uid), 60)
    assert report.same  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "said",
    [
        SAID,
        "Nothing in the documents tells who painted it.",
        "This is not stated in the text.",
        "The documents don’t say.",
        "In den Unterlagen steht nicht, wer sie gemalt hat.",
        "Das Dokument nennt keinen Maler.",
        "Les documents ne le disent pas.",
        "Los documentos no dicen quién la pintó.",
        "I documenti non lo dicono.",
        "Os documentos não dizem quem a pintou.",
        "De documenten zeggen niet wie het schilderde.",
        "Dokumenty nie mówią, kto to namalował.",
        "В документах не сказано, кто его расписал.",
        "Belgeler bunu kimin boyadığını söylemiyor.",
        "文档中没有提到是谁画的。",
        "文書にはそれを描いた人は書かれていません。",
        "문서에는 누가 그렸는지 나와 있지 않습니다.",
        "لا تذكر الوثائق من رسمه.",
    ],
)
def test_it_is_recognised_in_many_languages(said: str) -> None:
    assert says_so(said)


@pytest.mark.parametrize(
    "said",
    ["The mayor painted it.", "Nobody painted it.", "It is in the documents.", "", "No.", f"{SAID} " + "Yet " * 400],
)
def test_other_answers_are_not(said: str) -> None:
    assert not says_so(said)

"""Rules: what makes an answer checkable, and what makes it none."""

from __future__ import annotations

import json

import pytest

from forge_desktop.distill.checks import checks, quote_places, same_answer
from forge_desktop.distill.quality import VERSION, failed, holds, quality
from forge_desktop.distill.records import AnswerRead, Check, Evidence, Task

TEXT = (
    "The Kessel bridge was opened in 1,912 metres above the sea on 4 May 1931.\nIt is 218 m long and carries\n"
    "the \u201cOld Road\u201d \u2014 which nobody uses any more."
)
GOOD = AnswerRead("The Kessel bridge is 218 m long [1].", citations=(1,), quotes=((1, "It is 218 m long"),))


def evidence(n: int = 1, text: str = TEXT, start: int = 100) -> Evidence:
    return Evidence(n, "ab" * 32, "bridge.md", 7, start, start + len(text), None, (), text)


def task(question: str = "How long is the Kessel bridge?", **fields: str) -> Task:
    return Task(1, "t", question, "checking", "", 1.0, "import", "", **fields)  # type: ignore[arg-type]


def held(
    answer: AnswerRead, *, offered: tuple[Evidence, ...] = (evidence(),), of: Task | None = None
) -> dict[str, Check]:
    return {check.name: check for check in checks(answer, offered, of or task())}


def test_a_good_answer_passes_every_rule() -> None:
    found = checks(GOOD, (evidence(),), task(), draft="It is long.")
    assert [check.name for check in found if not check.passed] == []
    assert holds(found)
    assert quality(found).score == 1.0
    assert quality(found).version == VERSION


@pytest.mark.parametrize(
    ("answer", "rule"),
    [
        (AnswerRead(""), "answered"),
        (AnswerRead("..."), "answered"),
        (AnswerRead("I'm sorry, but I can\u2019t help with that."), "refusal"),
        (AnswerRead("As an AI language model, I have no opinion."), "refusal"),
        (AnswerRead("Es tut mir leid, dabei kann ich Ihnen leider nicht helfen."), "refusal"),
        (AnswerRead("Je suis désolé, mais je ne peux pas répondre à cette question."), "refusal"),
        (AnswerRead("Lo siento, no puedo ayudar con eso."), "refusal"),
        (AnswerRead("Извините, я не могу помочь с этим."), "refusal"),
        (AnswerRead("抱歉，我无法回答这个问题。"), "refusal"),
        (AnswerRead("申し訳ありませんが、お答えできません。"), "refusal"),
        (AnswerRead("It is 218 m long [1].", (1,), refused=True), "refusal"),
        (AnswerRead('{"error": {"message": "Rate limit reached"}}'), "refusal"),
        (AnswerRead("429 Too Many Requests"), "refusal"),
        (AnswerRead("<!DOCTYPE html><title>502 Bad Gateway</title>"), "refusal"),
        (AnswerRead("It is 218 m lo", (1,), cut=True), "length"),
        (AnswerRead("It is long. " * 2000, (1,)), "length"),
        (AnswerRead("It is a very long bridge indeed. " * 30, (1,)), "repetition"),
        (AnswerRead("how long is the  Kessel bridge?", (1,)), "copy"),
        (AnswerRead("Die Brücke ist mit 218 Metern nicht die längste von allen [1].", (1,)), "language"),
        (AnswerRead("The bridge is 218 m long."), "citations"),
        (AnswerRead("The bridge is 218 m long [2].", (2,)), "citations"),
        (AnswerRead("The bridge is 218 m long [1][9].", (1,)), "citations"),
        (AnswerRead("The bridge is 218 m long [1].", (1,), ((1, "It is 300 m long"),)), "quotes"),
        (AnswerRead("The bridge is 218 m long [1].", (1,), ((3, "It is 218 m long"),)), "quotes"),
        (AnswerRead("The bridge is 300 m long [1].", (1,), ((1, "m long"),)), "numbers"),
    ],
)
def test_a_bad_answer_is_told_by_its_rule(answer: AnswerRead, rule: str) -> None:
    found = held(answer)
    assert not found[rule].passed
    assert found[rule].note
    assert found[rule].must == (rule != "numbers")


def test_answers_that_only_look_bad_pass() -> None:
    for said in (
        "I cannot be seen from the valley, says the inscription on the bridge [1].",
        "Error correction was added to the bridge's telegraph [1].",
        "It opened on 4 May 1931 at 1912 metres [1].",
        "218 m [1]",
    ):
        found = held(AnswerRead(said, (1,)))
        assert [check.name for check in found.values() if check.must and not check.passed] == [], said


@pytest.mark.parametrize(
    ("quote", "stands"),
    [
        ("It is 218 m long", "It is 218 m long"),
        ("it is  218 m long and\ncarries the", "It is 218 m long and carries\nthe".replace(" carries\n", " carries\n")),
        ('"Old Road" - which nobody', "Old Road\u201d \u2014 which nobody"),
        ("'Old Road'", "Old Road"),
        (
            "The Kessel bridge ... 4 May 1931",
            "The Kessel bridge was opened in 1,912 metres above the sea on 4 May 1931",
        ),
    ],
)
def test_quotes_are_found_whatever_their_typography(quote: str, stands: str) -> None:
    one = evidence()
    answer = AnswerRead("x [1]", (1,), ((1, quote),))
    start, end = quote_places(answer, (one,))[(1, quote)]
    assert TEXT[start - one.start : end - one.start] == stands
    assert held(answer)["quotes"].passed


def test_a_quote_in_another_passage_is_named() -> None:
    answer = AnswerRead("Yes [2].", (2,), ((2, "nobody uses any more"),))
    found = held(answer, offered=(evidence(), evidence(2, "Something else entirely.")))
    assert not found["quotes"].passed
    assert "stands in [1], not in [2]" in found["quotes"].note


def test_a_citation_without_a_quote_only_lowers_the_score() -> None:
    found = held(AnswerRead("It is 218 m long [1].", (1,)))
    assert found["quotes"].passed
    assert found["quotes"].score == 0
    assert 0.5 < quality(tuple(found.values())).score < 1


@pytest.mark.parametrize(
    ("said", "passes"),
    [
        ("Die Brücke ist nicht die längste, und sie wird nicht mehr benutzt [1].", True),
        ("The bridge is not the longest one and it is not used any more [1].", False),
        ("Sie heißt \u201eThe road that is not used by anybody any more\u201c und das ist nicht neu [1].", True),
        ("218 m [1]", True),
        ("The Lord of the Rings and the Hobbit [1]", True),
        ("Этот мост не самый длинный, и он уже не тот [1].", False),
    ],
)
def test_the_answer_is_in_the_language_of_the_question(said: str, passes: bool) -> None:
    of = task("Wie lang ist die Brücke, und wird sie noch von irgendwem benutzt?")
    assert held(AnswerRead(said, (1,)), of=of)["language"].passed is passes


def test_a_task_may_ask_for_another_language() -> None:
    english = AnswerRead("The bridge is not the longest one and it is not used any more [1].", (1,))
    question = "Wie lang ist die Brücke, und wird sie noch von irgendwem benutzt?"
    assert held(english, of=task(question, language="en"))["language"].passed
    assert not held(english, of=task(question, rules="Answer in English."))["language"].must


SCHEMA = json.dumps({"type": "object", "properties": {"metres": {"type": "integer"}}, "required": ["metres"]})


@pytest.mark.parametrize(
    ("said", "passes"),
    [
        ('{"metres": 218}', True),
        ('{"metres": "218"}', False),
        ("{}", False),
        ('```json\n{"metres": 218}\n```', False),
        ('{"metres": NaN}', False),
        ('{"metres": 1, "metres": 218}', False),
        ("218 metres", False),
    ],
)
def test_an_answer_that_must_be_json_follows_the_schema(said: str, passes: bool) -> None:
    found = held(AnswerRead(said, (1,)), of=task(schema=SCHEMA))
    assert found["form"].passed is passes
    assert passes or found["form"].note
    assert "language" not in found


def test_a_schema_that_cannot_be_held_fails() -> None:
    for schema in ("{", '{"type": "object", "unevaluatedProperties": false}', '{"type": "list"}', '{"$ref": "#/gone"}'):
        found = held(AnswerRead('{"metres": 218}', (1,)), of=task(schema=schema))
        assert not found["form"].passed
        assert "schema" in found["form"].note


def test_without_evidence_nothing_is_cited() -> None:
    assert "citations" not in held(AnswerRead("Two."), offered=())
    assert not held(AnswerRead("Two [1].", (1,)), offered=())["citations"].passed


def test_the_students_own_answer_is_recognised() -> None:
    assert same_answer("It is 218 m long [1].", "it is  218 m long")
    assert not same_answer("It is 218 m long", "It is 219 m long")
    assert not same_answer("!", "?")
    found = checks(GOOD, (evidence(),), task(), draft="the Kessel bridge is 218 m long")
    assert found[-1].note == "It is the student's own answer."


def test_a_judgement_keeps_all_its_parts() -> None:
    found = checks(AnswerRead("It is 218 m long [2].", (2,)), (evidence(),), task())
    judged = quality(found, {"correct": 0.5})
    assert judged.checks == found
    assert judged.rubric == {"correct": 0.5}
    assert 0 < judged.score < 1
    assert failed(found) == "No passage has the number [2]."
    assert not holds(found)

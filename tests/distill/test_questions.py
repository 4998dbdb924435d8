"""Which questions made from a passage are of use, and how a quota is shared out."""

from __future__ import annotations

import pytest

from forge_desktop.distill.questions import Asked, Sort, problem, read_many, read_one, spread

PASSAGE = (
    "The Old Rope Works lends tools to its members. A drill may be kept for fourteen days; the second loan costs 3"
    " euros a week. Late tools are charged at 50 cents a day, and the first late loan in a calendar year is forgiven."
)


@pytest.mark.parametrize(
    ("question", "kind", "why"),
    [
        ("How many days may a drill be kept?", "numbers", ""),
        ("What does a late tool cost a day?", "factual", ""),
        ("Who founded the Old Rope Works?", "unanswerable", ""),
        ("Sum up how late tools are charged.", "summary", ""),
        ("", "factual", "nothing was written"),
        ("A drill may be kept", "factual", "it is no question"),
        ("Drill?", "factual", "it is too short"),
        ("Why is " + "the drill and " * 40 + "so?", "factual", "it is too long"),
        ("What does the text say about drills?", "factual", "it speaks of the text instead of its subject"),
        (
            "Wie viele Tage darf man eine Bohrmaschine und die anderen Werkzeuge behalten?",
            "factual",
            "another language",
        ),
        ("A drill may be kept for fourteen days?", "factual", "it is a copy of the passage"),
        ("When was the harbour in Lisbon dredged?", "factual", "the passage does not speak of it"),
        ("When was the harbour in Lisbon dredged?", "unanswerable", "the passage does not speak of it"),
        ("What's this?", "factual", "the passage does not speak of it"),
        ("Where does the ferry to Holm Island with a drill go?", "factual", "it is about the example"),
    ],
)
def test_a_question_is_held_against_its_passage(question: str, kind: str, why: str) -> None:
    found = problem(question, PASSAGE, Sort(kind, "easy"), "en")
    assert (why in found) if why else found == ""


def test_numbers_are_asked_of_passages_that_have_some() -> None:
    assert problem("How long may a drill be kept?", "A drill may be kept.", Sort("numbers", "easy"), "en") == (
        "the passage has no number"
    )


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ('1. Question: "How long is it?" The answer is ten.', "How long is it?"),
        ("\n\n- **Why is it so?**\n", "Why is it so?"),
        ("The question is: What is a weir?", "What is a weir?"),
        ("Nothing here", "Nothing here"),
        ("", ""),
    ],
)
def test_what_a_student_wrote_is_read(text: str, read: str) -> None:
    assert read_one(text) == read


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ('{"questions": [{"n": 2, "question": "B?"}, {"n": 1, "question": "A?"}]}', ["A?", "B?"]),
        ('Here: ```json\n{"questions": [{"n": 1, "question": "A?"}, {"n": 9, "question": "C?"}]}\n```', ["A?", ""]),
        ('{"questions": ["A?", "B?", "C?"]}', ["A?", "B?"]),
        ("1. A?\n2. B?", ["A?", "B?"]),
        ('{"questions": 7}', ["", ""]),
        ("I cannot do that.", ["", ""]),
    ],
)
def test_what_a_teacher_wrote_is_read(text: str, read: list[str]) -> None:
    assert read_many(text, 2) == read


def test_a_quota_is_shared_out_by_weight() -> None:
    sorts = spread(8, [("factual", 2), ("how-to", 1), ("numbers", 1), ("summary", 0)], [("easy", 1), ("hard", 1)])
    kinds = [sort.kind for sort in sorts]
    assert (kinds.count("factual"), kinds.count("how-to"), kinds.count("numbers")) == (4, 2, 2)
    assert {sort.difficulty for sort in sorts if sort.kind == "factual"} == {"easy", "hard"}
    assert (
        spread(5, [("factual", 2), ("how-to", 1)], [("easy", 1)])
        == spread(9, [("factual", 2), ("how-to", 1)], [("easy", 1)])[:5]
    )


def test_questions_that_ask_nearly_the_same_are_found() -> None:
    asked = Asked()
    asked.take("How many days may a drill be kept?")
    assert asked.alike("How many days may a drill be kept ?")
    assert asked.alike("How many days may drills be kept?")
    assert not asked.alike("How many days may a ladder be kept?")
    assert not asked.alike("What does a late tool cost a day?")

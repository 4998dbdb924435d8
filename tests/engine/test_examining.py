"""References scored and answers written from one reading of each prompt: the numbers of both alone, limits, cancel."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from forge_desktop.base.errors import Cancelled, ForgeError
from forge_desktop.engine import Batch, Continuation, Engine, Generation, Sampling
from tests.data import tiny_gguf
from tests.engine.conftest import EngineMaker, say

GREEDY = Sampling(max_tokens=8, lookup=False, think_tokens=0)
RULES = say("Answer from the documents and cite them.", role="system", trusted=True)
REFERENCES = ["Paris.", "a", "It flows into the sea, far from the mountains where it began. " * 4, "Bread and salt", ""]
QUESTIONS = ["What is the capital?", "Where does the river end, and why?", "Who?", "What is on the table " * 9, "Why?"]


def _items() -> list[Continuation]:
    pairs = zip(QUESTIONS, REFERENCES, strict=True)
    return [Continuation((RULES, say(question)), reference) for question, reference in pairs]


def _examined(engine: Engine, items: Sequence[Continuation], width: int, sampling: Sampling = GREEDY) -> Batch:
    return engine.generate_many(
        [item.messages for item in items], sampling, width=width, references=[item.text for item in items]
    )


def _texts(batch: Batch) -> list[tuple[str, str, int]]:
    return [(answer.text, answer.stop, answer.answer_tokens) for answer in batch.answers]


def _agrees(engine: Engine) -> None:
    items = _items()
    found = _examined(engine, items, 3)
    assert found.scored == engine.score(items).items
    assert _texts(found) == _texts(engine.generate_many([item.messages for item in items], GREEDY, width=3))
    turned = _examined(engine, items[::-1], 5)
    assert turned.scored[::-1] == found.scored
    assert _texts(turned)[::-1] == _texts(found)
    alone = [_examined(engine, [item], 1) for item in items]
    assert tuple(one.scored[0] for one in alone) == found.scored
    assert [_texts(one)[0] for one in alone] == _texts(found)


def test_both_are_what_each_is_alone(shared: Engine) -> None:
    _agrees(shared)
    assert _examined(shared, _items(), 3).conditions["width"] == 3


@pytest.mark.parametrize("kind", ["sliding", "recurrent"])
def test_both_are_what_each_is_alone_in_students_that_forget(
    kind: str, make_engine: EngineMaker, tmp_path: Path
) -> None:
    """A sliding window shorter than a reference, and a student with no way back to the prompt's end."""
    path = tmp_path / "student.gguf"
    student = tiny_gguf.sliding(path, window=16, context=2048) if kind == "sliding" else tiny_gguf.recurrent(path)
    _agrees(make_engine(student))


def test_what_does_not_fit_says_so_and_the_others_go_on(make_engine: EngineMaker, tiny: Path) -> None:
    engine = make_engine(tiny, settings={"context_tokens": 512})
    items = [
        Continuation((say("x"),), "short"),
        Continuation((say("y"),), "z" * 600),
        Continuation((say("y" * 600),), "short"),
    ]
    found = _examined(engine, items, 8)
    assert [bool(one.problem) for one in found.scored] == [False, True, True]
    assert found.scored[0] == engine.score(items).items[0]
    assert [answer.stop == "refused" for answer in found.answers] == [False, False, True]
    assert found.scored[1].problem.startswith("The prompt has")
    with pytest.raises(ValueError, match="shorter"):
        engine.generate_many([item.messages for item in items], GREEDY, references=["one"])


def test_fewer_at_once_where_there_is_no_room(make_engine: EngineMaker, tiny: Path) -> None:
    engine = make_engine(tiny, settings={"context_tokens": 512})
    items = [Continuation((say("q" * length),), "w" * (440 - length)) for length in (20, 200, 380, 100, 60) * 6]
    found = _examined(engine, items, 30, Sampling(max_tokens=9, lookup=False))
    assert found.conditions["layout"] == "streams"
    assert int(str(found.conditions["width"])) < 30
    assert found.scored == engine.score(items).items


def test_a_grammar_that_is_stuck_or_cannot_be_used(shared: Engine) -> None:
    held = _examined(shared, _items(), 3, Sampling(max_tokens=20, grammar='root ::= "{" [a-z]{3} "}"'))
    assert all(len(answer.text) == 5 for answer in held.answers)
    assert held.scored == shared.score(_items()).items
    with pytest.raises(ForgeError, match="The grammar for the answer cannot be used"):
        _examined(shared, _items(), 3, Sampling(grammar="root ::= ("))


def test_what_was_found_before_a_cancel_is_kept(shared: Engine) -> None:
    done: list[int] = []

    def check() -> None:
        if done:
            raise Cancelled

    def told(number: int, _: Generation) -> None:
        done.append(number)

    items = [*_items(), *[Continuation((RULES, say(f"Count to {n}.")), "One. " * 30) for n in range(40)]]
    found = shared.generate_many(
        [item.messages for item in items],
        Sampling(max_tokens=2, lookup=False),
        width=2,
        references=[item.text for item in items],
        check=check,
        on_done=told,
    )
    assert found.answers[done[0]].stop in ("length", "end")
    assert found.scored[done[0]] == shared.score([items[done[0]]]).items[0]
    assert found.answers[-1].stop == "cancelled"
    assert found.scored[-1].problem
    _examined(shared, items[:1], 1)

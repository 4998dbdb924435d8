"""What a run learns from: pairs read and checked, split by document, in the student's own tokens, with replay."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from forge_desktop.base.errors import ForgeError
from forge_desktop.chat.lesson_prompt import lesson_prompt
from forge_desktop.distill.decontaminate import SuiteIndex
from forge_desktop.distill.dedupe import Lesson
from forge_desktop.distill.records import Evidence, Pair, Quality
from forge_desktop.engine import Engine, Sampling, StudentSpec
from forge_desktop.forge import Forge
from forge_desktop.students import lessons, replaying, shipped_suites
from forge_desktop.students.preparing import Chosen, choose, split
from forge_desktop.students.records_training import Learnt, TrainSource, TrainWish
from forge_desktop.students.replaying import Replay, Replaying
from tests.students.training_rooms import FACTS, opened, pairs_file

pytestmark = pytest.mark.shared_child

SHA = ("a" * 64, "b" * 64, "c" * 64)
NO_REPLAY = Replay((), {})


@pytest.fixture(scope="module")
def forge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Forge]:
    """The rooms; no trainer is needed."""
    with opened(tmp_path_factory.mktemp("lessons") / "data", trainer=False) as made:
        yield made


@pytest.fixture(scope="module")
def tiny(forge: Forge) -> Iterator[Engine]:
    """The tiny student, in a child beside the one that chats."""
    engine = forge.engine.beside()
    student = forge.students.list()[-1]
    engine.use(StudentSpec(student.name, student.path, student.sha256))
    yield engine
    engine.close()


def pair(prompt: str, final: str = "Yes.", *documents: str, **more: Any) -> Pair:
    evidence = tuple(
        Evidence(n, sha256, f"dir/{sha256[0]}.md", 0, 0, 4, None, ("Top",), f"text of {sha256[0]}", "", cited=False)
        for n, sha256 in enumerate(documents, 1)
    )
    made = Pair(
        uid=prompt, kind="TRAIN_PAIR", task="", prompt=prompt, final=final, draft="", critiques=(), evidence=evidence,
        citations=(), quality=Quality(0.0, ()), accepted=True, language="", rules="", cost=0, teacher={}, student={},
        created=0.0, sha256="",
    )  # fmt: skip
    return replace(made, **more)


def chosen(forge: Forge, file: Path, share: float = 0.0) -> Chosen:
    return choose(
        TrainSource(file=str(file)), share, distill=forge.distill, read_pair=_reader(), tell=lambda _done, _note: None
    )


def _reader() -> Any:
    from forge_desktop.archive.lessons import read_pair

    return read_pair


def test_no_document_and_no_question_stands_on_both_sides() -> None:
    pairs = [pair(f"Q{n}?", "A.", SHA[n % 3]) for n in range(12)] + [pair("Same?", "One."), pair("  same? ", "Two.")]
    train, validation = split(pairs, 0.2)
    assert validation
    assert len(train) + len(validation) == len(pairs)
    held = [{one.document_sha256 for each in side for one in each.evidence} for side in (train, validation)]
    assert not held[0] & held[1]
    same = [side for side in (train, validation) for each in side if each.final in ("One.", "Two.")]
    assert same[0] is same[1]
    other = split(list(reversed(pairs)), 0.2)
    assert {each.uid for each in other[1]} == {each.uid for each in validation}
    assert split([pair("A?", "x", SHA[0]), pair("B?", "y", SHA[0])], 0.5)[1] == []
    assert split(pairs, 0.0)[1] == []


def test_what_may_not_be_learnt_is_left_out_and_named(forge: Forge, tmp_path: Path) -> None:
    suite = tmp_path / "suite.jsonl"
    suite.write_text(json.dumps({"question": FACTS[1][0], "answer": "Somebody."}) + "\n")
    forge.jobs.wait(forge.distill.suites.bring_in(suite, "Held", "recall"), timeout=60)
    file = pairs_file(tmp_path / "facts.jsonl")
    with open(file, "a", encoding="utf-8") as more:
        more.write(json.dumps({"prompt": "Unverified?", "final": "Yes.", "verified": False}) + "\n")
        more.write("[1, 2]\n\n" + json.dumps({"prompt": "<|im_end|> now", "final": "Yes."}) + "\n")
        more.write(json.dumps({"instruction": "Said elsewhere?", "output": "Yes."}) + "\n")
    found = chosen(forge, file)
    forge.distill.suites.remove(forge.distill.suites.get("Held").uid)
    assert [one.prompt for one in found.train] == [*(q for q, _ in FACTS if q != FACTS[1][0]), "Said elsewhere?"]
    assert [(one.name.split(" “")[0], one.why) for one in found.left_out] == [
        ("line 2", "the suite Held holds it"),
        ("line 7", "it was not accepted"),
    ]
    assert found.facts["bad_lines"] == 2
    assert found.facts["bad"][0].startswith("line 8")
    assert len(str(found.facts["sha256"])) == 64
    forbidden = [pair("Q?", teacher={"may_train": "no"})]
    from forge_desktop.students.preparing import _why_not

    assert "terms" in _why_not(forbidden[0], forge.distill)


@pytest.mark.parametrize(
    ("content", "words"),
    [("", "no pair to learn from"), ('{"x": 1}\n', "No line of"), ('{"prompt": "A?", "final": ""}\n', "No line of")],
)
def test_a_file_without_pairs_is_refused(forge: Forge, tmp_path: Path, content: str, words: str) -> None:
    file = tmp_path / "none.jsonl"
    file.write_text(content)
    with pytest.raises(ForgeError, match=words):
        chosen(forge, file)


def test_a_frozen_dataset_is_learnt_from(forge: Forge, tmp_path: Path) -> None:
    forge.jobs.wait(forge.distill.bring_in(pairs_file(tmp_path / "mine.jsonl")), timeout=60)
    frozen = forge.distill.datasets.freeze("Mine")
    source = TrainSource(dataset="Mine")
    found = choose(source, 0.2, distill=forge.distill, read_pair=_reader(), tell=lambda _done, _note: None)
    assert (found.facts["name"], found.facts["sha256"]) == ("Mine v1", frozen.sha256)
    assert (len(found.train), len(found.validation)) == (5, 1)
    both = TrainSource("Mine", "x")
    with pytest.raises(ForgeError, match="not both"):
        choose(both, 0.2, distill=forge.distill, read_pair=_reader(), tell=lambda _done, _note: None)


def test_lessons_are_the_chats_own_tokens_and_nothing_is_cut(tiny: Engine) -> None:
    pairs = (pair("What?", "It <|im_end|> is.", SHA[0]), pair("Long?", "x" * 900), pair("How?", "So."))
    source = Chosen(pairs, (), (), {"name": "pairs"})
    wish = TrainWish(row_tokens=800, replay=0.5)
    question = replaying.Question("replay-1", "Who?", lesson_prompt("Who?"))
    replay = Replay(((question, "Nobody."),), {"wanted": 1})

    def make(wish: TrainWish) -> lessons.Lessons:
        return lessons.make(source, replay, wish, tiny, template="", tell=lambda _done, _total, _note: None)

    made = make(wish)
    assert [row.pair for row in made.train] == ["What?", "How?", "replay-1"]
    prompt = tiny.render(lessons.messages_of(pairs[0]), sampling=Sampling())
    assert made.train[0].start == prompt.tokens
    assert "1] a.md: Top\ntext of a\n\n" in prompt.text
    end = made.train[1].ids[-1]
    assert [row.ids[-1] for row in made.train] == [end] * 3
    assert made.train[0].ids[made.train[0].start :].count(end) == 1  # what the pair says ends nothing
    (truncated,) = made.truncated
    assert truncated.startswith("pair Long? “Long?”: it has ")
    assert made.longest > 900
    assert made.learnt == (
        Learnt("What?", "What?", "It <|im_end|> is.", (SHA[0],)),
        Learnt("How?", "How?", "So."),
        Learnt("replay-1", "Who?", "Nobody."),
    )
    assert make(wish) == made
    assert len(make(replace(wish, row_tokens=2000)).train) == 3 + 2  # half of three, rounded up
    assert make(replace(wish, replay=1.0)).facts["notes"] == [
        "No pair could be kept apart to validate with: they all rest on common documents.",
        "Of 2 answers of the base 1 is distinct: it comes several times an epoch.",
    ]
    with pytest.raises(ForgeError, match="No pair fits"):
        make(replace(wish, row_tokens=20))


def test_replay_is_the_bases_own_answers_computed_once(forge: Forge, tmp_path: Path) -> None:
    engine = forge.engine.beside()
    starter = forge.students.list()[0]
    told: list[str] = []
    try:
        engine.use(StudentSpec(starter.name, starter.path, starter.sha256))
        replay = Replaying(tmp_path, starter.sha256, "")
        first = replay.lessons(2, engine, lambda _done, _total, note: told.append(note))
        assert first.facts["computed"] >= 2
        assert set(told) == {"The base answers general questions"}
    finally:
        engine.close()
    (file,) = tmp_path.glob("replay-*.jsonl")
    with open(file, "ab") as torn:
        torn.write(b'{"uid": "replay-')
    again = replay.lessons(2, engine, lambda _done, _total, _note: None)  # the closed engine is not asked
    assert again.lessons == first.lessons
    assert again.facts["computed"] == 0
    assert all(answer for _, answer in again.lessons)


def test_questions_for_replay_are_none_that_a_gate_asks(forge: Forge) -> None:
    asked = replaying.questions()
    assert len(asked) >= 120
    assert len({one.text for one in asked}) == len(asked)
    items = []
    for name in (shipped_suites.REGRESSION, shipped_suites.SAFETY):
        suite, found = shipped_suites.shipped(name)
        items += [(replace(suite, kind="transfer"), item) for item in found]
    index = SuiteIndex(items)
    values = forge.settings.values
    leaks = [
        leak
        for one in asked
        for leak in index.leaks(
            Lesson(one.text, "", frozenset()), share=values.duplicate_share, grams=values.leak_share
        )
    ]
    assert leaks == []


def test_a_document_leads_to_the_runs_that_learnt_from_it(forge: Forge) -> None:
    store = forge.students.training._store
    base = forge.students.list()[-1]
    row = store.begin("d" * 32, "", base.sha256, TrainWish())
    store.learn(
        row.uid, [Learnt("p1", "Q?", "A.", (SHA[0], SHA[1])), Learnt("p2", "R?", "B.", (SHA[2],), "validation")]
    )
    assert [run.uid for run in forge.students.training.reached_by(SHA[1])] == [row.uid]
    assert forge.students.training.reached_by("e" * 64) == ()
    (learner,) = forge.archive.learners(SHA[2])
    assert learner.words == f"Run {row.number} (preparing)"
    store.change(row.uid, state="failed")
    forge.students.training.remove("d" * 8)
    assert forge.archive.learners(SHA[2]) == []


@pytest.mark.parametrize(
    "line",
    [
        "",
        '{"pair": "p", "que',
        '{"pair": "p", "asked": "q", "answer": "a", "documents": []}',
        "7",
        '{"pair": "p", "question": 3, "answer": "a", "documents": []}',
        '{"pair": "p", "question": "q", "answer": "a", "documents": "abc"}',
        '{"pair": "p", "question": "q", "answer": "a"}',
        "[" * 100_000,
        "\xff",
    ],
    ids=lambda line: line[:8] or "blank",
)
def test_damaged_lessons_of_a_run_are_a_sentence_that_names_the_line(tmp_path: Path, line: str) -> None:
    good = '{"pair": "p", "question": "q", "answer": "a", "documents": ["d"]}\n'
    (tmp_path / lessons.WORDS).write_text(good, encoding="latin-1")
    assert lessons.learnt_in(tmp_path)[0].documents == ("d",)
    (tmp_path / lessons.WORDS).write_text(f"{good}{line}\n", encoding="latin-1")
    with pytest.raises(ForgeError, match=r"are damaged: line 2 of lessons\.jsonl is none\."):
        lessons.learnt_in(tmp_path)

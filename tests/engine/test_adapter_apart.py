"""Scores and answers with another adapter than the one in use, several at once, and engines beside the chat's."""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from forge_desktop.base.errors import ForgeError
from forge_desktop.engine import OWN, AdapterSpec, Continuation, Engine, Sampling, Scores
from tests.data import tiny_adapter
from tests.engine.conftest import EngineMaker, say, spec_of
from tests.engine.test_adapter_swap import adapter_of, version

WORDS = ["river", "town", "bread", "sea", "music", "lesson", "engine", "small", "large", "and", "of", "the"]
GREEDY = Sampling(max_tokens=6, lookup=False)


@pytest.fixture(scope="module")
def adapter(tmp_path_factory: pytest.TempPathFactory) -> AdapterSpec:
    """One for the starter."""
    path = tmp_path_factory.mktemp("apart") / "starter.gguf"
    shapes = {"attn_q": (576, 576), "ffn_up": (1536, 576)}
    return adapter_of(tiny_adapter.write(path, shapes=shapes, layers=30, strength=0.06))


def _items(count: int) -> list[Continuation]:
    draw = random.Random(2)

    def text(most: int) -> str:
        return " ".join(draw.choice(WORDS) for _ in range(draw.randint(1, most)))

    rules = say("Answer from the documents and cite them.", role="system", trusted=True)
    return [Continuation((rules, say(text(25))), text(20)) for _ in range(count)]


def test_each_item_scores_the_same_whatever_its_neighbours(shared: Engine, adapter: AdapterSpec) -> None:
    items = [*_items(6), Continuation((say("x"),), ""), Continuation((say("word " * 5000),), "x")]
    for worn, width in ((None, 4), (adapter, 3)):
        alone = shared.score(items, adapter=worn)
        assert alone.adapter_sha256 == (worn.sha256 if worn else "")
        together = shared.score(items, adapter=worn, width=width)
        assert together.items == alone.items
        assert together.conditions["width"] == width
    assert shared.score(items[::-1], adapter=worn, width=8).items[::-1] == alone.items
    assert alone.items[-1].problem.startswith("The prompt has")


def test_another_adapter_leaves_the_one_in_use_alone(shared: Engine, starter: Path, adapter: AdapterSpec) -> None:
    items, prompts = _items(2), [list(item.messages) for item in _items(2)]
    question = [say("What do rivers carry?")]

    def chat() -> str:
        return shared.generate(question, GREEDY, lambda _: None, conversation="mine").text

    def numbers(scores: Scores) -> object:
        return scores.items, scores.adapter_sha256

    before, own = chat(), numbers(shared.score(items))
    other = shared.score(items, adapter=adapter)
    assert numbers(other) != own
    assert other.conditions == shared.score(items).conditions
    assert numbers(shared.score(items, adapter=None)) == numbers(shared.score(items, adapter=OWN)) == own
    written = shared.generate_many(prompts, GREEDY, width=4, adapter=adapter)
    assert {answer.adapter_sha256 for answer in written.answers} == {written.adapter_sha256} == {adapter.sha256}
    assert chat() == before
    shared.use(version(starter, adapter))
    try:
        assert numbers(shared.score(items)) == numbers(other)
        assert shared.generate_many(prompts, GREEDY, width=4) == dataclasses.replace(
            written, seconds=pytest.approx(written.seconds, abs=1e9), answers=_like(written.answers, "v True")
        )
        alone = [shared.generate(prompt, GREEDY, lambda _: None) for prompt in prompts]
        assert [answer.text for answer in alone] == [answer.text for answer in written.answers]
        assert numbers(shared.score(items, adapter=None)) == own
    finally:
        shared.use(spec_of(starter))
    assert chat() == before


def _like(answers: tuple, label: str) -> object:
    """The answers but for their times."""

    class Like(tuple):
        def __eq__(self, others: object) -> bool:
            def plain(answer):
                return dataclasses.replace(answer, label=label, ttft_ms=0, tokens_per_second=0)

            return [plain(one) for one in self] == [plain(one) for one in others]  # type: ignore[attr-defined]

        __hash__ = None

    return Like(answers)


@pytest.fixture
def beside(shared: Engine) -> Iterator[Engine]:
    engine = shared.beside()
    yield engine
    engine.close()


def test_an_engine_beside_has_a_child_of_its_own(
    shared: Engine, beside: Engine, starter: Path, adapter: AdapterSpec
) -> None:
    shared.warm()
    pid, items = shared.pid, _items(2)
    expected = shared.score(items, adapter=adapter)
    assert beside.state().status == "empty"
    with pytest.raises(ForgeError, match="There is no student"):
        beside.warm()
    beside.use(version(starter, adapter))
    assert beside.score(items, width=2).items == expected.items
    assert beside.pid not in (None, pid)
    assert shared.pid == pid
    assert shared.state().adapter_sha256 == ""
    beside.close()
    assert beside.pid is None
    assert shared.generate([say("Say hello.")], GREEDY, lambda _: None).text
    with pytest.raises(ForgeError, match="closing"):
        beside.warm()


def test_what_is_beside_is_planned_into_what_is_left(make_engine: EngineMaker, tiny: Path) -> None:
    engine = make_engine(tiny)
    engine.warm()
    other = engine.beside()
    try:
        other.use(spec_of(tiny))
        other.warm()
        assert other.layout is engine.layout
        assert len(engine.layout.holdings._held) == 2
    finally:
        other.close()

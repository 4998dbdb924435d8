"""Versions side by side: the same passages for all, over several bases, and one that cannot answer says why."""

from __future__ import annotations

from pathlib import Path

import pytest

from forge_desktop.base.errors import ForgeError
from forge_desktop.chat.answering import REPEATED
from forge_desktop.chat.lesson_prompt import lesson_prompt
from forge_desktop.students.compare import stops_of
from forge_desktop.students.records_versions import Comparison
from tests.data import tiny_gguf
from tests.students.conftest import Shop

QUESTION = "How long may a power tool be kept?"


def compared(shop: Shop, *versions: str, question: str = QUESTION) -> Comparison:
    found = shop.forge.jobs.wait(shop.registry.compare(question, versions), timeout=120)
    assert isinstance(found, Comparison)
    return found


@pytest.fixture
def library(shop: Shop, tmp_path: Path) -> Shop:
    """Documents, and two tiny bases that hold more: v3, and v4 still more."""
    folder = tmp_path / "documents"
    folder.mkdir()
    for n in range(6):
        kept = f"Power tool number {n} may be kept for {n + 3} days. "
        (folder / f"{n}.md").write_text(f"# Tool {n}\n\n{kept}{'It is kept in a dry place by whoever has it. ' * 5}")
    shop.forge.jobs.wait(shop.forge.corpus.index([folder]), timeout=60)
    for layers, context in ((3, 2048), (4, 8192)):
        base = tiny_gguf.write(tmp_path / f"Base-{layers}.gguf", layers=layers, context=context)
        shop.forge.jobs.wait(shop.forge.students.import_gguf(base), timeout=60)
    return shop


def test_versions_of_two_bases_read_the_same_passages_and_the_chat_is_left_alone(library: Shop) -> None:
    made = library.adapter()
    found = compared(library, "v4", "v3")
    assert [answer.label for answer in found.answers] == ["v4", "v3"]
    assert [answer.problem for answer in found.answers] == ["", ""]
    assert all(answer.text and answer.tokens and answer.milliseconds > 0 for answer in found.answers)
    assert found.passages
    left_out = found.detail["left_out"]
    assert isinstance(left_out, int)
    assert left_out > 0
    assert left_out + len(found.passages) == 6
    least = compared(library, made.uid, "v2")  # these have no room for any
    assert least.passages == ()
    assert least.answers[0].text != least.answers[1].text
    assert library.forge.engine.pid is None
    assert library.forge.engine.state().label == "v1"


def test_a_version_that_cannot_answer_says_why_and_the_others_answer(library: Shop) -> None:
    made = library.adapter()
    Path(library.registry.adapter(made.adapter_sha256).path).unlink()
    found = compared(library, "v2", "v5")
    assert [bool(answer.text) for answer in found.answers] == [True, False]
    assert "cannot be read" in found.answers[1].problem


def test_what_cannot_be_compared_is_said_at_once(shop: Shop) -> None:
    with pytest.raises(ForgeError, match="No version is called 'v9'"):
        shop.registry.compare(QUESTION, ["v1", "v9"])
    for question, versions, sentence in (
        (QUESTION, ["v1"] * 9, "9 versions cannot be compared"),
        (QUESTION, ["v1"], "One version alone cannot be compared"),
        (QUESTION, ["v1", "v1"], "v1 is named twice"),
        (" \n", ["v1", "v2"], "The question is empty"),
    ):
        with pytest.raises(ForgeError, match=sentence):
            shop.registry.compare(question, versions)


def test_an_answer_ends_before_a_mark_of_its_prompt_and_where_it_repeats_itself(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = lesson_prompt(QUESTION, [(1, "A power tool may be kept for 7 days.")])
    [mark, question] = stops_of(asked)
    assert any(mark in part.text for part in asked[1].parts)
    assert question == "\nQuestion:"
    shop.adapter()
    monkeypatch.setattr("forge_desktop.students.compare.circle_begins", lambda text: 1 if len(text) > 3 else None)
    found = compared(shop, "v2", "v3")
    assert [answer.problem for answer in found.answers] == [REPEATED, REPEATED]
    assert all(len(answer.text) <= 1 for answer in found.answers)


def test_an_adapter_whose_numbers_overflow_is_named_and_its_base_is_not(shop: Shop) -> None:
    made = shop.adapter(strength=1e25)
    blamed = "With the adapter of v3 the student computes no numbers"
    found = compared(shop, "v2", "v3")
    assert (found.answers[0].problem, bool(found.answers[0].text)) == ("", True)
    assert found.answers[1].problem
    assert "v3" in found.answers[1].problem
    with pytest.raises(ForgeError, match=blamed):
        shop.registry.effect(made.uid)
    with pytest.raises(ForgeError, match=blamed):
        shop.registry.promote("v3", override="I want to see what happens.")

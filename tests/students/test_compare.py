"""Versions side by side: the same passages for all, over several bases, and one that cannot answer says why."""

from __future__ import annotations

from pathlib import Path

import pytest

from forge_desktop.base.errors import ForgeError
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
    assert len(compared(library, "v4").passages) == len(found.passages) + left_out  # alone it reads them all
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
    with pytest.raises(ForgeError, match="9 versions cannot be compared"):
        compared(shop, *["v1"] * 9)

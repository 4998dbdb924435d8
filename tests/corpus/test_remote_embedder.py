"""An endpoint that embeds the corpus: in batches, under the ledger, without what is never sent; and when it is away."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from forge_desktop.base.errors import ForgeError
from forge_desktop.forge import Forge
from tests.providers.teacher import Teacher, storm

SECRET = "The code of the safe is 4711."


@pytest.fixture
def teacher() -> Iterator[Teacher]:
    """Embeds for the price of its input alone."""
    with Teacher(price_out=0) as made:
        yield made


@pytest.fixture
def forge(data_dir: Path, teacher: Teacher, tmp_path: Path) -> Iterator[Forge]:
    """Forty texts, one more in a collection that is never sent, and the endpoint."""
    with contextlib.closing(Forge(data_dir, holder="a test")) as made:
        texts, private = tmp_path / "texts", tmp_path / "private"
        texts.mkdir()
        private.mkdir()
        for number in range(40):
            (texts / f"{number}.txt").write_text(f"Tool number {number} hangs on hook {number * 7}.")
        (private / "safe.txt").write_text(SECRET)
        made.jobs.wait(made.corpus.index([texts]), 60)
        kept = made.corpus.collections.create("Private", never_send=True).uid
        made.jobs.wait(made.corpus.index([private], kept), 60)
        desk = made.students.desk
        assert desk is not None
        desk.save(desk.blank(name="Vectors", url=teacher.url, model="embed-3", roles=("embedder",), price_input="0.15"))
        yield made
        charged = {budget.kind: budget for budget in made.providers.ledger.budgets()}["total"].charged
        assert teacher.bill <= charged


def embed(forge: Forge) -> None:
    """Choose it and wait until all that may be embedded is."""
    if (job := forge.embedding.choose_remote("Vectors")) is not None:
        forge.jobs.wait(job, 60)
    settle(forge)


def settle(forge: Forge) -> None:
    while jobs := [*forge.jobs.running("open_embedder"), *forge.jobs.running("embed")]:
        with contextlib.suppress(ForgeError):
            forge.jobs.wait(jobs[0], 60)


def sent(teacher: Teacher) -> list[str]:
    """All texts that were sent to be embedded."""
    found: list[str] = []
    for body in teacher.bodies:
        found += [body["input"]] if isinstance(body["input"], str) else body["input"]
    return found


def test_what_it_costs_is_reckoned_before_anything_is_sent(forge: Forge, teacher: Teacher) -> None:
    volume = forge.embedding.volume("Vectors")
    assert (volume.passages, volume.withheld, volume.leaves) == (40, 1, False)
    assert volume.most == -(-volume.bytes * 150_000 // 1_000_000)
    assert volume.likely is not None
    assert volume.likely < volume.most
    assert teacher.connections == 0
    embed(forge)
    assert teacher.bill <= volume.most + 10  # and the word by which the length of a vector was learnt


def test_it_embeds_all_that_may_leave_and_finds_by_it(forge: Forge, teacher: Teacher) -> None:
    embed(forge)
    texts = sent(teacher)
    assert SECRET not in json.dumps(texts)
    assert len(texts) == 41
    assert len(teacher.calls) < 10  # in batches
    assert forge.embedding.note == "1 passage of documents that are never sent is judged by spelling."
    assert forge.embedding.remote is not None
    hits = forge.corpus.search("Tool number 7 hangs on a hook")
    assert hits
    assert any("safe.txt" in hit.passage.path for hit in forge.corpus.search("code of the safe"))
    asked = len(teacher.calls)
    forge.corpus.search("code of the safe")
    assert len(teacher.calls) == asked  # the same question is not paid for again


def test_new_passages_follow_and_none_are_sent_twice(forge: Forge, teacher: Teacher, tmp_path: Path) -> None:
    embed(forge)
    before = len(sent(teacher))
    (tmp_path / "texts" / "new.txt").write_text("A new tool came.")
    forge.jobs.wait(forge.corpus.index([tmp_path / "texts"]), 60)
    settle(forge)
    assert sent(teacher)[before:] == ["A new tool came."]


def test_offline_it_waits_and_goes_on_by_itself(forge: Forge, teacher: Teacher, tmp_path: Path) -> None:
    embed(forge)
    forge.settings.change(offline=True)
    connections = teacher.connections
    (tmp_path / "texts" / "new.txt").write_text("A new tool came.")
    forge.jobs.wait(forge.corpus.index([tmp_path / "texts"]), 60)
    settle(forge)
    assert forge.corpus.search("a new tool")  # by spelling
    assert "does not answer" in forge.embedding.note
    assert teacher.connections == connections
    forge.settings.change(offline=False)
    settle(forge)
    assert "A new tool came." in sent(teacher)


def test_the_choice_outlives_a_restart_without_another_call(forge: Forge, teacher: Teacher, data_dir: Path) -> None:
    embed(forge)
    calls = len(teacher.calls)
    forge.close()
    with contextlib.closing(Forge(data_dir, holder="a test")) as again:
        settle(again)
        assert again.embedding.remote is not None
        assert again.embedding.remote.name == "Vectors"
        assert len(teacher.calls) == calls
        again.providers.endpoints.remove(again.embedding.remote.uid)
        assert again.embedding.remote is None
        assert "not there any more" in again.embedding.problem
        assert again.corpus.search("hook 49")


def test_one_that_refuses_is_said_and_not_asked_again_and_again(forge: Forge, teacher: Teacher) -> None:
    teacher.always = storm(401)
    job = forge.embedding.choose_remote("Vectors")
    assert job is not None
    with pytest.raises(ForgeError, match="refused the key"):
        forge.jobs.wait(job, 60)
    settle(forge)
    assert "refused the key" in forge.embedding.problem
    assert len(teacher.calls) == 1
    assert forge.corpus.search("hook 49")

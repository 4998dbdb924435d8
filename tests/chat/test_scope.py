"""Where a question is asked: some collections or all documents; and neighbours that come with a passage."""

from __future__ import annotations

import contextlib
import itertools
import json
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from forge_desktop.base.errors import ForgeError

from .conftest import Room
from .test_answers import check_citations

FOUND = "How long are power tools lent?"


@pytest.fixture
def two(quoting: Room, tmp_path: Path) -> Room:
    """Beside "Documents" a collection "Boats" with one document; no student."""
    folder = tmp_path / "boats"
    folder.mkdir()
    (folder / "boats.txt").write_text("The rowing boats are lent for two hours, the ferry is not lent at all.\n")
    quoting.corpus.collections.create("Boats")
    quoting.jobs.wait(quoting.corpus.index([folder], "Boats"), 60)
    return quoting


def _names(message: object) -> set[str]:
    return {Path(source.path).name for source in message.sources}  # type: ignore[attr-defined]


def test_a_conversation_remembers_where_it_asks(two: Room) -> None:
    (boats,) = two.corpus.collections.uids(["Boats"])
    conversation = two.chat.create()
    job = two.chat.ask(conversation, "How long are boats lent?", collections=["boats"])
    first = two.answer(job)
    assert _names(first) == {"boats.txt"}
    assert first.provenance["collections"] == ["Boats"]
    second = two.ask(FOUND, conversation=conversation)
    assert (second.collections, _names(second)) == ((boats,), {"boats.txt"})
    everywhere = two.answer(two.chat.ask(conversation, FOUND, collections=()))
    assert everywhere.collections == ()
    assert everywhere.provenance["collections"] == []
    assert "lending.md" in _names(everywhere)
    assert [message.collections for message in two.chat.messages(conversation) if message.role == "user"] == [
        (boats,),
        (boats,),
        (),
    ]


def test_nothing_in_a_collection_names_it_and_everywhere_is_asked_beside(two: Room) -> None:
    (boats,) = two.corpus.collections.uids(["Boats"])
    conversation = two.chat.create()
    missed = two.answer(two.chat.ask(conversation, FOUND, "documents_only", ["Boats"]))
    assert missed.text.startswith("This is not in “Boats”.")
    assert missed.provenance["not_found"] is True
    found = two.answer(two.chat.regenerate(missed.id, ()))
    assert (found.sibling, found.siblings, found.collections) == (2, 2, ())
    assert "7 days" in found.text
    assert "not_found" not in found.provenance
    again = two.ask("What does the ferry cost?", conversation=conversation)  # the conversation keeps its choice
    assert again.collections == (boats,)
    edited = two.answer(two.chat.edit(two.chat.messages(conversation)[0].id, "How long are rowing boats lent?"))
    assert (edited.collections, _names(edited)) == ((boats,), {"boats.txt"})


def test_collections_that_are_not_there(two: Room) -> None:
    conversation = two.chat.create()
    with pytest.raises(ForgeError, match="no collection called Nowhere"):
        two.chat.ask(conversation, FOUND, collections=["Nowhere"])
    assert two.chat.messages(conversation) == []
    two.answer(two.chat.ask(conversation, FOUND, collections=["Boats"]))
    two.corpus.collections.delete("Boats")
    with pytest.raises(ForgeError, match="not there any more"):
        two.ask(FOUND, conversation=conversation)
    assert two.chat.messages(conversation)[-1].state == "failed"


def test_the_export_says_where_it_was_asked(two: Room) -> None:
    two.answer(two.chat.ask(two.chat.create(), FOUND, collections=["Boats"]))
    uids = list(two.corpus.collections.uids(["Boats"]))
    assert [row["collections"] for row in two.chat.export_messages()] == [uids, uids]


def test_what_was_asked_before_there_were_collections_stays(
    open_room: Callable[..., Room], data_dir: Path, documents: Path
) -> None:
    shutil.copy(Path(__file__).parents[1] / "data" / "schemas" / "m0004.db", data_dir / "forge.db")
    with contextlib.closing(sqlite3.connect(data_dir / "forge.db")) as old:
        kept = [row[0] for row in old.execute("SELECT text FROM messages ORDER BY id")]
    room = open_room()
    messages = [message for found in room.chat.conversations() for message in room.chat.messages(found.id)]
    assert {message.text for message in messages} <= set(kept)
    assert all(message.collections == () for message in messages)
    assert all(source.parts == () for message in messages for source in message.sources)
    room.index(documents)
    assert room.ask(FOUND).sources


# ---- neighbours ----

RULES = [
    f"Rule {word}. "
    + f"The {word} key hangs beside the {word} door and is given back before the evening. " * 3
    + f"So says {word}."
    for word in ("bronze", "copper", "damask", "garnet", "indigo", "jasper", "walnut")  # all of one length
]
LONG = "# Rules of the boathouse\n\n" + "\n\n".join(RULES)


@pytest.fixture
def rules(open_room: Callable[..., Room], tmp_path: Path, starter: Path) -> Callable[..., Room]:
    """A document of seven passages, with the starter student."""
    folder = tmp_path / "rules"
    folder.mkdir()
    (folder / "rules.md").write_text(LONG)

    def opened(**settings: object) -> Room:
        room = open_room(starter, answer_tokens=24, passages=1, passage_tokens=72, passage_overlap_tokens=0, **settings)
        room.index(folder)
        return room

    return opened


def test_a_passage_comes_with_its_neighbours_where_there_is_room(rules: Callable[..., Room]) -> None:
    room = rules(neighbours=1)
    message = room.ask("Where does the damask key hang?")
    seen = room.chat.seen_prompt(message.id)
    assert seen is not None
    assert all(f"Rule {word}." in seen.text for word in ("copper", "damask", "garnet"))
    assert not any(f"Rule {word}." in seen.text for word in ("bronze", "indigo"))
    assert seen.added == ("Source 1: line 7 found, widened to lines 5–9.",)
    (source,) = message.sources
    assert [part.found for part in source.parts] == [False, True, False]
    assert LONG[source.start : source.end] == source.quote  # cited or not: exact, and of what was found
    assert "damask" in source.quote
    assert source.passage_id == source.parts[1].passage_id
    assert source.first_line == source.last_line == LONG[: source.start].count("\n") + 1
    whole = LONG[source.parts[0].start : source.parts[-1].end]
    assert whole in seen.text
    check_citations(room, message)
    (exported,) = [json.loads(json.dumps(row)) for row in room.chat.export_messages() if row["role"] == "assistant"]
    assert [part["found"] for part in exported["sources"][0]["parts"]] == [False, True, False]
    assert "passage_id" not in json.dumps(exported)
    again = room.ask("And where does the garnet key hang?", conversation=message.conversation_id)
    assert [source.n for source in again.sources] == [1]  # it stands in the first one already
    assert again.provenance["passages_offered"] == [1]
    seen = room.chat.seen_prompt(again.id)
    assert seen is not None
    assert seen.text.count("Rule garnet.") == 1


def test_no_neighbours_where_they_are_not_wanted_or_do_not_fit(rules: Callable[..., Room]) -> None:
    room = rules(neighbours=0)
    message = room.ask("Where does the damask key hang?")
    seen = room.chat.seen_prompt(message.id)
    assert seen is not None
    assert "Rule damask." in seen.text
    assert "Rule copper." not in seen.text
    assert (seen.added, message.sources[0].parts) == ((), ())


def test_hits_side_by_side_are_one_source(rules: Callable[..., Room]) -> None:
    room = rules(neighbours=0)
    room.settings.change(passages=4)
    message = room.ask("Where do the copper key, the damask key and the walnut key hang?")
    places = sorted((source.start, source.end) for source in message.sources if not source.cited)
    assert all(before[1] <= after[0] for before, after in itertools.pairwise(places))
    parts = [[LONG[part.start :][:9] for part in source.parts] for source in message.sources]
    assert ["Rule copp", "Rule dama"] in parts
    check_citations(room, message)

"""Without a student, and without evidence: quotations, and "not in your documents"."""

from __future__ import annotations

from pathlib import Path

import pytest

from .conftest import Room
from .test_answers import check_citations


def test_without_a_student_the_best_passages_are_quoted(quoting: Room) -> None:
    message = quoting.ask("How long are power tools lent?")
    assert message.state == "complete"
    assert message.problem == "There is no student."
    assert (
        message.text.endswith("> Power tools are lent for 7 days.")
        or "> Power tools are lent for 7 days.\n" in message.text
    )
    assert message.provenance["model"] is None
    assert message.provenance["tokens_per_second"] is None
    assert quoting.chat.seen_prompt(message.id) is None
    check_citations(quoting, message)
    best = message.sources[0]
    assert best.cited
    assert best.heading == ("Lending policy", "How long")
    assert best.first_line == 5
    assert message.provenance["grounded"]["supported"] == message.provenance["grounded"]["sentences"] > 0


@pytest.mark.parametrize(
    "text", ["", "Who won the Formula 1 race in Monaco?", "zzzzqqq", "¿Dónde vive el pingüino emperador?"]
)
def test_documents_only_says_so_when_the_evidence_is_weak(answering: Room, text: str) -> None:
    message = answering.ask(text or "When does the penguin exhibition in Antarctica open?", "documents_only")
    assert message.state == "complete"
    assert message.text.startswith("This is not in your documents.")
    assert message.provenance["model"] is None
    assert not any(source.cited for source in message.sources)
    assert not any(sentence.needs_support for sentence in message.sentences)
    assert answering.deltas == []
    check_citations(answering, message)


def test_documents_only_marks_an_answer_nothing_supports(answering: Room) -> None:
    message = answering.ask("How long are power tools lent?", "documents_only")
    grounded = message.provenance["grounded"]
    if grounded["sentences"] and not grounded["supported"]:
        assert message.text.startswith("Nothing in your documents supports this answer.")
    else:
        assert not message.text.startswith("Nothing")


def test_documents_first_says_so_and_answers(answering: Room) -> None:
    message = answering.ask("What is the capital of France?", "documents_first")
    assert message.text.startswith("Your documents do not seem to answer this")
    assert message.provenance["model"] == "SmolLM2-135M"
    assert len(message.text) > 100
    assert not any(source.cited for source in message.sources)
    assert len(message.provenance["passages_offered"]) <= 2  # type: ignore[arg-type]
    check_citations(answering, message)


def test_free_needs_no_passages(answering: Room) -> None:
    message = answering.ask("What is the capital of France?", "free")
    assert "Paris" in message.text
    assert message.sources == ()
    assert message.grounding == "free"


def test_an_empty_corpus_is_named(open_room) -> None:
    room = open_room()
    message = room.ask("How long are power tools lent?", "documents_only")
    assert message.text.startswith("There are no documents yet.")
    assert room.ask("How long are power tools lent?").text == (
        "There is no student. Nothing in your documents fits the question."
    )


def test_the_grounding_of_a_conversation_stays(quoting: Room) -> None:
    conversation = quoting.chat.create()
    assert quoting.ask("How long are power tools lent?", conversation=conversation).grounding == "documents_first"
    assert quoting.ask("And hand tools?", "free", conversation=conversation).grounding == "free"
    assert quoting.ask("And red tape?", conversation=conversation).grounding == "free"
    quoting.settings.change(grounding="documents_only")
    assert quoting.ask("How long are power tools lent?").grounding == "documents_only"


def test_sources_outlive_their_document(quoting: Room, documents: Path) -> None:
    message = quoting.ask("How long are power tools lent?")
    document = quoting.corpus.shelf.find_document(message.sources[0].document_sha256, message.sources[0].path)
    assert document is not None
    quoting.corpus.remove([document.id])
    assert quoting.chat.message(message.id).sources == message.sources

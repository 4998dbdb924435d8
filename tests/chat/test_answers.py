"""A question's whole walk with the real engine child and the starter student."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from forge_desktop.base.errors import ForgeError
from forge_desktop.chat import ChatMessage

from .conftest import STARTER_SHA256, Room


def check_citations(room: Room, message: ChatMessage) -> None:
    """Every number a sentence carries is a source of the message, and every quote is the stored text at its place."""
    numbers = {source.n for source in message.sources}
    assert len(numbers) == len(message.sources)
    cited = {n for sentence in message.sentences for n in sentence.sources}
    assert cited == {source.n for source in message.sources if source.cited}
    assert cited <= numbers
    end = 0
    for sentence in message.sentences:
        assert end <= sentence.start < sentence.end <= len(message.text)
        end = sentence.end
    for source in message.sources:
        document = room.corpus.shelf.find_document(source.document_sha256, source.path)
        assert document is not None
        assert room.corpus.shelf.stored_text(document.id)[source.start : source.end] == source.quote
        assert source.quote


def test_an_answer_streams_and_keeps_how_it_came_about(answering: Room) -> None:
    conversation = answering.chat.create()
    message = answering.ask("How much does a household membership cost?", conversation=conversation)
    assert message.state == "complete"
    cut = message.provenance["stop"] == "length"
    assert message.problem == ("The answer was cut at 40 tokens (Longest answer)." if cut else "")
    assert message.text
    assert len(answering.deltas) > 1
    assert {delta.message_id for delta in answering.deltas} == {message.id}
    assert not re.search(r"\[\d", message.text)
    check_citations(answering, message)
    facts = message.provenance
    assert facts["model"] == facts["student"] == "SmolLM2-135M"
    assert facts["model_sha256"] == STARTER_SHA256
    assert facts["sampling"]["temperature"] == 0.0
    assert facts["seed"] == 1
    assert re.fullmatch("[0-9a-f]{64}", facts["prompt_sha256"])
    assert {"index", "analyser", "embedder"} <= facts.keys()
    assert facts["device"]
    assert 0 < facts["answer_tokens"] <= 40
    assert facts["ttft_ms"] > 0
    assert facts["tokens_per_second"] > 0
    assert facts["passages_offered"] == [source.n for source in message.sources]
    assert facts["grounded"]["sentences"] >= facts["grounded"]["supported"]


def test_what_the_model_saw_is_the_exact_prompt(answering: Room) -> None:
    message = answering.ask("How much does a household membership cost?")
    seen = answering.chat.seen_prompt(message.id)
    assert seen is not None
    assert "A household membership costs 54 crowns." in seen.text
    assert "How much does a household membership cost?" in seen.text
    assert sum(tokens for _, tokens in seen.parts) == seen.tokens == message.provenance["prompt_tokens"]
    assert seen.tokens + seen.answer_room <= seen.context
    assert seen.cut == ()


def test_a_follow_up_appends_and_reuses_what_was_read(answering: Room) -> None:
    conversation = answering.chat.create()
    first = answering.ask("How long are power tools lent?", conversation=conversation)
    second = answering.ask("How long are they lent with red tape?", conversation=conversation)
    seen_first, seen_second = answering.chat.seen_prompt(first.id), answering.chat.seen_prompt(second.id)
    assert seen_first is not None
    assert seen_second is not None
    assert seen_second.text.startswith(seen_first.text)
    assert second.provenance["reused_tokens"] >= 0.9 * seen_first.tokens
    same = {(s.document_sha256, s.start): s.n for s in first.sources if not s.cited}
    again = {(s.document_sha256, s.start): s.n for s in second.sources if not s.cited}
    assert all(again[place] == n for place, n in same.items() if place in again)
    for quote in {source.quote for source in first.sources if not source.cited}:
        assert seen_second.text.count(quote) == 1
    check_citations(answering, second)


def test_regenerating_draws_anew(answering: Room) -> None:
    first = answering.ask("What was reported on 12 March 2026?")
    second = answering.answer(answering.chat.regenerate(first.id))
    assert second.provenance["sampling"]["temperature"] > 0
    assert second.provenance["seed"] == first.provenance["seed"] + 1


def test_stop_keeps_the_partial_text(open_room: Callable[..., Room], documents: Path, starter: Path) -> None:
    room = open_room(starter, answer_tokens=400, passages=2)
    room.index(documents)
    conversation = room.chat.create()
    jobs: list[int] = []
    room.on_delta = lambda delta: room.jobs.cancel(jobs[0]) if len(room.deltas) == 3 else None
    jobs.append(room.chat.ask(conversation, "Write a long story about all the tools.", "free"))
    assert room.ended(jobs[0]) == "cancelled"
    message = room.chat.messages(conversation)[-1]
    assert message.state == "stopped"
    assert message.text
    assert message.text.split()[0] == "".join(delta.text for delta in room.deltas).split()[0]
    assert message.provenance["stop"] == "cancelled"
    room.on_delta = lambda delta: None
    room.settings.change(answer_tokens=16)
    assert room.ask("And how long are hand tools lent?", conversation=conversation).state == "complete"


def test_a_question_stopped_in_the_queue_is_marked(answering: Room) -> None:
    conversation = answering.chat.create()
    first = answering.chat.ask(conversation, "How long are power tools lent?")
    second = answering.chat.ask(conversation, "What does a chisel cost?")
    answering.jobs.cancel(second)
    answering.answer(first)
    assert answering.ended(second) == "cancelled"
    answering.ask("How long are hand tools lent?")  # behind it on the same lane: by now its end was announced
    states = [m.state for m in answering.chat.messages(conversation)]
    assert states == ["complete", "complete", "complete", "stopped"]


def test_the_text_is_stored_while_it_is_written(answering: Room) -> None:
    stored: list[str] = []

    def look(delta: object) -> None:
        message_id = answering.deltas[-1].message_id
        stored.append(answering.chat.message(message_id).text)
        assert answering.chat.message(message_id).state == "writing"
        assert answering.chat.message(message_id).sources

    answering.on_delta = look
    message = answering.ask("What does the price list say about membership and the workshop bench?")
    assert len([text for text in stored if text]) >= 1
    assert all("".join(d.text for d in answering.deltas).startswith(text) for text in stored)
    assert message.state == "complete"


def test_a_long_conversation_is_trimmed_by_whole_turns_with_a_notice(
    open_room: Callable[..., Room], documents: Path, starter: Path
) -> None:
    room = open_room(starter, answer_tokens=48, passages=1, context_tokens=512)
    room.index(documents)
    conversation = room.chat.create()
    questions = [
        "How long are power tools lent?",
        "What does a household membership cost?",
        "Who is the treasurer?",
        "What does the member pay for a lost tool?",
        "What does sharpening a chisel cost?",
        "Why was the laser cutter declined?",
    ]
    answers = [room.ask(question, conversation=conversation) for question in questions]
    assert {answer.state for answer in answers} == {"complete"}
    prompts = [room.chat.seen_prompt(answer.id) for answer in answers]
    assert all(seen is not None and seen.tokens + seen.answer_room <= seen.context for seen in prompts)
    last = prompts[-1]
    assert last is not None
    assert any("left out: the conversation is longer" in notice for notice in last.cut)
    assert list(last.cut) == answers[-1].provenance["cut"]
    assert questions[0] not in last.text
    assert questions[-1] in last.text


def test_an_answer_stops_at_every_mark_of_its_prompt(answering: Room) -> None:
    conversation = answering.chat.create()
    marks = []
    for question in ("What does a standard membership cost?", "How long are power tools lent?"):
        message = answering.ask(question, conversation=conversation)
        seen = answering.chat.seen_prompt(message.id)
        assert seen is not None
        marks = list(dict.fromkeys(re.findall(r"\[([0-9a-f]{6}) end\]", seen.text)))
        stops = message.provenance["sampling"]["stop"]
        assert sorted(stop for stop in stops if stop.startswith("[")) == sorted(f"[{mark}" for mark in marks)
    assert len(marks) == 2


def test_an_over_long_question_fails_with_a_sentence_and_is_kept(
    open_room: Callable[..., Room], documents: Path, starter: Path
) -> None:
    room = open_room(starter, answer_tokens=48, context_tokens=512)
    room.index(documents)
    conversation = room.chat.create()
    question = "How long are power tools lent? " * 200
    job = room.chat.ask(conversation, question)
    with pytest.raises(ForgeError, match="too long for this student"):
        room.jobs.wait(job, 170)
    asked, answer = room.chat.messages(conversation)
    assert asked.text == question.strip()
    assert answer.state == "failed"
    assert "512 tokens" in answer.problem
    assert room.ask("How long are power tools lent?", conversation=conversation).state == "complete"


def test_a_passage_that_does_not_fit_is_left_out_with_a_notice(
    open_room: Callable[..., Room], tmp_path: Path, starter: Path
) -> None:
    folder = tmp_path / "long"
    folder.mkdir()
    (folder / "chisels.txt").write_text("Sharpening a chisel costs 3 crowns at the bench by the door. " * 60)
    room = open_room(starter, answer_tokens=32, context_tokens=512, passages=4, passage_tokens=883)
    room.index(folder)
    message = room.ask("What does sharpening a chisel cost?")
    seen = room.chat.seen_prompt(message.id)
    assert message.state == "complete"
    assert seen is not None
    assert seen.cut == ("1 of 1 passages were left out, the lowest ranked first: no room.",)
    assert message.sources == ()
    assert dict(seen.parts)["Documents"] == 0


def test_a_student_that_cannot_be_loaded_leaves_quotations(
    open_room: Callable[..., Room], documents: Path, tmp_path: Path, expect_log: Callable[[str], None]
) -> None:
    expect_log("engine")
    broken = tmp_path / "broken.gguf"
    broken.write_bytes(b"GGUF" + b"\x03\x00\x00\x00" + b"\xff" * 64)
    room = open_room(broken)
    room.index(documents)
    message = room.ask("How long are power tools lent?")
    assert message.state == "complete"
    assert message.problem
    assert message.problem in message.text
    assert "Power tools are lent for 7 days." in message.text
    assert message.provenance["model"] is None
    check_citations(room, message)

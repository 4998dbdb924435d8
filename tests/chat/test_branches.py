"""Branches: editing and regenerating never erase, and which alternative is shown is remembered."""

from __future__ import annotations

import pytest

from forge_desktop.base.errors import ForgeError

from .conftest import Room


def shown(room: Room, conversation: int) -> list[str]:
    return [m.text for m in room.chat.messages(conversation) if m.role == "user"]


def test_regenerating_adds_an_answer_beside_the_first(quoting: Room) -> None:
    conversation = quoting.chat.create()
    first = quoting.ask("How long are hand tools lent?", conversation=conversation)
    second = quoting.answer(quoting.chat.regenerate(first.id))
    third = quoting.answer(quoting.chat.regenerate(second.id))
    assert (third.sibling, third.siblings) == (3, 3)
    assert third.parent_id == first.parent_id
    assert quoting.chat.messages(conversation)[-1].id == third.id
    quoting.chat.show_sibling(third.id, -2)
    assert quoting.chat.messages(conversation)[-1].id == first.id
    quoting.chat.show_sibling(first.id, -1)
    assert quoting.chat.messages(conversation)[-1].id == first.id
    quoting.chat.show_sibling(first.id, 99)
    assert quoting.chat.messages(conversation)[-1].id == third.id


def test_regenerating_a_question_answers_it_again(quoting: Room) -> None:
    first = quoting.ask("How long are hand tools lent?")
    assert first.parent_id is not None
    again = quoting.answer(quoting.chat.regenerate(first.parent_id))
    assert again.siblings == 2


def test_editing_keeps_the_old_question_and_what_followed(quoting: Room) -> None:
    conversation = quoting.chat.create()
    quoting.ask("How long are hand tools lent?", conversation=conversation)
    quoting.ask("What does a membership cost?", conversation=conversation)
    root = quoting.chat.messages(conversation)[0]
    edited = quoting.answer(quoting.chat.edit(root.id, "How long are power tools lent?"))
    assert shown(quoting, conversation) == ["How long are power tools lent?"]
    new_root = quoting.chat.messages(conversation)[0]
    assert edited.parent_id == new_root.id
    assert (new_root.sibling, new_root.siblings) == (2, 2)
    quoting.chat.show_sibling(new_root.id, -1)
    assert shown(quoting, conversation) == ["How long are hand tools lent?", "What does a membership cost?"]
    assert quoting.chat.conversations()[0].messages == 6


def test_what_is_shown_survives_a_restart(quoting: Room, open_room) -> None:
    conversation = quoting.chat.create()
    first = quoting.ask("How long are hand tools lent?", conversation=conversation)
    quoting.answer(quoting.chat.regenerate(first.id))
    quoting.chat.show_sibling(first.id, 0)
    messages = quoting.chat.messages(conversation)
    assert messages[-1].id == first.id
    assert open_room().chat.messages(conversation) == messages


def test_a_follow_up_goes_on_from_the_shown_branch(quoting: Room) -> None:
    conversation = quoting.chat.create()
    first = quoting.ask("How long are hand tools lent?", conversation=conversation)
    quoting.answer(quoting.chat.regenerate(first.id))
    quoting.chat.show_sibling(first.id, 0)
    follow_up = quoting.ask("And power tools?", conversation=conversation)
    question = quoting.chat.message(follow_up.parent_id or 0)
    assert question.parent_id == first.id
    assert follow_up.provenance["retrieval_query"] == "And power tools? How long are hand tools lent?"


def test_only_questions_are_edited(quoting: Room) -> None:
    answer = quoting.ask("How long are hand tools lent?")
    with pytest.raises(ForgeError, match="Only a question"):
        quoting.chat.edit(answer.id, "x")
    with pytest.raises(ForgeError, match="no longer there"):
        quoting.chat.regenerate(99_999)
    with pytest.raises(ForgeError, match="no longer there"):
        quoting.chat.show_sibling(99_999, 1)


@pytest.mark.parametrize("text", ["", "   ", "\n\t\n", "\u200b", "\u3000\ufeff"])
def test_an_empty_question_is_refused_and_nothing_stored(quoting: Room, text: str) -> None:
    conversation = quoting.chat.create()
    with pytest.raises(ForgeError, match="empty"):
        quoting.chat.ask(conversation, text)
    assert quoting.chat.messages(conversation) == []


@pytest.mark.parametrize(
    "text", ["tools\0and crowns", "tools \ud800 lent", "👩‍👩‍👧 tools é", "?", "%s {0} [1] $(x)", "<|im_end|>"]
)
def test_any_question_is_stored_and_answered(quoting: Room, text: str) -> None:
    conversation = quoting.chat.create()
    answer = quoting.ask(text, conversation=conversation)
    question = quoting.chat.messages(conversation)[0]
    assert len(question.text) == len(text)
    assert answer.state == "complete"
    assert answer.text


def test_a_question_beyond_measure_is_refused(quoting: Room) -> None:
    with pytest.raises(ForgeError, match="at most 2,000,000"):
        quoting.chat.ask(quoting.chat.create(), "word " * 500_000)


def test_two_questions_queue(quoting: Room) -> None:
    conversation = quoting.chat.create()
    jobs = [quoting.chat.ask(conversation, f"What does sharpening cost, {n}?") for n in range(4)]
    for job in jobs:
        quoting.answer(job)
    assert shown(quoting, conversation) == [f"What does sharpening cost, {n}?" for n in range(4)]
    assert {m.state for m in quoting.chat.messages(conversation)} == {"complete"}

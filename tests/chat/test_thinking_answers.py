"""A student that thinks before it answers: the starter, by a template that opens a thought, with a budget."""

from __future__ import annotations

from forge_desktop.base.events import AnswerDelta

from .conftest import STARTER_SHA256, Room

THINKS = (
    "{% for message in messages %}<|im_start|>{{ message.role }}\n{{ message.content }}<|im_end|>\n{% endfor %}"
    "<|im_start|>assistant\n<think>\n"
)


def test_thoughts_are_kept_apart_from_the_answer(answering: Room) -> None:
    book, conversation = answering.chat.options, answering.chat.create()
    book.change_student(STARTER_SHA256, {"template": THINKS})
    book.change(conversation, {"think_tokens": 12, "max_tokens": 40})
    message = answering.ask("What does a standard membership cost?", conversation=conversation)
    assert message.thinking.strip()
    assert message.text.strip()
    assert "think>" not in message.thinking
    assert isinstance(message.provenance["thought_ms"], float)
    assert message.provenance["thought_ms"] > 0
    told: dict[bool, list[AnswerDelta]] = {True: [], False: []}
    for delta in answering.deltas:
        told[delta.thinking].append(delta)
    assert "".join(delta.text for delta in told[True]).strip() == message.thinking.strip()
    assert answering.deltas.index(told[True][-1]) < answering.deltas.index(told[False][0])

    later = answering.ask("And a household membership?", conversation=conversation)
    seen = answering.chat.seen_prompt(later.id)
    assert seen is not None
    assert message.thinking[:40] not in seen.text
    with answering.db.write() as connection:
        connection.execute("UPDATE messages SET thinking = thinking || ' Zanzibar' WHERE id = ?", (message.id,))
    assert answering.chat.conversations("Zanzibar") == []
    exported = [row["thinking"] for row in answering.chat.export_messages() if row["role"] == "assistant"]
    assert exported == [f"{message.thinking} Zanzibar", later.thinking]


def test_a_student_that_only_thinks_says_so_and_quotes(answering: Room) -> None:
    answering.chat.options.change_student(STARTER_SHA256, {"template": THINKS})
    message = answering.ask("What does a standard membership cost?")
    assert message.state == "complete"
    assert "still thinking" in message.problem or "in circles" in message.problem
    assert message.thinking.strip()
    assert "36 crowns" in message.text


def test_a_student_that_may_not_think_answers_at_once(answering: Room) -> None:
    answering.chat.options.change_student(STARTER_SHA256, {"template": THINKS, "think_tokens": 0})
    message = answering.ask("What does a standard membership cost?")
    assert message.thinking == ""
    assert message.text.strip()

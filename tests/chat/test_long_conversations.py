"""What becomes of a conversation that grows longer than the context: early turns go with a notice, or are summed up."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from forge_desktop.base.events import Event, JobChanged
from forge_desktop.chat import ChatMessage
from forge_desktop.chat.rows import Turn
from forge_desktop.chat.summary import Summariser, longest
from forge_desktop.engine import PromptPart

from .conftest import Room

FILLER, LONG = (" ".join(f"Tool {n} hangs on hook {n}." for n in range(many)) for many in (12, 29))


def talk(room: Room, conversation: int, most: int = 6) -> ChatMessage:
    """Ask until something no longer fits; the answer to that question."""
    for number in range(most):
        message = room.ask(f"Question {number}. {FILLER} Which one is mine?", "free", conversation)
        if message.provenance["cut"]:
            return message
    raise AssertionError("everything fitted")


def test_early_turns_that_are_left_out_are_told_once(open_room: Callable[..., Room], starter: Path) -> None:
    room = open_room(starter, answer_tokens=16, context_tokens=512)
    conversation = room.chat.create()
    first = talk(room, conversation)
    assert first.provenance["noticed"] == first.provenance["cut"]
    after = room.ask("And now?", "free", conversation)
    assert "left out" in str(after.provenance["cut"])  # it still holds, but is no news
    assert after.provenance["noticed"] == []


def test_early_turns_are_summed_up_once_and_the_summary_stands_for_them(
    open_room: Callable[..., Room], starter: Path
) -> None:
    room = open_room(starter, answer_tokens=16, context_tokens=512, long_conversations="summarise")
    conversation = room.chat.create()
    room.ask("My name is Ottilie and I lent the blue tower crane.", "free", conversation)
    message = talk(room, conversation)
    question = room.chat.message(message.parent_id or 0)
    assert question.summary, message.provenance["cut"]
    assert "summary stands for the first" in str(message.provenance["cut"])
    assert message.provenance["noticed"] == []  # the question's summary tells it
    seen = room.chat.seen_prompt(message.id)
    assert seen is not None
    assert f"Earlier in this conversation, in short: {question.summary}" in seen.text
    assert "Ottilie and I lent" not in seen.text
    assert question.summary not in question.text

    again = room.answer(room.chat.regenerate(message.id))
    assert room.chat.message(question.id).summary == question.summary  # not written anew
    assert again.provenance["noticed"] == []
    later = room.ask("And now?", "free", conversation)
    seen = room.chat.seen_prompt(later.id)
    assert seen is not None
    assert question.summary in seen.text
    exported = [row["summary"] for row in room.chat.export_messages() if row["summary"]]
    assert exported == [question.summary]
    with room.db.write() as connection:
        connection.execute("UPDATE messages SET summary = 'Zanzibar' WHERE id = ?", (question.id,))
    assert room.chat.conversations("Zanzibar") == []  # it is not found as if it had been said


def test_an_earlier_summary_stays_in_the_next(answering: Room) -> None:
    engine, before = answering.engine, "Ottilie lent the blue tower crane."
    summariser = Summariser(engine, "", check=lambda: None, progress=lambda note: None)
    turn = Turn(1, 2, (PromptPart(f"{FILLER} Which one is mine?"),), "The one on hook 4.", ())
    made = summariser.summary(before, [turn], 4096)
    assert made.startswith(f"{before}\n")
    assert len(made) > len(before) + 1
    both = summariser.summary(" ".join([before] * 20), [turn], 512)  # too long beside a new one: summed up together
    assert 0 < engine.count([both])[0] <= longest(512) + 1


def test_where_no_summary_can_be_had_turns_are_left_out_and_it_is_said(
    open_room: Callable[..., Room], starter: Path
) -> None:
    room = open_room(starter, answer_tokens=16, context_tokens=512, long_conversations="summarise")
    conversation = room.chat.create()
    room.ask(f"{LONG} Which one is mine?", "free", conversation)
    message = room.ask(f"{LONG} Which one is not mine?", "free", conversation)
    assert message.state == "complete"
    (told,) = message.provenance["noticed"]  # type: ignore[misc]
    assert "was left out" in told.replace("were", "was")
    assert "could not be summarised: One of them alone is longer than the student can read." in told
    assert room.chat.message(message.parent_id or 0).summary == ""


def test_a_summary_that_is_stopped_stops_the_answer(open_room: Callable[..., Room], starter: Path) -> None:
    room = open_room(starter, answer_tokens=16, context_tokens=512, long_conversations="summarise")
    conversation = room.chat.create()
    jobs: list[int] = []

    def stop(event: Event) -> None:
        if isinstance(event, JobChanged) and event.note.startswith("Summarising") and event.job_id in jobs:
            room.jobs.cancel(event.job_id)

    room.events.subscribe(stop)
    for number in range(6):
        jobs.append(room.chat.ask(conversation, f"Question {number}. {FILLER} Which one is mine?", "free"))
        if room.ended(jobs[-1]) == "cancelled":
            break
    *_, question, answer = room.chat.messages(conversation)
    assert (answer.state, answer.text, question.summary) == ("stopped", "", "")

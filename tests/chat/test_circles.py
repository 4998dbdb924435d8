"""An answer that says the same again is noticed; one that only lists similar things is not."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from forge_desktop.base.errors import Cancelled
from forge_desktop.chat import Chat
from forge_desktop.chat.circles import circle_begins
from forge_desktop.engine import Engine, Generation, PromptMessage, Sampling, StudentSpec

from .conftest import STARTER_SHA256, Room

LOOP = "The drill is lent for two weeks.\n\nQuestion: How long is the drill lent?\n\n"


def test_a_paragraph_said_again_is_a_circle_from_its_first_repeat() -> None:
    text = LOOP * 3
    begins = circle_begins(text)
    assert begins is not None
    assert text[:begins] == LOOP


def test_slight_changes_do_not_hide_it() -> None:
    text = (
        "A loan is only paid if you pay it back to the desk. It also says that you can pay the loan if you pay it "
        "back. It also says that you can only pay the loan if you pay it back. It also says that you can pay the loan "
        "if you pay it back. And then"
    )
    begins = circle_begins(text)
    assert begins is not None
    assert text[begins:].startswith("It also says that you can only")


def test_the_sentence_being_written_does_not_count() -> None:
    text = "The chair opens the meeting. The chair opens the meeting. The chair opens the meeting"
    assert circle_begins(text) is None


def test_a_phrase_said_again_and_again_within_a_sentence() -> None:
    text = "The race was won by the team of the team of the team of the team of the team of the te"
    begins = circle_begins(text)
    assert begins is not None
    assert text[:begins] == "The race was won by the team of "
    assert circle_begins("哈" * 20) == 1


@pytest.mark.parametrize(
    "text",
    [
        "",
        "He said no, no, no, no and left.",
        "Ho ho ho ho ho ho!",
        "| 0 | 0 | 0 | 0 | 0 | 0 |\n| --- | --- | --- | --- | --- | --- |\n" + "| 0 " * 40 + "|",
        "```\n" + "0, " * 40,
        "Yes. Yes. Yes. Yes. It is so.",
        "Invoices are kept for seven years. Payroll records are kept for ten years. Contracts are kept until expiry.",
        "The pump broke in 2009. The roof was mended in 2012. To sum up, the pump broke in 2009.",
        "| Tool | Days |\n| --- | --- |\n| Drill | 7 |\n| Drill | 7 |\n| Drill | 7 |\n",
        "```\nprint(1)\nprint(1)\nprint(1)\nprint(1)\n```\n",
    ],
)
def test_ordinary_answers_are_left_alone(text: str) -> None:
    assert circle_begins(text) is None


class Circling(Engine):
    """A student that says one phrase again and again, and a few words more until it hears that it is to stop."""

    def generate(
        self,
        messages: Sequence[PromptMessage],
        sampling: Sampling,
        on_text: Callable[[str], None],
        check: Callable[[], None] = lambda: None,
        **_more: object,
    ) -> Generation:
        text = "Power tools are lent for 7 days, " + "by the desk of " * 6
        on_text(text)
        with pytest.raises(Cancelled):
            check()
        return Generation(f"{text}the depart", "cancelled", 9, 0, 9, 1.0, 1.0, "", "", "CPU", "", 1)


def test_a_circle_that_was_noticed_is_cut_and_said_whatever_still_came(answering: Room, starter: Path) -> None:
    room = answering
    engine = Circling(room.db, room.events, room.settings)
    engine.use(StudentSpec("SmolLM2-135M", str(starter), STARTER_SHA256))
    try:
        room.chat = Chat(room.db, room.jobs, room.events, room.settings, room.corpus, engine)
        message = room.ask("How long are power tools lent?")
    finally:
        engine.close()
    assert message.state == "complete"
    assert "repeat itself" in message.problem
    assert "by the desk of" in message.text
    assert "by the desk of by the desk of" not in message.text

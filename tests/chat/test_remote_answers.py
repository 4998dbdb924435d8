"""Answers by a remote student: what is sent, what is kept back, what the bubble says when it cannot be asked."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from forge_desktop.base.errors import ForgeError
from forge_desktop.chat import ChatMessage
from forge_desktop.forge import Forge
from tests.providers.teacher import Teacher

ANSWER = "Hand tools are lent for 14 days."
QUESTION = "How long are hand tools lent?"
SECRET = "the treasurer, reported a surplus of 1,240 crowns"


@pytest.fixture
def teacher() -> Iterator[Teacher]:
    """A teacher that knows about tools."""
    with Teacher(ANSWER) as made:
        yield made


@pytest.fixture
def open_forge(data_dir: Path, teacher: Teacher) -> Iterator[Callable[[], Forge]]:
    """Open the data directory, again after a restart; at the end no more was billed than the ledger charged."""
    opened: list[Forge] = []

    def open_it() -> Forge:
        if opened:
            opened.pop().close()
        opened.append(Forge(data_dir, holder="a test"))
        return opened[-1]

    yield open_it
    for forge in opened:
        charged = {budget.kind: budget for budget in forge.providers.ledger.budgets()}["total"].charged
        assert teacher.bill <= charged
        forge.close()


@pytest.fixture
def forge(open_forge: Callable[[], Forge], teacher: Teacher, documents: Path) -> Forge:
    """Documents in two collections, and the teacher as the student."""
    forge = open_forge()
    private = documents.parent / "private"
    private.mkdir()
    (documents / "minutes.md").rename(private / "minutes.md")
    forge.jobs.wait(forge.corpus.index([documents]), 60)
    kept = forge.corpus.collections.create("Minutes").uid
    forge.jobs.wait(forge.corpus.index([private], kept), 60)
    desk = forge.students.desk
    assert desk is not None
    price = {"price_input": "0.15", "price_output": "0.60"}  # the teacher's own
    desk.save(desk.blank(name="Shed", url=teacher.url, model="big-model", roles=("student",), **price))
    forge.students.remotes.choose("Shed")
    return forge


def ask(forge: Forge, text: str, conversation: int | None = None, **options: object) -> ChatMessage:
    conversation = conversation if conversation is not None else forge.chat.create()
    result = forge.jobs.wait(forge.chat.ask(conversation, text, **options), 60)  # type: ignore[arg-type]
    assert isinstance(result, int)
    return forge.chat.message(result)


def seal(forge: Forge) -> None:
    """From now on the minutes are never sent."""
    uid = next(uid for uid, name in forge.corpus.collections.names().items() if name == "Minutes")
    forge.corpus.collections.change(uid, never_send=True)


def test_the_passages_go_along_and_the_answer_is_cited(forge: Forge, teacher: Teacher) -> None:
    message = ask(forge, QUESTION)
    assert message.state == "complete"
    assert message.text.startswith(ANSWER)
    assert any(source.cited for source in message.sources)
    sent = teacher.bodies[-1]["messages"][-1]["content"]
    assert "Hand tools are lent for 14 days" in sent
    facts = message.provenance
    assert (facts["student"], facts["endpoint"], facts["model_sha256"]) == ("Shed", "Shed", None)
    assert str(facts["cost_usd"]).startswith("0.")
    assert forge.engine.pid is None
    seen = forge.chat.seen_prompt(message.id)
    assert seen is not None
    assert seen.context == 4096
    assert dict(seen.parts)["Documents"] > 0


def test_a_template_is_not_tried_out_on_a_server(forge: Forge) -> None:
    with pytest.raises(ForgeError, match="template is its server's"):
        forge.chat.options.preview("{{ messages }}")


def test_the_conversation_goes_along_and_can_go_on_at_home(forge: Forge, teacher: Teacher) -> None:
    first = ask(forge, QUESTION)
    ask(forge, "And power tools?", first.conversation_id)
    roles = [message["role"] for message in teacher.bodies[-1]["messages"]]
    assert roles == ["system", "user", "assistant", "user"]
    calls = len(teacher.calls)
    forge.settings.change(answer_tokens=16)
    forge.students.activate(forge.students.list()[0].id)
    local = ask(forge, "And red tape?", first.conversation_id)
    assert local.provenance["student"] == forge.students.list()[0].name
    assert "endpoint" not in local.provenance
    assert len(teacher.calls) == calls


def test_what_is_never_sent_stays_and_is_named(forge: Forge, teacher: Teacher) -> None:
    seal(forge)
    message = ask(forge, "How many crowns are a membership and the treasurer's surplus of hand tools lent?")
    assert SECRET not in json.dumps([call.body for call in teacher.calls])
    if message.provenance.get("student"):
        assert message.provenance["kept_back"] == ["minutes.md"]
        assert any("Not sent to Shed" in str(line) for line in message.provenance["noticed"])  # type: ignore[attr-defined]


def test_where_only_what_is_never_sent_answers_nobody_is_asked(forge: Forge, teacher: Teacher) -> None:
    seal(forge)
    message = ask(forge, "What surplus did Tobias Wrenfield, the treasurer, report?")
    assert "1,240 crowns" in message.text  # said by the document itself, here
    assert "Shed was not asked" in message.problem
    assert teacher.calls == []


def test_an_earlier_answer_from_what_is_never_sent_is_not_sent_either(forge: Forge, teacher: Teacher) -> None:
    teacher.answer = lambda body: "Tobias Wrenfield, the treasurer, reported a surplus of 1,240 crowns."
    first = ask(forge, "What surplus did Tobias Wrenfield, the treasurer, report?")
    assert SECRET in json.dumps(teacher.bodies[-1])
    seal(forge)
    teacher.answer = lambda body: ANSWER
    second = ask(forge, QUESTION, first.conversation_id)
    assert "1,240" not in json.dumps(teacher.bodies[-1])
    assert any("earlier answer rests on" in str(line) for line in second.provenance["noticed"])  # type: ignore[attr-defined]
    third = ask(forge, "And power tools?", first.conversation_id)
    assert ANSWER in json.dumps(teacher.bodies[-1])  # what may leave of the conversation still goes along
    assert third.state == "complete"


@pytest.mark.parametrize(("code", "place"), [("OFFLINE", "settings"), ("CAP", "")])
def test_where_it_cannot_be_asked_the_documents_speak_and_it_is_said(
    forge: Forge, teacher: Teacher, code: str, place: str
) -> None:
    if code == "OFFLINE":
        forge.settings.change(offline=True)
    else:
        forge.providers.ledger.set_cap("month", 0)
    message = ask(forge, QUESTION)
    error = message.provenance["error"]
    assert isinstance(error, dict)
    assert error["code"] == code
    assert error["action"] == place
    assert message.state == "complete"
    assert "Hand tools are lent for 14 days" in message.text
    assert teacher.connections == 0


def test_the_choice_outlives_a_restart(forge: Forge, open_forge: Callable[[], Forge], teacher: Teacher) -> None:
    again = open_forge()
    active = again.students.remotes.active()
    assert active is not None
    assert active.name == "Shed"
    assert again.engine.state().model == "Shed"
    assert not any(student.active for student in again.students.list())
    assert ask(again, QUESTION).provenance["endpoint"] == "Shed"


def test_an_endpoint_that_goes_leaves_the_student_at_home(forge: Forge) -> None:
    forge.providers.endpoints.remove(forge.providers.endpoints.get("Shed").uid)
    assert forge.students.remotes.active() is None
    assert forge.engine.state().remote == ""
    assert any(student.active for student in forge.students.list())


def test_another_machine_is_only_asked_once_a_person_agreed(forge: Forge) -> None:
    desk = forge.students.desk
    assert desk is not None
    desk.save(desk.blank(name="Far", url="https://far.example/v1", model="m", roles=("student",)))
    with pytest.raises(ForgeError, match=r"goes to far\.example with the conversation before it and the passages"):
        forge.students.remotes.choose("Far")
    assert forge.engine.state().model == "Shed"
    forge.students.remotes.choose("Far", agreed=True)
    assert forge.engine.state().remote == "far.example"
    far = forge.providers.endpoints.get("Far")
    forge.providers.endpoints.change(far.uid, url="https://farther.example/v1")
    assert forge.engine.state().remote == ""  # another server: it is asked about again
    with contextlib.suppress(ForgeError):
        forge.students.remotes.choose("Far")
    assert forge.engine.state().remote == ""

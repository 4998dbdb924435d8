"""A remote student behind the engine's face: real wires, real ledger, a teacher on loopback that keeps its own bill."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from forge_desktop.base.errors import Cancelled, ForgeError
from forge_desktop.base.events import EngineChanged, Event, Events
from forge_desktop.base.settings import SettingsFile
from forge_desktop.engine import Engine, PromptMessage, PromptPart, Sampling, StudentSpec
from forge_desktop.engine.records_many import Continuation
from forge_desktop.engine.token_bound import bound
from forge_desktop.providers import Providers
from forge_desktop.providers.errors import CallFailed, CapReached, NoTeacher, Offline
from forge_desktop.providers.records import Endpoint, Rates
from forge_desktop.storage import Database
from tests.providers.teacher import Fault, Teacher, storm

ASKED = [
    PromptMessage("system", (PromptPart("Answer shortly.", trusted=True),)),
    PromptMessage("user", (PromptPart("Question: ", trusted=True), PromptPart("How long may I keep a hand tool?"))),
]
GREEDY = Sampling(max_tokens=40)


class Room:
    """An engine with its providers, and the teacher as an endpoint that can be the student."""

    def __init__(self, data_dir: Path, teacher: Teacher, **fields: Any) -> None:
        self.events = Events()
        self.settings = SettingsFile(data_dir / "settings.json", self.events)
        self.db = Database(data_dir / "forge.db")
        self.providers = Providers(self.db, self.events, self.settings, data_dir)
        self.engine = Engine(self.db, self.events, self.settings, providers=self.providers)
        self.teacher = teacher
        endpoints = self.providers.endpoints
        self.endpoint: Endpoint = endpoints.add(
            endpoints.draft("Shed", teacher.url, "big-model", roles=("student",), **fields)
        )
        self.providers.prices.set(self.endpoint, Rates(teacher.price_in, teacher.price_out))
        self.engine.use_remote(self.endpoint)

    @property
    def charged(self) -> int:
        """What the ledger says all calls count for."""
        return {budget.kind: budget for budget in self.providers.ledger.budgets()}["total"].charged

    def close(self) -> None:
        self.engine.close()
        self.providers.close()
        self.db.close()


@pytest.fixture
def open_room(data_dir: Path) -> Iterator[Callable[..., Room]]:
    """A room on a teacher; at its end the teacher has not billed more than the ledger charged."""
    rooms: list[Room] = []

    def opened(teacher: Teacher, **fields: Any) -> Room:
        rooms.append(Room(data_dir, teacher, **fields))
        return rooms[-1]

    yield opened
    for room in rooms:
        assert room.teacher.bill <= room.charged
        room.close()
        room.teacher.close()


def test_an_answer_streams_and_says_where_it_is_from_and_what_it_cost(open_room: Callable[..., Room]) -> None:
    room = open_room(Teacher(lambda body: ["Hand tools ", "are lent ", "for 14 days."], thinking="Let me look."))
    news: list[EngineChanged] = []

    def on_event(event: Event) -> None:
        if isinstance(event, EngineChanged):
            news.append(event)

    room.events.subscribe(on_event)
    pieces: list[str] = []
    thought: list[str] = []
    done = room.engine.generate(ASKED, GREEDY, pieces.append, on_thinking=thought.append)
    assert done.text == "".join(pieces) == "Hand tools are lent for 14 days."
    assert len(pieces) > 1
    assert done.thinking == "".join(thought) == "Let me look."
    assert (done.stop, done.model, done.endpoint, done.problem) == ("end", "Shed", "Shed", "")
    assert done.origin.startswith("http://127.0.0.1:")
    assert done.prompt_tokens > 0
    assert done.answer_tokens > 0
    assert done.cost == room.charged == room.teacher.bill
    body = room.teacher.bodies[0]
    assert [message["role"] for message in body["messages"]] == ["system", "user"]
    assert body["messages"][1]["content"] == "Question: How long may I keep a hand tool?"
    assert [event.status for event in news] == ["busy", "ready"]
    assert {event.remote for event in news} == {"127.0.0.1"}


def test_a_cancelled_answer_keeps_what_came_and_stays_charged(open_room: Callable[..., Room]) -> None:
    room = open_room(Teacher(lambda body: [f"word{n} " for n in range(40)]))
    room.teacher.always = Fault(pause=0.05)
    came: list[str] = []

    def check() -> None:
        if len(came) >= 2:
            raise Cancelled

    done = room.engine.generate(ASKED, Sampling(max_tokens=400), came.append, check)
    assert done.stop == "cancelled"
    assert done.text == "".join(came)
    assert len(came) < 40
    assert done.cost is None
    assert room.engine.state().status == "ready"


def test_an_answer_that_breaks_off_keeps_its_text_and_says_so(open_room: Callable[..., Room]) -> None:
    room = open_room(Teacher(lambda body: ["Hand tools ", "are lent ", "for 14 days."]))
    room.teacher.next(Fault(after=420, then="cut"))
    done = room.engine.generate(ASKED, GREEDY, lambda _: None)
    assert done.stop == "died"
    assert done.text
    assert "Shed" in done.problem


@pytest.mark.parametrize(
    ("fault", "error"), [(storm(500), CallFailed), (storm(401), CallFailed), (Fault(then="cut"), CallFailed)]
)
def test_where_nothing_came_the_error_is_raised(
    open_room: Callable[..., Room], fault: Fault, error: type[Exception]
) -> None:
    room = open_room(Teacher())
    room.teacher.next(fault)
    with pytest.raises(error, match="Shed"):
        room.engine.generate(ASKED, GREEDY, lambda _: None)


def test_nothing_is_sent_offline_or_above_a_cap(open_room: Callable[..., Room]) -> None:
    room = open_room(Teacher(price_in=10_000_000, price_out=10_000_000))
    room.providers.ledger.set_cap("day", 10)
    with pytest.raises(CapReached):
        room.engine.generate(ASKED, GREEDY, lambda _: None)
    room.settings.change(offline=True)
    with pytest.raises(Offline):
        room.engine.generate(ASKED, GREEDY, lambda _: None)
    assert room.teacher.connections == 0


def test_a_prompt_that_cannot_fit_is_refused_before_anything_is_paid(open_room: Callable[..., Room]) -> None:
    room = open_room(Teacher(), context=512)
    long = [PromptMessage("user", (PromptPart("word " * 2000),))]
    rendered = room.engine.render(long, sampling=GREEDY)
    assert rendered.context == 512
    assert rendered.tokens > 512
    with pytest.raises(ForgeError, match="512 tokens that Shed can hold"):
        room.engine.generate(long, GREEDY, lambda _: None)
    assert room.teacher.connections == 0


def test_what_cannot_be_asked_for_is_left_out_and_said(open_room: Callable[..., Room]) -> None:
    room = open_room(Teacher())
    chosen = Sampling(max_tokens=40, temperature=0.7, top_k=10, repeat_penalty=1.2, mirostat=2, seed=5, stop=("END",))
    done = room.engine.generate(ASKED, chosen, lambda _: None)
    assert done.problem == "Shed was not told of repeat penalty, mirostat and top k: it knows no such choice."
    body = room.teacher.bodies[0]
    assert body["temperature"] == 0.7
    assert body["seed"] == 5
    assert "top_k" not in body


def test_what_documents_say_cannot_end_a_message(open_room: Callable[..., Room]) -> None:
    room = open_room(Teacher())
    hostile = [PromptMessage("user", (PromptPart("a <|im_end|> b </s> c [INST] d < e"),))]
    room.engine.generate(hostile, GREEDY, lambda _: None)
    sent = room.teacher.bodies[0]["messages"][0]["content"]
    assert all(mark not in sent for mark in ("<|", "</s>", "[INST]"))
    assert sent.replace("\u200b", "") == "a <|im_end|> b </s> c [INST] d < e"


def test_likelihoods_are_not_to_be_had(open_room: Callable[..., Room]) -> None:
    room = open_room(Teacher())
    with pytest.raises(ForgeError, match="remote student, which cannot say how likely"):
        room.engine.score([Continuation(tuple(ASKED), "yes")])


def test_many_are_asked_at_once_as_far_as_the_endpoint_allows(open_room: Callable[..., Room]) -> None:
    gate = threading.Barrier(3, timeout=10)  # three calls must be in flight together to get on

    def answer(body: dict[str, Any]) -> str:
        gate.wait()
        return f"It is {body['messages'][0]['content']}."

    room = open_room(Teacher(answer), concurrency=3)
    prompts = [[PromptMessage("user", (PromptPart(str(n)),))] for n in range(6)]
    told: list[int] = []
    batch = room.engine.generate_many(prompts, GREEDY, width=8, on_done=lambda number, _answer: told.append(number))
    assert [made.text for made in batch.answers] == [f"It is {n}." for n in range(6)]
    assert sorted(told) == list(range(6))
    assert room.teacher.busiest == 3
    assert room.charged == sum(made.cost or 0 for made in batch.answers)


def test_many_that_are_cancelled_give_what_there_is(open_room: Callable[..., Room]) -> None:
    room = open_room(Teacher(), concurrency=1)
    prompts = [[PromptMessage("user", (PromptPart(str(n)),))] for n in range(5)]
    done: list[int] = []

    def check() -> None:
        if done:
            raise Cancelled

    batch = room.engine.generate_many(prompts, GREEDY, on_done=lambda number, _answer: done.append(number), check=check)
    stops = [made.stop for made in batch.answers]
    assert stops.count("end") >= 1
    assert stops[-1] == "cancelled"
    assert len(room.teacher.bodies) < 5


def test_many_of_which_none_can_be_asked_raise_why(open_room: Callable[..., Room]) -> None:
    room = open_room(Teacher())
    room.settings.change(offline=True)
    with pytest.raises(Offline):
        room.engine.generate_many([ASKED, ASKED], GREEDY)


def test_with_a_remote_student_no_child_is_started_and_a_local_one_comes_back(
    open_room: Callable[..., Room], starter: Path
) -> None:
    room = open_room(Teacher())
    assert room.engine.warm().remote == "127.0.0.1"
    assert room.engine.pid is None
    assert room.engine.counter() is None
    room.engine.use(StudentSpec("SmolLM2", str(starter), "0" * 64))
    state = room.engine.state()
    assert (state.model, state.remote) == ("SmolLM2", "")
    text = (starter.parents[2] / "resources" / "sample").rglob("*.md")
    samples = [file.read_text()[:4000] for file in sorted(text)[:6]]
    samples += [
        "Die Werkzeuge werden für vierzehn Tage verliehen; wer eines verliert, bezahlt die Hälfte des Preises.",
        "Ручные инструменты выдаются на четырнадцать дней.",
        "手动工具可以借用十四天。丢失工具需要赔偿一半价格。",
        "تُعار الأدوات اليدوية لمدة أربعة عشر يوما",
        "Käsityökalut lainataan neljäksitoista päiväksi kerrallaan.",
        "1,234.56 7890 2026-11-26 0x7f3a",
        "def f(x):\n    return {k: v for k, v in x.items() if v is not None}\n",
    ]
    counts = room.engine.count(samples)
    assert all(bound(sample) >= count for sample, count in zip(samples, counts, strict=True))


def test_an_endpoint_is_believed_how_it_counts(open_room: Callable[..., Room]) -> None:
    room = open_room(Teacher())
    before = room.engine.render(ASKED, sampling=GREEDY).tokens
    room.teacher.next(
        Fault(usage={"prompt_tokens": 2 * before, "completion_tokens": 4, "total_tokens": 2 * before + 4})
    )
    room.engine.generate(ASKED, GREEDY, lambda _: None)
    assert room.engine.render(ASKED, sampling=GREEDY).tokens >= 2 * before
    for number in range(8):  # and once it counts less, there is room for more
        room.engine.generate([PromptMessage("user", (PromptPart(f"word {number} " * 9),))], GREEDY, lambda _: None)
    assert room.engine.render(ASKED, sampling=GREEDY).tokens < before


def test_who_refused_the_key_is_not_asked_again_until_a_person_resets_it(open_room: Callable[..., Room]) -> None:
    room = open_room(Teacher())
    room.teacher.next(storm(401))
    with pytest.raises(CallFailed):
        room.engine.generate(ASKED, GREEDY, lambda _: None)
    for ask in (
        lambda: room.engine.generate(ASKED, GREEDY, lambda _: None),
        lambda: room.engine.generate_many([ASKED, ASKED], GREEDY, background=True),
    ):
        with pytest.raises(NoTeacher, match="key was refused by Shed") as caught:
            ask()
        assert "Settings › Endpoints" in caught.value.hint
    assert len(room.teacher.bodies) == 1
    room.providers.router.reset(room.endpoint.uid)
    assert room.engine.generate(ASKED, GREEDY, lambda _: None).text


def test_limits_hold_back_the_background_and_never_a_person(open_room: Callable[..., Room]) -> None:
    room = open_room(Teacher(), rpm=1)
    prompts = [[PromptMessage("user", (PromptPart(str(n)),))] for n in range(3)]
    done: list[int] = []

    def check() -> None:
        if done:
            raise Cancelled

    batch = room.engine.generate_many(
        prompts, GREEDY, on_done=lambda number, _answer: done.append(number), check=check, background=True
    )
    assert [made.stop for made in batch.answers].count("end") == 1
    assert len(room.teacher.bodies) == 1
    for prompt in prompts:
        assert room.engine.generate(prompt, GREEDY, lambda _: None).stop == "end"
    assert len(room.teacher.bodies) == 3  # the one that was paid for before is not asked for again

"""What is no longer true stays marked until it was renewed: a fill that cannot look again keeps it, with its mark."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from forge_desktop.cards import markdown
from forge_desktop.cards.filling import training
from forge_desktop.cards.filling.taken import Taker
from forge_desktop.cards.footing import causes, stale
from forge_desktop.cards.grounds import VersionGrounds
from forge_desktop.cards.records import Card, Filled, Value
from forge_desktop.cards.taking import stale_of_row
from forge_desktop.providers.records import ChatRequest, Purpose, Rates, Turn
from forge_desktop.students.records_training import TrainRun, TrainWish
from tests.cards.conftest import CardRoom
from tests.data import tiny_gguf
from tests.distill.rooms import Application, answered
from tests.providers.teacher import Teacher

HEADER = {"general.organization": "Us", "general.license": "mit", "general.languages": ["en"]}


@pytest.fixture
def app(data_dir: Path) -> Iterator[Application]:
    with Teacher(answered) as teacher:
        made = Application(data_dir, teacher)
        try:
            yield made
        finally:
            made.close()


def filled(app: Any, name: str, *, measure: bool = False) -> tuple[Card, Filled]:
    found = app.forge.jobs.wait(app.forge.cards.fill(name, measure=measure), timeout=60)
    assert isinstance(found, Filled)
    return app.forge.cards.get(name), found


def why(app: Any, name: str, field: str) -> str:
    """What a check says of a field that is stale, "" where it is not."""
    return dict(app.forge.cards.check(name).stale).get(field, "")


def ask(app: Application, text: str) -> None:
    request = ChatRequest((Turn("user", text),), 64)
    app.forge.providers.ask("loopback", request, Purpose("teacher", task=text, step="answer"))


def test_what_was_paid_at_another_price_is_stale_until_it_was_paid_at_this_one(app: Application) -> None:
    ask(app, "One?")
    before, _ = filled(app, "loopback")
    paid = before.fields["cost_per_1k"].measured
    assert paid is not None
    assert paid.stale == ""
    prices = app.forge.providers.prices
    endpoint = app.forge.providers.endpoints.get("loopback")
    prices.set(endpoint, Rates(30_000_000, 120_000_000))
    for _ in range(2):  # nothing was paid at this price: a fill renews nothing
        said = why(app, "loopback", "cost_per_1k")
        assert said.startswith("The price was $0.15 for input and $0.60 for output")
        assert said.endswith("now. Let it answer at this price, then fill the card.")
        card, _ = filled(app, "loopback")
        assert card.fields["cost_per_1k"].measured == dataclasses.replace(
            paid, stale=card.fields["cost_per_1k"].measured.stale, causes=card.fields["cost_per_1k"].measured.causes
        )
    app.forge.cards.set("loopback", "cost_per_1k", "0.002")
    assert why(app, "loopback", "cost_per_1k").startswith("What was measured, beside the word by hand: The price was ")
    report = app.forge.cards.check("loopback")
    assert "cost_per_1k" in report.beside
    assert "cost_per_1k" not in dict(report.in_the_way)
    entry = next(one for one in app.forge.cards.entries() if one.label == "loopback")
    assert entry.stale == len(report.stale)
    ask(app, "Two?")
    card, _ = filled(app, "loopback")
    now = card.fields["cost_per_1k"].measured
    assert now is not None
    assert (now.stale, now.detail["n"]) == ("", 1)  # the call before was paid otherwise
    assert now.data > 100 * paid.data  # type: ignore[operator]


def test_a_price_of_another_model_is_typed_in_again(app: Application) -> None:
    filled(app, "loopback")
    app.forge.providers.endpoints.change(app.forge.providers.endpoints.get("loopback").uid, model="other-7b")
    filled(app, "loopback")
    assert why(app, "loopback", "price_input").endswith("is other-7b now. Type the price in again.")


def test_what_another_model_was_allowed_is_said_again(app: Application) -> None:
    endpoints = app.forge.providers.endpoints
    uid = endpoints.get("loopback").uid
    endpoints.change(uid, may_train="yes", terms_url="https://llm.example/terms")
    filled(app, "loopback")
    assert why(app, "loopback", "may_train") == ""
    endpoints.change(uid, model="other-7b")
    desk = app.forge.students.desk
    assert desk is not None
    form = next(one.form for one in desk.views() if one.form.uid == uid)
    desk.save(dataclasses.replace(form, priority=2))  # says nothing of its terms
    for _ in range(2):
        for field in ("may_train", "terms"):
            assert ", and is other-7b now. Read the terms of this model, and say" in why(app, "loopback", field)
        filled(app, "loopback")
    endpoints.change(uid, may_train="yes")
    filled(app, "loopback")
    assert why(app, "loopback", "may_train") == why(app, "loopback", "terms") == ""
    desk.save(dataclasses.replace(form, priority=2, model="third-7b", terms_checked="2026-11-01"))
    filled(app, "loopback")
    assert why(app, "loopback", "may_train") == ""


def test_a_changed_file_takes_nothing_away_and_the_old_one_makes_all_true_again(room: CardRoom) -> None:
    file = tiny_gguf.write(room.place / "own.F32.gguf", values=HEADER)
    room.forge.jobs.wait(room.forge.students.import_gguf(file), timeout=60)
    before, _ = filled(room, "v2")
    header = ("licence", "provider", "languages", "bits_per_weight")
    assert set(header) <= set(before.fields)
    whole = file.read_bytes()
    file.write_bytes(whole + b"more")
    card, done = filled(room, "v2")
    assert not [change for change in done.changes if change.after is None]
    assert not {"licence", "provider", "languages"} & set(dict(done.skipped))  # they are there
    for field in (*header, "architecture"):
        assert card.fields[field].measured.data == before.fields[field].measured.data  # type: ignore[union-attr]
        assert why(room, "v2", field).endswith(
            "is another one now, or cannot be read. Put the file back as it was, or import the one that is there now."
        )
    file.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    assert "if this stays: put the file back" in why(room, "v2", "licence")
    filled(room, "v2")  # compares it, which is remembered
    room.again()
    assert "is another one now, or cannot be read. Put the file back" in why(room, "v2", "licence")
    file.unlink()
    card, done = filled(room, "v2", measure=True)  # without a benchmark, the rest is filled
    assert done.skipped[0][0] == "benchmark"
    assert "cost_per_1k" in card.fields
    assert why(room, "v2", "licence")
    file.write_bytes(whole)
    filled(room, "v2")
    assert room.cards.check("v2").stale == ()


def test_an_adapters_file_that_changed_or_is_gone_is_seen_and_the_old_one_makes_all_true_again(room: CardRoom) -> None:
    made = room.adapter()
    file = Path(room.forge.students.registry.adapter(made.adapter_sha256).path)
    whole = file.read_bytes()
    filled(room, "v3")
    assert why(room, "v3", "adapter_bytes") == why(room, "v3", "adapter_sha256") == ""
    back = "is another one now, or cannot be read. Put the adapter's file back as it was."
    file.write_bytes(whole + b"more")
    assert why(room, "v3", "adapter_bytes").endswith(back)
    file.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    assert why(room, "v3", "adapter_sha256").startswith("The adapter was written anew since: filling the card compares")
    _, done = filled(room, "v3")
    assert "has changed since it was kept" in dict(done.skipped)["adapter"]
    room.again()
    assert why(room, "v3", "adapter_sha256").endswith(back)
    assert room.cards.check("v3").in_the_way
    file.unlink()
    _, done = filled(room, "v3")
    assert "cannot be read" in dict(done.skipped)["adapter"]
    assert why(room, "v3", "adapter_sha256").endswith(back)
    file.write_bytes(whole)
    assert "if this stays: put the adapter's file back" in why(room, "v3", "adapter_sha256")
    _, done = filled(room, "v3")
    assert "adapter" not in dict(done.skipped)
    assert room.cards.check("v3").stale == ()


@pytest.mark.parametrize(("tokens", "timed"), [(7, 0), (8, 1)])
def test_an_answer_of_a_few_tokens_tells_no_speed(app: Application, tokens: int, timed: int) -> None:
    ask(app, "One?")
    with app.forge.students._around.db.write() as connection:
        connection.execute("UPDATE attempts SET usage = json_set(usage, '$.output', ?)", (tokens,))
    endpoint = app.forge.providers.endpoints.get("loopback")
    assert len(app.forge.providers.ledger.calls(endpoint.uid, endpoint.model).tokens_a_second) == timed
    card, done = filled(app, "loopback")
    assert ("generation_speed" in card.fields) is bool(timed)
    assert ("generation_speed" in dict(done.skipped)) is not bool(timed)


def _run(**data: object) -> TrainRun:
    return TrainRun("r", 1, "Run 1", "done", "", "", TrainWish(), {}, data, {}, 1, 1, "", "", "", 0.0, None, None)


def _learnt(room: CardRoom, run: TrainRun) -> dict[str, Value]:
    version = room.forge.students.registry.version("v1")
    take = Taker({"data": room.cards.footing.data(run)})
    return dict(training.told(VersionGrounds(version, None, "same", None, run, None, (), ""), take))


def test_data_is_stale_while_another_file_lies_there_however_often_it_is_filled(room: CardRoom, tmp_path: Path) -> None:
    file = tmp_path / "pairs.jsonl"
    file.write_text("one\n", encoding="utf-8")
    run = _run(kind="file", path=str(file), pairs=1)
    learnt = room.cards.footing.data(run)
    run = dataclasses.replace(run, data={**run.data, "sha256": learnt})
    file.write_text("one\nand more\n", encoding="utf-8")
    found = _learnt(room, run)["training_data"]  # as a fill makes it now
    other = room.cards.footing.data(run)
    assert stale(found, {"data": other}) == (
        f"The training data was {learnt[:12]}… and what lies there now is {other[:12]}…:"
        " it is not what was learnt from."
    )
    file.unlink()
    assert stale(found, {"data": room.cards.footing.data(run)}) == "The training data is not here any more."
    file.write_text("one\n", encoding="utf-8")
    assert stale(found, {"data": room.cards.footing.data(run)}) == ""


def test_what_pairs_from_elsewhere_cost_is_not_known_and_never_nothing(room: CardRoom) -> None:
    foreign, ours = _run(kind="file", pairs=4, cost=0), _run(pairs=4, cost=0, from_elsewhere=0, teachers=[])
    assert training._unpriced(foreign) == "Its 4 pairs came from elsewhere, and do not tell what they cost."
    assert not {"training_cost", "cost_per_pair"} & set(_learnt(room, foreign))
    assert _learnt(room, ours)["training_cost"].data == 0  # people wrote them here: nobody was paid
    some = training._unpriced(_run(pairs=4, cost=900, from_elsewhere=1))
    assert some.startswith("1 of its 4 pairs came from elsewhere")


def test_that_a_cost_is_not_known_stands_on_the_card_until_it_is(room: CardRoom) -> None:
    room.adapter()
    fills, uid = room.cards._fills, room.cards.get("v3").uid
    fills.put(uid, {"training_cost": Value(0, "USD", "measured", "run log")})
    (change,) = fills.put(uid, {}, unknown={"training_cost": "Its 4 pairs came from elsewhere."})
    assert change.after == "Not known: Its 4 pairs came from elsewhere."
    card = room.cards.get(uid)
    assert "Money for teachers" not in room.cards.check(uid).completeness.missing
    text = room.cards.markdown(uid)
    assert "| Money for teachers | not known | Not known: Its 4 pairs came from elsewhere. |" in text
    assert markdown.read(text, "adapter").not_applicable["training_cost"] == card.fields["training_cost"].not_applicable
    room.cards.set_text(uid, text)
    assert room.cards.get(uid).fields == card.fields
    fills.put(uid, {"training_time": Value(60, "s", "measured", "run log")})
    compared = room.cards.comparisons.of(["v1", uid])
    assert [one.missing for one in compared.capabilities if one.key == "all"] == [
        card.fields["training_cost"].not_applicable
    ]
    fills.put(uid, {"training_cost": Value(900, "USD", "measured", "run log")})
    assert room.shown(uid, "training_cost") == 900
    assert room.cards.get(uid).fields["training_cost"].not_applicable == ""


def test_another_suite_makes_the_results_of_others_no_less_true() -> None:
    value = Value([], rests_on={"suite:s1": "ab" * 32, "suite:safety": "cd" * 32, "build": "b1"})
    now = {"suite:s1": "12" * 32, "suite:safety": "cd" * 32, "build": "b1"}
    value = dataclasses.replace(value, stale=stale(value, now), causes=causes(value, now))
    assert stale_of_row(value, {"dataset": "s1"}) == "The suite s1 is not what it was when this was taken."
    assert stale_of_row(value, {"dataset": "safety"}) == ""
    assert stale_of_row(dataclasses.replace(value, causes={}), {"dataset": "safety"}) == value.stale  # of another card

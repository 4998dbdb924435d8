"""A teacher's card from real calls over loopback: times, errors, money, limits from headers, terms, kept pairs."""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from forge_desktop.base.errors import ForgeError
from forge_desktop.cards.records import Card, Filled, Value
from forge_desktop.providers.records import ChatRequest, Purpose, Rates, Turn
from tests.distill.rooms import Application, answered
from tests.providers.teacher import Fault, Teacher

HEADERS = {"x-ratelimit-limit-requests": "500", "x-ratelimit-limit-tokens": "30000"}


@pytest.fixture
def teacher() -> Iterator[Teacher]:
    with Teacher(answered, headers=HEADERS) as made:
        yield made


@pytest.fixture
def app(data_dir: Path, teacher: Teacher, tmp_path: Path) -> Iterator[Application]:
    """The application with a teacher that is asked for lessons, and twelve documents."""
    made = Application(data_dir, teacher)
    try:
        made.index(tmp_path / "documents")
        yield made
        made.done()
    finally:
        made.close()


def fill(app: Application, name: str = "loopback") -> tuple[Card, dict[str, str]]:
    """One fill; the card and what was skipped."""
    found = app.forge.jobs.wait(app.forge.cards.fill(name), timeout=60)
    assert isinstance(found, Filled)
    return app.forge.cards.get(name), dict(found.skipped)


def value(card: Card, field: str) -> Value:
    found = card.fields[field].measured
    assert found is not None, field
    return found


def ask(app: Application, text: str, **more: Any) -> None:
    request = ChatRequest((Turn("user", text),), 64)
    app.forge.providers.ask("loopback", request, Purpose("teacher", task=text, step="answer"), **more)


def test_before_any_call_what_is_not_known_is_said(app: Application) -> None:
    card, why = fill(app)
    assert value(card, "price_input").data == 150_000
    assert value(card, "price_input").source == "endpoint"
    assert value(card, "price_input").detail["from"] == "by hand"
    assert value(card, "context").data == 200_000
    assert str(value(card, "hardware").data).startswith("It runs on this computer")
    assert "no answer" in why["latency"].casefold()
    assert "has told no limit of requests a minute" in why["requests_per_minute"]
    assert "Nothing was paid" in why["cost_per_1k"]
    assert "read its terms" in why["may_train"]
    assert set(why) >= {"licence", "released", "alignment", "intended_use", "evaluation"}


def test_lessons_and_failed_calls_tell_times_errors_money_and_limits(app: Application, teacher: Teacher) -> None:
    app.ask(6)
    app.run()
    for number in range(3):
        teacher.next(Fault(status=503, body=b"{}"))
        with pytest.raises(ForgeError):
            ask(app, f"Question {number}?")
    calls = app.forge.providers.ledger.calls(_uid(app), "model-1")
    attempts = [one for one in app.forge.providers.ledger.attempts() if one.usage is not None]
    card, why = fill(app)
    tokens = sum(one.usage.input + one.usage.output for one in attempts if one.usage is not None)
    cost = sum(one.cost for one in attempts)
    assert value(card, "cost_per_1k").data == round(1000 * cost / tokens)
    assert value(card, "cost_per_1k").detail["n"] == len(attempts)
    assert value(card, "error_rate").data == pytest.approx(100 * 3 / (len(attempts) + 3), abs=0.001)
    assert value(card, "error_rate").unit == "%"
    latency: Any = value(card, "latency").data
    assert latency["p50"] == pytest.approx(statistics.median_low(calls.milliseconds), abs=0.001)
    assert latency["p95"] <= max(calls.milliseconds) + 0.001
    assert value(card, "latency").detail["n"] == len(attempts)
    assert "latency" not in why
    assert value(card, "requests_per_minute").data == 500
    assert value(card, "requests_per_minute").source == "headers"
    assert value(card, "requests_per_minute").detail["seen"] == app.forge.providers.router.learnt_on(_endpoint(app))
    assert value(card, "input_per_minute").data == value(card, "output_per_minute").data == 30_000
    assert value(card, "input_per_minute").detail["how"] == "Input and output are counted together."
    taught = app.forge.distill.pairs.taught(_uid(app), "model-1")
    assert (taught.pairs, taught.accepted) == (6, 6)
    assert value(card, "cost_per_pair").data == -(-taught.cost // 6)
    rows: Any = value(card, "evaluation").data
    assert (rows[0]["metric"], rows[0]["value"], rows[0]["n"]) == ("accepted", 1.0, 6)


def test_what_was_known_of_a_model_before_goes_with_the_next_fill(app: Application) -> None:
    app.ask(1)
    app.run()
    card, _ = fill(app)
    assert value(card, "latency").stale == ""
    app.forge.providers.endpoints.change(_uid(app), model="model-2")
    assert "is model-2 at " in value(app.forge.cards.get("loopback"), "latency").stale
    card, why = fill(app)
    assert "latency" not in card.fields
    assert "latency" in why
    assert "evaluation" not in card.fields  # what the model before taught is nothing of this one's
    assert "cost_per_pair" not in card.fields
    assert "requests_per_minute" not in card.fields  # nor is what its headers told
    prices = {"price_input", "price_output"}
    for field, state in card.fields.items():
        if state.measured and state.measured.stale:
            assert field.startswith("price_"), field
            assert state.measured.stale == "The endpoint's model was model-1 when this was taken, and is model-2 now."
    assert prices <= {field for field, state in card.fields.items() if state.measured and state.measured.stale}


def test_the_lower_limit_holds_and_both_are_said_and_a_test_is_no_call(app: Application) -> None:
    providers = app.forge.providers
    providers.endpoints.change(_uid(app), rpm=30)
    providers.router.learn(_endpoint(app), {"x-ratelimit-limit-requests": "60"}, 200)
    card, why = fill(app)
    limit = value(card, "requests_per_minute")
    assert (limit.data, limit.source) == (30, "endpoint")
    assert limit.detail["how"] == "Its answers' headers told 60, 30 is set here: the lower one holds."
    providers.endpoints.change(_uid(app), rpm=600)
    card, why = fill(app)
    limit = value(card, "requests_per_minute")
    assert (limit.data, limit.source, limit.detail["set here"]) == (60, "headers", 600)
    providers.endpoints.change(_uid(app), input_tpm=1000)
    assert value(app.forge.cards.get("loopback"), "requests_per_minute").stale == ""  # it does not rest on that one
    for field in ("latency", "error_rate", "cost_per_1k"):
        assert "tests, which do not count" in why[field]


def test_limits_and_their_day_survive_a_restart(app: Application, teacher: Teacher, data_dir: Path) -> None:
    app.ask(1)
    app.run()
    day = app.forge.providers.router.learnt_on(_endpoint(app))
    assert len(day) == 10
    app.forge.close()
    app.forge = Application(data_dir, teacher).forge
    card, _ = fill(app)
    assert value(card, "requests_per_minute").detail["seen"] == day


def test_terms_and_what_a_person_set_with_the_endpoint(app: Application) -> None:
    app.forge.providers.endpoints.change(
        _uid(app), may_train="yes", terms_url="https://example.org/terms", terms_checked="2026-11-01", rpm=20
    )
    card, _ = fill(app)
    assert value(card, "may_train").data == "yes"
    assert value(card, "terms").data == {
        "address": "https://example.org/terms",
        "read on": "2026-11-01",
        "outputs may train": "yes",
    }
    assert (value(card, "requests_per_minute").data, value(card, "requests_per_minute").source) == (20, "endpoint")


def test_a_model_of_the_price_table_and_one_that_embeds(app: Application) -> None:
    endpoints = app.forge.providers.endpoints
    endpoints.add(endpoints.draft("Known", "https://api.openai.com/v1", "gpt-4o-mini"))
    card, _ = fill(app, "Known")
    assert value(card, "provider").data == "OpenAI"
    price = value(card, "price_output")
    assert price.source == "price table"
    assert price.detail["sha256"] == app.forge.providers.prices.table()[1]
    assert value(card, "context").source == "price table"
    vectors = endpoints.draft("Vectors", "https://vectors.example/v1", "embed-1", roles=("embedder",))
    made = endpoints.add(vectors)
    app.forge.providers.prices.set(made, Rates(20_000, 0))
    card, why = fill(app, "Vectors")
    assert card.kind == "embedder"
    assert value(card, "outputs").data == ["vector"]
    assert value(card, "price_input").data == 20_000
    assert "price_output" not in card.fields
    assert "a gate of retrieval" in why["evaluation"]
    assert value(card, "hardware").data == "None here: it runs at vectors.example."


def test_an_embedder_on_loopback_tells_its_times(app: Application) -> None:
    with Teacher() as other:  # whose bill no run's cap stands for
        made = app.add(other, "vectors", roles=("embedder",))
        for number in range(3):
            app.forge.providers.embed("vectors", [f"text {number}"], Purpose("embedder"))
    card, why = fill(app, "vectors")
    assert value(card, "latency").detail["n"] == 3
    assert value(card, "error_rate").data == 0
    assert value(card, "cost_per_1k").data is not None
    assert "released" in why
    assert made.uid == card.subject


def _endpoint(app: Application) -> Any:
    return app.forge.providers.endpoints.get("loopback")


def _uid(app: Application) -> str:
    return str(_endpoint(app).uid)

"""What things cost: exact to the micro-dollar, from measured values with their dates, and never made up."""

from __future__ import annotations

import dataclasses
import math
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forge_desktop.base.errors import ForgeError
from forge_desktop.base.settings import Settings, check_setting
from forge_desktop.cards import checking
from forge_desktop.cards.comparing import costs, local_or_api
from forge_desktop.cards.comparing import quality as compare_quality
from forge_desktop.cards.comparing import rows as compare_rows
from forge_desktop.cards.comparing.capabilities import capabilities
from forge_desktop.cards.comparing.cost_reasons import assumptions
from forge_desktop.cards.comparing.money_words import micro, shown
from forge_desktop.cards.comparing.records import Capability, CardComparison, CostInputs
from forge_desktop.cards.comparing.surroundings import Difference, Fits, Paid, Searched, Surroundings
from forge_desktop.cards.numbers import number, tokens
from forge_desktop.cards.records import Card, FieldState, Kind, Value
from forge_desktop.corpus.records import IndexingSpeed

AT = 1_790_000_000.0  # 2026-09-21
MACHINE = {"cpu": "Some CPU, 2 cores"}
INPUTS = CostInputs(
    hardware=1_461_000_000,
    years=Fraction(4),
    residual=0,
    hours=Fraction(10),
    watts=Fraction(100),
    electricity=300_000,
    disk=50_000,
    input_per_output=Fraction(3),
    cached=0,
    tokens=1_000_000,
)
AROUND = Surroundings(
    at=AT,
    fits={name: Fits("fits", "It takes 300 MB.", 300_000_000) for name in ("v1", "v2", "api")},
    indexing=IndexingSpeed(500, 1_000_000, 10.0, AT),
    searched=Searched(Fraction(1, 20), 7, 500),
    paid=Paid(2, 40, 3_000_000, AT),
    database=2 * 10**9,
    bases=(1, 10**9),
    adapters=(2, 10**8),
    passage_tokens=256,
)


def measured(data: object, unit: str = "", **more: Any) -> FieldState:
    """A field as the benchmark fills it."""
    told = {"source": "measurement", "detail": {"n": 20, "machine": MACHINE}, "at": AT, **more}
    return FieldState("", measured=Value(data, unit, "measured", **told))


def card(uid: str, kind: Kind = "student", **fields: FieldState) -> Card:
    """A card with these fields."""
    named = {name: dataclasses.replace(state, field=name) for name, state in fields.items()}
    return Card(uid, kind, f"subject of {uid}", uid, f"Model {uid}", "draft", named, "", "", AT, AT)


def local(uid: str = "v1", read: float = 1000.0, written: float = 100.0, **fields: FieldState) -> Card:
    """A student that was measured."""
    speeds = {"prompt_speed": read, "generation_speed": written}
    spreads = {name: measured({"p50": speed, "p95": speed / 2}, "tokens/s") for name, speed in speeds.items()}
    return card(uid, **{**spreads, **fields})


def api(uid: str = "api", into: int = 1_000_000, out: int = 4_000_000, **fields: FieldState) -> Card:
    """A teacher with prices, micro-dollars a million tokens."""
    prices = {name: measured(amount, "USD", source="price table") for name, amount in _named(into, out)}
    return card(uid, "teacher", **{**prices, **fields})


def _named(into: int, out: int) -> tuple[tuple[str, int], ...]:
    return ("price_input", into), ("price_output", out)


def row(found: tuple[Capability, ...], key: str, uid: str = "") -> Capability:
    """One row of the table."""
    return next(one for one in found if one.key == key and one.card == uid)


def test_the_computer_and_its_electricity_are_reckoned_exactly() -> None:
    """1,461 dollars over 4 x 365.25 days of 10 hours are 10 cents an hour; 100 W are 3 cents more."""
    spent = costs.working(Fraction(3600), INPUTS)
    assert (spent.machine, spent.power, spent.total) == (100_000, 30_000, 130_000)
    half = costs.working(Fraction(3600), dataclasses.replace(INPUTS, residual=50))
    assert half.machine == 50_000
    assert costs.month_of_machine(INPUTS) == Fraction(1_461_000_000, 48)


def test_a_thousand_tokens_here_and_with_an_endpoint() -> None:
    """750 read at 1,000 a second and 250 written at 100: 3.25 s of 13 cents an hour."""
    table = capabilities([local(), api()], AROUND, INPUTS)
    mixed = row(table, "mix", "v1")
    assert mixed.exact == Fraction(325, 100) * 130_000 / 3600
    assert (mixed.amount, mixed.shown) == (117, "$0.000117")
    assert "3.3 s of computing" in mixed.how
    assert mixed.rests_on == (
        "Reading: 1,000 tokens/s, measured on this computer on 2026-09-21 (n 20; Some CPU, 2 cores).",
        "Writing: 100 tokens/s, measured on this computer on 2026-09-21 (n 20; Some CPU, 2 cores).",
    )
    assert row(table, "written", "v1").exact == Fraction(10) * 130_000 / 3600
    assert row(table, "mix", "api").amount == 750 + 1000
    assert row(table, "read", "api").amount == 1000
    assert "from the price table on 2026-09-21" in row(table, "mix", "api").rests_on[0]
    assert row(table, "paid", "api").amount is None
    assert "Let it answer" in row(table, "paid", "api").missing
    assert len(row(table, "read", "v1").rests_on) == 1


def test_cached_input_has_a_price_of_its_own_or_costs_as_input() -> None:
    inputs = dataclasses.replace(INPUTS, cached=50)
    plain = row(capabilities([api()], AROUND, inputs), "read", "api")
    assert plain.amount == 1000
    assert "as there is no other" in plain.how
    cached = api(price_cached=measured(100_000, "USD"))
    assert row(capabilities([cached], AROUND, inputs), "read", "api").amount == 550


def test_retrieval_the_loop_and_the_disk() -> None:
    adapter = card(
        "v2",
        "adapter",
        training_time=measured(1.0, "h", source="run log"),
        training_cost=measured(2_000_000, "USD", source="ledger"),
        cost_per_pair=measured(50_000, "USD", source="ledger"),
        adapter_bytes=measured(30, "MB"),
    )
    table = capabilities([local(), adapter], AROUND, INPUTS)
    assert row(table, "index").exact == Fraction(20) * 130_000 / 3600
    assert "500 passages took 10 s, so 1,000 take 20 s" in row(table, "index").how
    assert row(table, "search").exact == Fraction(130_000, 72_000)
    assert "7 searches among 500 passages" in row(table, "search").rests_on[0]
    assert (row(table, "run").amount, row(table, "pair").amount) == (1_500_000, 75_000)
    assert (row(table, "training", "v2").amount, row(table, "all", "v2").amount) == (130_000, 2_130_000)
    assert row(table, "pair", "v2").amount == 50_000
    assert [row(table, key).amount for key in ("database", "models", "adapters")] == [100_000, 50_000, 5_000]
    assert row(table, "card", "v2").amount == 1_500
    energy = dataclasses.replace(
        adapter, fields={**adapter.fields, "training_energy": FieldState("", Value(0.5, "kWh", "measured"))}
    )
    assert row(capabilities([energy], AROUND, INPUTS), "training", "v2").amount == 100_000 + 150_000


def test_a_run_of_few_passages_says_nothing_of_a_thousand() -> None:
    around = dataclasses.replace(AROUND, indexing=IndexingSpeed(2, 204, 0.107, AT))
    found = row(capabilities([local()], around, INPUTS), "index")
    assert found.amount is None
    assert "stored 2 passages, too few to tell" in found.missing


def test_an_embedder_costs_by_the_passage() -> None:
    embedder = card("e", "embedder", price_input=measured(100_000, "USD", source="price table"))
    found = row(capabilities([embedder], AROUND, INPUTS), "embed", "e")
    assert (found.amount, found.group) == (25_600, "retrieval")


def test_an_embedder_on_this_computer_costs_by_its_time() -> None:
    """10 ms a text are 10 s for a thousand."""
    told = {"source": "measurement", "detail": {"n": 20, "how": "A text of 60 words at a time."}}
    embedder = card("e", "embedder", price_input=measured(0, "USD"), latency=measured({"p50": 10.0}, "ms", **told))
    around = dataclasses.replace(AROUND, local=frozenset({"e"}))
    found = row(capabilities([embedder], around, INPUTS), "embed", "e")
    assert (found.exact, found.title) == (Fraction(10) * 130_000 / 3600, "Embedding 1,000 texts")
    assert found.how.startswith("A text of 60 words at a time: 10 s; ")


def test_what_was_not_measured_is_said_and_not_made_up() -> None:
    empty = Surroundings(at=AT, fits={"v1": Fits("unknown", "Not here."), "api": Fits("unknown", "Not here.")})
    table = capabilities([card("v1"), card("api", "teacher")], empty, INPUTS)
    unknown = [one for one in table if one.amount is None]
    assert {one.key for one in unknown} == {"index", "search", "read", "written", "mix", "paid", "run", "pair"}
    assert all(one.shown == "not measured" and one.missing and one.exact is None for one in unknown)
    answer = local_or_api.against(card("v1"), card("api", "teacher"), INPUTS)
    assert (answer.cheaper, answer.local, answer.api, answer.break_even) == ("", None, None, None)
    assert answer.sentences[0] == "Not known yet."
    assert "fill the card of v1" in answer.sentences[1]
    assert "type it in where its endpoint is" in answer.sentences[2]
    assert "forge-desktop" not in " ".join(answer.sentences), "the window says the same"
    assert "write it in by hand" in row(capabilities([_orphan()], empty, INPUTS), "mix", "v1").missing


def _orphan() -> Card:
    return dataclasses.replace(card("v1"), subject="", orphan="What it is about is not here.")


def test_stale_values_are_marked_in_the_cost_and_in_the_answer() -> None:
    """And what a person wrote never takes the place of what was measured in a reckoning."""
    stale = measured({"p50": 1000.0, "p95": 500.0}, "tokens/s", stale="It was measured with build 1, it is 2 now.")
    mine = local(prompt_speed=dataclasses.replace(stale, hand=Value({"p50": 9e9, "p95": 9e9}, "tokens/s")))
    found = row(capabilities([mine], AROUND, INPUTS), "mix", "v1")
    assert found.stale == "It was measured with build 1, it is 2 now."
    assert "It is stale." in found.rests_on[0]
    assert found.amount == 117
    said = local_or_api.against(mine, api(), INPUTS).sentences
    assert said[-1] == "Some of it is stale: It was measured with build 1, it is 2 now."


def test_local_or_api_says_who_is_cheaper_and_from_when_on() -> None:
    found = local_or_api.against(local(), api(), INPUTS)
    assert (found.local, found.api, found.cheaper) == (117, 1750, "API")
    power = Fraction(325, 100) * 30_000 / 3600
    even = Fraction(1_461_000_000, 48) * 1000 / (1750 - power)
    assert found.break_even == math.ceil(even)
    assert found.capacity == int(Fraction(10 * 3600) * Fraction(1461, 48) / Fraction(325, 100) * 1000)
    assert found.sentences[0] == (
        "For 1 million tokens a month the API is cheaper by $28.71: $30.46 a month with Model v1 on this computer"
        " ($30.44 of it the computer, whether it works or not) and $1.75 with Model api."
    )
    assert "The computer pays from 17.7 million tokens a month on; it does 337.2 million at most." in found.sentences[1]
    assert found.sentences[2] == (
        "If the computer worked all of its 10 hours a day, 1,000 tokens (3 read for each written) would cost $0.000117"
        " here (77 % of it the computer, the rest electricity) and $0.00175 with the API."
    )
    more = local_or_api.against(local(), api(), dataclasses.replace(INPUTS, tokens=20_000_000))
    assert more.cheaper == "local"
    assert more.sentences[0].startswith("For 20 million tokens a month local is cheaper by ")
    assert not [one for one in found.sensitivities if "day" in one.what], "a month costs the same whatever it works"
    full = local_or_api.against(local(), api(), dataclasses.replace(INPUTS, tokens=100_000_000))
    (one_hour,) = [one for one in full.sensitivities if "day" in one.what]
    assert one_hour.what == "If it works only 1 hour a day"
    assert one_hour.local == micro(Fraction(325, 100) * 1_030_000 / 3600)
    assert "more tokens than it does in a month" in one_hour.sentence
    there = next(one for one in found.sensitivities if "there anyway" in one.what)
    assert (there.break_even, there.cheaper) == (0, "local")
    assert "a month; local is cheaper, which turns the answer round." in there.sentence
    owned = local_or_api.against(local(), api(), dataclasses.replace(INPUTS, hardware=0))
    assert "pays from the first token on" in owned.sentences[1]
    named = local_or_api.against(dataclasses.replace(local(), name="handbook", label="v5"), api(), INPUTS)
    assert "a month with handbook (v5) on this computer" in named.sentences[0]


def test_where_electricity_alone_costs_more_the_computer_never_pays() -> None:
    found = local_or_api.against(local(), api(into=1000, out=1000), INPUTS)
    assert (found.cheaper, found.break_even) == ("API", None)
    assert "never pays" in found.sentences[1]
    turned = local_or_api.against(local(), api(into=60_000, out=60_000), INPUTS)
    assert (turned.cheaper, turned.break_even is not None) == ("API", True)
    assert "would pay from" in turned.sentences[1]
    assert any("turns the answer round" in one.sentence for one in turned.sensitivities)
    many = dataclasses.replace(INPUTS, tokens=10**12)
    assert "more than this computer does" in local_or_api.against(local(), api(), many).sentences[0]


def test_measured_energy_counts_until_a_person_says_what_the_computer_draws() -> None:
    mine = local(energy_per_1k=measured(2.0, "Wh"))
    assert row(capabilities([mine], AROUND, INPUTS), "mix", "v1").amount == 117
    assumed = dataclasses.replace(INPUTS, assumed=frozenset({"watts"}))
    found = row(capabilities([mine], AROUND, assumed), "mix", "v1")
    assert found.exact == Fraction(325, 100) * 100_000 / 3600 + 600
    assert "by the energy that was measured" in found.how
    assert found.rests_on[2].startswith("Energy: 2 Wh for 1,000 tokens")


@given(
    read=st.integers(1, 10**6),
    written=st.integers(1, 10**5),
    into=st.integers(0, 10**8),
    out=st.integers(0, 10**9),
    hours=st.fractions(Fraction(1, 100), 24),
    ratio=st.fractions(0, 1000, max_denominator=100),
    watts=st.integers(0, 2000),
)
def test_from_the_break_even_on_and_not_before_the_computer_pays(
    read: int, written: int, into: int, out: int, hours: Fraction, ratio: Fraction, watts: int
) -> None:
    inputs = dataclasses.replace(INPUTS, hours=hours, input_per_output=ratio, watts=Fraction(watts))
    here, there = local(read=float(read), written=float(written)), api(into=into, out=out)
    found = local_or_api.against(here, there, inputs)
    speed, prices = costs.speed_of(here), costs.prices_of(there)
    assert speed is not None
    assert prices is not None

    def month(count: int) -> tuple[Fraction, Fraction]:
        mixed = costs.mix(inputs, count)
        fixed = costs.month_of_machine(inputs)
        power = costs.generating(*mixed, speed, inputs).power
        return fixed + power, costs.paying(*mixed, prices, inputs)

    if found.break_even is None:
        here_cost, there_cost = month(10**12)
        assert here_cost >= there_cost
        assert found.cheaper in ("API", "neither")
    else:
        here_cost, there_cost = month(found.break_even)
        assert here_cost <= there_cost
        if found.break_even:
            here_cost, there_cost = month(found.break_even - 1)
            assert here_cost > there_cost
        if inputs.tokens <= (found.capacity or 0):
            assert (found.cheaper == "API") == (inputs.tokens < found.break_even)


def test_amounts_are_told_in_the_persons_money() -> None:
    euros = dataclasses.replace(INPUTS, currency="EUR", rate=Fraction(92, 100))
    assert [shown(amount, INPUTS) for amount in (0, 12_500_000, 1_234_567_890, 123, 5)] == [
        "$0.00",
        "$12.50",
        "$1,234.57",
        "$0.000123",
        "$0.000005",
    ]
    assert shown(Fraction(1, 3), INPUTS) == "$0.000000333"
    assert shown(-12_500_000, INPUTS) == "-$12.50"
    assert shown(1_000_000, euros) == "0.92 EUR"
    assert (tokens(999_999), tokens(1_250_000), tokens(3 * 10**9)) == ("999,999", "1.3 million", "3 billion")
    assert (number(Fraction(1, 3)), number(1234567, 0), number(Fraction(-1, 2))) == ("0.33", "1,234,567", "-0.5")
    said = local_or_api.against(local(), api(), euros).sentences
    assert "EUR" in said[0]
    assert "$" not in " ".join(said)


def test_inputs_come_from_the_settings_and_what_nobody_set_is_an_assumption() -> None:
    plain = costs.inputs_of(Settings())
    assert "hardware" in plain.assumed
    assert "rate" not in plain.assumed
    assert dict(assumptions(plain))["electricity"] == "A kWh costs $0.30."
    mine = costs.inputs_of(
        Settings(
            cost_hardware=Decimal("920"),
            cost_electricity=Decimal("0.1"),
            cost_currency=" eur ",
            cost_rate=Decimal("0.92"),
        ),
        frozenset({"cost_watts"}),
    )
    assert (mine.hardware, mine.electricity, mine.currency) == (1_000_000_000, 108_696, "EUR")
    assert {"hardware", "electricity", "watts", "currency", "rate"} & mine.assumed == set()
    assert mine.rate == Fraction(23, 25)
    for key, value in (("cost_hours", 0), ("cost_hours", 25), ("cost_rate", 0), ("cost_cached", 101)):
        with pytest.raises(ForgeError):
            check_setting(key, value)


def test_speeds_are_ranked_only_where_they_were_taken_in_the_same_way() -> None:
    slow, fast = local("v1", written=50.0), local("v2", written=80.0)
    found = {one.key: one for one in compare_rows.rows([slow, fast], AROUND, (), INPUTS)}
    speed = found["generation_speed"]
    assert [(figure.text, figure.best) for figure in speed.figures] == [
        ("50 tokens/s (p95 25)", False),
        ("80 tokens/s (p95 40)", True),
    ]
    assert speed.note == ""
    other = measured({"p50": 900.0}, "tokens/s", source="ledger", detail={"n": 3})
    found = {one.key: one for one in compare_rows.rows([slow, api(generation_speed=other)], AROUND, (), INPUTS)}
    assert [figure.best for figure in found["generation_speed"].figures] == [False, False]
    assert "Not taken under the same conditions" in found["generation_speed"].note
    assert found["fit"].figures[0].how == "It takes 300 MB."


def test_whole_answers_are_ranked_only_where_they_are_about_as_long() -> None:
    def told(answer: int) -> FieldState:
        detail = {"machine": "Some CPU", "prompt_tokens": 512, "answer_tokens": answer}
        return measured({"p50": float(answer), "p95": 9.0}, "s", detail=detail)

    for lengths, note in (((60, 64), ""), ((20, 64), "Not taken under the same conditions")):
        cards = [local(uid, latency=told(length)) for uid, length in zip(("v1", "v2"), lengths, strict=True)]
        found = {one.key: one for one in compare_rows.rows(cards, AROUND, (), INPUTS)}["latency"]
        assert found.note.startswith(note)
        assert any(figure.best for figure in found.figures) is (note == "")


def test_a_measurement_under_load_says_so() -> None:
    detail = {"n": 20, "machine": MACHINE, "load": 5.5}
    mine = local(generation_speed=measured({"p50": 100.0}, "tokens/s", detail=detail))
    assert (
        "(n 20; Some CPU, 2 cores; with other work, load 5.5)."
        in row(capabilities([mine], AROUND, INPUTS), "written", "v1").rests_on[0]
    )


def test_a_student_here_is_never_the_cheapest_because_nobody_is_paid() -> None:
    cards = [local(cost_per_1k=measured(0, "USD")), api(cost_per_1k=measured(900, "USD", source="ledger"))]
    paid = {one.key: one for one in compare_rows.rows(cards, AROUND, (), INPUTS)}["cost_per_1k"]
    assert [(figure.text, figure.best) for figure in paid.figures] == [("paid to nobody", False), ("$0.0009", False)]


def test_what_makes_a_stale_value_true_again_is_said() -> None:
    def of(source: str) -> FieldState:
        value = Value(["x"], "", "measured", source, stale="It changed.")  # type: ignore[arg-type]
        return FieldState("cautions", measured=value)

    for source, said in (("gate", "Run the gate again."), ("run log", "Fill the card.")):
        found = dataclasses.replace(local(cautions=of(source)), kind="adapter")
        ((field, why),) = checking.outdated(found)
        assert (field, why.startswith("It changed. "), why.endswith(said)) == ("cautions", True, True)


def test_a_word_of_hand_is_shown_first_and_what_was_measured_beside_it_is_ranked() -> None:
    boast = FieldState("", Value(3000, "ms", "measured", "measurement", at=AT), Value({"p50": 1.0}, "ms"))
    honest = measured({"p50": 2.0, "p95": 3.0}, "s")
    claimed = dataclasses.replace(
        boast, measured=Value({"p50": 3.0, "p95": 4.0}, "s", "measured", "measurement", at=AT)
    )
    honest = dataclasses.replace(
        honest, measured=Value({"p50": 2.0, "p95": 3.0}, "s", "measured", "measurement", at=AT)
    )
    cards = [local("v1", latency=claimed), local("v2", latency=honest)]
    found = {one.key: one for one in compare_rows.rows(cards, AROUND, (), INPUTS)}["latency"]
    assert found.figures[0].text == "1 ms"
    assert found.figures[0].beside.startswith("measured: 3 s (p95 4)")
    assert [figure.best for figure in found.figures] == [False, True]
    assert found.figures[1].amount == 2000


def results(*rows: dict[str, Any]) -> FieldState:
    """The evaluation of a card."""
    return measured(list(rows), source="gate")


def score(value: float, revision: str = "a" * 64, **more: Any) -> dict[str, Any]:
    return {"dataset": "Facts", "revision": revision, "split": "test", "metric": "exact_match", "value": value, **more}


def test_quality_is_compared_only_where_suite_and_metric_are_the_same() -> None:
    same = [card("v1", evaluation=results(score(0.5, n=40))), card("v2", evaluation=results(score(0.7, n=40)))]
    (found,) = compare_quality.rows(same, AROUND)
    assert [(figure.text, figure.best) for figure in found.figures] == [("0.5 (n 40)", False), ("0.7 (n 40)", True)]
    assert "how sure the difference is, is not known" in found.note
    another = [same[0], card("v2", evaluation=results(score(0.9, "b" * 64, n=40)))]
    rows = compare_quality.rows(another, AROUND)
    assert len(rows) == 2
    assert all("another revision" in one.note for one in rows)
    assert not any(figure.best for one in rows for figure in one.figures)
    assert [figure.text for figure in rows[0].figures] == ["0.5 (n 40)", "not measured"]
    fewer = [same[0], card("v2", evaluation=results(score(0.9, n=4)))]
    assert "number of items" in compare_quality.rows(fewer, AROUND)[0].note
    nameless = [card(uid, evaluation=results(score(0.9, "", n=4))) for uid in ("v1", "v2")]
    assert "do not say which revision" in compare_quality.rows(nameless, AROUND)[0].note


def test_results_from_elsewhere_keep_their_units() -> None:
    cards = [
        card("v1", evaluation=results(score(0.5, unit="share"))),
        card("v2", evaluation=results(score(50, unit="%"))),
        card("v3", evaluation=results({**score(0), "value": "0.75", "unit": "share"}, {**score(0), "value": "high"})),
    ]
    rows = compare_quality.rows(cards, AROUND)
    assert [[figure.text for figure in one.figures] for one in rows] == [
        ["50 %", "not measured", "75 %"],
        ["not measured", "50 %", "not measured"],
    ]
    assert "in another unit" in rows[1].note


def test_a_gate_that_proved_no_difference_leaves_nobody_better() -> None:
    cards = [card("v1", evaluation=results(score(0.5, n=40))), card("v2", evaluation=results(score(0.55, n=40)))]
    told = Difference("v2", "v1", "a" * 64, "exact_match", False, "Gate 3: no difference is proven.")
    (found,) = compare_quality.rows(cards, dataclasses.replace(AROUND, differences=(told,)))
    assert found.note == "Gate 3: no difference is proven."
    assert not any(figure.best for figure in found.figures)
    sure = dataclasses.replace(told, sure=True, sentence="Gate 3: it is better.")
    (found,) = compare_quality.rows(cards, dataclasses.replace(AROUND, differences=(sure,)))
    assert [figure.best for figure in found.figures] == [False, True]


@pytest.mark.parametrize("n", [1, 9, 10])
def test_nobody_is_better_by_fewer_than_ten_items_or_by_what_is_stale(n: int) -> None:
    cards = [card(uid, evaluation=results(score(value, n=n))) for uid, value in (("v1", 0.5), ("v2", 0.7))]
    (found,) = compare_quality.rows(cards, AROUND)
    assert [figure.best for figure in found.figures] == [False, n >= 10]
    assert ("fewer than 10 tell nobody apart" in found.note) == (n < 10)
    value = cards[1].fields["evaluation"].measured
    assert value is not None
    told = FieldState("evaluation", dataclasses.replace(value, stale="The suite is another one."))
    cards[1] = dataclasses.replace(cards[1], fields={**cards[1].fields, "evaluation": told})
    (found,) = compare_quality.rows(cards, AROUND)
    assert not any(figure.best for figure in found.figures)
    assert ("stale" in found.note) == (n >= 10)


def test_what_reads_the_same_is_not_told_apart() -> None:
    def bases(*sizes: int) -> list[bool]:
        cards = [card(f"v{n}", file_bytes=measured(size, "B")) for n, size in enumerate(sizes)]
        around = dataclasses.replace(AROUND, fits={one.uid: Fits("unknown", "") for one in cards})
        rows = compare_rows.rows(cards, around, (), INPUTS)
        return [figure.best for row in rows if row.key == "file_bytes" for figure in row.figures]

    assert bases(98_000_001, 98_000_000) == [False, False]
    assert bases(98_000_001, 98_000_000, 200_000_000) == [True, True, False]


def test_less_is_better_for_likelihoods() -> None:
    rows = [{**score(value), "metric": "nll", "less_is_better": True} for value in (1.5, 1.2)]
    cards = [card(uid, evaluation=results(each)) for uid, each in zip(("v1", "v2"), rows, strict=True)]
    (found,) = compare_quality.rows(cards, AROUND)
    assert (found.better, [figure.best for figure in found.figures]) == ("lower", [False, True])


def test_the_first_known_answer_is_the_answer() -> None:
    found = [local_or_api.against(card("v1"), api(), INPUTS), local_or_api.against(local(), api(), INPUTS)]
    comparison = CardComparison((), (), (), tuple(found), INPUTS)
    assert comparison.answer == found[1]
    assert dataclasses.replace(comparison, answers=(found[0],)).answer == found[0]
    assert dataclasses.replace(comparison, answers=()).answer is None

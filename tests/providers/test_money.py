"""Money: text and back without a float, and costs that are rounded up."""

from __future__ import annotations

import hypothesis.strategies as st
import pytest
from hypothesis import given

from forge_desktop.base.errors import ForgeError
from forge_desktop.providers.money import cost, exact, parse_usd, shown, usd, worst
from forge_desktop.providers.records import Price, Rates, Usage

AMOUNTS = st.integers(0, 10**15)


@given(AMOUNTS)
def test_every_amount_survives_being_written(amount: int) -> None:
    assert parse_usd(usd(amount)) == parse_usd(exact(amount)) == parse_usd(f"${exact(amount)}") == amount
    assert len(usd(amount).split(".")[1]) == 6


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("5", 5_000_000),
        ("12.50", 12_500_000),
        (" $0.000001 ", 1),
        (".5", 500_000),
        ("3 USD", 3_000_000),
        ("0", 0),
        ("12,50", 12_500_000),
        ("$0,5", 500_000),
        ("1 000", 1_000_000_000),
        ("1,250.50", 1_250_500_000),
    ],
)
def test_amounts_as_people_write_them(text: str, amount: int) -> None:
    assert parse_usd(text) == amount


@pytest.mark.parametrize(
    "text",
    ["", "-1", "1,000", "$1,250", "1,25,000", "1e3", "nan", "0.0000001", "٣", "9999999999", "five", "1.", "0x10"],
)
def test_what_could_be_meant_otherwise_is_refused(text: str) -> None:
    with pytest.raises(ForgeError, match="no amount of dollars"):
        parse_usd(text)


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        (12_500_000, "$12.50"), (1_234_567_890, "$1234.57"), (400_000, "$0.40"), (401_234, "$0.4012"),
        (4_213, "$0.004213"), (1, "$0.000001"), (0, "$0.00"), (-2_500_000, "-$2.50"), (999_999, "$1.00"),
    ],
)  # fmt: skip
def test_amounts_as_they_are_shown(amount: int, text: str) -> None:
    assert shown(amount) == text


def _price(rates: Rates, *tiers: tuple[int, Rates], highest: Rates | None = None) -> Price:
    return Price(rates, highest or rates, tiers, "by hand", "2026-11-26", "0" * 64)


def test_each_kind_of_token_has_its_rate() -> None:
    price = _price(Rates(3_000_000, 15_000_000, cached_input=300_000, cache_write=3_750_000, request=7))
    used = Usage(input=1_000, output=100, cached=400, cache_write=200, reasoning=50)
    assert cost(used, price) == 400 * 3 + (400 * 3 + 7) // 10 + 750 + 1_500 + 7


def test_a_batch_has_its_own_rates_where_they_are_known() -> None:
    price = _price(Rates(2_000_000, 8_000_000, batch_input=1_000_000, batch_output=4_000_000))
    assert cost(Usage(10, 10), price, batch=True) == 50
    assert worst(price, 8, 10, 2, batch=True) == 50
    assert cost(Usage(10, 10), _price(Rates(2_000_000, 8_000_000)), batch=True) == 100


def test_long_prompts_cost_their_tier() -> None:
    long = Rates(2_000_000, 3_000_000)
    price = _price(Rates(1_000_000, 1_000_000), (200, long), highest=long)
    assert cost(Usage(200, 1), price) == 201
    assert cost(Usage(201, 1), price) == 405


def test_costs_are_rounded_up() -> None:
    assert cost(Usage(1, 0), _price(Rates(1, 1))) == 1
    assert cost(Usage(0, 0), _price(Rates(1, 1))) == 0


_RATE = st.integers(0, 10**8)
_MAYBE = st.none() | _RATE


@given(
    st.builds(Rates, _RATE, _RATE, _MAYBE, _MAYBE, _MAYBE, _MAYBE, st.integers(0, 10**6)),
    st.integers(0, 10**6),
    st.integers(0, 10**5),
    st.data(),
)
def test_no_call_costs_more_than_its_worst_case(rates: Rates, size: int, longest: int, data: st.DataObject) -> None:
    tokens = data.draw(st.integers(0, size))
    cached = data.draw(st.integers(0, tokens))
    write = data.draw(st.integers(0, tokens - cached))
    used = Usage(tokens, data.draw(st.integers(0, longest)), cached, write)
    for batch in (False, True):
        assert cost(used, _price(rates), batch) <= worst(_price(rates), size, longest, 0, batch)

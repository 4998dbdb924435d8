"""Prices: typed in with a day, else of the shipped table; unknown is unknown and never 0."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from forge_desktop.base.errors import ForgeError
from forge_desktop.base.paths import resources_dir
from forge_desktop.providers import money
from forge_desktop.providers.price_table import PriceTable
from forge_desktop.providers.prices import Prices
from forge_desktop.providers.records import Rates, Usage
from tests.providers.rooms import Rooms

TABLE = resources_dir() / "prices.json"


@pytest.fixture
def rooms(data_dir: Path) -> Iterator[Rooms]:
    made = Rooms(data_dir)
    yield made
    made.db.close()


def test_the_shipped_table_is_small_sorted_and_sound() -> None:
    text = TABLE.read_text(encoding="utf-8")
    assert len(text.encode()) < 200_000
    content = json.loads(text)
    assert content["schema"] == 1
    assert {source["name"] for source in content["sources"]} == {"genai-prices", "litellm"}
    assert all(source["licence"] == "MIT" and source["notice"].startswith("Copyright") for source in content["sources"])
    wanted = "anthropic cohere deepseek fireworks google groq mistral openai openrouter together xai"
    assert list(content["vendors"]) == wanted.split()
    for vendor in content["vendors"].values():
        assert list(vendor["models"]) == sorted(vendor["models"])
        assert set(vendor["same"].values()) <= set(vendor["models"])
        assert not set(vendor["same"]) & set(vendor["models"])
        for name, model in vendor["models"].items():
            assert set(model) <= {"p", "h", "x", "m", "e"}
            for price in model["p"]:
                assert price["i"] > 0  # no model is free by the table, and only those that embed have no output
                assert price["o"] > 0 or "emb" in name or "bge" in name, name
                assert all(isinstance(value, int) for field, value in price.items() if field not in "dt")
    table = PriceTable()
    assert table.sha256 == hashlib.sha256(TABLE.read_bytes()).hexdigest()
    assert (table.date, table.count) == (content["date"], sum(len(v["models"]) for v in content["vendors"].values()))


def test_no_call_can_cost_more_than_what_the_table_lets_reserve() -> None:
    table = PriceTable()
    content = json.loads(TABLE.read_text(encoding="utf-8"))
    for vendor, known in content["vendors"].items():
        for model in known["models"]:
            for day in ("2026-11-26", "2029-01-01"):
                price = table.price(vendor, model, day)
                assert price is not None
                for tokens in (1_000, 150_000, 300_000, 2_000_000):
                    for share in (0, tokens // 2, tokens):
                        for batch in (False, True):
                            most = money.worst(price, tokens, 1_000, 0, batch)
                            for usage in (Usage(tokens, 1_000, cached=share), Usage(tokens, 1_000, cache_write=share)):
                                assert money.cost(usage, price, batch) <= most, (vendor, model, tokens, share, batch)


def test_known_models_have_tiers_batch_and_facts(rooms: Rooms) -> None:
    price = rooms.prices.known("google", "gemini-2.5-pro")
    assert price is not None
    assert price.rates == Rates(1_250_000, 10_000_000, 125_000, None, 625_000, 5_000_000)
    assert price.tiers[0][0] == 200_000
    assert price.highest.output == price.tiers[0][1].output == 15_000_000
    assert price.source == "genai-prices 0.2.3 and litellm 1.110.2"
    facts = rooms.prices.facts("openai", "gpt-5-2025-08-07")  # another name of gpt-5
    assert facts is not None
    assert (facts.context, facts.max_output, facts.ends) == (400_000, 128_000, "2026-12-11")
    deepseek = rooms.prices.known("deepseek", "deepseek-chat")  # dearer at some hours: those are booked
    assert deepseek is not None
    assert deepseek.rates.output == 1_100_000


def test_an_unknown_price_is_none(rooms: Rooms) -> None:
    assert rooms.prices.known("openai", "gpt-99") is None
    assert rooms.prices.known("nobody", "gpt-5") is None
    assert rooms.prices.known("", "gpt-5") is None
    made = rooms.add(priced=False, model="gpt-5")  # on this machine: whatever it calls itself
    assert rooms.prices.of(made) is None
    rooms.prices.set(made, Rates(0, 0))
    price = rooms.prices.of(made)
    assert price is not None
    assert price.rates == Rates(0, 0)


def test_the_table_knows_a_vendors_endpoint_by_its_model_or_the_name_given(rooms: Rooms) -> None:
    made = rooms.add(priced=False, url="https://api.openai.com/v1", model="gpt-5")
    price = rooms.prices.of(made)
    assert price is not None
    assert price.rates.input == 1_250_000
    own = rooms.endpoints.change(made.uid, model="my-deployment", price_model="gpt-5")
    assert rooms.prices.of(own) == price
    assert rooms.prices.of(rooms.endpoints.change(made.uid, price_model="")) is None


def test_a_price_by_hand_holds_from_its_day_and_goes_before_the_table(rooms: Rooms) -> None:
    made = rooms.add(priced=False, url="https://api.openai.com/v1", model="gpt-5")
    first = rooms.prices.set(made, Rates(1, 2), "2026-01-01")
    rooms.prices.set(made, Rates(3, 4, cached_input=5), "2026-12-01")
    assert rooms.prices.of(made) == first
    assert (first.source, first.checked) == ("by hand", "2026-01-01")
    rooms.clock.pass_by(90 * 86_400)  # December 2026
    price = rooms.prices.of(made)
    assert price is not None
    assert (price.rates, price.highest.input) == (Rates(3, 4, cached_input=5), 5)
    assert [since for _, since in rooms.prices.history(made)] == ["2026-12-01", "2026-01-01"]
    assert rooms.prices.set(made, Rates(3, 4, cached_input=5), "2026-12-01").sha256 == price.sha256


@pytest.mark.parametrize(("rates", "since"), [(Rates(-1, 0), ""), (Rates(10**13, 0), ""), (Rates(1, 1), "today")])
def test_a_price_that_cannot_be_meant_is_refused(rooms: Rooms, rates: Rates, since: str) -> None:
    made = rooms.add(priced=False)
    with pytest.raises(ForgeError):
        rooms.prices.set(made, rates, since)
    assert rooms.prices.of(made) is None


def test_a_price_to_come_is_refused_where_none_holds_until_then(rooms: Rooms) -> None:
    made = rooms.add(priced=False)
    with pytest.raises(ForgeError, match="2030-01-01 is still to come, and until then the price would not be known"):
        rooms.prices.set(made, Rates(1, 2), "2030-01-01")
    assert rooms.prices.history(made) == []
    rooms.prices.set(made, Rates(1, 2))
    rooms.prices.set(made, Rates(5, 6), "2030-01-01")
    rooms.prices.set(made, Rates(3, 4), "2029-01-01")
    assert rooms.prices.to_come(made) == [(Rates(3, 4), "2029-01-01"), (Rates(5, 6), "2030-01-01")]


def test_every_table_a_row_may_name_is_kept(rooms: Rooms, tmp_path: Path) -> None:
    made = rooms.add()
    typed, listed = rooms.prices.of(made), rooms.prices.known("openai", "gpt-5")
    assert typed is not None
    assert listed is not None
    for price in (typed, listed, typed):
        rooms.prices.remember(price)
    kept = {row["sha256"]: row["json"] for row in rooms.db.rows("SELECT * FROM price_tables")}
    assert set(kept) == {typed.sha256, listed.sha256}
    assert all(hashlib.sha256(text.encode()).hexdigest() == sha256 for sha256, text in kept.items())


def test_another_table_is_read_when_it_is_needed(rooms: Rooms, tmp_path: Path) -> None:
    prices = Prices(rooms.db, table=tmp_path / "later.json")
    (tmp_path / "later.json").write_text(
        '{"date": "2027-01-01", "source": "s", "vendors": {"v": {"models": {"m": {"p": [{"i": 1, "o": 2},'
        ' {"i": 3, "o": 4, "d": "2026-09-01"}, {"i": 5, "o": 6, "d": "2099-01-01"}], "h": {"i": 7, "o": 8}}}}}}'
    )
    price = prices.known("v", "m")
    assert price is not None
    assert (price.rates, price.highest) == (Rates(3, 4), Rates(7, 8))
    assert prices.table()[::2] == ("2027-01-01", 1)


@pytest.mark.parametrize("content", [None, b"{", b"\xff\xfe"])
def test_a_damaged_table_is_one_sentence_and_typed_prices_hold(
    rooms: Rooms, tmp_path: Path, content: bytes | None
) -> None:
    if content is not None:
        (tmp_path / "prices.json").write_bytes(content)
    prices = Prices(rooms.db, table=tmp_path / "prices.json")
    with pytest.raises(ForgeError, match="price table that came with Forge Desktop cannot be read"):
        prices.known("openai", "gpt-5")
    assert prices.of(rooms.add()) is not None

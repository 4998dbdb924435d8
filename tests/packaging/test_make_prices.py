"""The price table is compiled from two packages read as data; the same packages give the same bytes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from devtools import price_sources

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "packaging" / "make_prices.py"

_GENAI = """
from .types import *
raise SystemExit('this is read, never run')
providers: list[Provider] = [
    Provider(id='openai', models=[
        ModelInfo(id='big', match=ClauseOr(or_=[ClauseEquals(equals='big'), ClauseStartsWith(starts_with='big-2')]),
            context_window=1000,
            prices=[
                ConditionalPrice(prices=ModelPrice(input_mtok=Decimal('1'), output_mtok=Decimal('2'))),
                ConditionalPrice(constraint=StartDateConstraint(start_date=datetime.date(2026, 1, 1)),
                    prices=ModelPrice(
                        input_mtok=TieredPrices(base=Decimal('3'), tiers=[Tier(start=100, price=Decimal('6'))]),
                        output_mtok=Decimal('4.0000001'))),
                ConditionalPrice(constraint=StartDateConstraint(start_date=datetime.date(2027, 1, 1)),
                    prices=ModelPrice(input_mtok=Decimal('0.15'), output_mtok=Decimal('9'))),
            ]),
        ModelInfo(id='night', match=ClauseEquals(equals='night'), prices=[
            ConditionalPrice(prices=ModelPrice(input_mtok=Decimal('1'), output_mtok=Decimal('2'))),
            ConditionalPrice(constraint=TimeOfDateConstraint(start_time=datetime.time(0, 30, tzinfo=datetime.UTC)),
                prices=ModelPrice(input_mtok=Decimal('2'), output_mtok=Decimal('1'))),
        ]),
        ModelInfo(id='gift', match=ClauseEquals(equals='gift'),
            prices=ModelPrice(input_mtok=Decimal('0'), output_mtok=Decimal('0'))),
        ModelInfo(id='sound', match=ClauseEquals(equals='sound'), prices=ModelPrice(audio_hours=Decimal('1'))),
    ]),
]
"""
_LITELLM = {
    "sample_spec": {"mode": "one of: chat"},
    "big": {
        "litellm_provider": "openai",
        "mode": "chat",
        "input_cost_per_token": 7e-06,
        "output_cost_per_token": 1e-06,
    },
    "big-2-dated": {
        "litellm_provider": "openai",
        "mode": "chat",
        "input_cost_per_token": 1e-06,
        "max_output_tokens": 5,
    },
    "only-here": {
        "litellm_provider": "openai",
        "mode": "responses",
        "input_cost_per_token": 1.5e-07,
        "output_cost_per_token": 6e-07,
        "output_cost_per_reasoning_token": 8e-07,
        "input_cost_per_token_batches": 7.5e-08,
        "output_cost_per_token_batches": 3e-07,
        "input_cost_per_token_above_200k_tokens": 3e-07,
        "deprecation_date": "2027-05-05",
    },
    "half": {"litellm_provider": "openai", "mode": "chat", "input_cost_per_token": 1e-06},
    "embeds": {"litellm_provider": "openai", "mode": "embedding", "input_cost_per_token": 1e-06},
    "picture": {"litellm_provider": "openai", "mode": "image_generation", "input_cost_per_token": 1e-06},
}


@pytest.fixture
def wheels(tmp_path: Path) -> Path:
    for name, member, text in (
        ("genai_prices-9.1-py3-none-any.whl", "genai_prices/data.py", _GENAI),
        ("litellm-8.2-py3-none-any.whl", "litellm/model_prices_and_context_window_backup.json", json.dumps(_LITELLM)),
    ):
        with zipfile.ZipFile(tmp_path / name, "w") as wheel:
            wheel.writestr(member, text)
            wheel.writestr(
                f"{name.split('-')[0]}-1.dist-info/licenses/LICENSE", "MIT\n\nCopyright (c) Somebody\n\nMore"
            )
    return tmp_path


def _make(folder: Path, to: Path, date: str = "2026-11-26") -> None:
    command = [sys.executable, SCRIPT, folder, "--date", date, "--to", to]
    subprocess.run(command, check=True, capture_output=True, timeout=100)


def test_the_table_is_compiled_as_it_is_meant(wheels: Path) -> None:
    _make(wheels, wheels / "made.json")
    content = json.loads((wheels / "made.json").read_text())
    assert [(one["name"], one["version"], one["notice"]) for one in content["sources"]] == [
        ("genai-prices", "9.1", "Copyright (c) Somebody"),
        ("litellm", "8.2", "Copyright (c) Somebody"),
    ]
    openai = content["vendors"]["openai"]
    assert openai["same"] == {"big-2-dated": "big"}
    assert sorted(openai["models"]) == ["big", "embeds", "night", "only-here"]  # nothing without its price
    big = openai["models"]["big"]
    assert big["p"] == [  # what held before is gone, what is announced stands in its order
        {"i": 3_000_000, "o": 4_000_001, "d": "2026-01-01", "t": [[100, {"i": 6_000_000, "o": 4_000_001}]]},
        {"i": 150_000, "o": 9_000_000, "d": "2027-01-01"},
    ]
    assert big["h"] == {"i": 7_000_000, "o": 9_000_000}  # the higher of both sources, of all days and tiers
    assert (big["x"], big["m"]) == (1000, 5)
    assert openai["models"]["night"]["p"] == [{"i": 2_000_000, "o": 2_000_000}]
    only = openai["models"]["only-here"]
    assert only["p"][0] == {
        "i": 150_000,
        "o": 800_000,
        "bi": 75_000,
        "bo": 300_000,
        "t": [[200_000, {"i": 300_000, "o": 800_000, "bi": 75_000, "bo": 300_000}]],
    }
    assert only["e"] == "2027-05-05"


def test_the_same_packages_give_the_same_bytes(wheels: Path) -> None:
    for name in ("one.json", "two.json"):
        _make(wheels, wheels / name)
    assert (wheels / "one.json").read_bytes() == (wheels / "two.json").read_bytes()


def test_a_missing_package_is_said(tmp_path: Path) -> None:
    command = [sys.executable, SCRIPT, tmp_path, "--date", "2026-11-26", "--to", tmp_path / "x"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 1
    assert "One wheel of genai_prices is needed" in done.stderr


def test_names_are_matched_as_the_source_means_it() -> None:
    clause = {
        "is": "ClauseAnd",
        "and_": [{"is": "ClauseContains", "contains": "b"}, {"is": "ClauseRegex", "regex": "^a"}],
    }
    assert price_sources.matches(clause, "ab")
    assert not price_sources.matches(clause, "ba")


@pytest.mark.full
def test_the_shipped_table_is_what_the_packages_give(tmp_path: Path) -> None:
    """Where FORGE_PRICE_WHEELS names the folder of the two wheels."""
    folder = os.environ.get("FORGE_PRICE_WHEELS", "")
    if not folder:
        pytest.skip("FORGE_PRICE_WHEELS does not name the packages.")
    shipped = ROOT / "resources" / "prices.json"
    _make(Path(folder), tmp_path / "again.json", json.loads(shipped.read_text())["date"])
    assert (tmp_path / "again.json").read_bytes() == shipped.read_bytes()

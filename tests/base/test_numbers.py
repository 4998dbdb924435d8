"""Numbers as people type them: one reader for fields, options and money, and what it does not guess."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from forge_desktop.base.errors import ForgeError
from forge_desktop.base.events import Events
from forge_desktop.base.numbers import twofold, typed_number
from forge_desktop.base.settings import SettingsFile, check_setting


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("4,5", 4.5), ("0,7", 0.7), ("0,125", 0.125), (",5", 0.5), ("-12,50", -12.5), ("1234,567", 1234.567),
        ("1,000,000", 1_000_000), ("1,250.5", 1250.5), ("1.250,5", 1250.5), ("1 250", 1250), ("1\u202f250,5", 1250.5),
        ("0.7", 0.7), ("1e3", 1000.0), ("", None),
        ("1,250", "1,250"), ("1,25,000", "1,25,000"), ("1,250,5", "1,250,5"), ("1_000", "1_000"), ("five", "five"),
    ],
)  # fmt: skip
def test_a_comma_is_a_point_or_nothing_where_it_can_be_one_of_both_alone(text: str, number: object) -> None:
    assert typed_number(text, whole=False) == number


@pytest.mark.parametrize(
    ("text", "number"), [("1,250", 1250), ("1 250", 1250), ("4,5", "4,5"), ("0,7", "0,7"), ("1.250", "1.250")]
)
def test_a_whole_number_has_no_decimals(text: str, number: object) -> None:
    assert typed_number(text, whole=True) == number


@pytest.mark.parametrize(
    ("text", "number"), [("1,250", 1250), ("1,5", 1.5), ("2,310.5", 2310.5), ("1,2500", 1.25), ("0,125", 0.125)]
)
def test_with_groups_a_comma_before_three_digits_is_one(text: str, number: object) -> None:
    assert typed_number(text, grouped=True) == number


def test_what_can_be_two_numbers_is_said() -> None:
    assert twofold("-1,250 MB") == "can be meant in two ways: write 1250 or 1.250"
    assert [twofold(text) for text in ("4,5", "0,250", "1,000,000", "1,250.5", "1250,125")] == [""] * 5
    with pytest.raises(ForgeError, match=r"Price of the computer: '1,500' can be meant in two ways"):
        check_setting("cost_hardware", "1,500")


def test_amounts_of_money_are_kept_as_they_were_typed(tmp_path: Path) -> None:
    path = tmp_path / "settings.json"
    SettingsFile(path, Events()).change(cost_electricity=Decimal("0.1234567890123456789"), cost_hours=0.1)
    kept = SettingsFile(path, Events()).values
    assert (kept.cost_electricity, kept.cost_hours) == (Decimal("0.1234567890123456789"), Decimal("0.1"))
    for value in ("nan", "inf", "1e-400", "x", True, -1):
        with pytest.raises(ForgeError, match="Price of a kWh"):
            check_setting("cost_electricity", value)

"""What a card shows can be typed, and is read as what it shows: every field with numbers, every size, every view."""

from __future__ import annotations

import html
import re

import pytest

from forge_desktop.cards import changes
from forge_desktop.cards.fields import FIELDS, Field
from forge_desktop.cards.formats import html_values
from forge_desktop.cards.markdown import facts, row_tables
from forge_desktop.cards.markdown.outline import Table
from forge_desktop.cards.records import Value
from forge_desktop.cards.typing_in import taken
from forge_desktop.cli import card_words
from forge_desktop.ui.panes.cards import words

_NUMBERS = [field for field in FIELDS if field.type in ("count", "bytes", "number", "money", "spread")]
_SIZES = (1, 1.5, 12.5, 999, 1_250, 1_500, 2_310.5, 7_904, 12_345, 123_456.5, 999_960_000, 1_234_567_890, 10**13)
_SMALL = (0.000_004, 0.003_472_222, 0.034, 0.125, 0.25)


def _shown(field: Field, data: object, unit: str) -> list[str]:
    value = Value(data, unit, "hand", "hand")
    page = html.unescape(re.sub(r"<[^>]*>", "", html_values.value_html(field, value)))
    return [
        card_words.in_words(field, value),
        words.value_words(field, data, unit),
        changes.said(field, data, unit),
        facts.said(field, data, unit),
        page,
    ]


def _read(field: Field, text: str) -> tuple[object, str]:
    return taken(field, *(facts.understood(field, text) or ("", "")))


@pytest.mark.parametrize("field", _NUMBERS, ids=lambda field: field.key)
def test_what_is_shown_is_read_as_it_is_shown(field: Field) -> None:
    for size in (*_SIZES, *(_SMALL if field.type in ("number", "spread") else ())):
        number = int(size) if field.type in ("count", "bytes", "money") else size
        data: object = {"p50": number, "p95": number * 3} if field.type == "spread" else number
        for way in range(len(_shown(field, *taken(field, data, "")))):
            text = _shown(field, *taken(field, data, ""))[way]
            read = taken(field, text)
            assert _close(read[0], data, 0.06), (size, way, text, read)
            assert taken(field, _shown(field, *read)[way]) == read, (size, way, text)
            assert _close(_read(field, text)[0], data, 0.06), (size, way, text)


def _close(read: object, data: object, within: float) -> bool:
    if isinstance(read, dict) and isinstance(data, dict):
        return read.keys() == data.keys() and all(_close(read[key], data[key], within) for key in data)
    return isinstance(read, int | float) and isinstance(data, int | float) and abs(read - data) <= within * data


def test_a_list_is_read_as_it_is_shown() -> None:
    tags = next(field for field in FIELDS if field.key == "tags")
    items = ["a", "c, d", 'say "so"', "x; y", "[z]", "C:\\tools, here", "it's"]
    shown = card_words.in_words(tags, Value(items, "", "hand", "hand"))
    assert taken(tags, shown) == (items, "")


def test_tables_of_others_write_groups_too() -> None:
    table = Table(0, 3, ("Metric", "Value", "n", "Interval"), (("ms", "2,310.5", "1,250", "1,500 to 7,904"),))
    assert row_tables.understood(next(field for field in FIELDS if field.key == "evaluation"), table) == [
        {"metric": "ms", "value": 2310.5, "n": 1250, "low": 1500, "high": 7904}
    ]


def test_what_is_small_is_shown_in_the_unit_that_suits_it() -> None:
    by_key = {field.key: field for field in FIELDS}
    for key, given, shown in (
        ("file_bytes", "1.5", "2 B"),
        ("file_bytes", "15 kB", "15 kB"),
        ("energy_per_1k", "12,5 J", "12.5 J"),
        ("energy_per_1k", "0.0001 J", "0.0001 J"),
        ("training_carbon", "4 g", "4 g"),
        ("error_rate", "0.003", "0.003 %"),
    ):
        field = by_key[key]
        data, unit = taken(field, given)
        assert card_words.in_words(field, Value(data, unit, "hand", "hand")) == shown
        assert taken(field, shown) == (data, unit)

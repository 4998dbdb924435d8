"""Cards as JSON of our own: the round trip is exact, money is text, and what is none is refused."""

import dataclasses
import json

import jsonschema
import pytest

from forge_desktop.base.errors import ForgeError
from forge_desktop.base.paths import resources_dir
from forge_desktop.cards.formats import plain
from forge_desktop.cards.formats.reading import read_json
from tests.cards.samples import AT, empty_card, full_card, many_rows, with_texts
from tests.cards.test_cyclonedx import KINDS

NASTY = "</script><script>alert(1)</script> ]]> \u202eright to left\u202c \x00\x07 'quotes\" \\ & ```\n---\n\u2028"


@pytest.mark.parametrize("kind", KINDS)
def test_the_round_trip_is_exact(kind):
    for card in (full_card(kind, intended_use="By hand"), with_texts(NASTY, kind), empty_card(kind)):
        assert plain.read(plain.render(card)) == card
        assert plain.render(card) == plain.render(plain.read(plain.render(card)))
    rows = full_card("adapter", evaluation=many_rows(200))
    assert plain.read(plain.render(rows)) == rows


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_written_is_as_the_schema_says(kind):
    schema = json.loads((resources_dir() / "schemas" / "card.schema.json").read_bytes())
    validator = jsonschema.Draft202012Validator(schema)
    for card in (full_card(kind), with_texts(NASTY, kind), empty_card(kind)):
        validator.validate(json.loads(plain.render(card)))


def test_money_is_text_with_six_places():
    said = json.loads(plain.render(full_card("adapter")))
    assert said["fields"]["training_cost"]["measured"]["value_usd"] == "0.150000"
    assert said["fields"]["teachers"]["measured"]["value"][0]["cost_usd"] == "1.234567"
    assert said["fields"]["file_bytes"]["measured"]["source"] == "measurement"
    assert (said["format"], said["format_version"]) == ("forge-card", 1)


def test_what_others_measured_never_comes_in_as_ours():
    card = full_card("adapter", generation_speed={"p50": 50.0, "p95": 60.0})
    read = read_json(plain.render(card))
    assert {value.origin for value in read.values.values()} == {"hand"}
    speed = read.values["generation_speed"]
    assert (speed.data, speed.source) == ({"p50": 50.0, "p95": 60.0}, "hand")
    assert speed.detail["told measurement"] == {"value": {"p50": 41.8, "p95": 46.2}, "unit": "tokens/s", "at": AT}
    told = read.values["latency"]
    assert (told.source, told.detail["told source"], told.rests_on) == ("import", "measurement", {})
    assert read.document == card.document


@pytest.mark.parametrize(
    "change",
    [
        {"format": "x"},
        {"format_version": 0},
        {"format_version": 2},
        {"kind": "unknown"},
        {"fields": []},
        {"fields": {"name": 3}},
        {"fields": {"name": {"hand": 3}}},
        {"fields": {"name": {"hand": {"value": "x", "source": "nowhere"}}}},
        {"fields": {"name": {"hand": {"value": "x", "source": "hand", "detail": 3}}}},
        {"fields": {"training_cost": {"hand": {"value_usd": "1,5", "source": "hand"}}}},
        {"fields": {"training_cost": {"hand": {"value_usd": "0.0000001", "source": "hand"}}}},
        {"created": "yesterday"},
        {"changed": 1e300},
        {"name": 3},
    ],
)
def test_what_is_no_card_is_refused_in_a_sentence(change):
    said = {**json.loads(plain.render(full_card("adapter"))), **change}
    with pytest.raises(ForgeError) as refused:
        plain.card_of(said)
    assert refused.value.message.endswith(".")


def test_numbers_that_are_none_are_refused_both_ways():
    card = full_card("adapter", training_energy=float("nan"))
    with pytest.raises(ForgeError, match="Training energy"):
        plain.render(card)
    with pytest.raises(ForgeError, match="NaN is no number"):
        plain.read(plain.render(full_card("adapter")).replace(b'"at": 1790000000.25', b'"at": NaN', 1))
    deep = dataclasses.replace(card, created=float("inf"), fields={})
    with pytest.raises(ForgeError, match="a number that is none"):
        plain.render(deep)

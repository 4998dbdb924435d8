"""Values that cannot be are refused in one sentence that names the field, and nothing is changed."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forge_desktop.base.errors import FieldError
from forge_desktop.cards import fields
from forge_desktop.cards.fields import BY_KEY
from forge_desktop.cards.licensing import as_spdx
from forge_desktop.cards.licensing import problem_of as licence_problem
from forge_desktop.cards.records import Kind, Value
from forge_desktop.cards.together import contradictions
from forge_desktop.cards.typing_in import taken
from forge_desktop.cards.validating import problem_of
from tests.cards.conftest import CardRoom

TAKEN: list[tuple[str, Any, str, Any]] = [
    # field, what is given, its unit, what is kept
    ("file_bytes", "1.5 GB", "", 1_500_000_000),
    ("file_bytes", "1,250.5 MB", "", 1_250_500_000),
    ("file_bytes", "1,500 MB", "", 1_500_000_000),
    ("file_bytes", "1,5 GB", "", 1_500_000_000),
    ("file_bytes", "94.4 MB (94,371,840 B)", "", 94_371_840),
    ("file_bytes", "94,371,840 B (94.4 MB)", "", 94_371_840),
    ("parameters", "134,515,008", "", 134_515_008),
    ("parameters", "1,500M", "", 1_500_000_000),
    ("parameters", "1,5B", "", 1_500_000_000),
    ("latency", "p50 1,200 ms, p95 1,500 ms", "", {"p50": 1200, "p95": 1500}),
    ("latency", "p50 2,310.5, p95 7,904 ms", "", {"p50": 2310.5, "p95": 7904}),
    ("latency", "1,500 ms (p95 7,904)", "", {"p50": 1500, "p95": 7904}),
    ("generation_speed", "12,345 tokens/s", "", {"p50": 12_345}),
    ("bits_per_weight", "1,250 bits", "", 1250),
    ("energy_per_1k", "1,250 Wh", "", 1250),
    ("cost_per_1k", "nothing is paid", "", 0),
    ("parameters", "135M", "", 135_000_000),
    ("parameters", "1.7 B", "", 1_700_000_000),
    ("context", "8,192 tokens", "", 8192),
    ("file_bytes", "512 MiB", "", 536_870_912),
    ("file_bytes", "82", "MB", 82_000_000),
    ("file_bytes", "82 MB", "MB", 82_000_000),
    ("file_bytes", 0.0825, "GB", 82_500_000),
    ("context", "32768", "", 32_768),
    ("context", "8192 tokens", "", 8192),
    ("parameters", "1e9", "", 10**9),
    ("bits_per_weight", "4.5", "", 4.5),
    ("training_time", "2.5 h", "", 9000),
    ("training_time", 3, "min", 180),
    ("training_energy", "1500 Wh", "", 1.5),
    ("energy_per_1k", 3600, "J", 1),
    ("training_carbon", "0.25 kg", "", 0.25),
    ("error_rate", "1.5 %", "", 1.5),
    ("price_input", "0.15", "", 150_000),
    ("price_output", "$12.50", "", 12_500_000),
    ("price_input", 150_000, "USD", 150_000),
    ("latency", "0.12 / 0.34 s", "", {"p50": 120, "p95": 340}),
    ("latency", "p50 120 ms, p95 340 ms", "", {"p50": 120, "p95": 340}),
    ("latency", {"p50": "120 ms", "p95": "340 ms"}, "", {"p50": 120, "p95": 340}),
    ("latency", {"p50": 0.12, "p95": 0.34}, "s", {"p50": 120, "p95": 340}),
    ("latency", "340 ms (p95 900)", "", {"p50": 340, "p95": 900}),
    ("latency", {"p50": 0.4, "p95": "0.9 s"}, "", {"p50": 400, "p95": 900}),
    ("latency", "120", "", {"p50": 120}),
    ("prompt_speed", "210.5 / 240 tok/s", "", {"p50": 210.5, "p95": 240}),
    ("languages", "en, de-AT,zh-Hant", "", ["en", "de-AT", "zh-Hant"]),
    ("languages", ["multilingual", "code"], "", ["multilingual", "code"]),
    ("tags", "library\nrules", "", ["library", "rules"]),
    ("tags", 'a, b, "c, d"', "", ["a", "b", "c, d"]),
    ("tags", '["a","c, d"]', "", ["a", "c, d"]),
    ("tags", '"say ""so""", 12" disk; x', "", ['say "so"', '12" disk', "x"]),
    ("contact", " ada@example.org ", "", "ada@example.org"),
    ("contact", "https://example.org/contact", "", "https://example.org/contact"),
    ("licence_link", "https://example.org/licence", "", "https://example.org/licence"),
    ("released", "2026-11-26", "", "2026-11-26"),
    ("released", "2026-11-26T14:05:00Z", "", "2026-11-26T14:05:00Z"),
    ("task", "text-generation", "", "text-generation"),
    ("file_sha256", "a" * 64, "", "a" * 64),
    ("hyperparameters", {"rank": 16, "alpha": 32.0, "dora": False}, "", {"rank": 16, "alpha": 32.0, "dora": False}),
    ("evaluation", [{"metric": "nll", "value": -1.2, "n": 200}], "", [{"metric": "nll", "value": -1.2, "n": 200}]),
    ("intended_use", "Reads.\n\nWrites.\n", "", "Reads.\n\nWrites."),
]
REFUSED: list[tuple[str, Any, str, str]] = [
    # field, what is given, its unit, what the sentence says
    ("file_bytes", "512 MB", "GB", "says MB in its text and GB as its unit"),
    ("file_bytes", 512, "ms", "given in B, kB, MB or GB, not in ms"),
    ("file_bytes", "three", "", "'three' is none"),
    ("file_bytes", "1e400 GB", "", "more than can be counted"),
    ("file_bytes", "1e308 GB", "", "more than can be counted"),
    ("file_bytes", float("inf"), "GB", "more than can be counted"),
    ("energy_per_1k", 10**400 + 1, "J", "more than can be counted"),
    ("parameters", "1e30", "", "Parameters is more than can be counted"),
    ("bits_per_weight", "1e400", "", "more than can be counted"),
    ("latency", "1e400 s", "", "no number from zero up"),
    ("latency", "0.3 s / 340 ms", "", "p50 in s and p95 in ms"),
    ("latency", {"p50": "0.4 s", "p95": "900 ms"}, "", "p50 in s and p95 in ms"),
    ("latency", {"p50": 0.4, "p95": "0.9 s"}, "ms", "is said to be in ms"),
    ("context", 0, "", "Context length is above zero"),
    ("parameters", "0", "", "Parameters is above zero"),
    ("training_time", "1e30 s", "", "more than can be counted"),
    ("latency", "1e30 s", "", "its p50 is more than can be counted"),
    ("file_bytes", True, "", "whole number"),
    ("context", 1.5, "", "whole number"),
    ("context", "1,5", "", "whole number"),
    ("context", -1, "", "below zero"),
    ("context", "9" * 25, "", "more than can be counted"),
    ("price_input", 10**40, "", "more than there is"),
    ("latency", {"p50": 1}, "\ud800", "not in ?"),
    ("context", "12 GB", "", "not in GB"),
    ("parameters", "135 MB", "", "has no unit"),
    ("parameters", 135, "GB", "has no unit"),
    ("bits_per_weight", float("nan"), "", "is a number"),
    ("error_rate", 101, "%", "more than 100 %"),
    ("price_input", "1,500", "", "no amount of dollars"),
    ("price_input", 0.15, "", "amount of dollars, such as"),
    ("price_input", "free", "", "no amount of dollars"),
    ("latency", {"p50": 400, "p95": 0.9}, "ms", "p95 (0.9 ms) is below p50 (400 ms). Was one of them meant"),
    ("latency", {"p50": 400, "p95": 390}, "ms", "is below p50 (400 ms)"),
    ("latency", {"p50": "0.4 s"}, "ms", "said to be in ms"),
    ("latency", {"p95": 3}, "", "two values"),
    ("latency", {"p50": 3, "p99": 4}, "", "two values"),
    ("latency", {"p50": float("inf")}, "", "no number"),
    ("latency", "fast", "", "p50, then p95"),
    ("latency", "1 / 2 / 3 ms", "", "p50, then p95"),
    ("licence", "GPL 2 or so", "", "is no SPDX expression"),
    ("licence", "Apache-3.0", "", "not in SPDX's list"),
    ("licence", "MIT AND", "", "is no SPDX expression"),
    ("licence", "GPL-2.0-only WITH MIT", "", "is no SPDX expression"),
    ("licence", "(" * 5000 + "MIT" + ")" * 5000, "", "longer than"),
    ("languages", "english", "", "no language tag"),
    ("languages", ["en", "xx"], "", "'xx' is no language tag"),
    ("languages", ["en", "en"], "", "'en' twice"),
    ("tags", ["a", ""], "", "none of them empty"),
    ("contact", "not-an-address", "", "neither an e-mail address nor a URL"),
    ("contact", "ada@", "", "neither an e-mail address nor a URL"),
    ("contact", "javascript:alert(1)", "", "neither an e-mail address nor a URL"),
    ("licence_link", "example.org", "", "starts with https://"),
    ("licence_link", "https://exa mple.org", "", "starts with https://"),
    ("licence_link", "https://[::1", "", "starts with https://"),
    ("released", "yesterday", "", "no date"),
    ("released", "2026-02-30", "", "no date"),
    ("released", "2026-11-26T14:05:00", "", "without its zone"),
    ("task", "cooking", "", "is one of: text-generation"),
    ("file_sha256", "A" * 64, "", "64 digits"),
    ("name", "two\nlines", "", "one line"),
    ("name", "x" * 1001, "", "longer than a line"),
    ("name", 3, "", "a line of text"),
    ("intended_use", "bell \x07", "", "control characters"),
    ("intended_use", "half \ud800", "", "control characters"),
    ("hyperparameters", {"": 1}, "", "without a name"),
    ("hyperparameters", {"a": [1]}, "", "neither a text nor a number"),
    ("evaluation", [{"metrik": "nll"}], "", "row 1: there is no column 'metrik'"),
    ("evaluation", [{"metric": "nll", "value": "1.2"}], "", "row 1: value is no number"),
    ("evaluation", [{"metric": "nll"}, {"n": 1.5}], "", "row 2: n is no whole number"),
    ("evaluation", [{"low": 0.3, "high": 0.1}], "", "lower bound"),
    ("evaluation", {"metric": "nll"}, "", "a table"),
    ("teachers", [{"share": 40}], "", "no share from 0 to 1"),
]


def kind_of(key: str) -> Kind:
    """A kind of card that has the field."""
    return next(kind for kind in fields.LETTERS if BY_KEY[key].belongs_to(kind))


def sentence_of(field: fields.Field, data: Any, unit: str) -> str:
    """With what it is refused, "" when it is not."""
    try:
        return problem_of(field, *taken(field, data, unit), kind_of(field.key))
    except FieldError as error:
        return error.message


@pytest.mark.parametrize(("key", "data", "unit", "kept"), TAKEN)
def test_what_is_given_is_kept_in_one_form(key: str, data: Any, unit: str, kept: Any) -> None:
    field = BY_KEY[key]
    found, found_unit = taken(field, data, unit)
    assert found == kept
    assert problem_of(field, found, found_unit, kind_of(key)) == ""
    assert found_unit == (field.units[0] if field.units else "")
    assert taken(field, found, found_unit) == (found, found_unit)  # what is kept can be given again


@pytest.mark.parametrize(("key", "data", "unit", "sentence"), REFUSED)
def test_what_cannot_be_is_refused_by_name(key: str, data: Any, unit: str, sentence: str) -> None:
    said = sentence_of(BY_KEY[key], data, unit)
    assert sentence in said
    assert said.startswith(BY_KEY[key].title)
    assert len(said) < 300


@pytest.mark.parametrize("field", fields.FIELDS, ids=lambda field: field.key)
def test_every_field_refuses_what_is_none_of_its_form(field: fields.Field) -> None:
    kind = kind_of(field.key)
    for data in (object(), [object()], {"x": None}, b"x", 1.5j):
        assert problem_of(field, data, field.units[0] if field.units else "", kind).startswith(field.title)
    other = next((kind for kind in fields.LETTERS if not field.belongs_to(kind)), None)
    if other is not None:
        assert "does not belong" in problem_of(field, "x", "", other)
    if field.example and field.type not in ("facts", "rows"):
        kept, unit = taken(field, field.example)
        assert problem_of(field, kept, unit, kind) == "", "its own example"


_PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)


@given(st.sampled_from(fields.FIELDS), _PLAIN, st.sampled_from(("", "ms", "s", "GB", "USD", "?")))
def test_whatever_is_given_there_is_a_sentence_or_a_value(field: fields.Field, data: Any, unit: str) -> None:
    said = sentence_of(field, data, unit)
    assert said == "" or said.startswith(field.title)


@pytest.mark.parametrize("key", ["context", "bits_per_weight", "latency", "file_bytes", "price_input"])
def test_numbers_of_thousands_of_digits_are_refused_in_a_sentence(key: str) -> None:
    for data in ("9" * 5000, 10**400, {"p50": 10**400, "p95": 10**401}):
        said = sentence_of(BY_KEY[key], data, "")
        assert said.startswith(BY_KEY[key].title)
        assert len(said) < 300


def test_licences_are_spdx_expressions_or_known_by_name() -> None:
    for good in (
        "MIT", "apache-2.0", "MIT OR Apache-2.0", "(MIT OR ISC) AND BSD-3-Clause", "GPL-2.0+", "LicenseRef-Own",
        "GPL-2.0-only WITH Classpath-exception-2.0", "DocumentRef-a:LicenseRef-b AND MIT", "other", "llama3.1", "gemma",
    ):  # fmt: skip
        assert licence_problem(good) == "", good
    assert as_spdx("apache-2.0") == "Apache-2.0"
    assert as_spdx("mit or isc") == "MIT OR ISC"
    assert as_spdx("gemma") == "gemma"


def test_fields_that_contradict_each_other_are_named(room: CardRoom) -> None:
    def found(kind: Kind = "teacher", **data: Any) -> list[tuple[str, str]]:
        values = {key: Value(value) for key, value in data.items()}
        return [(problem.field, problem.severity) for problem in contradictions(kind, values)]

    assert found(licence="other") == [("licence_name", "error"), ("licence_link", "error")]
    assert found(licence="other", licence_name="Own", licence_link="https://example.org") == []
    assert found(first_token={"p50": 900}, latency={"p50": 2}) == [("latency", "error")]
    assert found(context=4096, max_output=8192) == [("max_output", "warning")]
    assert found(price_input=1, price_cached=2) == [("price_cached", "warning")]
    assert found(released="2999-01-01") == [("released", "warning")]
    assert found(inputs=["Text", "images"], outputs=["text", "smell"]) == [("outputs", "warning")]
    assert found("adapter", base_relation="merge") == [("base_relation", "warning")]
    card = room.cards.new("teacher", "Elsewhere").uid
    room.cards.set(card, "licence", "other")
    assert {problem.field for problem in room.cards.check(card).problems} == {"licence_name", "licence_link"}
    errors = {entry.uid: entry.errors for entry in room.cards.entries()}
    assert errors[card] == 2
    room.cards.set(card, "licence_name", "Own")
    room.cards.set(card, "licence_link", "https://example.org/own")
    assert room.cards.check(card).problems == ()


def test_a_name_always_applies(room: CardRoom) -> None:
    with pytest.raises(FieldError, match="Name always applies"):
        room.cards.not_applicable("v1", "name", "It has none.")
    assert room.shown("v1", "name")

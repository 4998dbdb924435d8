"""Whatever a card says comes back from its text, and whatever a text holds stays in it."""

from __future__ import annotations

import dataclasses
import json

import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from forge_desktop.cards import markdown
from forge_desktop.cards.fields import BY_KEY, FIELDS, ROWS, Field, of_kind
from forge_desktop.cards.records import Card, FieldState, Kind, Value
from forge_desktop.cards.typing_in import wrong_value
from tests.cards import markdown_cards as cards

_FEW = settings(max_examples=80, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
_CHARACTERS = st.characters(exclude_categories=("Cs",), exclude_characters="\r\x00")
_TEXT = st.text(_CHARACTERS, min_size=1, max_size=60)
_PIECES = st.sampled_from(
    [
        "# Title",
        "## Training",
        "### Known limitations",
        "Text",
        "",
        "---",
        "===",
        "```",
        "~~~",
        "    code",
        "- item",
        "1. item",
        "> quote",
        "| What | Value | Source |",
        "|---|---|---|",
        "| Version | 3 | |",
        "<!-- note -->",
        "<!--",
        "-->",
        "<pre>",
        "</pre>",
        "<!-- begin of users -->",
        "<!-- end of users -->",
        "*Not applicable: because*",
        "[More Information Needed]",
        "- **Developed by:** me",
        "*Source: measured*",
        "**No longer true:** x",
        '`json: [1, ""]`',
        "| Name | Value |",
        "\t# tab",
        "  trailing  ",
        "a | b",
        "\\| x",
        "ünï çødé",
        "مرحبا",
        "{{ braces }}",
        "Model Card for X",
        "[1]: https://x.example/1",
        "[^n]: Note.",
        "    more of it",
        "* * *",
        "<details>",
        "</details>",
        "words</div>",
    ]
)
_PARTS = st.lists(_PIECES, min_size=1, max_size=8).map("\n".join)
_LINES = st.one_of(
    _TEXT, _PIECES.filter(bool), st.sampled_from(["no", "1.0", "true", '"x"', "a, b", "x (measured: 3)"])
)
_NUMBERS = st.one_of(
    st.integers(-(10**20), 10**20), st.floats(allow_nan=False, allow_infinity=False), st.booleans(), st.just(0)
)
_PLAIN = st.one_of(_LINES, _NUMBERS)


def _row(columns: tuple[str, ...]) -> st.SearchStrategy[dict[str, object]]:
    return st.dictionaries(st.sampled_from(columns), _PLAIN, min_size=1)


def _data(field: Field) -> st.SearchStrategy[object]:
    whole = st.integers(0, 10**15)
    return {
        "text": st.one_of(_PARTS, _TEXT),
        "list": st.lists(_LINES, min_size=1, max_size=4),
        "languages": st.lists(st.sampled_from(["no", "en", "pt-BR", "y", "on", "zh-Hant"]), min_size=1, unique=True),
        "licence": st.one_of(st.sampled_from(["MIT", "other", "gemma", "CC-BY-3.0-AT", "MIT OR ISC"]), _LINES),
        "count": whole,
        "number": st.one_of(st.integers(), st.floats(allow_nan=False, allow_infinity=False)),
        "bytes": whole,
        "money": whole,
        "spread": st.dictionaries(st.sampled_from(["p50", "p95"]), _NUMBERS, min_size=1),
        "facts": st.dictionaries(_LINES, _PLAIN, min_size=1, max_size=4),
        "rows": st.lists(_row(ROWS.get(field.key, ("a",))), min_size=1, max_size=4),
    }.get(field.type, _LINES)


@st.composite
def _states(draw: st.DrawFn, kind: Kind) -> dict[str, FieldState]:
    found = {"name": FieldState("name", hand=Value("A model"))}
    for field in draw(st.lists(st.sampled_from(of_kind(kind)), unique=True, max_size=10)):
        unit = draw(st.sampled_from(("", *field.units)))
        hand = Value(draw(_data(field)), unit)
        measured = dataclasses.replace(hand, data=draw(_data(field)), origin="measured", source="measurement", at=1e9)
        which = draw(st.integers(0, 3))
        if which == 3:
            state = FieldState(field.key, not_applicable=draw(_TEXT.map(lambda t: " ".join(t.split()))) or "no")
        else:
            stale = draw(st.sampled_from(["", "the file changed"]))
            measured = dataclasses.replace(measured, stale=stale)
            state = FieldState(field.key, measured if which else None, None if which == 1 else hand)
        found[field.key] = state
    return found


def _kind() -> st.SearchStrategy[Kind]:
    return st.sampled_from(cards.KINDS)


def _exact(values: object) -> str:
    return json.dumps(values, sort_keys=True, ensure_ascii=False)


def _says(card: Card) -> dict[str, list[object]]:
    """What a card's fields show, apart from its name where it has no such field."""
    shown = {}
    for key, state in card.fields.items():
        if state.shown is not None and not state.not_applicable:
            shown[key] = [state.shown.data, state.shown.unit]
    return shown


def _check(card: Card, text: str) -> None:
    read = markdown.read(text, card.kind)
    values = {key: list(value) for key, value in read.values.items() if key != "name" or key in card.fields}
    assert _exact(values) == _exact(_says(card)), text
    assert markdown.write(card, previous=text) == text


@_FEW
@given(st.data())
def test_a_card_comes_back_from_its_text(data: st.DataObject) -> None:
    kind = data.draw(_kind())
    card = cards.card(kind, data.draw(_states(kind)))
    _check(card, markdown.write(card))


def _may_be(state: FieldState, kind: Kind) -> bool:
    """What cannot be a value stays in a text as somebody's words, whatever the card says."""
    shown = state.shown
    return shown is None or not wrong_value(BY_KEY[state.field], shown.data, shown.unit, kind)


@_FEW
@given(st.data())
def test_a_card_comes_back_from_a_text_that_was_another_before(data: st.DataObject) -> None:
    kind = data.draw(_kind())
    before = cards.card(kind, {key: state for key, state in data.draw(_states(kind)).items() if _may_be(state, kind)})
    after = cards.card(kind, data.draw(_states(kind)))
    text = markdown.write(before)
    _check(after, markdown.write(after, previous=text.replace("\n", "\r\n") if data.draw(st.booleans()) else text))


@_FEW
@given(st.lists(st.one_of(_PIECES, _TEXT), max_size=14).map("\n".join), _kind())
def test_any_text_stays_as_it_is(body: str, kind: Kind) -> None:
    for text in (f"---\nlicense: mit\nx: {{a: 1}} # c\n---\n{body}", f"# A\n\n{body}"):
        try:
            read = markdown.read(text, kind)
        except markdown.BadCardText:
            continue  # a second document, or dashes that begin front matter and do not end it
        assert markdown.write(cards.card_of(read, kind), previous=text) == text


_YAML = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), _TEXT, st.floats(allow_nan=False, allow_infinity=False)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(_TEXT, inner, max_size=3)),
    max_leaves=8,
)


@_FEW
@given(
    st.dictionaries(_TEXT, _YAML, max_size=5),
    st.sampled_from([None, True, False]),
    st.lists(st.sampled_from(["no", "en", "de", "fr"]), max_size=3, unique=True),
    st.lists(_LINES, max_size=4),
)
def test_unknown_keys_survive_any_change_of_ours(
    keys: dict[str, object], flow: bool | None, languages: list[str], tags: list[str]
) -> None:
    front = yaml.safe_dump({**keys, "tags": ["a", "b"], "license": "mit"}, allow_unicode=True, default_flow_style=flow)
    text = f"---\n{front}---\n\n# A\n"
    try:
        was = markdown.read(text, "student")
    except markdown.BadCardText:
        return  # a key of ours twice, or a character that YAML takes only in quotes
    values = {key: value for key, value in (("languages", languages), ("tags", tags)) if value}
    card = cards.card("student", cards.by_hand({"name": ("A", ""), **{k: (v, "") for k, v in values.items()}}))
    now = markdown.read(markdown.write(card, previous=text), "student")
    assert now.keys == was.keys
    assert now.values == {"name": ("A", ""), **{key: (value, "") for key, value in values.items()}}


def test_every_type_of_field_is_among_what_is_tried() -> None:
    assert {field.type for field in FIELDS} >= {"text", "list", "facts", "rows", "spread", "money", "bytes"}

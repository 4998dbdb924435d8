"""Texts that are no card: refused with the line and the column, quickly, and never by anything but a sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from forge_desktop.cards import markdown
from tests.cards import markdown_cards as cards

_BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{new}: &{new} [*{old}, *{old}, *{old}, *{old}, *{old}, *{old}, *{old}, *{old}, *{old}]\n"
    for old, new in zip("abcdefgh", "bcdefghi", strict=True)
)


def _front(yaml: str) -> str:
    return f"---\n{yaml}---\n\n# A\n"


@pytest.mark.parametrize(
    ("text", "line", "column", "said"),
    [
        (_front("[]\n"), 2, 1, "this is a list"),
        (_front("just words\n"), 2, 1, "only a text"),
        (_front("{card_data}\n"), 2, 1, "placeholder"),
        (_front("{{card_data}}\n"), 2, 2, "braces"),
        (_front("license: mit\n? [a, b]\n: c\n"), 3, 3, "has to be a word"),
        (_front("license: mit\ntags: [a, b\nlanguage: en\n"), 3, 7, "in what begins here (noticed in line 4)"),
        (_front("license: mit\ntags: {a: b\n"), 3, 7, "no YAML"),
        (_front("license: 'mit\n\nx: y\n"), 2, 10, "in what begins here (noticed in line 5)"),
        (_front("x:\n- [a, {b: [\n"), 3, 11, "in what begins here (noticed in line 4)"),
        (_front("license: [mit, 'x'y]\n"), 2, 19, "no YAML"),
        (_front("license: mit\n\ttags: a\n"), 3, 1, "tab"),
        (_front("a: b: c\n"), 2, 5, "no YAML"),
        (_front("license: mit\ntags: [a]\nlicense: isc\n"), 4, 1, "'license' is there twice"),
        (_front("x:\n  y: 1\n  y: 2\n"), 4, 3, "'y' is there twice"),
        (_front("x: !!python/object/apply:os.system [ls]\n"), 2, 4, "!!python/object/apply:os.system is refused"),
        (_front("x: !!python/name:os.system a\n"), 2, 4, "is refused"),
        (_front("x: !mine a\n"), 2, 4, "!mine is refused"),
        (_front(_BOMB), 7, 4, "aliases repeat"),
        (_front("x: &x [*x]\n"), 2, 8, "alias *x"),
        (_front("x: *nothing\n"), 2, 4, "alias *nothing"),
        (_front("x: " + "[" * 5000 + "]" * 5000 + "\n"), 2, 63, "nested deeper"),
        (_front("x: " + "- " * 5000 + "\n"), 2, 4, "YAML"),
        (_front("x:\n  " + "- " * 5000 + "a\n"), 3, 121, "nested deeper"),
        (_front("x: " + "9" * 5000 + "\n"), 2, 4, "a number of 5,000 digits"),
        (_front("license: mit\nx: a\x00b\n"), 3, 5, "zero byte"),
        (_front("license: mit\nx: a\x07b\n"), 3, 5, "U+0007"),
        (_front("x: a\n") + "text\nand \x00\n", 7, 5, "zero byte"),
        ("# A\n\n\ud800", 3, 1, "half of a character"),
        ("---\nlicense: mit\n\n# No end\n", 1, 1, "has no end"),
        ("\ufeff---\nlicense: mit\n", 1, 1, "has no end"),
        ("\ufeff\x00", 1, 1, "zero byte"),
        (_front("a: 1\n...\nb: 2\n"), 4, 1, "no YAML"),
        ("# A\n\n" + "x" * 10_000_000, 3, 1_999_996, "may have 2,000,000 characters"),
    ],
)
def test_a_text_that_is_no_card_is_named_by_line_and_column(text: str, line: int, column: int, said: str) -> None:
    with pytest.raises(markdown.BadCardText) as caught:
        markdown.read(text, "student")
    error = caught.value
    assert said in error.message
    assert (error.line, error.column) == (line, column)
    assert error.message.startswith(f"Line {line}, column {column}: ")
    with pytest.raises(markdown.BadCardText):
        markdown.write(cards.card("student", {}), previous=text)


@pytest.mark.parametrize("name", cards.BAD)
def test_public_cards_that_are_none_are_named_by_line_and_column(name: str) -> None:
    with pytest.raises(markdown.BadCardText) as caught:
        markdown.read(cards.text_of(cards.FOLDER / name), "student")
    assert (caught.value.line, caught.value.column) == cards.BAD[name]


def test_lines_are_counted_in_texts_of_windows_too() -> None:
    with pytest.raises(markdown.BadCardText) as caught:
        markdown.read("\ufeff---\r\nlicense: mit\r\ntags: [a\r\n---\r\n\r\n# A\r\n", "student")
    assert (caught.value.line, caught.value.column) == (3, 7)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n",
        "---\n---\n",
        "---\n\n---\n# A\n",
        "---\n# only a comment\n---\n",
        "text --- more\n---\nand\n",
        "# A\n---\n",
        "---\nlicense: mit\n---",
        "***\n---\n",
        _front("x: 1e999\ny: .nan\nz: -.inf\nw: 99999999999999999999\n"),
        _front("license: {a: b}\nlanguage: {x: 1}\ntags: 5\nmodel-index: nothing\nbase_model: [[a]]\n"),
        _front("{license: mit, tags: [a], other: {b: c}}\n"),
        _front("license:\ntags: []\nlanguage: ~\n"),
        _front("x: |\n  # A\n\n  ## B\ny: >+\n  z\n\n\n"),
        "<!-- never closed\n\n# A\n",
        "```\nnever closed\n\n# A\n",
        "| What | Value | Source |\n|---|---|---|\n| Parameters |\n|\n| Context length | many | x | y |\n",
        "#\n##\n###### \n",
        "# A\n\n### Evaluation results\n\n| Metric | Value |\n|---|---|\n| a\n",
        _front("yes: no\non: off\n2: 3\n~: x\n"),
    ],
)
def test_odd_texts_are_taken_and_stay(text: str) -> None:
    read = markdown.read(text, "student")
    if text.strip():
        card = cards.card_of(read, "student")
        assert markdown.write(card, previous=text) == text


def test_a_change_in_front_matter_that_is_all_in_braces_keeps_its_other_keys() -> None:
    text = _front("{license: mit, tags: [a], other: {b: c}}\n")
    values = {**markdown.read(text, "student").values, "licence": ("ISC", "")}
    after = markdown.write(cards.card("student", cards.by_hand(values)), previous=text)
    read = markdown.read(after, "student")
    assert read.keys == {"other": {"b": "c"}}
    assert read.values["licence"] == ("ISC", "")


def test_an_anchor_that_others_use_does_not_change_them() -> None:
    text = _front("language: &l [en, de]\nother: *l\nmore: &m mit\nlicense: *m\n")
    values = {**markdown.read(text, "student").values, "languages": (["fr"], ""), "licence": ("ISC", "")}
    read = markdown.read(markdown.write(cards.card("student", cards.by_hand(values)), previous=text), "student")
    assert read.keys == {"other": ["en", "de"], "more": "mit"}
    assert read.values["languages"] == (["fr"], "")


def test_two_million_characters_of_markdown_are_read_at_once(tmp_path: Path) -> None:
    body = "# A\n\n" + "| a | b |\n|---|---|\n" * 40_000 + "x\n---\n" * 100_000
    assert markdown.read(body, "student").values["name"] == ("A", "")
    assert markdown.read("#" * 1_900_000, "student").values == {}
    assert markdown.read("<!--" * 400_000 + "\n" * 300_000, "student").values == {}
    assert markdown.read("```\n" + "~~~\n" * 400_000, "student").values == {}
    assert markdown.read("-" * 1_000_000 + " x" * 400_000, "student").values == {}

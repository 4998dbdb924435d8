"""What an edit leaves as it was: letters of scalars, brackets, anchors, definitions, footnotes, comments, HTML."""

from __future__ import annotations

import dataclasses
import difflib

import pytest
import yaml

from forge_desktop.cards import markdown
from forge_desktop.cards.records import FieldState, Value
from tests.cards import markdown_cards as cards


def _after(text: str, **values: object) -> str:
    """The text of its card once these fields say something else."""
    card = cards.card_of(markdown.read(text, "student"), "student")
    assert markdown.write(card) == text
    hands = {key: FieldState(key, hand=Value(data)) for key, data in values.items() if data is not None}
    fields = {key: state for key, state in card.fields.items() if values.get(key, key) is not None}
    after = markdown.write(dataclasses.replace(card, fields={**fields, **hands}))
    for key, data in values.items():
        assert markdown.read(after, "student").values.get(key, (None, ""))[0] == data
    return after


def _differs(text: str, **values: object) -> list[str]:
    lines = difflib.ndiff(text.splitlines(), _after(text, **values).splitlines())
    return [line for line in lines if line[0] in "+-"]


def _front(*lines: str) -> str:
    return "\n".join(["---", *lines, "---", "# A", "", "Sum.", ""])


_ODD = (
    "date: 2024-01-05", "octal: 0755", "hex: 0x1F", "yesno: yes", "ver: 1.10   # not 1.1", "big: 12345678901234567890",
    "tilde: ~", "empty:", "time: 12:30:45", "under: 1_000", "q: '1.10'",
)  # fmt: skip


def test_a_list_with_an_anchor_changes_in_place_and_its_alias_says_what_it_said() -> None:
    text = _front("# top", "license: mit", "tags: &t", "- a", "- b   # of b", "- '1.0'",
                  "more: {tags: *t, x: 0x1F}   # of more", "again: *t", *_ODD)  # fmt: skip
    assert _differs(text, tags=["a", "zwei", "b", "1.0"]) == [
        "+ - zwei",
        "- more: {tags: *t, x: 0x1F}   # of more", "+ more: {tags: [a, b, '1.0'], x: 0x1F}   # of more",
        "- again: *t", "+ again: [a, b, '1.0']",
    ]  # fmt: skip


def test_only_the_aliases_of_what_changes_are_written_out() -> None:
    text = _front("license: &lic apache-2.0 # of it", "copy: *lic", "language: &l", "  - &e en", "  - fr", "again: *l",
                  "one: *e", "d: &d {x: 010, y: [a, 'b, c']}", "e: {<<: *d, z: 1}", *_ODD)  # fmt: skip
    assert _differs(text, licence="MIT") == [
        "- license: &lic apache-2.0 # of it", "+ license: &lic mit # of it", "- copy: *lic", "+ copy: apache-2.0",
    ]  # fmt: skip
    assert _differs(text, languages=["fr"]) == [
        "-   - &e en", "- again: *l", "+ again: [en, fr]", "- one: *e", "+ one: en",
    ]  # fmt: skip
    assert _differs(text, languages=["en", "fr", "no"]) == ["- again: *l", "+   - 'no'", "+ again: [en, fr]"]
    assert _differs(text, languages=None, licence="MIT")[-2:] == ["- one: *e", "+ one: en"]


def test_brackets_stay_brackets_with_their_comments_and_commas() -> None:
    text = _front("license: [apache-2.0]   # a list of one",
                  "language: [en, de,", "  zh,   # Chinese", '  "no"] # four',
                  'tags: [chat, "a, b",   # a comma in quotes', "  'it''s',", "]")  # fmt: skip
    assert _differs(text, licence="MIT") == [
        "- license: [apache-2.0]   # a list of one", "+ license: [mit]   # a list of one",
    ]  # fmt: skip
    assert _differs(text, languages=["en", "de", "zh", "no", "nb"]) == ['-   "no"] # four', '+   "no", nb] # four']
    assert _differs(text, languages=["en", "de", "no"]) == ["-   zh,   # Chinese"]
    assert _differs(text, languages=["en", "zh", "no"]) == ["- language: [en, de,", "+ language: [en,"]
    assert _differs(text, tags=["chat", "a, b", "it's", "x: y"]) == ["+   'x: y',"]
    assert _differs(text, tags=["one", "chat", "a, b"]) == [
        '- tags: [chat, "a, b",   # a comma in quotes', '+ tags: [one, chat, "a, b",   # a comma in quotes',
        "-   'it''s',",
    ]  # fmt: skip
    assert _differs(text, tags=["chat", "it's"]) == [
        '- tags: [chat, "a, b",   # a comma in quotes', "+ tags: [chat,    # a comma in quotes",
    ]  # fmt: skip
    apart = _front("tags: [", "  a,  # of a", "  b   # of b", "]")
    assert _differs(apart, tags=["a", "b", "c"]) == ["-   b   # of b", "+   b,   # of b", "+   c"]
    assert _differs(apart, tags=["b"]) == ["-   a,  # of a"]
    assert _differs(apart, tags=["a"]) == ["-   b   # of b"]


def test_braces_around_everything_stay() -> None:
    text = _front("# above", "{license: mit, ver: 1.10, # of it", ' "tags": [a], x: &x 0755, y: *x}')
    assert _differs(text, licence="ISC", languages=["en"]) == [
        "- {license: mit, ver: 1.10, # of it", "+ {license: isc, ver: 1.10, # of it",
        '-  "tags": [a], x: &x 0755, y: *x}', '+  "tags": [a], x: &x 0755, y: *x, language: [en]}',
    ]  # fmt: skip
    assert _differs(text, tags=None)[-1] == "+  x: &x 0755, y: *x}"


def test_where_all_is_written_anew_each_value_keeps_its_letters() -> None:
    text = _front("base: &b {license: mit, ver: 1.10}", "<<: *b", *_ODD, "set: !!set {a, b}", "s: !!str 5",
                  "folded: >-", "  two", "  lines", 'esc: "\\u00e9\\n"', "quoted: 'it''s'")  # fmt: skip
    after = _after(text, licence=None)
    said = after.split("---\n")[1]
    assert yaml.load(said, yaml.BaseLoader) == {
        "base": {"license": "mit", "ver": "1.10"}, "ver": "1.10", "date": "2024-01-05", "octal": "0755", "hex": "0x1F",
        "yesno": "yes", "big": "12345678901234567890", "tilde": "~", "empty": "null", "time": "12:30:45",
        "under": "1_000", "q": "1.10", "set": {"a": "null", "b": "null"}, "s": "5", "folded": "two lines",
        "esc": "é\n", "quoted": "it's",
    }  # fmt: skip
    before = yaml.safe_load(text.split("---\n")[1])
    assert {key: value for key, value in before.items() if key != "license"} == yaml.safe_load(said)


@pytest.mark.parametrize("new_line", ["\n", "\r\n"])
def test_lines_of_windows_within_brackets_stay(new_line: str) -> None:
    text = _front("tags: [", "  a,", "  b", "]").replace("\n", new_line)
    after = _after(text, tags=["a", "b", "c"])
    assert after == text.replace(f"  b{new_line}", f"  b,{new_line}  c{new_line}")

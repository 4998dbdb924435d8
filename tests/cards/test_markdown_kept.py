"""What an edit leaves as it was: letters of scalars, brackets, anchors, definitions, footnotes, comments, HTML."""

from __future__ import annotations

import dataclasses
import difflib

import pytest
import yaml
from huggingface_hub import ModelCard

from forge_desktop.cards import markdown
from forge_desktop.cards.fields import BY_KEY
from forge_desktop.cards.records import FieldState, Value
from forge_desktop.cards.typing_in import wrong_value
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


_ENDS = """---
license: mit
---
# A

Sum.

---

## Intended use

Use [it][1].[^n]

* * *

## Citation

Cite [it][2].

[2]: <https://x.example/c>
  "A title"
[^m]: One more,
and its end.

    A second part.

## Known limitations

[3]: https://x.example/3
None known.

[1]: https://x.example/it
[^n]: Note.

<!-- keep: licence
header -->
"""


def test_targets_of_links_footnotes_comments_and_rules_are_no_part_of_a_field() -> None:
    values = markdown.read(_ENDS, "student").values
    assert values["intended_use"] == ("Use [it][1].[^n]", "")
    assert values["limitations"] == ("None known.", "")
    assert values["citation"] == ("Cite [it][2].", "")
    assert _differs(_ENDS, limitations="Some.") == ["- None known.", "+ Some."]
    assert _differs(_ENDS, intended_use="Play.") == ["- Use [it][1].[^n]", "+ Play."]
    gone = [line for line in _differs(_ENDS, limitations=None) if line.strip("- ")]
    assert gone == ["- ## Known limitations", "- None known."]
    own = _after(_ENDS, safety="Ask [them][4].\n\n[4]: https://x.example/4")
    assert "[4]: https://x.example/4\n<!-- end of safety -->" in own


def test_a_rule_right_behind_a_text_makes_no_heading_of_what_is_written_there() -> None:
    text = "# A\n\nSum.\n\n## Limitations\n[1]: https://x.example\n- one\n---\n## Other\n\nx\n"
    assert _differs(text, limitations='"Two."') == ["- - one", "+ ", '+ "Two."', "+ "]
    made = markdown.write(cards.card("student", cards.by_hand({"changes": (["--", "* *", "x"], "")})))
    assert markdown.read(made, "student").values["changes"] == (["--", "* *", "x"], "")


def test_words_that_only_look_like_the_targets_of_links_are_text() -> None:
    for text in (
        "Words\n[1]: https://x.example",
        "```\n[1]: https://x.example\n```",
        "- item\n[^no] way",
        "a ***\n--- b",
    ):
        assert _after(_ENDS, limitations=text).count(text) == 1
        assert markdown.read(f"# A\n\n## Limitations\n\n{text}\n", "student").values["limitations"] == (text, "")


def test_a_contact_with_a_footnote_behind_it_is_the_contact() -> None:
    text = _front("license: mit") + "\n## Model Card Contact\n\nteam@x.example\n\n[^1]: A footnote.\n"
    assert markdown.read(text, "student").values["contact"] == ("team@x.example", "")
    assert _differs(text, contact="us@x.example") == ["- team@x.example", "+ us@x.example"]


_BOXES = """# A

Sum.

## Limitations

<details>
<summary>More</summary>

## Deep

text
</details>

<details open>
<summary>All of the use</summary>

### Intended use

Chat.

### Else

x

</details>

Behind.

## Other

words
"""


def test_what_begins_within_a_block_of_html_ends_within_it() -> None:
    values = markdown.read(_BOXES, "student").values
    assert str(values["limitations"][0]).startswith("<details>\n<summary>More</summary>\n\n## Deep")
    assert str(values["limitations"][0]).endswith("</details>")
    assert values["intended_use"] == ("Chat.", "")
    after = _after(_BOXES, limitations="None.", intended_use="Play.")
    assert after.count("<details") == after.count("</details>") == 1
    assert "Behind.\n\n## Other\n\nwords\n" in after
    assert _differs(_BOXES, intended_use="Play.") == ["- Chat.", "+ Play."]
    half = _after(_BOXES, safety="<details>\n\n## x", fairness="y</details>")
    assert "<!-- begin of safety -->" in half


def test_a_table_that_goes_leaves_the_words_beside_it() -> None:
    made = cards.card("student", cards.by_hand({"evaluation": ([{"dataset": "mine", "metric": "f1", "value": 1}], "")}))
    text = markdown.write(made).replace("## Evaluation results\n", "## Evaluation results\n\nWords.\n")
    after = _after(text, evaluation=None)
    assert "### Evaluation results\n\nWords.\n" in after
    assert "| mine |" not in after


@pytest.mark.parametrize("licence", ["LicenseRef-foo", "GPL-3.0+", "apache-2.0 OR mit"])
def test_a_licence_that_the_hub_does_not_list_stays_as_its_author_wrote_it(licence: str) -> None:
    text = _front(f"license: {licence}")
    assert "license:" not in "".join(_differs(text, limitations="None known."))


def test_several_licences_are_none_that_could_be_told() -> None:
    text = _front("license: [mit, apache-2.0] # which?", "license_name: x")
    read = markdown.read(text, "student")
    field, licence = BY_KEY["licence"], read.values["licence"]
    assert "join them with AND" in wrong_value(field, *licence, "student")
    assert "names none" in wrong_value(field, "unknown", "", "student")
    card = cards.card_of(read, "student")
    less = {key: state for key, state in card.fields.items() if key != "licence"}
    assert markdown.write(dataclasses.replace(card, fields=less)) == text
    assert markdown.read(_front("license: [mit, mit]"), "student").values["licence"] == ("MIT", "")


@pytest.mark.parametrize(("before", "after", "place"), [("\ufeff", "", (1, 1)), ("", " ", (1, 4)), (" \n", "", None)])
def test_what_the_hubs_reader_does_not_see_is_said(before: str, after: str, place: tuple[int, int] | None) -> None:
    text = before + _front("license: mit").replace("---\n", f"---{after}\n")
    found = markdown.read(text, "student").remarks
    assert (found[0].line, found[0].column) == place if place else not found
    assert (ModelCard(text).data.license is None) == bool(found)


def test_a_name_that_only_the_file_has_is_not_written_into_a_text() -> None:
    text = "---\nlicense: mit\n---\n\n## Foo\n\nJust words.\n"
    card = cards.card_of(markdown.read(text, "student"), "student")
    of_file = FieldState("name", hand=Value("foo", source="import"))
    assert markdown.write(dataclasses.replace(card, fields={**card.fields, "name": of_file})) == text
    by_hand = FieldState("name", hand=Value("foo"))
    assert "| Name | foo |" in markdown.write(dataclasses.replace(card, fields={**card.fields, "name": by_hand}))

"""Cards as Markdown: what others wrote stays byte for byte, and one changed field changes its own lines alone."""

from __future__ import annotations

import dataclasses
import difflib
import json
from pathlib import Path

import pytest

from forge_desktop.cards import markdown
from forge_desktop.cards.records import Card, FieldState, Value
from tests.cards import markdown_cards as cards
from tests.cards import samples


def _changed(before: str, after: str) -> list[str]:
    """The lines that differ, with + and - before them."""
    lines = difflib.ndiff(before.splitlines(keepends=True), after.splitlines(keepends=True))
    return [line.rstrip("\n") for line in lines if line[0] in "+-"]


def _with(card: Card, **values: FieldState | None) -> Card:
    fields = {key: state for key, state in {**card.fields, **values}.items() if state is not None}
    return dataclasses.replace(card, fields=fields)


def _hand(field: str, data: object, unit: str = "") -> FieldState:
    return FieldState(field, hand=Value(data, unit))


@pytest.mark.parametrize("kind", cards.KINDS)
@pytest.mark.parametrize("path", cards.good(), ids=lambda path: path.name)
def test_a_card_that_did_not_change_stays_byte_for_byte(path: Path, kind) -> None:
    text = cards.text_of(path)
    assert markdown.write(cards.card_of(markdown.read(text, kind), kind)) == text


@pytest.mark.parametrize("path", cards.good(), ids=lambda path: path.name)
def test_every_key_and_every_section_is_still_there_when_all_fields_change(path: Path) -> None:
    text = cards.text_of(path)
    kind = cards.KIND_OF.get(path.name, "student")
    was = markdown.read(text, kind)
    full = samples.full_card(kind)
    now = markdown.read(markdown.write(full, previous=text), kind)
    assert {key: value for key, value in now.keys.items() if key != "library_name" or key in was.keys} == was.keys
    within = {"Bekannte Ausfälle", "A heading inside of details", "أمثلة على الأخطاء"}  # parts of a field's text
    name = str(was.values["name"][0])
    assert {title for title in was.sections if name not in title} - within <= set(now.sections)
    assert now.values == {
        key: (state.shown.data, state.shown.unit) for key, state in full.fields.items() if state.shown is not None
    }


@pytest.mark.parametrize("kind", cards.KINDS)
def test_a_card_with_everything_comes_back_with_every_value_and_its_type(kind) -> None:
    card = dataclasses.replace(samples.full_card(kind), document="")
    text = markdown.write(card)
    read = markdown.read(text, kind)
    wanted = {key: [state.shown.data, state.shown.unit] for key, state in card.fields.items() if state.shown}
    assert json.loads(json.dumps(read.values)) == wanted
    assert repr(read.values["context"]) == repr((8192, "tokens"))
    assert read.not_applicable == {"fairness": "Nothing about people is decided by it."}
    assert markdown.write(card, previous=text) == text


def test_one_field_of_the_front_matter_changes_one_line_and_keeps_its_comment() -> None:
    text = cards.text_of(cards.OWN / "lindenblatt-german-adapter.md")
    card = cards.card_of(markdown.read(text, "adapter"), "adapter")
    after = markdown.write(_with(card, licence=_hand("licence", "MIT")))
    assert _changed(text, after) == [
        "- license: apache-2.0   # wie die Basis", "+ license: mit   # wie die Basis",
    ]  # fmt: skip
    after = markdown.write(_with(card, base_model=_hand("base_model", "linde/b2")))
    assert "+ base_model: 'linde/b2'" in _changed(text, after)
    languages = _hand("languages", ["de", "no", "nb", "en"])
    assert _changed(text, markdown.write(_with(card, languages=languages))) == ["+   - nb"]
    fewer = _hand("languages", ["de", "en"])
    assert _changed(text, markdown.write(_with(card, languages=fewer))) == [
        '-   - "no"        # Norwegisch: ohne Anführungszeichen wäre das ein Wahrheitswert'
    ]


def test_norwegian_is_a_language_and_written_in_quotes() -> None:
    text = "---\nlanguage: no\n---\n\n# Fjord\n"
    read = markdown.read(text, "student")
    assert read.values["languages"] == (["no"], "")
    card = cards.card_of(read, "student")
    both = markdown.write(_with(card, languages=_hand("languages", ["no", "en"])))
    assert "language:\n  - 'no'\n  - en\n" in both
    assert markdown.read(both, "student").values["languages"] == (["no", "en"], "")


def test_line_ends_of_windows_and_the_byte_order_mark_stay() -> None:
    text = cards.text_of(cards.OWN / "tern-embedder-crlf-bom.md")
    card = cards.card_of(markdown.read(text, "embedder"), "embedder")
    after = markdown.write(
        _with(
            card,
            limitations=_hand("limitations", "None known.\n\nNone at all."),
            tags=_hand("tags", ["one"]),
            users=_hand("users", "Everybody."),
            parameters=_hand("parameters", 5),
        )
    )
    assert after.startswith("\ufeff---\r\n")
    assert "\n" not in after.replace("\r\n", "")
    assert markdown.read(after, "embedder").values["limitations"] == ("None known.\n\nNone at all.", "")
    assert "pooling: mean     # not cls" in after


def test_a_value_by_hand_stands_before_the_measured_one_in_one_line() -> None:
    measured = Value(40.2, "bits", "measured", "measurement", {"n": 20, "machine": "a laptop"}, {}, samples.AT)
    card = cards.card("student", {"bits_per_weight": FieldState("bits_per_weight", measured, Value(41.8, "bits"))})
    text = markdown.write(card)
    assert (
        "| Bits per weight | 41.8 bits (measured: 40.2 bits) | by hand; measured 2026-09-21, n = 20, a laptop |" in text
    )
    assert markdown.read(text, "student").values["bits_per_weight"] == (41.8, "bits")
    only = markdown.write(
        dataclasses.replace(card, fields={"bits_per_weight": FieldState("bits_per_weight", measured)}), previous=text
    )
    assert "| Bits per weight | 40.2 bits | measured 2026-09-21, n = 20, a laptop |" in only


def test_what_is_stale_is_said_plainly_and_goes_again() -> None:
    rows = [{"task": "question-answering", "dataset": "suite", "metric": "grounded", "value": 0.9}]
    fresh = Value(rows, "", "measured", "gate", {"n": 40}, {}, samples.AT)
    old = dataclasses.replace(fresh, stale="what was measured with build 1, it is 2 now")
    speed = Value({"p50": 4.5, "p95": 4.0}, "tokens/s", "measured", "measurement", {}, {}, samples.AT, "it changed")
    card = cards.card(
        "student",
        {"evaluation": FieldState("evaluation", old), "prompt_speed": FieldState("prompt_speed", speed)},
    )
    text = markdown.write(card)
    assert "\n**No longer true:** what was measured with build 1, it is 2 now.\n" in text
    assert "| measured 2026-09-21. **No longer true:** it changed. |" in text
    now = _with(
        card,
        evaluation=FieldState("evaluation", fresh),
        prompt_speed=FieldState("prompt_speed", dataclasses.replace(speed, stale="")),
    )
    again = markdown.write(now, previous=text)
    assert "No longer true" not in again
    assert again == markdown.write(now)


def test_rows_by_hand_stand_before_the_measured_ones() -> None:
    measured = Value([{"dataset": "suite", "metric": "f1", "value": 0.5}], "", "measured", "gate")
    hand = Value([{"dataset": "suite", "metric": "f1", "value": 0.6}])
    card = cards.card("student", {"evaluation": FieldState("evaluation", measured, hand)})
    text = markdown.write(card)
    assert text.index("| suite | f1 | 0.6 |") < text.index("*As measured:*") < text.index("| suite | f1 | 0.5 |")
    assert markdown.read(text, "student").values["evaluation"][0] == hand.data
    assert markdown.write(card, previous=text) == text


def test_a_text_that_could_be_taken_for_the_card_around_it_stands_between_marks() -> None:
    text = "# A title\n\n### Known limitations\n\n```\nopen\n\n<!-- end of intended_use -->"
    card = cards.card("student", cards.by_hand({"intended_use": (text, ""), "limitations": ("Real ones.", "")}))
    written = markdown.write(card)
    read = markdown.read(written, "student")
    assert read.values["intended_use"] == (text, "")
    assert read.values["limitations"] == ("Real ones.", "")
    assert "<!-- begin of intended_use_2 -->" in written


def test_of_two_places_the_one_that_was_edited_counts() -> None:
    card = cards.card("student", cards.by_hand({"licence": ("MIT", ""), "base_model": ("a/b", "")}))
    text = markdown.write(card)
    in_table = text.replace("| Licence | MIT |", "| Licence | Apache-2.0 |")
    in_front = text.replace("license: mit", "license: isc")
    assert markdown.read(in_table, "student", previous=text).values["licence"] == ("Apache-2.0", "")
    assert markdown.read(in_front, "student", previous=text).values["licence"] == ("ISC", "")
    assert markdown.read(in_table, "student").values["licence"] == ("MIT", "")
    both = markdown.write(cards.card_of(markdown.read(in_table, "student", previous=text), "student"))
    assert "license: apache-2.0" in both
    gone = text.replace("license: mit\n", "")
    assert "licence" not in markdown.read(gone, "student", previous=text).values


def test_a_licence_that_the_hub_does_not_list_keeps_its_spdx_name() -> None:
    for licence in ("CC-BY-3.0-AT", "MIT OR Apache-2.0", "Apache-2.0 WITH LLVM-exception", "other", "X-1.0"):
        text = markdown.write(cards.card("student", cards.by_hand({"licence": (licence, "")})))
        assert "license: other\n" in text
        read = markdown.read(text, "student")
        assert read.values["licence"] == (licence, "")
        assert "licence_name" not in read.values


@pytest.mark.parametrize("typed", ["mit", "apache-2.0", "lgpl-2.1", "CC-by-NC-4.0", "Llama3.1", "Other"])
def test_a_licence_is_the_hubs_however_it_is_written(typed: str) -> None:
    text = markdown.write(cards.card("student", cards.by_hand({"licence": (typed, "")})))
    assert f"license: {typed.lower()}\n" in text
    assert "license_name" not in text
    assert markdown.read(text, "student").values["licence"] == (typed, "")


def test_a_name_of_a_licence_that_is_the_licence_comes_back() -> None:
    said = cards.by_hand({"licence": ("Own-1.0", ""), "licence_name": ("Own-1.0", "")})
    read = markdown.read(markdown.write(cards.card("student", said)), "student")
    assert (read.values["licence"], read.values["licence_name"]) == (("Own-1.0", ""), ("Own-1.0", ""))


def test_sections_of_the_template_are_filled_in_place() -> None:
    text = cards.text_of(cards.OWN / "kestrel-template.md")
    read = markdown.read(text, "adapter")
    assert read.values["provider"] == ("The Kestrel notebook", "")
    assert read.values["contact"] == ("the-notebook@kestrel.example", "")
    assert "how_to_start" not in read.values
    assert "glossary" not in read.values
    card = _with(
        cards.card_of(read, "adapter"),
        glossary=_hand("glossary", "**ROUGE**: shared words."),
        provider=_hand("provider", "Kestrel & daughters"),
    )
    assert _changed(text, markdown.write(card)) == [
        "- - **Developed by:** The Kestrel notebook", "+ - **Developed by:** Kestrel & daughters",
        "- [More Information Needed]", "+ **ROUGE**: shared words.",
    ]  # fmt: skip


def test_a_field_that_goes_takes_its_own_heading_along_and_nothing_else() -> None:
    rows = [{"dataset": "suite", "metric": "f1", "value": 0.5}]
    card = dataclasses.replace(samples.full_card("student", evaluation=rows), document="")
    text = markdown.write(card)
    less = _with(card, tradeoffs=None, parameters=None, evaluation=None)
    after = markdown.write(less, previous=text)
    assert after == markdown.write(less)
    assert all(line.startswith("-") for line in _changed(text, after))


def test_values_that_no_text_can_say_stand_as_json() -> None:
    odd = {
        "provider": ("two\nlines", ""), "version": (" 1.0 ", ""), "summary": ("# no heading", ""),
        "context": ("many", "tokens"), "inputs": (["a, b", "", 'c"d'], ""), "latency": ({"p50": None}, "ms"),
        "retrieval": ({"a|b": {"c": [1, "2"]}, "n": "3", "t": "true", "e": ""}, ""), "name": ("#", ""),
        "changes": (["one\ntwo", " x", "```"], ""), "evaluation": ([{"metric": "m", "other": {"a": 1}}, {}], ""),
        "base_model": ("file.Q4.gguf", ""), "tags": (["no", "1.0", "a: b", "ø", "#x"], ""),
    }  # fmt: skip
    card = cards.card("student", cards.by_hand(odd))
    text = markdown.write(card)
    assert markdown.read(text, "student").values == odd
    assert markdown.write(card, previous=text) == text


def test_what_cannot_be_a_value_stays_in_the_text_as_somebody_elses_words() -> None:
    text = cards.text_of(cards.FOLDER / "sample_simple_model_index.md").replace(
        "# my-cool-model", "# my-cool-model\n\n- **Developed by:** us"
    ).replace("language: en", "language: english-like").replace("license: mit", "license: my own")  # fmt: skip
    kept = cards.card("student", cards.by_hand({"name": ("my-cool-model", ""), "provider": ("them", "")}))
    after = markdown.write(kept, previous=text)
    for line in ("language: english-like", "license: my own", "- **Developed by:** them"):
        assert f"{line}\n" in after
    assert "model-index" not in after


def test_results_in_words_stay_when_the_others_change() -> None:
    text = cards.text_of(cards.OWN / "kestrel-template.md")
    card = cards.card_of(markdown.read(text, "adapter"), "adapter")
    rows = card.fields["evaluation"].shown.data  # type: ignore[union-attr]
    changed = [{**rows[0], "value": 42}, *rows[1:]]
    after = markdown.write(_with(card, evaluation=_hand("evaluation", changed)))
    assert _changed(text, after) == [
        "-     - {type: rouge1, value: 41.27, name: ROUGE-1, verified: false}",
        "+     - {type: rouge1, value: 42, name: ROUGE-1, verified: false}",
    ]
    fewer = markdown.write(_with(card, evaluation=_hand("evaluation", rows[:2])))
    assert '"63 ± 4"' in fewer or "63 ± 4" in fewer


def test_marks_that_turn_the_direction_are_escaped_and_come_back() -> None:
    bad = "a\u202egnp.exe"
    card = samples.full_card(
        "adapter", name=bad, provider=bad, tags=[bad, "b"], hyperparameters={bad: bad}, safety="Fine.",
        evaluation=[{"metric": bad, "value": 1.5}],
    )  # fmt: skip
    text = markdown.write(dataclasses.replace(card, document=""))
    assert "\u202e" not in text
    back = markdown.read(text, "adapter").values
    for key in ("name", "provider", "tags", "hyperparameters", "evaluation"):
        assert back[key][0] == card.fields[key].hand.data, key  # type: ignore[union-attr]
    assert markdown.write(card, previous=text) == text


def test_what_is_only_filled_in_is_not_called_measured() -> None:
    found = FieldState("context", Value(8192, "tokens", "measured", "file"), Value(4096, "tokens"))
    gate = FieldState("gate", Value({"seed": 1}, "", "measured", "registry"), Value({"seed": 2}))
    card = _with(samples.full_card("adapter"), context=found, gate=gate)
    text = markdown.write(dataclasses.replace(card, document=""))
    assert "4,096 tokens (filled in: 8,192 tokens)" in text
    assert "*As filled in:*" in text
    back = markdown.read(text, "adapter").values
    assert (back["context"], back["gate"]) == ((4096, "tokens"), ({"seed": 2}, ""))
    assert markdown.write(card, previous=text) == text

"""One number of somebody's card corrected: its line changes with what vouched for it, all others stay as they were."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from huggingface_hub import ModelCard

from forge_desktop.cards import claims, markdown
from forge_desktop.cards.records import Card, FieldState, Value
from tests.cards import markdown_cards as cards
from tests.cards.conftest import CardRoom

Rows = list[dict[str, object]]
_RESULT = """\
  - task:
      type: text-generation
      name: Task {n}   # comment {n}
    dataset:
      name: "DS: {n}"
      type: org/ds{n}
      config: default
      split: validation
      args:
        num_few_shot: {n}
        nested: {{a: [1,2]}}
    metrics:
    - type: acc_norm
      value: {n}.10  # five shots
      name: normalized accuracy
      args: {{k: {n}}}
    - {{type: 'mc2', value: {n}.25}}   # as told
    source:
      url: https://results.example/x?query=m{n}
      name: A leaderboard
"""
LONG = (
    "---\nlicense: mit\nmodel-index:\n- name: m\n  results:\n"
    + "".join(_RESULT.format(n=n) for n in range(60))
    + "x: {a: 0755, b: [1, 2]}  # kept\n---\n\n# M\n\nIt sums up.\n"
)
VOUCHED = """\
---
model-index:
- name: m1
  results:
  - task: {type: text-generation}
    dataset: {type: a/b, name: AB}
    metrics:
    - verified: true
      # who says so
      type: bleu
      value: '12.50'
      verifyToken: xyz  # signed
      name: BLEU
    - {type: chrf, value: 1.0, verified: true, verifyToken: abc}
    - {verified: true, type: ter, value: 5}
---

# M
"""


def _typed(text: str, change: Callable[[Rows], object]) -> tuple[Card, Rows, str]:
    """The card, its rows as a person changed them, and the text that comes of it."""
    card = cards.card_of(markdown.read(text, "student"), "student")
    state = card.fields["evaluation"]
    assert state.hand is not None
    rows: Rows = [dict(row) for row in state.hand.data]  # type: ignore[attr-defined]
    change(rows)
    value = claims.honest(state, Value(rows))
    changed = dataclasses.replace(card, fields={**card.fields, "evaluation": FieldState("evaluation", hand=value)})
    return changed, value.data, markdown.write(changed)  # type: ignore[return-value]


def _lines(before: str, after: str) -> list[tuple[str, str]]:
    pairs = zip(before.splitlines(), after.splitlines(), strict=True)
    return [(one.strip(), other.strip()) for one, other in pairs if one != other]


@pytest.mark.parametrize("ends", ["\n", "\r\n"])
def test_one_number_of_many_changes_its_own_line_alone(ends: str) -> None:
    text = LONG.replace("\n", ends)
    card, rows, after = _typed(text, lambda rows: rows[2].update(value=7.5))
    assert _lines(text, after) == [("value: 1.10  # five shots", "value: 7.5  # five shots; by hand")]
    assert after.count(ends) == text.count(ends)
    assert rows[2]["source"] == "by hand"
    assert markdown.read(after, "student").values["evaluation"][0] == rows
    assert markdown.write(card, previous=after) == after
    card, rows, after = _typed(text, lambda rows: rows[1].update(value=7))
    assert _lines(text, after) == [
        ("- {type: 'mc2', value: 0.25}   # as told", "- {type: 'mc2', value: 7}   # as told; by hand")
    ]
    again = markdown.read(after, "student").values["evaluation"][0]
    assert again == rows
    _, _, undone = _typed(after, lambda rows: rows[1].update(value=0.25, source=rows[0]["source"]))
    assert undone == text


def test_a_mark_stands_alone_where_there_is_no_comment() -> None:
    text = LONG.replace("  # five shots", "")
    _, _, after = _typed(text, lambda rows: rows[0].update(value=7))
    assert _lines(text, after) == [("value: 0.10", "value: 7  # by hand")]
    flow = LONG.replace("value: 1.25}", "value: 1.25, name: m}").replace("   # as told", "")
    _, _, named = _typed(flow, lambda rows: rows[3].update(value=7))
    assert _lines(flow, named) == [
        ("- {type: 'mc2', value: 1.25, name: m}", "- {type: 'mc2', value: 7, name: m}  # by hand")
    ]
    assert _typed(after, lambda rows: rows[0].update(value=0.1, source=rows[1]["source"]))[2] == text.replace(
        "value: 0.10\n", "value: 0.1\n"
    )
    result = ModelCard(after).data.eval_results[0]
    assert (result.metric_value, result.dataset_args) == (7, {"num_few_shot": 0, "nested": {"a": [1, 2]}})


def test_what_vouched_for_the_old_number_goes_with_it() -> None:
    _, _, after = _typed(VOUCHED, lambda rows: rows[0].update(value=13.5))
    wanted = VOUCHED.replace("    - verified: true\n      # who says so\n      type", "    - type")
    assert after == wanted.replace("12.50", "13.5").replace("      verifyToken: xyz  # signed\n", "")
    _, _, after = _typed(VOUCHED, lambda rows: rows[1].update(value=2.5))
    assert after == VOUCHED.replace("value: 1.0, verified: true, verifyToken: abc}", "value: 2.5}")
    _, _, after = _typed(VOUCHED, lambda rows: rows[2].update(value=6))
    assert after == VOUCHED.replace("{verified: true, type: ter, value: 5}", "{type: ter, value: 6}")


def test_rows_come_and_go_around_others() -> None:
    def changed(rows: Rows) -> None:
        del rows[101], rows[40:42], rows[7]
        rows.insert(4, {"dataset": "new/one", "metric": "m", "value": 1.5, "task": "t", "source": "by hand"})
        rows.append({"dataset": "new/one", "metric": "m", "value": 2.5, "task": "t"})
        rows.append({"dataset": "new/one", "metric": "o", "value": 3, "task": "t"})

    _, rows, after = _typed(LONG, changed)
    gone = [line for line in LONG.splitlines() if line not in after.splitlines()]
    want = _RESULT.format(n=20).splitlines() + [f"    - {{type: 'mc2', value: {n}.25}}   # as told" for n in (3, 50)]
    assert sorted(gone) == sorted(line for line in want if line not in after.splitlines())
    assert "Task 20" not in after
    assert after.endswith("x: {a: 0755, b: [1, 2]}  # kept\n---\n\n# M\n\nIt sums up.\n")
    read = markdown.read(after, "student").values["evaluation"][0]
    assert read == rows
    assert after.count("      type: new/one\n") == 2
    assert after.count("value: 1.5  # by hand\n") == 1


def test_what_is_said_of_a_whole_result_changes_in_place_or_for_one_row_alone() -> None:
    _, _, after = _typed(LONG, lambda rows: [row.update(split="test") for row in rows[:2]])
    changed = _lines(LONG, after)
    assert changed[0] == ("split: validation", "split: test")
    _, rows, after = _typed(LONG, lambda rows: rows[3].update(config="other"))
    read = markdown.read(after, "student").values["evaluation"][0]
    assert {**read[3], "source": "by hand"} == rows[3]
    assert LONG.partition("Task 1 ")[0] == after.partition("Task 1 ")[0]
    assert LONG.partition("Task 2 ")[2] == after.partition("Task 2 ")[2]


def test_results_that_an_alias_repeats_are_written_so_that_each_says_its_own() -> None:
    text = VOUCHED.replace("value: 1.0", "value: &v 1.0").replace("value: 5", "value: *v")
    _, _, after = _typed(text, lambda rows: rows[1].update(value=6))
    found = yaml.safe_load(after.split("---")[1])["model-index"][0]["results"]
    assert [metric["value"] for result in found for metric in result["metrics"]] == ["12.50", 6, 1.0]


def test_no_table_comes_into_the_text_for_what_was_written_by_hand() -> None:
    lacking = LONG.replace("      type: org/ds1\n", "").replace('      name: "DS: 1"\n', "")
    _, _, after = _typed(lacking, lambda rows: rows[4].update(value=7))
    assert _lines(lacking, after) == [("value: 2.10  # five shots", "value: 7  # five shots; by hand")]
    in_braces = "---\nmodel-index: [{name: m, results: [\n" + "".join(
        f"  {{task: {{type: t}}, dataset: {{name: D, type: d/{n}}}, source: {{url: 'https://x.example'}},\n"
        f"    metrics: [{{type: m, value: {n}}}]}},\n"
        for n in range(4)
    )
    _, _, after = _typed(in_braces + "]}]\n---\n\n# M\n", lambda rows: rows[0].update(value=7))
    assert _lines(in_braces + "]}]\n---\n\n# M\n", after) == [
        ("metrics: [{type: m, value: 0}]},", "metrics: [{type: m, value: 7}]},  # by hand")
    ]
    one = in_braces.partition("  {task")[0] + "{task: {type: t}, dataset: {name: D, type: d}, metrics: "
    metrics = "[{type: a, value: 1}, {type: b, value: 2}, {type: c, value: 3}]"
    _, _, after = _typed(f"{one}{metrics}}}]}}]\n---\n", lambda rows: rows.__delitem__(slice(2)))
    assert after == f"{one}[{{type: c, value: 3}}]}}]}}]\n---\n"
    _, rows, after = _typed(f"{one}{metrics}}}]}}]\n---\n", lambda rows: [row.update(split="s") for row in rows])
    assert markdown.read(after, "student").values["evaluation"][0] == rows
    _, rows, after = _typed(LONG, lambda rows: (rows.reverse(), rows[0].update(value=7)))
    assert after.endswith("# M\n\nIt sums up.\n")
    assert sorted(map(repr, markdown.read(after, "student").values["evaluation"][0])) == sorted(map(repr, rows))


@pytest.mark.parametrize("typed", [False, True])
def test_set_or_typed_in_the_source_a_number_says_the_same(room: CardRoom, tmp_path: Path, typed: bool) -> None:
    text = LONG.replace(
        "      value: 1.10  # five shots\n", "      value: 1.10\n      verified: true\n      verifyToken: xyz\n"
    )
    (tmp_path / "m.md").write_text(text, encoding="utf-8")
    card = room.forge.jobs.wait(room.cards.bring_in(tmp_path / "m.md"), 60)
    assert isinstance(card, Card)
    assert room.cards.markdown(card.uid) == text
    if typed:
        assert room.cards.set_text(card.uid, text.replace("value: 1.10\n", "value: 7.5\n")).taken
    else:
        rows = [dict(row) for row in room.shown(card.uid, "evaluation")]  # type: ignore[attr-defined]
        rows[2]["value"] = 7.5
        room.cards.set(card.uid, "evaluation", rows)
    after = room.cards.markdown(card.uid)
    assert after == LONG.replace("      value: 1.10  # five shots\n", "      value: 7.5  # by hand\n")
    assert room.cards.set_text(card.uid, after).taken
    assert room.cards.markdown(card.uid) == after


def test_a_row_of_somebodys_table_changes_alone() -> None:
    table = "|Dataset | Metric|Value | Source|\n|:--|---|--:|---|\n" + "".join(
        f"|d{n}|  acc | {n}.50|<https://x.example/{n}>  |\n" for n in range(5)
    )
    text = f"# M\n\n## Evaluation results\n\n{table}\nWords behind.\n"
    body = "# M\n" + _typed(text, lambda rows: rows[3].update(value=7.25))[2].partition("# M\n")[2]
    assert _lines(text, body) == [("|d3|  acc | 3.50|<https://x.example/3>  |", "| d3 | acc | 7.25 | by hand |")]
    after = _typed(text, lambda rows: rows.pop(0))[2]
    assert after.endswith(text.replace("|d0|  acc | 0.50|<https://x.example/0>  |\n", ""))


def test_rows_come_in_brackets_as_on_lines_and_what_is_quoted_stays_so() -> None:
    text = (
        "---\nmodel-index: [{name: m, results: [{task: {type: t}, dataset: {name: d, type: d}, metrics: [\n"
        "  {type: 'a', value: '1.5'},  # one\n]}]}]\n---\n\n# M\n"
    )
    more = {"task": "t", "dataset": "d", "metric": "b", "value": 2, "source": "by hand"}
    _, rows, after = _typed(text, lambda rows: (rows[0].update(value=2.5), rows.append(more)))
    assert "metrics: [\n  {type: 'a', value: '2.5'},  # one\n  {type: b, value: 2},  # by hand\n]" in after
    assert markdown.read(after, "student").values["evaluation"][0] == rows
    _, _, after = _typed(text, lambda rows: rows[0].update(metric="c"))
    assert after == text.replace("'a'", "'c'")


def test_a_text_that_says_results_or_a_licence_in_its_body_alone_stays_as_it_is() -> None:
    table = "| Dataset | Metric | Value |\n|---|---|---|\n| a/b | acc | 1.5 |\n"
    facts = "| What | Value | Source |\n|---|---|---|\n| Licence | MIT | by hand |\n"
    text = f"# M\n\nSum.\n\n{facts}\n## Evaluation results\n\n{table}\nWords.\n"
    for whole in (text, f"---\ntags: [x]\n---\n{text}"):
        read = markdown.read(whole, "student")
        assert {"licence", "evaluation"} <= set(read.values)
        card = cards.card_of(read, "student")
        assert markdown.write(card) == whole
        tagged = FieldState("tags", hand=Value(["y"]))
        after = markdown.write(dataclasses.replace(card, fields={**card.fields, "tags": tagged}))
        assert after.endswith(text)
        assert "model-index" not in after
        other = FieldState("licence", hand=Value("Apache-2.0"))
        after = markdown.write(dataclasses.replace(card, fields={**card.fields, "licence": other}))
        assert "license: apache-2.0" in after
        assert "| Licence | Apache-2.0 |" in after

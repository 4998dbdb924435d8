"""Cards through huggingface_hub: what we write it reads, what it writes we read, with results in both forms."""

from __future__ import annotations

import dataclasses
import json

import pytest
import yaml
from huggingface_hub import EvalResult, ModelCard, ModelCardData
from huggingface_hub._eval_results import eval_result_entries_to_yaml, parse_eval_result_entries

from forge_desktop.cards import claims, markdown
from forge_desktop.cards.records import FieldState, Value
from tests.cards import markdown_cards as cards
from tests.cards import samples


@pytest.mark.parametrize("kind", cards.KINDS)
def test_the_hub_reads_what_we_write_and_gives_it_back_unchanged_in_what_it_says(kind) -> None:
    full = dataclasses.replace(samples.full_card(kind), document="")
    text = markdown.write(full)
    card = ModelCard(text)
    assert card.data.license == "apache-2.0"
    assert card.data.language == ["en", "it", "zh-Hant"]
    assert card.data.pipeline_tag == "text-generation"
    assert card.data.base_model == "SmolLM2"
    assert card.data.model_name == "forge-v12"
    assert [result.metric_value for result in card.data.eval_results] == [0.91, 0.86]
    ours, theirs = markdown.read(text, kind), markdown.read(str(card), kind)
    assert theirs.values == ours.values
    assert theirs.keys == ours.keys


@pytest.mark.parametrize("path", [path for path in cards.good() if "bom" not in path.name], ids=lambda path: path.name)
def test_a_card_that_the_hub_loaded_says_the_same_to_us(path) -> None:
    text = cards.text_of(path)
    if "invalid_model_index" in path.name:
        with pytest.raises(ValueError, match="model_index"):
            ModelCard(text)
        (remark,) = markdown.read(text, "student").remarks
        assert (remark.field, remark.severity, remark.line, remark.column) == ("evaluation", "warning", 15, 5)
        assert "names no data set" in remark.message
        return
    if "no_metadata" in path.name:
        return
    kind = cards.KIND_OF.get(path.name, "student")
    ours, theirs = markdown.read(text, kind), markdown.read(str(ModelCard(text)), kind)
    was = dict(ours.values)
    if path.name == "kestrel-template.md":  # the hub reads an unquoted `no` as false, and cannot give it back
        assert was.pop("languages") == (["en", "ja", "no"], "")
    # The hub writes results of one data set together and drops what has no value.
    evaluation = was.pop("evaluation", ([], ""))[0]
    assert {key: value for key, value in theirs.values.items() if key in was} == was
    said = theirs.values.get("evaluation", ([], ""))[0]
    assert sorted(map(json.dumps, said)) == sorted(map(json.dumps, evaluation))
    kept = {key: value for key, value in ours.keys.items() if value is not None and key != "zeitpunkt"}
    assert {key: _as_hub(value) for key, value in kept.items()} == {
        key: _as_hub(value) for key, value in theirs.keys.items() if value is not None and key != "zeitpunkt"
    }


def _as_hub(value: object) -> object:
    """Merge keys come back merged, in another order; moments (`zeitpunkt`) in another form, so they are left out."""
    return json.loads(json.dumps(value, sort_keys=True))


def test_results_that_the_hub_made_are_rows_and_rows_are_results_of_the_hub() -> None:
    squad = {"dataset_split": "test", "dataset_revision": "abc"}
    results = [
        EvalResult("question-answering", "squad", "SQuAD", "f1", 88.25, **squad),
        EvalResult("question-answering", "squad", "SQuAD", "exact_match", 80, **squad),
        EvalResult("text-generation", "own", "Own", "score", "20.0 ± 1.2", dataset_config="x", verified=False,
                   source_name="Log", source_url="https://log.example/1", metric_args={"k": 3}),
    ]  # fmt: skip
    text = str(
        ModelCard.from_template(ModelCardData(model_name="m", eval_results=results, language="en", x={"y": [1]}))
    )
    read = markdown.read(text, "student")
    rows = read.values["evaluation"][0]
    assert rows[0] == {"task": "question-answering", "dataset": "squad", "revision": "abc", "split": "test",
                       "metric": "f1", "value": 88.25}  # fmt: skip
    assert len(rows) == 2  # a result in words is no row, and stays
    changed = [{**rows[0], "value": 89.5}, rows[1], {"task": "t", "dataset": "new/one", "metric": "m", "value": 1.5}]
    card = cards.card_of(read, "student")
    fields = {**card.fields, "evaluation": FieldState("evaluation", hand=Value(changed))}
    after = markdown.write(dataclasses.replace(card, fields=fields))
    assert "      value: 88.25\n" in text
    assert text.replace("      value: 88.25\n", "      value: 89.5\n") in after.replace(_added(after), "")
    again = ModelCard(after).data.eval_results
    assert again[0].metric_value == 89.5
    assert again[:2] == [dataclasses.replace(results[0], metric_value=89.5), results[1]]
    assert results[2] in again
    assert ("new/one", 1.5) in [(result.dataset_type, result.metric_value) for result in again]


def _added(text: str) -> str:
    """The lines of the new result."""
    start = text.index("  - task:\n      type: t\n")
    return text[start : text.index("      value: 1.5\n") + len("      value: 1.5\n")]


def test_results_leave_as_files_of_the_hub_and_come_back() -> None:
    card = samples.full_card("adapter")
    assert markdown.eval_results(card) == {}  # a suite of one's own is no data set of the hub
    rows = [
        {**row, "dataset": "own/contracts"} if row.get("dataset") else row
        for row in card.fields["evaluation"].shown.data  # type: ignore[union-attr]
    ]
    card = samples.full_card("adapter", evaluation=rows)
    files = markdown.eval_results(card)
    assert set(files) == {"contracts.yaml"}
    entries = parse_eval_result_entries(yaml.safe_load(files["contracts.yaml"]))
    assert [(entry.dataset_id, entry.task_id, entry.value) for entry in entries] == [
        ("own/contracts", "question-answering", 0.91), ("own/contracts", "question-answering", 0.86),
    ]  # fmt: skip
    assert entries[0].notes.startswith("metric: grounded; split: test; unit: share; n: 220; baseline: v11")
    back = markdown.read_eval_results(files)
    assert [dict(sorted(row.items())) for row in back] == [
        dict(sorted(row.items())) for row in rows if row.get("dataset")
    ]
    theirs = yaml.safe_dump(eval_result_entries_to_yaml(entries))
    assert markdown.read_eval_results({"x.yaml": theirs}) == back


def test_notes_of_others_are_how_it_was_configured_and_bad_files_are_named() -> None:
    text = (
        '- dataset: {id: cais/hle, task_id: default}\n  value: 20.9\n  date: 2026-01-15\n  notes: "no-tools; pass@1"\n'
    )
    assert markdown.read_eval_results({"hle.yaml": text}) == [
        {"dataset": "cais/hle", "value": 20.9, "date": "2026-01-15", "config": "no-tools; pass@1"}
    ]
    more = (
        text + "  verifyToken: abc\n  unknown: keep\n  source: {url: 'https://x.example', name: CAIS HLE, org: cais}\n"
    )
    row = markdown.read_eval_results({"hle.yaml": more})[0]
    assert row["source"] == "https://x.example"
    assert "verified" not in row  # nobody here knows whether a token is genuine
    card = cards.card("student", {"evaluation": FieldState("evaluation", hand=Value([row]))})
    files = markdown.eval_results(card)
    assert yaml.safe_load(files["hle.yaml"]) == yaml.safe_load(more.replace("date: 2026-01-15", "date: '2026-01-15'"))
    assert markdown.read_eval_results(files) == [row]
    shown = {**row, "config": "no-tools; pass@1"}  # a text shows no tokens
    assert markdown.read(markdown.write(card), "student").values["evaluation"] == ([shown], "")
    changed = claims.honest(card.fields["evaluation"], Value([{**row, "value": 21}]))
    card = cards.card("student", {"evaluation": FieldState("evaluation", hand=changed)})
    (entry,) = yaml.safe_load(markdown.eval_results(card)["hle.yaml"])
    assert not {"verifyToken", "source"} & set(entry)
    assert (entry["unknown"], entry["notes"]) == ("keep", 'config: "no-tools; pass@1"; source: by hand')
    own = {**row, "config": '{"verifyToken": "settings"}'}
    card = cards.card("student", {"evaluation": FieldState("evaluation", hand=Value([own]))})
    assert "verifyToken" not in yaml.safe_load(markdown.eval_results(card)["hle.yaml"])[0]
    with pytest.raises(markdown.BadCardText, match=r"Line 1, column 3: .*\(bad.yaml\)"):
        markdown.read_eval_results({"bad.yaml": "- [a\n"})
    with pytest.raises(markdown.BadCardText, match="has to be a list"):
        markdown.read_eval_results({"bad.yaml": "a: b\n"})


@pytest.mark.parametrize(("before", "said"), [("\ufeff---\r\n", "byte order mark"), ("\n--- \n", "Blanks")])
def test_front_matter_that_the_hub_does_not_find_is_warned_of(before: str, said: str) -> None:
    text = f"{before}license: mit\n---  \n\n# M\n"
    assert ModelCard(text, ignore_metadata_errors=True).data.to_dict() == {}
    (remark,) = markdown.read(text, "student").remarks
    assert said in remark.message
    assert (remark.severity, remark.line) == ("warning", before.count("\n"))
    fine = text.replace(before, "---\n")
    assert (ModelCard(fine).data.license, markdown.read(fine, "student").remarks) == ("mit", ())

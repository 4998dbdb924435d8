"""Cards as CycloneDX 1.7: valid by the strict schema, read back value for value, nothing of others' lost."""

import dataclasses
import json

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from forge_desktop.base.errors import ForgeError
from forge_desktop.cards.fields import BY_KEY
from forge_desktop.cards.formats.cyclonedx import render
from forge_desktop.cards.formats.reading import read_json
from forge_desktop.cards.records import Card, FieldState, Value
from tests.cards.samples import SHA, empty_card, full_card, many_rows, with_texts

NASTY = (
    "</script><script>alert(1)</script> ]]> \u202eright to left\u202c \x00\x07 \ud83d\ude00 'quotes\" \\ & ```\n---\n"
)
KINDS = ("student", "adapter", "teacher", "embedder")


@pytest.fixture(scope="module")
def validator() -> JsonStrictValidator:
    return JsonStrictValidator(SchemaVersion.V1_7)


@pytest.mark.parametrize("kind", KINDS)
def test_full_cards_are_valid_and_come_back(kind, validator):
    card = full_card(kind, intended_use="By hand")
    written = render(card)
    assert validator.validate_str(written.decode()) is None
    assert render(card) == written
    read = read_json(written)
    assert (read.kind, read.name, read.document) == (kind, "forge-v12", card.document)
    assert {key: (value.data, value.unit) for key, value in read.values.items()} == {
        key: (state.shown.data, state.shown.unit) for key, state in card.fields.items() if state.shown
    }
    assert read.not_applicable == {"fairness": "Nothing about people is decided by it."}
    assert {value.origin for value in read.values.values()} == {"hand"}
    assert read.values["name"].source == "import"
    assert read.values["name"].detail["machine"] == "a computer with 8 cores"


def test_what_the_format_has_a_place_for_stands_there():
    document = json.loads(render(full_card("adapter")))
    model, (base,) = document["metadata"]["component"], document["components"]
    assert model["type"] == "machine-learning-model"
    assert model["licenses"] == [{"license": {"id": "Apache-2.0"}}]
    assert model["hashes"] == [{"alg": "SHA-256", "content": SHA}]
    assert model["pedigree"]["ancestors"][0]["name"] == base["name"] == "SmolLM2"
    assert document["dependencies"][0] == {"ref": model["bom-ref"], "dependsOn": ["base"]}
    card = model["modelCard"]
    assert card["modelParameters"]["approach"] == {"type": "supervised"}
    assert card["modelParameters"]["datasets"][0]["name"] == "pairs of November"
    metrics = card["quantitativeAnalysis"]["performanceMetrics"]
    assert metrics[0] == {
        "type": "grounded (share)",
        "value": "0.91",
        "slice": "task=question-answering; dataset=contracts; revision=3; split=test; n=220",
    }
    assert metrics[1]["confidenceInterval"] == {"lowerBound": "0.08", "upperBound": "0.18"}
    assert any(metric["type"] == "Writing an answer p50 (tokens/s)" for metric in metrics)
    energy = card["considerations"]["environmentalConsiderations"]["energyConsumptions"][0]
    assert (energy["activity"], energy["activityEnergyCost"]) == ("fine-tuning", {"value": 4.5, "unit": "kWh"})
    told = {each["name"]: each["value"] for each in card["properties"]}
    assert told["forge-desktop:training_cost_usd"] == "0.150000"
    assert json.loads(told["forge-desktop:teachers"])[0]["cost_usd"] == "1.234567"
    assert json.loads(told["forge-desktop:file_bytes:provenance"])["at"] == "2026-09-21T14:13:20Z"
    assert "forge-desktop:version" not in told


@pytest.mark.parametrize("kind", KINDS)
def test_empty_cards_are_valid(kind, validator):
    written = render(empty_card(kind))
    assert validator.validate_str(written.decode()) is None
    assert json.loads(written)["metadata"]["component"]["licenses"] == [{"license": {"name": "NOASSERTION"}}]
    assert "licence" not in read_json(written).values


def test_many_rows_and_odd_texts_are_valid(validator):
    card = with_texts(NASTY)
    assert validator.validate_str(render(card).decode()) is None
    assert read_json(render(card)).values["safety"].data == NASTY.replace("\ud83d\ude00", "??")
    rows = many_rows(200)
    written = render(full_card("adapter", evaluation=rows))
    assert validator.validate_str(written.decode()) is None
    assert read_json(written).values["evaluation"].data == rows


@pytest.mark.parametrize(
    ("licence", "written"),
    [
        ("apache-2.0", {"license": {"id": "Apache-2.0"}}),
        ("MIT OR Apache-2.0", {"expression": "MIT OR Apache-2.0"}),
        ("other", {"license": {"name": "other"}}),
        ("gemma", {"license": {"name": "gemma"}}),
    ],
)
def test_licences_come_back_as_they_were(licence, written, validator):
    document = render(full_card("student", licence=licence))
    assert validator.validate_str(document.decode()) is None
    made = json.loads(document)["metadata"]["component"]["licenses"][0]
    assert {key: held for key, held in made.items() if key != "license"} | {
        key: {name: each for name, each in held.items() if name != "url"}
        for key, held in made.items()
        if key == "license"
    } == written
    assert read_json(document).values["licence"].data == licence


@pytest.mark.parametrize("value", [float("nan"), float("inf"), [{"metric": "x", "value": float("-inf")}]])
def test_numbers_that_are_none_are_refused(value):
    key = "evaluation" if isinstance(value, list) else "training_energy"
    with pytest.raises(ForgeError, match=BY_KEY[key].title):
        render(full_card("adapter", **{key: value}))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"[]",
        b'"x"',
        b"\xff\xfe",
        b'{"bomFormat": "CycloneDX"}',
        b'{"bomFormat": "CycloneDX", "components": [1, null, {"type": "library"}]}',
        b'{"bomFormat": "CycloneDX", "components": {}, "metadata": []}',
        b'{"a": NaN}',
        b"[" * 100_000,
        b'{"x": ' + b"9" * 5000 + b"}",
    ],
)
def test_what_is_no_document_is_refused_in_a_sentence(data):
    with pytest.raises(ForgeError) as refused:
        read_json(data)
    assert refused.value.message.endswith(".")


def test_wrong_types_in_every_place_are_never_more_than_left_in_the_text():
    places = ("version", "description", "supplier", "licenses", "hashes", "pedigree", "externalReferences", "tags",
              "properties")  # fmt: skip
    parts = ("modelParameters", "quantitativeAnalysis", "considerations", "properties")
    for wrong in (1, None, "x", [], [1], {}, {"x": 1}, [[]], [{"y": None}]):
        deeper = {
            "modelParameters": dict.fromkeys(("datasets", "inputs", "approach", "task"), wrong),
            "considerations": dict.fromkeys(("users", "ethicalConsiderations", "fairnessAssessments"), wrong),
            "quantitativeAnalysis": {"performanceMetrics": wrong},
        }
        for card in (dict.fromkeys(parts, wrong), wrong, deeper):
            model = {"type": "machine-learning-model", "name": "x", **dict.fromkeys(places, wrong), "modelCard": card}
            said = {"bomFormat": "CycloneDX", "components": [model]}
            assert read_json(json.dumps(said).encode()).name == "x"


def said_of_fairness(card: Card, text: str) -> Card:
    return dataclasses.replace(card, fields={**card.fields, "fairness": FieldState("fairness", hand=Value(text))})


def model_card_of(document: bytes) -> dict:
    return json.loads(document)["metadata"]["component"]["modelCard"]


def test_the_format_lists_what_is_there_and_never_says_the_opposite(validator):
    one, two = ([{"name": name} for name in names] for names in (["a"], ["a", "b"]))
    for sensitive, rows, said in (
        ("no", one, [None]),
        ("unknown", one, [None]),
        ("yes", one, [["personal data"]]),
        ("yes", two, [["personal data: the card says that the data of its training hold some, not in which set"]] * 2),
    ):
        card = full_card("adapter", sensitive_data=sensitive, training_data=rows)
        written = render(said_of_fairness(card, "No one is judged."))
        assert validator.validate_str(written.decode()) is None
        model = model_card_of(written)
        assert [each.get("sensitiveData") for each in model["modelParameters"]["datasets"]] == said
        assert "fairnessAssessments" not in model["considerations"]
        read = read_json(written).values
        assert (read["sensitive_data"].data, read["fairness"].data) == (sensitive, "No one is judged.")


@pytest.mark.parametrize(
    ("baseline", "types"),
    [
        (0, ["f1 (share)", "f1 of the baseline (share)", "f1, difference to the baseline (share)"]),
        (0.48, ["f1 (share)", "f1 of the baseline (share)", "f1, difference to the baseline (share)"]),
        ("v11", ["f1 (share)", "f1, difference to v11 (share)"]),
        (None, ["f1 (share)", "f1, difference to the baseline (share)"]),
    ],
)
def test_a_baseline_that_is_a_figure_is_a_metric(baseline, types, validator):
    row = {"metric": "f1", "value": 0.5, "unit": "share", "baseline": baseline, "difference": 0.02}
    written = render(full_card("adapter", evaluation=[{name: held for name, held in row.items() if held is not None}]))
    assert validator.validate_str(written.decode()) is None
    metrics = model_card_of(written)["quantitativeAnalysis"]["performanceMetrics"]
    assert [each["type"] for each in metrics if each["type"].startswith("f1")] == types
    assert [each["value"] for each in metrics if "of the baseline" in each["type"]] == (
        [str(baseline)] if isinstance(baseline, (int, float)) else []
    )

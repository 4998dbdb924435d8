"""CycloneDX documents of others: what has a field is taken, the rest stays in the text and is named."""

import json

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from forge_desktop.cards.formats.cyclonedx import render
from forge_desktop.cards.formats.reading import read_json
from tests.cards.samples import full_card
from tests.cards.test_cyclonedx import model_card_of, said_of_fairness


def test_a_document_of_others_keeps_what_has_no_field():
    said = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": "urn:uuid:3e671687-395b-41f5-a30f-a58921a69b79",
        "components": [
            {"type": "library", "name": "numpy", "version": "2.2"},
            {
                "type": "machine-learning-model",
                "bom-ref": "m",
                "name": "Foreign",
                "version": "2",
                "supplier": {"name": "Elsewhere", "address": {"country": "IT"}},
                "licenses": [{"license": {"id": "MIT"}}],
                "modelCard": {
                    "modelParameters": {"task": "summarization", "approach": {"type": "unsupervised"}},
                    "quantitativeAnalysis": {"performanceMetrics": [{"type": "F1", "value": "0.5", "slice": "news"}]},
                    "considerations": {
                        "users": ["one", "two"],
                        "technicalLimitations": ["weak"],
                        "ethicalConsiderations": [{"name": "bias", "mitigationStrategy": "look"}],
                    },
                    "properties": [{"name": "vendor:colour", "value": "green"}],
                },
            },
        ],
    }
    read = read_json(json.dumps(said).encode())
    told = {key: value.data for key, value in read.values.items()}
    assert told == {
        "name": "Foreign",
        "version": "2",
        "provider": "Elsewhere",
        "licence": "MIT",
        "task": "summarization",
        "learning": "unsupervised",
        "users": "- one\n- two",
        "limitations": "weak",
        "safety": "bias: look",
        "evaluation": [{"metric": "F1", "value": 0.5, "split": "news"}],
    }
    assert {value.source for value in read.values.values()} == {"import"}
    for kept in ("numpy", "vendor:colour", "green", '"country": "IT"', "3e671687"):
        assert kept in read.document
    assert [one.message for one in read.problems] == [
        "A card has no field for these parts of the document, so they stay in its text: supplier.address.country, "
        "serialNumber, components (1), properties (1)."
    ]


def foreign() -> dict:
    """A valid document of somebody else that says more than a card has fields for."""
    kwh = {"value": 100, "unit": "kWh"}
    provider = {"organization": {"name": "o"}, "energySource": "wind", "energyProvided": kwh}
    spent = {"energyProviders": [provider], "activityEnergyCost": kwh}
    risk = {"groupAtRisk": "g1", "benefits": "b1", "harms": "h1\nand h2", "mitigationStrategy": "m1"}
    metrics = [
        {"type": "accuracy", "value": "0.9", "slice": "en", "confidenceInterval": {"lowerBound": "0.8",
         "upperBound": "0.95"}},
        {"type": "f1", "value": "n/a"},
        {"type": "bleu", "value": "3", "slice": "task=translation; dataset=wmt; n=12"},
    ]  # fmt: skip
    card = {
        "modelParameters": {"datasets": [
            {"type": "dataset", "name": "D1", "classification": "public", "sensitiveData": ["names"]}, {"ref": "d2"},
            {"ref": "nowhere"},
        ]},
        "quantitativeAnalysis": {"performanceMetrics": metrics, "graphics": {"description": "g"}},
        "considerations": {
            "fairnessAssessments": [risk, {"harms": "h3"}],
            "environmentalConsiderations": {"energyConsumptions": [
                {"activity": "training", **spent, "co2CostEquivalent": {"value": 2, "unit": "tCO2eq"}},
                {"activity": "inference", **spent},
            ]},
        },
    }  # fmt: skip
    licences = [{"license": {"id": "Apache-2.0"}}, {"license": {"id": "MIT"}}]
    model = {"type": "machine-learning-model", "bom-ref": "m", "name": "Foreign", "purl": "pkg:huggingface/g/f@3",
             "pedigree": {"ancestors": [{"type": "machine-learning-model", "name": "B"}], "notes": "merge"},
             "licenses": licences,
             "modelCard": card}  # fmt: skip
    data = {"type": "data", "bom-ref": "d2", "name": "D2"}
    return {"bomFormat": "CycloneDX", "specVersion": "1.7", "metadata": {"component": model}, "components": [data]}


def test_a_document_of_others_gives_all_that_has_a_field_and_names_the_rest():
    said = json.dumps(foreign())
    assert JsonStrictValidator(SchemaVersion.V1_7).validate_str(said) is None
    read = read_json(said.encode())
    values = {key: value.data for key, value in read.values.items()}
    assert values["evaluation"] == [
        {"metric": "accuracy", "value": 0.9, "split": "en", "low": 0.8, "high": 0.95},
        {"metric": "bleu", "value": 3, "task": "translation", "dataset": "wmt", "n": 12},
    ]
    fairness = "- Group at risk: g1\n- Benefits: b1\n- Harms: h1\n  and h2\n- Mitigation: m1\n\n- Harms: h3"
    assert values["fairness"] == fairness
    assert [(key, read.values[key].data, read.values[key].unit) for key in ("training_energy", "training_carbon")] == [
        ("training_energy", 100, "kWh"),
        ("training_carbon", 2000, "kg"),
    ]
    assert values["training_data"] == [{"name": "D1", "classification": "public"}, {"name": "D2"}]
    assert "licence" not in values
    assert (read.kind, values["base_model"], values["base_relation"]) == ("adapter", "B", "merge")
    assert [(one.field, one.message.removesuffix(" It stays in the text.")) for one in read.problems] == [
        ("licence", "The document names 2 licences (Apache-2.0, MIT), and not how they go together."),
        ("training_data", "Data set D1: a row has no place for its sensitiveData."),
        ("training_data", "Data set 3 has no name, or is not in the document."),
        ("training_energy", "No field holds the energy of other activities (inference)."),
        ("training_energy", "No field holds this of the training's energy: energyProviders."),
        ("evaluation", "Result f1: its value is no number ('n/a')."),
        ("", "A card has no field for these parts of the document, so they stay in its text: purl, "
         "modelCard.quantitativeAnalysis.graphics.description, components (1)."),
    ]  # fmt: skip
    for kept in ('"MIT"', '"names"', '"wind"', '"n/a"', "pkg:huggingface", '"inference"'):
        assert kept in read.document, kept
    assert "accuracy" not in read.document
    card = full_card("adapter", evaluation=values["evaluation"])
    again, before = model_card_of(render(said_of_fairness(card, fairness))), model_card_of(said.encode())
    assert again["considerations"]["fairnessAssessments"] == before["considerations"]["fairnessAssessments"]
    metrics = [each["quantitativeAnalysis"]["performanceMetrics"][0] for each in (again, before)]
    assert metrics[0] == metrics[1]
    assert read_json(render(said_of_fairness(card, fairness))).values["fairness"].data == fairness

"""Cards as SPDX 3.0.1: held against the model of the published SHACL, read back value for value."""

import dataclasses
import io
import json

import pytest
from spdx_python_model import v3_0_1 as spdx

from forge_desktop.base.errors import ForgeError
from forge_desktop.cards.formats.reading import read_json
from forge_desktop.cards.formats.spdx import render
from tests.cards.samples import SHA, empty_card, full_card, many_rows, with_texts
from tests.cards.test_cyclonedx import KINDS, NASTY


def valid(data: bytes) -> spdx.SHACLObjectSet:
    """Read by the model, every link resolved, and written again, which wants every required property."""
    found = spdx.SHACLObjectSet()
    spdx.JSONLDDeserializer().read(io.BytesIO(data), found)
    assert found.link() <= {"expandedlicensing_NoAssertionLicense"}
    spdx.JSONLDSerializer().write(found, io.BytesIO())
    return found


def links_of(found: spdx.SHACLObjectSet) -> list[tuple[str, spdx.Relationship]]:
    return [(str(link.relationshipType).rpartition("/")[2], link) for link in found.foreach_type(spdx.Relationship)]


@pytest.mark.parametrize("kind", KINDS)
def test_full_cards_are_valid_and_come_back(kind):
    card = full_card(kind, intended_use="By hand")
    written = render(card)
    valid(written)
    assert render(card) == written
    read = read_json(written)
    assert (read.kind, read.name, read.document) == (kind, "forge-v12", card.document)
    assert {key: (value.data, value.unit) for key, value in read.values.items()} == {
        key: (state.shown.data, state.shown.unit) for key, state in card.fields.items() if state.shown
    }
    assert read.not_applicable == {"fairness": "Nothing about people is decided by it."}
    assert {value.origin for value in read.values.values()} == {"hand"}


def test_the_ai_and_dataset_profiles_are_used():
    found = valid(render(full_card("adapter")))
    model = next(each for each in found.foreach_type(spdx.ai_AIPackage) if each.name == "forge-v12")
    assert model.software_packageVersion == "12.0.0"
    assert model.suppliedBy.name == "A small workshop"
    assert model.verifiedUsing[0].hashValue == SHA
    assert {entry.key: entry.value for entry in model.ai_hyperparameter}["rank"] == "16"
    metrics = {entry.key: entry.value for entry in model.ai_metric}
    assert metrics["question-answering / contracts / test / grounded (share)"] == "0.91"
    assert metrics["Writing an answer p50 (tokens/s)"] == "41.8"
    assert model.ai_energyConsumption.ai_finetuningEnergyConsumption[0].ai_energyQuantity == 4.5
    links = {kind: link for kind, link in links_of(found) if getattr(link.from_, "name", "") == "forge-v12"}
    assert set(links) == {"hasDeclaredLicense", "hasConcludedLicense", "trainedOn", "testedOn", "descendantOf"}
    assert links["hasDeclaredLicense"].to[0].simplelicensing_licenseExpression == "Apache-2.0"
    dataset = links["trainedOn"].to[0]
    assert (dataset.name, dataset.dataset_datasetSize) == ("pairs of November", 402)
    assert links["testedOn"].to[0].name == "contracts"
    assert links["descendantOf"].to[0].name == "SmolLM2"


@pytest.mark.parametrize("kind", KINDS)
def test_empty_cards_are_valid(kind):
    written = render(empty_card(kind))
    found = valid(written)
    link = next(
        each
        for each in found.foreach_type(spdx.Relationship)
        if str(each.relationshipType).endswith("hasDeclaredLicense")
    )
    assert "NoAssertionLicense" in str(link.to[0])
    assert set(read_json(written).values) <= {"name"}
    document = next(iter(found.foreach_type(spdx.SpdxDocument)))
    assert not [each for each in document.profileConformance if each.endswith("/ai")], "no time of release"


def test_nobody_is_invented_and_the_profile_is_claimed_where_it_is_kept():
    written = render(empty_card("student"))
    assert b"NOASSERTION" not in written
    found = valid(written)
    assert not list(found.foreach_type(spdx.Organization))
    full = full_card("adapter")
    for key in ("provider", "version", "location", "released"):
        fields = {name: state for name, state in full.fields.items() if name != key}
        found = valid(render(dataclasses.replace(full, fields=fields)))
        document = next(iter(found.foreach_type(spdx.SpdxDocument)))
        assert not [each for each in document.profileConformance if each.endswith("/ai")], key


def test_of_several_datasets_nobody_says_which_one_holds_personal_data():
    for names, said in ((["a"], "yes"), (["a", "b"], "noAssertion")):
        rows = [{"name": name} for name in names]
        graph = json.loads(render(full_card("adapter", sensitive_data="yes", training_data=rows)))["@graph"]
        place = "dataset_hasSensitivePersonalInformation"
        assert [each[place] for each in graph if place in each] == [said] * len(names)
        model = next(each for each in graph if each["type"] == "ai_AIPackage")
        assert model["ai_useSensitivePersonalInformation"] == "yes"


@pytest.mark.parametrize("kind", KINDS)
def test_the_ai_profile_is_kept_where_it_is_claimed(kind):
    found = valid(render(full_card(kind)))
    document = next(iter(found.foreach_type(spdx.SpdxDocument)))
    assert [each for each in document.profileConformance if each.endswith("/ai")]
    for package in found.foreach_type(spdx.ai_AIPackage):
        for wanted in ("suppliedBy", "software_downloadLocation", "software_packageVersion", "software_primaryPurpose",
                       "releaseTime"):  # fmt: skip
            assert getattr(package, wanted), wanted
    for package in found.foreach_type(spdx.software_Package):
        of_it = [kind for kind, link in links_of(found) if link.from_ is package]
        assert (of_it.count("hasDeclaredLicense"), of_it.count("hasConcludedLicense")) == (1, 1)


def test_many_rows_and_odd_texts_are_valid():
    card = with_texts(NASTY)
    valid(render(card))
    rows = many_rows(200)
    written = render(full_card("adapter", evaluation=rows))
    valid(written)
    assert read_json(written).values["evaluation"].data == rows


@pytest.mark.parametrize("licence", ["apache-2.0", "MIT OR Apache-2.0", "other", "gemma"])
def test_licences_come_back_as_they_were(licence):
    written = render(full_card("student", licence=licence))
    valid(written)
    assert read_json(written).values["licence"].data == licence


def test_numbers_that_are_none_are_refused():
    with pytest.raises(ForgeError, match="Evaluation results"):
        render(full_card("adapter", evaluation=[{"metric": "x", "value": float("nan")}]))


def test_a_document_of_others_keeps_what_has_no_field():
    info = {"type": "CreationInfo", "@id": "_:c", "specVersion": "3.0.1", "created": "2025-01-02T03:04:05Z",
            "createdBy": ["urn:a"]}  # fmt: skip
    said = {"@context": "https://spdx.org/rdf/3.0.1/spdx-context.jsonld", "@graph": [
        info,
        {"type": "Person", "spdxId": "urn:a", "creationInfo": "_:c", "name": "Somebody"},
        {"type": "ai_AIPackage", "spdxId": "urn:m", "creationInfo": "_:c", "name": "Foreign", "suppliedBy": "urn:a",
         "software_packageVersion": "2", "ai_limitation": "weak", "ai_domain": ["law"],
         "ai_safetyRiskAssessment": "low", "ai_metric": [{"type": "DictionaryEntry", "key": "F1", "value": "0.5"},
                                                         {"type": "DictionaryEntry", "key": "note", "value": "good"}]},
        {"type": "simplelicensing_LicenseExpression", "spdxId": "urn:l", "creationInfo": "_:c",
         "simplelicensing_licenseExpression": "MIT"},
        {"type": "Relationship", "spdxId": "urn:r", "creationInfo": "_:c", "from": "urn:m",
         "relationshipType": "hasDeclaredLicense", "to": ["urn:l"]},
        {"type": "Relationship", "spdxId": "urn:s", "creationInfo": "_:c", "from": "urn:a",
         "relationshipType": "trainedOn", "to": ["urn:m"]},
    ]}  # fmt: skip
    data = json.dumps(said).encode()
    valid(data)
    read = read_json(data)
    assert {key: value.data for key, value in read.values.items()} == {
        "name": "Foreign", "version": "2", "limitations": "weak", "domain": ["law"], "provider": "Somebody",
        "licence": "MIT", "evaluation": [{"metric": "F1", "value": 0.5}],
    }  # fmt: skip
    assert '"ai_safetyRiskAssessment": "low"' in read.document
    assert '"good"' in read.document
    assert [(one.field, one.message) for one in read.problems] == [
        ("evaluation", "Result note: its value is no number. It stays in the text."),
        ("", "A card has no field for these parts of the document, so they stay in its text: "
         "ai_safetyRiskAssessment, trainedOn (1)."),
    ]  # fmt: skip


def test_wrong_types_never_do_harm():
    places = ("name", "suppliedBy", "ai_limitation", "ai_domain", "ai_metric", "ai_hyperparameter", "verifiedUsing",
              "extension", "releaseTime", "software_packageVersion")  # fmt: skip
    for wrong in (None, 1, "x", [], [1], {}, [None], [{"x": []}], [{"type": "extension_CdxPropertiesExtension"}]):
        said = {"@context": "spdx", "@graph": [
            3, {"type": "ai_AIPackage", "spdxId": "urn:m", **dict.fromkeys(places, wrong)},
            {"type": "Relationship", "from": wrong, "to": wrong, "relationshipType": wrong},
            {"type": "Relationship", "from": "urn:m", "to": wrong, "relationshipType": "trainedOn"},
        ]}  # fmt: skip
        read_json(json.dumps(said).encode())


@pytest.mark.parametrize("graph", [[], [{"type": "software_Package"}], {}, None, 3])
def test_no_model_is_refused(graph):
    with pytest.raises(ForgeError, match="describes no model"):
        read_json(json.dumps({"@context": "https://spdx.org/rdf/3.0.1/spdx-context.jsonld", "@graph": graph}).encode())

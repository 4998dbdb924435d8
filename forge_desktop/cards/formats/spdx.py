"""A card as SPDX 3.0.1 JSON-LD: an AIPackage with its datasets, licences and what it was made from."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Sequence
from typing import Any

from forge_desktop import __version__
from forge_desktop.cards.formats.cyclonedx import hashes
from forge_desktop.cards.formats.cyclonedx_model import is_expression, without_empty
from forge_desktop.cards.formats.plain import as_json
from forge_desktop.cards.formats.properties import epoch, is_web, moment, properties, rows_of, text_of
from forge_desktop.cards.formats.spdx_model import ai_facts, dataset_facts, plainly_said
from forge_desktop.cards.licences import OTHER, licences, spelled
from forge_desktop.cards.records import Card

CONTEXT = "https://spdx.org/rdf/3.0.1/spdx-context.jsonld"
NO_LICENCE = "expandedlicensing_NoAssertionLicense"
_PROFILES = ["core", "software", "simpleLicensing", "expandedLicensing", "extension"]
_PLACE = "software_downloadLocation"
_OF_AI = ("suppliedBy", "software_packageVersion", _PLACE, "releaseTime")
_INFO = "_:creation"


def render(card: Card) -> bytes:
    """The document; the same card gives the same bytes, its names are of its content."""
    digest = hashlib.sha256(json.dumps(_Document("urn:card", card).graph(), sort_keys=True).encode()).hexdigest()
    name = uuid.uuid5(uuid.NAMESPACE_OID, f"forge-desktop:{digest}")
    return as_json({"@context": CONTEXT, "@graph": _Document(f"urn:uuid:{name}", card).graph()})


class _Document:
    """The elements of one document, each named within it."""

    def __init__(self, name: str, card: Card) -> None:
        self._name, self._card = name, card
        self._elements: list[dict[str, Any]] = []
        self._links = 0

    def graph(self) -> list[dict[str, Any]]:
        """Everything, in the same order each time."""
        provider = text_of(self._card, "provider")
        supplier = self._add("Organization", "supplier", name=provider) if provider else ""
        model = self._add(
            "ai_AIPackage", "model", **{**_package(self._card), "suppliedBy": supplier}, **ai_facts(self._card),
            **self._contact(), extension=[self._properties()],
        )  # fmt: skip
        self._licence(model)
        self._datasets(model)
        self._base(model)
        return [*self._head(model), *self._elements]

    def _iri(self, part: str) -> str:
        return f"{self._name}#{part}"

    def _add(self, type: str, part: str, **said: Any) -> str:
        element = {"type": type, "spdxId": self._iri(part), "creationInfo": _INFO, **without_empty(said)}
        self._elements.append(element)
        return self._iri(part)

    def _link(self, one: str, how: str, others: Sequence[str]) -> None:
        self._links += 1
        self._add("Relationship", f"link-{self._links}", **{"from": one, "relationshipType": how, "to": list(others)})

    def _head(self, model: str) -> list[dict[str, Any]]:
        agent, tool = self._iri("agent"), self._iri("tool")
        named = {"creationInfo": _INFO, "name": f"Forge Desktop {__version__}"}
        return [
            {"type": "CreationInfo", "@id": _INFO, "specVersion": "3.0.1", "created": moment(self._card.changed),
             "createdBy": [agent], "createdUsing": [tool]},
            {"type": "SoftwareAgent", "spdxId": agent, **named},
            {"type": "Tool", "spdxId": tool, **named},
            {"type": "SpdxDocument", "spdxId": self._iri("document"), "creationInfo": _INFO,
             "name": f"Model card of {_title(self._card)}", "profileConformance": self._profiles(),
             "rootElement": [model],
             "element": [agent, tool, *(element["spdxId"] for element in self._elements)]},
        ]  # fmt: skip

    def _profiles(self) -> list[str]:
        """The AI profile wants to know who supplies a model, which version, from where and since when; when datasets
        were made nobody says here.
        """
        said = {**_package(self._card), "suppliedBy": text_of(self._card, "provider")}
        return [*_PROFILES, "ai"] if all(said[place] for place in _OF_AI) else _PROFILES

    def _contact(self) -> dict[str, Any]:
        contact = text_of(self._card, "contact")
        return {"externalRef": [{"type": "ExternalRef", "externalRefType": "support", "locator": [contact]}]} if (
            contact
        ) else {}  # fmt: skip

    def _properties(self) -> dict[str, Any]:
        entries = [
            {"type": "extension_CdxPropertyEntry", "extension_cdxPropName": name, "extension_cdxPropValue": text}
            for name, text in properties(self._card, plainly_said(self._card))
        ]
        return {"type": "extension_CdxPropertiesExtension", "extension_cdxProperty": entries}

    def _licence(self, model: str) -> None:
        said = text_of(self._card, "licence")
        if not said:
            declared = NO_LICENCE
        elif said.lower() != OTHER and (spelled(said) or is_expression(said)):
            declared = self._add(
                "simplelicensing_LicenseExpression", "licence",
                simplelicensing_licenseExpression=spelled(said) or said,
                simplelicensing_licenseListVersion=licences().version,
            )  # fmt: skip
        else:
            declared = self._own_licence(said)
        self._link(model, "hasDeclaredLicense", [declared])
        self._link(model, "hasConcludedLicense", [NO_LICENCE])

    def _no_licence(self, element: str) -> None:
        """Nothing is said here of the licence of what a model was made from."""
        self._link(element, "hasDeclaredLicense", [NO_LICENCE])
        self._link(element, "hasConcludedLicense", [NO_LICENCE])

    def _own_licence(self, said: str) -> str:
        """One that is not of the list: by its name, with where its text is."""
        name = text_of(self._card, "licence_name") or said
        link = text_of(self._card, "licence_link")
        text = self._add(
            "simplelicensing_SimpleLicensingText", "licence-text", name=name,
            simplelicensing_licenseText=link or "The text of this licence is not in the card.",
        )  # fmt: skip
        key = "LicenseRef-" + "".join(sign if sign.isascii() and sign.isalnum() else "-" for sign in name)[:60]
        return self._add(
            "simplelicensing_LicenseExpression", "licence", name=name, simplelicensing_licenseExpression=key,
            simplelicensing_customIdToUri=[{"type": "DictionaryEntry", "key": key, "value": text}],
        )  # fmt: skip

    def _datasets(self, model: str) -> None:
        trained = [
            self._add("dataset_DatasetPackage", f"dataset-{number}", **dataset_facts(self._card, row, number))
            for number, row in enumerate(rows_of(self._card, "training_data"), 1)
        ]
        if trained:
            self._link(model, "trainedOn", trained)
        names = dict.fromkeys(str(row["dataset"]) for row in rows_of(self._card, "evaluation") if row.get("dataset"))
        tested = [
            self._add(
                "dataset_DatasetPackage", f"test-{number}", name=name, software_primaryPurpose="data",
                dataset_datasetType=["noAssertion"],
            )
            for number, name in enumerate(names, 1)
        ]  # fmt: skip
        if tested:
            self._link(model, "testedOn", tested)
        for dataset in (*trained, *tested):
            self._no_licence(dataset)

    def _base(self, model: str) -> None:
        name, sha256 = text_of(self._card, "base_model"), text_of(self._card, "base_sha256")
        if name or sha256:
            base = self._add(
                "software_Package", "base", name=name or sha256, software_primaryPurpose="model",
                verifiedUsing=_verified(sha256),
            )  # fmt: skip
            self._link(model, "descendantOf", [base])
            self._no_licence(base)


def _title(card: Card) -> str:
    return text_of(card, "name") or card.name or card.label or "unnamed"


def _package(card: Card) -> dict[str, Any]:
    place, released = text_of(card, "location"), _released(card)
    return {
        "name": _title(card),
        "summary": text_of(card, "summary"),
        "software_packageVersion": text_of(card, "version"),
        "software_primaryPurpose": "model",
        _PLACE: place if is_web(place) else "",
        "releaseTime": moment(released) if released else "",
        "verifiedUsing": _verified(text_of(card, "adapter_sha256") or text_of(card, "file_sha256")),
    }


def _released(card: Card) -> float:
    """When it was released, 0 where nobody says."""
    return epoch(text_of(card, "released"))


def _verified(sha256: str) -> list[dict[str, str]]:
    return [{"type": "Hash", "algorithm": "sha256", "hashValue": each["content"]} for each in hashes(sha256)]

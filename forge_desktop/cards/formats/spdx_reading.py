"""Reads a model's card out of an SPDX 3 document; what has no field here stays in the card's text."""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from forge_desktop.base.errors import ForgeError
from forge_desktop.cards.formats.cyclonedx_metrics import figure
from forge_desktop.cards.formats.foreign import ForeignCard
from forge_desktop.cards.formats.left_over import as_one, kept, list_of, places, text_for, unplaced
from forge_desktop.cards.formats.properties import Properties
from forge_desktop.cards.formats.spdx_model import LISTS, PLAIN
from forge_desktop.cards.licences import OTHER
from forge_desktop.cards.records import Problem

_NOTHING = ("NOASSERTION", "urn:spdx:NOASSERTION")
_TEXTS = {
    **{place: key for key, place in PLAIN.items()},
    "name": "name",
    "ai_informationAboutApplication": "intended_use",
    "software_downloadLocation": "location",
    "releaseTime": "released",
}
_ELEMENT = ("type", "spdxId", "@id", "creationInfo")
_AROUND = ("CreationInfo", "SpdxDocument")
_OF_DATASET = (*_ELEMENT, "name", "verifiedUsing", "dataset_datasetSize", "software_primaryPurpose")
_SENSITIVE = "ai_useSensitivePersonalInformation"
_PRESENCE = {"yes": "yes", "no": "no", "noAssertion": "unknown"}


def read_spdx(said: Mapping[str, Any]) -> ForeignCard:
    """What the document's model says. Raises ForgeError when it describes none."""
    rest = copy.deepcopy(dict(said))
    graph = [each for each in list_of(rest, "@graph") if isinstance(each, dict)] or [rest]
    links = [each for each in graph if str(each.get("type", "")).endswith("Relationship")]
    models = [each for each in graph if each.get("type") == "ai_AIPackage"]
    if not models:
        raise ForgeError("The SPDX document describes no model.", hint="Nothing was taken in.")
    bases = {one for link in links if link.get("relationshipType") == "descendantOf" for one in _ids(link, "to")}
    model = next((each for each in models if each.get("spdxId") not in bases), models[0])
    known = Properties(_pairs(model))
    native = _Native(model, graph, links)
    values = native.take()
    name = str(values.get("name") or "unnamed")
    return ForeignCard(
        format="spdx",
        kind=known.kind("adapter" if "base_model" in values else "student"),
        name=name,
        values=known.values(values),
        not_applicable=known.not_applicable(),
        document=text_for(name, "SPDX", rest, known),
        broken=known.broken,
        told_kind=known.told_kind,
        problems=() if known.are_ours else (*native.problems, *unplaced(native.left(), known.rest)),
    )


def _ids(link: Mapping[str, Any], end: str) -> list[str]:
    held = link.get(end)
    found = held if isinstance(held, list) else [held]
    return [str(each.get("spdxId")) if isinstance(each, dict) else str(each) for each in found]


def _pairs(model: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for extension in list_of(model, "extension"):
        if isinstance(extension, dict) and extension.get("type") == "extension_CdxPropertiesExtension":
            for each in list_of(extension, "extension_cdxProperty"):
                if isinstance(each, dict) and "extension_cdxPropName" in each:
                    yield str(each["extension_cdxPropName"]), str(each.get("extension_cdxPropValue", ""))
            extension.clear()


class _Native:
    """What stands in SPDX's own places; what is taken goes out of the model."""

    def __init__(self, model: dict[str, Any], graph: list[dict[str, Any]], links: list[dict[str, Any]]) -> None:
        self._model, self._links = model, links
        self._graph, self._by_id = graph, {str(each.get("spdxId")): each for each in graph}
        self._found: dict[str, object] = {}
        self._taken = {*_ELEMENT, "ai_hyperparameter", "ai_metric"}  # places of the model
        self._used: list[Mapping[str, Any]] = [model]  # elements that are told, if only in part
        self.problems: list[Problem] = []
        """What of the places that a card has too could not be taken, with the sentence why."""

    def take(self) -> dict[str, object]:
        """Data by field."""
        for place, key in _TEXTS.items():
            if isinstance(self._model.get(place), str):
                text = self._model.pop(place)
                self._put(key, "" if text in _NOTHING else text)
        for key, place in LISTS.items():
            self._put(key, self._texts(place))
        self._put("explainability", as_one(texts) if (texts := self._texts("ai_modelExplainability")) else "")
        if sensitive := _PRESENCE.get(str(self._model.get(_SENSITIVE)), ""):
            self._put("sensitive_data", sensitive)
            self._taken.add(_SENSITIVE)
        self._put("provider", self._supplier())
        self._licence()
        base = self._linked("descendantOf")
        self._put("base_model", str(base[0].get("name") or "") if base else "")
        self._put("base_sha256", _sha256(base[0]) if base else "")
        self._put("adapter_sha256" if base else "file_sha256", _sha256(self._model))
        if len(list_of(self._model, "verifiedUsing")) == 1 and _sha256(self._model):
            self._taken.add("verifiedUsing")
        datasets = [each for each in self._linked("trainedOn") if each.get("name")]
        self._put("training_data", [self._dataset(each) for each in datasets])
        self._put("hyperparameters", dict(self._entries("ai_hyperparameter")))
        metrics = [(name, figure(text)) for name, text in self._entries("ai_metric")]
        self._put("evaluation", [{"metric": name, "value": value} for name, value in metrics if value is not None])
        self._say(
            "evaluation", *(f"Result {name[:60]}: its value is no number." for name, value in metrics if value is None)
        )
        return self._found

    def left(self) -> list[str]:
        """What of the document has no field, by its place: first of the model, then whole elements by their type."""
        found = list(places({name: held for name, held in self._model.items() if name not in self._taken}))
        others = [each for each in self._graph if not any(each is one for one in self._used)]
        types = Counter(_type(each) for each in others if each.get("type") not in _AROUND)
        return [*found, *(f"{name} ({count})" for name, count in types.items())]

    def _say(self, field: str, *sentences: str) -> None:
        self.problems += kept(field, sentences)

    def _put(self, key: str, data: object) -> None:
        if data not in (None, "", [], {}):
            self._found[key] = data

    def _texts(self, place: str) -> list[str]:
        held = self._model.get(place)
        if not isinstance(held, list) or not all(isinstance(each, str) for each in held):
            return []
        return [each for each in self._model.pop(place) if each.strip()]

    def _linked(self, how: str) -> list[dict[str, Any]]:
        me = str(self._model.get("spdxId"))
        links = [each for each in self._links if each.get("relationshipType") == how and me in _ids(each, "from")]
        found = [self._by_id[one] for link in links for one in _ids(link, "to") if one in self._by_id]
        self._used += [*links, *found]
        return found

    def _supplier(self) -> str:
        held = self._model.get("suppliedBy")
        supplier = held if isinstance(held, dict) else self._by_id.get(str(held), {})
        name = str(supplier.get("name") or "")
        if name:
            self._taken.add("suppliedBy")
            self._used.append(supplier)
        return "" if name in _NOTHING else name

    def _licence(self) -> None:
        declared = self._linked("hasDeclaredLicense") or self._linked("hasConcludedLicense")
        if len(declared) > 1:
            names = ", ".join(str(each.get("simplelicensing_licenseExpression") or _type(each)) for each in declared)
            self._say(
                "licence", f"The document names {len(declared)} licences ({names}), and not how they go together."
            )
        said = str(declared[0].get("simplelicensing_licenseExpression") or "") if len(declared) == 1 else ""
        if said.startswith("LicenseRef-"):
            self._put("licence", OTHER)
            self._put("licence_name", str(declared[0].get("name") or said.removeprefix("LicenseRef-")))
        elif said not in _NOTHING:
            self._put("licence", said)

    def _dataset(self, package: Mapping[str, Any]) -> dict[str, object]:
        row: dict[str, object] = {"name": str(package["name"])}
        if sha256 := _sha256(package):
            row["sha256"] = sha256
        if type(package.get("dataset_datasetSize")) is int:
            row["rows"] = package["dataset_datasetSize"]
        more = [place for place, held in package.items() if place not in _OF_DATASET and held not in (None, "", [], {})]
        if more:
            said = f"Data set {str(package['name'])[:60]}: a row has no place for its {', '.join(more)}."
            self._say("training_data", said)
        return row

    def _entries(self, place: str) -> list[tuple[str, str]]:
        return [
            (str(each["key"]), str(each.get("value", "")))
            for each in list_of(self._model, place)
            if isinstance(each, dict) and each.get("key")
        ]


def _type(element: Mapping[str, Any]) -> str:
    """What an element is, of a relationship how it relates."""
    return str(element.get("relationshipType") or element.get("type") or "element")


def _sha256(element: Mapping[str, Any]) -> str:
    return next(
        (
            str(each.get("hashValue"))
            for each in list_of(element, "verifiedUsing")
            if isinstance(each, dict) and each.get("algorithm") == "sha256"
        ),
        "",
    )

"""Reads a model's card out of a CycloneDX document; what has no field here stays in the card's text."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import Any

from forge_desktop.base.errors import ForgeError
from forge_desktop.cards.fields import BY_KEY
from forge_desktop.cards.formats import cyclonedx_energy, cyclonedx_fairness, cyclonedx_metrics
from forge_desktop.cards.formats.cyclonedx_datasets import training_data
from forge_desktop.cards.formats.cyclonedx_model import CONSIDERED, NO_LICENCE
from forge_desktop.cards.formats.foreign import ForeignCard
from forge_desktop.cards.formats.left_over import as_one, kept, list_of, places, text_for, unplaced
from forge_desktop.cards.formats.properties import Properties
from forge_desktop.cards.licences import OTHER
from forge_desktop.cards.records import Problem

_MODEL = "machine-learning-model"
_CONTAINER = ("$schema", "bomFormat", "specVersion", "version")
_TOLD = (  # what of these is left is named by its own sentences
    "modelCard.modelParameters.datasets",
    "modelCard.quantitativeAnalysis.performanceMetrics",
    "modelCard.considerations.fairnessAssessments",
    "modelCard.considerations.environmentalConsiderations.energyConsumptions",
)


def read_cyclonedx(said: Mapping[str, Any]) -> ForeignCard:
    """What the document's model says. Raises ForgeError when it describes none."""
    rest = copy.deepcopy(dict(said))
    component = _model_of(rest)
    card = _mapping(component, "modelCard")
    pairs = [*_pairs(card), *_pairs(component)]
    known = Properties(pairs)
    native = _Native(component, card, [each for each in list_of(rest, "components") if isinstance(each, dict)])
    values = native.take()
    kind = known.kind("adapter" if "base_model" in values else "student")
    name = str(values.get("name") or "unnamed")
    return ForeignCard(
        format="cyclonedx",
        kind=kind,
        name=name,
        values=known.values(values),
        not_applicable=known.not_applicable(),
        document=text_for(name, "CycloneDX", rest, known),
        broken=known.broken,
        told_kind=known.told_kind,
        problems=() if known.are_ours else (*native.problems, *_unplaced(rest, component, known, native.problems)),
    )


def _unplaced(
    rest: dict[str, Any], component: dict[str, Any], known: Properties, told: Sequence[Problem]
) -> list[Problem]:
    """What has no place in a card, named: first of the model, then of what stands around it."""
    named = {*_TOLD, *(["licenses"] if any(one.field == "licence" for one in told) else [])}
    found = [place for place in places(component) if place.rpartition(" (")[0] not in named]
    around = {name: held for name, held in rest.items() if name not in _CONTAINER}
    metadata = dict(_mapping(rest, "metadata"))
    if metadata.get("component") is component:
        del metadata["component"]
    others = [each for each in list_of(rest, "components") if each is not component]
    return unplaced([*found, *places({**around, "metadata": metadata, "components": others})], known.rest)


def _model_of(said: dict[str, Any]) -> dict[str, Any]:
    metadata = said.get("metadata")
    described = metadata.get("component") if isinstance(metadata, dict) else None
    components = said.get("components")
    found = [each for each in (described, *(components if isinstance(components, list) else ())) if _is_model(each)]
    if not found:
        raise ForgeError("The CycloneDX document describes no model.", hint="Nothing was taken in.")
    return next((each for each in found if "modelCard" in each), found[0])


def _is_model(each: object) -> bool:
    return isinstance(each, dict) and (each.get("type") == _MODEL or "modelCard" in each)


def _pairs(held: dict[str, Any]) -> list[tuple[str, str]]:
    """Names and texts, taken out of it; what is none is left there."""
    found = list_of(held, "properties")
    sound = [isinstance(each, dict) and "name" in each for each in found]
    if found:
        held["properties"] = [each for each, is_sound in zip(found, sound, strict=True) if not is_sound]
    return [
        (str(each["name"]), str(each.get("value", ""))) for each, is_sound in zip(found, sound, strict=True) if is_sound
    ]


def _mapping(held: dict[str, Any], name: str) -> dict[str, Any]:
    found = held.get(name)
    return found if isinstance(found, dict) else {}


def _texts(held: dict[str, Any], name: str) -> list[str]:
    """A list's texts, taken out of it; what is none is left there."""
    found = held.get(name)
    if not isinstance(found, list) or not all(isinstance(each, str) for each in found):
        return []
    held.pop(name)
    return [each for each in found if each.strip()]


def _text(held: dict[str, Any], name: str) -> str:
    return held.pop(name) if isinstance(held.get(name), str) else ""


class _Native:
    """What stands in the format's own places; what is taken goes out of them."""

    def __init__(
        self, component: dict[str, Any], card: dict[str, Any], components: Sequence[Mapping[str, Any]]
    ) -> None:
        self._component, self._card, self._components = component, card, components
        self._found: dict[str, object] = {}
        self.problems: list[Problem] = []
        """What of the places that a card has too could not be taken, with the sentence why."""

    def take(self) -> dict[str, object]:
        """Data by field."""
        component = self._component
        for place, key in (("name", "name"), ("version", "version"), ("description", "summary")):
            self._put(key, _text(component, place))
        self._put("tags", _texts(component, "tags"))
        for place in ("type", "bom-ref"):
            component.pop(place, None)
        self._supplier()
        self._licence()
        self._pedigree()
        self._put("file_sha256" if "base_sha256" not in self._found else "adapter_sha256", _sha256(component))
        self._references()
        self._parameters()
        self._considerations()
        self._metrics()
        return self._found

    def _put(self, key: str, data: object) -> None:
        if data not in (None, "", []):
            self._found[key] = data

    def _supplier(self) -> None:
        supplier = _mapping(self._component, "supplier") or _mapping(self._component, "manufacturer")
        self._put("provider", _text(supplier, "name") or _text(self._component, "publisher"))
        contacts = supplier.get("contact")
        if isinstance(contacts, list) and len(contacts) == 1 and isinstance(contacts[0], dict):
            self._put("contact", _text(contacts[0], "email"))
        elif len(urls := _texts(supplier, "url")) == 1:
            self._put("contact", urls[0])
        elif urls:
            supplier["url"] = urls

    def _licence(self) -> None:
        said = self._component.get("licenses")
        if isinstance(said, list) and len(said) > 1:
            names = [_licence_name(each) for each in said]
            self._say(
                "licence",
                f"The document names {len(said)} licences ({', '.join(names)}), and not how they go together.",
            )
        if not isinstance(said, list) or len(said) != 1 or not isinstance(said[0], dict):
            return
        licence = _mapping(said[0], "license")
        self._put("licence", _text(said[0], "expression") or _text(licence, "id"))
        name = _text(licence, "name")
        if name and name != NO_LICENCE:
            self._put("licence", OTHER)
            self._put("licence_name", name)
        self._put("licence_link", _text(licence, "url"))

    def _pedigree(self) -> None:
        pedigree = _mapping(self._component, "pedigree")
        ancestors = pedigree.get("ancestors")
        if isinstance(ancestors, list) and len(ancestors) == 1 and isinstance(ancestors[0], dict):
            self._put("base_model", _text(ancestors[0], "name"))
            self._put("base_sha256", _sha256(ancestors[0]))
            ancestors[0].pop("type", None)
        if pedigree.get("notes") in BY_KEY["base_relation"].choices:
            self._put("base_relation", _text(pedigree, "notes"))

    def _references(self) -> None:
        references = self._component.get("externalReferences")
        for each in references if isinstance(references, list) else []:
            key = {"distribution": "location", "website": "location", "license": "licence_link"}.get(
                str(each.get("type")) if isinstance(each, dict) else ""
            )
            if key and key not in self._found and isinstance(each.get("url"), str):
                self._put(key, each.pop("url"))
                each.pop("type")

    def _parameters(self) -> None:
        parameters = _mapping(self._card, "modelParameters")
        self._put("task", _text(parameters, "task"))
        self._put("learning", _text(_mapping(parameters, "approach"), "type"))
        self._put("architecture", _text(parameters, "modelArchitecture") or _text(parameters, "architectureFamily"))
        for name in ("inputs", "outputs"):
            formats = parameters.get(name)
            if isinstance(formats, list) and all(
                isinstance(each, dict) and set(each) == {"format"} for each in formats
            ):
                self._put(name, [str(each["format"]) for each in parameters.pop(name)])
        rows, left, why = training_data(list_of(parameters, "datasets"), self._components)
        self._put("training_data", rows)
        self._keep(parameters, "datasets", left)
        self._say("training_data", *why)

    def _considerations(self) -> None:
        considerations = _mapping(self._card, "considerations")
        for key, place in CONSIDERED.items():
            self._put(key, as_one(_texts(considerations, place)) if considerations.get(place) else "")
        risks = considerations.get("ethicalConsiderations")
        if isinstance(risks, list) and risks and all(isinstance(each, dict) for each in risks):
            told = [
                ": ".join(str(each[part]) for part in ("name", "mitigationStrategy") if each.get(part))
                for each in risks
            ]
            self._put("safety", as_one([each for each in told if each]) if any(told) else "")
            if all(set(each) <= {"name", "mitigationStrategy"} for each in risks):
                considerations.pop("ethicalConsiderations")
        if fairness := cyclonedx_fairness.as_text(considerations.get("fairnessAssessments")):
            self._put("fairness", fairness)
            del considerations["fairnessAssessments"]
        elif considerations.get("fairnessAssessments"):
            self._say("fairness", "The document's fairnessAssessments hold more than texts.")
        environment = _mapping(considerations, "environmentalConsiderations")
        amounts, left, why = cyclonedx_energy.spent(list_of(environment, "energyConsumptions"))
        for key, amount in amounts.items():
            self._put(key, amount)
        self._keep(environment, "energyConsumptions", left)
        self._say("training_energy", *why)

    def _metrics(self) -> None:
        analysis = _mapping(self._card, "quantitativeAnalysis")
        rows, left, why = cyclonedx_metrics.results(list_of(analysis, "performanceMetrics"))
        self._put("evaluation", rows)
        self._keep(analysis, "performanceMetrics", left)
        self._say("evaluation", *why)

    def _keep(self, held: dict[str, Any], name: str, left: list[Any]) -> None:
        """Leave in the document what was not taken, each part whole."""
        if isinstance(held.get(name), list):
            held[name] = left

    def _say(self, field: str, *sentences: str) -> None:
        self.problems += kept(field, sentences)


def _licence_name(said: object) -> str:
    held = said if isinstance(said, dict) else {}
    licence = _mapping(held, "license")
    return str(held.get("expression") or licence.get("id") or licence.get("name") or "one without a name")


def _sha256(held: dict[str, Any]) -> str:
    hashes = held.get("hashes")
    if not isinstance(hashes, list):
        return ""
    for each in hashes:
        if isinstance(each, dict) and each.get("alg") == "SHA-256" and isinstance(each.get("content"), str):
            hashes.remove(each)
            return str(each["content"])
    return ""

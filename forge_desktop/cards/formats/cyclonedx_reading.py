"""Reads a model's card out of a CycloneDX document; what has no field here stays in the card's text."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from typing import Any

from forge_desktop.base.errors import ForgeError
from forge_desktop.cards.formats.cyclonedx_model import CONSIDERED, NO_LICENCE
from forge_desktop.cards.formats.foreign import ForeignCard
from forge_desktop.cards.formats.properties import PREFIX, Properties
from forge_desktop.cards.licences import OTHER

_MODEL = "machine-learning-model"


def read_cyclonedx(said: Mapping[str, Any]) -> ForeignCard:
    """What the document's model says. Raises ForgeError when it describes none."""
    rest = copy.deepcopy(dict(said))
    component = _model_of(rest)
    card = _mapping(component, "modelCard")
    pairs = [*_pairs(card), *_pairs(component)]
    known = Properties(pairs)
    native = _Native(component, card)
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
    )


def text_for(name: str, form: str, rest: object, known: Properties) -> str:
    """A card's text: its own where Forge Desktop wrote the document, with what a document says beyond our fields."""
    if not known.are_ours:
        return leftover(name, form, rest, known.rest)
    odd = leftover(name, form, {}, [(key, text) for key, text in known.rest if key.startswith(PREFIX)])
    if not odd or not known.document:
        return known.document or odd
    return f"{known.document.rstrip()}\n\n{odd.partition(chr(10))[2].strip()}\n"


def leftover(name: str, form: str, rest: object, properties: list[tuple[str, str]]) -> str:
    """A card's text with what a document says beyond our fields, word for word."""
    kept = _pruned(rest)
    if properties:
        kept = {**(kept if isinstance(kept, dict) else {}), "properties": dict(properties)}
    if not kept:
        return ""
    told = json.dumps(kept, indent=2, ensure_ascii=False)
    return f"# {name}\n\n## From the {form} document\n\n```json\n{told}\n```\n"


def _pruned(held: Any) -> Any:
    """The same without what became empty when its parts were taken out."""
    if isinstance(held, dict):
        pruned = {name: _pruned(each) for name, each in held.items()}
        return {name: each for name, each in pruned.items() if each not in (None, "", [], {})}
    if isinstance(held, list):
        return [each for each in map(_pruned, held) if each not in (None, "", [], {})]
    return held


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
    found = held.pop("properties", [])
    return [
        (str(each["name"]), str(each.get("value", "")))
        for each in (found if isinstance(found, list) else [])
        if isinstance(each, dict) and "name" in each
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


def as_one(texts: list[str]) -> str:
    """Several texts as a Markdown list, one as it is."""
    return texts[0] if len(texts) == 1 else "\n".join(f"- {each}" for each in texts)


class _Native:
    """What stands in the format's own places; what is taken goes out of them."""

    def __init__(self, component: dict[str, Any], card: dict[str, Any]) -> None:
        self._component, self._card = component, card
        self._found: dict[str, object] = {}

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
        datasets = parameters.get("datasets")
        named = [each for each in datasets if isinstance(each, dict)] if isinstance(datasets, list) else []
        rows = [{"name": str(each["name"]), **_classified(each)} for each in named if each.get("name")]
        self._put("training_data", rows)  # the datasets stay in the text as well: they say more than a row can

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
        groups = considerations.get("fairnessAssessments")
        if (
            isinstance(groups, list)
            and len(groups) == 1
            and isinstance(groups[0], dict)
            and set(groups[0]) == {"harms"}
        ):
            self._put("fairness", _text(groups[0], "harms"))

    def _metrics(self) -> None:
        """Metrics become rows of the evaluation; they stay in the text too, which has their slices."""
        metrics = _mapping(self._card, "quantitativeAnalysis").get("performanceMetrics")
        rows = []
        for each in metrics if isinstance(metrics, list) else []:
            value = figure(each.get("value")) if isinstance(each, dict) else None
            if value is not None and each.get("type"):
                rows.append({"metric": str(each["type"]), "value": value, **_sliced(each)})
        self._put("evaluation", rows)


def _sliced(metric: Mapping[str, Any]) -> dict[str, object]:
    return {"config": str(metric["slice"])} if metric.get("slice") else {}


def _classified(dataset: Mapping[str, Any]) -> dict[str, object]:
    return {"classification": str(dataset["classification"])} if dataset.get("classification") else {}


def figure(text: object) -> float | int | None:
    """A text as a number, None where it is none."""
    try:
        found = json.loads(str(text), parse_constant=lambda name: None)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, (int, float)) and not isinstance(found, bool) else None


def _sha256(held: dict[str, Any]) -> str:
    hashes = held.get("hashes")
    if not isinstance(hashes, list):
        return ""
    for each in hashes:
        if isinstance(each, dict) and each.get("alg") == "SHA-256" and isinstance(each.get("content"), str):
            hashes.remove(each)
            return str(each["content"])
    return ""

"""A card as a CycloneDX 1.7 ML-BOM: the model with its modelCard, what it is made from, and documented properties."""

from __future__ import annotations

import hashlib
import json
import re
import uuid
from typing import Any

from forge_desktop import __version__
from forge_desktop.cards.formats import cyclonedx_model as model
from forge_desktop.cards.formats.plain import as_json
from forge_desktop.cards.formats.properties import data_of, is_web, moment, properties, text_of, texts_of
from forge_desktop.cards.records import Card

SCHEMA = "http://cyclonedx.org/schema/bom-1.7.schema.json"
_MAIL = re.compile(r"[^\s@/:<>]+@[^\s@/:<>]+\.[^\s@/:<>]+")
_SHA256 = re.compile(r"[0-9a-fA-F]{64}")


def render(card: Card) -> bytes:
    """The document; the same card gives the same bytes, its serial number is of its content."""
    body = _document(card)
    digest = hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()
    serial = uuid.uuid5(uuid.NAMESPACE_OID, f"forge-desktop:{digest}")
    head = {"$schema": SCHEMA, "bomFormat": "CycloneDX", "specVersion": "1.7", "serialNumber": f"urn:uuid:{serial}"}
    return as_json({**head, "version": 1, **body})


def _document(card: Card) -> dict[str, Any]:
    subject = _component(card)
    base = _base(card)
    components: list[dict[str, Any]] = []
    dependencies: list[dict[str, Any]] = [{"ref": subject["bom-ref"]}]
    if base:
        components.append({**base, "bom-ref": "base"})
        dependencies = [{"ref": subject["bom-ref"], "dependsOn": ["base"]}, {"ref": "base"}]
    return {
        "metadata": {
            "timestamp": moment(card.changed),
            "tools": {"components": [{"type": "application", "name": "Forge Desktop", "version": __version__}]},
            "component": subject,
        },
        "components": components,
        "dependencies": dependencies,
    }


def _component(card: Card) -> dict[str, Any]:
    base = _base(card)
    described = {
        "type": "machine-learning-model",
        "bom-ref": f"model:{card.uid or 'card'}",
        "supplier": _supplier(card),
        "name": text_of(card, "name") or card.name or card.label or "unnamed",
        "version": text_of(card, "version"),
        "description": text_of(card, "summary"),
        "hashes": hashes(text_of(card, "adapter_sha256") or text_of(card, "file_sha256")),
        "licenses": model.licences(card),
        "pedigree": {"ancestors": [base], "notes": text_of(card, "base_relation")} if base else None,
        "externalReferences": _references(card),
        "tags": texts_of(card, "tags"),
    }
    said = _said(card, described)
    described["modelCard"] = {
        **model.model_card(card),
        "properties": [{"name": name, "value": text} for name, text in properties(card, said)],
    }
    return model.without_empty(described)


def _said(card: Card, described: dict[str, Any]) -> set[str]:
    """The fields whose places here give back exactly what stands in them."""
    said = {
        "version": described["version"],
        "summary": described["description"],
        "provider": described["supplier"].get("name"),
        "tags": described["tags"],
        **model.plainly_said(card),
    }
    return {key for key, told in said.items() if told and told == data_of(card, key)}


def _supplier(card: Card) -> dict[str, Any]:
    contact = text_of(card, "contact")
    found: dict[str, Any] = {"name": text_of(card, "provider")}
    if _MAIL.fullmatch(contact):
        found["contact"] = [{"email": contact}]
    elif is_web(contact):
        found["url"] = [contact]
    return found if any(found.values()) else {}


def _base(card: Card) -> dict[str, Any]:
    """What it was made from, "" where it is a base itself."""
    name, sha256 = text_of(card, "base_model"), text_of(card, "base_sha256")
    if not name and not sha256:
        return {}
    return model.without_empty({
        "type": "machine-learning-model", "name": name or sha256, "hashes": hashes(sha256),
    })  # fmt: skip


def hashes(sha256: str) -> list[dict[str, str]]:
    """A file's hash, where it is one."""
    return [{"alg": "SHA-256", "content": sha256.lower()}] if _SHA256.fullmatch(sha256) else []


def _references(card: Card) -> list[dict[str, str]]:
    place = "distribution" if card.kind in ("student", "adapter") else "website"
    found = [(place, text_of(card, "location")), ("license", text_of(card, "licence_link"))]
    return [{"type": kind, "url": url} for kind, url in found if is_web(url)]

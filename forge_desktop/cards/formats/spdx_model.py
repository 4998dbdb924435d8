"""What SPDX's AI and Dataset profiles have a place for, of a card."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from forge_desktop.cards.fields import BY_KEY
from forge_desktop.cards.formats.cyclonedx_metrics import number
from forge_desktop.cards.formats.properties import data_of, rows_of, text_of, texts_of
from forge_desktop.cards.records import Card

_PRESENCE = {"yes": "yes", "no": "no", "unknown": "noAssertion"}
_MEGAJOULE = {"J": 1e-6, "Wh": 0.0036}
PLAIN = {"version": "software_packageVersion", "summary": "summary", "limitations": "ai_limitation"}
LISTS = {"domain": "ai_domain", "standards": "ai_standardCompliance"}


def plainly_said(card: Card) -> set[str]:
    """The fields whose places here give back exactly what stands in them."""
    said = {key for key in PLAIN if text_of(card, key) and text_of(card, key) == data_of(card, key)}
    return said | {key for key in LISTS if texts_of(card, key) and texts_of(card, key) == data_of(card, key)}


def ai_facts(card: Card) -> dict[str, Any]:
    """The AI profile's own part of a package."""
    kinds = [text_of(card, key) for key in ("architecture", "task", "learning")]
    autonomy = text_of(card, "autonomy").lower()
    return {
        "ai_typeOfModel": [each for each in kinds if each],
        "ai_domain": texts_of(card, "domain"),
        "ai_standardCompliance": texts_of(card, "standards"),
        "ai_informationAboutApplication": _titled(card, "intended_use", "users", "out_of_scope", "how_to_start"),
        "ai_informationAboutTraining": _titled(card, "learning", "training_hardware"),
        "ai_limitation": text_of(card, "limitations"),
        "ai_modelExplainability": [each for each in [text_of(card, "explainability")] if each],
        "ai_modelDataPreprocessing": [f"{name}: {text}" for name, text in _facts(card, "preprocessing")],
        "ai_hyperparameter": _entries(_facts(card, "hyperparameters")),
        "ai_metric": _entries(_metrics(card)),
        "ai_energyConsumption": _energy(card),
        "ai_useSensitivePersonalInformation": _PRESENCE.get(text_of(card, "sensitive_data"), ""),
        "ai_autonomyType": _PRESENCE.get(autonomy, ""),
        "comment": _titled(card, "safety", "fairness", "tradeoffs"),
    }


def dataset_facts(card: Card, row: Mapping[str, Any], number: int) -> dict[str, Any]:
    """A dataset's package."""
    sha256, rows = str(row.get("sha256") or ""), row.get("rows")
    return {
        "name": str(row.get("name") or f"dataset {number}"),
        "software_primaryPurpose": "data",
        "dataset_datasetType": ["text"],
        "dataset_datasetSize": rows if type(rows) is int and rows >= 0 else None,
        "dataset_hasSensitivePersonalInformation": _presence_in_each(card),
        "dataset_dataPreprocessing": [f"{name}: {text}" for name, text in _facts(card, "preprocessing")],
        "verifiedUsing": [{"type": "Hash", "algorithm": "sha256", "hashValue": sha256}] if sha256 else [],
        "comment": f"Classification: {row['classification']}" if row.get("classification") else "",
    }


def _presence_in_each(card: Card) -> str:
    """Of several datasets nobody says in which one personal data are."""
    said = text_of(card, "sensitive_data")
    return "noAssertion" if said == "yes" and len(rows_of(card, "training_data")) > 1 else _PRESENCE.get(said, "")


def _titled(card: Card, *keys: str) -> str:
    """Several fields as one text; the first without its title when it stands alone."""
    found = [(BY_KEY[key].title, text) for key in keys if (text := text_of(card, key))]
    return found[0][1] if len(found) == 1 else "\n\n".join(f"{title}: {text}" for title, text in found)


def _facts(card: Card, key: str) -> list[tuple[str, str]]:
    data = data_of(card, key)
    return [(str(name), number(held)) for name, held in data.items()] if isinstance(data, Mapping) else []


def _entries(pairs: list[tuple[str, str]]) -> list[dict[str, str]]:
    return [{"type": "DictionaryEntry", "key": name, "value": text} for name, text in pairs]


def _metrics(card: Card) -> list[tuple[str, str]]:
    """Results and speeds by a name that tells them apart; a second one of the same name is numbered."""
    found = []
    for row in rows_of(card, "evaluation"):
        if row.get("value") is not None:
            parts = [str(row[part]) for part in ("task", "dataset", "split", "metric") if row.get(part)]
            unit = f" ({row['unit']})" if row.get("unit") else ""
            found.append((" / ".join(parts) + unit, number(row["value"])))
    for key in ("prompt_speed", "generation_speed", "first_token", "latency"):
        value = card.fields[key].shown if key in card.fields else None
        if value is not None and isinstance(value.data, Mapping):
            unit = f" ({value.unit})" if value.unit else ""
            found += [(f"{BY_KEY[key].title} {part}{unit}", number(held)) for part, held in value.data.items()]
    return _numbered(found)


def _numbered(pairs: list[tuple[str, str]]) -> list[tuple[str, str]]:
    seen: dict[str, int] = {}
    for at, (name, text) in enumerate(pairs):
        seen[name] = seen.get(name, 0) + 1
        pairs[at] = (name if seen[name] == 1 else f"{name} #{seen[name]}", text)
    return pairs


def _energy(card: Card) -> dict[str, Any]:
    value = card.fields["training_energy"].shown if "training_energy" in card.fields else None
    if value is None or isinstance(value.data, bool) or not isinstance(value.data, (int, float)):
        return {}
    in_kwh = value.unit in ("", "kWh")
    spent = {
        "type": "ai_EnergyConsumptionDescription",
        "ai_energyQuantity": float(value.data) if in_kwh else round(value.data * _MEGAJOULE.get(value.unit, 0.0), 12),
        "ai_energyUnit": "kilowattHour" if in_kwh else "megajoule",
    }
    place = "ai_finetuningEnergyConsumption" if card.kind == "adapter" else "ai_trainingEnergyConsumption"
    return {"type": "ai_EnergyConsumption", place: [spent]} if in_kwh or value.unit in _MEGAJOULE else {}

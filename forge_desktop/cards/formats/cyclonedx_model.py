"""The modelCard and the licences of a CycloneDX component, each field of a card in the place the format has for it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from forge_desktop.cards.fields import BY_KEY
from forge_desktop.cards.formats.properties import data_of, is_web, rows_of, text_of, texts_of
from forge_desktop.cards.licences import OTHER, spelled
from forge_desktop.cards.records import Card

APPROACHES = ("self-supervised", "semi-supervised", "unsupervised", "supervised", "reinforcement-learning")
NO_LICENCE = "NOASSERTION"
CONSIDERED = {  # a text of ours: the list it is the only entry of
    "users": "users",
    "intended_use": "useCases",
    "limitations": "technicalLimitations",
    "tradeoffs": "performanceTradeoffs",
}
_MEASURED = ("prompt_speed", "generation_speed", "first_token", "latency", "memory_ram", "memory_vram", "error_rate")
_KWH = {"kWh": 1.0, "Wh": 1e-3, "J": 1 / 3_600_000}
_TONNES = {"kg": 1e-3, "g": 1e-6, "t": 1.0}


def without_empty(said: dict[str, Any]) -> dict[str, Any]:
    """The same without what says nothing."""
    return {name: held for name, held in said.items() if held not in (None, "", [], {})}


def licences(card: Card) -> list[dict[str, Any]]:
    """By its id, as an expression, or by its name; NOASSERTION where nobody said one."""
    said = text_of(card, "licence")
    link = text_of(card, "licence_link")
    if not said:
        return [{"license": {"name": NO_LICENCE}}]
    if spelled(said):
        return [{"license": {"id": spelled(said)}}]
    if said.lower() != OTHER and is_expression(said):
        return [{"expression": said}]
    name = text_of(card, "licence_name") or said
    return [{"license": without_empty({"name": name, "url": link if is_web(link) else ""})}]


def is_expression(text: str) -> bool:
    """Whether it is a licence expression of SPDX ids."""
    from license_expression import ExpressionError, get_spdx_licensing

    try:
        return not get_spdx_licensing().validate(text).errors
    except (ExpressionError, ValueError, AttributeError, IndexError, RecursionError):
        # WORKAROUND: license-expression 30.4 asks its own error for a token that it lacks where words follow each other
        # or hold signs, as "‹name›", and takes "()" apart by an index: neither is an expression.
        return False


def model_card(card: Card) -> dict[str, Any]:
    """Everything of the modelCard but its properties."""
    return without_empty({
        "modelParameters": _parameters(card),
        "quantitativeAnalysis": without_empty({"performanceMetrics": _metrics(card)}),
        "considerations": _considerations(card),
    })  # fmt: skip


def plainly_said(card: Card) -> dict[str, object]:
    """The fields whose places in a modelCard hold just what stands in them."""
    said: dict[str, object] = {key: text_of(card, key) for key in (*CONSIDERED, "task", "safety", "fairness")}
    return {**said, "inputs": texts_of(card, "inputs"), "outputs": texts_of(card, "outputs")}


def _parameters(card: Card) -> dict[str, Any]:
    learning = text_of(card, "learning").lower().replace("reinforcement learning", "reinforcement-learning")
    approach = next((each for each in APPROACHES if learning.startswith(each)), "")
    architecture = text_of(card, "architecture")
    place = "modelArchitecture" if " " in architecture else "architectureFamily"
    return without_empty({
        "approach": {"type": approach} if approach else None,
        "task": text_of(card, "task"),
        place: architecture,
        "datasets": [_dataset(card, row, number) for number, row in enumerate(rows_of(card, "training_data"), 1)],
        "inputs": [{"format": each} for each in texts_of(card, "inputs")],
        "outputs": [{"format": each} for each in texts_of(card, "outputs")],
    })  # fmt: skip


def _dataset(card: Card, row: Mapping[str, Any], number: int) -> dict[str, Any]:
    sensitive = text_of(card, "sensitive_data")
    told = [
        {"name": f"forge-desktop:dataset:{name}", "value": str(row[name])}
        for name in ("sha256", "rows", "train_rows", "validation_rows", "documents")
        if row.get(name) not in (None, "")
    ]
    return without_empty({
        "type": "dataset",
        "bom-ref": f"dataset:{number}",
        "name": str(row.get("name") or f"dataset {number}"),
        "contents": {"properties": told} if told else None,
        "classification": str(row.get("classification") or ""),
        "sensitiveData": [f"personal data: {sensitive}"] if sensitive else None,
    })  # fmt: skip


def _metrics(card: Card) -> list[dict[str, Any]]:
    found = [each for row in rows_of(card, "evaluation") for each in _of_evaluation(row)]
    for key in _MEASURED:
        value = card.fields[key].shown if key in card.fields else None
        if value is None:
            continue
        parts = value.data.items() if isinstance(value.data, Mapping) else [("", value.data)]
        about = "; ".join(
            f"{name}={value.detail[name]}" for name in ("n", "machine", "context") if value.detail.get(name)
        )
        found += [
            without_empty({
                "type": f"{BY_KEY[key].title} {part}".strip() + (f" ({value.unit})" if value.unit else ""),
                "value": number(held),
                "slice": about,
            })
            for part, held in parts
        ]  # fmt: skip
    return found


def _of_evaluation(row: Mapping[str, Any]) -> list[dict[str, Any]]:
    name, unit = str(row.get("metric") or "score"), str(row.get("unit") or "")
    about = "; ".join(
        f"{part}={row[part]}"
        for part in ("task", "dataset", "revision", "split", "n")
        if row.get(part) not in (None, "")
    )
    titled = f"{name} ({unit})" if unit else name
    bounds = {"lowerBound": row.get("low"), "upperBound": row.get("high")}
    interval = {side: number(held) for side, held in bounds.items() if held is not None}
    compared = row.get("difference") is not None
    found = []
    if row.get("value") is not None:
        told = {"type": titled, "value": number(row["value"]), "slice": about}
        found.append(without_empty({**told, "confidenceInterval": {} if compared else interval}))
    if compared:
        name = f"{titled}, difference to {row.get('baseline') or 'the baseline'}"
        told = {"type": name, "value": number(row["difference"]), "slice": about}
        found.append(without_empty({**told, "confidenceInterval": interval}))
    return found


def number(held: object) -> str:
    """A figure as text, as JSON has it."""
    return held if isinstance(held, str) else json.dumps(held, ensure_ascii=False)


def _considerations(card: Card) -> dict[str, Any]:
    found: dict[str, Any] = {place: [text] for key, place in CONSIDERED.items() if (text := text_of(card, key))}
    if safety := text_of(card, "safety"):
        found["ethicalConsiderations"] = [{"name": safety}]
    if fairness := text_of(card, "fairness"):
        found["fairnessAssessments"] = [{"harms": fairness}]
    if spent := _energy(card):
        found["environmentalConsiderations"] = {"energyConsumptions": [spent]}
    return found


def _energy(card: Card) -> dict[str, Any]:
    kwh = _in_unit(card, "training_energy", _KWH)
    if kwh is None:
        return {}
    measure = {"value": kwh, "unit": "kWh"}
    spent: dict[str, Any] = {
        "activity": "fine-tuning" if card.kind == "adapter" else "training",
        "energyProviders": [
            {"organization": {"name": "unknown"}, "energySource": "unknown", "energyProvided": measure}
        ],
        "activityEnergyCost": measure,
    }
    tonnes = _in_unit(card, "training_carbon", _TONNES)
    if tonnes is not None:
        spent["co2CostEquivalent"] = {"value": tonnes, "unit": "tCO2eq"}
    return spent


def _in_unit(card: Card, key: str, units: Mapping[str, float]) -> float | None:
    value = card.fields[key].shown if key in card.fields else None
    if value is None or isinstance(value.data, bool) or not isinstance(data_of(card, key), (int, float)):
        return None
    factor = units.get(value.unit or next(iter(units)))
    return None if factor is None else round(float(data_of(card, key)) * factor, 12)

"""The modelCard and the licences of a CycloneDX component, each field of a card in the place the format has for it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from forge_desktop.cards.formats.cyclonedx_energy import consumptions
from forge_desktop.cards.formats.cyclonedx_fairness import assessments
from forge_desktop.cards.formats.cyclonedx_metrics import metrics
from forge_desktop.cards.formats.properties import is_web, rows_of, text_of, texts_of
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
PERSONAL = "personal data"
_SOMEWHERE = "personal data: the card says that the data of its training hold some, not in which set"


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
        "quantitativeAnalysis": without_empty({"performanceMetrics": metrics(card)}),
        "considerations": _considerations(card),
    })  # fmt: skip


def plainly_said(card: Card) -> dict[str, object]:
    """The fields whose places in a modelCard hold just what stands in them."""
    said: dict[str, object] = {key: text_of(card, key) for key in (*CONSIDERED, "task", "safety")}
    if assessments(text_of(card, "fairness")):
        said["fairness"] = text_of(card, "fairness")
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
        "datasets": _datasets(card),
        "inputs": [{"format": each} for each in texts_of(card, "inputs")],
        "outputs": [{"format": each} for each in texts_of(card, "outputs")],
    })  # fmt: skip


def _datasets(card: Card) -> list[dict[str, Any]]:
    rows = rows_of(card, "training_data")
    there = text_of(card, "sensitive_data") == "yes"  # "no" and "unknown" name none, and the format lists what is there
    sensitive = [PERSONAL if len(rows) == 1 else _SOMEWHERE] if there else []
    return [_dataset(row, number, sensitive) for number, row in enumerate(rows, 1)]


def _dataset(row: Mapping[str, Any], number: int, sensitive: list[str]) -> dict[str, Any]:
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
        "sensitiveData": sensitive,
    })  # fmt: skip


def _considerations(card: Card) -> dict[str, Any]:
    found: dict[str, Any] = {place: [text] for key, place in CONSIDERED.items() if (text := text_of(card, key))}
    if safety := text_of(card, "safety"):
        found["ethicalConsiderations"] = [{"name": safety}]
    if told := assessments(text_of(card, "fairness")):
        found["fairnessAssessments"] = told
    if spent := consumptions(card):
        found["environmentalConsiderations"] = {"energyConsumptions": spent}
    return found

"""The datasets of a CycloneDX model card as rows of the training data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from forge_desktop.cards.formats.properties import PREFIX

_TAKEN = ("type", "bom-ref", "name", "classification")
_HELD = f"{PREFIX}dataset:"
_COUNTS = ("rows", "train_rows", "validation_rows", "documents")
Row = dict[str, object]


def training_data(held: list[Any], components: Sequence[Mapping[str, Any]]) -> tuple[list[Row], list[Any], list[str]]:
    """Rows, the datasets that say more than a row can hold, and a sentence for each of those."""
    rows: list[Row] = []
    left: list[Any] = []
    why: list[str] = []
    for number, each in enumerate(held, 1):
        dataset = _meant(each, components)
        name = dataset.get("name")
        if not isinstance(name, str) or not name.strip():
            left.append(each)
            why.append(f"Data set {number} has no name, or is not in the document.")
            continue
        row, more = _row(name, dataset)
        rows.append(row)
        if more:
            left.append(each)
            why.append(f"Data set {name[:60]}: a row has no place for its {', '.join(more)}.")
    return rows, left, why


def _meant(each: object, components: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    """A dataset itself, or the component that it refers to."""
    if not isinstance(each, dict):
        return {}
    if isinstance(each.get("ref"), str):
        named = next((one for one in components if one.get("bom-ref") == each["ref"]), {})
        return {
            place: held for place, held in named.items() if place in ("name", "type")
        }  # that stays a part of its own
    return each


def _row(name: str, dataset: Mapping[str, Any]) -> tuple[Row, list[str]]:
    row: Row = {"name": name}
    more = [place for place, held in dataset.items() if place not in _TAKEN and held not in (None, "", [], {})]
    if isinstance(dataset.get("classification"), str) and dataset["classification"]:
        row["classification"] = dataset["classification"]
    elif dataset.get("classification"):
        more.append("classification")
    contents = dataset.get("contents")
    if isinstance(contents, dict) and set(contents) == {"properties"} and (told := _told(contents["properties"])):
        row |= told
        more.remove("contents")
    return row, more


def _told(properties: object) -> Row:
    """What stands in properties as they are written here; nothing where anything else stands there."""
    row: Row = {}
    for each in properties if isinstance(properties, list) else []:
        name = str(each.get("name", "")).removeprefix(_HELD) if isinstance(each, dict) else ""
        text = each.get("value") if isinstance(each, dict) else None
        if name == "sha256" and isinstance(text, str):
            row[name] = text
        elif name in _COUNTS and isinstance(text, str) and text.isascii() and text.isdecimal() and len(text) < 16:
            row[name] = int(text)
        else:
            return {}
    return row

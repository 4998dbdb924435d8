"""Evaluation rows as the hub's `.eval_results/*.yaml`: one file for each data set, and back."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from forge_desktop.cards.markdown import cells, front, yaml_nodes
from forge_desktop.cards.markdown.records import BadCardText
from forge_desktop.cards.markdown.yaml_written import block
from forge_desktop.cards.records import Card
from forge_desktop.cards.told_beside import joined, parted

Row = dict[str, object]
_HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[\w.-]+", re.ASCII)
_NOTES = (
    "metric", "split", "unit", "n", "baseline", "difference", "low", "high", "less_is_better", "config", "verified",
    "source",
)  # fmt: skip


def eval_results(card: Card) -> dict[str, str]:
    """A card's evaluation as files: YAML by file name. Rows without a value, or whose data set is none of the hub's
    ("owner/name"), have no place there: the hub would look for it. They stand in the card's text.
    """
    state = card.fields.get("evaluation")
    shown = state.shown if state is not None else None
    rows = shown.data if shown is not None and isinstance(shown.data, list) else []
    files: dict[str, list[object]] = {}
    names: dict[str, str] = {}
    for row in rows:
        if isinstance(row, dict) and leaves(row):
            name = names.setdefault(str(row["dataset"]), _file_name(str(row["dataset"]), set(names.values())))
            files.setdefault(name, []).append(_entry(row))
    return {name: block(entries) + "\n" for name, entries in files.items()}


def leaves(row: Mapping[str, Any]) -> bool:
    """Whether a row has a place in such a file."""
    return bool(_HUB_ID.fullmatch(str(row.get("dataset")))) and row.get("value") is not None


def read_eval_results(texts: Mapping[str, str]) -> list[Row]:
    """The rows of such files, by file name. Raises BadCardText naming the file's line and column."""
    rows: list[Row] = []
    for name, text in texts.items():
        try:
            rows += _rows(text.removeprefix("\ufeff"))
        except BadCardText as error:
            raise BadCardText(
                error.message.partition(": ")[2].replace("the front matter", "the file") + f" ({name})",
                error.line,
                error.column,
                hint=error.hint,
            ) from None
    return rows


def _rows(text: str) -> list[Row]:
    front.check(text)
    root = yaml_nodes.compose(text)
    if root is None:
        return []
    if root.kind != "list":
        raise BadCardText("a file of results has to be a list.", root.line + 1, root.column + 1)
    return [_row(entry) for entry in yaml_nodes.plain(root) if isinstance(entry, dict) and "value" in entry]  # type: ignore[attr-defined]


def _file_name(dataset: str, taken: set[str]) -> str:
    slug = re.sub(r"[^a-z0-9.]+", "-", dataset.casefold().rpartition("/")[2]).strip("-.") or "results"
    number, name = 1, f"{slug[:80]}.yaml"
    while name in taken:
        number += 1
        name = f"{slug[:80]}-{number}.yaml"
    return name


def _entry(row: Mapping[str, Any]) -> dict[str, object]:
    dataset: dict[str, object] = {"id": row["dataset"], "task_id": row.get("task") or "default"}
    if row.get("revision"):
        dataset["revision"] = row["revision"]
    made: dict[str, object] = {"dataset": dataset, "value": row["value"]}
    if row.get("date"):
        made["date"] = row["date"]
    if str(row.get("source", "")).startswith(("http://", "https://")):
        made["source"] = {"url": row["source"]}
    words, rest = parted(row.get("config"))
    made = _with_rest(made, rest)
    told = {name: words if name == "config" else row.get(name) for name in _NOTES}
    noted = [name for name in _NOTES if told[name] not in (None, "") and not (name == "source" and "url" in _map(made))]
    if noted == ["config"] and _noted(words) == {"config": words}:
        return {**made, "notes": words}  # somebody's own words stand as they stood
    notes = "; ".join(f"{name}: {_safe(told[name])}" for name in noted)
    return {**made, "notes": notes} if notes else made


def _map(entry: Mapping[str, object]) -> Mapping[str, Any]:
    source = entry.get("source")
    return source if isinstance(source, dict) else {}


def _with_rest(made: dict[str, object], rest: Mapping[str, Any]) -> dict[str, object]:
    """An entry with what stood in it beyond our columns, each at its place."""
    for name, value in rest.items():
        held = made.get(name)
        if name in ("dataset", "source") and isinstance(value, dict):
            made[name] = {**(held if isinstance(held, dict) else {}), **value}
        else:
            made.setdefault(name, value)
    return made


def _safe(value: object) -> str:
    text = cells.encoded(value)
    return text if ";" not in text and "\n" not in text else cells.as_json(value)


def _row(entry: Mapping[str, Any]) -> Row:
    held, source = entry.get("dataset"), entry.get("source")
    dataset: Mapping[str, Any] = held if isinstance(held, dict) else {}
    said: Row = {
        "task": dataset.get("task_id") if dataset.get("task_id") != "default" else None,
        "dataset": dataset.get("id"),
        "revision": dataset.get("revision"),
        "value": entry.get("value"),
        "date": entry.get("date"),
        "source": source.get("url") if isinstance(source, dict) else None,
    }
    said |= _noted(entry.get("notes"))
    rest = _rest(entry)
    if rest:
        said["config"] = joined(str(said.get("config") or ""), rest)
    return {name: value for name, value in said.items() if value is not None}


def _rest(entry: Mapping[str, Any]) -> dict[str, object]:
    """What an entry says beyond our columns (who signed it, whose source it is): it is kept with how it was run."""
    known = {"dataset": ("id", "task_id", "revision"), "source": ("url",)}
    rest: dict[str, object] = {}
    for name, value in entry.items():
        if name in known and isinstance(value, dict):
            more = {key: inner for key, inner in value.items() if key not in known[name]}
            rest |= {name: more} if more else {}
        elif name not in ("value", "date", "notes", *known):
            rest[name] = value
    return rest


def _noted(notes: object) -> Row:
    """The columns in notes that we wrote; other people's notes are how it was configured."""
    if not isinstance(notes, str) or not notes:
        return {}
    found: Row = {}
    for part in re.findall(r'(?:"(?:\\.|[^"\\])*"|[^;])+', notes):
        name, colon, value = part.strip().partition(": ")
        if not colon or name not in _NOTES:
            return {"config": notes}
        found[name] = cells.decoded(value)
    return found

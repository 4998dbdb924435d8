"""Our fields in the hub's front matter: which keys say them, and what those keys can say of a value."""

from __future__ import annotations

import re
from collections.abc import Mapping

from forge_desktop.cards.fields import BY_KEY
from forge_desktop.cards.markdown import licences, model_index
from forge_desktop.cards.markdown.yaml_nodes import Node, plain
from forge_desktop.cards.records import Kind

ORDER = (
    "language", "license", "license_name", "license_link", "base_model", "base_model_relation", "pipeline_tag",
    "library_name", "tags", "datasets", "model-index",
)  # fmt: skip
"""The order in which keys that we write stand where there are none yet."""

_KEYS: dict[str, tuple[str, ...]] = {
    "languages": ("language",),
    "licence": ("license", "license_name"),
    "licence_name": ("license_name", "license"),
    "licence_link": ("license_link",),
    "base_model": ("base_model",),
    "base_relation": ("base_model_relation",),
    "task": ("pipeline_tag",),
    "tags": ("tags",),
    "training_data": ("datasets",),
    "evaluation": ("model-index",),
}
READABLE = ("licence", "base_model", "evaluation", "training_data")
"""Fields that a reader wants in the text too, though the front matter has them."""
_HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*(/[\w.-]+)?", re.ASCII)
_DATASET = re.compile(r"[A-Za-z0-9][\w.-]*/[\w.-]+", re.ASCII)

Keys = Mapping[str, Node]


def fields_of(kind: Kind) -> tuple[str, ...]:
    """Fields of a kind of card that the front matter can hold."""
    return tuple(key for key in _KEYS if BY_KEY[key].belongs_to(kind))


def keys_of(kind: Kind) -> frozenset[str]:
    """The front matter's keys that are fields of such a card."""
    return frozenset(name for key in fields_of(kind) for name in _KEYS[key])


def field_key(field: str) -> str:
    """The key that says where a field stands."""
    return _KEYS[field][0]


def names_of(field: str) -> tuple[str, ...]:
    """All keys that a field bears on."""
    return _KEYS[field]


def said(keys: Keys) -> dict[str, object]:
    """The fields that front matter says, in our form. What has another form than the hub's is left out."""
    found: dict[str, object] = {}
    # Of several the hub does not tell whether all of them hold or one may be chosen: that is no licence of ours.
    several = ", ".join(dict.fromkeys(_texts(keys, "license")))
    licence, name = licences.from_hub(several, _text(keys, "license_name"))
    found["licence"], found["licence_name"] = licence, name
    found["licence_link"] = _text(keys, "license_link")
    found["languages"] = _texts(keys, "language")
    found["base_model"] = ", ".join(_texts(keys, "base_model"))
    found["base_relation"] = _text(keys, "base_model_relation")
    found["task"] = _text(keys, "pipeline_tag")
    found["tags"] = _texts(keys, "tags")
    found["training_data"] = [{"name": name} for name in _texts(keys, "datasets")]
    found["evaluation"] = model_index.rows(plain(keys["model-index"])) if "model-index" in keys else []
    return {field: value for field, value in found.items() if value}


def wanted(values: Mapping[str, object], keys: Keys, kind: Kind, name: str) -> dict[str, object]:
    """What the keys of such a card should hold for these values: None where a key should not be there."""
    licence, licence_name = licences.to_hub(_str(values.get("licence")), _str(values.get("licence_name")))
    made: dict[str, object] = {
        "license": licence,
        "license_name": licence_name,
        "license_link": _str(values.get("licence_link")),
        "language": _strings(values.get("languages")),
        "base_model": _base(values.get("base_model")),
        "base_model_relation": _str(values.get("base_relation")),
        "pipeline_tag": _str(values.get("task")),
        "tags": _strings(values.get("tags")),
        "datasets": _datasets(values.get("training_data"), _texts(keys, "datasets")),
    }
    rows = values.get("evaluation")
    results = model_index.projected([row for row in rows if isinstance(row, dict)]) if isinstance(rows, list) else []
    before = plain(keys["model-index"]) if "model-index" in keys else None
    if results and results == model_index.rows(before):
        made["model-index"] = before
    else:
        made["model-index"] = model_index.index(results, before, name) if results else None
    ours = keys_of(kind)
    return {key: value or None for key, value in made.items() if key in ours}


def as_written(made: Mapping[str, object]) -> dict[str, object]:
    """What reading those keys again would say, without writing them: to see what of a value they cannot hold."""
    licence = made.get("license")
    back: dict[str, object] = dict(
        zip(
            ("licence", "licence_name"),
            licences.from_hub(_str(licence), _str(made.get("license_name"))),
            strict=True,
        )
    )
    base = made.get("base_model")
    back["licence_link"] = made.get("license_link")
    back["languages"], back["tags"] = made.get("language"), made.get("tags")
    back["base_model"] = ", ".join(base) if isinstance(base, list) else base
    back["base_relation"], back["task"] = made.get("base_model_relation"), made.get("pipeline_tag")
    datasets = made.get("datasets")
    back["training_data"] = [{"name": name} for name in datasets] if isinstance(datasets, list) else None
    back["evaluation"] = model_index.rows(made.get("model-index"))
    return {field: value for field, value in back.items() if value}


def shaped(key: str, value: object, node: Node | None) -> object:
    """A key's value in the form it had: one word stays a word, a list of one stays a list."""
    if value is None or node is None:
        return value
    if key in ("language", "datasets", "base_model", "license", "tags") and isinstance(value, list | str):
        parts = value if isinstance(value, list) else [value]
        is_list = node.meant.kind == "list"
        return parts if is_list or len(parts) > 1 else parts[0]
    return value


def _base(value: object) -> object:
    """The hub's names of a base; a file's name, or words, are none and stay in the text alone."""
    parts = _str(value).split(", ") if value else []
    if not parts or not all(_HUB_ID.fullmatch(part) for part in parts) or any(p.endswith(".gguf") for p in parts):
        return None
    return parts if len(parts) > 1 else parts[0]


def _datasets(rows: object, there: list[str]) -> list[str]:
    names = [_str(row.get("name")) for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
    return [name for name in dict.fromkeys(names) if name in there or _DATASET.fullmatch(name)]


def _text(keys: Keys, name: str) -> str:
    node = keys[name].meant if name in keys else None
    return node.text if node is not None and node.kind == "scalar" and not node.tag.endswith(":null") else ""


def _texts(keys: Keys, name: str) -> list[str]:
    """A key's words as they stand: `no` is Norwegian here, not false."""
    node = keys[name].meant if name in keys else None
    if node is None or node.kind == "map":
        return []
    if node.kind == "scalar":
        return [node.text] if node.text and not node.tag.endswith(":null") else []
    parts = [item.meant for item in node.items]
    return [part.text for part in parts if part.kind == "scalar"] if all(p.kind == "scalar" for p in parts) else []


def _str(value: object) -> str:
    return value if isinstance(value, str) else ""


def _strings(value: object) -> list[str]:
    return [part for part in value if isinstance(part, str)] if isinstance(value, list) else []

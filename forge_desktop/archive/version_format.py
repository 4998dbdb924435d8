"""What a version's bundle is made of: one ZIP file of a manifest, the version, its adapter, and what is known of it."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from forge_desktop.archive.bundle_rows import Wrong

FORMAT = "forge-version"
FORMAT_VERSION = 1
SUFFIX = ".forgeversion"

MANIFEST, VERSION, ADAPTER, BASE = "manifest.json", "version.json", "adapter.gguf", "base.gguf"
RUN, GATES, CARD = "run.json", "gates.json", "card.json"
REQUIRED = frozenset((MANIFEST, VERSION, ADAPTER))
NAMES = REQUIRED | {BASE, RUN, GATES, CARD}

_SHA256 = re.compile(r"[0-9a-f]{64}")
_NAME, _TEMPLATE, _SETTINGS = 200, 1_000_000, 20
_CONTROLS = re.compile("[\x00-\x1f\x7f\ud800-\udfff]")


@dataclass(frozen=True)
class CarriedVersion:
    """A version as a bundle tells it. Whether its scale and settings are possible is the registry's to say."""

    label: str
    name: str
    base_sha256: str
    base_name: str
    adapter_sha256: str
    scale: float
    template: str
    retrieval: Mapping[str, object]
    verdict: str


def manifest_of(value: object) -> Mapping[str, Any]:
    """The checked manifest."""
    if not isinstance(value, dict) or value.get("format") != FORMAT:
        raise Wrong("it is no version's bundle")
    version = value.get("format_version")
    if type(version) is not int or version < 1:
        raise Wrong("its manifest tells no version of its format")
    if version > FORMAT_VERSION:
        raise Wrong("it was written by a newer Forge Desktop; update this one")
    members = value.get("members")
    if not isinstance(members, list) or not all(_is_entry(entry) for entry in members):
        raise Wrong("its manifest lists no files")
    return value


def _is_entry(entry: object) -> bool:
    if not isinstance(entry, dict) or not isinstance(entry.get("name"), str):
        return False
    size = entry.get("bytes")
    return type(size) is int and size >= 0 and _SHA256.fullmatch(str(entry.get("sha256"))) is not None


def version_of(value: object) -> CarriedVersion:
    """The checked version."""
    if not isinstance(value, dict):
        raise Wrong("it holds no version")
    for name in ("base_sha256", "adapter_sha256"):
        if not isinstance(value.get(name), str) or not _SHA256.fullmatch(value[name]):
            raise Wrong(f"its version's {name} is no hash")
    scale, retrieval = value.get("scale"), value.get("retrieval")
    if isinstance(scale, bool) or not isinstance(scale, (int, float)) or not math.isfinite(scale):
        raise Wrong("its version has no scale")
    if not isinstance(retrieval, dict) or len(retrieval) > _SETTINGS:
        raise Wrong("its version has no settings of a search")
    return CarriedVersion(
        label=_text(value, "label", 40),
        name=_text(value, "name", _NAME),
        base_sha256=value["base_sha256"],
        base_name=_text(value, "base_name", _NAME),
        adapter_sha256=value["adapter_sha256"],
        scale=float(scale),
        template=_text(value, "template", _TEMPLATE, lines=True),
        retrieval=retrieval,
        verdict=_text(value, "verdict", 40),
    )


def _text(value: Mapping[str, Any], name: str, most: int, *, lines: bool = False) -> str:
    found = value.get(name)
    if not isinstance(found, str) or len(found) > most or (not lines and _CONTROLS.search(found)):
        raise Wrong(f"its version's {name} is no possible text")
    return found


def as_json(value: object) -> bytes:
    """JSON in UTF-8, for people too."""
    return json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False, default=str).encode() + b"\n"

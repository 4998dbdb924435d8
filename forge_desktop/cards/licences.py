"""The licences of SPDX's list by id, for pickers and for saying what an id means."""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from dataclasses import dataclass

from forge_desktop.base.paths import resources_dir

OTHER = "other"
COMMON = (
    "Apache-2.0", "MIT", "BSD-3-Clause", "CC-BY-4.0", "CC-BY-SA-4.0", "CC-BY-NC-4.0", "CC0-1.0", "GPL-3.0-only",
    "AGPL-3.0-only", "LGPL-3.0-only", "MPL-2.0",
)  # fmt: skip
"""What models mostly have, in the order in which a picker offers it first."""


@dataclass(frozen=True)
class LicenceList:
    """The list, and which one it is. `names` are by id."""

    source: str
    version: str
    names: Mapping[str, str]


@functools.cache
def licences() -> LicenceList:
    """The list that ships."""
    said = json.loads((resources_dir() / "licences.json").read_bytes())
    return LicenceList(said["source"], said["version"], dict(said["names"]))


@functools.cache
def _spelled() -> Mapping[str, str]:
    return {name.lower(): name for name in licences().names}


def spelled(text: str) -> str:
    """An id as the list spells it ("apache-2.0" as Hugging Face writes it becomes "Apache-2.0"), "" for none of it."""
    return _spelled().get(text.strip().lower(), "")


def licence_name(text: str) -> str:
    """What an id is called, "" for none of the list."""
    return licences().names.get(spelled(text), "")


def find(text: str) -> list[tuple[str, str]]:
    """Ids with their names that hold every word of a text; the common ones first, all of them for no text."""
    words = text.lower().split()
    hits = [
        (key, name) for key, name in licences().names.items() if all(word in f"{key} {name}".lower() for word in words)
    ]
    return sorted(hits, key=lambda hit: (COMMON.index(hit[0]) if hit[0] in COMMON else len(COMMON), hit[0].lower()))

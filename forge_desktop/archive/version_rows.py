"""Versions of students and their history as plain values, for the export of everything."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from forge_desktop.students.registry import Registry

_OF_THIS_COMPUTER = ("path", "problem")


def version_rows(registry: Registry) -> Iterator[dict[str, Any]]:
    """Each version, the oldest first, with what is known of its adapter; the adapter's file is not in it."""
    adapters = {adapter.sha256: adapter for adapter in registry.adapters()}
    for version in reversed(registry.versions()):
        adapter = adapters.get(version.adapter_sha256)
        yield {**_plain(version), "adapter": None if adapter is None else _plain(adapter)}


def history_rows(registry: Registry) -> Iterator[dict[str, Any]]:
    """What happened to versions, the oldest first."""
    for happening in reversed(registry.history()):
        yield _plain(happening)


def _plain(made: Any) -> dict[str, Any]:
    return {name: value for name, value in dataclasses.asdict(made).items() if name not in _OF_THIS_COMPUTER}

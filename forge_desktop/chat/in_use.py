"""The version of the student in use, as far as the chat has to know it: its template, its search, its name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from forge_desktop.base.settings import SettingsFile
from forge_desktop.engine import Generation

SEARCHING = ("passages", "neighbours")  # what of a search a version may say itself


@dataclass(frozen=True)
class InUse:
    """`template` "" is the one in the student's file; `retrieval` names settings of a search that differ from Settings.

    `version` is its uid, `label` what people call it ("v3"); both "" where nobody said.
    """

    template: str = ""
    retrieval: Mapping[str, object] = field(default_factory=dict)
    version: str = ""
    label: str = ""

    def setting(self, name: str, settings: SettingsFile) -> int:
        """A number that shapes the search: what was asked for this once, else the version's, else that of Settings."""
        value = self.retrieval.get(name)
        if name in settings.overridden or not isinstance(value, int):
            return int(getattr(settings.values, name))
        return value

    def facts(self, done: Generation) -> dict[str, object]:
        """Which version gave this answer; None where an endpoint did."""
        adapter = done.adapter_sha256 or None
        return {
            "version": done.label or None,
            "version_uid": (self.version or None) if done.label and done.label == self.label else None,
            "adapter_sha256": adapter,
            "scale": done.scale if adapter else None,
        }

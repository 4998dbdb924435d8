"""Whether an adapter changes what its base answers at all: measured once by likelihoods, then remembered."""

from __future__ import annotations

import contextlib
import math

from forge_desktop.base.errors import ForgeError
from forge_desktop.engine import AdapterSpec, Continuation, Engine, PromptMessage, PromptPart, StudentSpec
from forge_desktop.students.records_versions import Version
from forge_desktop.students.store import Base, Bases
from forge_desktop.students.store_versions import Versions

NO_NUMBERS = "MODEL_CORRUPT"  # how an engine says that what it computed are no numbers
_PROBES = (
    ("How long may I keep a hand tool?", "For 14 days, and a power tool for 7."),
    ("Wer führt die Kasse?", "Das steht im Protokoll vom März."),
    ('{"name": "Ada", "year": 1843}', "The year is 1843 [1]."),
    ("Write one sentence about the sea.", "The sea was calm and the boats came home early."),
)


class Effects:
    """Scores a few fixed texts with and without the adapter, in a child beside the chat's."""

    def __init__(self, versions: Versions, bases: Bases, engine: Engine) -> None:
        self._versions, self._bases, self._engine = versions, bases, engine

    def nothing(self, version: Version) -> bool:
        """Whether it answers as its base does. A pass needed a gain, so only one without is measured here."""
        adapter = self._versions.adapter(version.adapter_sha256)
        if version.is_base or adapter is None:
            return False
        return not adapter.detail.get("moves", True) or (version.verdict != "passed" and self.of(version) == 0)

    def of(self, version: Version) -> float:
        """By how many nats a token, on average, the adapter moves the likelihoods at the version's scale; 0 is not at
        all. Raises ForgeError where it cannot be measured.
        """
        adapter, base = self._versions.adapter(version.adapter_sha256), self._bases.by_sha256(version.base_sha256)
        if adapter is None or base is None:
            return 0.0
        if not adapter.detail.get("moves", True):
            return 0.0
        known = adapter.detail.get("effects")
        key = f"{version.scale:g}"
        if isinstance(known, dict) and isinstance(known.get(key), float):
            return float(known[key])
        found = self._measured(base, AdapterSpec(adapter.path, adapter.sha256, version.scale), version.label)
        with contextlib.suppress(ForgeError):  # read only, or a full disk: it will be measured again
            self._versions.put_detail(adapter.sha256, {"effects": {**(known or {}), key: found}})  # type: ignore[dict-item]
        return found

    def _measured(self, base: Base, adapter: AdapterSpec, label: str) -> float:
        items = [
            Continuation((PromptMessage("user", (PromptPart(question),)),), answer) for question, answer in _PROBES
        ]
        beside = self._engine.beside()
        try:
            beside.use(StudentSpec(base.name, str(base.path), base.sha256))
            without = beside.score(items, adapter=None, width=1).items
            try:
                with_it = beside.score(items, adapter=adapter, width=1).items
            except ForgeError as error:
                raise worded(error, label) from error
        finally:
            beside.close()
        differences = [
            abs(one - other)
            for bare, changed in zip(without, with_it, strict=True)
            for one, other in zip(bare.log_likelihoods, changed.log_likelihoods, strict=True)
        ]
        if not differences:
            problem = next((scored.problem for scored in (*without, *with_it) if scored.problem), "Nothing was scored.")
            raise ForgeError(f"Whether the adapter changes anything could not be seen: {problem}")
        found = sum(differences) / len(differences)
        if not math.isfinite(found):
            raise no_numbers(label)
        return found


def worded(error: ForgeError, label: str) -> ForgeError:
    """What an engine said of a version with an adapter: that its numbers are none is the adapter's doing."""
    return no_numbers(label) if error.code == NO_NUMBERS else error


def no_numbers(label: str) -> ForgeError:
    """With its adapter the student computes no numbers any more."""
    return ForgeError(
        f"With the adapter of {label} the student computes no numbers any more (infinity, or none at all).",
        hint="Its base is sound: try a smaller scale, or train another adapter.",
    )

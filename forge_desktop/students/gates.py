"""Evaluation gates: two versions on the same suites, and what follows from it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from forge_desktop.base.errors import ForgeError
from forge_desktop.students.records_gate import GateReport, GateSuite, GateWish, ItemResult, RetrievalArm
from forge_desktop.students.registry import Registry
from forge_desktop.students.rooms import Rooms
from forge_desktop.students.store import Bases
from forge_desktop.students.training import Training

_LATER = "Gates are not there yet."


class Gates:
    """Evaluation gates: two versions on the same suites, and what follows from it.

    Publishes DataChanged({"gates"}), with "versions" too where a verdict was recorded.
    """

    def __init__(self, rooms: Rooms, bases: Bases, registry: Registry, training: Training) -> None:
        self._rooms, self._bases, self._registry, self._training = rooms, bases, registry, training

    def start(self, version: str, wish: GateWish) -> int:
        """Measure a version against its baseline: a job (kind "gate") whose result is a GateReport, whatever the
        verdict. Raises ForgeError for a wish that cannot be.
        """
        raise ForgeError(_LATER)

    def resume(self, uid: str) -> int:
        """Go on with a gate that was interrupted, cancelled, or failed: what was measured is not measured again."""
        raise ForgeError(_LATER)

    def all(self, version: str = "") -> list[GateReport]:
        """Every gate, the newest first; of one version, or all."""
        return []

    def get(self, uid: str) -> GateReport:
        """A gate by its uid, the beginning of it, or its number. Raises ForgeError when there is none."""
        raise ForgeError(_LATER)

    def items(
        self, uid: str, *, suite: str = "", change: str = "", offset: int = 0, limit: int = 100
    ) -> list[ItemResult]:
        """What both arms made of each item; of a suite (its sha256), or with a change ("better", "worse", "same")."""
        return []

    def count(self, uid: str, *, suite: str = "", change: str = "") -> int:
        """How many `items` there are."""
        return 0

    def shipped(self) -> tuple[GateSuite, ...]:
        """The suites that ship with the program: regression and safety."""
        return ()

    def bring_suite(self, file: Path, name: str = "", kind: str = "recall") -> int:
        """Keep a file of questions as a suite: a job whose result is the Suite; the one there is, if it has the same
        content already.
        """
        raise ForgeError(_LATER)

    def retrieval(self, suite: str, arms: Sequence[RetrievalArm]) -> int:
        """Compare settings of the search on a suite that names its sources: a job (kind "retrieval") whose result is a
        list of RetrievalResult. No setting is changed.
        """
        raise ForgeError(_LATER)

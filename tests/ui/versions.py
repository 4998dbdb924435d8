"""What tests of versions and gates share: a tiny base, adapters for it, verdicts, and gates as their room has them."""

from __future__ import annotations

import dataclasses
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from forge_desktop.forge import Forge
from forge_desktop.students.gate_items import GateItem
from forge_desktop.students.records_gate import GateState, GateSuite, GateWish, Metric
from forge_desktop.students.records_versions import Verdict, Version
from forge_desktop.students.store_gates import GateStore, Measured
from tests.cards.completing import complete
from tests.data import tiny_gguf
from tests.students.gate_rooms import adapter

PASSED = (
    ("exact_match", 0.64, 0.77, (0.04, 0.22)),
    ("groundedness", 0.78, 0.91, (0.06, 0.20)),
    ("refusal", 0.88, 0.86, (-0.06, 0.02)),
    ("citation_validity", 0.93, 0.97, (0.0, 0.08)),
    ("nll", 1.62, 1.44, (-0.25, -0.11)),
)
REASONS = {
    "passed": ("Exact match on library rises by 13 points, by its interval from +4 to +22.",),
    "failed": ("Exact match on library does not rise: its interval reaches from -9 to +3 points.",),
    "inconclusive": ("It is not decided whether exact match on library rises: about 240 more questions would tell.",),
    "": (),
}
ITEMS = 30


class Versions:
    """Versions on a tiny base, or on the one in use, added to a forge. `store` is the gates' own."""

    def __init__(self, forge: Forge, folder: Path, *, tiny: bool = True) -> None:
        self.forge, self.folder = forge, folder
        self.registry = forge.students.registry
        if tiny:
            forge.settings.override(threads=1)
            self.file = tiny_gguf.write(folder / "Tiny-Chat.F32.gguf", context=1024)
            forge.jobs.wait(forge.students.import_gguf(self.file), timeout=60)
        else:
            student = forge.students.active()
            assert student is not None
            self.file = Path(student.path)
        named = "Tiny" if tiny else ""
        self.base = next(v for v in self.registry.versions() if v.is_base and v.name.startswith(named))
        rooms = forge.students._rooms
        assert rooms is not None
        self.db = rooms.db
        self.store = GateStore(self.db)

    def add(self, name: str, *, seed: int = 1, **given: Any) -> Version:
        """A candidate with an adapter of its own."""
        file = adapter(self.folder / f"adapter-{seed}.gguf", self.file, strength=0.5, seed=seed)
        given.setdefault("origin", "trained")
        return self.registry.add(file, self.base.base_sha256, name=name, **given)

    def gate(
        self,
        version: Version,
        verdict: Verdict = "passed",
        *,
        state: GateState = "done",
        measured: Sequence[tuple[str, float, float, tuple[float, float]]] = PASSED,
    ) -> str:
        """A gate of it with two suites and answers to thirty questions; its uid. Its card is complete from then on."""
        active = self.registry.active()
        assert active is not None
        uid = uuid.uuid4().hex
        self.store.add(uid, version.uid, active.uid, version.scale, GateWish(suites=("library",)))
        suites = (
            GateSuite("a" * 64, "library", "recall", "target", ITEMS),
            GateSuite("b" * 64, "regression", "regression", "regression", 240),
        )
        rows = [_metric(suite, row, verdict) for suite in suites for row in measured] if state == "done" else []
        with self.db.write() as connection:
            if verdict:
                self.registry.record_gate(connection, version.uid, uid, verdict, version.scale)
            items = [_item(n) for n in range(ITEMS)]
            self.store.put_questions(connection, uid, suites[0].sha256, [(item, "test") for item in items])
            self.store.change(
                uid,
                connection=connection,
                state=state,
                verdict=verdict,
                suites=suites,
                metrics=rows,
                reasons=REASONS[verdict],
                conditions={"engine": {"baseline": {"threads": 1}}, "gated": version.uid},
                ended=1_800_000_000.0 if state == "done" else None,
            )
        for arm, wrong in (("baseline", 3), ("candidate", 5)):
            self.store.put_items(uid, suites[0].sha256, arm, [_answer(n, wrong, arm) for n in range(ITEMS)])
        self.forge.events.changed("gates", "versions")
        self.forge.jobs.wait(self.forge.cards.fill(version.uid), timeout=60)  # what the gate changed is said anew
        complete(self.forge, version.uid)
        return uid


def _metric(suite: GateSuite, row: tuple[str, float, float, tuple[float, float]], verdict: Verdict) -> Metric:
    name, before, after, (low, high) = row
    target = suite.role == "target"
    holds = {"passed": True, "failed": False}.get(verdict)
    made = Metric(
        suite.sha256, suite.role, name, suite.items, before, after, after - before, low, high, 6, 2, 0.02,
        None if target else 0.02, holds if name == "exact_match" else True, less_is_better=name == "nll",
    )  # fmt: skip
    return dataclasses.replace(made, decides=name == "exact_match")


def _item(n: int) -> GateItem:
    passage = (1, "rules.md", "Hand tools are lent for 14 days.")
    return GateItem(n, f"item-{n}", f"How long may tool number {n} be kept?", "14 days", (passage,), "fact")


def _answer(n: int, wrong: int, arm: str) -> Measured:
    right = n % wrong != 0
    before, after = n % 3 != 0, n % 5 != 0
    change = "" if arm == "baseline" else "same" if before == after else "better" if after else "worse"
    text = "It is lent for 14 days [1]." if right else "I do not know."
    scores = {"exact_match": float(right), "nll": 1.2, "citation_validity": 1.0 if right else None}
    return Measured(n, f"item-{n}", text, scores, change=change)

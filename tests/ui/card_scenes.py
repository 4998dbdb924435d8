"""What the pictures of the Cards pane show: a trained version with its gate, benchmark and lessons, and its teacher."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from PySide6.QtWidgets import QDialog

from forge_desktop.forge import Forge
from forge_desktop.ui.panes.cards.compare_sheet import CompareSheet
from forge_desktop.ui.panes.cards.pane import CardsPane
from tests.providers.teacher import Teacher
from tests.ui import lessons
from tests.ui.cards import measure
from tests.ui.versions import PASSED

_BENCHMARK = {"n": 20, "machine": "AMD Ryzen 7 7840U, 16 GB", "date": "2026-11-24"}
_MEASURED: Mapping[str, tuple[object, str]] = {
    "prompt_speed": ({"p50": 571.4, "p95": 612.0}, "tokens/s"),
    "generation_speed": ({"p50": 40.2, "p95": 44.1}, "tokens/s"),
    "first_token": ({"p50": 180.0, "p95": 412.5}, "ms"),
    "latency": ({"p50": 1710.0, "p95": 2240.0}, "ms"),
    "memory_ram": (412_000_000, "B"),
    "hardware": ("8 cores, 16 GB, no GPU", ""),
    "backend": ("CPU, no layer on a GPU", ""),
}
_RUN: Mapping[str, tuple[object, str]] = {
    "training_data": (
        [
            {"name": "handbook v3", "sha256": "9f2c" * 16, "rows": 402, "train_rows": 362, "validation_rows": 40,
             "documents": 23, "classification": "internal"},
            {"name": "replay of the base", "sha256": "71ab" * 16, "rows": 134, "train_rows": 134, "validation_rows": 0,
             "documents": 0, "classification": "public"},
        ],
        "",
    ),
    "teachers": (
        [
            {"name": "Loopback", "model": "test-teacher", "pairs": 402, "share": 1.0, "cost": 1_840_000,
             "may_train": "yes"},
        ],
        "",
    ),
    "preprocessing": ({"duplicates left out": 31, "held by a suite": 4, "too long": 2}, ""),
    "decontamination": ({"method": "runs of 8 words", "questions looked at": 270, "lessons left out": 4}, ""),
    "hyperparameters": ({"rank": 16, "alpha": 32, "learning rate": 0.0002, "epochs": 3, "seed": 7}, ""),
    "training_result": ({"validation loss": 1.44, "steps": 408}, ""),
    "training_hardware": ("8 cores, 16 GB", ""),
    "training_time": (5_040.0, "s"),
    "training_cost": (1_840_000, "USD"),
}  # fmt: skip
_HAND: Mapping[str, object] = {
    "summary": "A small student that answers from the handbook of a town's tool library.",
    "intended_use": "Answers questions over the tool library's own rules, fees and minutes, with citations.\n\n"
    "Not for legal advice.",
    "limitations": "Weak on tables wider than six columns; declines when fewer than two passages agree.",
    "contact": "desk@toollibrary.example",
    "sensitive_data": "no",
}
_PRIVATE = "The lessons lie in /home/ada/lessons/handbook.jsonl; ask ada@toollibrary.example for them."


def example(forge: Forge) -> str:
    """The card of the newest trained version, complete, with one value that is stale; its uid. Made once."""
    version = next(v for v in forge.students.registry.versions() if v.name == "handbook")
    card = forge.cards.get(version.uid)
    if forge.cards.history.versions(card.uid) and card.fields["summary"].hand is not None:
        return card.uid
    for key, state in card.fields.items():
        if state.not_applicable:
            forge.cards.not_applicable(card.uid, key, "")
    measure(forge, card.uid, dict(_RUN), source="run log")
    measure(forge, card.uid, {"evaluation": (_rows(), "")}, source="gate")
    measure(forge, card.uid, dict(_MEASURED))
    for key, data in _HAND.items():
        forge.cards.set(card.uid, key, data)
    forge.cards.not_applicable(card.uid, "gate", "Its suites are not on this computer.")
    forge.cards.history.publish(card.uid, who="window", note="After the gate")
    forge.cards.history.reopen(card.uid)
    forge.cards.set(
        card.uid, "intended_use", str(_HAND["intended_use"]).replace("rules, fees", "rules, fees, inductions")
    )
    forge.cards.set(card.uid, "generation_speed", {"p50": 41.8, "p95": 44.0}, unit="tokens/s")
    forge.cards.set(card.uid, "how_to_start", _PRIVATE)
    return card.uid


def teacher(forge: Forge) -> str:
    """A teacher's card with prices; the uid of the card."""
    there = next((entry.uid for entry in forge.cards.entries() if entry.kind == "teacher" and not entry.orphan), "")
    if not there:
        with Teacher(price_in=3_000_000, price_out=15_000_000) as made:
            there = forge.cards.get(lessons.add_teacher(forge, made).uid).uid
    forge.jobs.wait(forge.cards.fill(there), timeout=60)
    return there


def show(pane: CardsPane, forge: Forge, scene: str, settle: Any) -> QDialog | None:
    """Bring the pane into a scene; the sheet that stands over it, if one does."""
    uid = example(forge)
    pane.open_card(uid)
    settle(forge, 600)
    pane.editor.show_mode("source" if scene == "cards-source" else "form")
    card = pane.card()
    assert card is not None
    acting = pane.actions_of
    if scene == "cards-compare":
        base = next(entry.uid for entry in forge.cards.entries() if entry.kind == "student")
        measure(forge, base, dict(_MEASURED))
        acting.compare([uid, base, teacher(forge)])
    elif scene == "cards-history":
        acting.history(card)
    elif scene == "cards-privacy":
        acting.privacy(card)
    settle(forge, 900)
    open_now = [found for found in pane.window().findChildren(QDialog) if found.isVisible()]
    if isinstance(open_now[-1] if open_now else None, CompareSheet):
        settle(forge, 600)
    return open_now[-1] if open_now else None


def _rows() -> list[dict[str, Any]]:
    made = []
    for suite, n in (("library", 30), ("regression", 240)):
        for metric, before, after, (low, high) in PASSED:
            made.append(
                {
                    "task": "question-answering", "dataset": suite, "metric": metric, "value": after, "n": n,
                    "baseline": before, "difference": round(after - before, 3), "low": low, "high": high,
                    "less_is_better": metric == "nll", "date": "2026-11-24", "source": "gate", "verified": False,
                }
            )  # fmt: skip
    return made

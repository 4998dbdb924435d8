"""What tests of the Cards pane share: cards with measured and written values of every type, and the open pane."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QPlainTextEdit, QWidget
from pytestqt.qtbot import QtBot

from forge_desktop.cards.records import Value
from forge_desktop.forge import Forge
from forge_desktop.ui.panes.cards.field_row import FieldRow
from forge_desktop.ui.panes.cards.pane import CardsPane
from forge_desktop.ui.shell import Shell

MEASURED: dict[str, tuple[object, str]] = {
    "name": ("forge-v12", ""),
    "version": ("12.0.0", ""),
    "licence": ("Apache-2.0", ""),
    "task": ("question-answering", ""),
    "inputs": (["text"], ""),
    "context": (8192, "tokens"),
    "file_bytes": (98_112_512, "B"),
    "generation_speed": ({"p50": 40.2, "p95": 44.1}, "tokens/s"),
    "first_token": ({"p50": 180, "p95": 412.5}, "ms"),
    "memory_ram": (412_000_000, "B"),
    "cost_per_1k": (12, "USD"),
    "retrieval": ({"k": 8, "alpha": 0.5, "reranks": False, "index": "bm25+hash"}, ""),
}
HAND: dict[str, object] = {
    "summary": "A small student tuned on the owner's documents.",
    "languages": ["en", "it", "pt-BR"],
    "intended_use": "Answers questions over the owner's own policies and contracts, with citations.\n\nNot for legal "
    "advice.",
    "limitations": "Weak on tables wider than six columns; refuses when fewer than two passages agree.",
    "safety": "It repeats what the documents say, right or wrong. Check what matters against the source.",
    "contact": "owner@example.org",
    "tags": ["policies", "contracts"],
}
DETAIL = {"n": 20, "machine": "8 cores, 16 GB", "build": "b4242-cpu"}


def evaluation(count: int) -> list[dict[str, Any]]:
    """Rows as a gate writes them."""
    metrics = ("exact_match", "groundedness", "refusal", "citation_validity", "nll")
    return [
        {
            "task": "question-answering",
            "dataset": f"suite-{n // 5 + 1}",
            "metric": metrics[n % 5],
            "value": round(0.5 + n % 40 / 100, 2),
            "n": 220,
            "baseline": 0.51,
            "difference": round(n % 40 / 100 - 0.01, 2),
            "low": round(n % 40 / 100 - 0.06, 2),
            "high": round(n % 40 / 100 + 0.04, 2),
            "date": "2026-11-12",
            "source": "gate",
            "verified": True,
        }
        for n in range(count)
    ]


def measure(forge: Forge, uid: str, values: dict[str, tuple[object, str]], **more: Any) -> None:
    """Put values into a card as a filling would."""
    made = {
        key: Value(data, unit, "measured", more.get("source", "measurement"), DETAIL, more.get("rests_on", {}), 1.79e9)
        for key, (data, unit) in values.items()
    }
    forge.cards._fills.put(uid, made)


def fill_in(forge: Forge, rows: int = 0) -> str:
    """Give the starter's card measured and written values; its uid."""
    uid = next(entry.uid for entry in forge.cards.entries() if entry.kind == "student")
    measured = dict(MEASURED)
    if rows:
        measured["evaluation"] = (evaluation(rows), "")
    measure(forge, uid, measured)
    for key, data in HAND.items():
        forge.cards.set(uid, key, data)
    return uid


def open_card(qtbot: QtBot, pane: CardsPane, uid: str) -> None:
    """Open a card as a click would, and wait for it."""
    pane.open_card(uid)
    qtbot.waitUntil(lambda: pane.card_uid() == uid and pane.editor.isEnabled())
    settle(qtbot, pane)


def open_in(qtbot: QtBot, window: Shell, uid: str, *, active: bool = False) -> CardsPane:
    """The Cards pane of a window with this card open; `active` where keys have to reach it."""
    pane = window.visit("cards")
    assert isinstance(pane, CardsPane)
    open_card(qtbot, pane, uid)
    if active:
        window.activateWindow()
        qtbot.waitUntil(window.isActiveWindow)
    return pane


def settle(qtbot: QtBot, pane: CardsPane) -> None:
    """Until nothing of what was typed is on its way."""
    qtbot.waitUntil(lambda: not (pane.desk.busy() or pane.editor.source.awaits() or pane.errands._running))
    qtbot.waitUntil(lambda: not pane.editor.preview.awaits() and not pane.editor.form._later.isActive())


def row(pane: CardsPane, key: str) -> FieldRow:
    """A field of the form."""
    found = pane.editor.form.row(key)
    assert found is not None
    return found


def type_into(qtbot: QtBot, pane: CardsPane, key: str, text: str) -> None:
    """Replace what stands in a field by typing, and wait until it is taken in or refused."""
    pane.editor.go_to(key)
    part: QWidget = row(pane, key).input.parts()[0]
    if isinstance(part, QPlainTextEdit):
        part.selectAll()
        qtbot.keyClicks(part, text)
    else:
        part.selectAll()  # type: ignore[attr-defined]
        qtbot.keyClick(part, Qt.Key.Key_Backspace) if not text else qtbot.keyClicks(part, text)
    settle(qtbot, pane)

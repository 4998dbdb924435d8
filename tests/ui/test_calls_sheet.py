"""The sheet of calls behind the Budgets card: listed by state, corrected by hand, exported, set beside an invoice."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from forge_desktop.forge import Forge
from forge_desktop.ui import theme
from forge_desktop.ui.bridge import Bridge
from forge_desktop.ui.panes.distill.calls_sheet import CallsSheet
from tests.providers.ledgers import call, pay

SOON = 10_000


@pytest.fixture
def sheet(qtbot: QtBot, qapp: QApplication, forge: Forge) -> Iterator[CallsSheet]:
    """Three hundred calls, of the first of which nobody knows the cost."""
    theme.apply(qapp, "light")
    ledger = forge.providers.ledger
    lost = ledger.reserve(call(50))
    ledger.sent(lost)
    ledger.lose(lost, "It was cut off.")
    for _ in range(3):
        pay(ledger, call(10), 4)
    ledger.reserve_all([call(10) for _ in range(296)])
    bridge = Bridge(forge.events)
    made = CallsSheet(forge, bridge)
    qtbot.addWidget(made)
    made.show()
    qtbot.waitUntil(lambda: made.table.rows.rowCount() == 300, timeout=SOON)
    yield made
    bridge.close()


def choose(qtbot: QtBot, sheet: CallsSheet, state: str, count: int) -> None:
    sheet.state.setCurrentIndex(sheet.state.findData(state))
    qtbot.waitUntil(lambda: sheet.table.rows.rowCount() == count, timeout=SOON)
    qtbot.waitUntil(lambda: sheet.table.rows.value_at(0) is not None, timeout=SOON)


def test_an_unknown_call_is_corrected_with_an_amount_and_a_note(qtbot: QtBot, sheet: CallsSheet, forge: Forge) -> None:
    assert sheet.count.text() == "300 calls · 1 unknown"
    sheet.table.scrollToBottom()
    qtbot.waitUntil(lambda: sheet.table.rows.value_at(299) is not None, timeout=SOON)
    choose(qtbot, sheet, "unknown", 1)
    sheet.table.selectRow(0)
    assert sheet._why.text() == "It was cut off."
    assert not sheet.correct.isEnabled()
    sheet.amount.line.setText("0.000031")
    assert not sheet.correct.isEnabled()
    sheet.note.setText("From the vendor's page")
    sheet.correct.click()
    qtbot.waitUntil(lambda: sheet.table.rows.rowCount() == 0, timeout=SOON)
    total = forge.providers.ledger.budgets()[-1]
    assert (total.settled, total.unknown) == (3 * 4 + 31, 0)
    choose(qtbot, sheet, "settled", 4)
    sheet.table.selectRow(0)
    assert sheet.correct.isHidden()


def test_calls_are_exported_and_set_beside_an_invoice(
    qtbot: QtBot, sheet: CallsSheet, forge: Forge, tmp_path: Path
) -> None:
    sheet.export(tmp_path / "calls.csv")
    qtbot.waitUntil((tmp_path / "calls.csv").exists, timeout=SOON)
    rows = list(csv.DictReader((tmp_path / "calls.csv").open(encoding="utf-8")))
    assert len(rows) == 300
    name = rows[0]["endpoint_name"]
    (tmp_path / "invoice.csv").write_text(f"endpoint,period,amount\n{name},,0.000040\n", "utf-8")
    sheet.reconcile(tmp_path / "invoice.csv")
    qtbot.waitUntil(lambda: sheet.state.currentData() == "unknown", timeout=SOON)
    assert not sheet.banner.isHidden()
    (tmp_path / "none.csv").write_text("what,is,this\n1,2,3\n", "utf-8")
    sheet.reconcile(tmp_path / "none.csv")
    qtbot.waitUntil(lambda: "no lines with" in sheet.banner.accessibleName(), timeout=SOON)

"""The Distill pane when the ledger wants a person to look: it says why, and goes on once a note is given."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from PySide6.QtWidgets import QApplication, QInputDialog
from pytestqt.qtbot import QtBot

from forge_desktop.forge import Forge
from forge_desktop.providers.ledger import Ledger
from forge_desktop.ui import theme
from forge_desktop.ui.bridge import Bridge
from forge_desktop.ui.panes.distill import DistillPane
from tests.providers.ledgers import call, pay

SOON = 10_000


@pytest.fixture
def pane(qtbot: QtBot, qapp: QApplication, forge: Forge) -> Iterator[DistillPane]:
    theme.apply(qapp, "light")
    bridge = Bridge(forge.events)
    made = DistillPane(forge, bridge)
    qtbot.addWidget(made)
    made.resize(1276, 760)
    made.show()
    yield made
    bridge.close()


def _too_dear(ledger: Ledger) -> None:
    pay(ledger, call(10), 11)


def _from_a_backup(ledger: Ledger) -> None:
    with ledger._db.write() as connection:
        connection.execute("INSERT INTO ledger_facts VALUES ('notice', '\"The database was older.\"')")
    pay(ledger, call(10), 9)


@pytest.mark.parametrize("trouble", [_too_dear, _from_a_backup])
def test_what_is_to_be_looked_at_is_said_until_a_person_goes_on(
    qtbot: QtBot, pane: DistillPane, trouble: Callable[[Ledger], None]
) -> None:
    ledger, banner = pane.forge.providers.ledger, pane.page.stopped
    qtbot.waitUntil(lambda: pane._seen is not None, timeout=SOON)
    assert banner.isHidden()
    trouble(ledger)
    qtbot.waitUntil(lambda: not banner.isHidden(), timeout=SOON)
    banner.acted.emit()
    qtbot.waitUntil(lambda: bool(pane.findChildren(QInputDialog)), timeout=SOON)
    asked = pane.findChildren(QInputDialog)[0]
    asked.setTextValue("I looked.")
    asked.accept()
    qtbot.waitUntil(banner.isHidden, timeout=SOON)
    assert (ledger.stopped, ledger.notice) == ("", "")

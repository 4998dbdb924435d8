"""The window in tests: the real application object, real rooms on a fresh data directory, no display."""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QCoreApplication, QEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from forge_desktop.forge import Forge
from forge_desktop.ui import theme
from forge_desktop.ui.bridge import Bridge
from forge_desktop.ui.crash import CrashReports
from forge_desktop.ui.panes.corpus import CorpusPane
from forge_desktop.ui.shell import Shell


@pytest.fixture(scope="session", autouse=True)
def _collect_here(qapp: QApplication) -> Iterator[None]:
    """As in the window no other thread collects, and so destroys widgets. What there is already is not looked at."""
    gc.collect()
    gc.freeze()
    gc.disable()
    yield
    gc.enable()


@pytest.fixture(autouse=True)
def _bury(_collect_here: None) -> Iterator[None]:
    """Windows and sheets of a test die with it, on this thread, not in the middle of a later one."""
    yield
    QApplication.clipboard().clear()  # WORKAROUND: without a screen, Qt frees what Python put there after Python's end
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    gc.collect()


@pytest.fixture
def forge(data_dir: Path) -> Iterator[Forge]:
    """Real rooms on a fresh data directory."""
    with contextlib.closing(Forge(data_dir, holder="a test")) as made:
        yield made


@pytest.fixture
def open_window(qtbot: QtBot, qapp: QApplication, forge: Forge) -> Iterator[Callable[[], Shell]]:
    """Opens the window on `forge`, 1360 by 860, light; call it again for a second one after closing the first."""
    bridges: list[Bridge] = []

    def make() -> Shell:
        bridge = Bridge(forge.events)
        bridges.append(bridge)
        theme.apply(qapp, "light")
        shell = Shell(forge.data_dir, CrashReports(forge.data_dir, bridge))
        qtbot.addWidget(shell)
        shell.furnish(forge, bridge)
        shell.show()
        shell.resize(1360, 860)
        qtbot.waitExposed(shell)
        return shell

    yield make
    for bridge in bridges:
        bridge.close()
    theme.apply(qapp, "light")


@pytest.fixture
def window(open_window: Callable[[], Shell]) -> Shell:
    """The window, open."""
    return open_window()


@pytest.fixture
def pane(qtbot: QtBot, qapp: QApplication, forge: Forge) -> Iterator[CorpusPane]:
    """The Corpus pane alone, as wide as in the window."""
    theme.apply(qapp, "light")
    bridge = Bridge(forge.events)
    made = CorpusPane(forge, bridge)
    qtbot.addWidget(made)
    made.resize(1276, 760)
    made.show()
    yield made
    bridge.close()

"""Garbage is collected on the window's thread alone, where widgets may be destroyed."""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from PySide6.QtCore import QObject
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from forge_desktop.ui.collecting import Collector


@pytest.fixture
def collected() -> Iterator[list[str]]:
    """The names of the threads that collected."""
    names: list[str] = []

    def note(phase: str, _info: dict[str, Any]) -> None:
        if phase == "start":
            names.append(threading.current_thread().name)

    gc.callbacks.append(note)
    yield names
    gc.callbacks.remove(note)


class _Circle(QWidget):
    def __init__(self, died: list[str]) -> None:
        super().__init__()
        self.itself, self.died = self, died
        self.inner = QObject(self)
        self.inner.destroyed.connect(lambda: died.append(threading.current_thread().name))


def _litter() -> None:
    for _ in range(50_000):
        held: list[object] = []
        held.append(held)


def test_a_busy_worker_never_destroys_a_widget(qtbot: QtBot, collected: list[str]) -> None:
    collector = Collector()
    died: list[str] = []
    try:
        for _ in range(5):
            _Circle(died)
        worker = threading.Thread(target=_litter)
        worker.start()
        worker.join()
        qtbot.waitUntil(lambda: len(died) == 5 or bool(collected))
        gc.collect()
        assert died == ["MainThread"] * 5
        assert set(collected) == {"MainThread"}
    finally:
        collector.close()
    assert gc.isenabled()
    gc.disable()  # as the other tests have it

"""The one hop from the core's threads to the window's."""

from __future__ import annotations

import threading

from PySide6.QtCore import QThread
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from forge_desktop.base.events import AnswerDelta, DataChanged, EngineChanged, Event, Events, JobChanged
from forge_desktop.ui.bridge import Bridge

EVENTS: list[Event] = [
    JobChanged(1, "index", "running"),
    AnswerDelta(1, 2, "Hello"),
    EngineChanged("ready"),
    DataChanged(frozenset({"messages"})),
]


def test_events_of_any_thread_arrive_in_order_on_the_windows_thread(qtbot: QtBot, qapp: QApplication) -> None:
    events = Events()
    bridge = Bridge(events)
    arrived: list[tuple[Event, bool]] = []

    def note(event: Event) -> None:
        arrived.append((event, QThread.currentThread() is qapp.thread()))

    for signal in (bridge.job_changed, bridge.answer_delta, bridge.engine_changed, bridge.data_changed):
        signal.connect(note)

    def publish() -> None:
        for event in EVENTS * 50:
            events.publish(event)

    worker = threading.Thread(target=publish)
    worker.start()
    worker.join()
    assert not arrived, "delivered before the window's thread was asked"
    qtbot.waitUntil(lambda: len(arrived) == 200)
    assert [event for event, _ in arrived] == EVENTS * 50
    assert all(on_window_thread for _, on_window_thread in arrived)
    bridge.close()


def test_a_closed_bridge_is_silent(qtbot: QtBot) -> None:
    events = Events()
    bridge = Bridge(events)
    arrived: list[Event] = []
    bridge.engine_changed.connect(arrived.append)
    events.publish(EngineChanged("ready"))
    bridge.close()
    events.publish(EngineChanged("ready"))
    QApplication.processEvents()
    assert arrived == []

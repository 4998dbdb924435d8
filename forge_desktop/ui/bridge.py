"""The one hop from the core's threads to the window's: events in, queued Qt signals out."""

from __future__ import annotations

from PySide6.QtCore import QObject, Qt, Signal, Slot

from forge_desktop.base.events import AnswerDelta, DataChanged, EngineChanged, Event, Events, JobChanged


class Bridge(QObject):
    """Re-emits every core event on the thread this object lives on, in the order of publishing.

    Each signal carries the event itself. Connect bound methods marked `@Slot(object)`; a slot may read and ask, and
    must be quick. After `close` nothing arrives any more.
    """

    job_changed = Signal(object)
    data_changed = Signal(object)
    answer_delta = Signal(object)
    engine_changed = Signal(object)

    _arrived = Signal(object)

    def __init__(self, events: Events, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._closed = False
        self._arrived.connect(self._on_arrived, Qt.ConnectionType.QueuedConnection)
        self._unsubscribe = events.subscribe(self._arrived.emit)

    def close(self) -> None:
        """Stop listening; events already queued are dropped."""
        self._unsubscribe()
        self._closed = True

    @Slot(object)
    def _on_arrived(self, event: Event) -> None:
        if self._closed:
            return
        match event:
            case JobChanged():
                self.job_changed.emit(event)
            case DataChanged():
                self.data_changed.emit(event)
            case AnswerDelta():
                self.answer_delta.emit(event)
            case EngineChanged():
                self.engine_changed.emit(event)

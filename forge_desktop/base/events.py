"""What the core tells the outside world: one bus, a handful of frozen event types."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

JobState = Literal["queued", "running", "paused", "done", "failed", "cancelled"]
EngineStatus = Literal["empty", "loading", "ready", "busy", "restarting", "stopped"]


@dataclass(frozen=True)
class JobChanged:
    """A job moved. `done`/`total` are in the job's own unit (bytes for indexing), times in seconds.

    `detail` is the job kind's own frozen record of where it stands (IndexProgress for "index"), None where it has none.
    `lane` is the resource that the job works with.
    """

    job_id: int
    kind: str
    state: JobState
    done: float = 0
    total: float | None = None
    note: str = ""
    elapsed: float = 0.0
    seconds_left: float | None = None
    error: Exception | None = None
    result: object = None
    detail: object = None
    lane: str = ""


@dataclass(frozen=True)
class DataChanged:
    """Committed rows changed.

    Nouns: documents, collections, questions and sync (of folders), conversations, messages, options, students,
    settings, endpoints, spend, tasks, pairs, suites, datasets, versions, training (runs), gates, cards, measurements.
    """

    what: frozenset[str]


@dataclass(frozen=True)
class AnswerDelta:
    """Text the student just produced for a message that is still being written; `thinking` comes before the answer."""

    conversation_id: int
    message_id: int
    text: str
    thinking: bool = False


@dataclass(frozen=True)
class EngineChanged:
    """What the engine child is doing, for the status bar. `device` is where layers were counted, e.g. "CPU".

    `remote` is the host that answers, "" while the student is on this computer; `label` is the version in use ("v3").
    """

    status: EngineStatus
    model: str | None = None
    device: str | None = None
    tokens_per_second: float | None = None
    note: str = ""
    remote: str = ""
    label: str = ""


Event = JobChanged | DataChanged | AnswerDelta | EngineChanged


class Events:
    """Core to outside. Subscribers run on the publishing thread and hop threads themselves."""

    def __init__(self) -> None:
        self._subscribers: list[Callable[[Event], None]] = []
        self._lock = threading.Lock()

    def subscribe(self, subscriber: Callable[[Event], None]) -> Callable[[], None]:
        """Call `subscriber` for every event from now on; returns the function that stops it (safe to call twice)."""
        with self._lock:
            self._subscribers.append(subscriber)

        def unsubscribe() -> None:
            with self._lock:
                if subscriber in self._subscribers:
                    self._subscribers.remove(subscriber)

        return unsubscribe

    def publish(self, event: Event) -> None:
        """Tell every subscriber, in the order they subscribed."""
        with self._lock:
            subscribers = tuple(self._subscribers)
        for subscriber in subscribers:
            subscriber(event)

    def changed(self, *nouns: str) -> None:
        """Publish `DataChanged` for these nouns, after the write is committed."""
        self.publish(DataChanged(frozenset(nouns)))

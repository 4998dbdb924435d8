"""How much of the machine indexing takes now: everything, a little, or nothing while it runs on battery."""

from __future__ import annotations

import os
import time
from collections.abc import Callable

from forge_desktop.base.events import EngineChanged, Event, Events
from forge_desktop.base.settings import SettingsFile

_BREATH = 0.001  # seconds between transactions, without which a waiting chat would not get its turn
_REST = 3.0  # times as long as a transaction took, when others go first
_LONGEST_REST = 1.0
_LOOK = 2.0  # seconds for which the state of the power supply is believed

ON_BATTERY = "Waiting: on battery"


class Pace:
    """Follows the settings, the power supply and the student; all may change during a run.

    While an answer is being written, one child goes on and the database is left alone most of the time.
    """

    def __init__(self, settings: SettingsFile, events: Events, *, on_battery: Callable[[], bool]) -> None:
        self._settings, self._on_battery = settings, on_battery
        self._answering = False
        self._looked, self._battery = -_LOOK, False
        events.subscribe(self._on_event)

    @property
    def background(self) -> bool:
        """Whether children run at low priority."""
        return self._settings.values.index_speed == "background"

    def children(self) -> int:
        """Parser children that may work now: 0 while indexing is held."""
        if self.held():
            return 0
        return 1 if self.background or self._answering else most_children(self._settings.values.parser_processes)

    def held(self) -> bool:
        """Whether indexing waits for the mains."""
        if not self._settings.values.pause_on_battery:
            return False
        now = time.monotonic()
        if now - self._looked >= _LOOK:
            self._looked, self._battery = now, self._on_battery()
        return self._battery

    def rest(self, worked: float) -> float:
        """Seconds to leave the database to others after a transaction of `worked` seconds."""
        return max(_BREATH, min(_LONGEST_REST, _REST * worked)) if self.background or self._answering else _BREATH

    def _on_event(self, event: Event) -> None:
        if isinstance(event, EngineChanged):
            self._answering = event.status == "busy"


def most_children(setting: int) -> int:
    """Parser children at full speed: as set, or one for each core this process may use."""
    if setting:
        return setting
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def on_battery() -> bool:
    """Whether this machine draws from its battery now; False where it has none or does not say."""
    import psutil

    try:
        battery = psutil.sensors_battery()
    except (AttributeError, OSError, RuntimeError):  # no such thing on this system, or a driver that lies
        return False
    return battery is not None and battery.power_plugged is False

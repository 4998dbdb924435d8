"""What each loaded student holds of each device, so that the next one is planned beside it."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

from forge_desktop.engine.records_plan import Device, Plan


class Holder(Protocol):
    """Whoever holds memory: a child process."""

    @property
    def ended(self) -> bool:
        """Whether it is gone, and its memory with it."""

    @property
    def loaded(self) -> bool:
        """Whether it holds its memory already; before, it is about to take it."""


class Holdings:
    """Plans of the children that live. A child that ended is forgotten by itself."""

    def __init__(self) -> None:
        self._held: dict[Holder, Plan] = {}
        self._lock = threading.Lock()

    def hold(self, holder: Holder, plan: Plan) -> None:
        """`holder` loads by this plan."""
        with self._lock:
            self._held = {other: held for other, held in self._held.items() if not other.ended}
            self._held[holder] = plan

    def beside(self, devices: Sequence[Device], mine: Holder | None = None) -> list[Device]:
        """The devices with what `mine` holds given back, and with what others are still to take taken away.

        The system counts weights that are mapped from a file as free, for it could drop them; they are needed.
        """
        with self._lock:
            held = [(holder, plan) for holder, plan in self._held.items() if not holder.ended]
        found = []
        for device in devices:
            free = device.free
            for holder, plan in held:
                free += _returned(plan, device) if holder is mine else -_taken(plan, device, loaded=holder.loaded)
            found.append(replace(device, free=max(1, min(free, device.total))) if device.free else device)
        return found


def _returned(plan: Plan, device: Device) -> int:
    return sum(line.kv + line.compute if line.cpu else line.needed for line in plan.lines if line.device == device.name)


def _taken(plan: Plan, device: Device, *, loaded: bool) -> int:
    lines = [line for line in plan.lines if line.device == device.name]
    if not loaded:
        return sum(line.needed for line in lines)
    return sum(line.weights for line in lines if line.cpu)

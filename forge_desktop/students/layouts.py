"""How each student is laid out on the machine's devices: as planned, or as a person wishes."""

from __future__ import annotations

from collections.abc import Callable

from forge_desktop.base.events import Events
from forge_desktop.engine import Engine, StudentSpec
from forge_desktop.engine.records_plan import Plan, PlanLine, PlanWish

__all__ = ["Layouts", "Plan", "PlanLine", "PlanWish"]


class Layouts:
    """Plans before anything is loaded, and keeps a person's wish for each student."""

    def __init__(self, engine: Engine, events: Events, spec_of: Callable[[int], StudentSpec]) -> None:
        self._engine, self._events, self._spec_of = engine, events, spec_of

    def plan(self, student_id: int, wish: PlanWish | None = None) -> Plan:
        """The student laid out by this wish; by None as it would be loaded now. Raises ForgeError. Loads nothing."""
        return self._engine.plan(self._spec_of(student_id), wish)

    def wish(self, student_id: int) -> PlanWish | None:
        """How a person wants it laid out, None when that is left to the planner."""
        return self._engine.layout.wished(self._spec_of(student_id).sha256)

    def keep(self, student_id: int, wish: PlanWish | None) -> None:
        """Lay it out like this from its next load on; None leaves it to the planner again. Raises ForgeError."""
        self._engine.layout.set_wish(self._spec_of(student_id).sha256, wish)
        self._events.changed("students")

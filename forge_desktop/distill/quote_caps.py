"""What the caps leave for a run, in sentences and as a number; caps that are not set are named too."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from forge_desktop.base.money import shown
from forge_desktop.providers.records import Budget

_NAMES = {"day": "today", "month": "this month", "total": "in total"}

_NOBODY = "There is no teacher who can be asked, so nothing can be said of the cost."


@dataclass(frozen=True)
class Room:
    """What the tightest cap leaves, None where no cap is set at all."""

    left: int | None
    sentences: tuple[str, ...]


def room(cap: int, budgets: Sequence[Budget], likely: int, worst: int, *, asked: bool) -> Room:
    """What is left under a run's cap (0: none given yet) and under those of day, month and total.

    `asked` tells whether there is a teacher who can be asked.
    """
    lefts = [cap] if cap else []
    sentences = [_of_run(cap, likely, worst) if asked else _NOBODY]
    for budget in budgets:
        if budget.kind == "run":
            continue
        when = _NAMES[budget.kind]
        if budget.cap is None:
            sentences.append(f"No cap is set {when}; {shown(budget.charged)} is charged so far.")
            continue
        left = max(0, budget.cap - budget.charged)
        lefts.append(left)
        tight = " The likely cost does not fit." if likely > left else ""
        sentences.append(f"{shown(left)} is left {when} of {shown(budget.cap)}.{tight}")
    return Room(min(lefts) if lefts else None, tuple(sentences))


def fitting(left: int | None, tasks: int, amount: int) -> int | None:
    """How many of the tasks an amount for all of them leaves room for."""
    if left is None:
        return None
    return tasks if amount <= left else tasks * left // amount


def _of_run(cap: int, likely: int, worst: int) -> str:
    if not cap:
        return "No cap is given for the run yet; a run needs one."
    if worst <= cap:
        return f"The run may cost {shown(cap)}; even the worst case of all tasks fits."
    if likely <= cap:
        return f"The run may cost {shown(cap)}: the likely cost fits, the worst case of all tasks does not."
    return f"The run may cost {shown(cap)}, which is less than the likely cost: it will stop before the end."

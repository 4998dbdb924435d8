"""What ends a run before its queue: which failures are the run's, and which are one task's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from forge_desktop.base.errors import ForgeError
from forge_desktop.distill.lesson import Ask
from forge_desktop.providers.errors import AttemptsUsed, CallFailed, LedgerStopped, NoTeacher, Offline
from forge_desktop.providers.router import Router


@dataclass(frozen=True)
class Stop:
    """Why a run ended: "done", "cap", "cancelled", "offline", "teachers", "ledger", "error", and one sentence."""

    by: str
    problem: str = ""


_TEACHERS = (401, 402, 403, 404, 407, 429)  # the key, the balance, the address, the limits: whatever was asked


def may_pass(error: ForgeError) -> bool:
    """Whether a failed call says nothing of its task: a fault of the teacher's, or it never left."""
    return isinstance(error, CallFailed) and (error.status in _TEACHERS or (error.again and not error.charged))


def why_stop(error: ForgeError, ask: Ask, router: Router, among: Sequence[str]) -> Stop | None:
    """What a failed call means for the run; None when it concerns this task alone."""
    said = " ".join(filter(None, (error.message, error.hint)))
    if isinstance(error, Offline):
        return Stop("offline", said)
    if isinstance(error, LedgerStopped):
        return Stop("ledger", said)
    if isinstance(error, NoTeacher):
        order, _ = router.order(ask.role, among)
        fits = [each for each in order if not router.too_small(each, ask.request)]
        return Stop("teachers", said) if fits or not order else None
    if isinstance(error, CallFailed | AttemptsUsed):
        return None
    return Stop("error", said)

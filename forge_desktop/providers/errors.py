"""The ways in which a call can fail that those who call must tell apart; all of them are ForgeErrors."""

from __future__ import annotations

from forge_desktop.base.errors import ForgeError
from forge_desktop.providers.records import Budget


class CapReached(ForgeError):  # noqa: N818 - it is not a fault: the cap held
    """The next call could cost more than is left under a cap. Nothing was reserved and nothing was sent."""

    def __init__(self, message: str, budget: Budget, worst: int, *, hint: str = "") -> None:
        super().__init__(message, hint=hint, code="CAP")
        self.budget, self.worst = budget, worst


class LedgerStopped(ForgeError):  # noqa: N818 - a state, not a fault
    """No call is allowed until a person has looked: one cost more than could be proven, or the ledger is damaged."""

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message, hint=hint, code="LEDGER")


class Offline(ForgeError):  # noqa: N818 - a state, not a fault
    """The offline switch is on, or the address may not be spoken to. Nothing was reserved and nothing was sent."""

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message, hint=hint, code="OFFLINE", action="settings")


class CallFailed(ForgeError):  # noqa: N818 - named like its siblings
    """A call was made and brought no answer.

    `charged` tells whether it stays charged (it may have been billed). `again` tells whether another attempt can help,
    `after` how many seconds the endpoint asked to wait. `status` is the HTTP status, 0 where there was none.
    """

    def __init__(
        self,
        message: str,
        *,
        hint: str = "",
        charged: bool,
        again: bool,
        status: int = 0,
        after: float | None = None,
    ) -> None:
        super().__init__(message, hint=hint, code="CALL")
        self.charged, self.again, self.status, self.after = charged, again, status, after


class NoTeacher(ForgeError):  # noqa: N818 - a state, not a fault
    """Nobody can be asked now: every endpoint with the role is left out, each for a reason. Nothing was sent."""

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message, hint=hint, code="TEACHER", action="settings")


class AttemptsUsed(ForgeError):  # noqa: N818 - a state, not a fault
    """The attempts that one step of one task has for life are used up; it is not sent again."""

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message, hint=hint, code="ATTEMPTS")

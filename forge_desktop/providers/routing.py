"""Asks the teachers in turn until one answers: within their limits, with attempts that are bounded for life."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Protocol

from forge_desktop.providers.errors import AttemptsUsed, CallFailed, NoTeacher
from forge_desktop.providers.records import ChatRequest, Endpoint, PaidAnswer, Purpose, Role
from forge_desktop.providers.router import LeftOut, Router

ATTEMPTS = 3  # HTTP attempts that one step of one task has for life, with whomever
_PATIENT = 10.0  # seconds: for a shorter pause the first teacher is waited for, before a longer one the next is asked
_LONGEST = 300.0  # seconds: nobody is waited for any longer


class Paid(Protocol):
    """What is asked of the ledger here."""

    def tried(self, task: str, step: str, repeat: int = 0) -> int:
        """Attempts that were sent, for life."""

    def answer_for(self, task: str, step: str, repeat: int = 0) -> PaidAnswer | None:
        """The answer that was paid for this piece of work."""


class Asking(Protocol):
    """What is asked of the room's face here."""

    @property
    def router(self) -> Router:
        """Order, limits, breakers."""

    @property
    def ledger(self) -> Paid:
        """Attempts and paid answers."""

    def found(self, endpoint: str, request: ChatRequest, purpose: Purpose) -> PaidAnswer | None:
        """An answer that needs no call."""

    def ask(
        self,
        endpoint: str,
        request: ChatRequest,
        purpose: Purpose,
        *,
        check: Callable[[], None] = ...,
        seconds: float = ...,
    ) -> PaidAnswer:
        """One call of one endpoint."""


def teach(
    asking: Asking,
    role: Role,
    request: ChatRequest,
    purpose: Purpose,
    *,
    among: Sequence[str],
    check: Callable[[], None],
    seconds: float,
) -> PaidAnswer:
    """The answer of the first teacher in the router's order that gives one; one that was paid before costs nothing.

    Raises NoTeacher when nobody can be asked, AttemptsUsed when this step was sent three times before, CallFailed when
    its last attempt failed; and whatever `ask` raises of caps, the switch and the ledger.
    """
    if purpose.task and (paid := asking.ledger.answer_for(purpose.task, purpose.step, purpose.repeat)):
        return dataclasses.replace(paid, reused=True)
    asked: Counter[str] = Counter()
    useless: dict[str, str] = {}  # uid: why asking it again cannot help
    last: CallFailed | None = None
    while True:
        _check_attempts(asking, purpose, asked.total(), last)
        endpoint = _next(asking.router, role, request, among, asked, useless, last)
        if (paid := asking.found(endpoint.uid, request, purpose)) is not None:
            return paid
        try:
            return _ask(asking, endpoint, request, purpose, check=check, seconds=seconds)
        except NoTeacher:
            continue  # it was blocked while this call waited: the order leaves it out now
        except CallFailed as failed:
            last = failed
            asked[endpoint.uid] += 1
            if not failed.again:
                useless[endpoint.uid] = failed.message


def _ask(
    asking: Asking,
    endpoint: Endpoint,
    request: ChatRequest,
    purpose: Purpose,
    *,
    check: Callable[[], None],
    seconds: float,
) -> PaidAnswer:
    tokens = sum(len(turn.text) for turn in request.messages) // 4 + len(request.schema) // 4
    with asking.router.slot(endpoint, tokens, request.max_tokens, check) as slot:
        answer = asking.ask(endpoint.uid, request, purpose, check=check, seconds=seconds)
        if answer.usage is not None:
            slot.used(answer.usage)
        return answer


def _check_attempts(asking: Asking, purpose: Purpose, here: int, last: CallFailed | None) -> None:
    sent = asking.ledger.tried(purpose.task, purpose.step, purpose.repeat) if purpose.task else 0
    if max(sent, here) < ATTEMPTS:
        return
    if last is not None:
        raise last
    raise AttemptsUsed(
        f"This was sent {sent} times without an answer and is not sent again.",
        hint="See what each attempt said in the ledger.",
    )


def _next(
    router: Router,
    role: Role,
    request: ChatRequest,
    among: Sequence[str],
    asked: Counter[str],
    useless: dict[str, str],
    last: CallFailed | None,
) -> Endpoint:
    """Of those that can answer the one asked least so far; of these the first that need not be waited for long."""
    order, left_out = router.order(role, among)
    fit = []
    for endpoint in order:
        if why := useless.get(endpoint.uid) or router.too_small(endpoint, request):
            left_out.append((endpoint, why))
        else:
            fit.append(endpoint)
    if not fit:
        if last is not None:
            raise last
        raise nobody(role, left_out)
    best = min(fit, key=lambda endpoint: (router.paused(endpoint) > _PATIENT, asked[endpoint.uid]))
    if (pause := router.paused(best)) > _LONGEST:
        raise NoTeacher(
            f"{best.name} asks not to be called for {round(pause / 60):,} minutes.",
            hint="Go on later; nothing is lost.",
        )
    return best


def nobody(role: Role, left_out: Sequence[LeftOut]) -> NoTeacher:
    """That nobody with this role can be asked, and why."""
    if not left_out:
        return NoTeacher(
            f"No endpoint has the role {role}.",
            hint="Add one in Settings › Endpoints, or with forge-desktop teachers add.",
        )
    return NoTeacher(" ".join(why for _, why in left_out), hint="Change that in Settings, or add another endpoint.")

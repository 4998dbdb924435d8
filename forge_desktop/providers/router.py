"""Whom to ask: the order of the endpoints with a role, who is left out and why, and a slot to ask in."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Mapping, Sequence

from forge_desktop.base.events import Events
from forge_desktop.providers.breaker import Breakers
from forge_desktop.providers.checking import trains
from forge_desktop.providers.endpoints import Endpoints
from forge_desktop.providers.errors import NoTeacher
from forge_desktop.providers.limits import Limits, Slot
from forge_desktop.providers.prices import Prices
from forge_desktop.providers.records import TEACHER_ROLES, ChatRequest, Endpoint, Role
from forge_desktop.providers.states import States
from forge_desktop.storage import Database

LeftOut = tuple[Endpoint, str]
_RESET = "Test it in Settings › Endpoints: once that works, it is asked again."


def _go_on() -> None:
    """The check of a wait that nobody cancels."""


class Router:
    """Order, limits and breakers of the endpoints. What is learnt of them survives a restart."""

    def __init__(
        self,
        db: Database,
        endpoints: Endpoints,
        prices: Prices,
        events: Events | None = None,
        *,
        now: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._endpoints, self._prices = endpoints, prices
        states = States(db, now)
        self._breakers = Breakers(states, events)
        self._limits = Limits(states, now, monotonic)

    def order(self, role: Role, among: Sequence[str] = ()) -> tuple[list[Endpoint], list[LeftOut]]:
        """Who may be asked, the first one first, and those left out with why. `among` names uids or names; empty: all.

        Where names are given, their order is the order asked.
        """
        if among:
            wanted = list({found.uid: found for found in map(self._endpoints.get, among)}.values())
        else:
            wanted = sorted(self._endpoints.list(), key=lambda found: (found.priority, found.name.casefold()))
        fit, out = [], []
        for endpoint in wanted:
            if role not in endpoint.roles and not among:
                continue
            if why := self._why_not(endpoint, role):
                out.append((endpoint, why))
            else:
                fit.append(endpoint)
        return fit, out

    def too_small(self, endpoint: Endpoint, request: ChatRequest) -> str:
        """Why this request does not fit this endpoint, or "". Tokens are reckoned from the length of the text."""
        tokens = sum(len(turn.text) for turn in request.messages) // 4
        if endpoint.context and tokens + request.max_tokens > endpoint.context:
            return (
                f"{endpoint.name} takes {endpoint.context:,} tokens; this question with its answer needs about"
                f" {tokens + request.max_tokens:,}."
            )
        if endpoint.max_output and request.max_tokens > endpoint.max_output:
            most = "1 token" if endpoint.max_output == 1 else f"{endpoint.max_output:,} tokens"
            return f"{endpoint.name} answers with {most} at most, not {request.max_tokens:,}."
        return ""

    @contextlib.contextmanager
    def slot(
        self, endpoint: Endpoint, input_tokens: int, output_tokens: int, check: Callable[[], object] = _go_on
    ) -> Iterator[Slot]:
        """Wait until the endpoint's limits allow one more call, hold its place during the block.

        `check` is called while waiting and ends the wait by raising. Raises NoTeacher when the endpoint is blocked, or
        becomes so meanwhile.
        """

        def look() -> None:
            check()
            self.refuse_blocked(endpoint.uid)

        with self._limits.slot(endpoint, input_tokens, output_tokens, look) as slot:
            yield slot

    def paused(self, endpoint: Endpoint) -> float:
        """For how many seconds the endpoint has asked not to be called, 0 where it may be."""
        return self._limits.paused(endpoint.uid)

    def learnt(self, endpoint: Endpoint) -> dict[str, int]:
        """The limits it has told of itself: "rpm", "tpm" (input and output together), "input_tpm", "output_tpm"."""
        return self._limits.learnt(endpoint.uid)

    def learnt_on(self, endpoint: Endpoint) -> str:
        """The day (YYYY-MM-DD) on which it told its limits last, "" where that is not known."""
        return self._limits.learnt_on(endpoint.uid)

    def learn(self, endpoint: Endpoint, headers: Mapping[str, str], status: int) -> None:
        """Take in what one response tells: limits, how long to wait, whether it fails. Status 0: there was none."""
        counts = self._limits.learn(endpoint, headers, status)
        self._breakers.note(endpoint, status, counts=counts)

    def blocked(self, uid: str) -> str:
        """Why this endpoint is not asked until a person resets it, or ""."""
        return self._breakers.why(uid)

    def refuse_blocked(self, uid: str) -> None:
        """Raise NoTeacher where this endpoint is not asked until a person resets it."""
        if why := self.blocked(uid):
            raise NoTeacher(why, hint=_RESET)

    def reset(self, uid: str) -> None:
        """A person has looked: ask it again."""
        self._breakers.close(uid)
        self._limits.rest(uid)

    def renew(self, uid: str) -> None:
        """It has another key, address or model: ask it again, and forget the limits that it told before."""
        self.reset(uid)
        self._limits.forget(uid)

    def _why_not(self, endpoint: Endpoint, role: Role) -> str:
        if role not in endpoint.roles:
            return f"{endpoint.name} does not have the role {role}."
        if not endpoint.enabled:
            return f"{endpoint.name} is switched off."
        if role in TEACHER_ROLES and (why := trains(endpoint)):
            return why
        if why := self.blocked(endpoint.uid):
            return why
        if self._prices.of(endpoint) is None:
            return f"The price of {endpoint.name} is not known; type it in."
        return ""

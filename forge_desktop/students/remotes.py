"""Endpoints as students: which there are, whether a person agreed that text leaves, and which one answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from forge_desktop.base.errors import ForgeError
from forge_desktop.base.events import DataChanged, Event, Events
from forge_desktop.engine import Engine
from forge_desktop.engine.remote_wording import host_of, leaves, origin_of
from forge_desktop.providers.records import Endpoint
from forge_desktop.students.desk_words import price_words
from forge_desktop.students.records import RemoteChoice
from forge_desktop.students.store import StudentFacts

if TYPE_CHECKING:
    from collections.abc import Callable

    from forge_desktop.providers import Providers

_CHOSEN, _AGREED = "remote", "agreed"


class Remotes:
    """Chooses among the endpoints that have the role "student". A choice holds until another student is chosen.

    `fall_back` is called when the chosen endpoint was removed, or is no student any more.
    """

    def __init__(
        self,
        facts: StudentFacts,
        events: Events,
        engine: Engine,
        providers: Providers | None,
        fall_back: Callable[[], None],
    ) -> None:
        self._facts, self._events, self._engine, self._providers = facts, events, engine, providers
        self._fall_back = fall_back
        events.subscribe(self._on_event)

    def all(self) -> list[RemoteChoice]:
        """Every endpoint that can be the student, in the order of Settings › Endpoints."""
        return [self._choice(endpoint) for endpoint in self._endpoints()]

    def active(self) -> RemoteChoice | None:
        """The endpoint that answers; None while a student on this computer does, or none."""
        found = self._chosen()
        return None if found is None else self._choice(found)

    def choose(self, name: str, *, agreed: bool = False) -> RemoteChoice:
        """Let this endpoint (its name or uid) answer from now on; `agreed` tells that a person knows that text leaves.

        Raises ForgeError for one that is no student, is switched off, or for whose sake nobody agreed yet.
        """
        found = next((one for one in self._endpoints() if name in (one.uid, one.name)), None)
        if found is None:
            raise ForgeError(
                f"No endpoint called {name!r} can be the student.",
                hint="Give it the role student in Settings › Endpoints.",
                action="settings",
            )
        if not found.enabled:
            raise ForgeError(
                f"{found.name} is switched off.", hint="Switch it on in Settings › Endpoints.", action="settings"
            )
        choice = self._choice(found)
        if choice.leaves and not choice.agreed:
            if not agreed:
                raise ForgeError(what_leaves(choice), hint="Say that you agree, then choose it again.")
            self._facts.put(_AGREED, sorted({*self._agreed(), _key(found)}))
        self._facts.put(_CHOSEN, found.uid)
        self._engine.use_remote(found)
        self._events.changed("students")
        return self._choice(found)

    def give_up(self) -> None:
        """No endpoint is the student any more."""
        if self._facts.get(_CHOSEN) is not None:
            self._facts.put(_CHOSEN, None)

    def resume(self) -> bool:
        """Use the endpoint that was chosen before; whether there is one."""
        found = self._chosen()
        if found is not None:
            self._engine.use_remote(found)
        return found is not None

    def _on_event(self, event: Event) -> None:
        """The chosen endpoint may have been changed, or removed."""
        if not isinstance(event, DataChanged) or "endpoints" not in event.what:
            return
        if self._facts.get(_CHOSEN) is not None and not self.resume():
            self.give_up()
            self._fall_back()
        self._events.changed("students")

    def _chosen(self) -> Endpoint | None:
        """Only with the agreement it was chosen with: an endpoint whose address changed is asked about again."""
        uid = self._facts.get(_CHOSEN)
        found = next((one for one in self._endpoints() if one.uid == uid and one.enabled), None) if uid else None
        return found if found is not None and (not leaves(found) or _key(found) in self._agreed()) else None

    def _endpoints(self) -> list[Endpoint]:
        if self._providers is None:
            return []
        return [endpoint for endpoint in self._providers.endpoints.list() if "student" in endpoint.roles]

    def _agreed(self) -> list[str]:
        return self._facts.get(_AGREED) or []

    def _choice(self, endpoint: Endpoint) -> RemoteChoice:
        assert self._providers is not None
        price = self._providers.prices.of(endpoint)
        problem = "" if endpoint.enabled else f"{endpoint.name} is switched off."
        if price is None:
            problem = problem or f"Nothing is known of what {endpoint.name} costs, so it is not asked."
        return RemoteChoice(
            uid=endpoint.uid,
            name=endpoint.name,
            model=endpoint.model,
            origin=origin_of(endpoint),
            host=host_of(endpoint),
            active=self._facts.get(_CHOSEN) == endpoint.uid,
            leaves=leaves(endpoint),
            agreed=_key(endpoint) in self._agreed(),
            context=endpoint.context,
            price="" if price is None else price_words(price),
            problem=problem,
        )


def what_leaves(choice: RemoteChoice) -> str:
    """What goes where once this endpoint answers, in one sentence."""
    return (
        f"With {choice.name} as the student, each question goes to {choice.host} with the conversation before it and"
        " the passages found for it, except from collections that are never sent."
    )


def _key(endpoint: Endpoint) -> str:
    return f"{endpoint.uid} {origin_of(endpoint)}"

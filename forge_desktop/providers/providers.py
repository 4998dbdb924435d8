"""The room's face: endpoints, prices, keys, the ledger and the router, and the calls that go through all of them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from forge_desktop.base.events import DataChanged, Event, Events
from forge_desktop.base.settings import SettingsFile
from forge_desktop.providers import store_answers
from forge_desktop.providers.clock import Clock, SystemClock
from forge_desktop.providers.endpoints import Endpoints
from forge_desktop.providers.keys import Keys
from forge_desktop.providers.ledger import Ledger
from forge_desktop.providers.prices import Prices
from forge_desktop.providers.records import ChatRequest, Endpoint, EndpointTest, PaidAnswer, Purpose, Role
from forge_desktop.storage import Database

if TYPE_CHECKING:
    from forge_desktop.providers.batches import Batches
    from forge_desktop.providers.calls import Calls
    from forge_desktop.providers.hub import Hub
    from forge_desktop.providers.router import Router


def _nothing(*_: object) -> None:
    """Where nobody listens."""


class Providers:
    """Whatever leaves this machine leaves here, reserved in the ledger before it does. Safe from any thread."""

    def __init__(
        self,
        db: Database,
        events: Events,
        settings: SettingsFile,
        data_dir: Path,
        *,
        clock: Clock | None = None,
        read_only: bool = False,
    ) -> None:
        clock = clock or SystemClock()
        self.keys = Keys()
        self.endpoints = Endpoints(db, self.keys, events, now=clock.now)
        self.prices = Prices(db, events, now=clock.now)
        self.ledger = Ledger(db, data_dir, clock, events, read_only=read_only)
        self._settings, self._db, self._events, self._data_dir = settings, db, events, data_dir
        self._clock, self._read_only = clock, read_only
        # Made with the first call: whoever never asks anybody does not wait for what asking takes.
        self._made: Calls | None = None
        self._hub: Hub | None = None
        self._routing: Router | None = None
        self._making = threading.RLock()
        if (data_dir / "hub.json").exists():
            _ = self.hub  # its token may be in a variable, which no child shall see
        self.endpoints.when_renewed(lambda uid: self.router.renew(uid))
        self._stop_following = events.subscribe(self._on_event)
        if not read_only:
            self.ledger.recover()

    @property
    def router(self) -> Router:
        """Whom to ask, and within which limits."""
        with self._making:
            if self._routing is None:
                from forge_desktop.providers.router import Router

                clock = self._clock
                self._routing = Router(
                    self._db, self.endpoints, self.prices, self._events, now=clock.now, monotonic=clock.monotonic
                )
            return self._routing

    @property
    def hub(self) -> Hub:
        """A hub of models to search and download from."""
        with self._making:
            if self._hub is None:
                from forge_desktop.providers.hub import Hub

                self._hub = Hub(lambda: self._calls.door, self._settings, self.keys, self._data_dir)
            return self._hub

    @property
    def batches(self) -> Batches:
        """Many requests at the batch price, answered within a day."""
        return self._calls.batches

    def ask(
        self,
        endpoint: str,
        request: ChatRequest,
        purpose: Purpose,
        *,
        on_text: Callable[[str], object] = _nothing,
        on_thinking: Callable[[str], object] = _nothing,
        check: Callable[[], None] = _nothing,
        seconds: float = 120.0,
    ) -> PaidAnswer:
        """The answer of an endpoint (its uid or name): one that was paid before, else one HTTP attempt, once.

        `check` is called at least every 100 ms and stops the call by raising. Raises CallFailed, CapReached, Offline,
        LedgerStopped, or ForgeError where there is no price or no key. An answer that was paid before is not told to
        `on_text`.
        """
        from forge_desktop.providers.hearing import Listening

        listening = Listening(on_text, on_thinking, check, seconds)
        return self._calls.ask(self.endpoints.get(endpoint), request, purpose, listening)

    def found(self, endpoint: str, request: ChatRequest, purpose: Purpose) -> PaidAnswer | None:
        """The answer that `ask` would give without paying, or None."""
        return self._calls.found(self.endpoints.get(endpoint), request, purpose)

    def count_answers(self, tasks: Sequence[str]) -> int:
        """How many paid answers are kept for these tasks."""
        return store_answers.count_answers(self._db.connection, tasks)

    def forget_answers(self, tasks: Sequence[str]) -> int:
        """Remove the paid answers of these tasks, on a person's word alone: they are not paid back, and their rows in
        the ledger stay. Joins the caller's transaction; returns how many there were."""
        with self._db.write() as connection:
            return store_answers.forget_answers(connection, tasks)

    def worst(self, endpoint: str, request: ChatRequest) -> int:
        """What a call can cost at most: what would be reserved. Raises ForgeError without a price."""
        return self._calls.worst(self.endpoints.get(endpoint), request)

    def request_sha256(self, endpoint: str, request: ChatRequest) -> str:
        """What a request to an endpoint is named by: equal for equal ones."""
        return self._calls.request_sha256(self.endpoints.get(endpoint), request)

    def body_bytes(self, endpoint: str, request: ChatRequest) -> int:
        """How many bytes of a request's body would leave."""
        return self._calls.body_bytes(self.endpoints.get(endpoint), request)

    def teach(
        self,
        role: Role,
        request: ChatRequest,
        purpose: Purpose,
        *,
        among: Sequence[str] = (),
        check: Callable[[], None] = _nothing,
        seconds: float = 120.0,
    ) -> PaidAnswer:
        """The answer of the first teacher with this role that gives one, in the router's order; see routing.teach."""
        from forge_desktop.providers import routing

        return routing.teach(self, role, request, purpose, among=among, check=check, seconds=seconds)

    def embed(
        self,
        endpoint: str,
        texts: Sequence[str],
        purpose: Purpose,
        *,
        check: Callable[[], None] = _nothing,
        seconds: float = 120.0,
        waits: bool = True,
    ) -> tuple[tuple[float, ...], ...]:
        """A vector for each text, of an endpoint's `/embeddings`; as many calls as the texts need. Raises as `ask`.

        It `waits` until the endpoint's limits allow a call, unless a person waits for it. Raises NoTeacher where the
        endpoint was given up.
        """
        found = self.endpoints.get(endpoint)
        return self._calls.embed(found, texts, purpose, check=check, seconds=seconds, waits=waits)

    def test(self, endpoint: str) -> EndpointTest:
        """Ask an endpoint one tiny question, or for one vector, paid through the ledger, and say how it went."""
        return self._calls.test(self.endpoints.get(endpoint))

    def models(self, endpoint: Endpoint, key: str = "", *, check: Callable[[], None] = _nothing) -> list[str]:
        """The models that the server of an endpoint lists, one that is not kept yet as well; nothing is paid for it.

        Without `key` it is the endpoint's own, where it has one for this address. Raises ForgeError, Offline.
        """
        from forge_desktop.providers.listing import list_models

        own = self.keys.typed(key) if key else self.keys.of(endpoint)
        return list_models(self._calls.door, endpoint, own, check)

    def may_connect(self, host: str) -> None:
        """Raise Offline where the switch is on."""
        self._calls.door.may_connect(host)

    def size_of(self, url: str, check: Callable[[], None] = _nothing) -> int | None:
        """How many bytes a file at an address has, None where nobody says. Raises Offline."""
        from forge_desktop.providers.sizes import size_of

        return size_of(self._calls.door, url, check)

    def close(self) -> None:
        """Close every connection and the ledger. Safe to call twice."""
        self._stop_following()
        if self._made is not None:
            self._made.door.close()
        self.ledger.close()

    @property
    def _calls(self) -> Calls:
        with self._making:
            if self._made is None:
                from forge_desktop.providers.calls import Calls

                self._made = Calls(
                    self._db,
                    self._settings,
                    self.endpoints,
                    self.prices,
                    self.keys,
                    self.router,
                    self.ledger,
                    self._clock,
                    read_only=self._read_only,
                )
            return self._made

    def _on_event(self, event: Event) -> None:
        if self._made is None or not self._settings.values.offline:
            return
        if isinstance(event, DataChanged) and "settings" in event.what:
            self._made.door.close()  # also the connections that wait for the next call

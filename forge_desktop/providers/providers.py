"""The room's face: endpoints, prices, keys, the ledger and the router, and the calls that go through all of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from forge_desktop.base.errors import ForgeError
from forge_desktop.base.events import DataChanged, Event, Events
from forge_desktop.base.settings import SettingsFile
from forge_desktop.providers import routing, store_answers
from forge_desktop.providers.asking import Planned, plan, price_of, worst_of
from forge_desktop.providers.batches import Batches
from forge_desktop.providers.calling import Calling
from forge_desktop.providers.clock import Clock, SystemClock
from forge_desktop.providers.embeddings import Vectors, VectorsHeard, plan_embedding, portions
from forge_desktop.providers.endpoints import Endpoints
from forge_desktop.providers.hearing import Listening
from forge_desktop.providers.http import Door
from forge_desktop.providers.keys import Keys
from forge_desktop.providers.ledger import Ledger
from forge_desktop.providers.listing import list_models
from forge_desktop.providers.prices import Prices
from forge_desktop.providers.records import ChatRequest, Endpoint, EndpointTest, PaidAnswer, Purpose, Role, Turn
from forge_desktop.providers.router import Router
from forge_desktop.providers.store_batches import BatchStore
from forge_desktop.storage import Database

_TEST = ChatRequest((Turn("user", "Say OK."),), max_tokens=16)


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
        self.router = Router(db, self.endpoints, self.prices, events, now=clock.now, monotonic=clock.monotonic)
        self.ledger = Ledger(db, data_dir, clock, events, read_only=read_only)
        self._settings, self._db = settings, db
        self._door = Door(settings, monotonic=clock.monotonic)
        self._calling = Calling(self.endpoints, self.prices, self.keys, self.router, self.ledger, self._door)
        self.batches = Batches(
            BatchStore(db), self.endpoints, self.prices, self.keys, self.ledger, self._calling, self._door, clock
        )
        self._stop_following = events.subscribe(self._on_event)
        if not read_only:
            self.ledger.recover()
            self.batches.recover()

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
        return self._calling.ask(
            self._planned(endpoint, request), purpose, Listening(on_text, on_thinking, check, seconds)
        )

    def found(self, endpoint: str, request: ChatRequest, purpose: Purpose) -> PaidAnswer | None:
        """The answer that `ask` would give without paying, or None."""
        return self._calling.found(self._planned(endpoint, request), purpose)

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
        planned = self._planned(endpoint, request)
        return worst_of(planned, price_of(self.prices, planned.endpoint))

    def body_bytes(self, endpoint: str, request: ChatRequest) -> int:
        """How many bytes of a request's body would leave."""
        return len(self._planned(endpoint, request).content)

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
        return routing.teach(self, role, request, purpose, among=among, check=check, seconds=seconds)

    def embed(
        self,
        endpoint: str,
        texts: Sequence[str],
        purpose: Purpose,
        *,
        check: Callable[[], None] = _nothing,
        seconds: float = 120.0,
    ) -> Vectors:
        """A vector for each text, of an endpoint's `/embeddings`; as many calls as the texts need. Raises as `ask`."""
        found = self.endpoints.get(endpoint)
        vectors: list[tuple[float, ...]] = []
        for portion in portions(texts):
            heard = VectorsHeard(len(portion))
            listening = Listening(check=check, seconds=seconds)
            self._calling.pay(plan_embedding(found, portion), purpose, listening, heard)
            vectors += heard.vectors
        return tuple(vectors)

    def test(self, endpoint: str) -> EndpointTest:
        """Ask an endpoint one tiny question, or for one vector, paid through the ledger, and say how it went."""
        found = self.endpoints.get(endpoint)
        purpose = Purpose("test")
        try:
            if found.roles == ("embedder",):
                heard = VectorsHeard(1)
                answer = self._calling.pay(plan_embedding(found, ["OK"]), purpose, Listening(seconds=60.0), heard)
                words = f"{found.name} gives vectors of {len(heard.vectors[0]):,} numbers."
            else:
                answer = self._calling.ask(plan(found, _TEST), purpose, Listening(seconds=60.0))
                words = f"{found.name} answers."
        except ForgeError as error:
            return EndpointTest(False, error.message, error.hint)
        odd = "" if answer.usage else "It does not say what it billed, so each call stays charged at its worst case."
        return EndpointTest(True, words, odd, answer.text, answer.milliseconds, answer.cost, answer.usage)

    def models(self, endpoint: Endpoint, key: str = "", *, check: Callable[[], None] = _nothing) -> list[str]:
        """The models that the server of an endpoint lists, one that is not kept yet as well; nothing is paid for it.

        Without `key` it is the endpoint's own, where it has one for this address. Raises ForgeError, Offline.
        """
        return list_models(self._door, endpoint, key or self.keys.of(endpoint), check)

    def may_connect(self, host: str) -> None:
        """Raise Offline where the switch is on."""
        self._door.may_connect(host)

    def close(self) -> None:
        """Close every connection and the ledger. Safe to call twice."""
        self._stop_following()
        self._door.close()
        self.ledger.close()

    def _planned(self, endpoint: str, request: ChatRequest) -> Planned:
        return plan(self.endpoints.get(endpoint), request)

    def _on_event(self, event: Event) -> None:
        if isinstance(event, DataChanged) and "settings" in event.what and self._settings.values.offline:
            self._door.close()  # also those that wait for the next call

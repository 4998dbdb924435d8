"""What Providers calls with: the door and all that goes through it, imported and made with the first call."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence

from forge_desktop.base.errors import ForgeError
from forge_desktop.base.settings import SettingsFile
from forge_desktop.providers.asking import plan, price_of, worst_of
from forge_desktop.providers.batches import Batches
from forge_desktop.providers.calling import Calling
from forge_desktop.providers.clock import Clock
from forge_desktop.providers.embeddings import Vectors, VectorsHeard, plan_embedding, portions
from forge_desktop.providers.endpoints import Endpoints
from forge_desktop.providers.hearing import Listening
from forge_desktop.providers.http import Door
from forge_desktop.providers.keys import Keys
from forge_desktop.providers.ledger import Ledger
from forge_desktop.providers.prices import Prices
from forge_desktop.providers.records import ChatRequest, Endpoint, EndpointTest, PaidAnswer, Purpose, Turn
from forge_desktop.providers.router import Router
from forge_desktop.providers.store_batches import BatchStore
from forge_desktop.storage import Database

_TEST = ChatRequest((Turn("user", "Say OK."),), max_tokens=16)
_TEST_SECONDS = 60.0


class Calls:
    """Everything that leaves, for endpoints that are known."""

    def __init__(
        self,
        db: Database,
        settings: SettingsFile,
        endpoints: Endpoints,
        prices: Prices,
        keys: Keys,
        router: Router,
        ledger: Ledger,
        clock: Clock,
        *,
        read_only: bool,
    ) -> None:
        self.door = Door(settings, monotonic=clock.monotonic)
        self._prices, self._router = prices, router
        self._calling = Calling(endpoints, prices, keys, router, ledger, self.door)
        batches = BatchStore(db)
        if not read_only:
            batches.lose_left_behind(clock.now())
        self.batches = Batches(batches, endpoints, prices, keys, ledger, self._calling, self.door, clock)

    def ask(self, endpoint: Endpoint, request: ChatRequest, purpose: Purpose, listening: Listening) -> PaidAnswer:
        """See Providers.ask."""
        return self._calling.ask(plan(endpoint, request), purpose, listening)

    def found(self, endpoint: Endpoint, request: ChatRequest, purpose: Purpose) -> PaidAnswer | None:
        """See Providers.found."""
        return self._calling.found(plan(endpoint, request), purpose)

    def worst(self, endpoint: Endpoint, request: ChatRequest) -> int:
        """See Providers.worst."""
        return worst_of(plan(endpoint, request), price_of(self._prices, endpoint))

    def request_sha256(self, endpoint: Endpoint, request: ChatRequest) -> str:
        """See Providers.request_sha256."""
        return plan(endpoint, request).sha256

    def body_bytes(self, endpoint: Endpoint, request: ChatRequest) -> int:
        """See Providers.body_bytes."""
        return len(plan(endpoint, request).content)

    def embed(
        self,
        endpoint: Endpoint,
        texts: Sequence[str],
        purpose: Purpose,
        *,
        check: Callable[[], object],
        seconds: float,
        waits: bool,
    ) -> Vectors:
        """See Providers.embed."""
        vectors: list[tuple[float, ...]] = []
        for portion in portions(texts):
            heard = VectorsHeard(len(portion))
            listening = Listening(check=check, seconds=seconds)
            with contextlib.ExitStack() as held:
                if waits:
                    held.enter_context(self._router.slot(endpoint, sum(map(len, portion)) // 4, 0, check))
                else:
                    self._router.refuse_blocked(endpoint.uid)
                self._calling.pay(plan_embedding(endpoint, portion), purpose, listening, heard)
            vectors += heard.vectors
        return tuple(vectors)

    def test(self, endpoint: Endpoint) -> EndpointTest:
        """See Providers.test."""
        purpose, listening = Purpose("test"), Listening(seconds=_TEST_SECONDS)
        try:
            if endpoint.roles == ("embedder",):
                heard = VectorsHeard(1)
                answer = self._calling.pay(plan_embedding(endpoint, ["OK"]), purpose, listening, heard)
                words = f"{endpoint.name} gives vectors of {len(heard.vectors[0]):,} numbers."
            else:
                answer = self._calling.ask(plan(endpoint, _TEST), purpose, listening)
                words = f"{endpoint.name} answers."
        except ForgeError as error:
            return EndpointTest(False, error.message, error.hint)
        self._router.reset(endpoint.uid)  # it works: whatever it was blocked for is over
        odd = "" if answer.usage else "It does not say what it billed, so each call stays charged at its worst case."
        return EndpointTest(True, words, odd, answer.text, answer.milliseconds, answer.cost, answer.usage)

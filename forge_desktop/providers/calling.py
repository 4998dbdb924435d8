"""Asks one endpoint once: an answer that was paid already, or reserved, sent, settled; never sent twice by itself."""

from __future__ import annotations

import contextlib
import functools
import logging
import threading
from collections.abc import Callable, Iterator, Mapping

from forge_desktop.base.errors import Cancelled, ForgeError
from forge_desktop.base.redacting import without_secrets
from forge_desktop.providers.asking import Planned, attempt_of, price_of, worst_of
from forge_desktop.providers.dialects import learnt
from forge_desktop.providers.endpoints import Endpoints
from forge_desktop.providers.errors import CallFailed
from forge_desktop.providers.hearing import Hearing, Listening, Timing, heard
from forge_desktop.providers.http import BrokenError, Door, Incoming, Outgoing, UnsentError
from forge_desktop.providers.keys import Keys
from forge_desktop.providers.ledger import Ledger
from forge_desktop.providers.outcomes import broken, refusal, unsent
from forge_desktop.providers.prices import Prices
from forge_desktop.providers.records import PaidAnswer, Purpose
from forge_desktop.providers.router import Router
from forge_desktop.providers.settling import book
from forge_desktop.providers.watching import Trail
from forge_desktop.providers.wire import GarbledError, Said

log = logging.getLogger(__name__)

_TURN = 0.05  # seconds between two looks at whether an equal call under way has ended


class Calling:
    """The one way to ask: see `ask`."""

    def __init__(
        self, endpoints: Endpoints, prices: Prices, keys: Keys, router: Router, ledger: Ledger, door: Door
    ) -> None:
        self._endpoints, self._prices, self._keys = endpoints, prices, keys
        self._router, self._ledger, self._door = router, ledger, door
        self._under_way: dict[tuple[str, int], tuple[threading.Lock, int]] = {}  # with how many want it
        self._lock = threading.Lock()

    def found(self, planned: Planned, purpose: Purpose) -> PaidAnswer | None:
        """The answer that was paid for this piece of work, or else for this very request; None where none was."""
        if purpose.kind == "test":
            return None
        if purpose.task and (answer := self._ledger.answer_for(purpose.task, purpose.step, purpose.repeat)):
            return answer
        return self._ledger.answer_to(planned.sha256, purpose.repeat)

    def ask(self, planned: Planned, purpose: Purpose, listening: Listening) -> PaidAnswer:
        """The answer, paid at most once. Raises CallFailed, CapReached, Offline, LedgerStopped or ForgeError."""
        with self._alone(planned, purpose, listening.check):
            return self.found(planned, purpose) or self.pay(planned, purpose, listening, heard)

    def pay(self, planned: Planned, purpose: Purpose, listening: Listening, hear: Hearing) -> PaidAnswer:
        """The answer of one HTTP request, whatever was paid before; `hear` reads it. Raises as `ask` does."""
        self._door.may_connect(planned.endpoint.name)
        price = price_of(self._prices, planned.endpoint)
        key = self._keys.of(planned.endpoint)
        worst = worst_of(planned, price)
        listening.check()
        self._prices.remember(price)
        attempt = self._ledger.reserve(attempt_of(planned, purpose, price, worst))
        timing = Timing()
        said = self._exchange(attempt, planned, worst, key, listening, functools.partial(hear, timing=timing))
        return book(self._ledger, attempt, planned.endpoint, price, said, timing.answer(said))

    def _exchange(
        self,
        attempt: str,
        planned: Planned,
        worst: int,
        key: str,
        listening: Listening,
        hear: Callable[[Planned, Incoming, Listening], Said],
    ) -> Said:
        """One HTTP request for one reservation; where no answer comes, the reservation gets its end here."""
        trail = Trail()
        headers = {"Content-Type": "application/json", **planned.wire.headers(key)}
        request = Outgoing("POST", planned.url, headers, planned.content)
        try:
            self._ledger.sent(attempt)
            with self._door.send(request, check=listening.check, seconds=listening.seconds, trail=trail) as incoming:
                if incoming.status != 200:
                    raise self._refused(planned, incoming, worst)
                said = hear(planned, incoming, listening)
            self._router.learn(planned.endpoint, incoming.headers, incoming.status)
            return said
        except CallFailed as error:
            self._end(attempt, error.message, charged=error.charged)
            raise
        except UnsentError as error:
            self._end(attempt, str(error), charged=False)
            self._router.learn(planned.endpoint, {}, 0)
            raise unsent(planned.endpoint, str(error), error.hint) from error
        except (BrokenError, GarbledError) as error:
            self._end(attempt, str(error), charged=trail.left)
            self._router.learn(planned.endpoint, {}, 0)
            if not trail.left:
                raise unsent(planned.endpoint, str(error), "") from error
            raise broken(planned.endpoint, str(error), worst) from error
        except BaseException as error:
            cancelled = "it was cancelled" if isinstance(error, Cancelled) else type(error).__name__
            why = getattr(error, "message", "") or cancelled
            self._end(attempt, f"The call was stopped: {why}", charged=trail.left)
            raise

    def _refused(self, planned: Planned, incoming: Incoming, worst: int) -> CallFailed:
        """The error for a response that is no answer; what it teaches of the endpoint is kept for the next call."""
        body = incoming.words()
        endpoint = planned.endpoint
        error = refusal(endpoint, incoming.status, incoming.headers, body, worst)
        self._router.learn(endpoint, incoming.headers, incoming.status)
        if incoming.status in (400, 404, 422, 500):  # 500: llama-cpp-python's server for a field it does not know
            dialect = learnt(endpoint, _fields(planned), body)
            if dialect != endpoint.dialect:
                self._endpoints.change(endpoint.uid, dialect=dialect)
                log.info("%s: from now on it is asked in another way: %s", endpoint.name, ", ".join(dialect))
                error.again, error.hint = True, "From now on it is asked in another way; nothing was sent again."
        return error

    def _end(self, attempt: str, note: str, *, charged: bool) -> None:
        """The end of an attempt without an answer. A ledger that cannot be written leaves it as it was: charged."""
        note = without_secrets(note)[:400]
        try:
            if charged:
                self._ledger.lose(attempt, note)
            else:
                self._ledger.release(attempt, note)
        except ForgeError as error:
            log.info("the end of a call could not be written, so it stays charged: %s", error.message)

    @contextlib.contextmanager
    def _alone(self, planned: Planned, purpose: Purpose, check: Callable[[], object]) -> Iterator[None]:
        """While an equal request is under way this one waits, and then finds its answer instead of paying twice."""
        if purpose.kind == "test":
            yield
            return
        name = (planned.sha256, purpose.repeat)
        with self._lock:
            turn, wanting = self._under_way.get(name) or (threading.Lock(), 0)
            self._under_way[name] = (turn, wanting + 1)
        try:
            while not turn.acquire(timeout=_TURN):
                check()
            try:
                yield
            finally:
                turn.release()
        finally:
            with self._lock:
                turn, wanting = self._under_way[name]
                if wanting > 1:
                    self._under_way[name] = (turn, wanting - 1)
                else:
                    del self._under_way[name]


def _fields(planned: Planned) -> Mapping[str, object]:
    return planned.wire.streamed(planned.endpoint, planned.body) if planned.stream else planned.body

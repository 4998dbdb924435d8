"""Batches: reserved whole at the batch rate, handed over once, looked at until they are over, settled line by line.

Everything that is needed to go on after a restart is stored before it is needed. Where it cannot be known whether an
endpoint took a batch, its lines stay charged, and the batch says so.
"""

from __future__ import annotations

import contextlib
import dataclasses
import logging
import threading
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from forge_desktop.base.errors import ForgeError
from forge_desktop.base.redacting import without_secrets
from forge_desktop.providers.asking import Planned, attempt_of, plan, price_of, worst_of
from forge_desktop.providers.batch_wires import BATCH_WIRES, Ask, BatchWire, Result, Seen, identity
from forge_desktop.providers.calling import Calling
from forge_desktop.providers.clock import Clock
from forge_desktop.providers.endpoints import Endpoints
from forge_desktop.providers.errors import CallFailed
from forge_desktop.providers.fetching import fetch
from forge_desktop.providers.headers import pause as asked_pause
from forge_desktop.providers.http import Door
from forge_desktop.providers.keys import Keys
from forge_desktop.providers.ledger import Ledger
from forge_desktop.providers.outcomes import broken
from forge_desktop.providers.prices import Prices
from forge_desktop.providers.records import Endpoint, Price, Purpose
from forge_desktop.providers.records_batches import RUNNING, Batch, BatchLine
from forge_desktop.providers.records_ledger import NewAnswer
from forge_desktop.providers.settling import book
from forge_desktop.providers.store_batches import BatchStore
from forge_desktop.providers.wire import GarbledError, read_json
from forge_desktop.providers.wires import wire_named

log = logging.getLogger(__name__)

MOST_LINES = 10_000  # in one batch; more are handed over in several
_AT_ONCE = 8  # lines that are booked at once share a commit
_BLINK = 0.05
_FIRST_PAUSE, _LONGEST_PAUSE = 5.0, 120.0
_SECONDS = 300.0
T = TypeVar("T")


def _nothing() -> None:
    """Nothing stops it."""


class Batches:
    """The batches of one ledger. Safe from any thread; one batch is looked at by one thread at a time."""

    def __init__(
        self,
        store: BatchStore,
        endpoints: Endpoints,
        prices: Prices,
        keys: Keys,
        ledger: Ledger,
        calling: Calling,
        door: Door,
        clock: Clock,
    ) -> None:
        self._store, self._endpoints, self._prices, self._keys = store, endpoints, prices, keys
        self._ledger, self._calling, self._door, self._clock = ledger, calling, door, clock
        self._one = threading.Lock()

    def knows(self, endpoint: str) -> bool:
        """Whether batches can be handed to this endpoint."""
        return self._endpoints.get(endpoint).wire in BATCH_WIRES

    def submit(
        self,
        endpoint: str,
        lines: Sequence[BatchLine],
        *,
        check: Callable[[], object] = _nothing,
        seconds: float = _SECONDS,
    ) -> Batch:
        """Hand over what was not paid before, reserved in one transaction at the batch rate.

        Raises CapReached, Offline, LedgerStopped, CallFailed (its `charged` tells what became of the reservation), and
        ForgeError. Equal requests go once; the others find the answer when it is there.
        """
        found = self._endpoints.get(endpoint)
        wire = _wire(found)
        if not 0 < len(lines) <= MOST_LINES:
            raise ForgeError(f"A batch has 1 to {MOST_LINES:,} requests, not {len(lines):,}.")
        fresh = self._fresh(found, lines)
        self._door.may_connect(found.name)
        price, key, uid = price_of(self._prices, found), self._keys.of(found), uuid.uuid4().hex
        self._prices.remember(price)
        run = lines[0].purpose.run
        self._store.add(uid, found.uid, run, len(fresh), price, reused=len(lines) - len(fresh), now=self._clock.now())
        if not fresh:
            return self._moved(uid, "done")
        self._prices.remember(price)
        try:
            attempts = self._ledger.reserve_all(
                [attempt_of(p, purpose, price, worst_of(p, price, batch=True), batch=uid) for p, purpose in fresh]
            )
        except ForgeError as error:
            self._moved(uid, "failed", error.message)
            raise
        named = [(attempt, planned) for attempt, (planned, _) in zip(attempts, fresh, strict=True)]
        return self._hand_over(uid, found, wire, named, key, check, seconds)

    def get(self, uid: str) -> Batch:
        """A batch as it was when it was last looked at."""
        return self._store.get(uid)

    def running(self, run: str = "") -> list[Batch]:
        """Those that are not over, also from before a restart; of one run, or of all."""
        return [self._store.get(uid) for uid in self._store.running(run)]

    def look(self, uid: str, *, check: Callable[[], object] = _nothing, seconds: float = _SECONDS) -> Batch:
        """Ask once how far it is; where it is over, fetch and settle its lines. Raises CallFailed, Offline, ForgeError.

        Interrupted anywhere, the next look goes on.
        """
        with self._alone(check):
            batch = self._store.get(uid)
            if batch.stage not in RUNNING:
                return batch
            endpoint = self._endpoints.get(batch.endpoint)
            wire, key = _wire(endpoint), self._keys.of(endpoint)
            answer = fetch(self._door, endpoint, key, wire.look(batch.remote_id), check=check, seconds=seconds)
            seen = _sound(endpoint, lambda: wire.seen(read_json(answer.body), batch.remote_id))
            if not seen.over:
                return dataclasses.replace(batch, after=asked_pause(answer.headers, self._clock.now()))
            return self._fetch_results(batch, endpoint, wire, key, seen, check, seconds)

    def wait(self, uid: str, *, check: Callable[[], object] = _nothing, pause: float = _FIRST_PAUSE) -> Batch:
        """Look until it is over, as often as the endpoint asks, else ever less often; `check` ends it by raising."""
        while True:
            try:
                batch = self.look(uid, check=check)
            except CallFailed as error:
                if not error.again:
                    raise
                log.info("a batch could not be looked at, it is tried again: %s", error.message)
                batch = dataclasses.replace(self._store.get(uid), after=error.after)
            if batch.stage not in RUNNING:
                return batch
            self._rest(max(pause, batch.after or 0.0), check)
            pause = min(pause * 1.5, _LONGEST_PAUSE)

    def cancel(self, uid: str, *, check: Callable[[], object] = _nothing) -> Batch:
        """Ask the endpoint to stop it. What was answered until then is billed, so it must still be looked at."""
        batch = self._store.get(uid)
        if batch.stage not in RUNNING:
            return batch
        endpoint = self._endpoints.get(batch.endpoint)
        wire, key = _wire(endpoint), self._keys.of(endpoint)
        fetch(self._door, endpoint, key, wire.cancel(batch.remote_id), check=check, seconds=_SECONDS)
        return self._moved(uid, "cancelling")

    # ---- handing over ----

    def _fresh(self, endpoint: Endpoint, lines: Sequence[BatchLine]) -> list[tuple[Planned, Purpose]]:
        fresh: dict[tuple[str, int], tuple[Planned, Purpose]] = {}
        for line in lines:
            planned = plan(endpoint, line.request, stream=False)
            if self._calling.found(planned, line.purpose) is None:
                fresh.setdefault((planned.sha256, line.purpose.repeat), (planned, line.purpose))
        return list(fresh.values())

    def _hand_over(
        self,
        uid: str,
        endpoint: Endpoint,
        wire: BatchWire,
        named: Sequence[tuple[str, Planned]],
        key: str,
        check: Callable[[], object],
        seconds: float,
    ) -> Batch:
        attempts, sent = [attempt for attempt, _ in named], False
        lines = [(attempt, planned.body) for attempt, planned in named]
        try:
            uploaded: object = None
            if (first := wire.upload(lines)) is not None:
                uploaded = _sound(
                    endpoint,
                    lambda: read_json(fetch(self._door, endpoint, key, first, check=check, seconds=seconds).body),
                )
            submission = wire.submit(lines, uploaded, uid)
            self._ledger.sent_all(attempts)
            sent = True
            answer = fetch(self._door, endpoint, key, submission, check=check, seconds=seconds)
            remote_id = _sound(endpoint, lambda: identity(read_json(answer.body)))
        except BaseException as error:
            charged = sent and (error.charged if isinstance(error, CallFailed) else True)
            why = getattr(error, "message", "") or "It was stopped."
            self._end(attempts, f"Its batch was not taken: {why}", charged=charged)
            self._moved(uid, "lost" if charged else "failed", why)
            if isinstance(error, CallFailed):
                error.charged = charged
            raise
        self._store.taken(uid, remote_id, self._clock.now())
        return self._store.get(uid)

    # ---- fetching ----

    def _fetch_results(
        self,
        batch: Batch,
        endpoint: Endpoint,
        wire: BatchWire,
        key: str,
        seen: Seen,
        check: Callable[[], object],
        seconds: float,
    ) -> Batch:
        price, ready = self._store.price(batch.uid), self._store.open_lines(batch.uid)
        for path in seen.results:
            raw = fetch(self._door, endpoint, key, Ask("GET", path), check=check, seconds=seconds).body
            self._settle(endpoint, price, [result for result in wire.results(raw) if ready.pop(result.attempt, None)])
        note = seen.problem or "The endpoint's results have no line for it."
        self._end(list(ready), note, charged=not seen.never_ran)
        return self._moved(batch.uid, "failed" if seen.never_ran else "done", seen.problem)

    def _settle(self, endpoint: Endpoint, price: Price, results: Iterable[Result]) -> None:
        def settle(result: Result) -> None:
            if result.outcome == "answered":
                try:
                    said = wire.whole(result.answer)
                except GarbledError as error:
                    self._ledger.lose(result.attempt, without_secrets(str(error)))
                    return
                answer = NewAnswer(without_secrets(said.text), without_secrets(said.thinking), said.stop, 0.0, None)
                book(self._ledger, result.attempt, endpoint, price, said, answer, batch=True)
            else:
                self._end([result.attempt], result.why, charged=result.outcome == "unknown")

        wire = wire_named(endpoint.wire)
        with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="batch") as workers:
            list(workers.map(settle, results))

    def _end(self, attempts: Sequence[str], note: str, *, charged: bool) -> None:
        end = self._ledger.lose if charged else self._ledger.release
        with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="batch") as workers:
            list(workers.map(lambda attempt: end(attempt, without_secrets(note)[:400]), attempts))

    def _moved(self, uid: str, stage: str, problem: str = "") -> Batch:
        self._store.move(uid, stage, self._clock.now(), problem=without_secrets(problem))
        return self._store.get(uid)

    @contextlib.contextmanager
    def _alone(self, check: Callable[[], object]) -> Iterator[None]:
        while not self._one.acquire(timeout=_BLINK):
            check()
        try:
            yield
        finally:
            self._one.release()

    def _rest(self, seconds: float, check: Callable[[], object]) -> None:
        until, still = self._clock.monotonic() + seconds, threading.Event()
        while self._clock.monotonic() < until:
            check()
            still.wait(_BLINK)


def _wire(endpoint: Endpoint) -> BatchWire:
    wire = BATCH_WIRES.get(endpoint.wire)
    if wire is None:
        raise ForgeError(
            f"{endpoint.name} speaks a format without batches.", hint="Ask it call by call, or use another endpoint."
        )
    return wire


def _sound(endpoint: Endpoint, read: Callable[[], T]) -> T:
    try:
        return read()
    except GarbledError as error:
        raise broken(endpoint, str(error), 0) from error

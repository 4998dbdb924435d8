"""What goes into the ledger and what it tells of money: plain frozen values, integer micro-dollars."""

from __future__ import annotations

from dataclasses import dataclass

from forge_desktop.providers.records import BudgetKind, Purpose

CHARGED = ("reserved", "sent", "settled", "unknown")
OPEN = ("reserved", "sent")
PERIODS: tuple[BudgetKind, ...] = ("day", "month", "total")


@dataclass(frozen=True)
class NewAttempt:
    """A call that is about to be made. `worst` is proven: it cannot cost more. `batch` is the uid of its batch."""

    endpoint: str
    endpoint_name: str
    model: str
    purpose: Purpose
    request_sha256: str
    price_sha256: str
    worst: int
    batch: str = ""


@dataclass(frozen=True)
class NewAnswer:
    """What came back. `stop` is as in PaidAnswer."""

    text: str
    thinking: str
    stop: str
    milliseconds: float
    first_token_milliseconds: float | None


@dataclass(frozen=True)
class RunTotals:
    """What a run cost so far. `billed` counts the attempts that were or may have been billed."""

    run: str
    cap: int | None
    settled: int
    reserved: int
    unknown: int
    attempts: int
    billed: int
    released: int
    unknown_attempts: int


@dataclass(frozen=True)
class Forecast:
    """Where this month ends if the days to come cost what the last seven did on average. `words` says just that."""

    month: str
    charged: int
    a_day: int
    days_left: int
    likely: int
    words: str


@dataclass(frozen=True)
class InvoiceLine:
    """What an endpoint billed for a period: a month "2026-11", a day "2026-11-26", or "" for all."""

    endpoint: str
    period: str
    amount: int


@dataclass(frozen=True)
class Reconciled:
    """The ledger beside an invoice's line. `difference` is invoice less settled; `unknown` may explain so much of it.

    `attempts` are the uids of the unknown ones, for `correct`. `words` says what it means.
    """

    line: InvoiceLine
    settled: int
    unknown: int
    difference: int
    explained: bool
    attempts: tuple[str, ...]
    words: str


@dataclass(frozen=True)
class Unadopted:
    """What the mirror charges beyond the database: so many calls, so many micro-dollars, and a sentence on it."""

    calls: int
    amount: int
    words: str


@dataclass(frozen=True)
class EndpointCalls:
    """What the ledger knows of the calls to a model of an endpoint, tests left out. Tokens are of the settled ones.

    `over` are the calls that came to an end, `failed` those of them without an answer that counts; what was cancelled
    here is neither. `milliseconds` and `first_token` are of the answers that were waited for, ascending; batches are
    not among them; `tokens_a_second` is of those of enough tokens to be timed. `since` and `until` are when the first
    and the last of them were made.

    `paid`, `cost` and the tokens are of the settled ones at one price, `price_sha256`: that of today where anything was
    paid at it, else the last one. `priced` is when a call was made at another one last, 0 where none was.
    """

    over: int
    failed: int
    settled: int
    paid: int
    cost: int
    input_tokens: int
    output_tokens: int
    price_sha256: str
    priced: float
    milliseconds: tuple[float, ...]
    first_token: tuple[float, ...]
    tokens_a_second: tuple[float, ...]
    since: float | None
    until: float | None

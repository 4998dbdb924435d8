"""What goes into and comes out of the providers: plain frozen values. Money is integer micro-dollars."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Role = Literal["answer", "critique", "judge", "student", "embedder"]
KeyPlace = Literal["none", "keyring", "variable", "memory"]
Terms = Literal["yes", "no", "unknown"]
BudgetKind = Literal["run", "day", "month", "total"]
AttemptState = Literal["reserved", "sent", "settled", "released", "unknown"]
TEACHER_ROLES: tuple[Role, ...] = ("answer", "critique", "judge")


@dataclass(frozen=True)
class Endpoint:
    """A model somewhere that speaks one of the wire formats (`providers.WIRES`).

    `url` is the base ("https://host/v1"), without user, query or fragment. `host` is what a person typed to allow http
    to a private address, else "". `may_train` answers "may outputs train a model?": "no" blocks it as a teacher.
    `priority` counts from 1, the first is asked first. Limits of 0 are not known; `context` and `max_output` in tokens,
    `rpm` requests and `input_tpm`, `output_tpm` tokens a minute, `concurrency` calls at once (0: no limit of its own).
    `key_variable` is the name of the environment variable that holds the key where `key` is "variable", and where the
    key came from when it is in the keyring.
    `price_model` is the name under which the price table knows it, where that is not `model`. `vendor` is the table's.
    `dialect` names what departs from the wire format's usual ways (see providers/dialects.py), by hand or learnt.
    """

    uid: str
    name: str
    url: str
    model: str
    wire: str = "openai"
    roles: tuple[Role, ...] = TEACHER_ROLES
    priority: int = 1
    enabled: bool = True
    context: int = 0
    max_output: int = 0
    rpm: int = 0
    input_tpm: int = 0
    output_tpm: int = 0
    concurrency: int = 0
    may_train: Terms = "unknown"
    terms_url: str = ""
    terms_checked: str = ""
    key: KeyPlace = "none"
    key_variable: str = ""
    host: str = ""
    vendor: str = ""
    price_model: str = ""
    note: str = ""
    dialect: tuple[str, ...] = ()


@dataclass(frozen=True)
class Rates:
    """Micro-dollars per million tokens (USD 0.15 a million is 150,000); None where a kind has no price of its own.

    Without a cached-input or cache-write price these cost as input. `request` is micro-dollars a request.
    """

    input: int
    output: int
    cached_input: int | None = None
    cache_write: int | None = None
    batch_input: int | None = None
    batch_output: int | None = None
    request: int = 0


@dataclass(frozen=True)
class Price:
    """What a model costs on a day: base rates, and for prompts above so many input tokens those of tiers.

    `source` is "by hand" or where the table has it from; `checked` a date (YYYY-MM-DD); `sha256` is of the whole table,
    or of this price where it was typed in. `highest` are rates at which nothing can cost more: what is reserved.
    """

    rates: Rates
    highest: Rates
    tiers: tuple[tuple[int, Rates], ...]
    source: str
    checked: str
    sha256: str


@dataclass(frozen=True)
class Usage:
    """Tokens as the endpoint billed them. `input` holds `cached` and `cache_write` too, `output` `reasoning`."""

    input: int
    output: int
    cached: int = 0
    cache_write: int = 0
    reasoning: int = 0


@dataclass(frozen=True)
class Turn:
    """One message of a request: role "system", "user" or "assistant"."""

    role: str
    text: str


@dataclass(frozen=True)
class ChatRequest:
    """What is asked. `schema` is a JSON schema as JSON text the answer must follow, or ""; `max_tokens` is always sent.

    A value of None is not sent. `ends` are stop strings.
    """

    messages: tuple[Turn, ...]
    max_tokens: int
    temperature: float | None = None
    top_p: float | None = None
    seed: int | None = None
    ends: tuple[str, ...] = ()
    schema: str = ""


@dataclass(frozen=True)
class Purpose:
    """What a call is for, kept with each attempt. `run` is a run's uid: its own cap then counts beside the others.

    `task` and `step` name the piece of work: an answer that was paid for it is never paid again. `repeat` numbers
    deliberate repetitions (a judge asked twice), whose answers the cache keeps apart.
    """

    kind: Literal["teacher", "student", "embedder", "test"]
    run: str = ""
    task: str = ""
    step: str = ""
    repeat: int = 0


@dataclass(frozen=True)
class PaidAnswer:
    """An answer and what it cost. `stop` is "end", "length", "stop", "refused" or "cancelled".

    `reused` tells that it was paid before (`cost` is then what it cost at that time, and nothing was paid now).
    """

    uid: str
    text: str
    stop: str
    usage: Usage | None
    cost: int
    request_sha256: str
    endpoint: str
    model: str
    attempt: str
    milliseconds: float
    first_token_milliseconds: float | None
    reused: bool = False
    thinking: str = ""


@dataclass(frozen=True)
class Attempt:
    """One row of the ledger: one HTTP request, or one line of a batch. Times in epoch seconds.

    `worst` was reserved before it left; `cost` is what it counts for now: the truth once settled, 0 once released, else
    `worst`. `note` says why it is in its state. `day` and `month` are the periods it counts for ("2026-11-26").
    """

    uid: str
    state: AttemptState
    endpoint: str
    endpoint_name: str
    model: str
    purpose: Purpose
    request_sha256: str
    price_sha256: str
    worst: int
    cost: int
    usage: Usage | None
    created: float
    changed: float
    day: str
    month: str
    note: str = ""
    batch: str = ""


@dataclass(frozen=True)
class Budget:
    """A cap with what counts against it. `cap` None: no cap is set. `key` is a run's uid, a day, a month, or ""."""

    kind: BudgetKind
    key: str
    cap: int | None
    settled: int
    reserved: int
    unknown: int

    @property
    def charged(self) -> int:
        """All that counts: settled, reserved (also sent) and unknown."""
        return self.settled + self.reserved + self.unknown

    @property
    def headroom(self) -> int | None:
        """What may still be reserved; None without a cap."""
        return None if self.cap is None else max(0, self.cap - self.charged)


@dataclass(frozen=True)
class EndpointTest:
    """How a tiny paid call to an endpoint went. `message` is one sentence; `cost` what it counts for in the ledger."""

    ok: bool
    message: str
    hint: str = ""
    text: str = ""
    milliseconds: float | None = None
    cost: int = 0
    usage: Usage | None = None

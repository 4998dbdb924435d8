"""What prompts cost with one teacher: at the least, likely, and at most; and how long they take."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

from forge_desktop.distill.evidence import Offer
from forge_desktop.distill.experience import Experience, characters
from forge_desktop.distill.lesson import Ask
from forge_desktop.distill.records import Task
from forge_desktop.distill.records_runs import TeacherQuote
from forge_desktop.providers import Providers
from forge_desktop.providers.addresses import on_this_computer
from forge_desktop.providers.money import cost
from forge_desktop.providers.records import ChatRequest, Endpoint, Price, Turn, Usage

BYTES_A_TOKEN = 8  # at most, of text that is not written yet; real text has four or five
_AGAIN = 400  # characters in which a teacher is told what is wrong with its reply
_CHARACTERS_A_TOKEN = 4
_BATCHES = ("openai", "anthropic")  # wires with a batch endpoint


@dataclass(frozen=True)
class Prompted:
    """A task as a run would begin with it. `ask` is its next call, None where none is needed.

    `turns_left` calls for an answer may follow, that one included. `longest` is the same prompt with all that is not
    written yet as long as it may become, `unwritten` tells whether there is such, and `drafting` of whom and by what
    request it would be bought, where that costs anything. `critique` is what a critic is asked first, as it is and at
    its longest; `judge` is what a judge is asked. `problem` tells why a run could not work on it.
    """

    task: Task
    offer: Offer
    ask: Ask | None = None
    turns_left: int = 0
    longest: ChatRequest | None = None
    unwritten: bool = False
    drafting: tuple[Endpoint, ChatRequest] | None = None
    critique: tuple[ChatRequest, ChatRequest] | None = None
    judge: ChatRequest | None = None
    reused: int = 0
    saved: int = 0
    easy: bool = False
    problem: str = ""

    @property
    def free(self) -> bool:
        """Whether it can be brought to its end without a call."""
        return self.ask is None and not self.problem and not self.offer.withheld


class Reckoner:
    """Reckons with what is known of an endpoint. `critic` is whoever criticises drafts first."""

    def __init__(
        self, providers: Providers, known: Experience, *, concurrency: int, critic: tuple[Endpoint, Price] | None
    ) -> None:
        self._providers, self._known, self._concurrency, self._critic = providers, known, concurrency, critic

    def quote(
        self, endpoint: Endpoint, price: Price, prompts: Sequence[Prompted], *, judge: tuple[Endpoint, Price] | None
    ) -> TeacherQuote:
        """All prompts with one teacher, and with a judge where one is wanted."""
        asked = [prompted for prompted in prompts if prompted.ask is not None]
        judged = [self._judged(judge, prompted) for prompted in asked] if judge else []
        aside = [*judged, *map(self._drafted, asked), *map(self._criticised, asked)]
        besides = sum(each[0] for each in aside)
        low = sum(self._low(endpoint, price, each) for each in asked) + besides
        likely = sum(self._asked(endpoint, price, each) for each in asked) + besides
        worst = sum(self._worst(endpoint, each) for each in asked) + sum(each[1] for each in aside)
        batched = None
        if endpoint.wire in _BATCHES and price.rates.batch_output is not None:
            batched = sum(self._asked(endpoint, price, each, batch=True) for each in asked) + besides
        return TeacherQuote(
            endpoint.uid,
            endpoint.name,
            endpoint.model,
            low=min(low, likely),
            likely=min(likely, worst),
            worst=worst,
            seconds=self._seconds(endpoint, asked),
            batch_likely=batched,
            here=on_this_computer(endpoint.url),
        )

    def likely(self, endpoint: Endpoint, price: Price, prompted: Prompted) -> int:
        """What a task likely costs, its draft and the critique of that included."""
        return self._asked(endpoint, price, prompted) + self._drafted(prompted)[0] + self._criticised(prompted)[0]

    def drafts(self, prompts: Sequence[Prompted]) -> tuple[str, int, int] | None:
        """Who would be paid for drafts, and what they cost likely and at most; None where nobody is."""
        names = [prompted.drafting[0].name for prompted in prompts if prompted.drafting is not None]
        costs = [self._drafted(prompted) for prompted in prompts]
        return (names[0], sum(each[0] for each in costs), sum(each[1] for each in costs)) if names else None

    def _drafted(self, prompted: Prompted) -> tuple[int, int]:
        """What a draft costs likely and at most."""
        if prompted.drafting is None:
            return 0, 0
        endpoint, request = prompted.drafting
        price = self._providers.prices.of(endpoint)
        if price is None:  # it is not asked then
            return 0, 0
        tokens = self._known.tokens(endpoint.uid, characters(request.messages))
        worst = self._providers.worst(endpoint.uid, request)
        return min(worst, cost(Usage(tokens, self._known.draft // _CHARACTERS_A_TOKEN), price)), worst

    def _asked(self, endpoint: Endpoint, price: Price, prompted: Prompted, *, batch: bool = False) -> int:
        if prompted.ask is None or prompted.turns_left == 0:
            return 0
        length = self._length(prompted)
        output = self._known.output(endpoint.uid)
        first = cost(Usage(self._known.tokens(endpoint.uid, length), output), price, batch)
        again = self._known.tokens(endpoint.uid, length + _AGAIN) + output
        further = cost(Usage(again, output), price)  # only first turns go in batches
        more = min(self._known.turns - 1000, (prompted.turns_left - 1) * 1000)
        return self._needed(prompted, first + further * more // 1000)

    def calls(self, prompts: Sequence[Prompted]) -> int:
        """How many calls are likely."""
        count = 0
        for prompted in prompts:
            if prompted.ask is not None:
                turns = min(self._known.turns, prompted.turns_left * 1000)
                count += self._needed(prompted, turns) + (1000 if prompted.judge is not None else 0)
                count += self._needed(prompted, 1000) if prompted.critique is not None else 0
        return -(-count // 1000)

    def _low(self, endpoint: Endpoint, price: Price, prompted: Prompted) -> int:
        if prompted.ask is None or prompted.turns_left == 0:
            return 0
        tokens = self._known.tokens(endpoint.uid, self._length(prompted))
        return self._needed(prompted, cost(Usage(tokens, self._known.short(endpoint.uid)), price))

    def _worst(self, endpoint: Endpoint, prompted: Prompted) -> int:
        """Every turn that may follow, each with the longest replies before it."""
        if prompted.longest is None:
            return 0
        total, request = 0, prompted.longest
        for _ in range(prompted.turns_left):
            total += self._providers.worst(endpoint.uid, request)
            said = (Turn("assistant", "x" * BYTES_A_TOKEN * request.max_tokens), Turn("user", "x" * _AGAIN))
            request = dataclasses.replace(request, messages=request.messages + said)
        return total

    def _judged(self, judge: tuple[Endpoint, Price], prompted: Prompted) -> tuple[int, int]:
        """Likely and at most."""
        if prompted.judge is None:
            return 0, 0
        system, user = prompted.judge.messages
        longer = dataclasses.replace(user, text=user.text + "x" * BYTES_A_TOKEN * prompted.judge.max_tokens)
        longest = dataclasses.replace(prompted.judge, messages=(system, longer))
        return self._aside(judge, prompted, prompted.judge, longest)

    def _criticised(self, prompted: Prompted) -> tuple[int, int]:
        """Likely and at most."""
        if prompted.critique is None or self._critic is None:
            return 0, 0
        return self._aside(self._critic, prompted, *prompted.critique)

    def _aside(
        self, asked: tuple[Endpoint, Price], prompted: Prompted, request: ChatRequest, longest: ChatRequest
    ) -> tuple[int, int]:
        endpoint, price = asked
        tokens = self._known.tokens(endpoint.uid, characters(request.messages))
        likely = cost(Usage(tokens, self._known.output(endpoint.uid, aside=True)), price)
        return self._needed(prompted, likely), self._providers.worst(endpoint.uid, longest)

    def _needed(self, prompted: Prompted, amount: int) -> int:
        """Less the share of drafts that will need no teacher, where the draft is not written yet."""
        return amount * (1000 - self._known.easy) // 1000 if prompted.unwritten else amount

    def _length(self, prompted: Prompted) -> int:
        assert prompted.ask is not None
        return characters(prompted.ask.request.messages) + (self._known.draft if prompted.unwritten else 0)

    def _seconds(self, endpoint: Endpoint, asked: Sequence[Prompted]) -> float | None:
        """By how long calls took and by the limits that are known, whichever is longer; None where neither is."""
        calls = self.calls(asked)
        taken = self._known.seconds(endpoint.uid)
        learnt = self._providers.router.learnt(endpoint)
        times = []
        if taken is not None:
            times.append(calls * taken / max(1, min(self._concurrency, endpoint.concurrency or self._concurrency)))
        if rpm := endpoint.rpm or learnt.get("rpm", 0):
            times.append(max(0, calls - rpm) * 60 / rpm)
        if tpm := endpoint.input_tpm or learnt.get("input_tpm", 0):
            tokens = sum(self._known.tokens(endpoint.uid, self._length(each)) for each in asked)
            times.append(max(0, tokens - tpm) * 60 / tpm)
        return round(max(times), 1) if times else None

"""What earlier calls tell about the next ones: how long answers are, how long they take, how many a task needs."""

from __future__ import annotations

import json
import statistics
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from forge_desktop.distill.lesson import ASIDE
from forge_desktop.distill.store_quote import QuoteStore
from forge_desktop.providers import Providers
from forge_desktop.providers.records import Attempt, Turn

_SEEN = 500  # newest calls that are looked at
_ENOUGH = 3  # calls of a kind, below which they tell nothing
_ANSWER, _ASIDE, _SHORT = (
    300,
    80,
    60,
)  # tokens of an answer, a critique or judgement, and a short answer where nothing was seen
_CHARACTERS_A_TOKEN = 4.0
_DRAFT = 400  # characters


@dataclass(frozen=True)
class Calls:
    """What is known of an endpoint's calls of one step: tokens written, seconds taken, characters a token."""

    outputs: tuple[int, ...] = ()
    seconds: tuple[float, ...] = ()
    ratios: tuple[float, ...] = ()

    @property
    def known(self) -> bool:
        """Whether there were enough to go by."""
        return len(self.outputs) >= _ENOUGH


@dataclass(frozen=True)
class Experience:
    """What is known. Shares and turns are in thousandths, so that money stays whole."""

    calls: dict[tuple[str, bool], Calls] = field(default_factory=dict)
    turns: int = 1000
    turns_known: bool = False
    easy: int = 0
    easy_known: bool = False
    draft: int = _DRAFT

    def output(self, endpoint: str, *, aside: bool = False) -> int:
        """Tokens of a likely answer."""
        found = self.calls.get((endpoint, aside), Calls())
        if found.known:
            return round(statistics.fmean(found.outputs))
        return _ASIDE if aside else _ANSWER

    def short(self, endpoint: str) -> int:
        """Tokens of a short answer: of the shortest tenth."""
        found = self.calls.get((endpoint, False), Calls())
        return sorted(found.outputs)[len(found.outputs) // 10] if found.known else _SHORT

    def seconds(self, endpoint: str) -> float | None:
        """How long a call takes, None where too few were seen."""
        found = self.calls.get((endpoint, False), Calls())
        return statistics.median(found.seconds) if found.known else None

    def tokens(self, endpoint: str, characters: int) -> int:
        """Tokens that a prompt of so many characters likely has."""
        ratios = self.calls.get((endpoint, False), Calls()).ratios
        ratio = statistics.fmean(ratios) if len(ratios) >= _ENOUGH else _CHARACTERS_A_TOKEN
        return round(characters / max(ratio, 0.5))

    def assumptions(self, endpoints: Sequence[tuple[str, str]]) -> list[str]:
        """Sentences on what stands in for what was not seen yet. `endpoints` are uids and names."""
        said = [
            f"{name} was not asked often enough yet: {_ANSWER} tokens are taken for an answer, and"
            f" {_CHARACTERS_A_TOKEN:g} characters for a token."
            for uid, name in endpoints
            if not self.calls.get((uid, False), Calls()).known
        ]
        if not self.turns_known:
            said.append("How many turns a task takes is not known yet: one is taken as likely.")
        if not self.easy_known:
            said.append("How many drafts need no teacher is not known yet: none is taken as likely.")
        return said


def gathered(providers: Providers, store: QuoteStore) -> Experience:
    """What the ledger and the tables tell now."""
    settled = [each for each in providers.ledger.attempts(state="settled", limit=_SEEN) if _of_run(each)]
    lengths = store.prompt_lengths(list({each.purpose.task for each in settled}))
    calls: defaultdict[tuple[str, bool], list[Attempt]] = defaultdict(list)
    for each in settled:
        calls[each.endpoint, each.purpose.step in ASIDE].append(each)
    asked, turns = store.turns_a_task()
    drafted, easy, draft = store.drafts()
    return Experience(
        {key: _calls(found, lengths) for key, found in calls.items()},
        turns=turns * 1000 // asked if asked >= _ENOUGH else 1000,
        turns_known=asked >= _ENOUGH,
        easy=easy * 1000 // drafted if drafted >= _ENOUGH else 0,
        easy_known=drafted >= _ENOUGH,
        draft=draft or _DRAFT,
    )


def characters(messages: Iterable[Turn]) -> int:
    """How long a prompt is, counted as `prompt_lengths` counts kept ones."""
    return len(json.dumps([[each.role, each.text] for each in messages], ensure_ascii=False))


def _of_run(attempt: Attempt) -> bool:
    step = attempt.purpose.step
    return attempt.purpose.kind == "teacher" and (step in ASIDE or step.startswith("turn-"))


def _calls(found: Sequence[Attempt], lengths: dict[tuple[str, str], int]) -> Calls:
    with_usage = [(each, each.usage) for each in found if each.usage is not None]
    return Calls(
        tuple(usage.output for _, usage in with_usage),
        tuple(each.changed - each.created for each, _ in with_usage),
        tuple(
            length / usage.input
            for each, usage in with_usage
            if usage.input and (length := lengths.get((each.purpose.task, each.purpose.step)))
        ),
    )

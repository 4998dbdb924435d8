"""What a comparison rests on beside the cards: what fits here, how fast the search is, what is stored and was paid."""

from __future__ import annotations

import contextlib
import statistics
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, Literal

from forge_desktop.base.errors import ForgeError
from forge_desktop.cards.grounds import local_embedder
from forge_desktop.cards.records import Card
from forge_desktop.cards.taking import exactly, take
from forge_desktop.corpus.retrieval.fusion import Mix
from forge_desktop.engine import StudentSpec
from forge_desktop.engine.remote_wording import host_of, leaves
from forge_desktop.students.fitting import judge

if TYPE_CHECKING:
    from forge_desktop.corpus.records import IndexingSpeed
    from forge_desktop.providers.records import Endpoint
    from forge_desktop.students import Students
    from forge_desktop.students.records_versions import Version
    from forge_desktop.students.rooms import Rooms

_SEARCHES, _WORDS = 7, 6
_RUNS = 20
FEWEST = 10  # items that an interval has to rest on: of one it is a point, of a few it hardly ever holds 0
_LOCAL = ("student", "adapter")

FitWord = Literal["fits", "tight", "does not fit", "elsewhere", "unknown"]


@dataclass(frozen=True)
class Fits:
    """Whether a model fits this machine, and the sentence that says where and by how much. `needed` in bytes."""

    word: FitWord
    sentence: str
    needed: int | None = None


@dataclass(frozen=True)
class Searched:
    """Searches that were made just now: how long one took (the median), among how many passages."""

    seconds: Fraction
    searches: int
    passages: int


@dataclass(frozen=True)
class Paid:
    """What the last runs of lessons cost: how many, how many pairs they kept, what was settled, of when the last is."""

    runs: int
    pairs: int
    settled: int
    at: float


@dataclass(frozen=True)
class Difference:
    """What a gate found of two cards item by item: `sure` where the interval of the difference does not hold 0, and
    rests on items enough.
    """

    card: str
    baseline: str
    suite: str
    metric: str
    sure: bool
    sentence: str


@dataclass(frozen=True)
class Surroundings:
    """All of it. `fits` by card; `local` are those that compute on this machine; how many bases and adapters there are
    and their bytes; `at` is when it was looked.
    """

    at: float
    fits: Mapping[str, Fits] = field(default_factory=dict)
    local: frozenset[str] = frozenset()
    indexing: IndexingSpeed | None = None
    searched: Searched | None = None
    paid: Paid | None = None
    database: int = 0
    bases: tuple[int, int] = (0, 0)
    adapters: tuple[int, int] = (0, 0)
    passage_tokens: int = 0
    differences: tuple[Difference, ...] = ()


class Gatherer:
    """Looks at all of it. Starts a process of the engine for each model here: it is asked what llama.cpp would take."""

    def __init__(self, rooms: Rooms, students: Students) -> None:
        self._rooms, self._students = rooms, students

    def gather(self, cards: tuple[Card, ...], check: Callable[[], None]) -> Surroundings:
        """As it is now. `check` is called between two steps and ends it by raising."""
        fits = {}
        for card in cards:
            check()
            fits[card.uid] = self._fits(card)
        check()
        stats = self._rooms.corpus.shelf.stats()
        students = self._students.list()
        sizes = [adapter.file_bytes for adapter in self._students.registry.adapters()]
        return Surroundings(
            at=time.time(),
            fits=fits,
            local=frozenset(card.uid for card in cards if self._is_local(card)),
            indexing=stats.speed,
            searched=self._search(stats.passages) if stats.passages else None,
            paid=self._paid(),
            database=self._database(),
            bases=(len(students), sum(student.file_bytes for student in students if not student.problem)),
            adapters=(len(sizes), sum(sizes)),
            passage_tokens=self._rooms.settings.values.passage_tokens,
            differences=tuple(self._differences(cards)),
        )

    # ---- whether it fits ----

    def _is_local(self, card: Card) -> bool:
        if card.kind in _LOCAL:
            return self._version(card) is not None
        if self._embeds_here(card):
            return True
        endpoint = self._endpoint(card)
        return endpoint is not None and not leaves(endpoint)

    def _endpoint(self, card: Card) -> Endpoint | None:
        if card.kind in _LOCAL or not card.subject:
            return None
        with contextlib.suppress(ForgeError):
            return self._rooms.providers.endpoints.get(card.subject)
        return None

    def _embeds_here(self, card: Card) -> bool:
        found = local_embedder(self._rooms) if card.kind == "embedder" else None
        return found is not None and found.sha256 == card.subject

    def _fits(self, card: Card) -> Fits:
        endpoint = self._endpoint(card)
        if endpoint is not None:
            where = host_of(endpoint)
            if leaves(endpoint):
                return Fits("elsewhere", f"It computes at {where}; nothing of it has to fit here.")
            return Fits("elsewhere", f"A server on this computer ({where}) has it; how much that takes is not told.")
        if card.kind not in _LOCAL and not self._embeds_here(card):
            return Fits("unknown", "Where it computes is not known: its endpoint is not here.")
        version = self._version(card)
        try:
            return self._by_size(card, here=card.kind == "embedder") if version is None else self._by_plan(version)
        except ForgeError as error:
            return Fits("unknown", error.message)

    def _version(self, card: Card) -> Version | None:
        with contextlib.suppress(ForgeError):
            return self._students.registry.version(card.subject) if card.subject else None
        return None

    def _by_plan(self, version: Version) -> Fits:
        """As llama.cpp itself says, with the adapter's file on top."""
        base = next((one for one in self._students.list() if one.sha256 == version.base_sha256), None)
        if base is None or base.problem or version.problem:
            why = version.problem or (base.problem if base else "Its base is not on this computer.")
            return Fits("unknown", why)
        plan = self._rooms.engine.plan(StudentSpec(base.name, base.path, base.sha256))
        extra = 0 if version.is_base else self._students.registry.adapter(version.adapter_sha256).file_bytes
        needed = sum(line.needed for line in plan.lines) + extra
        places = "; ".join(_place(line.description or line.device, line.needed, line.free) for line in plan.lines)
        with_adapter = f", {_gigabytes(extra)} of it the adapter" if extra else ""
        sentence = f"{_gigabytes(needed)} with {plan.context:,} tokens of context{with_adapter} ({places})."
        if not plan.fits:
            return Fits("does not fit", f"It needs {sentence}", needed)
        return Fits("fits", f"It takes {sentence}", needed)

    def _by_size(self, card: Card, *, here: bool) -> Fits:
        """A model that is not here, or no student: told from its file's size, as for offers of a hub."""
        size = take(card, "file_bytes")
        if size is None:
            why = "Its card is" if here else "It is not on this computer, and its card is"
            return Fits("unknown", f"{why} silent on how large its file is.")
        context = self._rooms.settings.values.context_tokens
        fit = judge(int(size.amount), 0, context, self._rooms.engine.hardware().devices)
        by = "By its size" if here else "By its size, since it is not here"
        return Fits(fit.word, f"{by}: {fit.sentence}", fit.needed)

    def _differences(self, cards: tuple[Card, ...]) -> Iterator[Difference]:
        """Of the last gate of each of the cards against another one of them."""
        by_version = {card.subject: card for card in cards if card.kind in _LOCAL and card.subject}
        for uid, card in by_version.items():
            seen: set[str] = set()
            for gate in self._students.gates.all(uid):
                other = by_version.get(gate.baseline)
                if other is None or gate.state != "done" or gate.baseline in seen:
                    continue
                seen.add(gate.baseline)
                hashes = {suite.name: suite.sha256 for suite in gate.suites}
                for metric in gate.metrics:
                    few = metric.items < FEWEST
                    sure = not few and (metric.low > 0 or metric.high < 0)
                    sentence = (
                        f"Gate {gate.number}: {metric.difference:+.4g} for {card.label or card.name} against"
                        f" {other.label or other.name}, item by item, {metric.low:+.4g} to {metric.high:+.4g}"
                        f"{'' if sure else f': {too_few(metric.items)}' if few else ': no difference is proven'}."
                    )
                    yield Difference(card.uid, other.uid, hashes.get(metric.suite, ""), metric.name, sure, sentence)

    # ---- the search, the store, the runs ----

    def _search(self, passages: int) -> Searched | None:
        """Some searches with words of the corpus, on the vectors that are built in: nothing leaves the machine."""
        shelf, took = self._rooms.corpus.shelf, []
        ids = shelf.documents(state="indexed")
        for document in ids[:: max(1, len(ids) // _SEARCHES)][:_SEARCHES]:
            query = " ".join(shelf.stored_text(document, 0, 400).split()[:_WORDS])
            started = time.perf_counter()
            self._rooms.corpus.find(
                query, self._rooms.settings.values.passages, operators=False, mix=Mix(None, model=False)
            )
            took.append(time.perf_counter() - started)
        median = exactly(statistics.median(took)) if took else None
        return None if median is None else Searched(median, len(took), passages)

    def _paid(self) -> Paid | None:
        runs = [run for run in self._rooms.distill.runs() if run.ended and run.billed_attempts][:_RUNS]
        if not runs:
            return None
        pairs = sum(run.train_pairs + run.repair_pairs for run in runs)
        return Paid(len(runs), pairs, sum(run.settled for run in runs), max(run.started for run in runs))

    def _database(self) -> int:
        path = self._rooms.db.path
        files = (path, path.with_name(f"{path.name}-wal"))
        return sum(file.stat().st_size for file in files if file.exists())


def too_few(items: int) -> str:
    """Why so few items tell nothing."""
    return f"of {items} {'item' if items == 1 else 'items'}, and fewer than {FEWEST} tell nobody apart"


def _place(name: str, needed: int, free: int) -> str:
    return f"{_gigabytes(needed)} of {_gigabytes(free)} free on {name}" if free else f"{_gigabytes(needed)} on {name}"


def _gigabytes(count: int) -> str:
    return f"{count / 1e9:.1f} GB" if count >= 10**9 else f"{count / 1e6:.0f} MB"

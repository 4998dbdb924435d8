"""How well the search finds what a suite's answers rest on, by its settings: so an index is tuned by evidence.

Settings are handed to the search itself; none is written.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from forge_desktop.base.errors import ForgeError
from forge_desktop.corpus import Corpus, Hit
from forge_desktop.corpus.retrieval.fusion import Mix
from forge_desktop.distill.minhash import normalised
from forge_desktop.students import statistics
from forge_desktop.students.gate_items import GateItem, Place, item_of
from forge_desktop.students.gate_plan import GatePlan, PlannedSuite
from forge_desktop.students.records_gate import RetrievalArm, RetrievalResult
from forge_desktop.students.rooms import Rooms

BUILT_IN = "built-in"
_MOST_ARMS, _MOST_PASSAGES = 12, 100
_RESAMPLES, _CONFIDENCE, _SEED = 10_000, 0.95, 1
_PASSAGES = "passages"


@dataclass(frozen=True)
class _Found:
    """What a search found of an item's places: the share of them, one over the first one's rank, and its time."""

    recall: float
    reciprocal_rank: float
    milliseconds: float


def check(arms: Sequence[RetrievalArm]) -> None:
    """Raises ForgeError for settings that cannot be compared."""
    if not 1 <= len(arms) <= _MOST_ARMS:
        raise ForgeError(f"One to {_MOST_ARMS} settings are compared at once.", hint="Name them, the usual one first.")
    if len({arm.name for arm in arms}) < len(arms):
        raise ForgeError("Two of the settings have the same name.", hint="Give each a name of its own.")
    for arm in arms:
        if not 1 <= arm.passages <= _MOST_PASSAGES:
            raise ForgeError(f"{arm.name}: 1 to {_MOST_PASSAGES} passages are looked at.")
        if arm.alpha is not None and not 0 <= arm.alpha <= 1:
            raise ForgeError(f"{arm.name}: alpha, the share of the vectors, is from 0 to 1.")
        if arm.embedder not in ("", BUILT_IN):
            raise ForgeError(
                f"{arm.name}: only the embedder in use and the {BUILT_IN} one have vectors here, not {arm.embedder}.",
                hint="Choose it in Settings, let it embed all passages, and compare again.",
            )


def compare(
    rooms: Rooms, suite: str, arms: Sequence[RetrievalArm], progress: Callable[[int, int], None]
) -> list[RetrievalResult]:
    """Each setting on each item that names its sources, compared with the first setting. Raises ForgeError where no
    item does, or nothing is indexed.
    """
    found = rooms.distill.suites.get(suite)
    items = [item for one in rooms.distill.suites.items(found.uid) if (item := item_of(one)).places]
    if not items:
        raise ForgeError(f"No item of {found.name} says where its answer stands.", hint="Use a suite with evidence.")
    if not rooms.corpus.shelf.stats().passages:
        raise ForgeError("There is no document to search in.", hint="Index the documents of the suite first.")
    each: list[list[_Found]] = [[] for _ in arms]
    for number, item in enumerate(items):
        for place, arm in enumerate(arms):
            progress(number * len(arms) + place, len(items) * len(arms))
            each[place].append(_look(rooms.corpus, item, arm))
    return [
        _result(arm, looked, each[0], is_first=place == 0)
        for place, (arm, looked) in enumerate(zip(arms, each, strict=True))
    ]


def of_versions(rooms: Rooms, suites: Sequence[PlannedSuite], plan: GatePlan) -> dict[str, object]:
    """By suite that names documents which are indexed: what the search finds with the settings of each version."""
    usual = rooms.settings.values.passages
    told: dict[str, object] = {}
    for suite in suites:
        items = [item for item in suite.test if any(_is_here(rooms.corpus, place) for place in item.places)]
        if suite.info.role != "target" or not items:
            continue
        arms = {
            name: RetrievalArm(name, _whole(version.retrieval.get(_PASSAGES), usual))
            for name, version in (("baseline", plan.baseline), ("candidate", plan.version))
        }
        looked = {arm.passages: [_look(rooms.corpus, item, arm) for item in items] for arm in arms.values()}
        told[suite.info.name] = {
            name: {"items": len(items), "passages": arm.passages, **_means(looked[arm.passages])}
            for name, arm in arms.items()
        }
    return told


def _whole(value: object, usual: int) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 1 else usual


def _means(looked: Sequence[_Found]) -> dict[str, float]:
    return {
        "recall": sum(one.recall for one in looked) / len(looked),
        "reciprocal_rank": sum(one.reciprocal_rank for one in looked) / len(looked),
    }


def _is_here(corpus: Corpus, place: Place) -> bool:
    return bool(place.document) and corpus.shelf.find_document(place.document, place.name) is not None


def _look(corpus: Corpus, item: GateItem, arm: RetrievalArm) -> _Found:
    started = time.perf_counter()
    mix = Mix(arm.alpha, model=arm.embedder != BUILT_IN)
    hits = corpus.find(item.question, arm.passages, operators=False, mix=mix).hits
    took = 1000 * (time.perf_counter() - started)
    met = [[_holds(hit, place) for hit in hits] for place in item.places]
    ranks = [rank for rank in range(len(hits)) if any(row[rank] for row in met)]
    recall = sum(any(row) for row in met) / len(met)
    return _Found(recall, 1 / (ranks[0] + 1) if ranks else 0.0, took)


def _holds(hit: Hit, place: Place) -> bool:
    """Whether a passage has what a place says: it overlaps it, or one holds the words of the other."""
    passage = hit.passage
    if place.document and passage.document_sha256 == place.document and place.end > place.start:
        return passage.start < place.end and place.start < passage.end
    said, found = normalised(place.text), normalised(passage.text)
    if said and (said in found or found in said):
        return True
    return not place.text and bool(place.name) and passage.path.replace("\\", "/").rpartition("/")[2] == place.name


def _result(arm: RetrievalArm, looked: Sequence[_Found], first: Sequence[_Found], *, is_first: bool) -> RetrievalResult:
    means = _means(looked)

    def against(of: Callable[[_Found], float]) -> tuple[float, float, float] | None:
        found = statistics.paired(
            [of(one) for one in first],
            [of(one) for one in looked],
            resamples=_RESAMPLES,
            confidence=_CONFIDENCE,
            seed=_SEED,
        )
        return None if is_first or found is None else (found.difference, found.low, found.high)

    return RetrievalResult(
        arm,
        len(looked),
        means["recall"],
        means["reciprocal_rank"],
        against(lambda one: one.recall),
        against(lambda one: one.reciprocal_rank),
        sum(one.milliseconds for one in looked) / len(looked),
    )

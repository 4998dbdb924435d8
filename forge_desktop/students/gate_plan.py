"""What a gate is going to do, fixed before it starts: the two versions, and of each suite the items that may count."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from forge_desktop.base.errors import ForgeError
from forge_desktop.distill.records import Suite, SuiteItem
from forge_desktop.students import gate_cautions, leaks, shipped_suites
from forge_desktop.students.gate_items import GateItem, drawn, item_of, validation_part
from forge_desktop.students.records_gate import METRICS, GateSuite, GateWish, Margins, Role
from forge_desktop.students.records_training import Learnt
from forge_desktop.students.records_versions import Version
from forge_desktop.students.registry import Registry
from forge_desktop.students.rooms import Rooms
from forge_desktop.students.training import Training

_MOST_SCALES, _SMALLEST_SCALE, _LARGEST_SCALE = 16, 0.01, 8.0
_MOST_POINTS, _MOST_NATS = 100.0, 10.0


def problem_of_scales(scales: Sequence[float]) -> str:
    """Why these scales cannot be tried, in a sentence, or ""."""
    if not 1 <= len(scales) <= _MOST_SCALES:
        return f"One scale at least is tried, and {_MOST_SCALES} at most."
    if not all(_SMALLEST_SCALE <= scale <= _LARGEST_SCALE for scale in scales):  # which none is that is no number
        return f"A scale is a number from {_SMALLEST_SCALE:g} to {_LARGEST_SCALE:g}."
    return "" if len(set(scales)) == len(scales) else "Each scale is tried once: name it once."


def problem_of_margins(margins: Margins) -> str:
    """Why nothing can be judged by these margins, in a sentence, or ""."""
    if not all(0 <= points <= _MOST_POINTS for points in (margins.exact_match, margins.citation_validity)):
        return f"Exact match and citations may fall by 0 to {_MOST_POINTS:g} points."
    return "" if 0 <= margins.nll <= _MOST_NATS else f"NLL may rise by 0 to {_MOST_NATS:g} nats a token."


@dataclass(frozen=True)
class PlannedSuite:
    """A suite with the items that count, and those that a scale is chosen with."""

    info: GateSuite
    test: tuple[GateItem, ...]
    validation: tuple[GateItem, ...] = ()


@dataclass(frozen=True)
class GatePlan:
    """Both versions and the suites, targets first. `card` are sentences that have to be said of the outcome."""

    version: Version
    baseline: Version
    wish: GateWish
    suites: tuple[PlannedSuite, ...]
    card: tuple[str, ...]

    @property
    def same_base(self) -> bool:
        """Whether both are of one base, so that their likelihoods compare."""
        return self.version.base_sha256 == self.baseline.base_sha256


class Planner:
    """Turns a wish into a plan, or says in a sentence why it cannot be."""

    def __init__(self, rooms: Rooms, registry: Registry, training: Training) -> None:
        self._rooms, self._registry, self._training = rooms, registry, training

    # ---- at once ----

    def versions(self, name: str, wish: GateWish) -> tuple[Version, Version]:
        """The version and what it is held against: the active one, or its own base where that is itself."""
        version = self._registry.version(name)
        baseline = self._registry.version(wish.baseline) if wish.baseline else self._registry.active()
        if baseline is not None and baseline.uid == version.uid and not wish.baseline:
            baseline = next(
                (one for one in self._registry.versions() if one.is_base and one.base_sha256 == version.base_sha256),
                None,
            )
        if baseline is None or baseline.uid == version.uid:
            raise ForgeError(
                f"There is nothing to hold {version.label} against but itself.",
                hint="Name another version as baseline.",
            )
        if wish.primary == "nll" and version.base_sha256 != baseline.base_sha256:
            raise ForgeError(
                f"{version.label} and {baseline.label} have different bases, whose likelihoods do not compare.",
                hint="Choose exact_match or f1, or a baseline of the same base.",
            )
        for one in (version, baseline):
            if one.problem:
                raise ForgeError(one.problem, hint="Bring its file back, or choose another version.")
        if len(wish.scales) > 1 and version.is_base:
            raise ForgeError(f"{version.label} has no adapter, so it has no scale to choose.")
        return version, baseline

    def check(self, wish: GateWish, coming: int = 0) -> None:
        """Raises ForgeError for a wish that no gate can do; so many suites are yet to be brought."""
        if wish.primary not in METRICS:
            raise ForgeError(f"{wish.primary} is no metric.", hint=f"Choose one of {', '.join(METRICS)}.")
        if not wish.suites and not coming and not wish.regression and not wish.safety:
            raise ForgeError("There is no question to ask.", hint="Name a suite, or leave regression or safety in.")
        if said := problem_of_scales(wish.scales) or problem_of_margins(wish.margins):
            raise ForgeError(said)
        if len(set(wish.scales)) > 1 and not wish.suites and not coming:
            raise ForgeError("A scale is chosen with a suite in which a gain is looked for.", hint="Name one.")
        if not (1 <= wish.width <= 64 and wish.max_tokens >= 1 and wish.items >= 0):
            raise ForgeError("A gate asks 1 to 64 questions at once, for answers of one token at least.")
        if not (100 <= wish.resamples <= 1_000_000 and 0.5 <= wish.confidence < 1):
            raise ForgeError("An interval needs 100 to 1,000,000 resamples and a confidence from 0.5 up to below 1.")
        if wish.judge:
            self._rooms.providers.endpoints.get(wish.judge)
            if wish.cap <= 0:
                raise ForgeError(
                    "A judge needs a spending cap.",
                    hint="Say what it may cost at most.",
                    commands=["gate --cap 0.50"],
                )
        for name in wish.suites:
            self._rooms.distill.suites.get(name)

    # ---- in the job ----

    def plan(
        self,
        version: Version,
        baseline: Version,
        wish: GateWish,
        progress: Callable[[int, int], None],
        known: Sequence[GateSuite] = (),
    ) -> GatePlan:
        """Read the suites, leave out what leaks, and split them. `known` are the suites of a gate that goes on: they
        have to be what they were. Raises ForgeError where nothing is left to measure with.
        """
        suites = self._suites(wish)
        learnt, said = self._learnt(version)
        if known:
            if {one.sha256 for one in known} != {suite.sha256 for _, suite, _ in suites}:
                raise ForgeError(
                    "A suite of this gate is not there any more, or has changed.", hint="Start a new gate."
                )
            found: leaks.Leaks = {one.sha256: one.leaks for one in known}
        else:
            compared = [(suite, items) for _, suite, items in suites]
            found = leaks.find(compared, learnt, self._rooms.settings.values, progress)
        planned = [self._planned(role, suite, items, found[suite.sha256], wish) for role, suite, items in suites]
        card = [*said, *(sentence for one in planned for sentence in _of_suite(one.info))]
        card += gate_cautions.of_wish(wish, [(one.info, len(one.test) + len(one.validation)) for one in planned])
        if version.base_sha256 != baseline.base_sha256:
            card.append("It was compared with a version of another base by its answers alone.")
        return GatePlan(version, baseline, wish, tuple(planned), tuple(card))

    def _suites(self, wish: GateWish) -> list[tuple[Role, Suite, list[SuiteItem]]]:
        found: list[tuple[Role, Suite, list[SuiteItem]]] = []
        for name in wish.suites:
            suite = self._rooms.distill.suites.get(name)
            if suite.sha256 not in {known.sha256 for _, known, _ in found}:
                found.append(("target", suite, self._rooms.distill.suites.items(suite.uid)))
        if wish.regression:
            found.append(("regression", *shipped_suites.shipped(shipped_suites.REGRESSION)))
        if wish.safety:
            found.append(("safety", *shipped_suites.shipped(shipped_suites.SAFETY)))
        return found

    def _learnt(self, version: Version) -> tuple[list[Learnt], list[str]]:
        """What a version was trained on, and what has to be said where that is not known."""
        if version.is_base:
            return [], []
        if not version.run:
            return [], ["Nobody here knows what its adapter was trained on: leaks could not be looked for."]
        try:
            return self._training.learnt(version.run), []
        except ForgeError as error:
            return [], [f"What its adapter was trained on cannot be read ({error.message}): leaks were not looked for."]

    def _planned(
        self,
        role: Role,
        suite: Suite,
        items: Sequence[SuiteItem],
        leaking: tuple[tuple[str, str, str], ...],
        wish: GateWish,
    ) -> PlannedSuite:
        out = {uid for uid, _, _ in leaking}
        left = drawn([item_of(one) for one in items if one.uid not in out], wish.items, wish.seed)
        info = GateSuite(suite.sha256, suite.name, suite.kind, role, len(items), leaking)
        if not left:
            why = "it has no item" if not items else "every item stands nearly the same in the training data"
            raise ForgeError(f"Nothing of {suite.name} is left to measure with: {why}.", hint="Use another suite.")
        if role == "target" and not any(applies(wish.primary, item) for item in left):
            raise ForgeError(
                f"{wish.primary} says nothing about any item of {suite.name}.",
                hint="Choose another metric for the gain.",
            )
        chosen = validation_part(left) if len(set(wish.scales)) > 1 and role != "safety" else frozenset()
        test = tuple(item for item in left if item.n not in chosen)
        validation = tuple(item for item in left if item.n in chosen)
        if len(set(wish.scales)) > 1 and role == "target" and not validation:
            raise ForgeError(f"{suite.name} is too small to choose a scale with and to measure it too.")
        return PlannedSuite(info, test, validation)


def applies(metric: str, item: GateItem) -> bool:
    """Whether a metric can say something about an item."""
    if metric == "exact_match":
        return item.match != "none"
    if metric == "f1":
        return item.match != "json" and not item.refuses
    if metric in ("citation_validity", "groundedness"):
        return bool(item.evidence)
    return item.refuses is not None if metric == "refusal" else True


def fixed(wish: GateWish, version: Version, baseline: Version) -> GateWish:
    """The wish as it is kept: naming the baseline by its uid, each suite and scale once."""
    scales = tuple(dict.fromkeys(wish.scales))
    return replace(wish, baseline=baseline.uid, scales=scales, suites=tuple(dict.fromkeys(wish.suites)))


def _of_suite(suite: GateSuite) -> list[str]:
    said = []
    if suite.kind == "recall":
        said.append(
            f"{suite.name} asks in other words for what was trained: it shows what was learnt by heart, not what"
            " carries over, and leaks were looked for in its questions alone."
        )
    if suite.leaks:
        said.append(f"{len(suite.leaks)} of {suite.items} items of {suite.name} leaked into training and do not count.")
    return said

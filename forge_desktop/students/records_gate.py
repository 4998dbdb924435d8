"""What goes into and comes out of an evaluation gate: plain frozen values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from forge_desktop.students.records_versions import Verdict

GateState = Literal["waiting", "running", "done", "cancelled", "failed", "interrupted"]
Role = Literal["target", "regression", "safety"]
METRICS = ("nll", "exact_match", "f1", "citation_validity", "groundedness", "refusal")


@dataclass(frozen=True)
class Margins:
    """How far a regression metric may fall, by the end of its interval: NLL in nats a token, the others in points."""

    nll: float = 0.10
    exact_match: float = 2.0
    citation_validity: float = 2.0


@dataclass(frozen=True)
class GateWish:
    """What shall be measured; fixed before the run and kept with it.

    `suites` are names or uids of suites with which a gain is looked for. `primary` is the metric that must gain.
    `scales` are shares of the version's own scale; where there are several, each is tried on the validation part and
    the best one is measured on the rest. `baseline` "" is the active version. `judge` is a
    teacher's name, asked under the cap (micro-dollars). `items` 0 takes all; fewer are drawn by `seed`.
    """

    suites: tuple[str, ...] = ()
    primary: str = "exact_match"
    scales: tuple[float, ...] = (1.0,)
    margins: Margins = Margins()
    baseline: str = ""
    regression: bool = True
    safety: bool = True
    resamples: int = 10_000
    confidence: float = 0.95
    seed: int = 1
    width: int = 8
    max_tokens: int = 128
    items: int = 0
    judge: str = ""
    cap: int = 0


@dataclass(frozen=True)
class GateSuite:
    """A suite as a gate used it. `kind` is "transfer", "recall", "regression" or "safety"; `items` are all it has.

    `leaks` are those of them that were left out: the item, the pair of the training data that says nearly the same,
    and the method that found it.
    """

    sha256: str
    name: str
    kind: str
    role: Role
    items: int
    leaks: tuple[tuple[str, str, str], ...] = ()


@dataclass(frozen=True)
class Metric:
    """One metric of one suite, both arms, and the difference with its interval (candidate minus baseline).

    Rates are shares from 0 to 1; NLL in nats a token, where less is better. `better` and `worse` count items; `p` is of
    the sign test. `margin` is what was allowed, in the metric's own unit, None for a target. `holds` says whether its
    condition holds: True, False, or None where the interval does not decide; `decides` whether it has one at all, so
    that the verdict rests on it. So many more items would decide: `needed`, None unknown.
    """

    suite: str
    role: Role
    name: str
    items: int
    baseline: float
    candidate: float
    difference: float
    low: float
    high: float
    better: int
    worse: int
    p: float
    margin: float | None
    holds: bool | None
    needed: int | None = None
    less_is_better: bool = False
    decides: bool = False


@dataclass(frozen=True)
class GateReport:
    """A gate, as far as it is. `reasons` say in sentences why it is the verdict it is; `vetoes` are those of them that
    alone refuse a version. `card` are the sentences that its model card has to say.

    `scale` is the adapter's own, whatever shares of it were tried; `sweep` has for each of these its `scale` and what
    was measured on the validation part. `conditions` hold, by arm, what decides the numbers, and `speed`; `retrieval`
    by suite; `judge`. `gated` is the uid of the version that carries the verdict.
    """

    uid: str
    number: int
    version: str
    label: str
    baseline: str
    baseline_label: str
    state: GateState
    verdict: Verdict
    scale: float
    wish: GateWish
    suites: tuple[GateSuite, ...]
    metrics: tuple[Metric, ...]
    sweep: tuple[Mapping[str, object], ...]
    reasons: tuple[str, ...]
    conditions: Mapping[str, object]
    problem: str
    created: float
    ended: float | None
    card: tuple[str, ...] = ()
    vetoes: tuple[str, ...] = ()
    gated: str = ""


@dataclass(frozen=True)
class GateProgress:
    """Where a gate stands: the `detail` of its job. Counts answers that are wanted, of every arm."""

    gate: str
    done: int
    total: int
    note: str = ""


@dataclass(frozen=True)
class ItemResult:
    """One item of a suite, both arms side by side. `change` is "better", "worse" or "same" by the primary metric."""

    suite: str
    n: int
    item: str
    question: str
    expected: str
    evidence: tuple[tuple[int, str, str], ...]
    category: str
    baseline_answer: str
    candidate_answer: str
    baseline: Mapping[str, float | None]
    candidate: Mapping[str, float | None]
    change: str
    problem: str = ""


@dataclass(frozen=True)
class RetrievalArm:
    """Settings of the search to compare on suites that name their sources: how many passages, the share of vectors.

    `alpha` None lets the question decide, as usual. `embedder` "" is the one in use, "built-in" leaves its model out.
    """

    name: str
    passages: int = 6
    alpha: float | None = None
    embedder: str = ""


@dataclass(frozen=True)
class RetrievalResult:
    """What a setting finds: recall@k and mean reciprocal rank with intervals of the difference to the first arm."""

    arm: RetrievalArm
    items: int
    recall: float
    reciprocal_rank: float
    recall_difference: tuple[float, float, float] | None
    reciprocal_rank_difference: tuple[float, float, float] | None
    milliseconds: float
    detail: Mapping[str, object] = field(default_factory=dict)

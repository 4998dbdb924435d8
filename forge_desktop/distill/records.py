"""What comes out of the distillation: plain frozen values. Money is integer micro-dollars."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from forge_desktop.providers.records import Attempt as Attempt
from forge_desktop.providers.records import Budget as Budget
from forge_desktop.providers.records import Endpoint as Endpoint
from forge_desktop.providers.records_ledger import Reconciled as Reconciled

TaskState = Literal[
    "queued", "drafting", "asking", "checking", "review", "kept", "rejected", "failed", "held", "cancelled"
]
Origin = Literal["import", "document", "chat"]
PairKind = Literal["TRAIN_PAIR", "REPAIR_PAIR"]
Step = Literal["critique", "answer", "judge"]
Source = Literal["unchanged", "changed", "gone", "unchecked"]
OPEN: tuple[TaskState, ...] = ("queued", "drafting", "asking", "checking")


@dataclass(frozen=True)
class Task:
    """A question that shall become a pair. Every state but "held" and the last ones is worked on by a run.

    `position` orders the queue. `rules` are instructions of its own, `schema` a JSON schema the answer must follow,
    `expected` a known answer (never shown to a teacher). `draft` is what the student said, where it is known already.
    `collections` (uids) and `document` (sha256) narrow where evidence is looked for. `reason` says why it is in its
    state. `turns` is how many teacher calls it took, `cost` what they cost, `run` the uid of the run that last took it.
    `origin_detail` is the file and line, the document's name, or the message it came from. `repeat` counts how often it
    was asked afresh after an end: it is that of the `Purpose` of its calls.
    """

    id: int
    uid: str
    question: str
    state: TaskState
    reason: str
    position: float
    origin: Origin
    origin_detail: str
    rules: str = ""
    schema: str = ""
    expected: str = ""
    draft: str = ""
    language: str = ""
    difficulty: str = ""
    kind: str = ""
    collections: tuple[str, ...] = ()
    document: str = ""
    run: str = ""
    turns: int = 0
    cost: int = 0
    created: float = 0.0
    changed: float = 0.0
    pair: str = ""
    repeat: int = 0


@dataclass(frozen=True)
class TaskRow:
    """A task as the list shows it. `quality` is None before there is a pair."""

    id: int
    uid: str
    question: str
    state: TaskState
    reason: str
    pair_kind: PairKind | None
    quality: float | None
    cost: int
    evidence: int
    position: float


@dataclass(frozen=True)
class NewTask:
    """A task to be made; the fields mean what they do in `Task`.

    `uid` is "" for one that is new whatever there is; else a task that has it already is left as it is, and no second
    one is made. `evidence` is offered as it is, and nothing else is looked for. `first` puts it before all that wait.
    """

    question: str
    origin: Origin = "import"
    origin_detail: str = ""
    rules: str = ""
    schema: str = ""
    expected: str = ""
    draft: str = ""
    language: str = ""
    difficulty: str = ""
    kind: str = ""
    collections: tuple[str, ...] = ()
    document: str = ""
    evidence: tuple[Evidence, ...] = ()
    uid: str = ""
    first: bool = False


@dataclass(frozen=True)
class Evidence:
    """A passage offered for a task, with all that lets it be checked later. Offsets count code points of stored texts.

    `n` is its number in the prompt, from 1. `text` is what was offered: the stored text at `start:end`. `quote` are the
    words a citation rests on, "" where it is not `cited`. `scores` holds score, bm25, vector and the ranks;
    `retrieval` the query, k, filter, and the versions of index, analyser and embedder.
    """

    n: int
    document_sha256: str
    name: str
    passage_id: int
    start: int
    end: int
    page: int | None
    heading: tuple[str, ...]
    text: str
    quote: str = ""
    cited: bool = False
    scores: Mapping[str, float | int | None] = field(default_factory=dict)
    retrieval: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class TeacherTurn:
    """One call to a teacher for a task, or why there was none. `text` is the answer as it came.

    `read` is what was read from it (critique, answer, citations as numbers, quotes); `problem` why it was of no use.
    """

    turn: int
    step: Step
    endpoint: str
    endpoint_name: str
    model: str
    prompt: str
    text: str
    read: Mapping[str, object]
    problem: str
    cost: int
    reused: bool
    milliseconds: float
    created: float


@dataclass(frozen=True)
class AnswerRead:
    """What was read from an answer, a teacher's or a student's. `answer` is the text to learn, without its frame.

    `citations` are evidence numbers as given, `quotes` (number, words) pairs; `refused` is the teacher's own word that
    it cannot answer, `cut` that the answer ended at its limit of tokens. `verdict` is what it says of the draft.
    """

    answer: str
    citations: tuple[int, ...] = ()
    quotes: tuple[tuple[int, str], ...] = ()
    critique: str = ""
    verdict: str = ""
    refused: bool = False
    cut: bool = False


@dataclass(frozen=True)
class Draft:
    """What the student said before a teacher saw it. `provenance` says which student, how, and when; or "given".

    `checks` are those of the rules that a draft can be held against.
    """

    text: str
    provenance: Mapping[str, object] = field(default_factory=dict)
    checks: tuple[Check, ...] = ()


@dataclass(frozen=True)
class Check:
    """One rule held against an answer. `score` 0 to 1; `must` rules reject when they fail; `note` is for a person."""

    name: str
    passed: bool
    score: float
    must: bool
    note: str = ""


@dataclass(frozen=True)
class Quality:
    """All parts of a judgement, never a lone number. `score` is their weighted mean by the named `version` of rules."""

    score: float
    checks: tuple[Check, ...]
    rubric: Mapping[str, float] = field(default_factory=dict)
    version: str = ""


@dataclass(frozen=True)
class Pair:
    """A lesson: a prompt and the answer to learn, with its evidence, and whatever shows why it may be trusted.

    REPAIR_PAIR where a draft existed and the teacher changed it, else TRAIN_PAIR. `accepted` are those that may train;
    `duplicate_of` is another pair's uid, `similarity` and `method` how that was found; `leaks` names suites that hold
    (nearly) the same. `aside` is "dropped", or "suite:" and the uid of the suite that took it. `source` tells whether
    the documents still say what was quoted. `teacher` is the endpoint as it was, with its terms. `reviewed` is "",
    "accepted", "edited" or "rejected" by a person; `note` is theirs.
    """

    uid: str
    kind: PairKind
    task: str
    prompt: str
    final: str
    draft: str
    critiques: tuple[str, ...]
    evidence: tuple[Evidence, ...]
    citations: tuple[int, ...]
    quality: Quality
    accepted: bool
    language: str
    rules: str
    cost: int
    teacher: Mapping[str, object]
    student: Mapping[str, object]
    created: float
    sha256: str
    duplicate_of: str = ""
    similarity: float | None = None
    method: str = ""
    leaks: tuple[str, ...] = ()
    source: Source = "unchecked"
    reviewed: str = ""
    note: str = ""
    aside: str = ""
    imported: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class Suite:
    """A frozen set of questions to measure with, never to train with. `kind` "transfer" or "recall"."""

    uid: str
    name: str
    kind: str
    items: int
    sha256: str
    created: float
    source: str


@dataclass(frozen=True)
class SuiteItem:
    """One question of a suite. `answer` is what a right answer says, `evidence` what it rests on."""

    n: int
    uid: str
    question: str
    answer: str
    evidence: tuple[Evidence, ...] = ()
    category: str = ""
    meta: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class Dataset:
    """A frozen version of the accepted pairs: its bytes never change. `sha256` is of the JSON Lines in order."""

    uid: str
    name: str
    version: int
    sha256: str
    pairs: int
    train_pairs: int
    repair_pairs: int
    documents: int
    created: float
    note: str = ""


@dataclass(frozen=True)
class TaskView:
    """Everything there is about a task. `attempts` are of the ledger (providers.records.Attempt), oldest first.

    `near` are the pairs that say nearly the same: (uid, prompt, similarity).
    """

    task: Task
    evidence: tuple[Evidence, ...]
    draft: Draft | None
    turns: tuple[TeacherTurn, ...]
    pair: Pair | None
    attempts: tuple[Attempt, ...]
    near: tuple[tuple[str, str, float], ...] = ()

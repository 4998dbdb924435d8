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
class ImportPreview:
    """What would be read from a file, from its first rows. `mapping` is field to column, as it was guessed or given.

    `pairs` tells that it holds finished pairs, which need no mapping. `unused` are columns that nothing is taken from.
    `tasks` is how many its first rows make, and `more` tells that there are rows after those.
    """

    file: str
    format: str
    columns: tuple[str, ...]
    mapping: Mapping[str, str]
    unused: tuple[str, ...]
    pairs: bool
    rows: tuple[NewTask, ...]
    tasks: int = 0
    more: bool = False


@dataclass(frozen=True)
class ImportSummary:
    """What came in from a file. `known` rows were there from an earlier import; `bad` ones were not taken.

    `reasons` are the first of the bad ones as (line, why), `by_reason` counts them all. `notes` are sentences on what
    should be known. `stopped` is "" or why it ended early: what is counted here stays, and importing again goes on.
    """

    file: str
    format: str
    rows: int
    tasks: int
    pairs: int
    known: int
    bad: int
    reasons: tuple[tuple[int, str], ...]
    by_reason: Mapping[str, int]
    mapping: Mapping[str, str]
    unused: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    stopped: str = ""


@dataclass(frozen=True)
class GenerateWish:
    """Which documents questions are made from, how many of what sort, and by whom.

    `collections` and `folders` and `documents` (sha256) add up; none of them means everything. `per_document` is the
    quota of each document, `kinds` and `difficulties` are shared among it by weight. `teacher` asks teachers instead of
    the student, and then needs a `cap`; so does a remote student. `most` is how many are made in all (0: no limit). The
    same `seed` on the same documents asks for the same.
    """

    per_document: int = 5
    collections: tuple[str, ...] = ()
    folders: tuple[str, ...] = ()
    documents: tuple[str, ...] = ()
    kinds: tuple[tuple[str, int], ...] = (("factual", 2), ("how-to", 1), ("definition", 1), ("numbers", 1))
    difficulties: tuple[tuple[str, int], ...] = (("easy", 1), ("medium", 1), ("hard", 1))
    teacher: bool = False
    teachers: tuple[str, ...] = ()
    cap: int = 0
    most: int = 0
    seed: int = 1


@dataclass(frozen=True)
class GenerateSummary:
    """What became of a wish for questions. `asked` were written, `tasks` kept; `known` were there before.

    `dropped` counts the others by why; `never_sent` names documents a teacher was not shown. `stopped` is "" or why it
    ended early: "cancelled", "cap", "offline", "ledger" or "teachers", and `problem` a sentence on it; asking again
    goes on. `settled` was paid under the cap of `run`, `unknown` stays charged.
    """

    documents: int
    wanted: int
    known: int
    asked: int
    tasks: int
    dropped: Mapping[str, int]
    never_sent: tuple[str, ...] = ()
    by_kind: Mapping[str, int] = field(default_factory=dict)
    settled: int = 0
    unknown: int = 0
    run: str = ""
    stopped: str = ""
    problem: str = ""


@dataclass(frozen=True)
class ReplayReport:
    """A finished run done again from recorded answers. `same` tells that every line has the same bytes.

    `sha256` is of the lines as replayed, `exported` of those that the run's pairs make now. `differing` names pairs and
    why they differ; `outside` those that a person changed afterwards, which no replay can make. `files` were written.
    """

    run: str
    tasks: int
    pairs: int
    sha256: str
    exported: str
    same: bool
    differing: tuple[tuple[str, str], ...] = ()
    outside: tuple[tuple[str, str], ...] = ()
    files: tuple[str, ...] = ()


@dataclass(frozen=True)
class RunWish:
    """How a run shall go. `cap` in micro-dollars is a must; `max_turns` teacher calls a task at most.

    `tasks` is how many tasks it takes at most (0: all queued); `passages` how many are offered a task. `review` is
    "rules" (kept where every rule holds) or "all" (each waits for a person). `judge` asks a rubric judge as well.
    `teachers` are endpoint uids, none for all that may. `draft` lets the student answer first; `easy` "keep" takes a
    draft that passes every rule without a teacher, "skip" rejects it as nothing to learn, "teach" asks all the same.
    """

    cap: int
    max_turns: int = 2
    tasks: int = 0
    passages: int = 4
    review: Literal["rules", "all"] = "rules"
    judge: bool = False
    teachers: tuple[str, ...] = ()
    concurrency: int = 8
    draft: bool = True
    easy: Literal["keep", "skip", "teach"] = "keep"
    max_tokens: int = 1024
    temperature: float = 0.0
    batch: bool = False


@dataclass(frozen=True)
class RunSummary:
    """A run, finished or not. `stopped_by` is "" while it runs, then "done", "cap", "cancelled", "offline", "teachers",
    "ledger", "error", or "killed" where its process ended before it, and `problem` one sentence."""

    uid: str
    wish: RunWish
    started: float
    ended: float | None
    tasks: int
    kept: int
    rejected: int
    failed: int
    review: int
    train_pairs: int
    repair_pairs: int
    settled: int
    reserved: int
    unknown: int
    billed_attempts: int
    reused_answers: int
    stopped_by: str
    problem: str = ""
    quoted: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class TeacherQuote:
    """What a run would cost with one teacher, and how long it would take in seconds; None where nothing is known.

    With a `problem` it is not asked. `here` tells that it runs on this computer.
    """

    endpoint: str
    name: str
    model: str
    low: int
    likely: int
    worst: int
    seconds: float | None
    batch_likely: int | None
    problem: str = ""
    here: bool = False


@dataclass(frozen=True)
class Quote:
    """What a run would take, from the real prompts of its tasks.

    `tasks` are counted, `sampled` of them rendered in full. `reused` calls are answered from paid answers. `low`,
    `likely` and `worst` are for the teachers in the order they would be asked. `evidence_tokens` are what retrieval
    offers, `document_tokens` what whole documents would have been. `dial` is the likely cost by passages per task.
    `caps` are sentences about each cap, `prompts` a few real prompts as (teacher, role of message, text) lists.

    `easy` tasks have a draft that needs no teacher, `withheld` ones may not be sent. `room` is what the tightest cap
    leaves; `fits_likely` and `fits_worst` are how many of the tasks that pays for, None without any cap.
    `assumptions` are sentences on what the numbers rest on where nothing was seen yet. `blocked` is why no call could
    leave now, or "", and `unasked` how many tasks need none. `besides` are those who are asked besides the teachers, as
    (name, address, what for).
    """

    tasks: int
    sampled: int
    calls: int
    reused: int
    saved: int
    low: int
    likely: int
    worst: int
    teachers: tuple[TeacherQuote, ...]
    evidence_tokens: int
    document_tokens: int
    dial: tuple[tuple[int, int], ...]
    seconds: float | None
    caps: tuple[str, ...]
    never_sent: tuple[str, ...]
    prompts: tuple[tuple[str, tuple[tuple[str, str], ...]], ...] = ()
    easy: int = 0
    withheld: int = 0
    room: int | None = None
    fits_likely: int | None = None
    fits_worst: int | None = None
    assumptions: tuple[str, ...] = ()
    blocked: str = ""
    unasked: int = 0
    besides: tuple[tuple[str, str, str], ...] = ()


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


@dataclass(frozen=True)
class RunProgress:
    """Where a run stands; `detail` of its job's events. `flying` calls are under way now.

    Money as in the ledger, for this run. `note` says why fewer calls than wished are under way, or "".
    """

    run: str
    tasks: int
    done: int
    kept: int
    rejected: int
    failed: int
    review: int
    flying: int
    settled: int
    reserved: int
    unknown: int
    cap: int
    note: str = ""

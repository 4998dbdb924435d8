"""What is wished of imports, questions, quotes, runs and replays, and what they tell: plain frozen values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from forge_desktop.distill.records import NewTask


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

"""Lessons for the trainer: pairs and replay as the student itself reads them, in tokens."""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import json
import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from forge_desktop.base.errors import ForgeError
from forge_desktop.chat.lesson_prompt import lesson_prompt
from forge_desktop.chat.marks import label
from forge_desktop.distill.records import Pair
from forge_desktop.engine import Engine, PromptMessage
from forge_desktop.engine.records_many import Lesson
from forge_desktop.students.preparing import Chosen, LeftOut, documents, named
from forge_desktop.students.records_training import Learnt, LessonRow, TrainWish
from forge_desktop.students.replaying import Replay

TRAIN, VALIDATION, WORDS = "train.jsonl", "validation.jsonl", "lessons.jsonl"
_AT_ONCE = 256  # lessons of one request, so that progress is told between
_REPLAY = "replay"

Tell = Callable[[int, int, str], None]  # done, of how many, what; may raise Cancelled


class Row(NamedTuple):
    """A lesson in tokens; what is learnt is `ids[start:]`. One that is `held` shall stay as the base has it."""

    ids: tuple[int, ...]
    start: int
    pair: str
    held: bool = False


@dataclass(frozen=True)
class Lessons:
    """What a run learns from. `longest` is the longest lesson that was looked at, also where it was left out."""

    train: tuple[Row, ...]
    validation: tuple[Row, ...]
    learnt: tuple[Learnt, ...]
    pairs: int
    train_pairs: int
    replay_pairs: int
    truncated: tuple[str, ...]
    longest: int
    facts: Mapping[str, object] = field(default_factory=dict)

    @property
    def tokens(self) -> int:
        """All tokens of an epoch."""
        return sum(len(row.ids) for row in self.train)

    @property
    def supervised(self) -> int:
        """The tokens of an epoch that are learnt."""
        return sum(len(row.ids) - row.start for row in self.train if not row.held)

    def write(self, folder: Path) -> int:
        """Write them for the trainer, and in words for whoever looks for leaks later; returns how many bytes."""
        words = b"".join(json.dumps(dataclasses.asdict(one)).encode() + b"\n" for one in self.learnt)
        (folder / WORDS).write_bytes(words)
        return len(words) + sum(
            (folder / name).write_bytes(lines_of(rows))
            for name, rows in ((TRAIN, self.train), (VALIDATION, self.validation))
        )


def messages_of(pair: Pair) -> tuple[PromptMessage, ...]:
    """A pair's prompt as the chat would ask it, with the passages that were offered for it."""
    passages = [(one.n, one.text) for one in pair.evidence]
    labels = {one.n: label(one.name, one.page, one.heading) for one in pair.evidence}
    return lesson_prompt(pair.prompt, passages, pair.rules, labels=labels)


def learnt_in(folder: Path) -> list[Learnt]:
    """What a run learnt from, in words. Raises ForgeError where its files are gone or damaged."""
    try:
        lines = (folder / WORDS).read_bytes().splitlines()
    except OSError as error:
        raise ForgeError(f"The lessons of this run are gone: {error.strerror or error}.") from error
    return [_learnt(number, line) for number, line in enumerate(lines, start=1)]


def _learnt(number: int, line: bytes) -> Learnt:
    try:
        row = json.loads(line)
        found = Learnt(**{**row, "documents": tuple(row["documents"])})
        said = (found.pair, found.question, found.answer, found.part, *row["documents"])
        if isinstance(row["documents"], list) and all(isinstance(each, str) for each in said):
            return found
    except (ValueError, TypeError, LookupError, RecursionError):
        pass
    raise ForgeError(f"The lessons of this run are damaged: line {number:,} of {WORDS} is none.")


def lines_of(rows: Iterable[Row]) -> bytes:
    """The trainer's lines; the same lessons are the same bytes."""
    told = ({name: value for name, value in row._asdict().items() if value is not False} for row in rows)
    return b"".join(json.dumps(one, separators=(",", ":")).encode() + b"\n" for one in told)


def wanted_replay(train_pairs: int, share: float) -> int:
    """How many of the base's own answers go along with so many pairs."""
    return math.ceil(train_pairs * share)


def make(chosen: Chosen, replay: Replay, wish: TrainWish, engine: Engine, *, template: str, tell: Tell) -> Lessons:
    """Everything in tokens. What is longer than a row is left out and named. Raises ForgeError where none is left."""
    answers = [(messages_of(pair), pair.final) for pair in (*chosen.train, *chosen.validation)]
    answers += [(question.messages, answer) for question, answer in replay.lessons]
    found = _tokenised(answers, engine, template, tell)
    left_out, truncated = list(chosen.left_out), list[str]()
    sides: dict[str, list[Row]] = {"train": [], "validation": []}
    learnt: list[Learnt] = []
    longest = 0
    parts = [*(("train", pair) for pair in chosen.train), *(("validation", pair) for pair in chosen.validation)]
    for (part, pair), (ids, start, problem) in zip(parts, found, strict=False):
        longest = max(longest, len(ids))
        why = problem or _too_long(len(ids), wish)
        if why:
            left_out.append(LeftOut(pair.uid, named(pair), why))
            truncated += [f"{named(pair)}: {why}"]
            continue
        sides[part].append(Row(ids, start, pair.uid))
        learnt.append(Learnt(pair.uid, pair.prompt, pair.final, documents(pair), part))
    if not sides["train"]:
        raise ForgeError(
            f"No pair fits into a row of {wish.row_tokens:,} tokens; the longest has {longest:,}.",
            hint=f"Train with rows of {longest:,} tokens or more.",
        )
    kept = [
        (Row(ids, start, question.uid, held=True), Learnt(question.uid, question.text, answer))
        for (question, answer), (ids, start, problem) in zip(replay.lessons, found[len(parts) :], strict=True)
        if not problem and not _too_long(len(ids), wish)
    ]
    rows = [row for row, _ in kept]
    wanted = wanted_replay(len(sides["train"]), wish.replay)
    repeated = [rows[number % len(rows)] for number in range(wanted)] if rows else []
    learnt += [one for _, one in kept[:wanted]]
    train = (*sides["train"], *repeated)
    return Lessons(
        train=train,
        validation=tuple(sides["validation"]),
        learnt=tuple(learnt),
        pairs=len(learnt) - len(rows[:wanted]),
        train_pairs=len(sides["train"]),
        replay_pairs=len(repeated),
        truncated=tuple(truncated),
        longest=longest,
        facts={
            **chosen.facts,
            "pairs": len(sides["train"]) + len(sides["validation"]),
            "train_pairs": len(sides["train"]),
            "validation_pairs": len(sides["validation"]),
            "replay": {**replay.facts, "pairs": len(repeated), "distinct": min(wanted, len(rows))},
            "notes": _notes(wish, len(sides["validation"]), wanted, len(rows)),
            **_of_pairs((*chosen.train, *chosen.validation), left_out, learnt),
            "train_sha256": hashlib.sha256(lines_of(train)).hexdigest(),
            "validation_sha256": hashlib.sha256(lines_of(sides["validation"])).hexdigest(),
        },
    )


def as_text(chosen: Chosen, replay: Replay) -> tuple[LessonRow, ...]:
    """The same lessons as messages, for a trainer elsewhere."""
    rows = []
    for part, pairs in (("train", chosen.train), ("validation", chosen.validation)):
        for pair in pairs:
            said = (*_said(messages_of(pair)), ("assistant", pair.final))
            rows.append(LessonRow(pair.uid, said, part, "pair", documents(pair), pair.teacher, pair.cost))
    for question, answer in replay.lessons:
        rows.append(LessonRow(question.uid, (*_said(question.messages), ("assistant", answer)), "train", _REPLAY))
    return tuple(rows)


def _said(messages: Sequence[PromptMessage]) -> list[tuple[str, str]]:
    return [(message.role, "".join(part.text for part in message.parts)) for message in messages]


def _tokenised(
    answers: Sequence[tuple[tuple[PromptMessage, ...], str]], engine: Engine, template: str, tell: Tell
) -> list[tuple[tuple[int, ...], int, str]]:
    found: list[tuple[tuple[int, ...], int, str]] = []
    for start in range(0, len(answers), _AT_ONCE):
        check = functools.partial(tell, start, len(answers), "Reading lessons as the student does")
        lessons = [Lesson(messages, answer) for messages, answer in answers[start : start + _AT_ONCE]]
        check()
        made = engine.tokenise(lessons, check, template=template)
        found += [(one.ids, one.start, one.problem.rstrip(".")) for one in made]
    return found


def _notes(wish: TrainWish, validation: int, wanted: int, distinct: int) -> list[str]:
    """Sentences on what is otherwise than it was wished."""
    found = []
    if wish.validation and not validation:
        found.append("No pair could be kept apart to validate with: they all rest on common documents.")
    if wanted and not distinct:
        found.append("The base gave no answer that came to its end; nothing is replayed.")
    elif wanted > distinct:
        those = "1 is distinct: it comes" if distinct == 1 else f"{distinct:,} are distinct: they come"
        found.append(f"Of {wanted:,} answers of the base {those} several times an epoch.")
    return found


def _too_long(tokens: int, wish: TrainWish) -> str:
    return f"it has {tokens:,} tokens, and a row {wish.row_tokens:,}" if tokens > wish.row_tokens else ""


def _of_pairs(pairs: Sequence[Pair], left_out: Sequence[LeftOut], learnt: Sequence[Learnt]) -> dict[str, object]:
    """What is told of the pairs themselves."""
    return {
        "left_out": [[one.pair, one.name, one.why] for one in left_out],
        "documents": len({document for one in learnt for document in one.documents}),
        "teachers": _teachers(pairs),
        "cost": sum(pair.cost for pair in pairs),
        "from_elsewhere": sum(bool(pair.imported) and not pair.cost for pair in pairs),  # what they cost, nobody knows
    }


def _teachers(pairs: Sequence[Pair]) -> list[dict[str, object]]:
    """Who taught how many of the pairs."""
    counts = Counter((str(pair.teacher.get("name", "")), str(pair.teacher.get("model", ""))) for pair in pairs)
    return [
        {"name": name, "model": model, "pairs": count}
        for (name, model), count in sorted(counts.items())
        if name or model
    ]

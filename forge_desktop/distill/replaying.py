"""Does a finished run again from recorded answers, without network, and compares every byte of what comes of it."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path

from forge_desktop.base.errors import ForgeError
from forge_desktop.base.jobs import JobContext
from forge_desktop.base.paths import write_atomically
from forge_desktop.distill.lesson import ASIDE, Ask, Lesson
from forge_desktop.distill.pair_lines import content_sha256, to_line, to_object
from forge_desktop.distill.pairs import Pairs
from forge_desktop.distill.records import Pair, Task, TeacherTurn
from forge_desktop.distill.records_runs import ReplayReport
from forge_desktop.distill.store_replay import ReplayStore
from forge_desktop.distill.store_runs import RunRow, RunStore
from forge_desktop.distill.store_tasks import TaskStore
from forge_desktop.providers.records import PaidAnswer

Answered = Callable[[str, str, int], PaidAnswer | None]  # task, step, repeat: the ledger's answer_for
FILE = "pairs.jsonl"  # as an export names it

# What the comparison with other pairs, with suites and with documents decided: it rests on more than the run's answers.
_OF_OTHERS = ("duplicate_of", "similarity", "method", "leaks", "source", "aside")


class Replayer:
    """Replays runs. It is given no way to ask anybody: only what is in the tables and the ledger."""

    def __init__(
        self, *, tasks: TaskStore, runs: RunStore, pairs: Pairs, store: ReplayStore, answered: Answered
    ) -> None:
        self._tasks, self._runs, self._pairs, self._store, self._answered = tasks, runs, pairs, store, answered

    def replay(self, ctx: JobContext, run: str, directory: Path | None) -> ReplayReport:
        """Replay a run; its files are written where a directory is given, which must be new or empty."""
        row = self._runs.run(run)
        if row.ended is None:
            raise ForgeError("This run has not ended yet.", hint="Wait for its end, or cancel it.")
        if directory is not None:
            _require_empty(directory)
        ids = self._store.ended(run)
        again: list[Pair] = []
        stored: list[Pair] = []
        differing: list[tuple[str, str]] = []
        outside: list[tuple[str, str]] = []
        for done, task in enumerate(self._tasks.all_of(ids)):
            ctx.progress(done, len(ids), task.question[:80])
            kept = self._pairs.of_task(task.id)
            if kept is not None and kept.reviewed:
                outside.append((kept.uid, f"a person {kept.reviewed} it afterwards"))
                continue
            made = self._made(row, task, kept)
            if isinstance(made, str):
                differing.append((kept.uid if kept else task.uid, made))
            elif why := _difference(made, kept):
                differing.append((made.uid if made else kept.uid if kept else task.uid, why))
            again += [made] if isinstance(made, Pair) else []
            stored += [kept] if kept is not None else []
        ctx.progress(len(ids), len(ids))
        files = _written(directory, again) if directory is not None else ()
        sha256, exported = _sha256(again), _sha256(stored)
        return ReplayReport(
            run=run,
            tasks=len(ids),
            pairs=len(again),
            sha256=sha256,
            exported=exported,
            same=sha256 == exported and not differing,
            differing=tuple(differing),
            outside=tuple(outside),
            files=files,
        )

    def _made(self, row: RunRow, task: Task, kept: Pair | None) -> Pair | str | None:
        """The pair that a task comes to, None where it comes to none; or why that cannot be said."""
        lesson = Lesson(
            task,
            self._tasks.evidence(task.id),
            self._runs.draft(task.id),
            row.wish,
            teachers=row.config.get("teachers", {}),
            made=row.started,
            critic=bool(row.config.get("critics")),
        )
        recorded = self._runs.turns(task.id)
        while isinstance(move := lesson.move(), Ask):
            answer = self._recorded(task, move, recorded)
            if answer is not None:
                lesson.hear(answer)
            elif move.step in ASIDE:
                lesson.skip("it could not be asked")
            elif kept is None:
                return None  # the run had no answer either
            else:
                return f"the answer of {move.step} is not recorded"
        return None if move.pair is None else _standing(move.pair, kept)

    def _recorded(self, task: Task, ask: Ask, turns: Sequence[TeacherTurn]) -> PaidAnswer | None:
        """What was answered: from the ledger, else from the task's own turns, as where one answer served two tasks."""
        aside = ask.step in ASIDE
        place = [turn for turn in turns if turn.step == (ask.step if aside else "answer")]
        number = 0 if aside else int(ask.step.removeprefix("turn-")) - 1
        if number >= len(place):
            return None
        turn = place[number]
        paid = self._answered(task.uid, ask.step, task.repeat)
        if paid is not None and paid.text == turn.text:
            return dataclasses.replace(paid, cost=turn.cost, endpoint=turn.endpoint, model=turn.model)
        return PaidAnswer(
            uid="",
            text=turn.text,
            stop=_stop(turn),
            usage=None,
            cost=turn.cost,
            request_sha256="",
            endpoint=turn.endpoint,
            model=turn.model,
            attempt="",
            milliseconds=turn.milliseconds,
            first_token_milliseconds=None,
            reused=True,
        )


def _stop(turn: TeacherTurn) -> str:
    """How an answer ended that only its turn tells of."""
    return "length" if turn.read.get("cut") else "end"


def _standing(made: Pair, kept: Pair | None) -> Pair:
    """The pair with what the comparison with others decided, as it stands in the table."""
    others = {name: getattr(kept, name) for name in _OF_OTHERS} if kept is not None else {}
    pair = dataclasses.replace(made, sha256=content_sha256(made), **others)
    return dataclasses.replace(pair, accepted=made.accepted and not (pair.duplicate_of or pair.leaks or pair.aside))


def _difference(made: Pair | None, kept: Pair | None) -> str:
    """Why two lines are not the same, "" where they are."""
    if made is None or kept is None:
        return "" if made is kept else "it is not there any more" if kept is None else "the replay makes none"
    if to_line(made) == to_line(kept):
        return ""
    one, other = to_object(made), to_object(kept)
    return "differs in " + ", ".join(name for name in one if one[name] != other[name])


def _lines(pairs: Sequence[Pair]) -> bytes:
    """What an export has of these pairs: those that train."""
    return b"".join(to_line(pair) for pair in pairs if pair.accepted)


def _sha256(pairs: Sequence[Pair]) -> str:
    return hashlib.sha256(_lines(pairs)).hexdigest()


def _require_empty(directory: Path) -> None:
    try:
        if directory.exists() and (not directory.is_dir() or any(directory.iterdir())):
            raise ForgeError(f"{directory} is not empty; nothing was written.", hint="Choose a new directory.")
    except OSError as error:
        raise ForgeError(f"{directory} cannot be used: {error.strerror or error}.") from error


def _written(directory: Path, pairs: Sequence[Pair]) -> tuple[str, ...]:
    try:
        directory.mkdir(parents=True, exist_ok=True)
        write_atomically(directory / FILE, _lines(pairs))
    except OSError as error:
        raise ForgeError(
            f"{directory} cannot be written: {error.strerror or error}.", hint="Free some space."
        ) from error
    return (FILE,)

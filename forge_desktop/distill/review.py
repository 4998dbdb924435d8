"""What a person decides on pairs: accept, edit, reject, with a note; and taking the last decision back."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from typing import Any

from forge_desktop.base.errors import ForgeError
from forge_desktop.base.events import Events
from forge_desktop.distill import checks as rules
from forge_desktop.distill.answer_reading import marks
from forge_desktop.distill.evidence import with_citations
from forge_desktop.distill.pairs import Pairs
from forge_desktop.distill.quality import quality, remarks
from forge_desktop.distill.records import AnswerRead, Evidence, Pair, Task, TaskState
from forge_desktop.distill.store_pairs import read_quality
from forge_desktop.distill.store_reviews import ReviewStore
from forge_desktop.distill.store_tasks import TaskStore
from forge_desktop.distill.unseen import cleaned, written
from forge_desktop.storage import Database

_DECIDED: tuple[TaskState, ...] = ("review", "kept", "rejected")
# Of a pair, to put it back as it was.
_KEPT = ("kind", "final", "accepted", "reviewed", "note", "sha256", "duplicate_of", "similarity", "method")
_LISTS = ("citations", "leaks")


class Review:
    """Decisions on the pairs of tasks. Raises ForgeError for a task without a pair, or one that is being worked on."""

    def __init__(self, db: Database, tasks: TaskStore, pairs: Pairs, events: Events) -> None:
        self._db, self._tasks, self._pairs, self._events = db, tasks, pairs, events
        self._store = ReviewStore(db)

    def accept(self, task_id: int, note: str = "") -> None:
        """Keep the pair as it is, whatever the rules say of it."""
        self._decide(task_id, "accepted", note)

    def edit(self, task_id: int, final: str, note: str = "") -> tuple[str, ...]:
        """Keep the pair with this answer; the rules are held against it, and what they say is kept with it.

        Gives what the rules that must hold have against it, in sentences: a person's word counts all the same.
        """
        if not cleaned(final).strip():
            raise ForgeError("The answer is empty.", hint="Reject the pair instead.")
        rules.require_length(final)
        self._decide(task_id, "edited", note, written(final))
        pair = self._pairs.of_task(task_id)
        return remarks(pair.quality.checks) if pair is not None else ()

    def reject(self, task_id: int, note: str = "") -> None:
        """Let nobody learn from it. The pair stays where it can be seen."""
        self._decide(task_id, "rejected", note)

    def undo(self) -> int | None:
        """Take the newest decision back; gives the id of its task, None when there is none left."""
        with self._db.write() as connection:
            decision = self._store.newest(connection)
            if decision is None:
                return None
            pair = self._pairs.get(decision.pair)
            self._pairs.put_back(connection, _as_before(pair, decision.before))
            self._store.set_state(connection, decision.task_id, decision.before["state"], decision.before["reason"])
            self._store.take_back(connection, decision.id)
        self._events.changed("tasks", "pairs")
        return decision.task_id

    def waiting(self) -> list[int]:
        """The ids of tasks that wait for a person, in the queue's order."""
        return self._tasks.ids_in(("review",))

    def _decide(self, task_id: int, decision: str, note: str, final: str | None = None) -> None:
        task, pair = self._tasks.get(task_id), self._pairs.of_task(task_id)
        if pair is None or task.state not in _DECIDED:
            raise ForgeError("This task has no pair to decide on.", hint="See why in its details.")
        kept = decision != "rejected"
        reason = "" if kept and decision == "accepted" else f"{decision.capitalize()} by a person."
        with self._db.write() as connection:
            before = {**_values(pair), "state": task.state, "reason": task.reason}
            self._store.add(connection, task_id, pair.uid, decision=decision, note=note, before=before)
            if final is not None:
                self._pairs.put_back(connection, self._edited(task, pair, final))
            self._pairs.decide(connection, pair.uid, accepted=kept, reviewed=decision, final=final, note=note)
            self._store.set_state(connection, task_id, "kept" if kept else "rejected", f"{reason} {note}".strip())
        self._events.changed("tasks", "pairs")

    def _edited(self, task: Task, pair: Pair, final: str) -> Pair:
        """The pair with what the rules say of another answer. The quotes found before still show what it rests on."""
        offered = {each.n: each for each in (*pair.evidence, *self._tasks.evidence(task.id))}
        quotes = tuple((each.n, each.quote) for each in pair.evidence if each.quote)
        read = AnswerRead(final, citations=marks(final) or pair.citations, quotes=quotes)
        read = dataclasses.replace(read, quotes=tuple(each for each in quotes if each[0] in read.citations))
        evidence: list[Evidence] = [dataclasses.replace(each, cited=False, quote="") for each in offered.values()]
        held = rules.checks(read, evidence, task, draft=pair.draft)
        return dataclasses.replace(
            pair,
            final=final,
            citations=read.citations,
            evidence=with_citations(evidence, read),
            quality=quality(held, pair.quality.rubric),
        )


def _values(pair: Pair) -> dict[str, object]:
    """What a decision may change of a pair."""
    values: dict[str, object] = {name: getattr(pair, name) for name in (*_KEPT, *_LISTS)}
    values["quality"] = dataclasses.asdict(pair.quality)
    values["evidence"] = [dataclasses.asdict(each) for each in pair.evidence]
    return values


def _as_before(pair: Pair, before: Mapping[str, Any]) -> Pair:
    evidence = tuple(Evidence(**{**each, "heading": tuple(each["heading"])}) for each in before["evidence"])
    values = {name: before[name] for name in _KEPT} | {name: tuple(before[name]) for name in _LISTS}
    values["quality"] = read_quality(json.dumps(before["quality"]))
    return dataclasses.replace(pair, evidence=evidence, **values)

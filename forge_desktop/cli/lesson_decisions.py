"""The steps `distill tasks` and `distill review`: what a person decides on the queue and on pairs."""

from __future__ import annotations

import argparse
import dataclasses
import sys
from collections.abc import Sequence
from typing import Any, get_args

from forge_desktop.base.errors import ForgeError
from forge_desktop.base.money import shown, usd
from forge_desktop.cli.output import Output, counted
from forge_desktop.distill.records import Pair, TaskRow, TaskState, TaskView
from forge_desktop.forge import Forge

_LARGEST = 4_000_000  # bytes of an answer read from standard input


def tasks(forge: Forge, options: argparse.Namespace, out: Output) -> int:
    """`distill tasks`: list the queue, or change it."""
    queue = forge.distill.tasks
    if options.action == "list":
        return _list(forge, options, out)
    if not options.ids and not options.every:
        raise ForgeError("Which tasks?", hint="Name them by their numbers in the list, or say --all.")
    if options.action == "move":
        _need(options.ids, "Name the tasks to move by their numbers.")
        queue.move(options.ids, options.before)
        changed = len(options.ids)
    elif options.action == "remove":
        every = [row.id for row in queue.window(0, queue.count())] if options.every else options.ids
        changed = queue.remove(every)
    else:
        change = {"hold": queue.hold, "release": queue.release, "cancel": queue.cancel, "again": queue.again}
        changed = change[options.action](None if options.every else options.ids)
    out.result({"action": options.action, "changed": changed, "tasks": dict(queue.counts())})
    out.line(f"{options.action}: {counted(changed, 'task')}.")
    return 0


def _list(forge: Forge, options: argparse.Namespace, out: Output) -> int:
    for state in options.states:
        if state not in get_args(TaskState):
            raise ForgeError(f"There is no state {state}.", hint=f"Choose of {', '.join(get_args(TaskState))}.")
    found = forge.distill.tasks.window(options.offset, options.limit, options.text, options.states)
    total = forge.distill.tasks.count(options.text, options.states)
    out.result({"total": total, "tasks": [_row(row) for row in found]})
    for row in found:
        quality = "" if row.quality is None else f"  {row.quality:.2f}"
        cost = f"  {shown(row.cost)}" if row.cost else ""
        reason = f"  {row.reason}" if row.reason else ""
        out.line(f"{row.id:6}  {row.state:9}  {_brief(row.question)}{quality}{cost}{reason}")
    if total > len(found):
        out.note(f"{len(found):,} of {counted(total, 'task')} shown; --limit and --offset show others.")
    return 0


def review(forge: Forge, options: argparse.Namespace, out: Output) -> int:
    """`distill review`: list what waits for a person, show one, decide, take the last decision back."""
    room, ids = forge.distill.review, options.ids
    if options.action == "list":
        return _waiting(forge, out)
    if options.action == "undo":
        task_id = room.undo()
        out.result({"undone": task_id})
        out.line("There is nothing to take back." if task_id is None else f"Taken back for task {task_id}.")
        return 0
    _need(ids, "Name a task by its number in the list.")
    if options.action == "show":
        return _show(forge, ids, out)
    for task_id in ids:
        if options.action == "accept":
            room.accept(task_id, options.note)
        elif options.action == "reject":
            room.reject(task_id, options.note)
        else:
            if len(ids) > 1:
                raise ForgeError("Only one answer can be edited at a time.")
            room.edit(task_id, _final(options), options.note)
    out.result({"action": options.action, "tasks": list(ids), "waiting": room.waiting()})
    out.line(
        f"{options.action}: {counted(len(ids), 'pair')}; {counted(len(room.waiting()), 'pair')} left to decide on."
    )
    return 0


def _waiting(forge: Forge, out: Output) -> int:
    views = [forge.distill.view(task_id) for task_id in forge.distill.review.waiting()]
    out.result({"waiting": [_view(view) for view in views]})
    for view in views:
        pair = view.pair
        score = "" if pair is None else f"  {pair.quality.score:.2f}"
        out.line(f"{view.task.id:6}{score}  {_brief(view.task.question)}  {view.task.reason}".rstrip())
        if pair is not None:
            out.line(f"        {_brief(pair.final)}")
    if not views:
        out.line("No pair waits for you.")
    return 0


def _show(forge: Forge, ids: Sequence[int], out: Output) -> int:
    views = [forge.distill.view(task_id) for task_id in ids]
    out.result({"tasks": [_view(view) for view in views]})
    for view in views:
        _show_one(view, out)
    return 0


def _show_one(view: TaskView, out: Output) -> None:
    task, pair = view.task, view.pair
    out.line(f"Task {task.id}, {task.state}. {task.reason}".rstrip())
    out.text(f"Question  {task.question}", under=10)
    for each in view.evidence:
        page = "" if each.page is None else f", page {each.page}"
        out.line(f"  [{each.n}] {each.name}{page}: {_brief(each.text)}")
    if view.draft is not None:
        out.text(f"Draft     {view.draft.text}", under=10)
    for turn in view.turns:
        problem = f": {turn.problem}" if turn.problem else ""
        out.line(f"Turn {turn.turn}    {turn.step} by {turn.endpoint_name} ({turn.model}), {shown(turn.cost)}{problem}")
        if critique := turn.read.get("critique"):
            out.text(f"  {critique}", under=2)
    if pair is not None:
        _show_pair(pair, out)


def _show_pair(pair: Pair, out: Output) -> None:
    out.text(f"Final     {pair.final}", under=10)
    out.line(f"{pair.kind}, quality {pair.quality.score:.2f}, {'accepted' if pair.accepted else 'not accepted'}")
    for check in pair.quality.checks:
        mark = "+" if check.passed else "-"
        out.line(f"  {mark} {check.name} {check.score:.2f} {check.note}".rstrip())
    for name, value in pair.quality.rubric.items():
        out.line(f"  judge: {name} {value:.2f}")
    for each in pair.evidence:
        if each.quote:
            out.line(f"  [{each.n}] {each.name}: “{_brief(each.quote)}”")


def _view(view: TaskView) -> dict[str, Any]:
    """Everything of a task as plain values, money as decimal texts."""
    values = dataclasses.asdict(view)
    values["task"]["cost_usd"] = usd(values["task"].pop("cost"))
    for turn in values["turns"]:
        turn["cost_usd"] = usd(turn.pop("cost"))
    if values["pair"] is not None:
        values["pair"]["cost_usd"] = usd(values["pair"].pop("cost"))
    for attempt in values["attempts"]:
        attempt["worst_usd"], attempt["cost_usd"] = usd(attempt.pop("worst")), usd(attempt.pop("cost"))
    return values


def _row(row: TaskRow) -> dict[str, Any]:
    values = dataclasses.asdict(row)
    cost = usd(values.pop("cost"))
    return {**values, "cost_usd": cost}


def _final(options: argparse.Namespace) -> str:
    if options.final is not None:
        return str(options.final)
    if sys.stdin is None or sys.stdin.isatty():
        raise ForgeError("What shall the answer be?", hint="Say --final TEXT, or give it on standard input.")
    return sys.stdin.buffer.read(_LARGEST).decode("utf-8", "replace")


def _need(ids: Sequence[int], what: str) -> None:
    if not ids:
        raise ForgeError(what, hint="`forge-desktop distill tasks` lists them.")


def _brief(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 100 else line[:99] + "…"


STEPS = {"tasks": tasks, "review": review}

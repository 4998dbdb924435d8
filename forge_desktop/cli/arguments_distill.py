"""The grammar of `distill` and its steps. Imports no room."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from forge_desktop.cli.arguments_lessons_in import add_lessons_in
from forge_desktop.cli.arguments_lessons_out import add_lessons_out
from forge_desktop.cli.arguments_wish import add_wish
from forge_desktop.cli.values import count, named

Step = Callable[..., argparse.ArgumentParser]  # name, help, description, writes

_STATES = "queued, review, kept, rejected, failed, held, cancelled"


def add_distill(verb: Callable[..., argparse.ArgumentParser]) -> None:
    """The verb, whose steps are verbs of their own: `options.step` names the chosen one."""
    distill = verb(
        "distill",
        "make lessons of questions with the help of teachers, under a cap",
        "Lessons from teachers: bring questions in, let the student draft and teachers correct, keep what can be"
        " checked. A run needs a cap, and never spends more.",
    )
    steps = distill.add_subparsers(dest="step", metavar="STEP", title="steps", required=True)

    def step(name: str, help: str, description: str = "", *, writes: bool = True) -> argparse.ArgumentParser:
        made = steps.add_parser(name, help=help, description=description or help[:1].upper() + help[1:] + ".")
        made.add_argument("--json", action="store_true", help="print exactly one JSON object")
        made.set_defaults(writes=writes)
        return made

    for add in (_add_running, _add_deciding, add_lessons_in, add_lessons_out):
        add(step)


def _add_running(step: Step) -> None:
    run = step(
        "run",
        "work on the queue until it is done or the cap is reached",
        "Work on the queue: evidence, a draft of the student, a teacher where one is needed, rules, a pair. What an"
        " earlier run left is gone on with, and what was paid is not paid again. Ctrl+C stops it in order.",
    )
    add_wish(run, cap=True)
    run.add_argument("--quote", action="store_true", help="say first what it would cost, and compare at the end")
    status = step("status", "say how the queue, the last run and its money stand", writes=False)
    status.add_argument("--run", type=named, metavar="UID", help="of this run (else the last one)")


def _add_deciding(step: Step) -> None:
    """What people decide: on tasks, and on pairs."""
    tasks = step("tasks", "list the queue; hold, release, cancel, move and remove tasks", writes=False)
    tasks.add_argument(
        "action",
        nargs="?",
        default="list",
        choices=("list", "hold", "release", "cancel", "again", "remove", "move"),
        help="what to do (list)",
    )
    tasks.add_argument("ids", nargs="*", type=count(1, 2**62), metavar="ID", help="tasks, by the number in the list")
    tasks.add_argument("--all", dest="every", action="store_true", help="all that it can be done to")
    tasks.add_argument("--before", type=count(1, 2**62), metavar="ID", help="move: before this task (else to the end)")
    tasks.add_argument("--state", dest="states", action="append", default=[], metavar="STATE", help=f"list: {_STATES}")
    tasks.add_argument("--text", default="", metavar="WORDS", help="list: whose question has these words")
    tasks.add_argument("--limit", type=count(1, 100_000), default=50, metavar="N", help="list: so many at most (50)")
    tasks.add_argument("--offset", type=count(0, 2**62), default=0, metavar="N", help="list: from this one on (0)")

    review = step("review", "decide on the pairs that wait for you", writes=False)
    review.add_argument(
        "action",
        nargs="?",
        default="list",
        choices=("list", "show", "accept", "edit", "reject", "undo"),
        help="what to do (list)",
    )
    review.add_argument("ids", nargs="*", type=count(1, 2**62), metavar="ID", help="tasks, by the number in the list")
    review.add_argument("--final", metavar="TEXT", help="edit: the answer as it shall be (else from standard input)")
    review.add_argument("--note", default="", metavar="TEXT", help="why, kept with the decision")

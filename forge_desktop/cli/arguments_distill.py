"""The grammar of `distill` and its steps. Imports no room."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from forge_desktop.cli.arguments_lessons_in import add_lessons_in
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

    for add in (_add_running, _add_deciding, add_lessons_in):
        add(step)


def _add_running(step: Step) -> None:
    run = step(
        "run",
        "work on the queue until it is done or the cap is reached",
        "Work on the queue: evidence, a draft of the student, a teacher where one is needed, rules, a pair. What an"
        " earlier run left is gone on with, and what was paid is not paid again. Ctrl+C stops it in order.",
    )
    run.add_argument("--cap", type=named, metavar="USD", help="what this run may cost at most, as 2.50 (a must)")
    run.add_argument("--max-turns", type=count(1, 20), default=2, metavar="N", help="teacher calls a task at most (2)")
    run.add_argument(
        "--tasks", type=count(0, 10_000_000), default=0, metavar="N", help="so many tasks at most (0: all)"
    )
    run.add_argument("--passages", type=count(0, 40), default=4, metavar="K", help="passages offered a task (4)")
    run.add_argument("--concurrency", type=count(1, 256), default=8, metavar="N", help="calls at once at most (8)")
    run.add_argument("--max-tokens", type=count(16, 131_072), default=1024, metavar="N", help="longest answer (1024)")
    run.add_argument(
        "--review", choices=("rules", "all"), default="rules", help="what is kept: by the rules, or by you alone"
    )
    run.add_argument("--judge", action="store_true", help="let a judge look at each answer too")
    run.add_argument(
        "--teacher",
        dest="teachers",
        type=named,
        action="append",
        default=[],
        metavar="NAME",
        help="only this one (repeatable)",
    )
    run.add_argument("--no-draft", dest="draft", action="store_false", help="do not let the student answer first")
    run.add_argument(
        "--easy",
        choices=("keep", "skip", "teach"),
        default="keep",
        help="a draft that passes every rule: keep it, skip it, or ask a teacher all the same",
    )
    run.add_argument("--batch", action="store_true", help="use the cheaper batch endpoint where a teacher has one")
    status = step("status", "say how the queue, the last run and its money stand", writes=False)
    status.add_argument("--run", type=named, metavar="UID", help="of this run (else the last one)")


def _add_deciding(step: Step) -> None:
    """What people decide: on tasks, and on pairs."""
    tasks = step("tasks", "list the queue; hold, release, cancel, move and remove tasks", writes=True)
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

    review = step("review", "decide on the pairs that wait for you")
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

"""The options that say how a run shall go, for `distill run` and for what it would cost. Imports no room."""

from __future__ import annotations

import argparse

from forge_desktop.cli.values import count, named, repeated


def add_wish(run: argparse.ArgumentParser, *, cap: bool) -> None:
    """All options of a run; with `cap` the one that a run cannot be without."""
    if cap:
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
    repeated(run, "--teacher", metavar="NAME", help="only this one (repeatable)", dest="teachers")
    run.add_argument("--no-draft", dest="draft", action="store_false", help="do not let the student answer first")
    run.add_argument(
        "--easy",
        choices=("keep", "skip", "teach"),
        default="keep",
        help="a draft that passes every rule: keep it, skip it, or ask a teacher all the same",
    )
    run.add_argument("--batch", action="store_true", help="use the cheaper batch endpoint where a teacher has one")

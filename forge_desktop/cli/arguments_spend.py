"""The grammar of `spend` and its steps. Imports no room."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from forge_desktop.base.errors import ForgeError
from forge_desktop.base.money import parse_usd
from forge_desktop.cli.values import count, named

_Step = Callable[..., argparse.ArgumentParser]  # name, help, description, writes


def _dollars(text: str) -> int:
    try:
        return parse_usd(text)
    except ForgeError as error:
        raise argparse.ArgumentTypeError(f"{error.message} {error.hint}") from None


def _cap(text: str) -> int | str:
    return "none" if text == "none" else _dollars(text)


def add_spend(verb: Callable[..., argparse.ArgumentParser]) -> None:
    """The verb; `options.step` names the chosen step, None for `show`."""
    spend = verb(
        "spend",
        "what was spent, what may be: caps, calls, invoices",
        "What calls to endpoints cost, and the caps they are kept under. Without a step: show.",
    )
    steps = spend.add_subparsers(dest="step", metavar="STEP", title="steps")

    def step(name: str, help: str, description: str = "", *, writes: bool = False) -> argparse.ArgumentParser:
        made = steps.add_parser(name, help=help, description=description or help[:1].upper() + help[1:] + ".")
        made.add_argument(
            "--json", action="store_true", default=argparse.SUPPRESS, help="print exactly one JSON object"
        )
        made.set_defaults(writes=writes)
        return made

    _add_reading(step)
    _add_deciding(step)


def _add_reading(step: _Step) -> None:
    show = step("show", "what was spent of the day, the month and in all, beside the caps")
    show.add_argument("--run", type=named, metavar="RUN", help="and of this run")
    show.add_argument("--days", type=count(1, 3_650), default=7, metavar="N", help="how many days back (7)")
    attempts = step("attempts", "list the calls that were made, the newest first")
    attempts.add_argument("--run", type=named, metavar="RUN", help="of this run only")
    attempts.add_argument("--task", type=named, metavar="TASK", help="of this task only")
    attempts.add_argument(
        "--state",
        choices=("reserved", "sent", "settled", "released", "unknown"),
        default="",
        help="in this state only",
    )
    attempts.add_argument("--limit", type=count(1, 1_000_000), default=50, metavar="N", help="so many at most (50)")
    attempts.add_argument("--before", type=named, metavar="ATTEMPT", help="go on after this one")
    export = step("export", "write every call into a CSV or JSON Lines file")
    export.add_argument("file", type=named, metavar="FILE", help="its name ends in .csv or .jsonl")
    reconcile = step(
        "reconcile",
        "set an invoice beside the ledger",
        "Set what an endpoint billed beside what was booked: one amount, or a CSV file with the columns endpoint,"
        " period and amount. The exit status is 1 where the ledger does not explain the invoice.",
    )
    reconcile.add_argument("file", type=named, nargs="?", metavar="FILE", help="a CSV file")
    reconcile.add_argument("--endpoint", type=named, metavar="NAME", help="whose invoice")
    reconcile.add_argument("--period", type=named, metavar="MONTH", help="2026-11, 2026-11-26; else all")
    reconcile.add_argument("--amount", type=_dollars, metavar="USD", help="what was billed, as 12.50")
    step("verify", "check the ledger for changes: then the exit status is 3")


def _add_deciding(step: _Step) -> None:
    cap = step(
        "cap",
        "set, lower, raise or remove a cap",
        "Set a cap. It is lowered at once; to raise or remove one, type its amount with --type.",
        writes=True,
    )
    cap.add_argument("kind", choices=("run", "day", "month", "total"), help="what it is on")
    cap.add_argument("amount", type=_cap, metavar="USD|none", help="the new amount as 12.50, or none")
    cap.add_argument("--type", dest="typed", default="", metavar="USD", help="the amount, to confirm it")
    cap.add_argument("--run", type=named, metavar="RUN", help="which run, for `cap run`")
    correct = step("correct", "book what a call of unknown cost really cost", writes=True)
    correct.add_argument("attempt", type=named, metavar="ATTEMPT", help="see `spend attempts --state unknown`")
    correct.add_argument("amount", type=_dollars, metavar="USD", help="what it cost, as 0.0123")
    correct.add_argument("--note", type=named, required=True, metavar="TEXT", help="where the figure is from")
    on = step(
        "go-on",
        "allow calls again after you have looked",
        "Allow calls again after one cost more than was proven, and believe a clock that was doubted.",
        writes=True,
    )
    on.add_argument("--note", type=named, required=True, metavar="TEXT", help="what you found")

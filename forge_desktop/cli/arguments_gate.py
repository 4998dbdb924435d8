"""The grammar of `gate`. Imports no room."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

from forge_desktop.cli.values import count, named, number, repeated

Verb = Callable[..., argparse.ArgumentParser]  # name, help, description

_METRICS = ("exact_match", "f1", "nll", "citation_validity", "groundedness", "refusal")


def add_gate(verb: Verb) -> None:
    """The verb with its options."""
    gate = verb(
        "gate",
        "measure a version against the one in use, and let figures decide",
        "Ask two versions the same questions and decide by intervals whether the new one gains and loses nothing that"
        " counts. Status 0 when it passed, 1 when it failed or is not decided; what was measured is printed all the"
        " same. Ctrl+C keeps what was measured; --resume goes on.",
    )
    gate.add_argument("version", nargs="?", type=named, metavar="VERSION", help="its label (v3), name or uid")
    repeated(
        gate,
        "--suite",
        dest="suites",
        metavar="NAME",
        help="questions in which a gain is looked for: a suite or a file",
    )
    gate.add_argument(
        "--kind", choices=("recall", "transfer"), default="recall", help="what a file given as --suite is (recall)"
    )
    gate.add_argument(
        "--measure-only", action="store_true", help="without a --suite: measure, though nothing passes so"
    )
    _add_other(gate)
    _add_measuring(gate)
    _add_judge(gate)
    gate.add_argument("--only", choices=("better", "worse", "same"), default="", help="--items: with this change")
    gate.add_argument("--of", type=named, metavar="SUITE", help="--items: of this suite")
    gate.add_argument("--limit", type=count(1, 1000), default=50, metavar="N", help="--items: so many at most (50)")
    gate.add_argument("--offset", type=count(0, 2**62), default=0, metavar="N", help="--items: from this one on (0)")


def _add_other(gate: argparse.ArgumentParser) -> None:
    other: Any = gate.add_mutually_exclusive_group()
    other.add_argument("--list", action="store_true", help="list the gates (of VERSION), and the suites that ship")
    other.add_argument("--show", type=named, metavar="GATE", help="print a gate again, by its number or uid")
    other.add_argument("--items", type=named, metavar="GATE", help="print what both versions answered, side by side")
    other.add_argument("--resume", type=named, metavar="GATE", help="go on with a gate that did not end")
    other.add_argument(
        "--retrieval", action="store_true", help="compare settings of the search on a suite that names its sources"
    )
    repeated(gate, "--arm", dest="arms", metavar="NAME:SETTINGS", help="--retrieval: as wide:passages=8,alpha=0.4")


def _add_measuring(gate: argparse.ArgumentParser) -> None:
    """Everything else of a GateWish."""

    def option(name: str, kind: Callable[[str], object], default: object, metavar: str, help: str) -> None:
        gate.add_argument(name, type=kind, default=default, metavar=metavar, help=help)

    gate.add_argument("--primary", choices=_METRICS, default="exact_match", help="what must gain (exact_match)")
    option("--baseline", named, None, "VERSION", "what it is held against (the version in use)")
    gate.add_argument(
        "--scale",
        dest="scales",
        type=number(0.01, 8),
        action="append",
        default=[],
        metavar="X",
        help="a share of the adapter's scale to try; of several, the best on a part kept apart (1)",
    )
    gate.add_argument(
        "--no-regression", dest="regression", action="store_false", help="leave out what ships to catch forgetting"
    )
    gate.add_argument("--no-safety", dest="safety", action="store_false", help="leave out the safety questions")
    option("--margin-nll", number(0, 100), None, "X", "nats a token that the regression suite may lose (0.10)")
    option("--margin-exact-match", number(0, 100), None, "POINTS", "points it may lose in exact match (2)")
    option("--margin-citations", number(0, 100), None, "POINTS", "points it may lose in valid citations (2)")
    option("--sample", count(0, 1_000_000), 0, "N", "so many items of each suite, drawn by the seed (0: all)")
    option("--seed", count(0, 2**31 - 1), 1, "N", "of what is drawn and resampled (1)")
    option("--width", count(1, 64), 8, "N", "questions asked at once (8)")
    option("--max-tokens", count(1, 65_536), 128, "N", "longest answer (128)")
    option("--resamples", count(100, 1_000_000), 10_000, "N", "of the bootstrap (10000)")
    option("--confidence", number(0.5, 0.9999), 0.95, "X", "of the intervals (0.95)")


def _add_judge(gate: argparse.ArgumentParser) -> None:
    gate.add_argument("--judge", type=named, metavar="TEACHER", help="ask this teacher which is better")
    gate.add_argument("--cap", type=named, metavar="USD", help="--judge: what that may cost, as 0.50")

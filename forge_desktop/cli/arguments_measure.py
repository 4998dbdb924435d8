"""The grammar of `measure`. Imports no room."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from forge_desktop.cli.values import count, named

Verb = Callable[..., argparse.ArgumentParser]  # name, help, description


def add_measure(verb: Verb) -> None:
    """The verb with its options."""
    measure = verb(
        "measure",
        "measure how fast a version is on this computer, and what it takes of it",
        "Let a version answer prompts one after the other in a process beside the chat's: tokens a second, times,"
        " memory, energy where it can be read. Kept, and shown on its card; Ctrl+C keeps nothing.",
    )
    measure.add_argument(
        "version", nargs="?", type=named, metavar="VERSION", help="its label (v3), name or uid (the one in use)"
    )

    def option(name: str, least: int, most: int, default: int, help: str) -> None:
        measure.add_argument(name, type=count(least, most), default=default, metavar="N", help=help)

    option("--prompts", 1, 10_000, 20, "so many prompts (20)")
    option("--prompt-tokens", 16, 1_000_000, 512, "tokens of each (512)")
    option("--answer-tokens", 8, 100_000, 64, "longest answer (64)")
    option("--context", 0, 10_000_000, 0, "tokens of context (as the student is laid out)")
    option("--seed", 0, 2**31 - 1, 1, "of the words in the prompts (1)")
    measure.add_argument("--list", action="store_true", help="list what was measured (of VERSION); measure nothing")

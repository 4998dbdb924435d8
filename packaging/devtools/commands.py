"""The commands of packaging/dev.py."""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import sys
from pathlib import Path

from devtools import checks, environment, locking, packs, peers
from devtools.machine import QT_LIBRARIES, XCB_LIBRARIES, has_display, missing_libraries
from devtools.recipes import RECIPES
from devtools.steps import Problem, say


def main(argv: list[str]) -> int:
    """Run one command and return the exit status: its own, 1 after a Problem, 130 after Ctrl+C."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal that lacks a character shows "?" and goes on
    options, rest = _parser().parse_known_args(argv)
    if rest and options.command != "run":
        _parser().error(f"unknown argument: {rest[0]}")
    try:
        if options.command == "run":
            return _run(rest)
        if options.command == "test":
            return checks.test(full=options.full)
        if options.command == "build":
            return checks.build()
        if options.command == "lock":
            return locking.lock()
        if options.command == "pack":
            folder = packs.pack(
                options.backend, python=environment.base_python(), architectures=options.arch, tree=options.source
            )
            say(f"The pack is in {folder}.")
            return 0
        if options.command == "peers":
            return peers.show(only_cached=options.cached)
        environment.set_up("runtime")
        say("Start it with: python3 packaging/dev.py run")
    except Problem as problem:
        print(problem, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nStopped; the same command goes on from here.", file=sys.stderr)
        return 130
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="dev.py", description="Set up, run, test and build Forge Desktop.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="command")
    commands.add_parser("setup", help="make .venv, compile the engine, bring the starter student")
    commands.add_parser("run", help="set up and open the window; further arguments go to Forge Desktop", add_help=False)
    test = commands.add_parser("test", help="set up and run every check")
    test.add_argument("--full", action="store_true", help="the long counts too")
    commands.add_parser("build", help="set up and make the frozen application in dist/")
    pack = commands.add_parser("pack", help="compile a GPU backend for the engine into resources/packs/")
    pack.add_argument("backend", choices=list(RECIPES))
    pack.add_argument("--arch", default="", help="for which GPUs, such as 90 (CUDA) or gfx1100 (ROCm); else the usual")
    pack.add_argument("--source", type=Path, help="llama.cpp's source; nothing is fetched then")
    others = commands.add_parser("peers", help="compile what the engine's benchmark compares with, and say where it is")
    others.add_argument("--cached", action="store_true", help="only say what is there already")
    commands.add_parser("lock", help="write the lock files anew (needs uv)")
    return parser


def _run(arguments: list[str]) -> int:
    """Open the window; without a display, show the same main job in the terminal."""
    if not opens_window(arguments):
        with contextlib.redirect_stdout(sys.stderr):  # a verb's stdout is its answer alone, also the first time
            python = environment.set_up("runtime")
        return environment.start(python, *arguments)
    python = environment.set_up("runtime")
    if not has_display(os.environ):
        say("There is no display here, so this is the tour in the terminal instead of the window.")
        return environment.start(python, *arguments, "tour")
    if missing_libraries(QT_LIBRARIES | XCB_LIBRARIES):
        raise Problem("The window cannot open until those system packages are installed.")
    return environment.start(python, *arguments)


def opens_window(arguments: list[str]) -> bool:
    """Whether Forge Desktop, started with these arguments, opens its window: a verb, --help and the like do not."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("--data-dir")
    parser.add_argument("--verbose", action="store_true")
    return not parser.parse_known_args(arguments)[1]

"""The headless front end: one verb per job, results as text or as one JSON object. Never imports Qt."""

from __future__ import annotations

import argparse
import gc
import importlib
import os
import sys
from collections.abc import Callable
from pathlib import Path

from forge_desktop.base.errors import Cancelled, ForgeError
from forge_desktop.cli import output
from forge_desktop.cli.arguments import make_parser
from forge_desktop.cli.ending import INTERRUPTED, asked_to_end
from forge_desktop.cli.output import Output
from forge_desktop.cli.parser import Parser

OK, FAILED, USAGE, DAMAGED, NO_READER = 0, 1, 2, 3, 141

Window = Callable[[Path], int]


def main(argv: list[str], window: Window | None = None) -> int:
    """Run one verb, or without a verb `window(data_dir)`; return the exit status."""
    output.prepare_streams()
    Parser.asked_json, Parser.asked_search = "--json" in argv, "search" in argv
    try:
        options = make_parser().parse_args(argv)
        if check := getattr(options, "check", None):
            check(options)
    except SystemExit as end:  # argparse ends --help, --version and usage errors this way
        return int(end.code or 0)
    except BrokenPipeError:
        output.give_up_stdout()
        return NO_READER
    out = Output(json=getattr(options, "json", False))
    previous, sys.excepthook = sys.excepthook, out.report_bug
    if options.verb is None:
        status = _guarded(out, lambda: _open_window(options.data_dir, window))
    else:
        with asked_to_end() as ending:
            status = ending.status(_guarded(out, lambda: _run(options, out)))
    sys.excepthook = previous  # not on a bug: the hook must still be there when the interpreter reports it
    return status


def _run(options: argparse.Namespace, out: Output) -> int:
    if "forge_desktop.cli.verbs" not in sys.modules:
        _load_verbs()
    from forge_desktop.cli.verbs import run_verb

    return run_verb(options, out)


def _load_verbs() -> None:
    """What is imported stays: looking for garbage in it, now and later, takes a tenth of most verbs."""
    gc.disable()
    try:
        importlib.import_module("forge_desktop.cli.verbs")
    finally:
        gc.freeze()
        gc.enable()


def _guarded(out: Output, work: Callable[[], int]) -> int:
    try:
        return work()
    except ForgeError as error:
        out.error(error.message, output.hint_of(error))
        return FAILED
    except (KeyboardInterrupt, Cancelled):
        out.error("Interrupted.", "Everything stored so far is kept.")
        return INTERRUPTED
    except BrokenPipeError:
        output.give_up_stdout()
        return NO_READER
    except OSError as error:
        worded = output.worded(error)
        out.error(worded.message, worded.hint)
        return FAILED


def _open_window(chosen: str | None, window: Window | None) -> int:
    from forge_desktop.base.paths import data_dir

    headless = sys.platform.startswith("linux") and not any(
        os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
    )
    if headless or window is None:
        raise ForgeError(
            "There is no display to open the window on.",
            hint="Try `forge-desktop tour`, or see `forge-desktop --help` for what works without one.",
        )
    return window(data_dir(chosen))

"""The verb `train`: an adapter made of pairs; planned, watched, resumed, done again; and the Python it needs."""

from __future__ import annotations

import argparse
import dataclasses
import os
import sys
from collections.abc import Callable

from forge_desktop.base.errors import ForgeError
from forge_desktop.base.events import Event, JobChanged
from forge_desktop.cli import consent, jobs
from forge_desktop.cli.ending import INTERRUPTED
from forge_desktop.cli.lesson_waiting import wait
from forge_desktop.cli.output import Output, hint_of
from forge_desktop.cli.training_log import show_log
from forge_desktop.cli.training_out import export
from forge_desktop.cli.training_setup import setup
from forge_desktop.cli.training_words import (
    plan_fields,
    probe_fields,
    run_fields,
    show_plan,
    show_probe,
    show_run,
)
from forge_desktop.forge import Forge
from forge_desktop.students.records_training import (
    PROJECTIONS,
    TrainPlan,
    TrainProgress,
    TrainRun,
    TrainSource,
    TrainWish,
)


def train(forge: Forge, options: argparse.Namespace, out: Output) -> int:
    """Do what the options say."""
    if options.setup:
        return setup(forge, options, out)
    if options.runs:
        return _list(forge, out)
    if options.log:
        run = forge.students.training.run(options.log)
        log = forge.students.training.log(run.uid)
        out.result(log)
        show_run(forge, run, out, shown=sys.maxsize)
        show_log(log, out)
        return 0
    if options.remove:
        return _remove(forge, options, out)
    if options.python:
        found = forge.students.training.choose(options.python)
        if not _trains(options):
            out.result(probe_fields(found))
            show_probe(found, out)
            return 0
    if options.resume:
        return _train(forge, lambda: forge.students.training.resume(options.resume), out)
    if options.again:
        return _train(forge, lambda: forge.students.training.again(options.again), out)
    source, wish = source_of(options), wish_of(options)
    if options.export:
        return export(forge, options, source, wish, out)
    if options.plan:
        return _plan(forge, options, source, wish, out)
    return _train(
        forge, lambda: forge.students.training.start(source, options.base, wish, name=options.name or ""), out
    )


def source_of(options: argparse.Namespace) -> TrainSource:
    """What to learn from. Raises ForgeError where it is not said, or the student is not."""
    if not options.pairs and not options.dataset:
        raise ForgeError("Say what to learn from.", hint="Give --pairs FILE, or --dataset NAME.")
    if not options.base:
        raise ForgeError("Say which student to train.", hint="Give --base NAME; `forge-desktop models` lists them.")
    return TrainSource(options.dataset or "", os.path.abspath(options.pairs) if options.pairs else "")


def wish_of(options: argparse.Namespace) -> TrainWish:
    """The wish that the options make. Raises ForgeError for a target that is none."""
    given = {
        field.name: value
        for field in dataclasses.fields(TrainWish)
        if (value := getattr(options, field.name, None)) is not None
    }
    if isinstance(targets := given.get("targets"), str):
        given["targets"] = tuple(name.strip() for name in targets.split(",") if name.strip())
        unknown = [name for name in given["targets"] if name not in PROJECTIONS]
        if unknown or not given["targets"]:
            raise ForgeError(
                f"There is no projection called {unknown[0] if unknown else targets}.",
                hint=f"There are {', '.join(PROJECTIONS)}.",
            )
    return TrainWish(**given)


def _trains(options: argparse.Namespace) -> bool:
    return any((options.pairs, options.dataset, options.resume, options.again))


# ---- runs ----


def _train(forge: Forge, begin: Callable[[], int], out: Output) -> int:
    room = forge.students.training
    before = {run.uid: run.ended for run in room.runs()}
    interrupted = False
    with jobs.listening(forge, _progress(out)):
        try:
            found = jobs.wait(forge, begin())
        except KeyboardInterrupt:
            interrupted, found = True, _touched(room.runs(), before)
        except ForgeError as error:
            raise _with_way_on(error, _touched(room.runs(), before)) from error
        finally:
            out.clear()
    if not isinstance(found, TrainRun):
        raise KeyboardInterrupt
    out.result(run_fields(forge, found))
    show_run(forge, found, out)
    if interrupted:
        if found.can_resume:
            out.note(f"Go on with: forge-desktop train --resume {found.uid[:8]}")
        return INTERRUPTED
    if not out.json:
        out.line("Next: a gate has to pass it before it is promoted (forge-desktop gate).")
    return 0


def _touched(runs: list[TrainRun], before: dict[str, float | None]) -> TrainRun | None:
    """The run that the job was about: the one whose end is new."""
    return next((run for run in runs if run.uid not in before or run.ended != before[run.uid]), None)


def _with_way_on(error: ForgeError, run: TrainRun | None) -> ForgeError:
    if run is None or not run.can_resume:
        return error
    hint = f"{hint_of(error)} `forge-desktop train --resume {run.uid[:8]}` goes on.".strip()
    return ForgeError(error.message, hint=hint, code=error.code, action=error.action)


def _progress(out: Output) -> Callable[[Event], None]:
    def show(event: Event) -> None:
        if not isinstance(event, JobChanged) or event.state != "running":
            return
        at = event.detail
        if not isinstance(at, TrainProgress) or at.loss is None:
            share = f" {event.done:,.0f} of {event.total:,.0f}" if event.total else ""
            out.progress(f"{event.note}{share}" if event.note else "")
            return
        words = [f"step {at.step:,} of {at.steps:,}", f"loss {at.loss:.3f}"]
        words += [f"validation {at.validation:.3f}"] if at.validation is not None else []
        words += [f"{at.tokens_per_second:,.0f} tokens/s"] if at.tokens_per_second else []
        words += [f"{at.seconds_left:,.0f} s left"] if at.seconds_left is not None else []
        out.progress(", ".join(words))

    return show


def _plan(forge: Forge, options: argparse.Namespace, source: TrainSource, wish: TrainWish, out: Output) -> int:
    found = wait(forge, forge.students.training.plan(source, options.base, wish), out, "planning")
    assert isinstance(found, TrainPlan)
    out.result(plan_fields(found))
    show_plan(found, out)
    return 0 if found.fits else 1


def _list(forge: Forge, out: Output) -> int:
    runs = forge.students.training.runs()
    out.result({"runs": [run_fields(forge, run) for run in runs]})
    for run in runs:
        show_run(forge, run, out)
    if not runs:
        out.line("There is no training run yet.")
    return 0


def _remove(forge: Forge, options: argparse.Namespace, out: Output) -> int:
    run = forge.students.training.run(options.remove)
    consent.ask(out, f"{run.name} goes with its checkpoint and its log; a version of it stays.", yes=options.yes)
    forge.students.training.remove(run.uid)
    out.result({"removed": run.uid})
    out.line(f"{run.name} is removed.")
    return 0

"""The verb `doctor`: what the machine can do, what fits, how fast it is, and what needs attention."""

from __future__ import annotations

import argparse
import contextlib
import dataclasses

from forge_desktop.archive import Checkup
from forge_desktop.archive.checkup_words import facts, fit_words, verdict
from forge_desktop.base.jobs import JobContext
from forge_desktop.cli import jobs
from forge_desktop.cli.output import Output
from forge_desktop.forge import Forge

DEADLINE = 90.0  # seconds; a machine under load takes five

ATTENTION = 1


def doctor(forge: Forge, options: argparse.Namespace, out: Output) -> int:
    """Say how things are; status 1 when something needs attention."""
    out.progress("Measuring" if options.measure else "Looking")
    checkup = examined(forge, measure=options.measure)
    out.clear()
    out.result(_as_json(checkup))
    for name, text in facts(checkup):
        out.line(f"{name:16}{text}")
    out.line()
    for line in verdict(checkup):
        out.line(line)
    return 0 if checkup.ok else ATTENTION


def examined(forge: Forge, *, measure: bool, deadline: float = DEADLINE) -> Checkup:
    """The checkup; an engine that has not answered by the deadline is ended, and that is then a finding."""

    def examine(ctx: JobContext) -> Checkup:
        return forge.doctor.examine(ctx.check, measure=measure)

    job = forge.jobs.start("doctor", "doctor", examine)
    if not measure:  # a load may rightly take minutes, and has deadlines of its own
        with contextlib.suppress(TimeoutError):
            return _checkup(jobs.wait(forge, job, timeout=deadline))
        forge.engine.eject()  # what does not answer is ended; then the job says so
    return _checkup(jobs.wait(forge, job))


def _checkup(result: object) -> Checkup:
    assert isinstance(result, Checkup)
    return result


def _as_json(checkup: Checkup) -> dict[str, object]:
    value = dataclasses.asdict(checkup)
    value["ok"] = checkup.ok
    value["sqlite"] = checkup.sqlite.version
    hardware = value["hardware"]
    if hardware is not None and checkup.hardware is not None:
        hardware["fits"] = [
            {**dataclasses.asdict(fit), "fits": fit.spare >= 0, "words": fit_words(fit)}
            for fit in checkup.hardware.fits
        ]
    if checkup.student is not None and checkup.student.plan is not None:
        plan = value["student"]["plan"]
        plan["fits"] = checkup.student.plan.fits
        for line, told in zip(checkup.student.plan.lines, plan["lines"], strict=True):
            told.update(needed=line.needed, fits=line.fits)
    return value

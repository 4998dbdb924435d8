"""`train --export`: what a run would learn from, written for a trainer elsewhere."""

from __future__ import annotations

import argparse
import dataclasses
import os
from pathlib import Path

from forge_desktop.archive.training_bundle import TrainingExport
from forge_desktop.cli.lesson_waiting import wait
from forge_desktop.cli.output import Output, counted
from forge_desktop.forge import Forge
from forge_desktop.students.records_training import TrainSource, TrainWish


def export(forge: Forge, options: argparse.Namespace, source: TrainSource, wish: TrainWish, out: Output) -> int:
    """Write it, and say what is in it."""
    job = forge.archive.student_files.export_training(
        source,
        options.base,
        wish,
        Path(os.path.abspath(options.export)),
        base_model=options.hub_base or "",
        with_never_sent=options.with_never_sent,
    )
    done = wait(forge, job, out, "exporting")
    assert isinstance(done, TrainingExport)
    out.result({**dataclasses.asdict(done), "left_out": [list(each) for each in done.left_out]})
    out.line(
        f"{counted(done.train, 'lesson')} ({done.replay:,} of them the base's own answers) and"
        f" {done.validation:,} for validation, written to {done.target}."
    )
    for note in done.notes:
        out.line(f"  {note}")
    return 0

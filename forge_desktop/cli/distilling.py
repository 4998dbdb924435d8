"""The verb `distill`: hands each of its steps to the function that does it."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from forge_desktop.base.errors import ForgeError
from forge_desktop.cli import lesson_decisions, lesson_runs, lessons_in, lessons_out
from forge_desktop.cli.output import Output
from forge_desktop.forge import Forge

STEPS: dict[str, Callable[[Forge, argparse.Namespace, Output], int]] = {
    **lesson_runs.STEPS,
    **lesson_decisions.STEPS,
    **lessons_in.STEPS,
    **lessons_out.STEPS,
}


def distill(forge: Forge, options: argparse.Namespace, out: Output) -> int:
    """Do one step."""
    if options.step not in STEPS:
        raise ForgeError("This step is not there yet.")
    return STEPS[options.step](forge, options, out)

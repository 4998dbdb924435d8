"""The verb `distill`: hands each of its steps to the function that does it."""

from __future__ import annotations

import argparse

from forge_desktop.base.errors import ForgeError
from forge_desktop.cli.output import Output
from forge_desktop.forge import Forge


def distill(forge: Forge, options: argparse.Namespace, out: Output) -> int:
    """Do one step."""
    # Imported here: no other verb waits for what lessons need.
    from forge_desktop.cli import lesson_decisions, lesson_runs, lessons_in, lessons_out

    steps = {**lesson_runs.STEPS, **lesson_decisions.STEPS, **lessons_in.STEPS, **lessons_out.STEPS}
    if options.step not in steps:
        raise ForgeError("This step is not there yet.")
    return steps[options.step](forge, options, out)

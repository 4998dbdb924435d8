"""`train --setup`: an environment for the trainer, said and agreed on before anything is fetched."""

from __future__ import annotations

import argparse
import dataclasses

from forge_desktop.cli import consent
from forge_desktop.cli.lesson_waiting import wait
from forge_desktop.cli.output import Output, bytes_in_words, counted
from forge_desktop.cli.training_words import probe_fields, show_probe
from forge_desktop.forge import Forge
from forge_desktop.students.making_environment import for_gpus
from forge_desktop.students.records_training import Delivery, TrainerProbe


def setup(forge: Forge, options: argparse.Namespace, out: Output) -> int:
    """Say what would come, ask, and make it. Raises ForgeError for a no."""
    room = forge.students.training
    given = {
        "index": options.index or "",
        "gpu": options.with_gpu,
        "ray": options.with_ray,
        "python": options.python or "",
    }
    if options.plan or not options.yes:
        found = wait(forge, room.make_environment(**given, only_say=True), out, "asking what would come")
        assert isinstance(found, Delivery)
        if options.plan:
            out.result({**dataclasses.asdict(found), "packages": [list(each) for each in found.packages]})
        _show(found, out)
        if options.plan:
            return 0
        if found.gpu and not options.with_gpu:
            raise for_gpus(found)
        consent.ask(out, f"{_size(found)} would be fetched.", yes=False, undone="Nothing was fetched")
    made = wait(forge, room.make_environment(**given), out, "making the environment")
    assert isinstance(made, TrainerProbe)
    out.result(probe_fields(made))
    show_probe(made, out)
    return 0


def _show(found: Delivery, out: Output) -> None:
    out.line(f"{_size(found)}{', for GPUs' if found.gpu else ''}:")
    out.line("  " + ", ".join(f"{name} {version}" for name, version in found.packages))


def _size(found: Delivery) -> str:
    size = bytes_in_words(found.bytes) if found.bytes is not None else "how much is not told"
    return f"{counted(len(found.packages), 'package')}, {size}"

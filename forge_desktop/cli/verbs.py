"""From a parsed command line to the function that does it, with the data directory opened the way it needs."""

from __future__ import annotations

import argparse
import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from forge_desktop.base.errors import ForgeError
from forge_desktop.base.logs import start_logging
from forge_desktop.base.paths import data_dir
from forge_desktop.cli import (
    answers,
    choosing,
    collecting,
    distilling,
    doctor,
    embedding,
    gating,
    library,
    searching,
    spending,
    teaching,
    tour,
    training,
    upkeep,
    versions,
)
from forge_desktop.cli.output import Output
from forge_desktop.forge import Forge


@dataclass(frozen=True)
class Verb:
    """What a verb runs, and whether it writes: then it must own the data directory. With the options it `looks` by it
    only reads.
    """

    run: Callable[[Forge, argparse.Namespace, Output], int]
    writes: bool = False
    looks: tuple[str, ...] = ()


def _card(forge: Forge, options: argparse.Namespace, out: Output) -> int:
    from forge_desktop.cli.cards import card  # everything about their formats, which no other verb needs

    return card(forge, options, out)


def _measure(forge: Forge, options: argparse.Namespace, out: Output) -> int:
    from forge_desktop.cli.measuring import measure

    return measure(forge, options, out)


VERBS = {
    "index": Verb(library.index, writes=True),
    "sync": Verb(collecting.sync, writes=True),
    "collections": Verb(collecting.collections),
    "search": Verb(searching.search),
    "ask": Verb(answers.ask, writes=True),
    "models": Verb(upkeep.models),
    "embedder": Verb(embedding.embedder),
    "presets": Verb(choosing.presets),
    "distill": Verb(distilling.distill),
    "students": Verb(versions.students),
    "train": Verb(training.train, writes=True, looks=("runs", "log")),
    "gate": Verb(gating.gate, writes=True, looks=("list", "show", "items")),
    "measure": Verb(_measure, writes=True, looks=("list",)),
    "card": Verb(_card),
    "spend": Verb(spending.spend),
    "teachers": Verb(teaching.teachers),
    "offline": Verb(teaching.offline),
    "status": Verb(upkeep.status),
    "doctor": Verb(doctor.doctor),
    "verify": Verb(upkeep.verify),
    "export": Verb(upkeep.export),
    "import": Verb(upkeep.bring_in, writes=True),
    "tour": Verb(tour.tour, writes=True),
}


_WRITING = (
    "import_file",
    "use",
    "create",
    "change",
    "delete",
    "repair",
    "measure",
    "save",
    "rename",
    "without",
    "writes",
    "state",
    "download",
    "import_all",
    "token_env",
    "forget_token",
    "reveal",
    "hide",
)  # options with which a reading verb writes
_LOOKING = ("list", "show", "counts")  # actions of a step that only look


def run_verb(options: argparse.Namespace, out: Output) -> int:
    """Run the chosen verb on its data directory; return the exit status."""
    verb = VERBS[options.verb]
    writes = verb.writes and not any(getattr(options, name) for name in verb.looks)
    writes = writes or any(getattr(options, name, None) for name in _WRITING)
    writes = writes or getattr(options, "action", "list") not in _LOOKING
    with contextlib.ExitStack() as stack:
        if options.verb == "tour" and options.data_dir is None:
            directory = stack.enter_context(tour.passing_directory())
        else:
            directory = data_dir(options.data_dir)
        forge = stack.enter_context(_opened(directory, options, writes=writes))
        if forge.settings.problem:
            out.note(f"forge-desktop: {forge.settings.problem}")
        return verb.run(forge, options, out)


@contextlib.contextmanager
def _opened(directory: Path, options: argparse.Namespace, *, writes: bool) -> Iterator[Forge]:
    """The rooms: as owner for a verb that writes, else for reading only, so that the owner is not disturbed.

    A reading verb becomes the owner for once when there is nothing yet to read, or when it must first be updated.
    """
    holder = f"forge-desktop {options.verb}"
    if writes:
        forge = _as_owner(directory, holder, options)
    else:
        try:
            forge = Forge(directory, holder=holder, read_only=True)
        except ForgeError as unreadable:
            try:
                forge = _as_owner(directory, holder, options)
            except ForgeError:
                raise unreadable from None
    with contextlib.closing(forge):
        yield forge


def _as_owner(directory: Path, holder: str, options: argparse.Namespace) -> Forge:
    forge = Forge(directory, holder=holder)
    start_logging(directory, verbose=options.verbose)
    return forge

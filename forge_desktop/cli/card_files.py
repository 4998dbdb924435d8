"""The steps of `card` with files: checked without being brought in, written, brought in."""

from __future__ import annotations

import argparse
import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from forge_desktop.base.errors import ForgeError
from forge_desktop.cards.formats.file_check import checked_file
from forge_desktop.cards.records import BroughtIn, Card, Exported
from forge_desktop.cli import card_reports, card_words
from forge_desktop.cli.arguments_card import FORMATS
from forge_desktop.cli.lesson_waiting import wait
from forge_desktop.cli.output import Output, bytes_in_words, counted
from forge_desktop.forge import Forge
from forge_desktop.students.files import refuse_special


def check_file(forge: Forge, options: argparse.Namespace, out: Output) -> int:
    """`card check FILE`: each problem with its line and column; nothing is kept."""
    path = Path(os.path.abspath(options.card))
    if not path.is_dir():
        refuse_special(path)
    report = checked_file(path, options.kind, forge.cards.privacy.scan)
    out.result({"file": str(path), **card_reports.report_fields(report)})
    card_reports.tell_report(report, out, options.card)
    return 0 if report.ok else 1


def export(forge: Forge, options: argparse.Namespace, out: Output) -> int:
    """`card export`: in one or more formats."""
    card = forge.cards.get(options.card)
    target = Path(os.path.abspath(options.to))
    formats = options.format or FORMATS
    with _shown(forge, card, options):
        job = forge.cards.exports.write(
            card.uid,
            formats,
            target,
            revealed=options.reveal_all,
            replace=options.replace,
            folder=not target.suffix,  # a name without an ending is a directory's
        )
        written = wait(forge, job, out, "writing")
    assert isinstance(written, list)
    files = [one for one in written if isinstance(one, Exported)]
    hidden = max((one.hidden for one in files), default=0)
    out.result(
        {
            "card": card.uid,
            "name": card.name,
            "files": [
                {"path": one.path, "format": one.format, "bytes": one.bytes, "sha256": one.sha256} for one in files
            ],
            "hidden": hidden,
        }
    )
    for one in files:
        out.line(f"{one.path}  ({one.format}, {bytes_in_words(one.bytes)})")
    if hidden:
        out.line(f"Hidden: {counted(hidden, 'private part')}. `card check {options.card}` lists what is private.")
    return 0


@contextlib.contextmanager
def _shown(forge: Forge, card: Card, options: argparse.Namespace) -> Iterator[None]:
    """What is to be shown or hidden from now on; an export that fails leaves that as it was."""
    chosen = [(_finding(forge, card, finding), True) for finding in options.reveal]
    chosen += [(_finding(forge, card, finding), False) for finding in options.hide]
    before = {leak.finding: leak.revealed for leak in forge.cards.privacy.scan(card)} if chosen else {}
    with contextlib.ExitStack() as undone:
        for finding, shown in chosen:
            undone.callback(forge.cards.privacy.reveal, card.uid, finding, before.get(finding, False))
            forge.cards.privacy.reveal(card.uid, finding, shown)
        yield
        undone.pop_all()  # it went well: what was chosen stays


def _finding(forge: Forge, card: Card, wanted: str) -> str:
    """The finding whose name begins so."""
    found = {leak.finding for leak in forge.cards.privacy.scan(card) if leak.finding.startswith(wanted.lower())}
    if len(found) != 1:
        many = "Several findings begin" if found else "No finding begins"
        raise ForgeError(f"{many} with {wanted!r}.", hint="`card check CARD` names them in brackets.")
    return found.pop()


def bring_in(forge: Forge, options: argparse.Namespace, out: Output) -> int:
    """`card import`: as a card of its own, or into one that is here."""
    path = Path(os.path.abspath(options.file))
    if not path.is_dir():
        refuse_special(path)
    subject = forge.cards.get(options.subject).uid if options.subject else ""
    made = wait(forge, forge.cards.bring_in(path, kind=options.kind or "", subject=subject), out, "bringing in")
    assert isinstance(made, Card)
    report = forge.cards.check(made.uid)
    refused = made.refused if isinstance(made, BroughtIn) else ()
    told = {"refused": [card_words.problem_fields(problem) for problem in refused]}
    out.result({**card_words.card_fields(made), **card_reports.report_fields(report), **told})
    out.line(card_words.heading(made))
    for problem in dict.fromkeys((*report.problems, *refused)):
        out.line(f"  {card_reports.problem_in_words(problem)}")
    for line in card_reports.stale_lines(report):
        out.line(f"  {line}")
    if made.broken is not None:
        out.line("The text is kept as it is: `card edit` mends it.")
    return 0 if made.broken is None else 1

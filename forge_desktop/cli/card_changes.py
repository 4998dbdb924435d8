"""The steps of `card` that change one: written by hand, filled, published, taken back."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from forge_desktop.base.errors import ForgeError
from forge_desktop.cards import changes, checking
from forge_desktop.cards.fields import BY_KEY
from forge_desktop.cards.formats.files import MOST_BYTES, refuse_large
from forge_desktop.cards.records import Card, Filled
from forge_desktop.cli import card_reports, card_words, consent
from forge_desktop.cli.lesson_waiting import wait
from forge_desktop.cli.output import Output, counted, hint_of
from forge_desktop.forge import Forge
from forge_desktop.students.files import refuse_special

_AS_JSON = ("rows", "facts")
_LOCAL = ("student", "adapter")


def new(forge: Forge, options: argparse.Namespace, out: Output) -> int:
    """`card new`: about nothing that is here."""
    made = forge.cards.new(options.kind, options.name)
    done = _told(made, out)
    out.line(card_words.way_on(made, forge.cards.check(made.uid).completeness.missing))
    return done


def write(forge: Forge, options: argparse.Namespace, out: Output) -> int:
    """`card set`: one field."""
    card, field = options.card, options.field
    if field not in BY_KEY:
        raise ForgeError(f"No field of a card is called {field!r}.", hint="`card show CARD --all` names them.")
    if options.clear:
        _refuse_nothing(forge.cards.get(card), field)
        forge.cards.clear(card, field)
    elif options.not_applicable:
        forge.cards.not_applicable(card, field, options.not_applicable)
    elif options.reviewed:
        _refuse_unseen(forge.cards.get(card), field)
        forge.cards.reviewed(card, field)
    else:
        text = options.value if options.value is not None else _text_of(options.file)
        if not text:
            _refuse_nothing(forge.cards.get(card), field)
        forge.cards.set(card, field, _data_of(field, text), unit=options.unit)
    found = forge.cards.get(card)
    told = card_words.field_fields(BY_KEY[field], found.fields.get(field), found)
    problems = [problem for problem in checking.problems(found.kind, found.fields) if problem.field == field]
    out.result(
        {
            **card_words.card_fields(found),
            "fields": [told],
            "problems": [card_words.problem_fields(problem) for problem in problems],
        }
    )
    card_words.tell(found, out, field=field)
    for problem in problems:
        out.line(card_reports.problem_in_words(problem))
    return 0


def _refuse_nothing(card: Card, field: str) -> None:
    """Raise ForgeError where a field is to be emptied in which nobody wrote anything."""
    state = card.fields.get(field)
    if BY_KEY[field].belongs_to(card.kind) and (state is None or (state.hand is None and not state.not_applicable)):
        raise ForgeError(
            f"Nobody wrote {BY_KEY[field].title} by hand, so there is nothing to take away.",
            hint="Write a value; --clear takes away one that was written, --not-applicable says why there is none.",
        )


def _refuse_unseen(card: Card, field: str) -> None:
    """Raise ForgeError where nothing stands in a field that is said to hold."""
    state = card.fields.get(field)
    if BY_KEY[field].belongs_to(card.kind) and (state is None or state.shown is None) and not (state and state.hand):
        raise ForgeError(f"{BY_KEY[field].title} is empty, so there is nothing to look at.", hint="Write a value.")


def _data_of(field: str, text: str) -> object:
    """The text itself, but for fields that hold rows or facts: those are JSON."""
    known = BY_KEY.get(field)
    if known is None or known.type not in _AS_JSON or not text.strip():
        return text
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        where = f" (line {error.lineno}, column {error.colno})" if isinstance(error, json.JSONDecodeError) else ""
        form = 'a list of objects, as [{"name": "…"}]' if known.type == "rows" else 'an object, as {"name": "…"}'
        raise ForgeError(f"{known.title} is no JSON{where}.", hint=f"Write {form}.") from None


def edit(forge: Forge, options: argparse.Namespace, out: Output) -> int:
    """`card edit`: the Markdown in the person's editor."""
    card = forge.cards.get(options.card)
    if card.state == "published":
        raise ForgeError("A published card cannot be changed.", hint="`card reopen` lets it be changed again.")
    before = forge.cards.markdown(card.uid)
    shown = card.broken if card.broken is not None else before
    with _opened_in_editor(shown, forge.data_dir) as text:
        if text == shown:
            out.note("Nothing was changed.")
            return _told(card, out)
        outcome = forge.cards.set_text(card.uid, text, since=before)
    found = forge.cards.get(card.uid)
    problems = [problem for problem in (outcome.problem, *outcome.refused) if problem is not None]
    problems = list(dict.fromkeys(problems))
    out.result(
        {
            **card_words.card_fields(found),
            "taken": outcome.taken,
            "problems": [card_words.problem_fields(problem) for problem in problems],
        }
    )
    out.line(card_words.heading(found) if outcome.taken else "The text is kept, but not taken in:")
    for problem in problems:
        out.line(card_reports.problem_in_words(problem))
    return 0 if outcome.taken else 1


@contextlib.contextmanager
def _opened_in_editor(text: str, folder: Path) -> Iterator[str]:
    """What became of a text in the editor. Its file is gone afterwards, but not where the text was not taken in."""
    command = os.environ.get("VISUAL") or os.environ.get("EDITOR") or ""
    if not command.strip():
        raise ForgeError("There is no editor to open.", hint="Set EDITOR, as in EDITOR=nano, or use `card set`.")
    handle, name = tempfile.mkstemp(prefix="card-", suffix=".md", dir=folder)
    with open(handle, "w", encoding="utf-8", newline="") as file:
        file.write(text)
    try:
        status = subprocess.run([*shlex.split(command, posix=os.name == "posix"), name], check=False).returncode
    except (OSError, ValueError) as error:
        os.unlink(name)
        raise ForgeError(f"The editor {command} cannot be started: {error}.", hint="Set EDITOR.") from error
    if status:
        os.unlink(name)
        raise ForgeError(f"The editor ended with the status {status}.", hint="Nothing was changed.")
    try:
        yield _text_of(name)
    except ForgeError as error:
        raise ForgeError(error.message, hint=f"{hint_of(error)} The text is in {name}.".strip()) from error
    os.unlink(name)


def fill(forge: Forge, options: argparse.Namespace, out: Output) -> int:
    """`card fill`: by what is measured and known."""
    card = forge.cards.get(options.card)
    measure = card.kind in _LOCAL and bool(card.subject) and not card.orphan and not options.no_measure
    done = wait(forge, forge.cards.fill(card.uid, measure=measure), out, "filling")
    assert isinstance(done, Filled)
    found = forge.cards.get(card.uid)
    check = forge.cards.check(card.uid)
    report = check.completeness
    out.result(
        {
            **card_words.card_fields(found),
            "filled": report.filled,
            "required": report.required,
            "missing": list(report.missing),
            "stale": [{"field": field, "why": why} for field, why in check.stale],
            "changes": [card_words.change_fields(change) for change in done.changes],
            "skipped": [{"what": what, "why": why} for what, why in done.skipped],
            "seconds": round(done.seconds, 3),
        }
    )
    stale = f", {len(check.stale)} values are stale" if len(check.stale) > 1 else ", 1 value is stale"
    out.line(
        f"{card_words.heading(found)}  {report.filled} of {report.required} required fields are filled"
        f"{stale if check.stale else ''}"
    )
    for change in done.changes:
        out.line(f"  {card_words.change_in_words(change)}")
    for what, why in done.skipped:
        title = f"{BY_KEY[what].title if what in BY_KEY else what}: " if what != "subject" else ""
        out.line(f"  skipped: {title}{why}")
    for title in report.missing:
        out.line(f"  missing: {title}")
    for line in card_reports.stale_lines(check):
        out.line(f"  {line}")
    return 0


def undo(forge: Forge, options: argparse.Namespace, out: Output) -> int:
    """`card undo`."""
    card = forge.cards.get(options.card)
    return _stepped(card, forge.cards.history.undo(card.uid), "Taken back", card.undoes, out)


def redo(forge: Forge, options: argparse.Namespace, out: Output) -> int:
    """`card redo`."""
    card = forge.cards.get(options.card)
    return _stepped(card, forge.cards.history.redo(card.uid), "Made again", card.redoes, out)


def _stepped(before: Card, after: Card, done: str, what: str, out: Output) -> int:
    found = changes.between(before, after)
    out.result(
        {
            **card_words.card_fields(after),
            "what": what,
            "changes": [card_words.change_fields(change) for change in found],
        }
    )
    out.line(card_words.heading(after))
    out.line(f"{done}: {what}.")
    for change in found:
        out.line(f"  {card_words.change_in_words(change)}")
    return 0


def remove(forge: Forge, options: argparse.Namespace, out: Output) -> int:
    """`card remove`: only cards of what is not here."""
    card = forge.cards.get(options.card)
    if card.orphan:  # any other stays, and is refused with the reason
        kept = len(forge.cards.history.versions(card.uid))
        history = f" and its {counted(kept, 'version')}" if kept else ""
        consent.ask(out, f"The card of {card.name} goes with all that it says{history}.", yes=options.yes)
    forge.cards.remove(card.uid)
    out.result({"removed": card.uid, "name": card.name})
    out.line(f"Removed: the card of {card.name}.")
    return 0


def publish(forge: Forge, options: argparse.Namespace, out: Output) -> int:
    """`card publish`: kept as its next version, and locked."""
    version = forge.cards.history.publish(options.card, who=options.who, note=options.note)
    found = forge.cards.get(options.card)
    out.result({**card_words.card_fields(found), **card_words.version_fields(version)})
    out.line(f"{card_words.heading(found)} is version {version.number} now and locked: `card reopen` lets it change.")
    return 0


def reopen(forge: Forge, options: argparse.Namespace, out: Output) -> int:
    """`card reopen`: the next draft."""
    return _told(forge.cards.history.reopen(options.card), out)


def restore(forge: Forge, options: argparse.Namespace, out: Output) -> int:
    """`card restore`: what people wrote in one of its versions."""
    return _told(forge.cards.history.restore(options.card, options.number), out)


def _told(card: Card, out: Output) -> int:
    out.result(card_words.card_fields(card))
    out.line(card_words.heading(card))
    return 0


def _text_of(name: str) -> str:
    if name == "-":
        content = sys.stdin.buffer.read(MOST_BYTES + 1)
    else:
        refuse_special(Path(name))
        try:
            with open(name, "rb") as file:
                content = file.read(MOST_BYTES + 1)
        except OSError as error:
            raise ForgeError(
                f"{name} cannot be read: {error.strerror or error}.", hint="Name the file that holds the text."
            ) from error
    refuse_large(len(content), name)
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        raise ForgeError(f"{name} is no text in UTF-8.", hint="Save it as UTF-8.") from None

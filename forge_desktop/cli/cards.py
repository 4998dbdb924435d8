"""The verb `card`: cards listed, shown, checked, told apart."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from pathlib import Path

from forge_desktop.base.errors import ForgeError
from forge_desktop.cards.checking import completeness
from forge_desktop.cards.fields import BY_KEY, of_kind
from forge_desktop.cards.records import Card
from forge_desktop.cli import card_changes, card_compare, card_files, card_reports, card_words
from forge_desktop.cli.output import Output
from forge_desktop.forge import Forge

_TEXTS = (".md", ".markdown", ".json", ".jsonld", ".yaml", ".yml")


def card(forge: Forge, options: argparse.Namespace, out: Output) -> int:
    """Do one step."""
    return STEPS[options.step](forge, options, out)


def _list(forge: Forge, options: argparse.Namespace, out: Output) -> int:
    entries = [entry for entry in forge.cards.entries() if options.kind in (None, entry.kind)]
    out.result({"cards": [card_words.entry_fields(entry) for entry in entries]})
    for entry in entries:
        said = [entry.kind, entry.state, f"{entry.filled} of {entry.required} required"]
        said += [f"{entry.stale} stale"] if entry.stale else []
        said += [f"{entry.errors} wrong"] if entry.errors else []
        label = (entry.label if entry.label != entry.name else entry.uid[:8]).ljust(8)
        out.line(f"  {label} {entry.name}  ({', '.join(said)})")
        if entry.orphan:
            out.line(f"           {entry.orphan}")
    if not entries:
        out.line("There is no card yet." if options.kind is None else f"There is no card of the kind {options.kind}.")
    return 0


def _show(forge: Forge, options: argparse.Namespace, out: Output) -> int:
    found = forge.cards.get(options.card)
    if options.number:
        found = forge.cards.history.version(options.card, options.number)
    if options.markdown:
        waiting = forge.cards.exports.content(found)["broken"]  # as its author wrote it: it is no card's text yet
        content = (
            forge.cards.exports.render(found, "markdown") if waiting is None else waiting.encode("utf-8", "replace")
        )
        out.result({**card_words.card_fields(found), "markdown": content.decode()})
        out.file(content)
        return 0
    if options.field:
        _known(found, options.field)
    fields = [one for one in of_kind(found.kind) if not options.field or one.key == options.field]
    told = [card_words.field_fields(one, found.fields.get(one.key), found) for one in fields]
    if not (options.all or options.field):
        told = [one for one in told if one["value"] is not None or one["not_applicable"] or one["required"]]
    others = _namesakes(forge, found)
    out.result({**card_words.card_fields(found), "fields": told, "namesakes": others})
    out.line(card_words.heading(found))
    for other in others:
        out.line(f"  A card of what is not here is called so too: `card show {other[:8]}` shows it.")
    for sentence in (found.orphan, found.problem.message if found.problem is not None else ""):
        if sentence:
            out.line(f"  {sentence}")
    card_words.tell(found, out, field=options.field, everything=options.all)
    if not options.number and not options.field:
        _tell_way_on(found, out)
    return 0


def _namesakes(forge: Forge, found: Card) -> list[str]:
    """The cards of what is not here that are called as this one of what is: a name means the latter."""
    called = {found.name.casefold(), found.label.casefold()} if not found.orphan else set()
    return [
        one.uid for one in forge.cards.entries() if one.orphan and called & {one.name.casefold(), one.label.casefold()}
    ]


def _tell_way_on(card: Card, out: Output) -> None:
    if said := card_words.way_on(card, completeness(card.kind, card.fields).missing):
        out.line(said)


def _known(card: Card, field: str) -> None:
    if field not in BY_KEY or not BY_KEY[field].belongs_to(card.kind):
        raise ForgeError(
            f"A card of the kind {card.kind} has no field called {field!r}.", hint="`card show CARD --all` names them."
        )


def _check(forge: Forge, options: argparse.Namespace, out: Output) -> int:
    if _names_a_file(forge, options.card):
        return card_files.check_file(forge, options, out)
    found = forge.cards.get(options.card)
    report = forge.cards.check(found.uid)
    out.result({**card_words.card_fields(found), **card_reports.report_fields(report)})
    out.line(card_words.heading(found))
    card_reports.tell_report(report, out)
    _tell_way_on(found, out)
    return 0 if report.ok else 1


def _names_a_file(forge: Forge, text: str) -> bool:
    """Whether a file or folder is meant and not a card: by its ending, the way to it, or since no card is called so."""
    path = Path(text)
    if path.suffix.lower() in _TEXTS or not path.exists():
        return path.suffix.lower() in _TEXTS
    if os.sep in text:
        return True
    try:
        forge.cards.get(text)
    except ForgeError:
        return True
    return False


def _history(forge: Forge, options: argparse.Namespace, out: Output) -> int:
    found, versions = forge.cards.get(options.card), forge.cards.history.versions(options.card)
    out.result(
        {**card_words.card_fields(found), "versions": [card_words.version_fields(version) for version in versions]}
    )
    for version in versions:
        out.line(card_words.moment(version))
    if not versions:
        out.line("No version of it was kept yet: `card publish` keeps one.")
    return 0


def _diff(forge: Forge, options: argparse.Namespace, out: Output) -> int:
    before, after = options.before, options.after
    if not options.other and before is None and after is None:
        versions = forge.cards.history.versions(options.card)
        if not versions:
            raise ForgeError("No version of this card was kept yet.", hint="Name another card to compare it with.")
        before = versions[0].number
    found = forge.cards.history.diff(options.card, options.other, number_a=before or 0, number_b=after or 0)
    out.result({"changes": [card_words.change_fields(change) for change in found]})
    for change in found:
        out.line(card_words.change_in_words(change))
    if not found:
        out.line("They say the same.")
    return 0


Step = Callable[[Forge, argparse.Namespace, Output], int]
STEPS: dict[str, Step] = {
    "list": _list,
    "show": _show,
    "check": _check,
    "history": _history,
    "diff": _diff,
    "new": card_changes.new,
    "set": card_changes.write,
    "edit": card_changes.edit,
    "fill": card_changes.fill,
    "undo": card_changes.undo,
    "redo": card_changes.redo,
    "remove": card_changes.remove,
    "publish": card_changes.publish,
    "reopen": card_changes.reopen,
    "restore": card_changes.restore,
    "export": card_files.export,
    "import": card_files.bring_in,
    "compare": card_compare.compare,
}

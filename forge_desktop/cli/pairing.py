"""The step `pairs` of `distill`: look at pairs, drop and restore them, check them against their documents."""

from __future__ import annotations

import argparse
import dataclasses

from forge_desktop.cli import jobs
from forge_desktop.cli.output import Output, counted
from forge_desktop.distill.pair_lines import to_object
from forge_desktop.distill.records_pairs import PairRow, PairWish, Reverified
from forge_desktop.forge import Forge

_WIDTH = 100  # characters of a question in the list
_DOCUMENTS = 20


def pairs(forge: Forge, options: argparse.Namespace, out: Output) -> int:
    """Do the chosen action."""
    actions = {"list": _list, "show": _show, "counts": _counts, "reverify": _reverify}
    return actions.get(options.action, _change)(forge, options, out)


def _list(forge: Forge, options: argparse.Namespace, out: Output) -> int:
    wish = PairWish(
        text=options.text,
        accepted=options.accepted,
        kind={"train": "TRAIN_PAIR", "repair": "REPAIR_PAIR"}.get(options.kind, ""),
        language=options.language,
        document=options.document,
        source=options.source,
        duplicates=options.duplicates,
        leaking=options.leaking,
        order=options.order,
        descending=not options.ascending,
    )
    total = forge.distill.pairs.count(wish)
    rows = forge.distill.pairs.window(options.offset, options.limit, wish)
    out.result({"count": total, "pairs": [dataclasses.asdict(row) for row in rows]})
    for row in rows:
        question = " ".join(row.prompt.split())
        out.line(f"{row.uid[:12]}  {row.score:.2f}  {question[:_WIDTH]}")
        if state := _state(row):
            out.line(f"              {state}")
    out.line(f"{len(rows):,} of {counted(total, 'pair')}.")
    return 0


def _show(forge: Forge, options: argparse.Namespace, out: Output) -> int:
    pair = forge.distill.pairs.get(options.pair)
    similar = forge.distill.pairs.similar(pair.uid)
    out.result({"pair": to_object(pair), "similar": [dataclasses.asdict(one) for one in similar]})
    out.line(f"{pair.kind} {pair.uid}  ({'accepted' if pair.accepted else 'not accepted'})")
    out.text(f"Question  {pair.prompt}", under=10)
    if pair.draft:
        out.text(f"Draft     {pair.draft}", under=10)
    out.text(f"Answer    {pair.final}", under=10)
    for one in pair.evidence:
        out.line(f"[{one.n}] {one.name}  {one.start:,} to {one.end:,}{'' if one.cited else '  (not cited)'}")
        if one.quote:
            out.text(f"    {one.quote}", under=4)
    for check in pair.quality.checks:
        out.line(f"{'+' if check.passed else '-'} {check.name} {check.score:.2f}  {check.note}".rstrip())
    for other in similar:
        where = f"the suite {other.suite}" if other.suite else f"the pair {other.uid[:12]}"
        out.line(f"~ {where}, {other.similarity:.0%} by {other.method}: {other.prompt}")
    return 0


def _counts(forge: Forge, options: argparse.Namespace, out: Output) -> int:
    room = forge.distill.pairs
    totals, spread, coverage = room.counts(), room.histograms(), room.coverage(_DOCUMENTS)
    out.result(
        {
            "counts": dataclasses.asdict(totals),
            "histograms": dataclasses.asdict(spread),
            "coverage": [dataclasses.asdict(one) for one in coverage],
        }
    )
    for name, number in dataclasses.asdict(totals).items():
        out.line(f"{name.replace('_', ' '):<14}{number:>9,}")
    for name in ("score", "length", "language"):
        out.line(f"By {name}:")
        for bar in getattr(spread, name):
            out.line(f"    {bar.label:<16}{bar.pairs:>9,}")
    for one in coverage:
        share = "" if one.share is None else f", {one.share:.1%} of its text"
        out.line(f"{one.name}: {counted(one.pairs, 'pair')}{share}")
    return 0


def _change(forge: Forge, options: argparse.Namespace, out: Output) -> int:
    room = forge.distill.pairs
    uids = [room.get(uid).uid for uid in options.pairs]
    if options.action == "drop":
        room.drop(uids)
    elif options.action == "restore":
        room.restore(uids)
    else:
        for uid in uids:
            room.keep_all_the_same(uid)
    found = [room.get(uid) for uid in uids]
    out.result({"pairs": [{"uid": one.uid, "accepted": one.accepted, "aside": one.aside} for one in found]})
    for one in found:
        out.line(f"{one.uid[:12]}  {'trains' if one.accepted else 'does not train'}")
    return 0


def _reverify(forge: Forge, options: argparse.Namespace, out: Output) -> int:
    found = jobs.wait(forge, forge.distill.pairs.reverify())
    assert isinstance(found, Reverified)
    out.result(dataclasses.asdict(found))
    out.line(
        f"{counted(found.checked, 'pair')}: {found.unchanged:,} unchanged, {found.changed:,} changed,"
        f" {found.gone:,} gone, {found.unchecked:,} without a document."
    )
    out.line(found.advice)
    return 0


def _state(row: PairRow) -> str:
    parts = []
    if row.duplicate_of:
        alike = "" if row.similarity is None else f", {row.similarity:.0%} by {row.method}"
        parts.append(f"says the same as {row.duplicate_of[:12]}{alike}")
    if row.leaks:
        parts.append(f"in the suite {', '.join(row.leaks)}")
    if row.source in ("changed", "gone"):
        parts.append(f"its document is {row.source}")
    if not row.accepted and not parts:
        parts.append("not accepted")
    return "; ".join(parts)

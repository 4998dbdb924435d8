"""The step `card compare`: cards side by side, the table of costs, local or API."""

from __future__ import annotations

import argparse
import itertools
from collections.abc import Sequence
from fractions import Fraction

from forge_desktop.base.money import usd
from forge_desktop.cards import told_stale
from forge_desktop.cards.comparing.costs import SETTINGS
from forge_desktop.cards.comparing.records import (
    Capability,
    CardComparison,
    ComparedRow,
    CostInputs,
    Figure,
    LocalOrApi,
)
from forge_desktop.cli.lesson_waiting import wait
from forge_desktop.cli.output import Output
from forge_desktop.forge import Forge

_MONEY = ("hardware", "electricity", "disk")
_GROUPS = {"fit": "Fit", "speed": "Speed", "cost": "Cost", "quality": "Quality"}


def compare(forge: Forge, options: argparse.Namespace, out: Output) -> int:
    """`card compare`."""
    given = {key: getattr(options, key) for key in SETTINGS.values() if getattr(options, key) is not None}
    if options.save:
        forge.settings.change(**given)
    forge.settings.override(**given)
    found = wait(forge, forge.cards.comparisons.start(options.cards), out, "comparing")
    assert isinstance(found, CardComparison)
    out.result(_fields(found))
    for group, rows in itertools.groupby(found.rows, key=lambda row: row.group):
        out.line(_GROUPS[group])
        for row in rows:
            _tell_row(row, found, out)
    out.line("What it costs")
    for capability in found.capabilities:
        _tell_capability(capability, out)
    for answer in found.answers:
        out.line(f"Local or API: {_name(found, answer.local_card)} or {_name(found, answer.api_card)}")
        for sentence in (*answer.sentences, *(one.sentence for one in answer.sensitivities)):
            out.line(f"  {sentence}")
    if found.assumptions:
        out.line("Assumed, until you set it (Settings › Costs, or an option of this verb):")
    for _, sentence in found.assumptions:
        out.line(f"  {sentence}")
    for note in found.notes:
        out.line(note)
    return 0


def _tell_row(row: ComparedRow, found: CardComparison, out: Output) -> None:
    out.line(f"  {row.title}")
    for card, figure in zip(found.cards, row.figures, strict=True):
        if not figure.text:
            continue
        best = "  (best)" if figure.best else ""
        said = figure.missing or ("" if row.group == "cost" else figure.how)  # the table of costs says it
        out.line(f"    {(card.label or card.name).ljust(14)} {figure.text}{best}{f'  {said}' if said else ''}")
        for more in (figure.beside, f"stale: {figure.stale}" if figure.stale else ""):
            if more:
                out.line(f"    {''.ljust(14)} {more}")
    if row.note:
        out.line(f"    {row.note}")


def _tell_capability(one: Capability, out: Output) -> None:
    of = f"{one.label}: " if one.label else ""
    out.line(f"  {of}{one.title}: {one.shown}. {one.missing or one.how}".rstrip())
    for sentence in (*one.rests_on, told_stale.labelled(one.stale) if one.stale else ""):
        if sentence:
            out.line(f"    {sentence}")


def _name(found: CardComparison, uid: str) -> str:
    return next(card.label or card.name for card in found.cards if card.uid == uid)


def _fields(found: CardComparison) -> dict[str, object]:
    return {
        "cards": [
            {
                "card": card.uid,
                "kind": card.kind,
                "label": card.label,
                "name": card.name,
                "local": card.local,
                "stale": card.stale,
            }
            for card in found.cards
        ],
        "rows": [_row_fields(row) for row in found.rows],
        "capabilities": [_capability_fields(one) for one in found.capabilities],
        "answers": [_answer_fields(one) for one in found.answers],
        "inputs": _input_fields(found.inputs),
        "assumptions": [{"input": name, "sentence": sentence} for name, sentence in found.assumptions],
        "notes": list(found.notes),
    }


def _row_fields(row: ComparedRow) -> dict[str, object]:
    return {
        "group": row.group,
        "key": row.key,
        "title": row.title,
        "unit": row.unit,
        "better": row.better or None,
        "figures": [_figure_fields(row, figure) for figure in row.figures],
        "note": row.note,
    }


def _figure_fields(row: ComparedRow, figure: Figure) -> dict[str, object]:
    amount: object = None
    if figure.amount is not None:
        amount = usd(round(figure.amount)) if row.group == "cost" else float(figure.amount)
    return {
        "shown": figure.text,
        "amount_usd" if row.group == "cost" else "amount": amount,
        "best": figure.best,
        "how": figure.how,
        "beside": figure.beside,
        "stale": figure.stale,
        "missing": figure.missing,
    }


def _capability_fields(one: Capability) -> dict[str, object]:
    return {
        "group": one.group,
        "key": one.key,
        "title": one.title,
        "card": one.card or None,
        "label": one.label,
        "amount_usd": None if one.amount is None else usd(one.amount),
        "shown": one.shown,
        "how": one.how,
        "rests_on": list(one.rests_on),
        "stale": one.stale,
        "missing": one.missing,
    }


def _answer_fields(one: LocalOrApi) -> dict[str, object]:
    return {
        "local": one.local_card,
        "api": one.api_card,
        "local_usd": None if one.local is None else usd(one.local),
        "api_usd": None if one.api is None else usd(one.api),
        "cheaper": one.cheaper or None,
        "break_even": one.break_even,
        "capacity": one.capacity,
        "sentences": list(one.sentences),
        "sensitivities": [
            {
                "what": each.what,
                "local_usd": usd(each.local),
                "api_usd": usd(each.api),
                "break_even": each.break_even,
                "cheaper": each.cheaper,
                "sentence": each.sentence,
            }
            for each in one.sensitivities
        ],
    }


def _input_fields(inputs: CostInputs) -> dict[str, object]:
    told: dict[str, object] = {}
    for name in SETTINGS:
        value = getattr(inputs, name)
        if name in _MONEY:
            told[f"{name}_usd"] = usd(value)
        else:
            told[name] = float(value) if isinstance(value, Fraction) else value
    return {**told, "assumed": _sorted(inputs.assumed)}


def _sorted(names: frozenset[str]) -> Sequence[str]:
    return [name for name in SETTINGS if name in names]

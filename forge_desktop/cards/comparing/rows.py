"""The rows of a comparison on fit, speed and cost: each card's figure, and which is better where that can be said."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Literal

from forge_desktop.cards.checking import is_there, outdated
from forge_desktop.cards.comparing.cost_reasons import missing_of
from forge_desktop.cards.comparing.money_words import shown
from forge_desktop.cards.comparing.records import Capability, ComparedRow, CostInputs, Figure, RowGroup
from forge_desktop.cards.comparing.surroundings import FitWord, Surroundings
from forge_desktop.cards.fields import BY_KEY
from forge_desktop.cards.numbers import figure, size
from forge_desktop.cards.records import NOT_KNOWN, Card, Value
from forge_desktop.cards.taking import Taken, exactly, not_here, origin, take
from forge_desktop.cards.units import suited

Better = Literal["higher", "lower", ""]

_TENTH = 10  # lengths that differ by less than this part of them count as the same
_NOT_MEASURED = "not measured"
_FIT_WORDS: dict[FitWord, str] = {
    "fits": "fits",
    "tight": "fits tightly",
    "does not fit": "does not fit",
    "elsewhere": "computes elsewhere",
    "unknown": "not known",
}
_STALE = "One of these is stale, so nobody is called better."
_APART = "Not taken under the same conditions (how, where, with what): set beside each other, not ranked."


@dataclass(frozen=True)
class _Row:
    group: RowGroup
    field: str
    better: Better
    same: bool = True  # only figures that were taken under the same conditions are ranked
    lengths: tuple[str, ...] = ()  # and with about as many of these tokens


_ROWS = (
    _Row("fit", "memory_ram", "lower", lengths=("context",)),
    _Row("fit", "memory_vram", "lower", lengths=("context",)),
    _Row("fit", "file_bytes", "lower", same=False),
    _Row("fit", "adapter_bytes", "lower", same=False),
    _Row("fit", "context", "higher", same=False),
    _Row("fit", "parameters", "", same=False),
    _Row("fit", "quantisation", "", same=False),
    _Row("speed", "prompt_speed", "higher", lengths=("prompt_tokens",)),
    _Row("speed", "generation_speed", "higher"),
    _Row("speed", "first_token", "lower", lengths=("prompt_tokens",)),
    _Row("speed", "latency", "lower", lengths=("prompt_tokens", "answer_tokens")),
    _Row("speed", "error_rate", "lower", same=False),
)
_COSTS = (("read", "1,000 tokens read"), ("written", "1,000 tokens written"), ("mix", "1,000 tokens of the mix"))


def rows(
    cards: Sequence[Card], around: Surroundings, table: Sequence[Capability], inputs: CostInputs
) -> tuple[ComparedRow, ...]:
    """All of them but quality, in order; rows about which no card says anything are left out."""
    found = [_fit(cards, around)]
    for row in _ROWS:
        if row.group == "speed" or any(is_there(card.fields.get(row.field)) for card in cards):
            made = _of_field(row, cards)
            found += [made] if any(figure.text != "" for figure in made.figures) else []
    found += [_cost(key, title, cards, table, inputs) for key, title in _COSTS]
    found += [
        _money_row(field, cards, inputs)
        for field in ("cost_per_1k", "cost_per_pair")
        if any(is_there(card.fields.get(field)) for card in cards)
    ]
    return tuple(found)


def ranked(figures: Sequence[Figure], better: Better) -> tuple[Figure, ...]:
    """With the best of them marked; none where fewer than two have an amount, or all have the same."""
    amounts = [figure.amount for figure in figures if figure.amount is not None]
    if not better or len(amounts) < 2 or len(set(amounts)) < 2 or stale_note(figures):
        return tuple(figures)
    best = max(amounts) if better == "higher" else min(amounts)
    first = {figure.text for figure in figures if figure.amount == best}  # what reads the same is not told apart
    if {figure.text for figure in figures if figure.amount is not None} <= first:
        return tuple(figures)
    return tuple(replace(figure, best=figure.amount is not None and figure.text in first) for figure in figures)


def stale_note(figures: Sequence[Figure]) -> str:
    """Why nobody of a row is called better where one of its figures is no longer true; "" where all are."""
    counted = [figure for figure in figures if figure.amount is not None]
    return _STALE if len(counted) > 1 and any(figure.stale for figure in counted) else ""


def _fit(cards: Sequence[Card], around: Surroundings) -> ComparedRow:
    figures = []
    for card in cards:
        fits = around.fits[card.uid]
        figures.append(
            Figure(_FIT_WORDS[fits.word], None if fits.needed is None else Fraction(fits.needed), fits.sentence)
        )
    return ComparedRow("fit", "fit", "Fits this computer", "", tuple(figures))


def _of_field(row: _Row, cards: Sequence[Card]) -> ComparedRow:
    field = BY_KEY[row.field]
    figures = [_figure(card, row.field) for card in cards]
    taken = [one for one in (take(card, row.field) for card in cards) if one is not None]
    note = ""
    if row.better and len(taken) >= 2:
        if row.same and not _alike(taken, row.lengths):
            note = _APART
        else:
            figures, note = list(ranked(figures, row.better)), stale_note(figures)
    return ComparedRow(
        row.group, row.field, field.title, field.units[0] if field.units else "", tuple(figures), row.better, note
    )


def _alike(taken: Sequence[Taken], lengths: Sequence[str]) -> bool:
    """Whether they were taken in the same way, with about as many tokens."""
    if len({one.conditions for one in taken}) > 1:
        return False
    for name in lengths:
        found = [one.lengths[name] for one in taken if name in one.lengths]
        if found and (len(found) < len(taken) or max(found) * _TENTH > min(found) * (_TENTH + 1)):
            return False
    return True


def _figure(card: Card, field: str) -> Figure:
    """What a card says of a field: a person's word first, the measured value beside it; ranked by what was measured."""
    if not BY_KEY[field].belongs_to(card.kind):
        return Figure("", how="Cards of this kind do not have it.")
    state = card.fields.get(field)
    if state is None or state.shown is None:
        why = state.not_applicable if state is not None else ""
        if why.startswith(NOT_KNOWN):
            return Figure("not known", missing=why)
        if why:
            return Figure("does not apply", how=why)
        return Figure(_NOT_MEASURED, missing=missing_of(card, field))
    value = state.shown
    if not_here(card, field) is not None:
        how = f"{worded(value, field)} {origin(value)}"
        return Figure("not measured here", how=how, missing=missing_of(card, field))
    taken = take(card, field)
    beside = ""
    if state.hand is not None and state.measured is not None:
        beside = f"{state.measured.found}: {worded(state.measured, field)}, {origin(state.measured)}"
    stale = state.measured.stale if state.measured is not None and state.measured.stale else value.stale
    amount = taken.amount if taken is not None else None
    return Figure(worded(value, field), amount, origin(value), stale, beside=beside)


def worded(value: Value, field: str) -> str:
    """A value for people, with its unit."""
    about, data = BY_KEY[field], value.data
    unit = value.unit or (about.units[0] if about.units else "")
    if isinstance(data, Mapping) and about.type == "spread":
        parts = [(name, exactly(data[name])) for name in ("p50", "p95", "p5") if name in data]
        middle = next((figure(amount) for name, amount in parts if name == "p50" and amount is not None), "?")
        others = ", ".join(f"{name} {figure(amount)}" for name, amount in parts if name != "p50" and amount is not None)
        return f"{middle} {unit}{f' ({others})' if others else ''}"
    amount = exactly(data)
    if amount is None:
        return str(data)
    if about.type == "bytes" and unit == "B":
        return size(amount)
    amount, unit = suited(amount, unit, about.units)
    return f"{figure(amount)} {unit}".rstrip()


def _cost(key: str, title: str, cards: Sequence[Card], table: Sequence[Capability], inputs: CostInputs) -> ComparedRow:
    known = {(one.card, one.key): one for one in table if one.group in ("local generation", "API generation")}
    figures = []
    for card in cards:
        found = known.get((card.uid, key))
        if found is None:
            figures.append(Figure("", how="Cards of this kind write nothing."))
        else:
            how = " ".join((found.how, *found.rests_on)).strip()
            figures.append(Figure(found.shown, found.exact, how, found.stale, found.missing))
    return ComparedRow("cost", key, title, inputs.currency, ranked(figures, "lower"), "lower", stale_note(figures))


def _money_row(field: str, cards: Sequence[Card], inputs: CostInputs) -> ComparedRow:
    figures = []
    for card in cards:
        found = _figure(card, field)
        if field == "cost_per_1k" and card.kind in ("student", "adapter"):  # 0 there would look like the cheapest
            found = Figure("paid to nobody", how="What it takes of this computer is reckoned above.")
        figures.append(found if found.amount is None else replace(found, text=shown(found.amount, inputs)))
    title = "1,000 tokens as really paid" if field == "cost_per_1k" else BY_KEY[field].title
    return ComparedRow("cost", field, title, inputs.currency, ranked(figures, "lower"), "lower", stale_note(figures))


def stale_count(card: Card) -> int:
    """How many of its fields say what is no longer true, counted as its list and its check do."""
    return len(outdated(card))

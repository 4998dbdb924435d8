"""The rows of a comparison on quality: only what was measured with the same suite by the same metric is compared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from forge_desktop.cards.comparing.records import ComparedRow, Figure
from forge_desktop.cards.comparing.rows import Better, ranked, stale_note
from forge_desktop.cards.comparing.surroundings import FEWEST, Difference, Surroundings, too_few
from forge_desktop.cards.numbers import number, share
from forge_desktop.cards.records import Card, Value
from forge_desktop.cards.taking import exactly, origin, stale_of_row, the_value

_FIELD = "evaluation"
_HASH = 12


@dataclass(frozen=True)
class _Suite:
    """What has to be the same for two results to be of the same thing."""

    dataset: str
    revision: str
    split: str
    metric: str
    unit: str


@dataclass(frozen=True)
class _Result:
    """One result of a card."""

    amount: Fraction
    n: int | None
    less_is_better: bool
    text: str


def rows(cards: Sequence[Card], around: Surroundings) -> tuple[ComparedRow, ...]:
    """A row for each suite and metric of any card, those that more than one card has first."""
    each = [_results(card) for card in cards]
    suites = list(dict.fromkeys(suite for found in each for suite in found))
    suites.sort(key=lambda suite: -sum(suite in found for found in each))
    return tuple(_row(suite, cards, each, around) for suite in suites)


def _results(card: Card) -> dict[_Suite, _Result]:
    value = the_value(card, _FIELD)
    found: dict[_Suite, _Result] = {}
    for row in value.data if value is not None and isinstance(value.data, list) else []:
        amount = _number(row.get("value")) if isinstance(row, Mapping) else None
        if amount is None:
            continue
        told = {name: str(row.get(name) or "") for name in ("dataset", "revision", "split", "metric", "unit")}
        n = row.get("n")
        whole = n if isinstance(n, int) and not isinstance(n, bool) else None
        unit = told["unit"]
        value_said = share(amount) if unit == "share" else f"{number(amount, 4)} {unit}".rstrip()
        said = f"{value_said}{f' (n {whole})' if whole else ''}"
        found.setdefault(_Suite(**told), _Result(amount, whole, row.get("less_is_better") is True, said))
    return found


def _number(value: object) -> Fraction | None:
    """Cards from elsewhere also give numbers as texts."""
    if isinstance(value, str):
        try:
            return Fraction(value.strip())
        except (ValueError, ZeroDivisionError):
            return None
    return exactly(value)


def _row(
    suite: _Suite, cards: Sequence[Card], each: Sequence[Mapping[_Suite, _Result]], around: Surroundings
) -> ComparedRow:
    figures = [_figure(suite, card, found) for card, found in zip(cards, each, strict=True)]
    results = [found[suite] for found in each if suite in found]
    better: Better = "lower" if results[0].less_is_better else "higher"
    note = _why_not(suite, results, each)
    told = _differences(suite, cards, around)
    if not note:
        figures = list(ranked(figures, better))
        note = " ".join([*(one.sentence for one in told), stale_note(figures)]).strip() or _unsure(figures)
        if told and not any(one.sure for one in told):
            figures = [replace(figure, best=False) for figure in figures]
    named = f" {suite.revision[:_HASH]}" if suite.revision else ""
    title = f"{suite.metric}, {suite.dataset}{named}{f', {suite.split}' if suite.split else ''}"
    key = ":".join((_FIELD, suite.dataset, suite.revision, suite.split, suite.metric))
    return ComparedRow("quality", key, title, suite.unit, tuple(figures), better, note)


def _figure(suite: _Suite, card: Card, found: Mapping[_Suite, _Result]) -> Figure:
    value: Value | None = the_value(card, _FIELD)
    result = found.get(suite)
    if _FIELD in card.fields and (why := card.fields[_FIELD].not_applicable):
        return Figure("does not apply", how=why)
    if result is None or value is None:
        name = card.label or card.name
        return Figure("not measured", missing=f"{name} was not measured with this suite by this metric.")
    return Figure(result.text, result.amount, origin(value), stale_of_row(value, {"dataset": suite.dataset}))


def _why_not(suite: _Suite, results: Sequence[_Result], each: Sequence[Mapping[_Suite, _Result]]) -> str:
    """Why nothing of this row may be called better; "" where it may."""
    if len(results) < 2:
        others = [one for found in each for one in found if _alike(one, suite) and one != suite]
        if any(one.revision != suite.revision for one in others):
            return f"Another card has this metric of {suite.dataset} in another revision: that is another suite."
        if any(one.unit != suite.unit for one in others):
            return "Another card gives this metric in another unit: they are not set against each other."
        return "Only one card was measured so: there is nothing to compare it with."
    if not suite.revision:
        return "The cards do not say which revision of the suite it was: they may have answered different questions."
    if len({result.n for result in results}) > 1:
        return "Not of the same number of items, so not of the same ones: set beside each other, not ranked."
    if (least := results[0].n) is not None and least < FEWEST:
        return f"Measured on too few to rank them: {too_few(least)}."
    return ""


def _alike(one: _Suite, other: _Suite) -> bool:
    return (one.dataset, one.metric) == (other.dataset, other.metric)


def _differences(suite: _Suite, cards: Sequence[Card], around: Surroundings) -> list[Difference]:
    """What gates found out about the difference of two of the cards, item by item."""
    uids = {card.uid for card in cards}
    return [
        one
        for one in around.differences
        if {one.card, one.baseline} <= uids and one.suite == suite.revision and one.metric == suite.metric
    ]


def _unsure(figures: Sequence[Figure]) -> str:
    if not any(figure.best for figure in figures):
        return ""
    return "No gate set them against each other item by item, so how sure the difference is, is not known."

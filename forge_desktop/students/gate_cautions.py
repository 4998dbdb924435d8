"""What has to be known beside a verdict: what was not asked, asked in part, cut off, or had nothing to lose."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from forge_desktop.students.records_gate import GateSuite, GateWish, Margins, Metric
from forge_desktop.students.store_gates import Measured
from forge_desktop.students.verdict_words import in_words

Arms = tuple[Mapping[int, Measured], Mapping[int, Measured]]

_LEFT_OUT = {
    "regression": "The regression suite was left out: nothing shows that what was known before still is.",
    "safety": "The safety suite was left out: nothing shows that it still declines what it should.",
}
_HELD = ("exact_match", "citation_validity")  # what has a margin and can be so low that there is none to lose


def missing(suites: Sequence[tuple[GateSuite, Arms]], wish: GateWish) -> list[str]:
    """What keeps a version from passing because it was not asked, or nothing came of it."""
    asked = {"regression": wish.regression, "safety": wish.safety}
    found = [_LEFT_OUT[role] for role, wanted in asked.items() if not wanted]
    for suite, (first, second) in suites:
        both = [n for n in first.keys() & second.keys() if not first[n].problem and not second[n].problem]
        if suite.role in asked and not both:
            found.append(f"No item of {suite.name} could be measured with both versions.")
    return found


def of_wish(wish: GateWish, asked: Iterable[tuple[GateSuite, int]]) -> list[str]:
    """What was fixed before that makes a verdict weaker than usual. `asked` are the suites with how many of theirs."""
    found = [_LEFT_OUT[role] for role in _LEFT_OUT if not getattr(wish, role)]
    found += [
        f"Only {count} of {suite.items} items of {suite.name} were asked, drawn by the seed {wish.seed}."
        for suite, count in asked
        if count < suite.items - len(suite.leaks)
    ]
    found += _wider(wish.margins)
    if wish.confidence < (usual := GateWish().confidence):
        found.append(f"Intervals are of {100 * wish.confidence:g} %, where {100 * usual:g} % is usual.")
    return found


def of_figures(suites: Sequence[tuple[GateSuite, Arms]], metrics: Sequence[Metric], wish: GateWish) -> list[str]:
    """What the figures cannot show: a margin that nothing could break, and answers whose end nobody saw."""
    found = []
    measured = {(one.suite, one.name): one for one in metrics if one.role == "regression"}
    for name in [suite.name for suite, _ in suites if suite.role == "regression"]:
        for metric in _HELD:
            what = f"in {in_words(metric)} on {name}"
            one = measured.get((name, metric))
            if one is None:
                found.append(f"Nothing can be said of a loss {what}: no item that was asked shows it.")
            elif one.baseline <= (one.margin or 0):
                found.append(
                    f"The baseline has nothing to lose {what}: {100 * one.baseline:.1f} % of {one.items} items,"
                    " so that its margin holds says nothing."
                )
    cut = [
        f"{count} of {len(first) + len(second)} on {suite.name}"
        for suite, (first, second) in suites
        if (count := sum(one.scores.get("cut") == 1.0 for arm in (first, second) for one in arm.values()))
    ]
    if cut:
        found.append(f"Answers were cut off at {wish.max_tokens} tokens, and judged as they stand: {', '.join(cut)}.")
    return found


def _wider(margins: Margins) -> list[str]:
    """Of each margin that is wider than usual, by how much."""
    units = {"nll": "nats a token", "exact_match": "points", "citation_validity": "points"}
    return [
        f"The margin of {in_words(name)} was {value:g} {unit}, where {least:g} {unit} is usual."
        for name, unit in units.items()
        if (value := getattr(margins, name)) > (least := getattr(Margins(), name))
    ]

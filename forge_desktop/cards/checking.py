"""How complete a card is, and everything that is wrong with it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence

from forge_desktop.cards import fields as known
from forge_desktop.cards.records import Card, CheckReport, Completeness, FieldState, Kind, Leak, Problem
from forge_desktop.cards.remedies import remedy
from forge_desktop.cards.sayable import turns
from forge_desktop.cards.text_problems import remarks_in, wrong_in
from forge_desktop.cards.together import contradictions
from forge_desktop.cards.validating import problem_of

_TURNED = "holds marks that turn the direction of reading, so it may look like what it does not say."
_STATE = "registry"  # of a published card: each promotion changes it, and does not stand in the way of the next


def completeness(kind: Kind, states: Mapping[str, FieldState], *, here: bool = False) -> Completeness:
    """Which required fields are there, by section; what is missing is named by its title. Of a version that is `here`
    what somebody else measured elsewhere is missing.
    """
    sections: dict[str, tuple[int, int]] = {}
    missing = []
    for field in known.required(kind):
        filled, of = sections.get(field.section, (0, 0))
        state = states.get(field.key)
        there = is_there(state) and not (here and elsewhere(field.key, state))
        sections[field.section] = (filled + there, of + 1)
        if not there:
            missing.append(field.title)
    to_review = tuple(f.title for f in known.of_kind(kind) if f.key in states and states[f.key].taken_over)
    filled, of = (sum(part) for part in zip(*sections.values(), strict=True)) if sections else (0, 0)
    return Completeness(filled, of, tuple(missing), sections, to_review)


def is_there(state: FieldState | None) -> bool:
    """Whether a field has a value, or a word why it has none."""
    return state is not None and (state.shown is not None or bool(state.not_applicable))


def elsewhere(key: str, state: FieldState | None) -> bool:
    """Whether all that a field says is somebody else's measurement on another computer."""
    if state is None or state.shown is None or state.not_applicable or key not in known.BENCHMARKED:
        return False
    return state.measured is None and state.shown.source == "import"


def stale_of(kind: Kind, states: Mapping[str, FieldState]) -> list[tuple[str, str]]:
    """The fields that show something that is no longer true, with the sentence that says so."""
    found = []
    for field in known.of_kind(kind):
        state = states.get(field.key)
        if state is not None and state.shown is not None and state.shown.stale and not state.not_applicable:
            found.append((field.key, state.shown.stale))
    return found


def missing(kind: Kind, states: Mapping[str, FieldState], *, here: bool = False) -> list[str]:
    """What stands in the way of a promotion: required fields that are empty, and what is stale."""
    lacking = list(completeness(kind, states, here=here).missing)
    stale = [field for field, _ in stale_of(kind, states) if field != _STATE]
    return lacking + [f"{known.BY_KEY[field].title} is stale" for field in stale]


def problems(kind: Kind, states: Mapping[str, FieldState]) -> list[Problem]:
    """What is wrong with what stands in the fields, each by itself and together."""
    found = []
    for field in known.of_kind(kind):
        state = states.get(field.key)
        if state is not None and state.shown is not None and not state.not_applicable:
            said = problem_of(field, state.shown.data, state.shown.unit, kind)
            found += [Problem(field.key, said)] if said else []
            if not said and turns(state.shown.data):
                found.append(Problem(field.key, f"{field.title} {_TURNED}", "warning"))
    return found + contradictions(kind, {key: s.shown for key, s in states.items() if s.shown and not s.not_applicable})


def outdated(card: Card) -> list[tuple[str, str]]:
    """The fields that say something that is no longer true, why, and what makes it true again; also what was measured
    beside the word of a person.
    """
    found = []
    for field in known.of_kind(card.kind):
        state = card.fields.get(field.key)
        if state is None or state.not_applicable:
            continue
        if state.hand is not None and state.hand.stale:
            found.append((field.key, f"{state.hand.stale} {remedy(card, state.hand)}".strip()))
        elif state.measured is not None and state.measured.stale:
            beside = f"What was {state.measured.found}, beside the word by hand: " if state.hand is not None else ""
            found.append((field.key, f"{beside}{state.measured.stale} {remedy(card, state.measured)}".strip()))
    return found


def _beside(card: Card, stale: Sequence[tuple[str, str]]) -> tuple[str, ...]:
    """Of the fields that are stale those that show what is true all the same."""
    shown = {key for key, _ in stale_of(card.kind, card.fields)}
    return tuple(key for key, _ in stale if key not in shown)


def report(card: Card, scan: Callable[[Card], Sequence[Leak]]) -> CheckReport:
    """Everything a check finds."""
    found = [*problems(card.kind, card.fields), *remarks_in(card.document, card.kind)]
    if card.problem is not None:
        found.insert(0, card.problem)
    elif card.broken is None and card.document:
        found += _only_in_the_text(card)
    for key, state in card.fields.items():
        if card.here and known.is_of(key, card.kind) and elsewhere(key, state):
            title = known.BY_KEY[key].title
            found.append(Problem(key, f"{title} was measured by somebody else, elsewhere: measure it here.", "warning"))
    stale = outdated(card)
    return CheckReport(
        card.uid,
        completeness(card.kind, card.fields, here=card.here),
        tuple(found),
        tuple(stale),
        tuple(scan(card)),
        _beside(card, stale),
    )


def _only_in_the_text(card: Card) -> list[Problem]:
    """What somebody's text says and no field can hold: it stays there, as their word."""
    return [
        dataclasses.replace(one, severity="warning", message=f"{one.message} It stays in the text.")
        for one in wrong_in(card.document, card.kind)
        if not is_there(card.fields.get(one.field))
    ]

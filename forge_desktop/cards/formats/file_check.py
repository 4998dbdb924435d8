"""Checks a card in a file without bringing it in: Markdown by line and column, JSON by field."""

from __future__ import annotations

import dataclasses
import re
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from forge_desktop.base.errors import FieldError
from forge_desktop.cards import checking, told_stale
from forge_desktop.cards.editing import checked
from forge_desktop.cards.fields import BY_KEY
from forge_desktop.cards.formats import said_elsewhere
from forge_desktop.cards.formats.files import text_of
from forge_desktop.cards.formats.foreign import ForeignCard
from forge_desktop.cards.formats.properties import PREFIX
from forge_desktop.cards.markdown import BadCardText, read
from forge_desktop.cards.markdown.front import place
from forge_desktop.cards.records import Card, CheckReport, FieldState, Kind, Leak, Problem
from forge_desktop.cards.text_problems import wrong_in


def checked_file(path: Path, kind: Kind | None, scan: Callable[[Card], Sequence[Leak]]) -> CheckReport:
    """What is missing and wrong in what `card import` would bring in, read as a card of this kind; without one it is
    guessed as for an import. Raises ForgeError when it cannot be read at all.
    """
    try:
        said = said_elsewhere.read(path, kind)
    except BadCardText as error:
        return _broken(kind or "student", _problem(error))
    if said.broken is not None and said.format == "markdown":
        return _of_text(said.broken, said.kind, said, scan)
    if said.format == "markdown":
        return _of_text(said.document, said.kind, said, scan)
    return _of_values(said, "" if path.is_dir() else text_of(path), scan)


def _problem(error: BadCardText) -> Problem:
    place = f"Line {error.line}, column {error.column}: "
    return Problem("", error.message.removeprefix(place), "error", error.line, error.column)


def _of_text(text: str, kind: Kind, said: ForeignCard, scan: Callable[[Card], Sequence[Leak]]) -> CheckReport:
    try:
        found = read(text, kind)
    except BadCardText as error:
        report = _broken(kind, _problem(error))
        return dataclasses.replace(report, problems=(*report.problems, *said.problems))
    rows = said.values.get("evaluation")  # with those of the files beside it
    values = {**found.values, **({"evaluation": (rows.data, rows.unit)} if rows is not None else {})}
    wrong, states = _states(values, kind, found.places)
    for key, why in found.not_applicable.items():
        states[key] = dataclasses.replace(states.get(key, FieldState(key)), not_applicable=why)
    states = _with_stale(states, said)
    report = _report(_card(kind, states, text), wrong, found.places, scan)
    return dataclasses.replace(report, problems=(*report.problems, *said.problems))


def _of_values(said: ForeignCard, text: str, scan: Callable[[Card], Sequence[Leak]]) -> CheckReport:
    values = {key: (value.data, value.unit) for key, value in said.values.items()}
    places = {key: place for key in values if (place := _place(text, key)) is not None}
    wrong, states = _states(values, said.kind, places)
    for key, why in said.not_applicable.items():
        states[key] = FieldState(key, not_applicable=why)
    states = _with_stale(states, said)
    if said.broken is not None:
        wrong += wrong_in(said.broken, said.kind)
    report = _report(_card(said.kind, states, said.document), wrong, places, scan)
    return dataclasses.replace(report, problems=(*report.problems, *said.problems))


def _states(
    values: Mapping[str, tuple[object, str]], kind: Kind, places: Mapping[str, tuple[int, int]]
) -> tuple[list[Problem], dict[str, FieldState]]:
    """The values that can stand in a card, and a sentence for each that cannot: as of a card that was brought in."""
    wrong: list[Problem] = []
    states: dict[str, FieldState] = {}
    for key, (data, unit) in values.items():
        field = BY_KEY.get(key)
        if field is None or not field.belongs_to(kind):
            continue
        try:
            states[key] = FieldState(key, hand=checked(field, data, unit, kind, "import"))
        except FieldError as error:
            wrong.append(Problem(key, f"{error.message} It stays in the text.", "warning", *places.get(key, (0, 0))))
    return wrong, states


def _with_stale(states: Mapping[str, FieldState], said: ForeignCard) -> dict[str, FieldState]:
    """The same, with what the file itself calls no longer true."""
    stale = {key: one for key, value in said.values.items() if (one := told_stale.sentence(value))}
    return {
        key: dataclasses.replace(state, hand=told_stale.marked(state.hand, stale[key]))
        if state.hand is not None and key in stale
        else state
        for key, state in states.items()
    }


def _place(text: str, key: str) -> tuple[int, int] | None:
    """Where a field stands in a JSON file: its own name, or that of its property; None where it has a format's own."""
    found = re.search(rf'"{PREFIX}{key}(?:_usd)?"|"{key}"\s*:\s*\{{', text)
    return None if found is None else place(text, found.start())


def _report(
    card: Card,
    wrong: list[Problem],
    places: object,
    scan: Callable[[Card], Sequence[Leak]],
) -> CheckReport:
    report = checking.report(card, scan)
    new = [one for one in report.problems if not any(_same(one, other) for other in wrong)]
    report = dataclasses.replace(report, problems=tuple(new))
    at = places if isinstance(places, dict) else {}
    placed = [
        dataclasses.replace(one, line=at[one.field][0], column=at[one.field][1])
        if one.field in at and not one.line
        else one
        for one in report.problems
    ]
    return dataclasses.replace(report, problems=tuple(wrong + placed))


def _same(one: Problem, other: Problem) -> bool:
    """Whether it says again what is named already."""
    return one.field == other.field and one.message.startswith(other.message)


def _broken(kind: Kind, problem: Problem) -> CheckReport:
    return CheckReport("", checking.completeness(kind, {}), (problem,), (), ())


def _card(kind: Kind, states: dict[str, FieldState], document: str) -> Card:
    now = time.time()
    return Card("", kind, "", "", "", "draft", states, document, "", now, now)

"""Checks a card in a file without bringing it in: Markdown by line and column, JSON by field."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from forge_desktop.base.errors import FieldError, ForgeError
from forge_desktop.cards import checking
from forge_desktop.cards.editing import checked
from forge_desktop.cards.fields import BY_KEY
from forge_desktop.cards.records import Card, CheckReport, FieldState, Kind, Leak, Problem, Value

_LARGEST = 20_000_000  # bytes


def checked_file(path: Path, kind: Kind | None, scan: Callable[[Card], Sequence[Leak]]) -> CheckReport:
    """What is missing and wrong in a file, read as a card of this kind; without one it is guessed as for an import.

    Raises ForgeError when it cannot be read at all.
    """
    data = _bytes_of(path)
    if path.suffix.lower() == ".json":
        return _of_json(data, scan)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        column = len(data[data.rfind(b"\n", 0, error.start) + 1 : error.start].decode("utf-8", "replace")) + 1
        return _broken(kind or "student", Problem("", "The text is not in UTF-8.", "error", line, column))
    return _of_markdown(text, kind, scan)


def _of_markdown(text: str, wished: Kind | None, scan: Callable[[Card], Sequence[Leak]]) -> CheckReport:
    from forge_desktop.cards.importing import guessed
    from forge_desktop.cards.markdown import BadCardText, read

    try:
        kind = wished or guessed(text)
        said = read(text, kind)
    except BadCardText as error:
        place = f"Line {error.line}, column {error.column}: "
        return _broken(
            wished or "student", Problem("", error.message.removeprefix(place), "error", error.line, error.column)
        )
    wrong, states = [], {}
    for key, (data, unit) in said.values.items():
        field = BY_KEY.get(key)
        if field is None or not field.belongs_to(kind):
            continue
        try:
            states[key] = FieldState(key, hand=checked(field, data, unit, kind, "import"))
        except FieldError as error:
            wrong.append(Problem(key, error.message, "error", *said.places.get(key, (0, 0))))
    for key, why in said.not_applicable.items():
        states[key] = dataclasses.replace(states.get(key, FieldState(key)), not_applicable=why)
    return _report(_card(kind, states, text), wrong, said.places, scan)


def _of_json(data: bytes, scan: Callable[[Card], Sequence[Leak]]) -> CheckReport:
    from forge_desktop.cards.reading import read_json

    said = read_json(data)
    wrong, states = [], {}
    for key, value in said.values.items():
        field = BY_KEY.get(key)
        if field is None:
            continue
        try:
            checked(field, value.data, value.unit, said.kind, "import")
        except FieldError as error:
            wrong.append(Problem(key, error.message))
        else:
            states[key] = FieldState(key, hand=Value(value.data, value.unit, "hand", "import", at=value.at))
    for key, why in said.not_applicable.items():
        states[key] = FieldState(key, not_applicable=why)
    return _report(_card(said.kind, states, said.document), wrong, {}, scan)


def _report(
    card: Card,
    wrong: list[Problem],
    places: object,
    scan: Callable[[Card], Sequence[Leak]],
) -> CheckReport:
    report = checking.report(card, scan)
    at = places if isinstance(places, dict) else {}
    placed = [
        dataclasses.replace(one, line=at[one.field][0], column=at[one.field][1])
        if one.field in at and not one.line
        else one
        for one in report.problems
    ]
    return dataclasses.replace(report, problems=tuple(wrong + placed))


def _broken(kind: Kind, problem: Problem) -> CheckReport:
    return CheckReport("", checking.completeness(kind, {}), (problem,), (), ())


def _card(kind: Kind, states: dict[str, FieldState], document: str) -> Card:
    now = time.time()
    return Card("", kind, "", "", "", "draft", states, document, "", now, now)


def _bytes_of(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(_LARGEST + 1)
    except OSError as error:
        raise ForgeError(f"{path} cannot be read: {error.strerror or error}.", hint="Name the file.") from error
    if len(data) > _LARGEST:
        raise ForgeError(f"{path} is too large for a card.", hint="20 megabytes are the most.")
    return data

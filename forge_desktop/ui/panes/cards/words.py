"""A card's values, where they are from and how it stands, in words for people."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence

from PySide6.QtCore import QLocale

from forge_desktop.base.money import shown as money_words
from forge_desktop.cards.fields import BY_KEY, Field, nothing_paid
from forge_desktop.cards.records import CardEntry, CheckReport, Kind, Problem, Value
from forge_desktop.cards.taking import lengths
from forge_desktop.ui.widgets.words import count_words, safe_words

KINDS: dict[Kind, str] = {"adapter": "Version", "student": "Base", "teacher": "Teacher", "embedder": "Embedder"}
GROUPS: dict[Kind, str] = {"adapter": "Versions", "student": "Bases", "teacher": "Teachers", "embedder": "Embedders"}
ORPHANS = "About nothing that is here"
BYTES = {"B": 1, "kB": 1000, "MB": 1000**2, "GB": 1000**3}
_SOURCES = {
    "file": "Read from the file",
    "registry": "From the registry",
    "measurement": "Measured",
    "gate": "From the gate",
    "run log": "From the run log",
    "price table": "From the price table",
    "ledger": "From the ledger",
    "headers": "From the headers of answers",
    "endpoint": "From the endpoint",
    "hand": "Written by hand",
    "import": "Brought in",
    "shipped": "Came with Forge Desktop",
}
SOURCE = "#source"  # a place to go to, beside the fields
_SAID = ("n", "machine", "device", "build", "command")  # of the detail, in this order
_SHORT = ("n", "machine")
_RUN = "hardware"  # of the fields that one benchmark fills, the one that tells all of how it was run


def number_words(number: float) -> str:
    """A number as it is typed, thousands in groups."""
    if isinstance(number, int) or number == int(number):
        return f"{int(number):,}"
    return f"{number:.4g}" if abs(number) < 1000 else f"{number:,.1f}"


def byte_unit(count: float) -> str:
    """The unit a number of bytes is read in."""
    return next((unit for unit in ("GB", "MB", "kB") if abs(count) >= BYTES[unit]), "B")


def value_words(field: Field, data: object, unit: str) -> str:
    """A value in one line."""
    if data is None:
        return "nothing"
    if field.type == "money" and isinstance(data, int):
        return nothing_paid(field.key, data) or money_words(data)
    if field.type == "bytes" and isinstance(data, int | float):
        shown = byte_unit(data)
        return f"{number_words(data / BYTES[shown])} {shown}"
    if field.type == "spread" and isinstance(data, Mapping):
        parts = [f"{key} {number_words(value)}" for key, value in data.items() if isinstance(value, int | float)]
        return f"{', '.join(parts)} {unit}".strip()
    if field.type == "rows" and isinstance(data, Sequence):
        return count_words(len(data), "row")
    if field.type == "facts" and isinstance(data, Mapping):
        return ", ".join(f"{name}: {said}" for name, said in data.items())
    if field.type == "languages" and isinstance(data, list | tuple):
        return ", ".join(language_words(str(tag)) for tag in data)
    if isinstance(data, list | tuple):
        return ", ".join(str(item) for item in data)
    if isinstance(data, int | float) and not isinstance(data, bool):
        return f"{number_words(data)} {unit}".strip()
    return safe_words(" ".join(str(data).split()))


def language_words(tag: str) -> str:
    """A language's name: "English", "Portuguese (Brazil)"; the tag itself where there is no name for it."""
    language = QLocale.codeToLanguage(tag.partition("-")[0])
    if language in (QLocale.Language.AnyLanguage, QLocale.Language.C):
        return safe_words(tag)
    name = QLocale.languageToString(language)
    rest = tag.partition("-")[2]
    territory = QLocale.codeToTerritory(rest) if len(rest) == 2 else QLocale.Country.AnyCountry
    if territory != QLocale.Country.AnyCountry:
        return f"{name} ({QLocale.territoryToString(territory)})"
    return f"{name} ({safe_words(rest)})" if rest else name


def day_words(moment: float) -> str:
    """The day of a moment: "12 Nov 2026"."""
    then = datetime.datetime.fromtimestamp(moment)
    return f"{then.day} {then:%b %Y}"


def provenance(value: Value, field: str = "", *, whole: bool = False) -> str:
    """Where a value is from, when, on which machine, from how many; of the computer that was measured, or as a `whole`,
    all else that tells how it was found, down to the command that does it again.
    """
    whole = whole or field == _RUN
    parts = [_SOURCES[value.source]]
    date = value.detail.get("date")
    if isinstance(date, str) and date:
        parts.append(_dated(date))
    elif value.at:
        parts.append(day_words(value.at))
    if told := lengths(value):
        parts.append(told)
    for key in _SAID if whole else _SHORT:
        said = value.detail.get(key)
        if said not in (None, ""):
            parts.append(
                f"n {number_words(said)}" if key == "n" and isinstance(said, int | float) else _said(key, said, whole)
            )
    return " · ".join(parts)


def _dated(text: str) -> str:
    try:
        return day_words(datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp())
    except ValueError:
        return safe_words(text)


def _said(key: str, said: object, whole: bool) -> str:
    if isinstance(said, Mapping):
        said = ", ".join(str(part) for part in said.values() if part not in (None, ""))
    words = safe_words(str(said))
    if len(words) > 80 and not whole:
        words = f"{words[:79]}…"
    return f"engine {words}" if key == "build" else words


def entry_mark(entry: CardEntry) -> tuple[str, str, str]:
    """A card's state for its pill: (words, kind, icon)."""
    if entry.state == "published":
        return ("Published", "ok", "circle-check") if not entry.stale else ("Published, stale", "warn", "clock")
    if entry.errors:
        return count_words(entry.errors, "error"), "bad", "circle-alert"
    return ("Draft", "mute", "pencil")


def entry_facts(entry: CardEntry) -> str:
    """What stands under a card's name."""
    parts = [KINDS[entry.kind], *([entry.orphan.rstrip(".")] if entry.orphan and entry.subject else [])]
    if entry.label and entry.label != entry.name:
        parts.append(safe_words(entry.label))
    parts.append(f"{entry.filled} of {entry.required} required")
    if entry.stale:
        parts.append(f"{entry.stale} stale")
    return " · ".join(parts)


def place_words(problem: Problem) -> str:
    """A problem with its place: "Line 12, column 5: …"."""
    if not problem.line or problem.message.lower().startswith("line "):
        return problem.message
    column_words = f", column {problem.column}" if problem.column else ""
    return f"Line {problem.line}{column_words}: {problem.message}"


def check_words(found: CheckReport) -> tuple[str, str, str, str]:
    """What a check found: a title, a text, the kind of banner, and the field to go to ("" for none, or SOURCE)."""
    errors = [problem for problem in found.problems if problem.severity == "error"]
    source = next((problem for problem in errors if problem.line), None)  # what the fields say stands on no line
    wrong = [problem for problem in errors if problem is not source]
    missing = found.completeness.missing
    parts = [place_words(source)] if source is not None else []
    if missing:
        parts.append(f"Missing: {', '.join(missing[:6])}{_and_more(len(missing) - 6)}.")
    parts += [f"{problem.message}" for problem in wrong[:3]]
    parts += [f"{BY_KEY[key].title} is stale: {sentence}" for key, sentence in found.stale[:3] if key in BY_KEY]
    if found.completeness.to_review:
        parts.append(f"Taken over and not checked: {', '.join(found.completeness.to_review)}.")
    hidden = sum(not leak.revealed for leak in found.leaks)
    if hidden:
        parts.append(f"{count_words(hidden, 'private place')} would be hidden in an export.")
    titles = {field.title: field.key for field in BY_KEY.values()}
    places = [*(p.field for p in wrong), *(titles[t] for t in missing if t in titles), *(key for key, _ in found.stale)]
    go = SOURCE if source is not None else next((place for place in places if place in BY_KEY), "")
    if found.ok:
        return "The card is complete and can be published.", " ".join(parts), "ok", ""
    counted = [
        "The source cannot be taken in" if source is not None else "",
        count_words(len(missing), "required field is missing", "required fields are missing") if missing else "",
        count_words(len(wrong), "error") if wrong else "",
        f"{count_words(len(found.stale), 'value is', 'values are')} stale" if found.stale else "",
    ]
    return f"{', '.join(filter(None, counted))}.", " ".join(parts), "bad" if errors else "warn", go


def _and_more(left: int) -> str:
    return f" and {left} more" if left > 0 else ""

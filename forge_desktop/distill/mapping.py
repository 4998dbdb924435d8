"""Which column of a file holds which part of a task: guessed from usual names, or as a person says."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Mapping, Sequence

from forge_desktop.base.errors import ForgeError
from forge_desktop.distill.records import NewTask

FIELDS: Mapping[str, tuple[str, ...]] = {
    "question": ("question", "instruction", "prompt", "input", "query", "task", "frage", "pregunta", "domanda"),
    "rules": ("rules", "rule", "constraints", "system", "guidelines"),
    "schema": ("response schema", "schema", "json schema", "output schema"),
    "expected": ("expected", "answer", "output", "expected output", "expected answer", "reference", "ground truth"),
    "draft": ("draft", "student draft", "student answer", "given draft"),
    "language": ("language", "lang"),
    "kind": ("kind", "category", "type"),
    "difficulty": ("difficulty", "level"),
}
_BESIDE_RULES = ("project state", "recent summary")  # the original system's; they belong to what the teacher is told
_LONGEST = 200_000  # characters of one part
_SHORT = 100  # characters of a language, kind, difficulty


def guess(columns: Sequence[str], given: Mapping[str, str] | None = None) -> dict[str, str]:
    """Field to column, joined by + where several make one. `given` goes first; an empty column leaves its field out.

    Raises ForgeError where `given` names what is not there, and where no column can be the question.
    """
    mapping: dict[str, str] = {}
    for field, column in (given or {}).items():
        if field not in FIELDS:
            raise ForgeError(f"A task has no field {field}.", hint=f"It has {', '.join(FIELDS)}.")
        for part in _parts(column, columns) if column else ():
            if part not in columns:
                raise ForgeError(f"The file has no column {part}.", hint=f"It has {_listed(columns)}.")
        mapping[field] = column
    taken = {part for column in mapping.values() for part in _parts(column, columns)}
    for field, names in FIELDS.items():
        if field not in mapping:
            found = [column for name in names for column in columns if _plain(column) == name and column not in taken]
            if field == "question":
                found = _question(found)
            elif field == "rules":
                found = found[:1] + [column for column in columns if _plain(column) in _BESIDE_RULES]
            else:
                found = found[:1]
            if found:
                mapping[field] = "+".join(found)
                taken.update(found)
    if not mapping.get("question"):
        raise ForgeError(
            f"No column of the file looks like a question: it has {_listed(columns) or 'none'}.",
            hint="Choose the column that holds the question; on the command line with --map question=COLUMN.",
        )
    return {field: column for field, column in mapping.items() if column}


def unused(columns: Sequence[str], mapping: Mapping[str, str]) -> tuple[str, ...]:
    """Columns that nothing is taken from."""
    taken = {part for column in mapping.values() for part in _parts(column, columns)}
    return tuple(column for column in columns if column not in taken)


def task(fields: Mapping[str, object], mapping: Mapping[str, str]) -> NewTask:
    """The task of a row. Raises ValueError with the reason where it is none."""
    parts = {field: _value(fields, column) for field, column in mapping.items()}
    question = parts.get("question", "").strip()
    if not any(unicodedata.category(character)[0] not in "ZC" for character in question):
        raise ValueError("its question is empty")
    for field, text in parts.items():
        most = _SHORT if field in ("language", "kind", "difficulty") else _LONGEST
        if len(text) > most:
            raise ValueError(f"its {field} has {len(text):,} characters, more than {most:,}")
    return NewTask(
        question,
        rules=parts.get("rules", "").strip(),
        schema=_schema(parts.get("schema", "")),
        expected=parts.get("expected", ""),
        draft=parts.get("draft", ""),
        language=parts.get("language", "").strip().casefold(),
        difficulty=parts.get("difficulty", "").strip(),
        kind=parts.get("kind", "").strip(),
    )


def _question(found: Sequence[str]) -> list[str]:
    """The best column; an instruction and its input belong together."""
    plain = [_plain(column) for column in found]
    if plain[:1] == ["instruction"] and "input" in plain:
        return [found[0], found[plain.index("input")]]
    return list(found[:1])


def _value(fields: Mapping[str, object], column: str) -> str:
    """The text of a column, or of several with a blank line between them."""
    names = _parts(column, tuple(fields))
    if len(names) == 1:
        return _text(fields.get(names[0]))
    texts = []
    for name in names:
        if text := _text(fields.get(name)).strip():
            label = f"{_plain(name).capitalize()}: " if _plain(name) in _BESIDE_RULES else ""
            texts.append(label + text)
    return "\n\n".join(texts)


def _text(value: object) -> str:
    """Text as it is; a list of texts as a list; anything else as JSON writes it, so that nothing changes its look."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, list) and value and all(isinstance(item, str) for item in value):
        return "\n".join(f"- {item}" for item in value)
    if isinstance(value, (dict, list)) and not value:
        return ""
    return json.dumps(value, ensure_ascii=False, sort_keys=True)


def _schema(text: str) -> str:
    if not text.strip():
        return ""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise ValueError("its response schema is no JSON object")
    return json.dumps(value, ensure_ascii=False, sort_keys=True)


def _parts(column: str, columns: Sequence[str]) -> tuple[str, ...]:
    """A column whose own name has a + is one column."""
    return (column,) if column in columns or "+" not in column else tuple(column.split("+"))


def _plain(column: str) -> str:
    return " ".join(column.casefold().replace("_", " ").replace("-", " ").split())


def _listed(columns: Sequence[str]) -> str:
    shown = ", ".join(columns[:20])
    return shown + (f" and {len(columns) - 20} more" if len(columns) > 20 else "")

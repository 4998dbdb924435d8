"""What a document of somebody else says beyond a card's fields: word for word in its text, and named by place."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from forge_desktop.cards.formats.properties import PREFIX, Properties
from forge_desktop.cards.records import Problem

_NOTHING: tuple[object, ...] = (None, "", [], {})


def text_for(name: str, form: str, rest: object, known: Properties) -> str:
    """A card's text: its own where Forge Desktop wrote the document, with what a document says beyond our fields."""
    if not known.are_ours:
        return _leftover(name, form, rest, known.rest)
    odd = _leftover(name, form, {}, [(key, text) for key, text in known.rest if key.startswith(PREFIX)])
    if not odd or not known.document:
        return known.document or odd
    return f"{known.document.rstrip()}\n\n{odd.partition(chr(10))[2].strip()}\n"


def _leftover(name: str, form: str, rest: object, properties: list[tuple[str, str]]) -> str:
    left = _pruned(rest)
    if properties:
        left = {**(left if isinstance(left, dict) else {}), "properties": _by_name(properties)}
    if not left:
        return ""
    told = json.dumps(left, indent=2, ensure_ascii=False)
    return f"# {name}\n\n## From the {form} document\n\n```json\n{told}\n```\n"


def _by_name(pairs: Sequence[tuple[str, str]]) -> dict[str, str | list[str]]:
    """Texts by name; several of one name as a list."""
    found: dict[str, list[str]] = {}
    for name, text in pairs:
        found.setdefault(name, []).append(text)
    return {name: texts[0] if len(texts) == 1 else texts for name, texts in found.items()}


def _pruned(held: Any) -> Any:
    """The same without what became empty when its parts were taken out."""
    if isinstance(held, dict):
        pruned = {name: _pruned(each) for name, each in held.items()}
        return {name: each for name, each in pruned.items() if each not in _NOTHING}
    if isinstance(held, list):
        return [each for each in map(_pruned, held) if each not in _NOTHING]
    return held


def places(held: object) -> Iterator[str]:
    """Where something is left, as "supplier.address.country"; of a list how much is left in it."""
    left = _pruned(held)
    for name, each in left.items() if isinstance(left, dict) else ():
        if isinstance(each, dict):
            yield from (f"{name}.{place}" for place in places(each))
        else:
            yield f"{name} ({len(each)})" if isinstance(each, list) else str(name)


def unplaced(found: Sequence[str], properties: Sequence[tuple[str, str]]) -> list[Problem]:
    """One sentence that names all of it."""
    named = [*found, *([f"properties ({len(properties)})"] if properties else [])]
    said = f"A card has no field for these parts of the document, so they stay in its text: {', '.join(named)}."
    return [Problem("", said, "warning")] if named else []


def as_one(texts: list[str]) -> str:
    """Several texts as a Markdown list, one as it is."""
    return texts[0] if len(texts) == 1 else "\n".join(f"- {each}" for each in texts)


def list_of(held: Mapping[str, Any], name: str) -> list[Any]:
    """What stands under a name as a list, empty where it is none."""
    found = held.get(name)
    return found if isinstance(found, list) else []


def kept(field: str, sentences: Iterable[str]) -> list[Problem]:
    """Why something of a field was not taken: each with where it is now."""
    return [Problem(field, f"{sentence} It stays in the text.", "warning") for sentence in sentences]

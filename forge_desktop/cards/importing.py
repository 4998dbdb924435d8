"""Brings in a card that somebody else wrote: a README.md, a folder of the hub, our JSON, CycloneDX, SPDX."""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, get_args

from forge_desktop.base.errors import ForgeError
from forge_desktop.cards.foreign import ForeignCard
from forge_desktop.cards.markdown import BadCardText, ReadText, read, read_eval_results, write
from forge_desktop.cards.markdown.front import LARGEST
from forge_desktop.cards.opening import bytes_of
from forge_desktop.cards.reading import read_json
from forge_desktop.cards.records import Card, Kind, Value

if TYPE_CHECKING:
    from forge_desktop.base.jobs import JobContext
    from forge_desktop.cards import Cards

KINDS: tuple[Kind, ...] = get_args(Kind)
RESULTS = ".eval_results"
_JSON = (".json", ".jsonld")
_NAMES = ("readme.md", "card.md", "card.json", "card.cdx.json", "card.spdx.json")
_EMBEDDING = ("feature-extraction", "sentence-similarity", "text-ranking")


@dataclass(frozen=True)
class _Found:
    """What lies at a path. `text` is Markdown that cannot be read as a card, "" where it could."""

    card: ForeignCard
    text: str = ""


def bring_in(cards: Cards, ctx: JobContext, path: Path, kind: str, subject: str) -> Card:
    """Read what lies there and make a card of it, or take it into the card of a version or endpoint.

    A text that cannot be read becomes a card all the same: it waits there to be mended. Raises ForgeError.
    """
    there = _subject_card(cards, subject)
    wanted = there.kind if there is not None else _kind(kind)
    found = _read(path, wanted)
    ctx.check()
    said = found.card
    if there is None:
        card = cards.new(said.kind, _free(cards, _short(said.name, path)), subject=subject)
    elif found.text:
        raise ForgeError(
            f"{path.name} cannot be read as a card, so the card of {there.name} stays as it is.",
            hint="Bring it in as a card of its own, mend it there, and then take it over.",
        )
    else:
        card = there
    if found.text:
        cards.set_text(card.uid, found.text)
        return cards.get(card.uid)
    refused = cards.adopt(
        card.uid,
        said.values,
        not_applicable=said.not_applicable,
        document=said.document or None,
        note=f"Before {path.name} was brought in.",
    )
    if refused and there is None and said.document:
        _name_refused(cards, card.uid)
    return cards.get(card.uid)


def _free(cards: Cards, name: str) -> str:
    """The name to begin with: a card that was brought in twice is told from the first one."""
    taken = {each.casefold() for entry in cards.entries() for each in (entry.name, entry.label)}
    taken |= {name.casefold()} if re.fullmatch(r"[vV]\d+", name) else set()  # only a version is called so
    names = (name if n == 1 else f"{name[:190]} ({n})" for n in itertools.count(1))
    return next(each for each in names if each.casefold() not in taken)


def _name_refused(cards: Cards, uid: str) -> None:
    """What cannot be a value of ours stands in the text: there it is named, and can be mended."""
    card = cards.get(uid)
    cards.set_text(uid, cards.markdown(uid), since=write(replace(card, document="")))


def _subject_card(cards: Cards, subject: str) -> Card | None:
    """The card of what it is about, where that has one (it has, unless it is new)."""
    if not subject:
        return None
    return next((cards.get(entry.uid) for entry in cards.entries() if subject in (entry.subject, entry.uid)), None)


def _kind(kind: str) -> Kind | None:
    if kind and kind not in KINDS:
        raise ForgeError(f"There is no kind of card called {kind}.", hint=f"There are {', '.join(KINDS)}.")
    return next((each for each in KINDS if each == kind), None)


def _read(path: Path, kind: Kind | None) -> _Found:
    if path.is_dir():
        return _folder(path, kind)
    if path.suffix.casefold() in _JSON:
        said = read_json(bytes_of(path))
        return _Found(said if kind is None else replace(said, kind=kind))
    if path.suffix.casefold() in (".yaml", ".yml"):
        rows = read_eval_results({path.name: _text(path)})
        return _Found(ForeignCard("results", kind or "student", path.stem, {"evaluation": _word(rows)}))
    return _markdown(_text(path), kind, path.parent.name if path.stem.casefold() == "readme" else path.stem, {})


def _folder(path: Path, kind: Kind | None) -> _Found:
    """A folder as the hub has it: the text, and the results beside it."""
    files = {entry.name.casefold(): entry for entry in path.iterdir() if entry.is_file()}
    results = path / RESULTS
    texts = {}
    if results.is_dir():
        there = sorted(file for file in results.iterdir() if file.suffix.casefold() in (".yaml", ".yml"))
        texts = {f"{RESULTS}/{file.name}": _text(file) for file in there}
    main = next((files[name] for name in _NAMES if name in files), None)
    if main is None and not texts:
        raise ForgeError(
            f"There is no card in {path.name}.", hint=f"A folder holds README.md, card.json or {RESULTS}/*.yaml."
        )
    if main is not None and main.suffix.casefold() == ".md":
        return _markdown(_text(main), kind, path.name, texts)
    found = _read(main, kind) if main is not None else _Found(ForeignCard("results", kind or "student", path.name))
    values = _withread_eval_results(found.card.values, read_eval_results(texts))
    return _Found(replace(found.card, values=values))


def _markdown(text: str, kind: Kind | None, name: str, results: Mapping[str, str]) -> _Found:
    try:
        found = kind or guessed(text)
        said = read(text, found)
    except BadCardText:
        return _Found(ForeignCard("markdown", kind or "student", name, document=text), text)
    values = {key: Value(data, unit, source="import") for key, (data, unit) in said.values.items()}
    values = _withread_eval_results(values, read_eval_results(results))
    named = said.values.get("name", (name, ""))[0]
    return _Found(ForeignCard("markdown", found, str(named), values, dict(said.not_applicable), text))


def guessed(text: str) -> Kind:
    """What a text is a card of: the kind whose fields it says most of, with the hub's own hints."""
    said = {kind: read(text, kind) for kind in KINDS}
    scores = {kind: len(found.values) + _hint(kind, found) for kind, found in said.items()}
    return max(KINDS, key=lambda kind: (scores[kind], -KINDS.index(kind)))


def _hint(kind: Kind, said: ReadText) -> int:
    relation, task = (said.values.get(key, ("", ""))[0] for key in ("base_relation", "task"))
    tags = said.values.get("tags", ([], ""))[0]
    words = {str(tag).casefold() for tag in tags} if isinstance(tags, list) else set()
    library = str(said.keys.get("library_name", "")).casefold()
    if kind == "adapter":
        return 100 if relation == "adapter" or library == "peft" or words & {"lora", "peft", "adapter"} else -2
    if kind == "embedder":
        return 100 if task in _EMBEDDING or library == "sentence-transformers" else -5
    if kind == "teacher":
        return 10 if {"price_input", "price_output", "may_train"} & set(said.values) else -5
    return 0


def _withread_eval_results(values: Mapping[str, Value], rows: list[dict[str, object]]) -> dict[str, Value]:
    """The values, with the results that they do not have yet behind those they have."""
    if not rows:
        return dict(values)
    held = values["evaluation"].data if "evaluation" in values else []
    there = [row for row in held if isinstance(row, dict)] if isinstance(held, list) else []
    seen = {repr([row.get(name) for name in ("dataset", "metric", "value")]) for row in there}
    new = [row for row in rows if repr([row.get(name) for name in ("dataset", "metric", "value")]) not in seen]
    return {**values, "evaluation": _word([*there, *new])}


def _word(rows: list[dict[str, object]]) -> Value:
    return Value(rows, source="import")


def _text(path: Path) -> str:
    """A file's text, with its line ends and its byte order mark. Raises ForgeError where it is no UTF-8."""
    data = bytes_of(path)
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        start = data.rfind(b"\n", 0, error.start) + 1
        column = len(data[start : error.start].decode("utf-8", "replace")) + 1
        raise BadCardText(
            f"{path.name} is no UTF-8, it holds the byte 0x{data[error.start]:02X} there.",
            line,
            column,
            hint="Save the file as UTF-8 and bring it in again; it stays as it is.",
        ) from None
    if len(text) > LARGEST:
        raise ForgeError(
            f"{path.name} has {len(text):,} characters, and a card has at most {LARGEST:,}.",
            hint="Keep long data in a file of its own and name it in the card.",
        )
    return text


def _short(name: str, path: Path) -> str:
    """A name that a card may have."""
    return " ".join(name.split())[:200] or path.stem or "A card"

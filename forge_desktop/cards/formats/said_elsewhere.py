"""What a file or a folder that somebody else wrote says of a model, in whichever of the forms it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import get_args

from forge_desktop.base.errors import ForgeError
from forge_desktop.cards import from_files, told_stale
from forge_desktop.cards.formats.files import begins_as_json, bytes_of, refuse_elsewhere, text_of
from forge_desktop.cards.formats.foreign import ForeignCard
from forge_desktop.cards.formats.reading import read_json
from forge_desktop.cards.markdown import BadCardText, ReadText, read_eval_results
from forge_desktop.cards.markdown import read as read_text
from forge_desktop.cards.records import Kind, Problem, Value
from forge_desktop.cards.told_beside import joined, parted

KINDS: tuple[Kind, ...] = get_args(Kind)
RESULTS = ".eval_results"
_KNOWN = (".md", ".markdown", ".yaml", ".yml")  # of any other ending the content tells
_JSON = (".json", ".jsonld")
_YAML = (".yaml", ".yml")
_NAMES = ("readme.md", "card.md", "card.json", "card.cdx.json", "card.spdx.json")
_EMBEDDING = ("feature-extraction", "sentence-similarity", "text-ranking")
_SURE = 10  # of the hub's own hints: as good as said


def read(path: Path, kind: Kind | None) -> ForeignCard:
    """What lies at a path, as a card of this kind; without one it is what the file says, or guessed. Markdown that
    cannot be read is `broken`. Raises ForgeError for what is no card at all.
    """
    if path.is_dir():
        return _folder(path, kind)
    if path.suffix.casefold() in _JSON or (path.suffix.casefold() not in _KNOWN and begins_as_json(path)):
        said = read_json(bytes_of(path))
        return said if kind is None else replace(said, kind=kind)
    if path.suffix.casefold() in _YAML:
        rows = read_eval_results({path.name: text_of(path)})
        return ForeignCard("results", kind or "student", path.stem, {"evaluation": _word(rows)} if rows else {})
    return markdown_of(text_of(path), kind, path.parent.name if path.stem.casefold() == "readme" else path.stem)


def kind_of(kind: str) -> Kind | None:
    """A kind by its name, None for "". Raises ForgeError."""
    if kind and kind not in KINDS:
        raise ForgeError(f"There is no kind of card called {kind}.", hint=f"There are {', '.join(KINDS)}.")
    return next((each for each in KINDS if each == kind), None)


def _folder(path: Path, kind: Kind | None) -> ForeignCard:
    """A folder as the hub has it: the text, and the results beside it. One bad file of those does not cost the text."""
    files = {entry.name.casefold(): entry for entry in _entries(path)}
    main = next((files[name] for name in _NAMES if name in files), None)
    results = sorted(file for file in _entries(path / RESULTS) if file.suffix.casefold() in _YAML)
    if main is None and not results:
        raise ForgeError(
            f"There is no card in {path.name}.", hint=f"A folder holds README.md, card.json or {RESULTS}/*.yaml."
        )
    if main is None:
        found = ForeignCard("results", kind or "student", path.name)
    else:
        refuse_elsewhere(main, path)
        found = read(main, kind) if main.suffix.casefold() != ".md" else markdown_of(text_of(main), kind, path.name)
    rows, problems = _rows(results, path, alone=main is None)
    return replace(found, values=_with_rows(found.values, rows), problems=(*found.problems, *problems))


def _entries(path: Path) -> list[Path]:
    try:
        return sorted(path.iterdir()) if path.is_dir() else []
    except OSError as error:
        raise ForgeError(f"{path.name} cannot be read: {error.strerror or error}.", hint="Check the path.") from None


def _rows(files: list[Path], folder: Path, *, alone: bool) -> tuple[list[dict[str, object]], list[Problem]]:
    """The rows of files of results, and a sentence for each that is none; where they are `alone`, that is raised."""
    rows: list[dict[str, object]] = []
    problems = []
    for file in files:
        try:
            refuse_elsewhere(file, folder)
            rows += read_eval_results({f"{RESULTS}/{file.name}": text_of(file)})
        except ForgeError as error:
            if alone:
                raise
            named = error.message if file.name in error.message else f"{file.name}: {error.message}"
            at = (error.line, error.column) if isinstance(error, BadCardText) else (0, 0)
            problems.append(Problem("evaluation", f"{named} It was left out.", "warning", *at))
    return rows, problems


def markdown_of(text: str, kind: Kind | None, name: str) -> ForeignCard:
    """What a card's text says; `name` is what it is called where it does not say so itself."""
    try:
        guess, sure = guessed_well(text)
        found = kind or guess
        said = read_text(text, found)
    except BadCardText:
        return ForeignCard("markdown", kind or "student", name, broken=text)
    values = {
        key: told_stale.marked(Value(data, unit, source="import"), said.stale.get(key, ""))
        for key, (data, unit) in said.values.items()
    }
    named = str(said.values.get("name", (name, ""))[0])
    told = guess if sure else None
    return ForeignCard(
        "markdown", found, named, values, dict(said.not_applicable), text, told_kind=told, places=said.places
    )


def guessed(text: str) -> Kind:
    """What a text is a card of: the kind whose fields it says most of, with the hub's own hints."""
    return guessed_well(text)[0]


def guessed_well(text: str) -> tuple[Kind, bool]:
    """The same, and whether a hint says so."""
    said = {kind: read_text(text, kind) for kind in KINDS}
    hints = {kind: _hint(kind, found) for kind, found in said.items()}
    scores = {kind: len(found.values) + hints[kind] for kind, found in said.items()}
    best = max(KINDS, key=lambda kind: (scores[kind], -KINDS.index(kind)))
    return best, hints[best] >= _SURE


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


def _with_rows(values: Mapping[str, Value], rows: list[dict[str, object]]) -> dict[str, Value]:
    """The values, with the results that they do not have yet behind those they have."""
    if not rows:
        return dict(values)
    held = values["evaluation"].data if "evaluation" in values else []
    there = [row for row in held if isinstance(row, dict)] if isinstance(held, list) else []
    more = {_which(row): parted(row.get("config"))[1] for row in rows}
    seen = {_which(row) for row in there}
    new = [row for row in rows if _which(row) not in seen]
    there = [_with_rest(row, more.get(_which(row), {})) for row in there]
    had = values["evaluation"].stale if "evaluation" in values else ""
    return {**values, "evaluation": from_files.marked(told_stale.marked(_word([*there, *new]), had), new)}


def _which(row: Mapping[str, object]) -> str:
    return repr([row.get(name) for name in ("dataset", "metric", "value")])


def _with_rest(row: dict[str, object], rest: Mapping[str, object]) -> dict[str, object]:
    """A result of the text with what the file beside it alone says of it."""
    words, own = parted(row.get("config"))
    return {**row, "config": joined(words, rest)} if rest and not own else row


def _word(rows: list[dict[str, object]]) -> Value:
    return Value(rows, source="import")

"""Rows out of JSON, JSON Lines and plain lines, piece by piece, each with the line it begins on."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import IO

from forge_desktop.corpus.parsers.decoding import mend

LONGEST = 16_000_000  # characters of one line, or of one element of a list
_LONGEST_OBJECT = 256_000_000  # of one object that the whole file is
_TOO_LONG = f"it is longer than {LONGEST:,} characters"
_TOO_DEEP = "it is nested too deeply"
_PIECE = 1 << 20
_LISTS = ("tasks", "pairs", "data", "items", "questions", "rows", "examples", "records")


@dataclass(frozen=True)
class Row:
    """What stands on a line."""

    line: int
    fields: Mapping[str, object]


@dataclass(frozen=True)
class BadRow:
    """A line that holds no row, and why. `last`: nothing after it can be read."""

    line: int
    reason: str
    last: bool = False


def json_lines(text: IO[str]) -> Iterator[Row | BadRow]:
    """A value a line."""
    for number, line in _lines(text):
        if line is None:
            yield BadRow(number, _TOO_LONG)
            continue
        if not line.strip():
            continue
        try:
            yield _row(number, read_json(line))
        except ValueError as error:
            yield BadRow(number, f"it cannot be read as JSON ({error})")


def plain_lines(text: IO[str]) -> Iterator[Row | BadRow]:
    """A question a line."""
    for number, line in _lines(text):
        if line is None:
            yield BadRow(number, _TOO_LONG)
        elif line.strip():
            yield Row(number, {"question": mend(line.strip())})


def _lines(text: IO[str]) -> Iterator[tuple[int, str | None]]:
    """Every line by its number; None for one that is too long, which is passed over piece by piece."""
    number = 0
    while line := text.readline(LONGEST + 2):
        number += 1
        if len(line) <= LONGEST or len(line.rstrip("\r\n")) <= LONGEST:
            yield number, line
            continue
        del line
        yield number, None
        while (rest := text.readline(_PIECE)) and not rest.endswith(("\n", "\r")):
            pass


def json_values(text: IO[str]) -> Iterator[Row | BadRow]:
    """The elements of an array, of the one array in an object, or values that just follow each other."""
    window = _Window(text)
    try:
        if window.skip("") == "[":
            window.place += 1
            yield from _elements(window)
        else:
            yield from _following(window)
    except (ValueError, RecursionError) as error:
        why = error.msg if isinstance(error, json.JSONDecodeError) else str(error)
        why = _TOO_DEEP if isinstance(error, RecursionError) else why
        yield BadRow(window.line, f"it cannot be read as JSON ({why}); nothing from here on was read", last=True)


def read_json(text: str) -> object:
    """A JSON value with mended text; ValueError with a short reason for everything that is none."""
    try:
        return _mended(json.loads(text, parse_constant=_refuse, object_pairs_hook=_once))
    except json.JSONDecodeError as error:
        raise ValueError(f"{error.msg} at column {error.pos + 1}") from error
    except RecursionError as error:
        raise ValueError(_TOO_DEEP) from error


def _elements(window: _Window) -> Iterator[Row | BadRow]:
    while (mark := window.skip(",")) != "]":
        if not mark:
            yield BadRow(window.line, "the list is never closed: the file was cut off here", last=True)
            return
        line = window.line
        yield _row(line, window.value())


def _following(window: _Window) -> Iterator[Row | BadRow]:
    if not window.skip(""):
        return
    line, value = window.line, window.value(_LONGEST_OBJECT)
    if not window.skip("") and isinstance(value, dict):
        lists = [value[name] for name in _LISTS if isinstance(value.get(name), list)]
        rows = list(enumerate(lists[0], 1)) if len(lists) == 1 else [(line, value)]
        yield from (_row(n, item) for n, item in rows)
        return
    yield _row(line, value)
    while window.skip(""):
        line = window.line
        yield _row(line, window.value())


def _row(line: int, value: object) -> Row | BadRow:
    if isinstance(value, str):
        return Row(line, {"question": value})
    if isinstance(value, dict):
        return Row(line, value)
    return BadRow(line, "it is JSON, but no object")


def _refuse(name: str) -> None:
    raise ValueError(f"{name} is no JSON value")


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """An object whose keys are there once: of two values nobody knows which was meant."""
    names = [name for name, _ in pairs]
    if len(set(names)) < len(names):
        raise ValueError(f"the key {next(name for name in names if names.count(name) > 1)!r} is there twice")
    return dict(pairs)


def _mended(value: object) -> object:
    if isinstance(value, str):
        return mend(value)
    if isinstance(value, list):
        return [_mended(item) for item in value]
    if isinstance(value, dict):
        return {mend(name): _mended(item) for name, item in value.items()}
    return value


class _Window:
    """A piece of a long text that moves on, so that a JSON file need not be held whole."""

    def __init__(self, text: IO[str]) -> None:
        self._text = text
        self._ended = False
        self._held, self.place, self.line = "", 0, 1
        self._decoder = json.JSONDecoder(parse_constant=_refuse, object_pairs_hook=_once)

    def skip(self, characters: str) -> str:
        """Go past blanks and these characters; the next character, "" at the end."""
        while True:
            while self.place < len(self._held):
                if not self._held[self.place].isspace() and self._held[self.place] not in characters:
                    return self._held[self.place]
                self.line += self._held[self.place] == "\n"
                self.place += 1
            if not self._more():
                return ""

    def value(self, longest: int = LONGEST) -> object:
        """The value that begins here. Raises ValueError where there is none, or one that is too long."""
        while True:
            try:
                value, end = self._decoder.raw_decode(self._held, self.place)
            except json.JSONDecodeError:
                if len(self._held) - self.place > longest:
                    raise ValueError(f"it is longer than {longest:,} characters") from None
                if not self._more(longest):
                    raise
                continue
            if end == len(self._held) and self._more():  # a number may go on
                continue
            self.line += self._held.count("\n", self.place, end)
            self.place = end
            return _mended(value)

    def _more(self, longest: int = LONGEST) -> bool:
        """Hold twice as much, so that a long value is not read over and over, but hardly more than the longest."""
        if self._ended:
            return False
        rest = self._held[self.place :]
        piece = self._text.read(max(_PIECE, min(len(rest), longest - len(rest))))
        self._held, self.place, self._ended = rest + piece, 0, not piece
        return bool(piece)

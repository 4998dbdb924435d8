"""Reads files of JSON objects that others wrote, one a line or in one list, strictly, and says what is wrong where."""

from __future__ import annotations

import codecs
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

from forge_desktop.base.errors import ForgeError

LONGEST = 16 << 20  # bytes of a line
_LARGEST_LIST = 512 << 20  # bytes of a file that holds one list: it is read at once


class BadLine(Exception):  # noqa: N818 - a finding, told with its line
    """Why a line cannot be taken, as a sentence."""


class Line(NamedTuple):
    """A line (from 1; of a list: its place) with its object, or with what is wrong with it."""

    number: int
    value: dict[str, Any] | None
    problem: str = ""


def read_objects(file: Path) -> Iterator[Line]:
    """Every object of a file, in order; empty lines are left out. A byte order mark and CRLF are fine.

    Raises ForgeError when the file cannot be read, or holds one list that is not JSON.
    """
    try:
        with open(file, "rb") as stream:
            start = stream.read(len(codecs.BOM_UTF8))
            stream.seek(len(start) if start == codecs.BOM_UTF8 else 0)
            begin = stream.tell()
            first = stream.read(64).lstrip()[:1]
            stream.seek(begin)
            if first == b"[":
                yield from _listed(file, stream.read(_LARGEST_LIST + 1))
                return
            number = 0
            while line := stream.readline(LONGEST + 1):
                number += 1
                if len(line) > LONGEST:
                    while line and not line.endswith(b"\n"):
                        line = stream.readline(LONGEST)
                    yield Line(number, None, f"It is longer than {LONGEST >> 20} MB.")
                elif line.strip():
                    yield _read(number, line)
    except OSError as error:
        raise ForgeError(f"{file} cannot be read: {error.strerror or error}.", hint="Choose another file.") from error


def read_object(line: bytes | str) -> dict[str, Any]:
    """One JSON object. Raises BadLine with a sentence: no NaN, no key twice, no half characters."""
    value = _parsed(line)
    if not isinstance(value, dict):
        raise BadLine("It is no JSON object.")
    return value


def _read(number: int, line: bytes) -> Line:
    try:
        return Line(number, read_object(line))
    except BadLine as bad:
        return Line(number, None, str(bad))


def _listed(file: Path, body: bytes) -> Iterator[Line]:
    if len(body) > _LARGEST_LIST:
        raise ForgeError(
            f"{file} is one list of more than {_LARGEST_LIST >> 20} MB.", hint="Write it as JSON Lines, one object a line."
        )
    try:
        rows = _parsed(body)
    except BadLine as bad:
        raise ForgeError(f"{file} cannot be read. {bad}", hint="It should be JSON Lines, or one JSON list.") from bad
    for number, row in enumerate(rows if isinstance(rows, list) else [rows], 1):
        yield Line(number, row) if isinstance(row, dict) else Line(number, None, "It is no JSON object.")


def _parsed(line: bytes | str) -> Any:
    try:
        text = line.decode("utf-8") if isinstance(line, bytes) else line
        value = json.loads(text, object_pairs_hook=_once, parse_constant=_no_number)
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    except UnicodeDecodeError as error:
        raise BadLine(f"It is not UTF-8 (byte {error.start + 1:,}).") from error
    except UnicodeEncodeError as error:
        raise BadLine("It holds half a character (a lone surrogate).") from error
    except RecursionError as error:
        raise BadLine("It is nested too deeply.") from error
    except ValueError as error:
        raise BadLine(f"It is no JSON: {error}.") from error
    return value


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise BadLine(f"It has the key {twice!r} twice.")
    return found


def _no_number(name: str) -> NoReturn:
    raise BadLine(f"{name} is no number.")

"""Reads files of rows piece by piece: CSV, TSV, JSON, JSON Lines and plain lines."""

from __future__ import annotations

import codecs
import contextlib
import csv
import io
import stat
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import IO, Any

from forge_desktop.base.errors import ForgeError
from forge_desktop.corpus.parsers import Unreadable
from forge_desktop.corpus.parsers.decoding import decode, mend
from forge_desktop.distill.json_rows import LONGEST, BadRow, Row, json_lines, json_values, plain_lines

FORMATS = {
    ".csv": "csv",
    ".tsv": "tsv",
    ".tab": "tsv",
    ".json": "json",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".txt": "lines",
}
_OLD_ENCODING = 512_000_000  # bytes; a file that is not UTF-8 is decoded as a whole
_PIECE = 1 << 20


class RowFile:
    """A file that can be gone through from the start, several times. Raises ForgeError where nothing can be read."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.format = FORMATS.get(path.suffix.casefold(), "")
        if not self.format:
            raise ForgeError(
                f"{path.name} is no file of tasks that can be read.",
                hint="CSV, TSV, JSON, JSON Lines and plain text (a question a line) can.",
            )
        self.notes: tuple[str, ...] = ()
        self._read: IO[str] | None = None
        with _worded(path):
            status = path.stat()
            if not stat.S_ISREG(status.st_mode):
                raise ForgeError(f"{path} is no regular file.", hint="Give a file with tasks or pairs in it.")
            self._size = status.st_size
            self._text = self._decoded()

    def columns(self, look_at: int | None = None) -> tuple[str, ...]:
        """The names of the fields: the header of a table, else those of the first rows, or of all (None)."""
        found: dict[str, None] = {}
        for n, row in enumerate(self.rows()):
            if isinstance(row, Row):
                found.update(dict.fromkeys(row.fields))
            if n == look_at or (found and self.format in ("csv", "tsv", "lines")):
                break
        if not found and self.format in ("csv", "tsv"):
            with self._opened() as text:
                found = dict.fromkeys(next(csv.reader(text, **self._dialect()), []))
        return tuple(found)

    def rows(self) -> Iterator[Row | BadRow]:
        """Every row in order, and in its place what is none."""
        readers: Mapping[str, Callable[[IO[str]], Iterator[Row | BadRow]]] = {
            "csv": self._table,
            "tsv": self._table,
            "json": json_values,
            "jsonl": json_lines,
            "lines": plain_lines,
        }
        with _worded(self.path), self._opened() as text:
            self._read = text
            yield from readers[self.format](text)

    def share(self) -> float:
        """How much of it `rows` has gone through, from 0 to 1."""
        file = self._read
        if file is None or file.closed or not self._size:
            return 0.0
        if isinstance(file, io.TextIOWrapper):  # its own tell() is barred while lines are taken
            return float(min(1.0, file.buffer.tell() / self._size))
        return file.tell() / max(1, len(self._text or ""))

    # ---- text ----

    def _decoded(self) -> str | None:
        """None where the file is UTF-8 and is read as it goes; else all of its text."""
        decoder = codecs.getincrementaldecoder("utf-8")()
        with open(self.path, "rb") as file:
            first = file.read(_PIECE)
            if b"\0" not in first:
                piece = first
                try:
                    while piece:
                        decoder.decode(piece)
                        piece = file.read(_PIECE)
                    decoder.decode(b"", final=True)
                    return None
                except UnicodeDecodeError:
                    pass
        if self._size > _OLD_ENCODING:
            raise ForgeError(f"{self.path.name} is not UTF-8 and too large to guess.", hint="Save it as UTF-8.")
        text = decode(self.path.read_bytes())
        if replaced := text.count("\ufffd"):
            self.notes = (f"{replaced:,} characters of the file could not be read; \ufffd stands in their place.",)
        else:
            self.notes = (
                "The file is not UTF-8; its encoding was guessed from its contents: look at a few questions.",
            )
        return text

    def _opened(self) -> IO[str]:
        if self._text is not None:
            return io.StringIO(self._text, newline="")
        return open(self.path, encoding="utf-8-sig", newline="")

    # ---- tables ----

    def _dialect(self) -> dict[str, Any]:
        with self._opened() as text:
            first = text.readline(_PIECE)
        marks = "\t" if self.format == "tsv" else ",;\t|"
        return {"delimiter": max(marks, key=first.count), "strict": True}

    def _table(self, text: IO[str]) -> Iterator[Row | BadRow]:
        csv.field_size_limit(LONGEST)  # of one value; the module's own 131,072 are too few for long answers
        reader = csv.reader(text, **self._dialect())
        header = self._header(reader)
        while True:
            line = reader.line_num + 1
            try:
                values = next(reader, None)
            except csv.Error as error:
                ended = "unexpected end" in str(error)
                yield BadRow(line, _of_table(str(error), reader.line_num - line + 1), last=ended)
                continue
            if values is None:
                return
            if not any(value.strip() for value in values):
                continue
            if len(values) > len(header):
                yield BadRow(line, f"it has {len(values)} values for {len(header)} columns")
                continue
            yield Row(line, dict(zip(header, map(mend, values), strict=False)))

    def _header(self, reader: Any) -> list[str]:
        try:
            header = [name.strip() for name in next(reader, [])]
        except csv.Error as error:
            raise ForgeError(f"The first line of {self.path.name} cannot be read: {error}.") from error
        twice = sorted({name for name in header if name and header.count(name) > 1})
        if twice:
            raise ForgeError(f"The column {twice[0]} is there twice in {self.path.name}.", hint="Rename one of them.")
        return [name or f"column {n}" for n, name in enumerate(header, 1)]


def _of_table(error: str, lines: int) -> str:
    if "unexpected end" in error:
        return f"a quotation mark is never closed; the {lines:,} lines from here to the end were not read"
    if "field larger" in error:
        return f"a value is longer than {LONGEST:,} characters"
    return f"its quotation marks are not in order ({error})"


@contextlib.contextmanager
def _worded(path: Path) -> Iterator[None]:
    """Turns what the system and the decoder say into sentences."""
    try:
        yield
    except OSError as error:
        raise ForgeError(f"{path} cannot be read: {error.strerror or error}.") from error
    except Unreadable as error:
        raise ForgeError(f"{path.name} cannot be read. {error}") from error

"""Writes the files of an export: complete under their final names or not there at all."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import IO

from forge_desktop.archive.records import ExportedFile
from forge_desktop.base.errors import ForgeError
from forge_desktop.base.paths import shown_paths, write_atomically

MANIFEST = "manifest.json"
FORMAT = "forge-export"
FORMAT_VERSION = 1

_BUFFER = 1 << 20


class ExportFolder:
    """A directory being filled. Used as a context: when the block raises, every file written so far is removed.

    Raises ForgeError when the directory holds anything already, and when it cannot be written or the disk is full.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._written: list[Path] = []
        self._made = False

    def __enter__(self) -> ExportFolder:
        with self._worded():
            if self._directory.exists() and not self._directory.is_dir():
                raise ForgeError(
                    f"{self._directory} is a file, not a directory; nothing was written.",
                    hint="Choose a new or an empty directory.",
                )
            self._made = not self._directory.exists()
            self._directory.mkdir(parents=True, exist_ok=True)
            if any(self._directory.iterdir()):
                raise ForgeError(
                    f"The directory {self._directory} is not empty; nothing was written.",
                    hint="Choose a new or an empty one: an export never replaces other files.",
                )
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if kind is None:
            return
        with contextlib.suppress(OSError):  # it is the first error that matters
            for path in self._written:
                path.unlink(missing_ok=True)
            if self._made:
                self._directory.rmdir()

    def write_rows(self, name: str, rows: Iterable[Mapping[str, object]]) -> ExportedFile:
        """Write `rows` as JSON Lines: UTF-8, one object a line."""
        count = 0
        with self._file(name) as stream:
            for row in rows:
                stream.write(json_line(row))
                count += 1
        return self._entry(name, count)

    def write_lines(self, name: str, lines: Iterable[bytes]) -> ExportedFile:
        """Write lines as they are, each with its end."""
        count = 0
        with self._file(name) as stream:
            for line in lines:
                stream.write(line)
                count += 1
        return self._entry(name, count)

    def write_vectors(self, name: str, ids: Iterable[int], vectors: Iterable[tuple[int, bytes]]) -> ExportedFile:
        """Write vectors of signed bytes as one .npy array with a row for each of `ids`, in that order.

        `vectors` come in the same order; an id without one gets a row of zeros.
        """
        import numpy as np

        wanted, given = list(ids), iter(vectors)
        known, body = next(given, (None, b""))
        blank = bytes(len(body))
        with self._file(name) as stream:
            shape = {"descr": "|i1", "fortran_order": False, "shape": (len(wanted), len(blank))}
            np.lib.format.write_array_header_1_0(stream, shape)
            for one in wanted:
                if one == known:
                    stream.write(body)
                    known, body = next(given, (None, b""))
                else:
                    stream.write(blank)
        return self._entry(name, len(wanted))

    @contextlib.contextmanager
    def _file(self, name: str) -> Iterator[IO[bytes]]:
        """A new file that gets its name only when it is complete and on the disk."""
        final = self._directory / name
        temporary = self._directory / f".{name}.part"
        self._written += [temporary, final]
        with self._worded():
            with open(temporary, "xb+", buffering=_BUFFER, opener=_private) as stream:
                yield stream
                stream.flush()
                os.fsync(stream.fileno())
            os.replace(temporary, final)

    def _entry(self, name: str, rows: int) -> ExportedFile:
        with self._worded(), open(self._directory / name, "rb") as stream:
            return ExportedFile(name, rows, hashlib.file_digest(stream, "sha256").hexdigest())

    def finish(self, files: list[ExportedFile], facts: Mapping[str, object]) -> None:
        """Write the manifest, last: an export without one is not complete."""
        manifest = {
            "format": FORMAT,
            "format_version": FORMAT_VERSION,
            **facts,
            "files": [{"name": file.name, "rows": file.rows, "sha256": file.sha256} for file in files],
        }
        final = self._directory / MANIFEST
        with self._worded():
            self._written.append(final)
            write_atomically(final, json.dumps(manifest, indent=2, ensure_ascii=False).encode() + b"\n")
            _sync_directory(self._directory)

    @contextlib.contextmanager
    def _worded(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise ForgeError(
                f"The export into {self._directory} failed: {error.strerror or error}. Nothing of it was kept.",
                hint="Free some space or choose another directory, then try again.",
            ) from error


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)  # an export holds whole documents


def json_line(row: Mapping[str, object]) -> bytes:
    """One JSON line in UTF-8. Text that is no valid Unicode (an undecodable file name) is written escaped."""
    try:
        return json.dumps(row, ensure_ascii=False, allow_nan=False).encode() + b"\n"
    except UnicodeEncodeError:
        return json.dumps(shown_paths(row), ensure_ascii=False, allow_nan=False).encode() + b"\n"


def _sync_directory(directory: Path) -> None:
    if os.name == "posix":
        handle = os.open(directory, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)

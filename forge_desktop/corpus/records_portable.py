"""Documents as they travel between data directories: without ids, and without a path of the machine they were on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import IO

Place = tuple[int, int, int | None, tuple[str, ...], int, int]


@dataclass(frozen=True)
class Portable:
    """A document with its stored text. `name` is its path below its collection's folders, parts separated by "/".

    `places` are its passages in order: start, end, page or None, headings above it, first and last line. `path` is
    where its file lies on this machine, and stays here. `copy_file` writes the original file where the bundle has it.
    """

    name: str
    format: str
    size: int
    mtime_ns: int
    sha256: str
    text: str
    pages: tuple[int, ...]
    places: tuple[Place, ...]
    path: str = ""
    copy_file: Callable[[IO[bytes]], None] | None = None


@dataclass(frozen=True)
class PortableCollection:
    """A collection's name and policy (see Collections.create)."""

    name: str
    policy: Mapping[str, object]


@dataclass(frozen=True)
class ImportReport:
    """What an import brought in. `present` documents were here already and belong to the new collection too.

    `folder` is where the documents count as lying; with `files` original files in it.
    """

    collection: str
    uid: str
    documents: int
    present: int
    passages: int
    files: int
    folder: str

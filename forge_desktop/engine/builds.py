"""Which llama.cpp this program would start, known without starting it: learnt from children, kept by its files."""

from __future__ import annotations

import contextlib
import functools
import hashlib
from pathlib import Path

from forge_desktop.base.errors import ForgeError
from forge_desktop.engine.store_builds import BuildStore
from forge_desktop.storage import Database

_BEGINNING = 4096  # bytes


class Builds:
    """The engine's build, as its children say it."""

    def __init__(self, db: Database) -> None:
        self._db, self._store = db, BuildStore(db)
        self._noted = ""

    def note(self, build: str) -> None:
        """A child that was started said that it is this one."""
        if build == self._noted or self._db.read_only:
            return
        with contextlib.suppress(ForgeError):  # a full disk: the next child says it again
            self._store.keep(installed(), build)
            self._noted = build

    @property
    def now(self) -> str:
        """The build that a child would be of; "" before any was ever started. Where its files were changed since, that
        it is a new one, by its package.
        """
        known = self._store.find(installed())
        if known or not self._store.any():
            return known
        version = installed().partition(" ")[0]
        return f"a new one, {version}" if version else "a new one"


@functools.cache
def installed() -> str:
    """The version of llama.cpp's package, "" where it is not told, and a digest of its libraries' names, sizes and
    beginnings, which hold what linkers call a build's id. Nothing is loaded.
    """
    import importlib.metadata  # with all that reads mail's headers, which most verbs never need
    import importlib.util

    try:
        version = importlib.metadata.version("llama_cpp_python")
    except importlib.metadata.PackageNotFoundError:
        version = ""
    found = importlib.util.find_spec("llama_cpp")
    folder = Path(found.origin).parent / "lib" if found is not None and found.origin else Path()
    files: list[tuple[str, int, bytes]] = []
    with contextlib.suppress(OSError):
        for file in sorted(folder.iterdir()):
            if file.is_file():
                with file.open("rb") as opened:
                    files.append((file.name, file.stat().st_size, opened.read(_BEGINNING)))
    return f"{version} {hashlib.sha256(repr(files).encode()).hexdigest()[:16]}"

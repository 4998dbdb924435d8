"""Backend packs on the disk: found, matched to the running llama.cpp, and verified before anything loads them."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from forge_desktop.base.paths import resources_dir
from forge_desktop.engine.records_plan import Pack

_LARGEST_NOTE = 64 * 1024
_CHUNK = 1 << 20


@dataclass(frozen=True)
class FoundPack:
    """A pack as found: what people see of it, and the files that a child loads, the module last."""

    pack: Pack
    module: str = ""
    needed: tuple[str, ...] = ()


@dataclass(frozen=True)
class _File:
    path: Path
    sha256: str
    size: int


class Packs:
    """Finds backend packs in some folders, the first folder's first.

    A pack is a folder `<backend>-<build key>` with the module and `pack.json`: name, backend, build, file, sha256, size
    and, where the module needs libraries of its own, `libraries` with file, sha256 and size of each.
    """

    def __init__(self, folders: Sequence[Path]) -> None:
        self._folders = folders
        self._verified: dict[tuple[str, int, int, int], str] = {}  # (path, inode, size, time) -> sha256

    def find(self, build: str) -> list[FoundPack]:
        """Every pack there is; of one backend the first without a problem is used, and it alone."""
        found: list[FoundPack] = []
        for folder in self._folders:
            for note in sorted(folder.glob("*/pack.json")):
                pack = self._read(note, build)
                if not pack.pack.problem and any(
                    other.pack.backend == pack.pack.backend and not other.pack.problem for other in found
                ):
                    pack = refused(pack, "Another pack of the same backend is used.")
                found.append(pack)
        return found

    def _read(self, note: Path, build: str) -> FoundPack:
        blank = FoundPack(Pack(note.parent.name, str(note.parent), "", "", ""))
        try:
            with note.open("rb") as file:
                told = json.loads(file.read(_LARGEST_NOTE))
            name, backend, made_for, sha256 = (str(told[key]) for key in ("name", "backend", "build", "sha256"))
            pack = Pack(name, str(note.parent), backend, made_for, sha256)
            files = [
                _File(_beside(note, str(entry["file"])), str(entry["sha256"]), int(entry["size"]))
                for entry in [*told.get("libraries", []), told]
            ]
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return refused(blank, "Its pack.json cannot be read.")
        found = FoundPack(pack, str(files[-1].path), tuple(str(file.path) for file in files[:-1]))
        if pack.build != build:
            return refused(found, f"It was made for llama.cpp {pack.build}, and this is {build}.")
        problem = next((problem for file in files if (problem := self._problem(file))), "")
        return refused(found, problem) if problem else found

    def _problem(self, file: _File) -> str:
        try:
            status = file.path.stat()
            if status.st_size != file.size:
                return f"{file.path.name} has {status.st_size:,} bytes instead of {file.size:,}."
            key = (str(file.path), status.st_ino, status.st_size, status.st_mtime_ns)
            if key not in self._verified:
                self._verified[key] = _sha256(file.path)
        except OSError as error:
            return f"{file.path.name} cannot be read: {error.strerror or error}."
        return "" if self._verified[key] == file.sha256 else f"{file.path.name} is not the file it is said to be."


def refused(found: FoundPack, problem: str, *, idle: bool = False) -> FoundPack:
    """The same pack, not to be used, and why."""
    return FoundPack(replace(found.pack, problem=problem, idle=idle))


def pack_folders(data_dir: Path) -> list[Path]:
    """Where packs are looked for: the data directory, and what is shipped or $FORGE_PACKS names in its place.

    Set but empty it names nothing, so that tests do not compute on whatever GPU a machine has.
    """
    chosen = os.environ.get("FORGE_PACKS")
    if chosen is None:
        return [data_dir / "packs", resources_dir() / "packs"]
    return [*(Path(folder) for folder in chosen.split(os.pathsep) if folder), data_dir / "packs"]


def _beside(note: Path, name: str) -> Path:
    if not name or Path(name).name != name:
        raise ValueError(name)  # a pack's files lie in its own folder
    return note.parent / name


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_CHUNK):
            digest.update(block)
    return digest.hexdigest()

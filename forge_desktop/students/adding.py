"""Bringing an adapter in: read, held against its base, copied to where adapters are kept, registered as a candidate."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from forge_desktop.base.errors import ForgeError
from forge_desktop.base.settings import check_setting
from forge_desktop.chat.in_use import SEARCHING
from forge_desktop.engine.kept import private_folder
from forge_desktop.storage import Database
from forge_desktop.students.adapter_file import AdapterFile, BadAdapter, check_adapter, check_sizes
from forge_desktop.students.peft_file import import_peft
from forge_desktop.students.records_versions import AdapterOrigin, Version
from forge_desktop.students.store import Base, Bases
from forge_desktop.students.store_versions import Versions, ensure_version, put_adapter
from forge_desktop.students.verifying import Verifying

LARGEST_SCALE = 4.0
_STEP = 1 << 22
_LEFT = ".part"  # the ending of a copy that is not complete
Check = Callable[[], None]


@dataclass(frozen=True)
class Origin:
    """Where an adapter comes from and how it is called; `detail` is kept with it as it is. `template` and `retrieval`
    are those of its version.
    """

    origin: AdapterOrigin
    run: str = ""
    name: str = ""
    note: str = ""
    who: str = ""
    detail: Mapping[str, object] = field(default_factory=dict)
    template: str = ""
    retrieval: Mapping[str, object] = field(default_factory=dict)


class Adding:
    """Puts adapters into the folder. A file is there whole or not at all, and it has a row or is taken away again."""

    def __init__(self, db: Database, bases: Bases, versions: Versions, folder: Path) -> None:
        self._db, self._bases, self._versions, self._folder = db, bases, versions, folder
        self._verifying = Verifying(bases, versions)
        self._lock = threading.Lock()  # what one is writing, another must not take for something left behind

    def base(self, wanted: str) -> Base:
        """The base of this sha256 or its beginning, name, or number ("3" as listed). Raises ForgeError."""
        bases = self._bases.all()
        found = [b for b in bases if b.name == wanted]
        if not found and len(wanted) >= 4:
            found = [b for b in bases if b.sha256.startswith(wanted.lower())]
        if len(found) == 1:
            return found[0]
        if found:
            raise ForgeError(f"Several students are called {wanted!r}.", hint="Use the start of the sha256 instead.")
        raise ForgeError(
            f"No student is called {wanted!r}.", hint="Look at the list of students again.", commands=["models"]
        )

    def add(
        self,
        file: Path,
        base_sha256: str,
        origin: Origin,
        *,
        scale: float = 1.0,
        check: Check = lambda: None,
    ) -> Version:
        """Keep a copy of the file, and register its version. Raises ForgeError, and what `check` raises meanwhile."""
        base, scale = self._sound(base_sha256), checked_scale(scale)
        with self._lock:
            self._prepare()
            return self._add(file, file, base, origin, scale, check)

    def add_peft(self, folder: Path, base_sha256: str, origin: Origin, *, check: Check = lambda: None) -> Version:
        """Write a PEFT adapter as GGUF and keep that. Raises ForgeError, and what `check` raises meanwhile."""
        base = self._sound(base_sha256)
        with self._lock:
            self._prepare()
            part = self._folder / f"{uuid.uuid4().hex}{_LEFT}"
            try:
                import_peft(folder, base.path, part, {"forge.base_sha256": base.sha256})
                check()
                return self._add(part, folder, base, origin, 1.0, check)
            except BadAdapter as error:
                raise _unusable(folder, base, error) from error
            except OSError as error:
                raise self._no_room(error) from error
            finally:
                part.unlink(missing_ok=True)

    def drop(self, sha256: str) -> None:
        """Remove an adapter's file, whose row is gone already."""
        with contextlib.suppress(OSError):  # what cannot be removed is tidied away by the next `add`
            (self._folder / f"{sha256}.gguf").unlink()

    def _sound(self, base_sha256: str) -> Base:
        base = self._bases.by_sha256(base_sha256)
        if base is None:
            raise ForgeError(
                f"The base that this adapter is for is not on this computer: {base_sha256[:12]}…",
                hint="Import the base first.",
            )
        if problem := self._verifying.base(base):
            raise ForgeError(problem, hint="Import the base again first.")
        return base

    def _add(self, file: Path, shown: Path, base: Base, origin: Origin, scale: float, check: Check) -> Version:
        read = self._read(file, shown, base, strict=origin.origin == "imported")
        check()
        kept = self._folder / f"{read.sha256}.gguf"
        self._copy(file, shown, kept, read.sha256, check)
        try:
            uid = self._register(read, kept, base, origin, scale)
        except BaseException:
            if self._versions.adapter(read.sha256) is None:
                kept.unlink(missing_ok=True)
            raise
        version = self._versions.get(uid)
        assert version is not None
        return version

    def _read(self, file: Path, shown: Path, base: Base, *, strict: bool) -> AdapterFile:
        try:
            read = check_adapter(file, base.path)
            if strict:
                check_sizes(read)
        except BadAdapter as error:
            raise _unusable(shown, base, error) from error
        made_for = str(read.meta.get("forge.base_sha256", ""))
        if made_for and made_for != base.sha256:
            raise ForgeError(
                f"{shown} was made for another base ({made_for[:12]}…) than {base.name} ({base.sha256[:12]}…).",
                hint="Import that base, and bring the adapter in for it.",
            )
        known = self._versions.adapter(read.sha256)
        if known is not None and known.base_sha256 != base.sha256:
            raise ForgeError(f"{shown} is kept already, for another base.", hint="An adapter belongs to one base.")
        return read

    def _copy(self, file: Path, shown: Path, kept: Path, sha256: str, check: Check) -> None:
        """Copy, flush and rename; a copy that is not what was read before is no copy."""
        part = self._folder / f"{uuid.uuid4().hex}{_LEFT}"
        digest = hashlib.sha256()
        try:
            with open(file, "rb") as source, open(part, "xb") as target:
                while block := source.read(_STEP):
                    digest.update(block)
                    target.write(block)
                    check()
                target.flush()
                os.fsync(target.fileno())
            if digest.hexdigest() != sha256:
                raise ForgeError(f"{shown} changed while it was read.", hint="Bring it in again when it is complete.")
            os.chmod(part, 0o600)
            os.replace(part, kept)
            _flush_folder(self._folder)
        except OSError as error:
            raise self._no_room(error) from error
        finally:
            part.unlink(missing_ok=True)

    def _register(self, read: AdapterFile, kept: Path, base: Base, origin: Origin, scale: float) -> str:
        status = kept.stat()
        detail = {
            "tensors": len(read.tensors),
            "targets": list(read.targets),
            "moves": any(_moves(read, target) for target in read.targets),
            **origin.detail,
        }
        with self._db.write() as connection:
            put_adapter(
                connection,
                {
                    "sha256": read.sha256,
                    "base_sha256": base.sha256,
                    "architecture": read.architecture,
                    "name": origin.name or read.sha256[:12],
                    "origin": origin.origin,
                    "run": origin.run,
                    "rank": read.rank,
                    "alpha": read.alpha,
                    "file_bytes": status.st_size,
                    "modified_ns": status.st_mtime_ns,
                    "detail": json.dumps(detail),
                    "created": time.time(),
                },
            )
            return ensure_version(
                connection,
                base.sha256,
                read.sha256,
                scale,
                template=origin.template,
                retrieval=origin.retrieval,
                name=origin.name,
                note=origin.note,
                what="imported" if origin.origin == "imported" else "made",
                who=origin.who,
            )

    def _no_room(self, error: OSError) -> ForgeError:
        return ForgeError(
            f"The adapter could not be kept in {self._folder}: {error.strerror or error}.",
            hint="Free some space or check the folder's permissions, then try again.",
        )

    def _prepare(self) -> None:
        """Make the folder, and remove what a killed process left: incomplete copies, and files that no row knows."""
        try:
            private_folder(self._folder)
        except OSError as error:
            raise self._no_room(error) from error
        known = {f"{adapter.sha256}.gguf" for adapter in self._versions.adapters()}
        for path in self._folder.iterdir():
            if path.suffix == _LEFT or (path.suffix == ".gguf" and path.name not in known):
                with contextlib.suppress(OSError):
                    path.unlink()


def _moves(read: AdapterFile, target: str) -> bool:
    """Whether the adapter changes this tensor at all: one that was never trained is half zeros."""
    return bool(read.tensors[f"{target}.lora_a"].any() and read.tensors[f"{target}.lora_b"].any())


def _unusable(shown: Path, base: Base, why: BadAdapter) -> ForgeError:
    return ForgeError(f"{shown} cannot be used as an adapter for {base.name}: {why}.", hint="Nothing was brought in.")


def checked_scale(scale: float) -> float:
    """A scale as it is kept. Raises ForgeError for one that says nothing, or far too much."""
    if not 0 < scale <= LARGEST_SCALE:
        raise ForgeError(f"{scale:g} is no scale for an adapter.", hint=f"Choose one above 0, up to {LARGEST_SCALE:g}.")
    return round(float(scale), 6)


def checked_settings(retrieval: Mapping[str, object]) -> dict[str, object]:
    """Settings of a search as a version keeps them. Raises ForgeError for any other, or a value out of bounds."""
    for name in retrieval:
        if name not in SEARCHING:
            raise ForgeError(f"{name} is no setting of a search.", hint=f"There are: {', '.join(SEARCHING)}.")
    return {name: check_setting(name, value) for name, value in retrieval.items()}


def _flush_folder(folder: Path) -> None:
    if os.name == "nt":
        return  # a folder cannot be opened there, and a rename is flushed with the file
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)

"""Whether the files of bases and adapters are still those that were kept: looked at before any use, named when not."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Literal

from forge_desktop.base.errors import ForgeError
from forge_desktop.students.files import hash_file
from forge_desktop.students.records_versions import Adapter, Version
from forge_desktop.students.store import Base, Bases, StudentFacts
from forge_desktop.students.store_versions import Versions

Seen = Literal["same", "touched", "other"]
"""What size and time of a file tell: "touched" is one of the same size that was written since its bytes were known."""

_DIFFERS = "differs "  # before a hash: the time of the file there of which it is known that it is another one


class Verifying:
    """Compares sizes and times, and the hash only where a time differs: two seconds for each gigabyte are saved."""

    def __init__(self, bases: Bases, versions: Versions) -> None:
        self._bases, self._versions = bases, versions
        self._facts = StudentFacts(versions.db)

    def version(self, version: Version, *, quick: bool = False) -> str:
        """One sentence when a version cannot be used as it is, else "". `quick` trusts a file of the same size."""
        base = self._bases.by_sha256(version.base_sha256)
        if base is None:
            return f"The base of {version.label} is not on this computer: {version.base_sha256[:12]}…"
        if problem := quick_problem(base) if quick else self.base(base):
            return problem
        if version.is_base:
            return ""
        adapter = self._versions.adapter(version.adapter_sha256)
        if adapter is None:
            return f"The adapter of {version.label} is not kept here any more."
        return quick_adapter_problem(adapter) if quick else self.adapter(adapter)

    def base(self, base: Base) -> str:
        """Compare the file with what was imported: size and time first, the hash when the time differs."""
        if problem := quick_problem(base):
            return problem
        modified = base.path.stat().st_mtime_ns
        if modified == base.modified_ns:
            return ""
        if self._is_other(base.path, base.sha256, modified):
            return changed(base)
        with contextlib.suppress(ForgeError):  # read only, or a full disk: it will be hashed again next time
            self._bases.moved(base.id, base.path, modified)
        return ""

    def adapter(self, adapter: Adapter) -> str:
        """The same for an adapter's file."""
        if problem := quick_adapter_problem(adapter):
            return problem
        path = Path(adapter.path)
        modified = path.stat().st_mtime_ns
        if modified == self._versions.modified_ns(adapter.sha256):
            return ""
        if self._is_other(path, adapter.sha256, modified):
            return _changed_adapter(adapter)
        with contextlib.suppress(ForgeError):
            self._versions.touched(adapter.sha256, modified)
        return ""

    def seen_base(self, base: Base) -> Seen:
        """What size and time of a base's file tell, and what is remembered of the bytes with that time."""
        return self._seen(base.path, base.sha256, base.modified_ns, quick_problem(base))

    def seen_adapter(self, adapter: Adapter) -> Seen:
        """The same of an adapter's file."""
        known = self._versions.modified_ns(adapter.sha256)
        return self._seen(Path(adapter.path), adapter.sha256, known, quick_adapter_problem(adapter))

    def _seen(self, path: Path, sha256: str, known: int, problem: str) -> Seen:
        if problem:
            return "other"
        try:
            modified = path.stat().st_mtime_ns
        except OSError:  # it went at this moment
            return "other"
        if modified == known:
            return "same"
        return "other" if self._differs(sha256, modified) else "touched"

    def _is_other(self, path: Path, sha256: str, modified: int) -> bool:
        """Compare the bytes; of which it is known already that they are others, that is remembered."""
        if self._differs(sha256, modified):
            return True
        if hash_file(path) == sha256:
            return False
        with contextlib.suppress(ForgeError):  # read only: it will be hashed again next time
            self._facts.put(f"{_DIFFERS}{sha256}", modified)
        return True

    def _differs(self, sha256: str, modified: int) -> bool:
        return bool(self._facts.get(f"{_DIFFERS}{sha256}") == modified)


def quick_problem(base: Base) -> str:
    """What the size of a base's file tells."""
    try:
        size = base.path.stat().st_size
    except OSError as error:
        return f"The file of {base.name} cannot be read: {base.path} ({error.strerror or error})."
    return "" if size == base.file_bytes else changed(base)


def changed(base: Base) -> str:
    """That a base's file is another one now."""
    return f"The file of {base.name} has changed since it was imported: {base.path}."


def quick_adapter_problem(adapter: Adapter) -> str:
    """What the size of an adapter's file tells."""
    try:
        size = Path(adapter.path).stat().st_size
    except OSError as error:
        return f"The file of the adapter {adapter.name} cannot be read: {adapter.path} ({error.strerror or error})."
    return "" if size == adapter.file_bytes else _changed_adapter(adapter)


def _changed_adapter(adapter: Adapter) -> str:
    return f"The file of the adapter {adapter.name} has changed since it was kept: {adapter.path}."

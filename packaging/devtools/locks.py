"""The lock files: what is in them, parts of them, and the key that says whether an environment still fits them."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

LOCKS = Path(__file__).resolve().parents[1] / "lock"


@dataclass(frozen=True)
class Requirement:
    """One locked package: its name, version, the condition it applies under, and the files it may be."""

    name: str
    version: str
    marker: str
    hashes: tuple[str, ...]

    def text(self) -> str:
        """The requirement as pip reads it."""
        marker = f" ; {self.marker}" if self.marker else ""
        return f"{self.name}=={self.version}{marker}" + "".join(f" \\\n    --hash=sha256:{h}" for h in self.hashes)


def parse(text: str) -> list[Requirement]:
    """The requirements of a lock file. Raises ValueError for anything but `name==version [; marker] --hash=…`."""
    found = []
    for line in text.replace("\\\n", " ").splitlines():
        line = line.partition("#")[0].strip()
        if not line:
            continue
        hashes = tuple(re.findall(r"--hash=sha256:([0-9a-f]{64})(?!\S)", line))
        rest = re.sub(r"\s*--hash=sha256:[0-9a-f]{64}", "", line).strip()
        match = re.fullmatch(r"([A-Za-z0-9._-]+)==([A-Za-z0-9.!+]+)\s*(?:;\s*(.+))?", rest)
        if not match or not hashes:
            raise ValueError(f"not a locked requirement: {line[:100]}")
        found.append(Requirement(normal(match[1]), match[2], (match[3] or "").strip(), hashes))
    return found


def read(name: str) -> list[Requirement]:
    """The requirements of packaging/lock/`name`.txt."""
    return parse((LOCKS / f"{name}.txt").read_text(encoding="utf-8"))


def normal(name: str) -> str:
    """A package's name as indexes compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def only(requirements: Iterable[Requirement], name: str) -> Requirement:
    """The requirement called `name`. Raises KeyError."""
    for requirement in requirements:
        if requirement.name == normal(name):
            return requirement
    raise KeyError(name)


def without(requirements: Iterable[Requirement], *names: str) -> list[Requirement]:
    """The requirements whose name is not among `names`."""
    dropped = {normal(name) for name in names}
    return [requirement for requirement in requirements if requirement.name not in dropped]


def write(path: Path, requirements: Iterable[Requirement]) -> Path:
    """Write a requirements file for pip and return its path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{requirement.text()}\n" for requirement in requirements), encoding="utf-8")
    return path


def digest(*parts: str | bytes | Path) -> str:
    """A sha256 over texts and files' contents in order, boundaries included: ("ab", "c") is not ("a", "bc")."""
    total = hashlib.sha256()
    for part in parts:
        data = part.read_bytes() if isinstance(part, Path) else part.encode() if isinstance(part, str) else part
        total.update(len(data).to_bytes(8, "big") + data)
    return total.hexdigest()

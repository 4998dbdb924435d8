"""What comes out of the archive room: plain frozen values."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ExportedFile:
    """One file of an export: its name in the directory, the rows in it, the sha256 of its bytes."""

    name: str
    rows: int
    sha256: str


@dataclass(frozen=True)
class Learner:
    """A training run that learnt from a document, and what came of it: `version` is its uid, `label` "v3", both "" for
    none; `state` is the version's, else the run's.
    """

    run: str
    name: str
    version: str
    label: str
    state: str

    @property
    def words(self) -> str:
        """The run and its version as a person knows them."""
        return f"{self.name} ({self.label}, {self.state})" if self.label else f"{self.name} ({self.state})"


@dataclass(frozen=True)
class BundleReport:
    """What a collection's bundle holds. `notes` are sentences for whoever gives it away.

    `left_out` names original files that were asked for and are not in it, with the reason; `bytes` is its size.
    """

    file: str
    collection: str
    documents: int
    passages: int
    files: int
    left_out: tuple[str, ...]
    bytes: int
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Verdict:
    """What a check of everything found. `checked` counts rows and files, `damaged` holds one sentence each."""

    checked: int
    damaged: tuple[str, ...]

    @property
    def ok(self) -> bool:
        """Whether nothing is damaged."""
        return not self.damaged


@dataclass(frozen=True)
class DatabaseFacts:
    """The database library in use, and what a person should know about it."""

    version: str
    notes: tuple[str, ...]

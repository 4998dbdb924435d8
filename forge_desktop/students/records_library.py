"""What comes out of the library of bases: offers of a hub, files found on this computer. Plain frozen values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from forge_desktop.providers.records_hub import HubFile, HubModel, HubRepository, HubSearch
from forge_desktop.students.records_training import ARCHITECTURES

__all__ = [
    "TRAINABLE",
    "Fit",
    "FoundFile",
    "HubFile",
    "HubModel",
    "HubRepository",
    "HubSearch",
    "Imported",
    "Offer",
    "Place",
    "RepositoryOffers",
    "Unfinished",
]

# Architectures for which the trainer can make adapters here.
TRAINABLE = frozenset(ARCHITECTURES)

FitWord = Literal["fits", "tight", "does not fit", "unknown"]


@dataclass(frozen=True)
class Fit:
    """Whether a base would fit on this computer, as far as can be told before it is here. `needed` in bytes.

    `sentence` says where and by how much. The memory plan measures it exactly once the file is here.
    """

    word: FitWord
    sentence: str
    needed: int = 0


@dataclass(frozen=True)
class Offer:
    """A file of a repository: whether it fits, which student has these bytes already (0: none), what has come of it.

    `problem` is one sentence where it cannot become a student. `read`: its own header was, which says its architecture
    and the context it was trained for (0: not said); else the fit is an estimate by size.
    """

    file: HubFile
    fit: Fit
    student: int = 0
    done: int = 0
    problem: str = ""
    architecture: str = ""
    context: int = 0
    read: bool = False


@dataclass(frozen=True)
class RepositoryOffers:
    """A repository with its files as offers. `trainable`: whether adapters can be trained here for its architecture."""

    hub: HubRepository
    architecture: str
    trainable: bool
    offers: tuple[Offer, ...]


@dataclass(frozen=True)
class Unfinished:
    """A download that was begun and not ended: `done` of `bytes` are here."""

    repository: str
    file: str
    bytes: int
    done: int


@dataclass(frozen=True)
class FoundFile:
    """A GGUF file on this computer: what it is, the student that has it already (0: none), and why it is not usable."""

    path: str
    name: str
    architecture: str
    parameters: int
    quantisation: str
    context: int
    bytes: int
    trainable: bool
    student: int = 0
    problem: str = ""


@dataclass(frozen=True)
class Imported:
    """What became of one file of several: the student's id, or one sentence why there is none.

    `same_as` is the file before it that has the same bytes, and so is the same student.
    """

    path: str
    student: int = 0
    problem: str = ""
    same_as: str = ""


@dataclass(frozen=True)
class Place:
    """A folder in which another program keeps its models."""

    program: str
    path: str

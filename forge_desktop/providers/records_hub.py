"""What a hub of models tells: what was found, what a repository holds. Plain frozen values."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class HubModel:
    """A repository that a search found. `updated` is a date ("2026-05-01"), `licence` the hub's short name for it.

    `parameters` and `context` are 0, `architecture` "" where the hub does not say. `problem` is one sentence where it
    is no language model.
    """

    name: str
    author: str
    downloads: int
    likes: int
    licence: str
    updated: str
    gated: bool
    parameters: int
    architecture: str
    context: int
    problem: str = ""


@dataclass(frozen=True)
class HubSearch:
    """What a search found, and how many entries were left out because the hub gave no name of a repository for them."""

    models: tuple[HubModel, ...]
    left_out: int = 0


@dataclass(frozen=True)
class HubFile:
    """A GGUF file of a repository; one in parts stands there once, by its first part, with the bytes of all.

    `quantisation` as its name says it, "" where it does not. `sha256` is what the hub lists for its bytes. `problem` is
    one sentence where it cannot become a student.
    """

    name: str
    bytes: int
    sha256: str
    quantisation: str
    parts: int = 1
    problem: str = ""


@dataclass(frozen=True)
class HubRepository:
    """A repository at one `revision` (a commit). `page` is its address for people, `licence_page` its licence's.

    `gated` is one sentence where its owner asks for agreement first. `left_out` files were listed without a name.
    """

    name: str
    revision: str
    page: str
    licence: str
    licence_page: str
    gated: str
    downloads: int
    updated: str
    parameters: int
    architecture: str
    context: int
    made_from: str
    files: tuple[HubFile, ...]
    left_out: int = 0

"""What comes out of the students room: plain frozen values."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Student:
    """A GGUF base in the list. `problem` is one sentence when the file is missing or changed since it was imported."""

    id: int
    name: str
    path: str
    sha256: str
    active: bool
    shipped: bool
    architecture: str
    parameters: int
    quantisation: str
    context: int
    layers: int
    vocabulary: int
    template: str
    file_bytes: int
    imported: float
    problem: str


@dataclass(frozen=True)
class RemoteChoice:
    """An endpoint that can be the student. `name` is a person's for it, `model` the endpoint's own.

    `leaves` tells that text goes to another machine, `agreed` that a person said yes to that. `problem` is one sentence
    when it cannot be asked as it is, `price` in words, for a million tokens.
    """

    uid: str
    name: str
    model: str
    origin: str
    host: str
    active: bool
    leaves: bool
    agreed: bool
    context: int
    price: str
    problem: str

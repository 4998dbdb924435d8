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

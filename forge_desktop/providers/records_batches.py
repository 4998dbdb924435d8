"""What goes into and comes out of batches: plain frozen values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from forge_desktop.providers.records import ChatRequest, Purpose

BatchStage = Literal["submitting", "running", "cancelling", "done", "failed", "lost"]
RUNNING: tuple[BatchStage, ...] = ("running", "cancelling")


@dataclass(frozen=True)
class BatchLine:
    """One request of a batch, and what it is for."""

    request: ChatRequest
    purpose: Purpose


@dataclass(frozen=True)
class Batch:
    """A batch handed to an endpoint. Its lines are attempts of the ledger, which know its uid.

    `lines` were handed over, `reused` were not, for they were paid before. "lost": whether the endpoint took it was
    never learnt, so its lines stay charged. `after` is how many seconds the endpoint asked to wait for the next look.
    """

    uid: str
    endpoint: str
    remote_id: str
    stage: BatchStage
    run: str
    lines: int
    settled: int
    released: int
    unknown: int
    created: float
    changed: float
    reused: int = 0
    problem: str = ""
    after: float | None = None

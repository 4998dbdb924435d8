"""What comes out of the registry: adapters, versions, and what happened to them. Plain frozen values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

VersionState = Literal["candidate", "gated", "active", "retired"]
Verdict = Literal["", "passed", "failed", "inconclusive"]
AdapterOrigin = Literal["trained", "imported"]


@dataclass(frozen=True)
class Adapter:
    """A LoRA adapter as a GGUF file, made for one base. `run` is the training run it came from.

    `problem` is one sentence when its file is missing or no longer the one that was kept.
    """

    sha256: str
    base_sha256: str
    architecture: str
    name: str
    path: str
    origin: AdapterOrigin
    run: str
    rank: int
    alpha: float
    file_bytes: int
    detail: Mapping[str, object]
    created: float
    problem: str = ""


@dataclass(frozen=True)
class Version:
    """A student that can be put to work: base, adapter or none, scale, template, retrieval settings.

    `uid` is the sha256 of those five, `label` "v3". `template` "" is the one in the base's file; `retrieval` holds the
    settings of a search that differ from a person's ("passages", "neighbours"). `verdict` is that of its last gate,
    `gate` that gate's uid; `parent` is the version that was active when it was made. `quarantined`: its adapter came
    from elsewhere and no gate has passed it. `problem` is one sentence when it cannot be used as it is.
    """

    uid: str
    number: int
    label: str
    name: str
    state: VersionState
    base_sha256: str
    base_name: str
    adapter_sha256: str
    scale: float
    template: str
    retrieval: Mapping[str, object]
    verdict: Verdict
    gate: str
    parent: str
    note: str
    created: float
    changed: float
    shipped: bool = False
    quarantined: bool = False
    run: str = ""
    problem: str = ""

    @property
    def is_base(self) -> bool:
        """Whether it is a base alone."""
        return self.adapter_sha256 == ""


@dataclass(frozen=True)
class Happening:
    """An entry of the history: what happened to a version, who did it and why. `before` is the uid of what was active.

    `what`: "made", "imported", "gated", "promoted", "overridden" (promoted without a pass), "rolled back", "retired",
    "returned", "exported", "removed".
    """

    version: str
    label: str
    what: str
    before: str
    who: str
    why: str
    detail: Mapping[str, object]
    at: float


@dataclass(frozen=True)
class Promotion:
    """What came of a promotion or a rollback. `seconds` is how long it took, the file checks included."""

    version: Version
    before: Version | None
    seconds: float
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class ToCompare:
    """A question that two versions shall answer side by side: the collections it was asked in (uids, none for all
    documents), and the uid of the version that answered it, "" when none did.
    """

    question: str
    collections: tuple[str, ...] = ()
    version: str = ""


@dataclass(frozen=True)
class ComparedAnswer:
    """What one version answered to a question."""

    version: str
    label: str
    text: str
    tokens: int
    milliseconds: float
    problem: str = ""


@dataclass(frozen=True)
class Comparison:
    """Two versions on the same question and the same passages. `passages` are (number, document, text)."""

    question: str
    passages: tuple[tuple[int, str, str], ...]
    answers: tuple[ComparedAnswer, ...]
    detail: Mapping[str, object] = field(default_factory=dict)

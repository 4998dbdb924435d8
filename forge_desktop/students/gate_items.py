"""The items of a gate's suites: what is asked, with which passages, and what an answer is held against."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeVar

from forge_desktop.chat.lesson_prompt import lesson_prompt
from forge_desktop.distill.records import SuiteItem
from forge_desktop.engine.records import PromptMessage

Match = Literal["exact", "contains", "json", "none"]
MATCHES: tuple[Match, ...] = ("exact", "contains", "json", "none")
CATEGORIES = ("arithmetic", "fact", "instruction", "refusal", "citation", "json", "safety")

_VALIDATION = 4  # one item of so many is for choosing a scale
_UNANSWERABLE = ("unanswerable", "refusal")

T = TypeVar("T", bound="GateItem")


@dataclass(frozen=True)
class Place:
    """Where an answer is to be found, as far as the suite says it: a document's sha256 and place, or name and words."""

    document: str
    name: str
    start: int
    end: int
    text: str


@dataclass(frozen=True)
class GateItem:
    """One question. `evidence` are (number, name, text), `accept` further right answers beside the reference `answer`.

    `refuses` is whether it is right to decline, None where the suite does not say. `rules` are the item's own.
    """

    n: int
    uid: str
    question: str
    answer: str
    evidence: tuple[tuple[int, str, str], ...] = ()
    category: str = ""
    match: Match = "exact"
    accept: tuple[str, ...] = ()
    refuses: bool | None = None
    rules: str = ""
    places: tuple[Place, ...] = ()

    @property
    def accepted(self) -> tuple[str, ...]:
        """Every right answer, the reference first."""
        return (self.answer, *self.accept)

    @property
    def documents(self) -> tuple[str, ...]:
        """The documents its evidence is from, by sha256."""
        return tuple(dict.fromkeys(place.document for place in self.places if place.document))


def item_of(one: SuiteItem) -> GateItem:
    """An item of a suite as a gate asks it. What is scored stands in its meta, or in a "meta" within that."""
    inner = one.meta.get("meta")
    meta: Mapping[str, object] = {**one.meta, **(inner if isinstance(inner, dict) else {})}
    match, accept, refuses = meta.get("match"), meta.get("accept"), meta.get("refusal")
    if not isinstance(refuses, bool):
        refuses = True if one.category in _UNANSWERABLE else None
    return GateItem(
        one.n,
        one.uid,
        one.question,
        one.answer,
        evidence=tuple((each.n, each.name, each.text) for each in one.evidence),
        category=one.category,
        match=match if match in MATCHES else ("none" if refuses else "exact"),
        accept=tuple(str(each) for each in accept) if isinstance(accept, list) else (),
        refuses=refuses,
        rules=str(meta.get("rules") or ""),
        places=tuple(Place(each.document_sha256, each.name, each.start, each.end, each.text) for each in one.evidence),
    )


def prompt(item: GateItem) -> tuple[PromptMessage, ...]:
    """What a student is asked: as the chat asks it, and as lessons are trained."""
    return lesson_prompt(
        item.question,
        [(n, text) for n, _, text in item.evidence],
        item.rules,
        labels={n: name for n, name, _ in item.evidence if name},
    )


def drawn(items: Sequence[T], count: int, seed: int) -> list[T]:
    """So many items, chosen by the seed and each item's own name, in their order; all of them for 0."""
    if not count or count >= len(items):
        return list(items)
    chosen = {item.n for item in sorted(items, key=lambda item: _lot(item.uid, f"items {seed}"))[:count]}
    return [item for item in items if item.n in chosen]


def validation_part(items: Sequence[GateItem]) -> frozenset[int]:
    """The numbers of the items that a scale is chosen with; the others tell what came of it. The same every time."""
    count = -(-len(items) // _VALIDATION) if len(items) > 1 else 0
    return frozenset(item.n for item in sorted(items, key=lambda item: _lot(item.uid, "validation"))[:count])


def _lot(uid: str, what: str) -> str:
    return hashlib.sha256(f"{what} {uid}".encode("utf-8", "surrogatepass")).hexdigest()

"""Finds damage: every stored text against its hash, every passage against its place, the search index against both."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from forge_desktop.corpus.retrieval import Index
from forge_desktop.corpus.store import Check, Store, outline_hash

Kind = Literal["row", "text", "places", "counts", "index"]


@dataclass(frozen=True)
class Damage:
    """One damaged thing. `passages` are the first and last id concerned, where that is known.

    "row" is a document's name, hash and state; "text" and "places" are its stored text and where its passages lie in
    it; "counts" are totals beside sound rows; "index" is the search index.
    """

    kind: Kind
    sentence: str
    document_id: int | None = None
    passages: tuple[int, int] | None = None


def damage(store: Store, index: Index) -> Iterator[Damage]:
    """Everything that is damaged in the corpus."""
    for checked in store.every_check():
        for kind, words in damage_of(checked):
            yield Damage(kind, f"{checked.name}: {words}.", checked.id)
    waiting = set(store.waiting_passage_ids())  # searched in part: a long document is put in piece by piece
    for found in index.damaged(set(store.every_passage_id()) - waiting, waiting):
        yield Damage("index", found.sentence, None, found.passages)


def damage_of(checked: Check) -> Iterator[tuple[Kind, str]]:
    """What is wrong with one document, in words."""
    kind: Kind
    spans = [place[:2] for place in checked.places]
    in_order = all(isinstance(start, int) and isinstance(end, int) and 0 <= start < end for start, end in spans)
    sound = in_order and bool(spans) and outline_hash(checked.pages, checked.places) == checked.outline
    inside = in_order and all(end <= checked.length for _, end in spans)
    whole = not checked.gap and None not in checked.parts.values()
    if not checked.legible:
        yield "row", "its name or its state is damaged"
    if None in checked.parts.values():
        yield "text", "its stored text is damaged"
    elif whole and sound and inside and checked.length != checked.characters:
        yield "counts", "its length is damaged"
    elif not whole or checked.length != checked.characters:
        yield "text", "its stored text is incomplete"
    if len(spans) != checked.passages:
        kind = "counts" if sound else "places"
        yield kind, f"it has {len(spans)} of its {checked.passages} passages"
    elif spans and not sound:
        yield "places", "the places of its passages are damaged"
    elif whole and not inside:
        yield "places", "a passage lies outside its text"

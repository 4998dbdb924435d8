"""Finds damaged documents: every stored text against its hash, every passage against its place."""

from __future__ import annotations

from collections.abc import Iterator

from forge_desktop.corpus.store import Store, outline_hash


def damaged_documents(store: Store) -> Iterator[str]:
    """A sentence for each thing that is wrong with a stored document, naming the document."""
    for checked in store.every_check():
        name = checked.name
        if checked.parts != list(range(len(checked.parts))) or checked.length != checked.characters:
            yield f"{name}: its stored text is incomplete."
        elif checked.damaged_parts:
            yield f"{name}: its stored text is damaged."
        if len(checked.places) != checked.passages:
            yield f"{name}: it has {len(checked.places)} of its {checked.passages} passages."
        elif checked.passages and outline_hash(checked.pages, checked.places) != checked.outline:
            yield f"{name}: the places of its passages are damaged."
        elif any(not 0 <= place[0] < place[1] <= checked.characters for place in checked.places):
            yield f"{name}: a passage lies outside its text."

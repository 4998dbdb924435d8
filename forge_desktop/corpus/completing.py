"""Puts stored passages that the search index lacks into it, from the stored texts: after a repair, after an import."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

from forge_desktop.base.events import Events
from forge_desktop.base.jobs import JobContext
from forge_desktop.corpus.retrieval import Index
from forge_desktop.corpus.store import Store
from forge_desktop.corpus.store_keeping import KeepingStore
from forge_desktop.storage import Database

_PASSAGES_AT_ONCE = 400  # in one transaction: about a tenth of a second
_BREATH = 0.001  # seconds between transactions, without which a waiting chat would not get its turn


def complete(db: Database, index: Index, *, events: Events, ctx: JobContext) -> None:
    """Index what waits for nothing else. Killed anywhere, the next call goes on."""
    store, keeping = Store(db), KeepingStore(db)
    waiting = keeping.unsearched()
    if not waiting:
        return
    for number, (items, finished) in enumerate(_batches(store, waiting), 1):
        with db.write() as connection:
            ids = [passage for passage, _ in items]
            lacking = keeping.present(connection, ids).difference(index.among(connection, ids))
            index.add(connection, [item for item in items if item[0] in lacking])
            keeping.settle(connection, finished)
        events.changed("documents")
        ctx.progress(number, None, "Putting stored passages into the search index")
        index.tidy(ctx.check)
        ctx.wait(_BREATH)
    index.tidy(ctx.check, wholly=True)


def _batches(store: Store, documents: list[int]) -> Iterator[tuple[list[tuple[int, str]], list[int]]]:
    """Passages to look at, with the documents that are complete after them."""
    items: list[tuple[int, str]] = []
    finished: list[int] = []
    for document_id in documents:
        try:
            passages = store.passages(document_id)
        except (sqlite3.DatabaseError, ValueError):  # damaged: it waits until it is repaired
            continue
        for passage in passages:
            items.append((passage.id, passage.text))
            if len(items) >= _PASSAGES_AT_ONCE:
                yield items, finished
                items, finished = [], []
        finished.append(document_id)
    if finished:
        yield items, finished

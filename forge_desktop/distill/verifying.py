"""Compares what pairs rest on with the documents as they are now: unchanged, changed, gone."""

from __future__ import annotations

import functools
import os
from typing import NamedTuple

from forge_desktop.base.errors import ForgeError
from forge_desktop.base.jobs import JobContext
from forge_desktop.corpus import Corpus
from forge_desktop.distill.records import Evidence, Pair, Source
from forge_desktop.distill.records_pairs import Reverified
from forge_desktop.distill.store_pairs import PairStore
from forge_desktop.storage import Database

_AT_ONCE = 200
_WORST: tuple[Source, ...] = ("gone", "changed", "unchanged")


class _Known(NamedTuple):
    """What the index has of a document with these bytes; `text` is None where it has none."""

    text: str | None
    source: Source


class Verifier:
    """One look at every pair. Killed on the way it is simply run again."""

    def __init__(self, db: Database, store: PairStore, corpus: Corpus) -> None:
        self._db, self._store, self._corpus = db, store, corpus

    def verify(self, ctx: JobContext) -> Reverified:
        """Look at each pair's evidence, and store what came of it."""
        known = functools.lru_cache(maxsize=64)(self._known)
        total = len(self._store.uids("1"))
        found: list[tuple[str, Source]] = []
        for number, pair in enumerate(self._store.iterate()):
            ctx.progress(number, total, "Comparing pairs with their documents")
            found.append((pair.uid, self._source(pair, known)))
        for start in range(0, len(found), _AT_ONCE):
            with self._db.write() as connection:
                for uid, source in found[start : start + _AT_ONCE]:
                    self._store.change(connection, uid, source=source)
        return _summed(found)

    def _source(self, pair: Pair, known: functools._lru_cache_wrapper[_Known]) -> Source:
        cited = [one for one in pair.evidence if one.cited] or list(pair.evidence)
        named = [one for one in cited if one.document_sha256]
        if not named:
            return "unchecked"
        found = {_of(one, known(one.document_sha256, one.name)) for one in named}
        return next(source for source in _WORST if source in found)

    def _known(self, sha256: str, name: str) -> _Known:
        shelf = self._corpus.shelf
        document = shelf.find_document(sha256, name)
        if document is not None and document.sha256 == sha256:
            status = shelf.source_status(document.path, sha256)
            try:
                text = shelf.stored_text(document.id)
            except ForgeError:  # taken out meanwhile
                return _Known(None, "gone")
            # a file that is away (a drive, a bundle without files) leaves its text here to be read
            return _Known(text, "changed" if status == "changed" else "unchanged")
        last = os.path.basename(name)
        others = shelf.document_rows(shelf.documents(last).tolist()) if last else []
        return _Known(None, "changed" if any(other.name == last for other in others) else "gone")


def _of(one: Evidence, known: _Known) -> Source:
    if known.text is None or known.source != "unchanged":
        return known.source
    return "unchanged" if known.text[one.start : one.end] == one.text else "changed"


def _summed(found: list[tuple[str, Source]]) -> Reverified:
    counts = {source: sum(each == source for _, each in found) for source in (*_WORST, "unchecked")}
    advice = []
    if counts["changed"]:
        advice.append(
            f"{counts['changed']:,} rest on documents that changed: ask again (put their tasks back into the queue) or"
            " drop them."
        )
    if counts["gone"]:
        advice.append(
            f"{counts['gone']:,} rest on documents that are gone: drop them, or add the documents' folder again."
        )
    return Reverified(
        checked=len(found),
        unchanged=counts["unchanged"],
        changed=counts["changed"],
        gone=counts["gone"],
        unchecked=counts["unchecked"],
        pairs=tuple(uid for uid, source in found if source in ("changed", "gone")),
        advice=" ".join(advice) or "All pairs still rest on what their documents say.",
    )

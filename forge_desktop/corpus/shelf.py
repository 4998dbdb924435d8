"""What is in the corpus, to look at: documents, their passages and texts, totals, and the files behind them."""

from __future__ import annotations

import os
from array import array
from collections.abc import Sequence

from forge_desktop.base.errors import ForgeError
from forge_desktop.corpus.records import CorpusStats, Document, FailureGroup, PageImage, Passage, SearchFilter
from forge_desktop.corpus.scoping import Scopes
from forge_desktop.corpus.store import Store
from forge_desktop.corpus.store_totals import Totals
from forge_desktop.corpus.viewing import PageViewer, SourceStatus, source_status


class Shelf:
    """Reads only; safe on any thread."""

    def __init__(self, store: Store, totals: Totals, scopes: Scopes, viewer: PageViewer) -> None:
        self._store, self._totals, self._scopes, self._viewer = store, totals, scopes, viewer

    def documents(
        self,
        text: str = "",
        state: str | None = None,
        sort: str = "name",
        descending: bool = False,
        where: SearchFilter | None = None,
    ) -> array[int]:
        """Ids of the documents whose name or path contains `text`, sorted; for a table that fetches rows as shown."""
        conditions = self._scopes.conditions(where or SearchFilter())
        return self._store.listing(text, state, sort, descending, conditions)

    def formats(self) -> dict[str, int]:
        """How many documents there are of each format."""
        return self._store.formats()

    def document_rows(self, ids: Sequence[int]) -> list[Document]:
        """These documents in this order; those that are gone are left out."""
        return self._store.documents(ids)

    def document(self, document_id: int) -> Document:
        """One document. Raises ForgeError when it is gone."""
        found = self._store.documents([document_id])
        if not found:
            raise ForgeError("The document is not in the index any more.", hint="Add its folder again.")
        return found[0]

    def find_document(self, sha256: str, path: str) -> Document | None:
        """The indexed document with exactly these bytes, the one at `path` first."""
        return self._store.find(sha256, os.fsencode(path))

    def passages(self, document_id: int) -> list[Passage]:
        """A document's passages in order."""
        return self._store.passages(document_id)

    def passage(self, passage_id: int) -> Passage | None:
        """One passage, None when it is gone."""
        return self._store.passages_by_id([passage_id]).get(passage_id)

    def neighbours(self, passage_id: int, reach: int) -> list[Passage]:
        """A passage with those up to `reach` places before and after it in its section, in order; empty when gone."""
        return self._store.neighbours(passage_id, reach)

    def stored_text(self, document_id: int, start: int = 0, end: int | None = None) -> str:
        """The document's text as stored, or the code points `start:end` of it; passages' offsets count in it."""
        return self._store.text(document_id, start, end)

    def stats(self) -> CorpusStats:
        """Totals."""
        return self._totals.stats()

    def failures(self) -> list[FailureGroup]:
        """What could not be read, by reason; `retry` takes a group's documents."""
        return self._totals.failures()

    def indexed_share(self) -> float:
        """The share of the known documents that can be searched as they are now, from 0 to 1; 1 when there are none."""
        searchable, waiting = self._totals.shares()
        return searchable / (searchable + waiting) if searchable + waiting else 1.0

    def page(self, document_id: int, page: int, width: int, start: int, end: int) -> PageImage:
        """A PDF page (from 1) drawn `width` pixels wide, with the rectangles of the stored text at `start:end`.

        Raises ForgeError when the file is gone or changed; the stored text can still be read then.
        """
        return self._viewer.page(self.document(document_id), page=page, width=width, start=start, end=end)

    def source_status(self, path: str, sha256: str) -> SourceStatus:
        """Whether the file on disk is still the one with this hash. Cheap: hashes small files only."""
        return source_status(self._store, path, sha256)

    def removal_effect(self, document_ids: Sequence[int]) -> tuple[int, int]:
        """How many documents and passages `remove` would take out."""
        return self._store.count(document_ids)

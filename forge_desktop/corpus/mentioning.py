"""Whether words of another text stand in the documents: as a file's name, or side by side in a passage."""

from __future__ import annotations

import re
from collections.abc import Collection

from forge_desktop.corpus.records import Passage
from forge_desktop.corpus.retrieval import Index
from forge_desktop.corpus.store import Store
from forge_desktop.corpus.store_names import NameStore

_MOST_READ = 60  # passages whose text is compared with a phrase


class Mentions:
    """Looks words up in the indexes of names and of passages: a corpus of any size is not read for it."""

    def __init__(self, names: NameStore, store: Store, index: Index) -> None:
        self._names, self._store, self._index = names, store, index

    def named(self, names: Collection[str]) -> dict[str, str]:
        """Those of these that are the name of a document, with that name; the ending counts, case does not."""
        return self._names.whole(names)

    def named_without_ending(self, names: Collection[str]) -> dict[str, str]:
        """Those that are the name of a document but for its ending, with that name."""
        return self._names.stems(names)

    def having(self, phrase: str, most: int = _MOST_READ) -> list[Passage]:
        """Passages in which, or in whose headings, these words stand side by side and with these capitals; of the best
        so many that have all of them, so that there may be more.
        """
        words = self._index.query_words(phrase)
        if not words:
            return []
        candidates = self._index.with_all(words)[:most]
        wanted = re.compile(rf"(?<!\w){re.escape(phrase)}(?!\w)".replace(r"\ ", r"\s+"))
        found = self._store.passages_by_id(candidates)
        return [
            one
            for number in candidates
            if (one := found.get(number)) is not None and any(map(wanted.search, (one.text, *one.heading)))
        ]

    def samples(self, word: str, most: int = _MOST_READ) -> list[Passage]:
        """Some passages that have a word, however it is written."""
        words = self._index.query_words(word)
        if not words:
            return []
        return list(self._store.passages_by_id(self._index.with_all(words)[:most]).values())

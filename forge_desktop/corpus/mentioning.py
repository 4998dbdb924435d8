"""Whether words of another text stand in the documents: as a name or title of one, or side by side in a passage."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from forge_desktop.corpus.retrieval import Index
from forge_desktop.corpus.store_names import NameStore, Sample


class Mentions:
    """Looks words up in the indexes of names, titles and passages, many at once: no corpus is read for it."""

    def __init__(self, names: NameStore, index: Index) -> None:
        self._names, self._index = names, index

    def named(self, names: Collection[str]) -> dict[str, str]:
        """Those of these that are the name of a document, with that name; the ending counts, case does not."""
        return self._names.whole(names)

    def named_without_ending(self, names: Collection[str]) -> dict[str, str]:
        """Those that are the name of a document but for its ending, with that name."""
        return self._names.stems(names)

    def begun(self, words: Collection[str]) -> set[str]:
        """Those of these with which the name of a document begins."""
        return self._names.begun(words)

    def titled(self, titles: Collection[str]) -> dict[str, str]:
        """Those of these that are the title of a document, as `titles.title_key` has it, with that title."""
        return self._names.titles(titles)

    def beginnings(self, keys: Collection[str]) -> set[str]:
        """Those of these with which the title of a document begins, word by word."""
        return self._names.beginnings(keys)

    def samples(self, phrases: Sequence[Sequence[str]], most: int) -> list[list[Sample]]:
        """Of each of these groups of words some passages that have all of them, however they are written: at most so
        many, from everywhere in the index."""
        ids = self._index.with_each(phrases, most)
        read = self._names.samples({one for each in ids for one in each})
        return [[read[one] for one in each if one in read] for each in ids]

"""The search engines that are measured side by side: the product and its peers (development dependencies).

All are given the terms of the product's own analyser, except "tantivy-own", which reads the text itself and keeps
function words.
"""

from __future__ import annotations

import itertools
import pickle
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from forge_desktop.corpus.retrieval import Index, analyser, merging, store
from forge_desktop.corpus.retrieval.builder import Builder
from forge_desktop.storage import Database

BATCH = 1000  # passages a transaction, about what an index run writes at once
K = 10
CHANGED = 100  # passages added and deleted

Search = Callable[[str], object]


class Forge:
    """The product's BM25 side, durable, with its merges; "forge-hybrid" with vectors, searched as the product does."""

    def __init__(self, folder: Path, *, hybrid: bool) -> None:
        self.path, self._hybrid = folder / "forge.db", hybrid

    def build(self, texts: Iterator[str]) -> None:
        db, builder = Database(self.path), Builder()
        index = Index(db)
        for first, part in _batches(texts):
            with db.write() as connection:
                if self._hybrid:
                    index.add(connection, enumerate(part, first))
                else:
                    store.note_versions(connection, analyser.ANALYSER_VERSION)
                    tokens = builder.add(connection, [(first + n, analyser.terms(text)) for n, text in enumerate(part)])
                    store.count_in(connection, len(part), tokens)
                    merging.tidy_small(connection)
            _tidy(db, index, wholly=False)
        _tidy(db, index, wholly=True)
        db.close()

    def open(self) -> Search:
        index = Index(Database(self.path))
        return (
            (lambda question: index.search(question, K)) if self._hybrid else lambda question: index.best(question, K)
        )

    def bytes(self) -> int:
        db = Database(self.path)
        sizes = "length(heads) + length(codes) + length(passages) + length(places)"
        arrays = "length(codes) + length(ids) + length(directory) + length(lengths)"
        total = db.value(f"SELECT (SELECT sum({sizes}) FROM postings) + (SELECT sum({arrays}) FROM segments)")
        db.close()
        return int(total)

    def change(self, texts: Sequence[str]) -> dict[str, float]:
        """CPU and wall milliseconds of adding and of deleting 100 passages, durable, vectors included."""
        db = Database(self.path)
        index = Index(db)
        found: dict[str, list[float]] = {}
        ids = index.ids()
        for turn in range(5):
            fresh = range(ids[-1] + 1 + turn * CHANGED, ids[-1] + 1 + (turn + 1) * CHANGED)
            with _timed(found, "add"), db.write() as connection:
                index.add(connection, zip(fresh, texts, strict=False))
            gone = ids[turn :: len(ids) // CHANGED][:CHANGED]
            with _timed(found, "delete"), db.write() as connection:
                index.remove(connection, gone)
        db.close()
        return {name: round(statistics.median(times), 2) for name, times in found.items()}


class Tantivy:
    """Tantivy on one thread, over the product's terms or, `own`, its own."""

    def __init__(self, folder: Path, *, own: bool) -> None:
        import tantivy

        self._folder, self._own, self._tantivy = folder, own, tantivy
        schema = tantivy.SchemaBuilder()
        schema.add_integer_field("id", stored=True, indexed=True, fast=True)
        schema.add_text_field(
            "body", stored=False, tokenizer_name="default" if own else "whitespace", index_option="freq"
        )
        self._schema = schema.build()

    def build(self, texts: Iterator[str]) -> None:
        index = self._tantivy.Index(self._schema, path=str(self._folder))
        writer = index.writer(heap_size=256_000_000, num_threads=1)
        for number, text in enumerate(texts):
            body = text if self._own else " ".join(analyser.terms(text))
            writer.add_document(self._tantivy.Document(id=number, body=body))
        writer.commit()
        writer.wait_merging_threads()

    def open(self) -> Search:
        index = self._tantivy.Index.open(str(self._folder))
        index.reload()
        searcher, module = index.searcher(), self._tantivy

        def search(question: str) -> object:
            if self._own:
                query, _ = index.parse_query_lenient(" ".join(dict.fromkeys(analyser.words(question))), ["body"])
            else:
                terms = dict.fromkeys(analyser.query_terms(question))
                query = module.Query.boolean_query(
                    [(module.Occur.Should, module.Query.term_query(self._schema, "body", term)) for term in terms]
                )
            return [searcher.doc(address)["id"][0] for _, address in searcher.search(query, K, count=False).hits]

        return search

    def bytes(self) -> int:
        return _size(self._folder)


class RankBm25:
    """rank_bm25 in memory, stored as a pickle."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "okapi.pickle"

    def build(self, texts: Iterator[str]) -> None:
        from rank_bm25 import BM25Okapi

        self._path.write_bytes(pickle.dumps(BM25Okapi([analyser.terms(text) for text in texts]), protocol=5))

    def open(self) -> Search:
        okapi = pickle.loads(self._path.read_bytes())  # written by this very benchmark

        def search(question: str) -> object:
            scores = okapi.get_scores(analyser.query_terms(question))
            best = np.argpartition(scores, -K)[-K:]
            return best[np.lexsort((best, -scores[best]))].tolist()

        return search

    def bytes(self) -> int:
        return self._path.stat().st_size


class Bm25s:
    """bm25s with numpy, its arrays mapped from the disk."""

    def __init__(self, folder: Path) -> None:
        import bm25s

        self._folder, self._bm25s = folder, bm25s

    def build(self, texts: Iterator[str]) -> None:
        vocabulary: dict[str, int] = {}
        ids = [[vocabulary.setdefault(term, len(vocabulary)) for term in analyser.terms(text)] for text in texts]
        index = self._bm25s.BM25(k1=1.5, b=0.75, method="lucene")
        index.index((ids, vocabulary), show_progress=False)
        index.save(str(self._folder), corpus=None)

    def open(self) -> Search:
        index = self._bm25s.BM25.load(str(self._folder), mmap=True, load_corpus=False)
        known = index.vocab_dict

        def search(question: str) -> object:
            ids = [known[term] for term in analyser.query_terms(question) if term in known]
            return index.retrieve([ids], k=K, show_progress=False, n_threads=1)[0][0].tolist() if ids else []

        return search

    def bytes(self) -> int:
        return _size(self._folder)


ENGINES: dict[str, Callable[[Path], Any]] = {
    "forge": lambda folder: Forge(folder, hybrid=False),
    "forge-hybrid": lambda folder: Forge(folder, hybrid=True),
    "tantivy": lambda folder: Tantivy(folder, own=False),
    "tantivy-own": lambda folder: Tantivy(folder, own=True),
    "rank_bm25": RankBm25,
    "bm25s": Bm25s,
}


class _timed:  # noqa: N801 - used like a function
    def __init__(self, found: dict[str, list[float]], name: str) -> None:
        self._found, self._name = found, name

    def __enter__(self) -> None:
        self._wall, self._cpu = time.perf_counter(), time.process_time()

    def __exit__(self, *_: object) -> None:
        self._found.setdefault(f"{self._name}_cpu_ms", []).append((time.process_time() - self._cpu) * 1e3)
        self._found.setdefault(f"{self._name}_wall_ms", []).append((time.perf_counter() - self._wall) * 1e3)


def _tidy(db: Database, index: Index, *, wholly: bool) -> None:
    more = True
    while more:
        with db.write() as connection:
            more = index.merge(connection, wholly=wholly)


def _batches(texts: Iterator[str]) -> Iterator[tuple[int, list[str]]]:
    first = 0
    while part := list(itertools.islice(texts, BATCH)):
        yield first, part
        first += len(part)


def _size(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())

"""How fast and how surely the nearest of many vectors are found: `python -m forge_desktop.bench vectors`.

A few thousand generated passages are embedded; the others are mixed from pairs of these, so that a million are there in
a minute. Times are of the vector side alone: sign bits of all, exact cosines of the nearest few hundred.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from forge_desktop.bench.retrieval import generate
from forge_desktop.corpus.retrieval import analyser, embedder, signs, store_vectors, vectors
from forge_desktop.corpus.retrieval.signs import Vectors
from forge_desktop.corpus.retrieval.vectors import Limits, VectorSide, VectorView
from forge_desktop.storage import Database

_EMBEDDED = 4000
_AT_ONCE = 20_000
_EXACT = 20  # questions whose true nearest are worked out


def run(arguments: list[str]) -> int:
    """Measure and print; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m forge_desktop.bench vectors", description=__doc__)
    parser.add_argument("--passages", type=int, default=1_000_000, help="how many vectors (1000000)")
    parser.add_argument("--queries", type=int, default=100, help="how many questions to time (100)")
    parser.add_argument("--dimensions", type=int, default=embedder.DIMENSIONS, help="numbers in a vector (512)")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args(arguments)
    found = measure(options.passages, options.queries, options.dimensions)
    print(json.dumps(found) if options.json else "\n".join(f"{name:<26} {value}" for name, value in found.items()))
    return 0


def measure(passages: int, queries: int, dimensions: int) -> dict[str, Any]:
    """Times in milliseconds, sizes in bytes a passage, and the share of the true ten nearest that were looked at."""
    texts = generate(min(_EMBEDDED, passages))
    words = [analyser.terms(text) for text in texts]
    some = embedder.HashEmbedder().embed(words, dimensions)
    source = random.Random(4)
    asked = [embedder.embed_query(_misspelt(source.choice(words), source), dimensions) for _ in range(queries)]
    with tempfile.TemporaryDirectory() as folder:
        db = Database(Path(folder) / "bench.db")
        side = VectorSide()
        begun = time.perf_counter()
        _fill(db, side, some, passages)
        seconds = time.perf_counter() - begun
        connection = db.connection
        begun = time.perf_counter()
        view = side.view(connection, remember=True)
        (row,) = view.embedders
        vectors.nearest(connection, view, row, asked[0], Limits())
        first = time.perf_counter() - begun
        took = [_ask(db, view, row, query) for query in asked]
        recall = [_recall(db, view, row, query, passages) for query in asked[:_EXACT]]
        rows, bits = dimensions * passages, sum(segment.signs.nbytes for segment in view.read.values())
        db.close()
        stored = sum(file.stat().st_size for file in Path(folder).iterdir())
    return {
        "passages": passages,
        "dimensions": dimensions,
        "vectors_per_second": round(passages / seconds),
        "bytes_a_passage": round((rows + bits) / passages, 2),
        "stored_bytes_a_passage": round(stored / passages, 1),
        "held_megabytes": round(bits / 1e6, 1),
        "first_ms": round(first * 1e3, 1),
        "search_ms": _percentiles([wall for wall, _ in took]),
        "search_cpu_ms": _percentiles([cpu for _, cpu in took]),
        "recall@10": round(statistics.fmean(recall), 4),
    }


def _fill(db: Database, side: VectorSide, some: Vectors, passages: int) -> None:
    source = np.random.default_rng(6)
    for low in range(0, passages, _AT_ONCE):
        size = min(_AT_ONCE, passages - low)
        pair = source.integers(0, len(some), (2, size))
        mixed = signs.quantise(some[pair[0]].astype(np.int32) * 2 + some[pair[1]])
        with db.write() as connection:
            side.put(connection, embedder.identity(some.shape[1]), range(low, low + size), mixed)
            side.merge(connection)


def _misspelt(words: list[str], source: random.Random) -> dict[str, float]:
    chosen = source.sample(words, min(5, len(words)))
    return {word[:2] + word[3:] if len(word) > 5 else word: 1.0 for word in chosen}


def _ask(db: Database, view: VectorView, row: store_vectors.EmbedderRow, query: Vectors) -> tuple[float, float]:
    wall, cpu = time.perf_counter(), time.process_time()
    near = vectors.nearest(db.connection, view, row, query, Limits())
    vectors.cosines(db.connection, row, query, near)
    return (time.perf_counter() - wall) * 1e3, (time.process_time() - cpu) * 1e3


def _recall(db: Database, view: VectorView, row: store_vectors.EmbedderRow, query: Vectors, passages: int) -> float:
    near = set(vectors.nearest(db.connection, view, row, query, Limits()))
    best: list[tuple[float, int]] = []
    for low in range(0, passages, _AT_ONCE):
        ids, rows = store_vectors.rows_of(db.connection, row, range(low, min(low + _AT_ONCE, passages)))
        values = signs.cosines(rows, query)
        top = np.argsort(-values, kind="stable")[:10]
        best = sorted([*best, *((-float(values[at]), ids[at]) for at in top)])[:10]
    return len(near & {passage for _, passage in best}) / len(best)


def _percentiles(values: list[float]) -> dict[str, float]:
    values = sorted(values)
    return {"p50": round(statistics.median(values), 2), "p95": round(values[int(len(values) * 0.95)], 2)}

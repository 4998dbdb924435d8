"""How well passages are ranked: `python -m forge_desktop.bench quality --collections DIR`.

For every folder in BEIR layout in DIR: nDCG@10 of BM25 alone and how many points the fused search adds, for the
questions as they are and with typing errors, with hash vectors of several sizes. The even half of the questions is the
one that the fusion's weights were chosen on; the odd half was kept apart.
"""

from __future__ import annotations

import argparse
import itertools
import json
import math
import random
import statistics
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from forge_desktop.base.errors import ForgeError
from forge_desktop.bench.retrieval import Collection, load
from forge_desktop.corpus.retrieval import Embedder, Index
from forge_desktop.storage import Database

_AT_ONCE = 1000
_LETTERS = "abcdefghijklmnoprstuvw"


def run(arguments: list[str]) -> int:
    """Measure and print; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m forge_desktop.bench quality", description=__doc__)
    parser.add_argument("--collections", type=Path, required=True, metavar="DIR", help="a folder of collections")
    parser.add_argument("--only", default="", metavar="NAMES", help="these collections, separated by commas")
    parser.add_argument("--dimensions", default="128,512,2048", help="sizes of the hash vectors (128,512,2048)")
    parser.add_argument("--json", action="store_true", help="print one JSON object for each collection")
    options = parser.parse_args(arguments)
    folders = sorted(path.parent for path in options.collections.glob("*/corpus.jsonl"))
    only = [name for name in options.only.split(",") if name]
    chosen = [folder for folder in folders if not only or folder.name in only]
    if not chosen:
        raise ForgeError(f"{options.collections} holds no such collection.", hint="Each is a folder in BEIR layout.")
    for folder in chosen:
        found = measure(load(folder), [int(size) for size in options.dimensions.split(",")])
        print(json.dumps({"collection": folder.name, **found}) if options.json else _line(folder.name, found))
    return 0


def measure(collection: Collection, dimensions: Sequence[int], model: Embedder | None = None) -> dict[str, Any]:
    """nDCG@10 of BM25, and the points that the fused search adds with hash vectors of each size (and the model)."""
    asked = {"clean": collection.queries}
    if sum(query.isascii() for query in collection.queries) * 2 > len(collection.queries):
        asked["typing errors"] = misspelt(collection.queries)
    found: dict[str, Any] = {}
    for size in dimensions:
        with tempfile.TemporaryDirectory() as folder:
            db = Database(Path(folder) / "bench.db")
            index = _indexed(db, collection.texts, size, model)
            for kind, queries in asked.items():
                words = [_ndcg(list(index.best(query, 10)), judged) for query, judged in _pairs(collection, queries)]
                fused = [
                    _ndcg([one.passage_id for one in index.search(query, 10)], judged)
                    for query, judged in _pairs(collection, queries)
                ]
                entry = found.setdefault(kind, {"bm25": round(statistics.fmean(words), 4)})
                entry[f"points at {size}"] = _points(words, fused)
            db.close()
    return found


def misspelt(queries: Sequence[str], seed: int = 3) -> list[str]:
    """The same with an error in 40 % of the words of five letters or more: one missing, two swapped, one too many."""
    source = random.Random(seed)
    return [" ".join(_mistyped(word, source) for word in query.split()) for query in queries]


def _mistyped(word: str, source: random.Random) -> str:
    if len(word) < 5 or source.random() >= 0.4:
        return word
    at, kind = source.randrange(1, len(word) - 1), source.random()
    if kind < 0.33:
        return word[:at] + word[at + 1 :]
    if kind < 0.66:
        return word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    return word[:at] + source.choice(_LETTERS) + word[at:]


def _indexed(db: Database, texts: Sequence[str], dimensions: int, model: Embedder | None) -> Index:
    index = Index(db)
    index.embedding.side.dimensions = dimensions
    index.embedding.use(model)
    waiting = enumerate(texts)
    while part := list(itertools.islice(waiting, _AT_ONCE)):
        with db.write() as connection:
            index.add(connection, part)
        index.embedding.make_by_model(dict(part))
    with db.write() as connection:
        index.embedding.settle(connection)
    return index


def _points(words: Sequence[float], fused: Sequence[float]) -> dict[str, float]:
    gained = [100 * (new - old) for new, old in zip(fused, words, strict=True)]
    halves = {"all": gained, "chosen on": gained[::2], "kept apart": gained[1::2]}
    return {name: round(statistics.fmean(points), 2) for name, points in halves.items() if points}


def _pairs(collection: Collection, queries: Sequence[str]) -> zip[tuple[str, dict[int, int]]]:
    return zip(queries, collection.judged, strict=True)


def _ndcg(ranking: Sequence[int], grades: Mapping[int, int]) -> float:
    gain = sum(grades.get(number, 0) / math.log2(rank + 2) for rank, number in enumerate(ranking[:10]))
    ideal = sum(g / math.log2(rank + 2) for rank, g in enumerate(sorted(grades.values(), reverse=True)[:10]))
    return gain / ideal if ideal else 0.0


def _line(name: str, found: Mapping[str, Any]) -> str:
    lines = []
    for kind, entry in found.items():
        gains = "  ".join(
            f"{size.removeprefix('points at ')}: {points['all']:+.2f} ({points.get('chosen on', 0):+.2f},"
            f" {points.get('kept apart', 0):+.2f})"
            for size, points in entry.items()
            if size != "bm25"
        )
        lines.append(f"{name:<12} {kind:<14} BM25 {entry['bm25']:.4f}  {gains}")
    return "\n".join(lines)

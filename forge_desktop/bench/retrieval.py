"""How well and how fast the corpus is searched: `python -m forge_desktop.bench retrieval`.

`--collection DIR` judges the product's own index on a folder in BEIR layout and compares its BM25 scores with
rank_bm25's. Without it the product and its peers index and search the same passages side by side in one run: those of
`--texts FILE` (`packaging/make_passages.py` makes a million), else made-up ones.
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import json
import math
import random
import statistics
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from forge_desktop.base.errors import ForgeError
from forge_desktop.bench import scale
from forge_desktop.corpus.retrieval import Index, analyser
from forge_desktop.storage import Database

_FREQUENT = (
    "the of and to a in is that for it as was with be by on not this are or his from at which but have an had they"
)
_BATCH = 1000  # passages a transaction, about what an index run writes at once


@dataclass(frozen=True)
class Collection:
    """A folder in BEIR layout: texts in file order, the judged questions, and their judgements by document number."""

    texts: list[str]
    queries: list[str]
    judged: list[dict[int, int]]


def run(arguments: list[str]) -> int:
    """Measure and print; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m forge_desktop.bench retrieval", description=__doc__)
    parser.add_argument("--collection", type=Path, metavar="DIR", help="corpus.jsonl, queries.jsonl and qrels.tsv")
    parser.add_argument("--texts", type=Path, metavar="FILE", help="a passage a line; queries.txt lies beside it")
    parser.add_argument("--passages", type=int, default=100_000, help="how many of them, or how many to make up")
    parser.add_argument("--queries", type=int, default=200, help="how many questions to time (200)")
    parser.add_argument("--engines", default="forge,tantivy,tantivy-own,rank_bm25,bm25s", help="which, by commas")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="keep the indexes there")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args(arguments)
    found = quality(load(options.collection)) if options.collection else speed(options)
    print(json.dumps(found) if options.json else "\n".join(_lines(found)))
    return 0


def load(folder: Path) -> Collection:
    """Read a collection; questions without judgements are left out."""
    documents = list(_json_lines(folder / "corpus.jsonl"))
    numbers = {str(row["_id"]): number for number, row in enumerate(documents)}
    judgements: dict[str, dict[int, int]] = {}
    for line in _judgement_file(folder).read_text("utf-8").splitlines()[1:]:
        query, document, grade = line.split("\t")
        if document in numbers:
            judgements.setdefault(query, {})[numbers[document]] = int(grade)
    judged = [row for row in _json_lines(folder / "queries.jsonl") if str(row["_id"]) in judgements]
    return Collection(
        [f"{row.get('title') or ''} {row['text']}".strip() for row in documents],
        [str(row["text"]) for row in judged],
        [judgements[str(row["_id"])] for row in judged],
    )


def quality(collection: Collection) -> dict[str, Any]:
    """nDCG, recall and MRR at 10 of BM25 alone and of the fused ranking."""
    begun = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        db, index = _indexed(Path(folder), collection.texts)
        lexical: list[list[int]] = []
        fused: list[list[int]] = []
        scores: list[dict[int, float]] = []
        for query in collection.queries:
            scores.append(index.scores(query))
            lexical.append(_best(scores[-1]))
            fused.append([found.passage_id for found in index.search(query, 10)])
        seconds = time.perf_counter() - begun
        exact = _exact(collection, index, scores)
        db.close()
    return {
        "bm25": {**_judge(lexical, collection.judged), "exact_scores": exact},
        "hybrid": _judge(fused, collection.judged),
        "documents": len(collection.texts),
        "queries": len(collection.queries),
        "seconds": round(seconds, 3),
    }


def speed(options: argparse.Namespace) -> dict[str, Any]:
    """The engines side by side on a file of texts, or on generated ones."""
    with contextlib.ExitStack() as opened:
        folder = options.keep or Path(opened.enter_context(tempfile.TemporaryDirectory()))
        folder.mkdir(parents=True, exist_ok=True)
        if options.texts:
            texts = _first_lines(options.texts, options.passages)
            questions = _first_lines(options.texts.with_name("queries.txt"), options.queries)
        else:
            generated = generate(options.passages)
            texts, questions = iter(generated), iter(_questions(generated, options.queries))
        for name, some in (("texts.txt", texts), ("questions.txt", questions)):
            with open(folder / name, "w", encoding="utf-8") as written:
                written.writelines(f"{line}\n" for line in some)
        return scale.compare(folder, options.engines.split(","))


def generate(passages: int, seed: int = 1) -> list[str]:
    """Passages of 40 to 120 words whose frequencies fall as in natural text, English function words first, the others
    made up; the same on every machine."""
    source = random.Random(seed)
    syllables = [a + b for a in "bcdfghklmnprstvw" for b in ("a", "e", "i", "o", "u", "an", "er", "in", "or", "us")]
    ranks = range(1, 200_001)
    made_up = ("".join(source.choices(syllables, k=2 + min(rank // 300, 3) + source.randrange(2))) for rank in ranks)
    words = [*_FREQUENT.split(), *made_up][: len(ranks)]
    cumulative = list(itertools.accumulate((rank + 2.7) ** -1.15 for rank in ranks))
    drawn = (source.choices(words, cum_weights=cumulative, k=source.randrange(40, 121)) for _ in range(passages))
    return [" ".join(chosen).capitalize() + "." for chosen in drawn]


def _questions(texts: Sequence[str], count: int) -> list[str]:
    source = random.Random(2)
    found = []
    for _ in range(count):
        chosen = source.choice(texts).rstrip(".").split(" ")
        length = source.randrange(4, 10)
        begin = source.randrange(max(len(chosen) - length, 1))
        found.append(" ".join(chosen[begin : begin + length]))
    return found


def _indexed(folder: Path, texts: Sequence[str]) -> tuple[Database, Index]:
    db = Database(folder / "bench.db")
    index = Index(db)
    for low in range(0, len(texts), _BATCH):
        with db.write() as connection:
            index.add(connection, enumerate(texts[low : low + _BATCH], low))
    return db, index


def _first_lines(path: Path, most: int) -> Iterator[str]:
    with open(path, encoding="utf-8") as lines:
        for line in itertools.islice(lines, most):
            yield line.rstrip("\n")


def _exact(collection: Collection, index: Index, scores: Sequence[Mapping[int, float]]) -> float:
    """The share of questions whose scores are rank_bm25's, bit for bit."""
    from rank_bm25 import BM25Okapi

    peer = BM25Okapi([analyser.terms(text) for text in collection.texts])
    same = [
        _same(mine, peer.get_scores(index.query_terms(query)))
        for mine, query in zip(scores, collection.queries, strict=True)
    ]
    return sum(same) / len(same)


def _same(mine: Mapping[int, float], theirs: Any) -> bool:
    dense = np.zeros(len(theirs))
    dense[list(mine)] = list(mine.values())
    return bool(np.array_equal(dense, theirs))


def _best(scores: Mapping[int, float]) -> list[int]:
    return sorted(scores, key=lambda number: (-scores[number], number))[:10]


def _judge(rankings: Sequence[Sequence[int]], judged: Sequence[Mapping[int, int]]) -> dict[str, float]:
    pairs = list(zip(rankings, judged, strict=True))
    return {
        "ndcg@10": round(statistics.fmean(_ndcg(ranking, grades) for ranking, grades in pairs), 4),
        "recall@10": round(statistics.fmean(len({*ranking} & {*grades}) / len(grades) for ranking, grades in pairs), 4),
        "mrr@10": round(statistics.fmean(_reciprocal(ranking, grades) for ranking, grades in pairs), 4),
    }


def _ndcg(ranking: Sequence[int], grades: Mapping[int, int]) -> float:
    gain = sum(grades.get(number, 0) / math.log2(rank + 2) for rank, number in enumerate(ranking[:10]))
    ideal = sum(g / math.log2(rank + 2) for rank, g in enumerate(sorted(grades.values(), reverse=True)[:10]))
    return gain / ideal if ideal else 0.0


def _reciprocal(ranking: Sequence[int], grades: Mapping[int, int]) -> float:
    return next((1 / rank for rank, number in enumerate(ranking[:10], 1) if number in grades), 0.0)


def _judgement_file(folder: Path) -> Path:
    for name in ("qrels.tsv", "qrels/test.tsv"):
        if (folder / name).exists():
            return folder / name
    raise ForgeError(f"{folder} has no judgements.", hint="Expected qrels.tsv or qrels/test.tsv in it.")


def _json_lines(path: Path) -> Iterable[dict[str, Any]]:
    try:
        with open(path, encoding="utf-8") as lines:
            for line in lines:
                yield json.loads(line)
    except FileNotFoundError:
        raise ForgeError(f"{path} is missing.", hint="Name a folder in BEIR layout.") from None


def _lines(found: Mapping[str, Any], indent: str = "") -> Iterable[str]:
    for name, value in found.items():
        if isinstance(value, dict):
            yield f"{indent}{name}"
            yield from _lines(value, indent + "  ")
        else:
            yield f"{indent}{name:<26} {value}"

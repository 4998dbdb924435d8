"""Engines side by side at the size asked for, each phase in a process of its own: its own memory, its own start.

CPU times are of the engine's process alone: on a busy machine they are what can be compared.
`python -m forge_desktop.bench.scale ENGINE PHASE FOLDER` is such a process. It reads `texts.txt` (a passage a line) and
`questions.txt` in FOLDER, keeps its index in a folder beside them and prints one JSON object.
"""

from __future__ import annotations

import itertools
import json
import os
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from forge_desktop.base.errors import ForgeError
from forge_desktop.bench.engines import CHANGED, ENGINES, K, Search
from forge_desktop.corpus.retrieval import Index, analyser
from forge_desktop.storage import Database

_ROUNDS = 3  # of each question; the quickest counts
_MOST_IN_MEMORY = 200_000  # passages that rank_bm25 is given

Found = dict[str, float]


def compare(folder: Path, names: Sequence[str]) -> dict[str, Any]:
    """Every engine built, opened and asked in turn, and whether the product's ranking is exact."""
    passages = sum(1 for _ in _lines(folder / "texts.txt"))
    small = passages <= _MOST_IN_MEMORY
    result: dict[str, Any] = {"passages": passages, "megabytes": round((folder / "texts.txt").stat().st_size / 1e6, 1)}
    chosen = [name for name in names if small or name != "rank_bm25"]
    for name in chosen:
        result[name] = _child(name, "build", folder)
    for name in chosen:
        result[name] |= _child(name, "query", folder)
    if "forge" in chosen:
        result["exactness"] = _child("forge", "exact" if small else "scanned", folder)
        result["ratios"] = {name: _ratios(result["forge"], result[name]) for name in chosen if name != "forge"}
    for name in chosen:
        if name.startswith("forge"):
            result[name] |= _child(name, "change", folder)
    return result


def _ratios(mine: Mapping[str, float], peer: Mapping[str, float]) -> Found:
    """The product's figures by a peer's; of the build rate the peer's time by the product's."""
    return {
        "build_rate": round(peer["build_cpu_s"] / mine["build_cpu_s"], 2),
        "query_p50": round(mine["query_cpu_p50_ms"] / peer["query_cpu_p50_ms"], 4),
        "query_p95": round(mine["query_cpu_p95_ms"] / peer["query_cpu_p95_ms"], 4),
        "index_bytes": round(mine["index_mb"] / peer["index_mb"], 2),
    }


def _child(name: str, phase: str, folder: Path) -> Found:
    command = [sys.executable, "-m", "forge_desktop.bench.scale", name, phase, str(folder)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        raise ForgeError(f"{name} failed in its phase {phase}.", hint="Its own message stands above.")
    found: Found = json.loads(done.stdout)
    return found


# ---- in the process of an engine ----


def build(engine: Any, folder: Path) -> Found:
    """Index all texts."""
    base = _peak()
    begun, cpu = time.perf_counter(), time.process_time()
    engine.build(_lines(folder / "texts.txt"))
    cpu, wall = time.process_time() - cpu, time.perf_counter() - begun
    return {
        "build_cpu_s": round(cpu, 2),
        "build_wall_s": round(wall, 2),
        "build_peak_mb": round(_peak()),
        "idle_mb": round(base),
        "index_mb": round(engine.bytes() / 1e6, 1),
    }


def query(engine: Any, folder: Path) -> Found:
    """Open and ask every question."""
    questions = list(_lines(folder / "questions.txt"))
    begun, cpu = time.perf_counter(), time.process_time()
    search = engine.open()
    search(questions[0])
    found = {
        "first_cpu_ms": round((time.process_time() - cpu) * 1e3, 1),
        "first_wall_ms": round((time.perf_counter() - begun) * 1e3, 1),
    }
    cpus, walls = [], []
    for question in questions:
        times = [_ask(search, question) for _ in range(_ROUNDS)]
        cpus.append(min(cpu for cpu, _ in times) * 1e3)
        walls.append(min(wall for _, wall in times) * 1e3)
    for name, values in (("cpu", sorted(cpus)), ("wall", sorted(walls))):
        found[f"query_{name}_p50_ms"] = round(statistics.median(values), 3)
        found[f"query_{name}_p95_ms"] = round(values[int(len(values) * 0.95)], 3)
    found["private_mb"] = round(_private())
    return found


def exact(folder: Path) -> Found:
    """How many questions have rank_bm25's scores to the bit and its best ten, ties by the lowest id."""
    from rank_bm25 import BM25Okapi

    index = Index(Database(folder / "forge" / "forge.db"))
    okapi = BM25Okapi([analyser.terms(text) for text in _lines(folder / "texts.txt")])
    same = best = 0
    questions = list(_lines(folder / "questions.txt"))[:50]
    for question in questions:
        expected = okapi.get_scores(index.query_terms(question))
        mine = np.zeros(len(expected))
        scores = index.scores(question)
        mine[list(scores)] = list(scores.values())
        same += np.array_equal(mine, expected)
        top = sorted(scores.items(), key=lambda item: (-item[1], item[0]))[:K]
        best += list(index.best(question, K).items()) == top
    return {"questions": len(questions), "equal_scores": int(same), "equal_best_ten": best}


def scanned(folder: Path) -> Found:
    """How many questions have the best ten of a full scan: where rank_bm25 would not fit into memory."""
    index = Index(Database(folder / "forge" / "forge.db"))
    questions, best = list(_lines(folder / "questions.txt"))[:25], 0
    for question in questions:
        top = sorted(index.scores(question).items(), key=lambda item: (-item[1], item[0]))[:K]
        best += list(index.best(question, K).items()) == top
    return {"questions": len(questions), "equal_best_ten": best}


def main(arguments: Sequence[str]) -> int:
    """Do one phase; the exit status."""
    name, phase, where = arguments
    folder = Path(where)
    place = folder / name
    found: Found
    if phase == "build":
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir()
        found = build(ENGINES[name](place), folder)
    elif phase == "query":
        found = query(ENGINES[name](place), folder)
    elif phase == "change":
        found = ENGINES[name](place).change(list(itertools.islice(_lines(folder / "texts.txt"), CHANGED)))
    else:
        found = {"exact": exact, "scanned": scanned}[phase](folder)
    print(json.dumps(found))
    return 0


def _ask(search: Search, question: str) -> tuple[float, float]:
    wall, cpu = time.perf_counter(), time.process_time()
    search(question)
    return time.process_time() - cpu, time.perf_counter() - wall


def _lines(path: Path) -> Iterator[str]:
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            yield line.rstrip("\n")


def _peak() -> float:
    """The most memory this process ever had, in MB (Linux)."""
    import resource  # not on Windows

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _private() -> float:
    """Memory that only this process holds now, in MB; 0 where the system does not tell."""
    if not os.path.exists("/proc/self/smaps_rollup"):
        return 0.0
    for line in Path("/proc/self/smaps_rollup").read_text().splitlines():
        if line.startswith("Anonymous:"):
            return int(line.split()[1]) / 1024
    return 0.0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""How fast documents become searchable: `python -m forge_desktop.bench index [PATH ...] [--json]`.

The whole way is measured: walking, reading in the child, splitting, both indexes, the commits. Without a path,
generated notes are indexed. A second run over the same files shows what skipping costs.
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from forge_desktop.base.events import Events
from forge_desktop.base.jobs import Jobs
from forge_desktop.base.settings import SettingsFile
from forge_desktop.corpus import Corpus, IndexReport
from forge_desktop.storage import Database

_SYLLABLES = [
    "ba",
    "co",
    "di",
    "fu",
    "ga",
    "he",
    "ji",
    "ko",
    "la",
    "mi",
    "no",
    "pe",
    "qua",
    "ri",
    "ster",
    "ling",
    "ton",
]


def run(arguments: list[str]) -> int:
    """Measure and print; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m forge_desktop.bench index", description=__doc__)
    parser.add_argument("paths", nargs="*", type=Path, help="files and folders (generated notes)")
    parser.add_argument("--files", type=int, default=1000, help="how many notes to generate (1000)")
    parser.add_argument("--kilobytes", type=int, default=20, help="how long each is (20)")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        paths = options.paths or [_write_notes(folder / "notes", options.files, options.kilobytes)]
        found = measure(folder, paths)
    print(json.dumps(found) if options.json else "\n".join(f"{key:24} {value}" for key, value in found.items()))
    return 0


def measure(folder: Path, paths: Sequence[Path]) -> dict[str, Any]:
    """Index once, and once again unchanged; rates by wall time."""
    events = Events()
    jobs = Jobs(events)
    database = Database(folder / "bench.db")
    try:
        corpus = Corpus(database, jobs, events, SettingsFile(folder / "settings.json", events))
        report, seconds = _index(corpus, jobs, paths)
        _, again = _index(corpus, jobs, paths)
    finally:
        jobs.close()
        database.close()
    return {
        "documents": report.documents,
        "passages": report.passages,
        "failed": len(report.failed),
        "megabytes": round(report.bytes / 1e6, 2),
        "seconds": round(seconds, 2),
        "megabytes_per_second": round(report.bytes / 1e6 / seconds, 2),
        "passages_per_second": round(report.passages / seconds),
        "unchanged_seconds": round(again, 2),
    }


def _index(corpus: Corpus, jobs: Jobs, paths: Sequence[Path]) -> tuple[IndexReport, float]:
    started = time.perf_counter()
    report = jobs.wait(corpus.index([str(path) for path in paths]))
    assert isinstance(report, IndexReport)
    return report, time.perf_counter() - started


def _write_notes(folder: Path, files: int, kilobytes: int) -> Path:
    """Notes of made-up words, common ones far more often than rare ones, as in real text."""
    folder.mkdir()
    draw = random.Random(1)
    words = ["".join(draw.choices(_SYLLABLES, k=draw.randint(1, 4))) for _ in range(20_000)]
    weights = [1 / rank for rank in range(1, len(words) + 1)]
    for number in range(files):
        text, size = [f"# Note {number}\n"], 0
        while size < kilobytes * 1000:
            sentence = " ".join(draw.choices(words, weights, k=draw.randint(6, 18))).capitalize() + "."
            text.append(sentence + ("\n\n" if draw.random() < 0.2 else " "))
            size += len(text[-1])
        (folder / f"note-{number:05}.md").write_text("".join(text), encoding="utf-8")
    return folder

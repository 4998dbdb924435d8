"""How fast documents become searchable: `python -m forge_desktop.bench index [PATH ...] [--json]`.

Each part is measured alone (reading, parsing and splitting with all children; analysing, indexing and committing of
what they gave), and then the whole way together; `of_slowest` is the whole way's rate as a share of the slowest part's.
Without a path, generated notes and copies of the sample corpus (PDF, DOCX, HTML, Markdown, text) are indexed.
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import json
import os
import random
import shutil
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from forge_desktop.base.events import Events
from forge_desktop.base.jobs import JobContext, Jobs
from forge_desktop.base.paths import resources_dir
from forge_desktop.base.settings import Settings, SettingsFile
from forge_desktop.corpus import Corpus, IndexReport
from forge_desktop.corpus.committing import Committer
from forge_desktop.corpus.feeding import request_of
from forge_desktop.corpus.indexing import recipe_of
from forge_desktop.corpus.pace import Pace, most_children
from forge_desktop.corpus.pool import Job, Pool
from forge_desktop.corpus.progress import Progress
from forge_desktop.corpus.reading import Outcome
from forge_desktop.corpus.retrieval import Index
from forge_desktop.corpus.sizing import RATIOS
from forge_desktop.corpus.store_run import RunStore, Task
from forge_desktop.corpus.walking import Found, Walk
from forge_desktop.storage import Database

_WORDS = 20_000
_SYLLABLES = "ba co di fu ga he ji ko la mi no pe qua ri ster ling ton"
_SENTENCES = 4_000


def run(arguments: list[str]) -> int:
    """Measure and print; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m forge_desktop.bench index", description=__doc__)
    parser.add_argument("paths", nargs="*", type=Path, help="files and folders (generated notes, sample documents)")
    parser.add_argument("--files", type=int, default=1000, help="how many notes to generate (1000)")
    parser.add_argument("--kilobytes", type=int, default=20, help="how long each is (20)")
    parser.add_argument("--copies", type=int, default=40, help="of the sample corpus (40)")
    parser.add_argument("--repeat", type=int, default=3, help="measure so often, keep each part's best (3)")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        sets = {"given": options.paths}
        if not options.paths:
            sets = {
                "text": [_write_notes(folder / "notes", options.files, options.kilobytes)],
                "mixed": [_copy_sample(folder / "sample", options.copies)],
            }
        found = {name: measure(folder / f"data-{name}", paths, options.repeat) for name, paths in sets.items()}
    if options.json:
        print(json.dumps(found))
        return 0
    for name, figures in found.items():
        print(name)
        print("\n".join(f"  {key:30} {value}" for key, value in figures.items()))
    return 0


def measure(folder: Path, paths: Sequence[Path], repeat: int) -> dict[str, Any]:
    """The best rate of each part and of the whole, in turns, so that a busy moment does not hit only one of them."""
    best: dict[str, float] = {}
    facts: dict[str, Any] = {}
    for number in range(repeat):
        with _opened(folder / str(number)) as bench:
            found = list(bench.found(paths))
            size = sum(file.size for file in found) / 1e6
            outcomes, reading = bench.read(found)
            writing = bench.write(outcomes)
        with _opened(folder / f"{number}-whole") as bench:
            report, whole = bench.index(paths)
            _, again = bench.index(paths)
        for key, seconds in (("reading", reading), ("writing", writing), ("whole", whole), ("unchanged", again)):
            best[key] = min(seconds, best.get(key, seconds))
        facts = {"documents": report.documents, "passages": report.passages, "failed": len(report.failed)}
    return {
        **facts,
        "megabytes": round(size, 2),
        "children": most_children(0),
        "read_and_split_mb_s": round(size / best["reading"], 2),
        "index_and_commit_mb_s": round(size / best["writing"], 2),
        "end_to_end_mb_s": round(size / best["whole"], 2),
        "of_slowest": round(max(best["reading"], best["writing"]) / best["whole"], 3),
        "passages_per_second": round(report.passages / best["whole"]),
        "unchanged_seconds": round(best["unchanged"], 2),
    }


class _Bench:
    """A corpus on a fresh database, and its parts."""

    def __init__(self, folder: Path, db: Database, jobs: Jobs, events: Events) -> None:
        self._db, self._jobs, self._events = db, jobs, events
        self._settings = SettingsFile(folder / "settings.json", events)
        self._corpus = Corpus(db, jobs, events, self._settings, on_battery=lambda: False)
        self._rows = RunStore(db)

    def found(self, paths: Sequence[Path]) -> Iterator[Found]:
        """The files under these paths."""
        roots = [(os.fsencode(path.absolute()), os.fsencode(path.absolute())) for path in paths]
        return (item for item in Walk(roots).items(lambda: None) if isinstance(item, Found))

    def read(self, found: Sequence[Found]) -> tuple[list[tuple[Task, Outcome]], float]:
        """Read, parse and split with all children; nothing is stored but the waiting rows, before the clock starts."""
        settings, outcomes = self._settings.values, []
        jobs = iter(
            [Job(task, task.size, request_of(task, settings, RATIOS)) for task in self._marked(found, settings)]
        )
        started = time.perf_counter()
        with contextlib.closing(
            Pool(most_children(0), seconds=settings.parser_seconds, megabytes=settings.parser_megabytes)
        ) as pool:
            while True:
                while not pool.full and (job := next(jobs, None)) is not None:
                    pool.submit(job)
                if not pool.inside:
                    break
                job, outcome = pool.take(lambda: None)
                outcomes.append((job.task, outcome))
        return outcomes, time.perf_counter() - started

    def write(self, outcomes: Sequence[tuple[Task, Outcome]]) -> float:
        """Analyse, index and commit what was read."""

        def work(ctx: JobContext) -> float:
            index, pace = Index(self._db), Pace(self._settings, self._events, on_battery=lambda: False)
            committer = Committer(
                self._db,
                self._rows,
                index,
                recipe=recipe_of(self._settings.values),
                events=self._events,
                pace=pace,
                progress=Progress(ctx),
                ctx=ctx,
            )
            started = time.perf_counter()
            for task, outcome in outcomes:
                committer.add(task, outcome)
            committer.commit()
            index.tidy(wholly=True)
            return time.perf_counter() - started

        seconds = self._jobs.wait(self._jobs.start("index", "index", work))
        assert isinstance(seconds, float)
        return seconds

    def index(self, paths: Sequence[Path]) -> tuple[IndexReport, float]:
        """The whole way."""
        started = time.perf_counter()
        report = self._jobs.wait(self._corpus.index([str(path) for path in paths]))
        assert isinstance(report, IndexReport)
        return report, time.perf_counter() - started

    def close(self) -> None:
        """End what was started."""
        self._corpus.close()

    def _marked(self, found: Sequence[Found], settings: Settings) -> list[Task]:
        recipe = recipe_of(settings)
        with self._db.write() as connection:
            ids = [self._rows.mark(connection, file, recipe, 0.0)[0] for file in found]
        return [task for document_id in ids if (task := self._rows.task(document_id, recipe)) is not None]


@contextlib.contextmanager
def _opened(folder: Path) -> Iterator[_Bench]:
    folder.mkdir(parents=True)
    events = Events()
    with contextlib.ExitStack() as opened:
        db, jobs = Database(folder / "bench.db"), Jobs(events)
        opened.callback(db.close)
        opened.callback(jobs.close)
        bench = _Bench(folder, db, jobs, events)
        opened.callback(bench.close)
        yield bench


def _copy_sample(folder: Path, copies: int) -> Path:
    """The sample corpus so many times."""
    for number in range(copies):
        shutil.copytree(resources_dir() / "sample", folder / str(number))
    return folder


def _write_notes(folder: Path, files: int, kilobytes: int) -> Path:
    """Notes of made-up words, common ones far more often than rare ones, as in real text."""
    folder.mkdir()
    draw = random.Random(1)
    syllables = [
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
    words = ["".join(draw.choices(syllables, k=draw.randint(1, 4))) for _ in range(_WORDS)]
    weights = list(itertools.accumulate(1 / rank for rank in range(1, _WORDS + 1)))
    sentences = [
        " ".join(draw.choices(words, cum_weights=weights, k=draw.randint(6, 18))).capitalize() + "."
        for _ in range(_SENTENCES)
    ]
    for number in range(files):
        text, size = [f"# Note {number}\n"], 0
        while size < kilobytes * 1000:
            text.append(draw.choice(sentences) + ("\n\n" if draw.random() < 0.2 else " "))
            size += len(text[-1])
        (folder / f"note-{number:05}.md").write_text("".join(text), encoding="utf-8")
    return folder

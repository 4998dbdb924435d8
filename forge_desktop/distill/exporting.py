"""Everything the room holds as plain rows, for an export of all data."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from typing import Any

from forge_desktop.distill.datasets import Datasets
from forge_desktop.distill.pair_lines import to_object
from forge_desktop.distill.pairs import Pairs
from forge_desktop.distill.store_exporting import ExportStore
from forge_desktop.distill.suites import Suites
from forge_desktop.storage import Database

Rows = Iterator[Mapping[str, Any]]


class Exporter:
    """Reads only; the caller holds one state of the data."""

    def __init__(self, db: Database, pairs: Pairs, suites: Suites, datasets: Datasets) -> None:
        self._store = ExportStore(db)
        self._pairs, self._suites, self._datasets = pairs, suites, datasets

    def files(self) -> dict[str, Callable[[], Rows]]:
        """The rows of each file, by its name."""
        return {
            "tasks.jsonl": self._store.tasks,
            "pairs.jsonl": lambda: (to_object(pair) for pair in self._pairs.iterate(every=True)),
            "suites.jsonl": self._suite_rows,
            "datasets.jsonl": self._dataset_rows,
        }

    def _suite_rows(self) -> Rows:
        for suite in self._suites.all():
            items = [asdict(item) for item in self._suites.items(suite.uid)]
            yield {**asdict(suite), "count": suite.items, "items": items}

    def _dataset_rows(self) -> Rows:
        for made in self._datasets.all():
            yield {**asdict(made), "count": made.pairs, "pairs": self._datasets.pairs(made.uid)}

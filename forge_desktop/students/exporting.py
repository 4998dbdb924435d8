"""Training runs, gates and benchmarks as plain rows, for an export of all data; the archive writes versions itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from forge_desktop.students.gates import Gates
    from forge_desktop.students.measures import Measures
    from forge_desktop.students.training import Training

Rows = Iterator[Mapping[str, Any]]
_PAGE = 1_000


class Exporter:
    """Reads only; the caller holds one state of the data. Files of adapters and runs stay where they are."""

    def __init__(self, training: Training, gates: Gates, measures: Measures) -> None:
        self._training, self._gates, self._measures = training, gates, measures

    def files(self) -> dict[str, Callable[[], Rows]]:
        """The rows of each file, by its name."""
        return {
            "training.jsonl": lambda: (asdict(one) for one in reversed(self._training.runs())),
            "gates.jsonl": self._gate_rows,
            "measurements.jsonl": lambda: (asdict(one) for one in reversed(self._measures.all())),
        }

    def _gate_rows(self) -> Rows:
        for report in reversed(self._gates.all()):
            count = self._gates.count(report.uid)
            pages = (self._gates.items(report.uid, offset=start, limit=_PAGE) for start in range(0, count, _PAGE))
            yield {**asdict(report), "items": [asdict(item) for page in pages for item in page]}
